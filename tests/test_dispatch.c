/* SPDX-License-Identifier: Apache-2.0
 *
 * Dispatch as data: which variant a node takes on which CPU, the named condition that fails when none fits, and what
 * ExecuTorch would take.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "operator/dispatch.h"

static const float scales[64];
static const uint16_t block_scales[64];

typedef struct node {
    mica_operand lhs, rhs, out;
    mica_operation operation;
} node;

static mica_operand operand(mica_operand_type type) {
    return (mica_operand){.type = type,
                          .rank = 2,
                          .dims = {8, 32},
                          .scale = 1,
                          .scales = scales,
                          .block_scales = block_scales,
                          .block = 32,
                          .row_dims = 1,
                          .data = scales};
}

/* The operands must stay where they are. */
static void make(node *n, mica_operation_kind kind, mica_operand_type lhs, mica_operand_type rhs,
                 mica_operand_type out) {
    n->lhs = operand(lhs);
    n->rhs = operand(rhs);
    n->out = operand(out);
    n->operation = (mica_operation){.kind = kind,
                                    .output_min = -INFINITY,
                                    .output_max = INFINITY,
                                    .input_count = 2,
                                    .inputs = {&n->lhs, &n->rhs},
                                    .output = &n->out};
    if (kind != MICA_CONV_2D) return;
    n->lhs.rank = n->rhs.rank = n->out.rank = 4;
    n->operation.as.window.kernel_height = n->operation.as.window.kernel_width = 1;
    n->operation.as.window.stride_height = n->operation.as.window.stride_width = 1;
    n->operation.as.window.dilation_height = n->operation.as.window.dilation_width = 1;
    n->operation.as.window.groups = 1;
    n->operation.as.window.group_input_channels = n->operation.as.window.group_output_channels = 8;
}

static op_choice choose(const node *n, const char *isa, mica_kernels kernels) {
    const op_target target = {cpu_level_find(isa)->features, kernels};
    op_choice choice;
    assert_int_equal(dispatch_choose(&n->operation, &target, &choice, NULL), MICA_OK);
    return choice;
}

static void the_operator_table_is_accelerated_everywhere(void **state) {
    (void)state;
    static const struct {
        mica_operation_kind kind;
        mica_operand_type lhs, rhs, out;
        const char *variant, *weakest_arm;
    } rows[] = {
        {MICA_FULLY_CONNECTED, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, "pf32_gemm", "neon"},
        {MICA_FULLY_CONNECTED, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, "pf16_gemm", "neon"},
        {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, "qp8_f32_qc8w_gemm",
         "dotprod"},
        {MICA_FULLY_CONNECTED, MICA_OPERAND_F32, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, "qp8_f32_qc8w_gemm",
         "dotprod"},
        {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT4, MICA_OPERAND_F32, "qp8_f32_qc4w_gemm",
         "dotprod"},
        {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QBINT4, MICA_OPERAND_F32, "qp8_f32_qb4w_gemm",
         "dotprod"},
        {MICA_FULLY_CONNECTED, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8, "pqs8_qc8w_gemm",
         "dotprod"},
        {MICA_CONV_2D, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, "pf32_gemm", "neon"},
        {MICA_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8, "pqs8_qc8w_gemm", "dotprod"},
        {MICA_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, "pqs8_qc8w_gemm", "dotprod"},
        {MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, "pf32_gemm", "neon"},
        {MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, "pf16_gemm", "neon"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        node n;
        make(&n, rows[i].kind, rows[i].lhs, rows[i].rhs, rows[i].out);
        const char *const levels[] = {"avx2",       "avxvnni",           "avx512", "avx512vnni",
                                      "avx512fp16", rows[i].weakest_arm, "i8mm",   "sme2"};
        for (size_t j = 0; j < sizeof levels / sizeof *levels; j++) {
            const op_choice choice = choose(&n, levels[j], MICA_KERNELS_AUTO);
            assert_string_equal(choice.variant, rows[i].variant);
            assert_true(choice.accelerated);
            assert_int_equal(choice.reason_count, 0);
            assert_int_equal(choice.needs & ~cpu_level_find(levels[j])->features, 0);
            assert_non_null(strstr(choice.kernel, rows[i].variant[0] == 'q'   ? "qp8"
                                                  : rows[i].variant[1] == 'f' ? "pf"
                                                                              : "pqs8"));
        }
        const op_choice standard = choose(&n, "avx2", MICA_KERNELS_STANDARD);
        assert_string_equal(standard.variant, "standard");
        assert_false(standard.accelerated);
        assert_string_equal(standard.reasons[0].code, "acceleration_on");
        const op_choice reference = choose(&n, "reference", MICA_KERNELS_REFERENCE);
        assert_string_equal(reference.variant, "reference");
        const op_choice bare = choose(&n, "reference", MICA_KERNELS_AUTO);
        assert_false(bare.accelerated);
        assert_string_equal(bare.reasons[0].code, "cpu");
    }
}

static void assert_reason(const node *n, const char *code) {
    const op_choice choice = choose(n, "avx512vnni", MICA_KERNELS_AUTO);
    assert_false(choice.accelerated);
    assert_string_equal(choice.variant, "standard");
    for (size_t i = 0; i < choice.reason_count; i++) {
        assert_true(*choice.reasons[i].message && *choice.reasons[i].remedy);
        if (!strcmp(choice.reasons[i].code, code)) return;
    }
    fail_msg("no reason %s", code);
}

static void the_failed_condition_is_named(void **state) {
    (void)state;
    node n;
    make(&n, MICA_CONV_2D, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32);
    n.operation.as.window.kernel_width = 3;
    assert_reason(&n, "pointwise_filter");
    assert_non_null(strstr(choose(&n, "avx2", MICA_KERNELS_AUTO).reasons[0].message, "1×3"));
    n.operation.as.window.groups = 2;
    assert_reason(&n, "single_group");
    assert_reason(&n, "pointwise_filter");
    make(&n, MICA_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8);
    n.operation.as.window.groups = 4;
    assert_reason(&n, "single_group");
    make(&n, MICA_CONV_2D, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F32);
    assert_reason(&n, "activations_int8");
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8);
    assert_reason(&n, "weights_int8_per_channel");
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QBINT4, MICA_OPERAND_F16);
    assert_reason(&n, "output_f32");
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_F16, MICA_OPERAND_F32, MICA_OPERAND_F16);
    assert_reason(&n, "weights_f16");
    make(&n, MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F32);
    assert_reason(&n, "activations_f32");
}

static void what_no_kernel_takes_is_an_error(void **state) {
    (void)state;
    node n;
    const op_target target = {cpu_level_find("avx2")->features, MICA_KERNELS_AUTO};
    op_choice choice;
    mica_error error;
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8);
    n.rhs.zero_point = 3;
    assert_int_equal(dispatch_choose(&n.operation, &target, &choice, &error), MICA_ERROR_UNSUPPORTED);
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F16);
    assert_int_equal(dispatch_choose(&n.operation, &target, &choice, &error), MICA_ERROR_UNSUPPORTED);
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F32);
    n.lhs.dims[1] = n.rhs.dims[1] = GEMM_MAX_INT_K + 1;
    assert_int_equal(dispatch_choose(&n.operation, &target, &choice, &error), MICA_ERROR_UNSUPPORTED);
}

static void assert_peer(const node *n, const char *isa, const char *expected) {
    char text[128];
    op_peer_choice(&n->operation, cpu_level_find(isa)->features, text, sizeof text);
    assert_string_equal(text, expected);
}

static void the_peer_is_predicted(void **state) {
    (void)state;
    node n;
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32);
    assert_peer(&n, "sme2", "KleidiAI: Fully Connected (NC, PF32) GEMM");
    assert_peer(&n, "i8mm", "XNNPACK: Fully Connected (NC, F32) GEMM");
    n.rhs.data = NULL;
    assert_peer(&n, "sme", "KleidiAI: Dynamic Fully Connected (NC, PF32) GEMM");
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QBINT4, MICA_OPERAND_F32);
    assert_peer(&n, "dotprod", "KleidiAI: Fully Connected (NC, QP8, F32, QB4W) GEMM");
    assert_peer(&n, "neon", "XNNPACK: Fully Connected (NC, QD8, F32, QB4W) GEMM");
    assert_peer(&n, "avx512vnni", "XNNPACK: Fully Connected (NC, QDU8, F32, QB4W) GEMM");
    make(&n, MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QBINT4, MICA_OPERAND_F16);
    assert_peer(&n, "sme2", "XNNPACK: Fully Connected (NC, QD8, F16, QB4W) GEMM");
    make(&n, MICA_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8);
    assert_peer(&n, "avx2", "XNNPACK: Fully Connected (NC, QS8, QC8W) GEMM");
    n.operation.as.window.kernel_width = 3;
    assert_peer(&n, "avx2", "XNNPACK: Convolution (NHWC, QC8) IGEMM");
    assert_peer(&n, "sme", "KleidiAI: Convolution (NHWC, PQS8, QC8W) IGEMM");
    make(&n, MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16);
    assert_peer(&n, "sme2", "KleidiAI: Batch Matrix Multiply (NC, PF16) GEMM");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operator_table_is_accelerated_everywhere),
        cmocka_unit_test(the_failed_condition_is_named),
        cmocka_unit_test(what_no_kernel_takes_is_an_error),
        cmocka_unit_test(the_peer_is_predicted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
