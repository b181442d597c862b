/* SPDX-License-Identifier: Apache-2.0
 *
 * Real programs against the real runtime's answers: all cases of tests/data/cases, and of the collection that
 * MICA_FIXTURES names where it is at hand, with all kernels and under every instruction set of this machine.
 */
#include "run_cases.h" /* before cmocka.h, which makes a macro of fail */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static void run_index(const char *folder, const char *isa, mica_kernels kernels) {
    char path[1024];
    snprintf(path, sizeof path, "%s/cases.tsv", folder);
    mica_context *context = NULL;
    const mica_context_options options = {.size = sizeof options, .isa = isa, .kernels = kernels, .threads = 2};
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    const option_list none = {0};
    struct settings settings = {.quiet = true, .column_count = case_column_count};
    for (size_t c = 0; c < case_column_count; c++) settings.columns[c] = case_columns[c];
    struct fault fault = {0};
    if (!run_cases(path, &none, context, &settings, &fault)) fail_msg("%s: %s", isa ? isa : "auto", fault.text);
    mica_context_destroy(context);
}

static void run_everywhere(const char *folder) {
    for (size_t i = 0; mica_isa_name(i); i++) {
        if (mica_isa_available(mica_isa_name(i))) run_index(folder, mica_isa_name(i), MICA_KERNELS_AUTO);
    }
    run_index(folder, NULL, MICA_KERNELS_STANDARD);
    run_index(folder, NULL, MICA_KERNELS_REFERENCE);
}

static void chosen_cases(void **state) {
    (void)state;
    run_everywhere(MICA_TEST_DATA "/cases");
}

static void all_cases(void **state) {
    (void)state;
    const char *const folder = getenv("MICA_FIXTURES");
    if (!folder) skip();
    run_everywhere(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(chosen_cases), cmocka_unit_test(all_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
