/* SPDX-License-Identifier: Apache-2.0
 *
 * From a description to files.
 */
#include <stdio.h>

#include "author/author.h"
#include "base/file.h"

static mica_status write_files(mica_author *author, const char *path, const char *record, struct arena *arena,
                               mica_error *error) {
    xnn_graph graph = {0};
    bytes_span file = {NULL, 0}, notes = {NULL, 0};
    bool dynamic = false;
    for (size_t i = 0; i < author->value_count; i++) dynamic |= author->values[i].dynamic;
    TRY(author_observe(author, error));
    TRY(author_build(author, true, arena, &graph, error));
    TRY(author_encode(&graph, dynamic, arena, &file, error));
    if (record) TRY(author_record(author, arena, &notes, error));
    if (record) TRY(file_replace(record, notes.data, notes.count, error));
    const mica_status status = file_replace(path, file.data, file.count, error);
    if (status != MICA_OK && record) (void)remove(record); /* none without its model */
    return status;
}

mica_status mica_author_write(mica_author *author, const char *path, const char *record) {
    if (!author) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &author->context->error;
    if (!path) return error_set(error, MICA_ERROR_ARGUMENT, "mica_author_write: the path is NULL");
    if (author->output_count == 0) return error_set(error, MICA_ERROR_STATE, "the model has no output");
    struct arena arena;
    arena_init(&arena, &author->context->allocator, 0);
    const mica_status status = write_files(author, path, record, &arena, error);
    arena_free(&arena);
    return status;
}
