/* SPDX-License-Identifier: Apache-2.0 */
#include "format/bundled.h"

#include "format/bundled_schema.h"
#include "format/program.h"
#include "format/program_schema.h"
#include "format/tensor_layout.h"
#include "format/text.h"

#define BAD(table, schema, field, ...)                                                                               \
    fb_bad(error, MICA_ERROR_FORMAT, file, (table), &(schema), (field), __VA_ARGS__)

bool bundled_is(const uint8_t *file, size_t size) {
    return size >= 8 && memcmp(file + 4, BUNDLED_IDENTIFIER, 4) == 0;
}

/* ---- values ---- */

static mica_status read_layout(const uint8_t *file, fb_table table, tensor_layout *layout, mica_error *error) {
    static const tensor_layout_fields fields = {&bundled_tensor_schema, BUNDLED_TENSOR_SCALAR_TYPE,
                                                BUNDLED_TENSOR_SIZES, BUNDLED_TENSOR_DIM_ORDER};
    return tensor_layout_read(table, &fields, file, layout, error);
}

/* The bytes of a tensor may be more than it needs: exporters write those of the storage it is a view of. */
static mica_status check_tensor(const uint8_t *file, fb_table table, mica_error *error) {
    tensor_layout layout;
    TRY(read_layout(file, table, &layout, error));
    const bytes_span data = fb_vector(table, BUNDLED_TENSOR_DATA);
    if (layout.bytes > data.count)
        return BAD(table, bundled_tensor_schema, BUNDLED_TENSOR_DATA, "%zu bytes, the shape needs %zu", data.count,
                   layout.bytes);
    if ((uintptr_t)data.data % mica_type_size(layout.type) != 0)
        return BAD(table, bundled_tensor_schema, BUNDLED_TENSOR_DATA, "not aligned for its type");
    return MICA_OK;
}

static mica_status check_value(const uint8_t *file, fb_table value, mica_error *error) {
    const fb_table content = fb_child(value, BUNDLED_VALUE);
    if (!content.at) return BAD(value, bundled_value_schema, BUNDLED_VALUE, "a value without content");
    if (fb_u8(value, BUNDLED_VALUE_TYPE, 0) != BUNDLED_TENSOR) return MICA_OK;
    const mica_status status = check_tensor(file, content, error);
    return status ? fb_in(error, status, "val") : MICA_OK;
}

static mica_value tensor_of(fb_table table) {
    mica_value value = {.kind = MICA_TENSOR};
    tensor_layout layout = {0};
    (void)!read_layout(table.at, table, &layout, NULL); /* which was checked */
    const uint8_t *const data = fb_vector(table, BUNDLED_TENSOR_DATA).data;
    const void *const bytes = data ? data : table.at; /* of no bytes */
    value.as.tensor = (mica_tensor){.type = layout.type, .rank = layout.rank, .data = (void *)(uintptr_t)bytes};
    for (size_t i = 0; i < layout.rank; i++) {
        value.as.tensor.sizes[i] = layout.sizes[i];
        value.as.tensor.dim_order[i] = layout.dim_order[i];
    }
    return value;
}

static bytes_span values_of(fb_table test, bundled_side side) {
    return fb_vector(test, side == BUNDLED_INPUTS ? CASE_INPUTS : CASE_EXPECTED_OUTPUTS);
}

bytes_span bundled_cases(const bundled_file *bundle, const char *method) {
    for (size_t i = 0; i < bundle->suites.count; i++) {
        const fb_table suite = fb_at(bundle->suites, i);
        if (strcmp(fb_string(suite, SUITE_METHOD_NAME, NULL), method) == 0) return fb_vector(suite, SUITE_TEST_CASES);
    }
    return (bytes_span){NULL, 0};
}

size_t bundled_count(bytes_span cases, size_t index, bundled_side side) {
    return values_of(fb_at(cases, index), side).count;
}

mica_value bundled_value(bytes_span cases, size_t index, bundled_side side, size_t item) {
    const fb_table value = fb_at(values_of(fb_at(cases, index), side), item),
                   content = fb_child(value, BUNDLED_VALUE);
    switch (fb_u8(value, BUNDLED_VALUE_TYPE, 0)) {
    case BUNDLED_INT: return (mica_value){MICA_INT, {.integer = fb_i64(content, VALUE_CONTENT, 0)}};
    case BUNDLED_BOOL: return (mica_value){MICA_BOOLEAN, {.boolean = fb_u8(content, VALUE_CONTENT, 0) != 0}};
    case BUNDLED_DOUBLE: return (mica_value){MICA_DOUBLE, {.real = fb_f64(content, VALUE_CONTENT, 0)}};
    default: return tensor_of(content);
    }
}

/* ---- opening ---- */

static mica_status check_case(const uint8_t *file, fb_table test, mica_error *error) {
    for (bundled_side side = BUNDLED_INPUTS; side <= BUNDLED_OUTPUTS; side++) {
        const bytes_span values = values_of(test, side);
        for (size_t i = 0; i < values.count; i++) {
            const mica_status status = check_value(file, fb_at(values, i), error);
            if (status) return fb_in(error, status, "%s[%zu]", side ? "expected_outputs" : "inputs", i);
        }
    }
    return MICA_OK;
}

static mica_status check_suite(const bundled_file *bundle, size_t index, mica_error *error) {
    const uint8_t *const file = bundle->file;
    const fb_table suite = fb_at(bundle->suites, index);
    size_t length = 0;
    const char *const name = fb_string(suite, SUITE_METHOD_NAME, &length);
    if (!text_is_name(name, length)) return BAD(suite, bundled_suite_schema, SUITE_METHOD_NAME, "not a name");
    const bytes_span cases = fb_vector(suite, SUITE_TEST_CASES);
    for (size_t i = 0; i < cases.count; i++) {
        const mica_status status = check_case(file, fb_at(cases, i), error);
        if (status) return fb_in(error, status, "test_cases[%zu]", i);
    }
    return MICA_OK;
}

mica_status bundled_open(const uint8_t *file, size_t size, bundled_file *out, mica_error *error) {
    TRY(fb_verify(file, size, &(fb_options){.identifier = BUNDLED_IDENTIFIER}, &bundled_schema, error));
    const fb_table root = fb_root(file, false);
    const bundled_file bundle = {file, fb_vector(root, BUNDLED_PROGRAM), fb_vector(root, BUNDLED_METHOD_TEST_SUITES)};
    if ((uintptr_t)bundle.program.data % 16 != 0)
        return BAD(root, bundled_schema, BUNDLED_PROGRAM, "not aligned to 16");
    for (size_t i = 0; i < bundle.suites.count; i++) {
        const mica_status status = check_suite(&bundle, i, error);
        if (status) return fb_in(error, status, "method_test_suites[%zu]", i);
    }
    *out = bundle;
    return MICA_OK;
}

/* ---- against the program ---- */

static const pte_method *find_method(const pte_program *program, const char *name) {
    for (size_t i = 0; i < program->method_count; i++)
        if (strcmp(program->methods[i].name, name) == 0) return &program->methods[i];
    return NULL;
}

static mica_status check_method(const bundled_file *bundle, fb_table suite, const pte_program *program,
                                mica_error *error) {
    const uint8_t *const file = bundle->file;
    const char *const name = fb_string(suite, SUITE_METHOD_NAME, NULL);
    const pte_method *const method = find_method(program, name);
    const bytes_span cases = fb_vector(suite, SUITE_TEST_CASES);
    if (!method) return BAD(suite, bundled_suite_schema, SUITE_METHOD_NAME, "the program has no method %s", name);
    if (bundled_cases(bundle, name).data != cases.data)
        return BAD(suite, bundled_suite_schema, SUITE_METHOD_NAME, "%s has an earlier suite", name);
    for (size_t i = 0; i < cases.count; i++) {
        const size_t inputs = bundled_count(cases, i, BUNDLED_INPUTS);
        const size_t outputs = bundled_count(cases, i, BUNDLED_OUTPUTS);
        mica_status status = MICA_OK;
        if (inputs != method->inputs.count)
            status = BAD(fb_at(cases, i), bundled_case_schema, CASE_INPUTS, "%zu values where the method takes %zu",
                         inputs, method->inputs.count);
        else if (outputs && outputs != method->outputs.count)
            status = BAD(fb_at(cases, i), bundled_case_schema, CASE_EXPECTED_OUTPUTS,
                         "%zu values where the method gives %zu", outputs, method->outputs.count);
        if (status) return fb_in(error, status, "test_cases[%zu]", i);
    }
    return MICA_OK;
}

mica_status bundled_check(const bundled_file *bundle, const pte_program *program, mica_error *error) {
    for (size_t i = 0; i < bundle->suites.count; i++) {
        const mica_status status = check_method(bundle, fb_at(bundle->suites, i), program, error);
        if (status) return fb_in(error, status, "method_test_suites[%zu]", i);
    }
    return MICA_OK;
}
