/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics of samples, and limits that can be measured with every instruction set. No figure is judged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mica/measure.h"

static void percentiles_interpolate(void **state) {
    (void)state;
    double samples[] = {4, 1, 3, 2, 5};
    mica_summary summary;
    mica_summarise(samples, 5, &summary);
    assert_true(summary.count == 5 && summary.min == 1 && summary.max == 5 && summary.mean == 3);
    assert_true(summary.p50 == 3);
    assert_float_equal(summary.p10, 1.4, 1e-12);
    assert_float_equal(summary.p90, 4.6, 1e-12);
    assert_float_equal(summary.p99, 4.96, 1e-12);
    mica_summarise(samples, 1, &summary);
    assert_true(summary.p10 == 1 && summary.p99 == 1);
}

static void a_ratio_lies_in_its_interval(void **state) {
    (void)state;
    double a[20], b[20], low, high;
    for (size_t i = 0; i < 20; i++) {
        a[i] = 10 + (double)i * 0.01;
        b[i] = 30 - (double)i * 0.03;
    }
    assert_true(mica_ratio_interval(a, 20, b, 20, &low, &high));
    assert_true(low > 2.8 && low < high && high < 3.1);
    assert_false(mica_ratio_interval(a, 5, b, 20, &low, &high));
}

static void every_limit_can_be_measured(void **state) {
    (void)state;
    for (size_t i = 0; mica_isa_name(i); i++) {
        if (!mica_isa_available(mica_isa_name(i))) continue;
        mica_context *context;
        const mica_context_options options = {.size = sizeof options, .isa = mica_isa_name(i), .threads = 1 + i % 2};
        assert_int_equal(mica_context_create(&options, &context), MICA_OK);
        for (size_t limit = 0; limit < MICA_LIMITS; limit++) {
            mica_limit_info info;
            assert_int_equal(mica_measure(context, (mica_limit)limit, &info), MICA_OK);
            assert_true(info.rate > 0 && info.threads == 1 + i % 2 && *info.name);
        }
        mica_limit_info info;
        assert_int_equal(mica_measure(context, MICA_LIMITS, &info), MICA_ERROR_ARGUMENT);
        mica_context_destroy(context);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_interpolate),
        cmocka_unit_test(a_ratio_lies_in_its_interval),
        cmocka_unit_test(every_limit_can_be_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
