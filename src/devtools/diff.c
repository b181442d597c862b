/* SPDX-License-Identifier: Apache-2.0
 *
 * Two profiles of one model, row by row.
 */
#include <math.h>
#include <stdlib.h>

#include "base/context.h"
#include "devtools/align.h"
#include "devtools/inspection.h"
#include "profile/statistics.h"

struct mica_diff {
    struct arena arena;
    mica_diff_row *rows;
    size_t count;
};

/* A stretch of rows that belong to one block, without OPERATOR_CALL. */
typedef struct stretch {
    const mica_inspection *inspection;
    const mica_inspect_row **rows;
    size_t count;
} stretch;

/* ---- which rows are the same ---- */

static unsigned same_row(const void *context, size_t i, size_t j) {
    const stretch *const sides = context;
    const mica_inspect_row *const a = sides[0].rows[i], *const b = sides[1].rows[j];
    if (a->instruction != b->instruction || a->delegated != b->delegated) return 0;
    if (!a->delegated) return strcmp(a->name, b->name) == 0 ? ALIGN_SAME : 0;
    const int64_t handle = sides[0].inspection->sources[a->index].handle;
    const bool same = handle != NO_HANDLE && handle == sides[1].inspection->sources[b->index].handle;
    const unsigned names = align_names(a->name, b->name);
    return same && names < ALIGN_SAME ? ALIGN_SAME - 1 : names;
}

/* ---- what differs ---- */

static bool kernel_changed(const mica_inspect_row *a, const mica_inspect_row *b) {
    if (*a->kernel && *b->kernel) return strcmp(a->kernel, b->kernel) != 0;
    return a->delegated && !align_same_but_count(a->name, b->name);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The samples behind the first, in ascending order. */
static mica_status warm_samples(const mica_inspect_row *row, struct arena *arena, double **samples, size_t *count,
                                mica_error *error) {
    void *memory = NULL;
    const size_t skipped = row->samples > 1;
    *count = row->samples - skipped;
    TRY(arena_array(arena, *count, sizeof(double), &memory, error));
    if (*count) memcpy(memory, row->raw + skipped, *count * sizeof(double));
    qsort(memory, *count, sizeof(double), ascending);
    *samples = memory;
    return MICA_OK;
}

static mica_status compare(mica_diff_row *row, const mica_allocator *allocator, mica_error *error) {
    struct arena scratch;
    double *a = NULL, *b = NULL;
    size_t a_count = 0, b_count = 0;
    stat_interval interval = {NAN, NAN};
    row->ratio = row->low = row->high = NAN;
    if (!row->a || !row->b) return MICA_OK;
    row->kernel_changed = kernel_changed(row->a, row->b);
    if (row->a->warm > 0 && row->b->warm > 0) row->ratio = row->b->warm / row->a->warm;
    arena_init(&scratch, allocator, 0);
    mica_status status = warm_samples(row->a, &scratch, &a, &a_count, error);
    if (status == MICA_OK) status = warm_samples(row->b, &scratch, &b, &b_count, error);
    if (status == MICA_OK && stat_ratio_interval(a, a_count, b, b_count, &interval)) {
        row->low = interval.low;
        row->high = interval.high;
    }
    arena_free(&scratch);
    return status;
}

/* ---- the whole ---- */

static mica_status block_rows(const mica_inspection *inspection, size_t block, struct arena *arena, stretch *out,
                              mica_error *error) {
    void *memory = NULL;
    size_t first = 0;
    for (size_t b = 0; b < block; b++) first += inspection->blocks[b].count;
    const size_t count = inspection->blocks[block].count;
    TRY(arena_array(arena, count, sizeof *out->rows, &memory, error));
    *out = (stretch){.inspection = inspection, .rows = memory};
    for (size_t i = first; i < first + count; i++)
        if (!strstr(inspection->rows[i].name, OPERATOR_CALL)) out->rows[out->count++] = &inspection->rows[i];
    return MICA_OK;
}

/* The block of `other` that is to `block` of `inspection`: the same name, the same one of those. */
static size_t partner_block(const mica_inspection *inspection, size_t block, const mica_inspection *other) {
    size_t nth = 0;
    for (size_t b = 0; b < block; b++) nth += strcmp(inspection->blocks[b].name, inspection->blocks[block].name) == 0;
    for (size_t b = 0; b < other->block_count; b++)
        if (strcmp(other->blocks[b].name, inspection->blocks[block].name) == 0 && nth-- == 0) return b;
    return ALIGN_NONE;
}

static mica_status add(mica_diff *diff, const mica_inspect_row *a, const mica_inspect_row *b, mica_error *error) {
    mica_diff_row *const row = &diff->rows[diff->count++];
    *row = (mica_diff_row){.a = a, .b = b};
    return compare(row, diff->arena.allocator, error);
}

/* The rows of a block of b with their partners; `met` marks those of a. */
static mica_status diff_block(mica_diff *diff, const mica_inspection *a, const mica_inspection *b, size_t block,
                              bool *met, mica_error *error) {
    stretch sides[2] = {0};
    void *memory = NULL;
    const size_t other = partner_block(b, block, a);
    TRY(block_rows(b, block, &diff->arena, &sides[1], error));
    if (other != ALIGN_NONE) TRY(block_rows(a, other, &diff->arena, &sides[0], error));
    TRY(arena_array(&diff->arena, sides[0].count, sizeof(size_t), &memory, error));
    size_t *const partner = memory;
    TRY(arena_array(&diff->arena, sides[1].count, sizeof(mica_inspect_row *), &memory, error));
    const mica_inspect_row **const back = memory;
    TRY(align_lists(sides[0].count, sides[1].count, same_row, sides, partner, diff->arena.allocator, error));
    for (size_t i = 0; i < sides[0].count; i++) {
        if (partner[i] == ALIGN_NONE) continue;
        back[partner[i]] = sides[0].rows[i];
        met[sides[0].rows[i]->index] = true;
    }
    for (size_t j = 0; j < sides[1].count; j++) TRY(add(diff, back[j], sides[1].rows[j], error));
    return MICA_OK;
}

static mica_status diff_all(mica_diff *diff, const mica_inspection *a, const mica_inspection *b, mica_error *error) {
    void *memory = NULL;
    if (a->summary.scale != b->summary.scale)
        return error_set(error, MICA_ERROR_ARGUMENT, "profiles in %s and %s cannot be compared",
                         mica_time_scale_name(a->summary.scale), mica_time_scale_name(b->summary.scale));
    TRY(arena_array(&diff->arena, a->row_count + b->row_count, sizeof(mica_diff_row), &memory, error));
    diff->rows = memory;
    TRY(arena_array(&diff->arena, a->row_count, sizeof(bool), &memory, error));
    bool *const met = memory;
    for (size_t block = 0; block < b->block_count; block++) TRY(diff_block(diff, a, b, block, met, error));
    for (size_t i = 0; i < a->row_count; i++)
        if (!met[i] && !strstr(a->rows[i].name, OPERATOR_CALL)) TRY(add(diff, &a->rows[i], NULL, error));
    return MICA_OK;
}

mica_status mica_diff_create(mica_context *context, const mica_inspection *a, const mica_inspection *b,
                             mica_diff **diff) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!a || !b || !diff) return error_set(error, MICA_ERROR_ARGUMENT, "mica_diff_create: an argument is NULL");
    mica_diff *const made = calloc(1, sizeof *made);
    if (!made) return error_set(error, MICA_ERROR_MEMORY, "out of memory");
    arena_init(&made->arena, &context->allocator, context->memory_limit);
    const mica_status status = diff_all(made, a, b, error);
    if (status != MICA_OK) {
        mica_diff_destroy(made);
        return status;
    }
    *diff = made;
    return MICA_OK;
}

void mica_diff_destroy(mica_diff *diff) {
    if (!diff) return;
    arena_free(&diff->arena);
    free(diff);
}

const mica_diff_row *mica_diff_at(const mica_diff *diff, size_t index) {
    return index < diff->count ? &diff->rows[index] : NULL;
}

#define WORTH_A_LOOK 0.01 /* share of an execution below which a node may be as slow as it likes */

const mica_diff_row *mica_diff_slower(const mica_diff *diff, double percent) {
    const double limit = 1 + percent / 100;
    for (size_t i = 0; i < diff->count; i++) {
        const mica_diff_row *const row = &diff->rows[i];
        if (!row->a || !row->b || isnan(row->ratio)) continue;
        const bool execution = strcmp(row->b->name, EXECUTE) == 0;
        if (!execution && !(row->b->role == MICA_ROW_WORK && row->b->share >= WORTH_A_LOOK)) continue;
        if (isnan(row->low) ? execution && row->ratio > limit : row->low > limit) return row;
    }
    return NULL;
}
