/* SPDX-License-Identifier: Apache-2.0
 *
 * A program and test cases of one of its methods, as one file.
 */
#include "author/author.h"
#include "base/file.h"
#include "runtime/program.h"

static mica_status check_values(const mica_value *values, size_t count, mica_error *error) {
    for (size_t i = 0; i < count; i++)
        if (values[i].kind == MICA_NONE || values[i].kind >= MICA_STRING)
            return error_set(error, MICA_ERROR_ARGUMENT, "value %zu is neither a tensor nor a number", i);
    return MICA_OK;
}

static mica_status bundle(const mica_program *program, const pte_method *method, const mica_case *cases, size_t count,
                          struct arena *arena, bytes_span *file, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(arena, count, sizeof(bundled_case), &memory, error));
    bundled_case *const bundled = memory;
    for (size_t i = 0; i < count; i++) {
        bundled[i] = (bundled_case){cases[i].inputs, cases[i].outputs, method->inputs.count,
                                    cases[i].outputs ? method->outputs.count : 0};
        TRY(check_values(bundled[i].inputs, bundled[i].input_count, error));
        TRY(check_values(bundled[i].outputs, bundled[i].output_count, error));
    }
    const bytes_span bytes = {program->pte->file, program->pte->file_size};
    const bundled_suite suite = {method->name, bundled, count};
    return bundled_write(bytes, &suite, 1, arena, file, error);
}

mica_status mica_bundle_write(mica_context *context, const mica_program *program, const char *method,
                              const mica_case *cases, size_t count, const char *path) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!program || !path || (count && !cases))
        return error_set(error, MICA_ERROR_ARGUMENT, "mica_bundle_write: an argument is NULL");
    size_t which = 0;
    TRY(program_find_method(program, method, &which, error));
    struct arena arena;
    bytes_span file = {NULL, 0};
    arena_init(&arena, &context->allocator, 0);
    mica_status status = bundle(program, &program->pte->methods[which], cases, count, &arena, &file, error);
    if (status == MICA_OK) {
        status = file_replace(path, file.data, file.count, error);
        if (status != MICA_OK) error_in(error, status, "%s", path);
    }
    arena_free(&arena);
    return status;
}
