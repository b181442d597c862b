/* SPDX-License-Identifier: Apache-2.0
 *
 * The test cases of a bundled program.
 */
#include "runtime/program.h"

static bytes_span cases_of(const mica_program *program, size_t method) {
    const char *const name = mica_program_method_name(program, method);
    return name ? bundled_cases(&program->pte->bundle, name) : (bytes_span){NULL, 0};
}

size_t mica_program_case_count(const mica_program *program, size_t method) { return cases_of(program, method).count; }

size_t mica_program_case_output_count(const mica_program *program, size_t method, size_t index) {
    const bytes_span cases = cases_of(program, method);
    return index < cases.count ? bundled_count(cases, index, BUNDLED_OUTPUTS) : 0;
}

static mica_status take(const mica_program *program, size_t method, size_t index, bundled_side side, size_t item,
                        mica_value *value) {
    const bytes_span cases = cases_of(program, method);
    if (!value || index >= cases.count || item >= bundled_count(cases, index, side)) return MICA_ERROR_ARGUMENT;
    *value = bundled_value(cases, index, side, item);
    return MICA_OK;
}

mica_status mica_program_case_input(const mica_program *program, size_t method, size_t index, size_t input,
                                    mica_value *value) {
    return take(program, method, index, BUNDLED_INPUTS, input, value);
}

mica_status mica_program_case_output(const mica_program *program, size_t method, size_t index, size_t output,
                                     mica_value *value) {
    return take(program, method, index, BUNDLED_OUTPUTS, output, value);
}
