/* SPDX-License-Identifier: Apache-2.0
 *
 * mica run --check finds a wrong kernel and names it. The kernels are made wrong here: the linker sends every question
 * for an operator's class to the function below, which gives one kind of node, where it is not the reference's, a class
 * that spoils one element after it has run.
 */
#include "cases.h" /* before cmocka.h, which makes a macro of fail */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "operator/operator.h"

const op_class *__real_op_class_of(mica_operation_kind kind);
const op_class *__wrap_op_class_of(mica_operation_kind kind);

/* What is wrong: which kind, and what becomes of its first element. */
static mica_operation_kind broken_kind = MICA_OPERATION_KINDS;
static double spoiled; /* floats: added; NaN: in its place; quantized: steps */

static void spoil(const mica_operand *operand, void *output) {
    if (operand->type == MICA_OPERAND_F32)
        *(float *)output = (float)(*(float *)output + spoiled);
    else
        *(int8_t *)output = (int8_t)(*(int8_t *)output + (*(int8_t *)output < 0 ? spoiled : -spoiled));
}

static void run_wrong(struct op *op, const op_run *run) {
    __real_op_class_of(op->operation->kind)->run(op, run);
    spoil(op->operation->output, run->output);
}

static mica_status create_wrong(const mica_operation *operation, const op_target *target, const op_choice *choice,
                                struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    static op_class wrong;
    const mica_status status =
        __real_op_class_of(operation->kind)->create(operation, target, choice, weights, arena, out, error);
    if (status != MICA_OK || target->kernels == MICA_KERNELS_REFERENCE) return status;
    wrong = *(*out)->class;
    wrong.run = run_wrong;
    (*out)->class = &wrong;
    return status;
}

const op_class *__wrap_op_class_of(mica_operation_kind kind) {
    static op_class made_wrong;
    const op_class *const class = __real_op_class_of(kind);
    if (kind != broken_kind) return class;
    made_wrong = *class;
    made_wrong.create = create_wrong;
    return &made_wrong;
}

/* ---- one wrong kind of node at a time ---- */

static void check_model(const char *path, mica_operation_kind kind, double how, bool wrong, const char *named) {
    const struct settings settings = {.quiet = true, .fuse = 1}; /* what nodes merge into is of other classes */
    const option_list none = {0};
    struct fault fault = {0};
    mica_context *context = NULL;
    struct model model = {0};
    struct check check = {0};
    model_call call = {0};
    uint64_t seed = 5;
    broken_kind = kind;
    spoiled = how;
    call.input_count = option_list_group(&none, 0, &call.inputs);
    assert_true(context_open(&settings, MICA_KERNELS_AUTO, NULL, &context, &fault));
    assert_true(model_open(&model, context, path, NULL, NULL, NULL, &fault));
    assert_true(check_open(&check, &settings, &model, &fault));
    assert_true(model_set_inputs(&model, &call, &seed, &fault));
    assert_true(check_call(&check, 0, 2, &fault));
    assert_int_equal(check_verdict(&check, &fault), !wrong);
    if (wrong && !strstr(fault.text, named)) fail_msg("'%s' is not in '%s'", named, fault.text);
    /* The blame is on nodes of that kind only, although those after them computed with what they gave. */
    for (size_t n = 0; n < check.node_count; n++) {
        const struct checked_node *const node = &check.nodes[n];
        const char *const type = mica_report_node(mica_method_report(model.method), n)->node_type;
        if (node->seen) assert_int_equal(node->own.inside, !wrong || strcmp(type, mica_operation_name(kind)) != 0);
    }
    if (wrong) assert_true(check.nodes[check.wrong].accumulated.largest > 0);
    check_close(&check);
    model_close(&model);
    mica_context_destroy(context);
    broken_kind = MICA_OPERATION_KINDS;
}

#define FLOATS MICA_TEST_DATA "/cases/v1.0/small_cnn_f32/model.pte"
#define STATIC8 MICA_TEST_DATA "/cases/v1.0/small_cnn_qs8/model.pte"
#define DYNAMIC8 MICA_TEST_DATA "/cases/linear/qp8_f32_qc8w_3x37x19/model.pte"
#define CALLS MICA_TEST_DATA "/cases/graph/mixed_many_delegates/model.pte"

static void a_wrong_kernel_is_named(void **state) {
    (void)state;
    check_model(FLOATS, MICA_DEPTHWISE_CONV_2D, 0.01, true, "(DepthwiseConv2d, dwconv_f32_");
    check_model(FLOATS, MICA_CONV_2D, 0.01, true, "node 1 (Conv2d, ");
    check_model(FLOATS, MICA_CONV_2D, NAN, true, "element 0 is nan");
    check_model(FLOATS, MICA_FULLY_CONNECTED, INFINITY, true, "element 0 is inf");
    check_model(STATIC8, MICA_CONV_2D, 2, true, "(Conv2d, pqs8_qc8w_gemm_");
    check_model(DYNAMIC8, MICA_FULLY_CONNECTED, 0.01, true, "node 1 (FullyConnected, qp8_f32_qc8w_gem");
    check_model(CALLS, MICA_TANH, 1e-4, true, "node 1 (Tanh, ");
}

static void rounding_is_not_wrong(void **state) {
    (void)state;
    check_model(FLOATS, MICA_OPERATION_KINDS, 0, false, "");
    check_model(STATIC8, MICA_CONV_2D, 1, false, "");
    check_model(CALLS, MICA_TANH, 1e-7, false, "");
}

static void the_command_fails(void **state) {
    (void)state;
    char *words[] = {FLOATS, "--check", "--format", "tsv"};
    struct fault fault = {0};
    assert_true(command_run(4, words, &fault));
    broken_kind = MICA_CONV_2D;
    spoiled = 1;
    assert_false(command_run(4, words, &fault));
    assert_int_equal(fault.exit, EXIT_FAILED);
    broken_kind = MICA_OPERATION_KINDS;
}

/* ---- the tolerance ---- */

static gap between(float *got, float *want, size_t count, double terms) {
    const mica_observation seen = {.tensor = {MICA_F32, 1, {count}, {0}, got}};
    return gap_between(&seen, &(mica_tensor){MICA_F32, 1, {count}, {0}, want}, terms);
}

/* 8 ULP at the tensor's scale and 8 more for a sum of one term; masks are no scale for what they leave. */
static void the_scale_is_the_tensors(void **state) {
    (void)state;
    const float step = 0x1p-23f;
    assert_true(between((float[]){1, 16 * step}, (float[]){1, 0}, 2, 1).inside);
    assert_false(between((float[]){1, 17 * step}, (float[]){1, 0}, 2, 1).inside);
    assert_true(between((float[]){1, 17 * step}, (float[]){1, 0}, 2, 2).inside);
    assert_false(between((float[]){-1e9f, 1.001f}, (float[]){-1e9f, 1}, 2, 1).inside);
    assert_true(between((float[]){-1e9f, 1}, (float[]){-1e9f - 64, 1}, 2, 1).inside);
    assert_true(between((float[]){INFINITY, NAN}, (float[]){INFINITY, NAN}, 2, 1).inside);
    assert_false(between((float[]){INFINITY}, (float[]){-INFINITY}, 1, 1).inside);
    assert_int_equal((int)between((float[]){1 + step}, (float[]){1}, 1, 1).ulp, 1);
}

/* ---- every case is right ---- */

static void check_cases(const char *folder, mica_kernels kernels) {
    const option_list none = {0};
    const struct settings settings = {.quiet = true};
    case_index index;
    struct fault fault = {0};
    mica_context *context = NULL;
    char path[1024];
    snprintf(path, sizeof path, "%s/cases.tsv", folder);
    assert_true(context_open(&settings, kernels, NULL, &context, &fault));
    assert_true(cases_read(path, &none, &index, &fault));
    for (size_t i = 0; i < index.count;) {
        const model_case *const item = &index.items[i];
        struct model model = {0};
        struct check check = {0};
        uint64_t seed = 0;
        bool good = model_open(&model, context, item->model, &item->data_paths, NULL, item->method, &fault) &&
                    check_open(&check, &settings, &model, &fault);
        do { /* the calls of one loaded method */
            const model_call call = case_call(&index.items[i]);
            good = good && model_set_inputs(&model, &call, &seed, &fault) && check_call(&check, 0, 1, &fault) &&
                   check_verdict(&check, &fault);
        } while (++i < index.count && index.items[i].call > 0);
        if (!good) fail_msg("%s", fault.text);
        check_close(&check);
        model_close(&model);
    }
    cases_free(&index);
    mica_context_destroy(context);
}

static void every_case_is_right(void **state) {
    (void)state;
    const char *const more = getenv("MICA_FIXTURES");
    const char *const folder = more ? more : MICA_TEST_DATA "/cases";
    check_cases(folder, MICA_KERNELS_AUTO);
    check_cases(folder, MICA_KERNELS_STANDARD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_kernel_is_named), cmocka_unit_test(rounding_is_not_wrong),
        cmocka_unit_test(the_command_fails),       cmocka_unit_test(the_scale_is_the_tensors),
        cmocka_unit_test(every_case_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
