/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory plan that a method tells: residents are inside of their region, values of a delegate that are alive at the
 * same step do not overlap, and the sums are those that the method gives elsewhere.
 */
#include "cases.h" /* before cmocka.h, which makes a macro of fail */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void check_pair(const mica_memory_resident *a, const mica_memory_resident *b) {
    if (a->last < b->first || b->last < a->first) return;
    assert_true(a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset);
}

static void check_region(const mica_memory_plan *plan, const mica_memory_region *region) {
    size_t largest = 0;
    for (size_t i = 0; i < region->resident_count; i++) {
        const mica_memory_resident *const one = mica_memory_plan_resident(plan, region->first_resident + i);
        assert_true(one->first <= one->last && one->last <= region->steps);
        assert_true(one->offset + one->bytes <= region->bytes);
        if (i) assert_true(one->offset >= (one - 1)->offset);
        largest = one->bytes > largest ? one->bytes : largest;
        for (size_t j = 0; region->delegate >= 0 && j < i; j++) {
            check_pair(one, mica_memory_plan_resident(plan, region->first_resident + j));
        }
    }
    assert_true(largest <= region->peak && region->peak + region->scratch <= region->bytes);
}

static void check_method(const mica_method *method) {
    mica_memory_plan *plan = NULL;
    mica_method_memory sums, memory = {0};
    assert_int_equal(mica_method_plan(method, &plan), MICA_OK);
    const mica_memory_region *region;
    size_t residents = 0;
    for (size_t i = 0; (region = mica_memory_plan_region(plan, i)); i++) {
        assert_int_equal(region->first_resident, residents);
        residents += region->resident_count;
        check_region(plan, region);
        if (region->delegate < 0) {
            memory.planned += region->bytes;
        } else if (memory.workspace < region->bytes) { /* delegates share one */
            memory.workspace = region->bytes;
        }
        memory.packed += region->packed;
    }
    assert_null(mica_memory_plan_resident(plan, residents));
    mica_method_query_memory(method, &sums);
    assert_memory_equal(&sums, &memory, sizeof sums);
    mica_memory_plan_destroy(plan);
}

static void every_plan_is_sound(void **state) {
    (void)state;
    const char *const more = getenv("MICA_FIXTURES");
    char path[1024];
    snprintf(path, sizeof path, "%s/cases.tsv", more ? more : MICA_TEST_DATA "/cases");
    const option_list none = {0};
    case_index index;
    struct fault fault = {0};
    mica_context *context = NULL;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_true(cases_read(path, &none, &index, &fault));
    for (size_t i = 0; i < index.count; i++) {
        const model_case *const item = &index.items[i];
        struct model model = {0};
        if (item->call > 0) continue;
        if (!model_open(&model, context, item->model, &item->data_paths, NULL, item->method, &fault))
            fail_msg("%s", fault.text);
        check_method(model.method);
        model_close(&model);
    }
    cases_free(&index);
    mica_context_destroy(context);
}

/* Two delegates with a kernel call between: one planned buffer, two workspaces. */
static void a_plan_is_told(void **state) {
    (void)state;
    mica_context *context = NULL;
    struct model model = {0};
    struct fault fault = {0};
    mica_memory_plan *plan = NULL;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_true(model_open(&model, context, MICA_TEST_DATA "/cases/graph/mixed_two_delegates/model.pte", NULL, NULL,
                           NULL, &fault));
    assert_int_equal(mica_method_plan(model.method, &plan), MICA_OK);
    const mica_memory_region *const planned = mica_memory_plan_region(plan, 0);
    assert_int_equal(planned->delegate, -1);
    assert_true(planned->resident_count >= 3); /* an input, what goes between, an output */
    assert_int_equal(mica_memory_plan_region(plan, 1)->delegate, 0);
    assert_int_equal(mica_memory_plan_region(plan, 2)->delegate, 1);
    assert_null(mica_memory_plan_region(plan, 3));
    assert_int_equal(mica_method_plan(NULL, &plan), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_method_plan(model.method, NULL), MICA_ERROR_ARGUMENT);
    mica_memory_plan_destroy(plan);
    model_close(&model);
    mica_context_destroy(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_told),
        cmocka_unit_test(every_plan_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
