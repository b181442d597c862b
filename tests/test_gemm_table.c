/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel table: names follow their grammar, rows agree with their names, choices are what the table says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "base/half.h"
#include "kernel/gemm/gemm.h"

/* "VARIANT_gemm_MRxNR_LEVEL" or "VARIANT_gemv_1xNR_LEVEL", where the level is the weakest that has what it needs. */
static void names_follow_the_grammar(void **state) {
    (void)state;
    for (size_t i = 0; i < gemm_kernel_name_count; i++) {
        const gemm_kernel_name *row = &gemm_kernel_names[i];
        char variant[64], gemm[128], gemv[128];
        snprintf(variant, sizeof variant, "%s", gemm_variant_names[row->variant]);
        variant[strlen(variant) - strlen("_gemm")] = '\0';
        const char *level = strrchr(row->name, '_') + 1;
        snprintf(gemm, sizeof gemm, "%s_gemm_%zux%zu_%s", variant, row->mr, row->nr, level);
        snprintf(gemv, sizeof gemv, "%s_gemv_1x%zu_%s", variant, row->nr, level);
        if (strcmp(row->name, gemm) && (row->mr != 1 || strcmp(row->name, gemv))) {
            fail_msg("%s is neither %s nor %s", row->name, gemm, gemv);
        }
        if (row->needs) {
            assert_string_equal(level, cpu_level_needed(row->needs)->name);
        } else {
            assert_true(!strcmp(level, "c") || !strcmp(level, "reference"));
        }
    }
}

static void rows_agree_with_their_names(void **state) {
    (void)state;
    size_t here = 0;
    for (size_t i = 0; i < gemm_kernel_name_count; i++) {
        const gemm_kernel_name *row = &gemm_kernel_names[i];
        const gemm_kernel *kernel = row->kernel;
        if (kernel == NULL) continue;
        assert_ptr_equal(kernel, gemm_kernels[here++]);
        assert_string_equal(kernel->name, row->name);
        assert_int_equal(kernel->variant, row->variant);
        assert_int_equal(kernel->needs, row->needs);
        assert_int_equal(kernel->mr, row->mr);
        assert_int_equal(kernel->nr, row->nr);
        assert_int_equal(kernel->kr, row->kr);
        assert_int_equal(kernel->rhs->nr, row->nr);
        if (kernel->lhs) assert_int_equal(kernel->lhs->mr, row->mr);
        if (row->variant == GEMM_PF32) assert_int_equal(gemm_reads_rows(row), kernel->store != NULL);
        for (size_t k = 0; k < 300; k++) {
            assert_int_equal(kernel->rhs->panel_size(k, 0) % 64, 0);
            if (kernel->lhs) assert_int_equal(kernel->lhs->panel_size(k) % 64, 0);
        }
    }
    assert_int_equal(here, gemm_kernel_count);
}

static void names_are_unique(void **state) {
    (void)state;
    for (size_t i = 0; i < gemm_kernel_name_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(gemm_kernel_names[i].name, gemm_kernel_names[j].name);
        }
    }
}

static void every_variant_ends_with_c_and_reference(void **state) {
    (void)state;
    for (gemm_variant v = 0; v < GEMM_VARIANTS; v++) {
        const char *last = "", *before = "";
        for (size_t i = 0; i < gemm_kernel_count; i++) {
            if (gemm_kernels[i]->variant != v) continue;
            before = last;
            last = gemm_kernels[i]->name;
        }
        assert_non_null(strstr(before, "_c"));
        assert_non_null(strstr(last, "_reference"));
        assert_string_equal(gemm_select(v, cpu_detect(), GEMM_STANDARD, 7, NULL)->name, before);
        assert_string_equal(gemm_select(v, cpu_detect(), GEMM_REFERENCE, 7, NULL)->name, last);
        assert_string_equal(gemm_select(v, 0, GEMM_AUTO, 7, NULL)->name, before);
    }
}

/* Weights are packed for some m and multiplied with another: the layout must have a kernel for every m. */
static void a_layout_serves_every_m(void **state) {
    (void)state;
    for (gemm_variant v = 0; v < GEMM_VARIANTS; v++) {
        for (size_t level = 0; level < cpu_level_count; level++) {
            const cpu_features features = cpu_levels[level].features & cpu_detect();
            const gemm_kernel *any = gemm_select(v, features, GEMM_AUTO, SIZE_MAX, NULL);
            for (size_t m = 0; m < 40; m++) {
                const gemm_kernel *kernel = gemm_select(v, features, GEMM_AUTO, m, any->rhs);
                assert_non_null(kernel);
                assert_ptr_equal(kernel, gemm_select(v, features, GEMM_AUTO, m, NULL));
                assert_ptr_equal(kernel, gemm_predict(v, features, GEMM_AUTO, m)->kernel);
                assert_true(kernel->needs == any->needs && kernel->rhs == any->rhs);
                if (kernel->mr < m) assert_true(kernel->mr == any->mr);
            }
        }
    }
}

/* The same answer on every host, and on the CPU that it speaks of the kernel that runs there. */
static void choices_for_arm_are_known_everywhere(void **state) {
    (void)state;
    static const struct {
        const char *level;
        gemm_variant variant;
        size_t m;
        const char *kernel;
    } choices[] = {
        {"neon", GEMM_PF32, 1, "pf32_gemv_1x8_neon"},
        {"neon", GEMM_PF32, 2, "pf32_gemm_12x8_neon"},
        {"neon", GEMM_PF16, SIZE_MAX, "pf16_gemm_12x8_neon"},
        {"neon", GEMM_QP8_F32_QC8W, 8, "qp8_f32_qc8w_gemm_8x8_neon"},
        {"dotprod", GEMM_PF32, 128, "pf32_gemm_12x8_neon"},
        {"dotprod", GEMM_QP8_F32_QC8W, 1, "qp8_f32_qc8w_gemv_1x8_dotprod"},
        {"dotprod", GEMM_QP8_F32_QC4W, 5, "qp8_f32_qc4w_gemm_12x8_dotprod"},
        {"dotprod", GEMM_QP8_F32_QB4W, 128, "qp8_f32_qb4w_gemm_12x8_dotprod"},
        {"dotprod", GEMM_PQS8_QC8W, 128, "pqs8_qc8w_gemm_12x8_dotprod"},
        {"i8mm", GEMM_PQS8_QC8W, 1, "pqs8_qc8w_gemv_1x8_i8mm"},
        {"i8mm", GEMM_QP8_F32_QB4W, 12, "qp8_f32_qb4w_gemm_12x8_i8mm"},
        {"i8mm", GEMM_PF16, 1, "pf16_gemv_1x8_neon"},
    };
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const cpu_features features = cpu_level_find(choices[i].level)->features;
        const gemm_kernel_name *row = gemm_predict(choices[i].variant, features, GEMM_AUTO, choices[i].m);
        assert_string_equal(row->name, choices[i].kernel);
        const bool here = (row->needs & ~cpu_detect()) == 0;
        assert_true(row->kernel != NULL || !here);
        if (here) {
            const gemm_kernel *kernel = gemm_select(row->variant, features, GEMM_AUTO, choices[i].m, NULL);
            assert_ptr_equal(kernel, row->kernel);
        }
    }
}

static void rows_are_split_evenly(void **state) {
    (void)state;
    assert_int_equal(gemm_even_rows(33, 14), 11);
    assert_int_equal(gemm_even_rows(14, 14), 14);
    assert_int_equal(gemm_even_rows(15, 14), 8);
    assert_int_equal(gemm_even_rows(1, 14), 1);
    for (size_t m = 1; m < 200; m++) {
        const size_t rows = gemm_even_rows(m, 14);
        assert_true(rows >= 1 && rows <= 14 && (m + rows - 1) / rows == (m + 13) / 14);
    }
}

static void quantization_follows_the_specification(void **state) {
    (void)state;
    float scale;
    gemm_row row = gemm_row_parameters(-1.0f, 1.0f, &scale);
    assert_true(scale == 127.5f && row.zero_point == 0); /* -128 + 127.5 = -0.5, to even */
    row = gemm_row_parameters(0.0f, 2.0f, &scale);
    assert_true(scale == 127.5f && row.zero_point == -128);
    row = gemm_row_parameters(3.0f, 5.0f, &scale); /* widened to hold 0 */
    assert_true(scale == 51.0f && row.zero_point == -128);
    row = gemm_row_parameters(-5.0f, -3.0f, &scale);
    assert_true(scale == 51.0f && row.zero_point == 127);
    row = gemm_row_parameters(0.0f, 0.0f, &scale);
    assert_true(scale == 1.0f && row.inverse_scale == 1.0f);

    assert_int_equal(gemm_quantize(0.5f, 1.0f, 0), 0); /* ties to even */
    assert_int_equal(gemm_quantize(1.5f, 1.0f, 0), 2);
    assert_int_equal(gemm_quantize(-2.5f, 1.0f, 3), 1);
    assert_int_equal(gemm_quantize(1e30f, 1.0f, -5), 127);
    assert_int_equal(gemm_quantize(-1e30f, 1.0f, -5), -128);
}

/* One row with a NaN by the kernel: what a relu leaves of it. */
static void multiply_nan(const gemm_kernel *kernel, uint8_t *out) {
    enum { K = 8, N = 3 };
    static _Alignas(64) uint8_t left[65536], right[65536];
    const bool half = kernel->variant == GEMM_PF16;
    float row[K] = {[3] = NAN}, weights[N * K];
    for (size_t i = 0; i < N * K; i++) weights[i] = 1;
    uint16_t half_row[K];
    for (size_t i = 0; i < K; i++) half_row[i] = f16_of_float(row[i]);
    const void *const data = half ? (const void *)half_row : row;
    const gemm_rhs rhs = {.type = GEMM_F32, .data = weights, .n = N, .k = K, .n_stride = K, .k_stride = 1};
    const gemm_lhs lhs = {
        .type = half ? GEMM_F16 : GEMM_F32, .row_stride = sizeof row, .data = data, .tap_count = 1, .tap_length = K};
    const size_t panels = (N + kernel->nr - 1) / kernel->nr;
    assert_true(panels * kernel->rhs->panel_size(K, 0) <= sizeof right);
    kernel->rhs->pack(&rhs, 0, panels, right);
    if (kernel->lhs) {
        assert_true(kernel->lhs->panel_size(K) <= sizeof left);
        kernel->lhs->pack(&lhs, 0, 1, left);
    }
    const gemm_tile tile = {.m = 1,
                            .n = N,
                            .k = K,
                            .lhs = kernel->lhs ? left : data,
                            .lhs_stride = sizeof row,
                            .rhs = right,
                            .out = out,
                            .out_stride = N * sizeof(float),
                            .max = INFINITY};
    kernel->run(&tile);
}

static void nan_stays_nan(void **state) {
    (void)state;
    for (size_t i = 0; i < gemm_kernel_count; i++) {
        const gemm_kernel *const kernel = gemm_kernels[i];
        if (kernel->variant > GEMM_PF16 || kernel->needs & ~cpu_detect()) continue;
        float out[3] = {0};
        multiply_nan(kernel, (uint8_t *)out);
        for (size_t n = 0; n < 3; n++) {
            const float value =
                kernel->variant == GEMM_PF16 ? float_of_f16(((const uint16_t *)(void *)out)[n]) : out[n];
            if (!isnan(value)) fail_msg("%s gives %g", kernel->name, (double)value);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_the_grammar),
        cmocka_unit_test(rows_agree_with_their_names),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(every_variant_ends_with_c_and_reference),
        cmocka_unit_test(a_layout_serves_every_m),
        cmocka_unit_test(choices_for_arm_are_known_everywhere),
        cmocka_unit_test(rows_are_split_evenly),
        cmocka_unit_test(quantization_follows_the_specification),
        cmocka_unit_test(nan_stays_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
