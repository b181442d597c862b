/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

static void opens(const char *folder) {
    struct sample sample;
    sample_open(&sample, folder);
    sample_close(&sample);
}

static void every_fixture_opens(void **state) {
    (void)state;
    const char *const root = getenv("MICA_FIXTURES");
    if (!root) skip();
    assert_true(for_each_case(root, opens) > 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fixture_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
