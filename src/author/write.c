/* SPDX-License-Identifier: Apache-2.0
 *
 * From a description to files.
 */
#include <unistd.h>

#include "author/author.h"
#include "base/file.h"

/* ---- files that belong together ---- */

enum { MODEL, WEIGHTS, RECORD, FILES };

static mica_status publish(struct file_draft drafts[FILES], const char *paths[FILES], const bytes_span data[FILES],
                           mica_error *error) {
    for (size_t i = 0; i < FILES; i++) {
        if (i > MODEL && drafts[MODEL].direct) paths[i] = NULL; /* nothing stands beside a pipe */
        if (!paths[i] || !data[i].data) continue;
        const mica_status status = file_draft(paths[i], data[i].data, data[i].count, &drafts[i], error);
        if (status != MICA_OK) return error_in(error, status, "%s", paths[i]);
    }
    if (paths[RECORD]) (void)unlink(paths[RECORD]); /* from here on no record is there, or its model's */
    for (size_t i = 0; i < FILES; i++) {
        if (!drafts[i].path) continue;
        const mica_status status = file_publish(&drafts[i], error);
        if (status != MICA_OK) return error_in(error, status, "%s", paths[i]);
    }
    return MICA_OK;
}

mica_status author_publish(const mica_author_files *files, bytes_span model, bytes_span record, bytes_span weights,
                           mica_error *error) {
    struct file_draft drafts[FILES] = {{.descriptor = -1}, {.descriptor = -1}, {.descriptor = -1}};
    const char *paths[FILES] = {files->model, files->weights, files->record};
    const mica_status status = publish(drafts, paths, (bytes_span[]){model, weights, record}, error);
    for (size_t i = 0; i < FILES; i++) file_drop(&drafts[i]);
    return status;
}

/* ---- the whole ---- */

static mica_status write_all(mica_author *author, const mica_author_files *files, struct arena *arena,
                             mica_error *error) {
    xnn_graph graph = {0};
    bytes_span model = {NULL, 0}, record = {NULL, 0}, weights = {NULL, 0};
    bool dynamic = false;
    for (size_t i = 0; i < author->value_count; i++) dynamic |= author->values[i].dynamic;
    TRY(author_observe(author, error));
    TRY(author_build(author, true, arena, &graph, error));
    TRY(author_encode(&graph, dynamic, arena, &model, files->weights ? &weights : NULL, error));
    if (files->record) TRY(author_record(&graph, arena, &record, error));
    return author_publish(files, model, record, weights, error);
}

mica_status mica_author_write_files(mica_author *author, const mica_author_files *files) {
    if (!author) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &author->context->error;
    if (!files || files->size != sizeof *files || !files->model)
        return error_set(error, MICA_ERROR_ARGUMENT, "mica_author_write_files: no path for the model");
    if (author->output_count == 0) return error_set(error, MICA_ERROR_STATE, "the model has no output");
    struct arena arena;
    arena_init(&arena, &author->context->allocator, 0);
    const mica_status status = write_all(author, files, &arena, error);
    arena_free(&arena);
    return status;
}

mica_status mica_author_write(mica_author *author, const char *path, const char *record) {
    return mica_author_write_files(author, &(mica_author_files){sizeof(mica_author_files), path, record, NULL});
}
