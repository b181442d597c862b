/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xnnpack.h"
#include "sample.h"

static void decodes(const char *folder) {
    struct sample sample;
    sample_open(&sample, folder);
    for (size_t m = 0; m < sample.program->method_count; m++) {
        const pte_method *const method = &sample.program->methods[m];
        for (size_t d = 0; d < method->delegate_count; d++) {
            xnn_graph *graph = NULL;
            if (xnn_open(sample.program, method->delegates[d].payload, method->delegates[d].payload_size,
                         &sample.arena, &graph, &sample.error)) {
                fail_msg("%s: delegate %zu: %s", folder, d, sample.error.text);
            }
        }
    }
    sample_close(&sample);
}

static void every_fixture_opens(void **state) {
    (void)state;
    const char *const root = getenv("MICA_FIXTURES");
    if (!root) skip();
    assert_true(for_each_case(root, decodes) > 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fixture_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
