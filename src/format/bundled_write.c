/* SPDX-License-Identifier: Apache-2.0 */
#include "flatbuf/build.h"
#include "format/bundled.h"
#include "format/bundled_schema.h"
#include "format/program_schema.h"

typedef struct writer {
    struct fb_builder b;
    struct arena *arena;
    mica_error *error;
} writer;

static fb_ref write_tensor(struct fb_builder *b, const mica_tensor *tensor) {
    int32_t sizes[MICA_MAX_RANK] = {0};
    for (size_t i = 0; i < tensor->rank; i++) sizes[i] = (int32_t)tensor->sizes[i];
    const fb_schema *const schema = &bundled_tensor_schema;
    const fb_ref lists[] = {
        fb_build_scalars(b, schema, BUNDLED_TENSOR_SIZES, sizes, tensor->rank),
        fb_build_scalars(b, schema, BUNDLED_TENSOR_DATA, tensor->data, mica_tensor_bytes(tensor)),
        fb_build_scalars(b, schema, BUNDLED_TENSOR_DIM_ORDER, tensor->dim_order, tensor->rank),
    };
    fb_begin(b, schema);
    fb_set_int(b, BUNDLED_TENSOR_SCALAR_TYPE, tensor->type);
    fb_set_ref(b, BUNDLED_TENSOR_SIZES, lists[0]);
    fb_set_ref(b, BUNDLED_TENSOR_DATA, lists[1]);
    fb_set_ref(b, BUNDLED_TENSOR_DIM_ORDER, lists[2]);
    return fb_end(b);
}

static fb_ref write_value(struct fb_builder *b, const mica_value *value) {
    static const struct {
        uint8_t tag;
        const fb_schema *schema;
    } forms[] = {[MICA_TENSOR] = {BUNDLED_TENSOR, NULL},
                 [MICA_INT] = {BUNDLED_INT, &pte_int_schema},
                 [MICA_DOUBLE] = {BUNDLED_DOUBLE, &pte_double_schema},
                 [MICA_BOOLEAN] = {BUNDLED_BOOL, &pte_bool_schema}};
    fb_ref content = 0;
    if (value->kind == MICA_TENSOR) {
        content = write_tensor(b, &value->as.tensor);
    } else {
        fb_begin(b, forms[value->kind].schema);
        if (value->kind == MICA_INT) fb_set_int(b, VALUE_CONTENT, value->as.integer);
        if (value->kind == MICA_BOOLEAN) fb_set_int(b, VALUE_CONTENT, value->as.boolean);
        if (value->kind == MICA_DOUBLE) fb_set_real(b, VALUE_CONTENT, value->as.real);
        content = fb_end(b);
    }
    fb_begin(b, &bundled_value_schema);
    fb_set_int(b, BUNDLED_VALUE_TYPE, forms[value->kind].tag);
    fb_set_ref(b, BUNDLED_VALUE, content);
    return fb_end(b);
}

static mica_status new_refs(writer *w, size_t count, fb_ref **refs) {
    void *memory = NULL;
    TRY(arena_array(w->arena, count, sizeof **refs, &memory, w->error));
    *refs = memory;
    return MICA_OK;
}

static mica_status write_values(writer *w, const mica_value *values, size_t count, fb_ref *list) {
    fb_ref *refs = NULL;
    TRY(new_refs(w, count, &refs));
    for (size_t i = 0; i < count; i++) refs[i] = write_value(&w->b, &values[i]);
    *list = fb_build_refs(&w->b, refs, count);
    return MICA_OK;
}

static mica_status write_suite(writer *w, const bundled_suite *suite, fb_ref *out) {
    fb_ref *refs = NULL;
    TRY(new_refs(w, suite->case_count, &refs));
    for (size_t i = 0; i < suite->case_count; i++) {
        const bundled_case *const test = &suite->cases[i];
        fb_ref inputs = 0, outputs = 0;
        TRY(write_values(w, test->inputs, test->input_count, &inputs));
        TRY(write_values(w, test->outputs, test->output_count, &outputs));
        fb_begin(&w->b, &bundled_case_schema);
        fb_set_ref(&w->b, CASE_INPUTS, inputs);
        fb_set_ref(&w->b, CASE_EXPECTED_OUTPUTS, outputs);
        refs[i] = fb_end(&w->b);
    }
    const fb_ref cases = fb_build_refs(&w->b, refs, suite->case_count), name = fb_build_string(&w->b, suite->method);
    fb_begin(&w->b, &bundled_suite_schema);
    fb_set_ref(&w->b, SUITE_METHOD_NAME, name);
    fb_set_ref(&w->b, SUITE_TEST_CASES, cases);
    *out = fb_end(&w->b);
    return MICA_OK;
}

static mica_status write_bundle(writer *w, bytes_span program, const bundled_suite *suites, size_t count,
                                bytes_span *file) {
    fb_ref *refs = NULL;
    const uint8_t *data = NULL;
    size_t size = 0;
    void *memory = NULL;
    TRY(new_refs(w, count, &refs));
    for (size_t i = 0; i < count; i++) TRY(write_suite(w, &suites[i], &refs[i]));
    const fb_ref list = fb_build_refs(&w->b, refs, count);
    const fb_ref bytes = fb_build_scalars(&w->b, &bundled_schema, BUNDLED_PROGRAM, program.data, program.count);
    fb_begin(&w->b, &bundled_schema);
    fb_set_ref(&w->b, BUNDLED_METHOD_TEST_SUITES, list);
    fb_set_ref(&w->b, BUNDLED_PROGRAM, bytes);
    TRY(fb_finish(&w->b, fb_end(&w->b), &(fb_options){.identifier = BUNDLED_IDENTIFIER}, &data, &size, w->error));
    TRY(arena_raw(w->arena, size, &memory, w->error));
    memcpy(memory, data, size);
    *file = (bytes_span){memory, size};
    return MICA_OK;
}

mica_status bundled_write(bytes_span program, const bundled_suite *suites, size_t count, struct arena *arena,
                          bytes_span *file, mica_error *error) {
    writer w = {.arena = arena, .error = error};
    fb_builder_init(&w.b, arena->allocator);
    const mica_status status = write_bundle(&w, program, suites, count, file);
    fb_builder_free(&w.b);
    return status;
}
