/* SPDX-License-Identifier: Apache-2.0
 *
 * Few queries read keys and values where they lie. Many are worth packing both for the matrix kernels of delegates: all
 * heads first, then blocks of queries, on all threads.
 */
#include "runtime/portable/attend.h"

#include <math.h>
#include <string.h>

#include "operator/gemm.h"

enum {
    FEW_ROWS = 4,      /* of a block whose keys are read where they lie */
    MANY_QUERIES = 12, /* are worth packing, */
    LEAST_WIDTH = 16,  /* heads of fewer elements are not: panels would be mostly empty */
    GRAIN = 65536      /* multiply-adds of one task, at least */
};

/* ---- memory ---- */

static float *head_at(const head_view *v, size_t image, size_t head, size_t position) {
    return (float *)(uintptr_t)v->data + image * v->strides[0] + head * v->strides[1] + position * v->strides[2];
}

static size_t key_heads(const attention *a) { return a->heads / a->shared; }

/* Bytes of one thread's rows for the kernel: queries, later weights of values. */
static size_t left_size(const attention *a) {
    return a->kernel ? a->kernel->lhs->panel_size(max_size(a->keys, a->width)) : 0;
}

static bool packs(const kernel_call *call, const attention *a) {
    return call->kernels != MICA_KERNELS_REFERENCE && a->queries >= MANY_QUERIES && a->width >= LEAST_WIDTH;
}

mica_status attention_plan(kernel_call *call, attention *a) {
    const kernel_version version = kernel_version_select(softmax_names, call->features, call->kernels);
    void *memory = NULL;
    a->softmax = softmax_versions[version];
    a->dots = product_kernels[version][PRODUCT_DOTS];
    a->products = product_kernels[version][PRODUCT_ROWS];
    a->by_heads = a->queries == 1;
    const size_t lines = a->by_heads ? a->shared : a->queries;
    a->kernel =
        packs(call, a) ? gemm_select(GEMM_PF32, call->features, gemm_level_of(call->kernels), lines, NULL) : NULL;
    a->rows = gemm_even_rows(lines, a->kernel ? a->kernel->mr : FEW_ROWS);
    a->blocks = divide_up(lines, a->rows);
    if (a->kernel) {
        const gemm_rhs_packing *const packing = a->kernel->rhs;
        a->key_size = packing->panel_size(a->width, 0) * divide_up(a->keys, packing->nr);
        a->head_size = a->key_size + packing->panel_size(a->keys, 0) * divide_up(a->width, packing->nr);
        TRY(call_scratch_array(call, a->batch * key_heads(a), a->head_size, &memory));
        a->packed = memory;
    }
    /* An odd number of cache lines: rows do not fall on each other in the first cache. */
    a->scores_stride =
        (divide_up(max_size(a->keys, 1) * sizeof(float), MEMORY_ALIGNMENT) | 1) * MEMORY_ALIGNMENT / sizeof(float);
    a->sums_at = a->rows * a->scores_stride;
    a->left_at = a->sums_at + round_up(a->rows, MEMORY_ALIGNMENT);
    a->work_size = a->left_at * sizeof(float) + left_size(a);
    a->grain = max_size(GRAIN / max_size(a->rows * a->keys * a->width, 1), 1);
    TRY(call_scratch_array(call, call->threads, a->work_size, &memory));
    a->work = memory;
    return MICA_OK;
}

/* ---- packing ---- */

/* Keys, or values, of one head. */
static void pack_head(void *argument, size_t index, size_t thread) {
    (void)thread;
    const attention *const a = argument;
    const size_t group = index / 2, image = group / key_heads(a), head = group % key_heads(a);
    const bool keys = index % 2 == 0;
    const head_view *const from = keys ? &a->k : &a->v;
    const size_t stride = from->strides[2];
    const gemm_rhs rhs = {.type = GEMM_F32,
                          .data = head_at(from, image, head, 0),
                          .n = keys ? a->keys : a->width,
                          .k = keys ? a->width : a->keys,
                          .n_stride = keys ? stride : 1,
                          .k_stride = keys ? 1 : stride};
    const gemm_rhs_packing *const packing = a->kernel->rhs;
    packing->pack(&rhs, 0, divide_up(rhs.n, packing->nr),
                  a->packed + group * a->head_size + (keys ? 0 : a->key_size));
}

/* ---- blocks of queries ---- */

/* Rows that meet the same keys. */
typedef struct query_block {
    const float *q;
    float *out;
    size_t q_stride, out_stride; /* elements from row to row */
    size_t group;                /* key head of all images */
    const float *keys, *values;  /* where they lie */
    size_t first, count;         /* position of row 0, rows */
    size_t step;                 /* positions from row to row: 0 or 1 */
    size_t seen;                 /* keys that the last row sees */
} query_block;

static size_t keys_seen(const attention *a, size_t position) {
    return a->causal ? min_size(a->start + position + 1, a->keys) : a->keys;
}

static query_block block_of(const attention *a, size_t index) {
    const size_t group = index / a->blocks, first = index % a->blocks * a->rows;
    const size_t heads = a->by_heads ? key_heads(a) : a->heads, image = group / heads, head = group % heads;
    const size_t key_head = a->by_heads ? head : head / a->shared;
    const size_t q_head = a->by_heads ? head * a->shared + first : head, position = a->by_heads ? 0 : first;
    query_block block = {.q = head_at(&a->q, image, q_head, position),
                         .out = head_at(&a->out, image, q_head, position),
                         .q_stride = a->q.strides[a->by_heads ? 1 : 2],
                         .out_stride = a->out.strides[a->by_heads ? 1 : 2],
                         .group = image * key_heads(a) + key_head,
                         .keys = head_at(&a->k, image, key_head, 0),
                         .values = head_at(&a->v, image, key_head, 0),
                         .first = position,
                         .count = min_size(a->rows, (a->by_heads ? a->shared : a->queries) - first),
                         .step = !a->by_heads};
    block.seen = keys_seen(a, position + block.step * (block.count - 1));
    return block;
}

/* Scores to exponentials, and their sums. */
static void weigh(const attention *a, const query_block *block, float *scores, float *sums) {
    for (size_t i = 0; i < block->count; i++) {
        float *const row = scores + i * a->scores_stride;
        const size_t position = block->first + i * block->step, seen = keys_seen(a, position);
        const float *const mask = a->mask ? a->mask + position * a->keys : NULL;
        a->softmax->scale(seen, row, a->scale, row);
        for (size_t t = 0; mask && t < seen; t++) row[t] += mask[t];
        sums[i] = a->softmax->exponentials(seen, row, a->softmax->largest(seen, row, -INFINITY), row);
        memset(row + seen, 0, (block->seen - seen) * sizeof *row);
    }
}

/* As keys and values lie. */
static void attend(const attention *a, const query_block *block, float *scores, float *sums) {
    product_call product = {.m = block->count,
                            .n = block->seen,
                            .k = a->width,
                            .a = block->q,
                            .b = block->keys,
                            .out = scores,
                            .a_stride = block->q_stride,
                            .b_stride = a->k.strides[2],
                            .next = block->values,
                            .out_stride = a->scores_stride};
    memset(scores, 0, block->count * a->scores_stride * sizeof *scores);
    a->dots(&product);
    weigh(a, block, scores, sums);
    for (size_t i = 0; i < block->count; i++) memset(block->out + i * block->out_stride, 0, a->width * sizeof(float));
    product = (product_call){.m = block->count,
                             .n = a->width,
                             .k = block->seen,
                             .a = scores,
                             .b = block->values,
                             .out = block->out,
                             .a_stride = a->scores_stride,
                             .b_stride = a->v.strides[2],
                             .next = block->keys + a->k.strides[1],
                             .out_stride = block->out_stride};
    a->products(&product);
}

/* Rows for the kernel, packed into `room` unless it reads them where they are. */
static gemm_tile tile_of(const attention *a, const float *rows, size_t stride, size_t count, size_t k, void *room,
                         bool in_place) {
    gemm_tile tile = {.m = count, .k = k, .lhs = rows, .lhs_stride = stride * sizeof(float), .direct = in_place};
    tile.min = -INFINITY;
    tile.max = INFINITY;
    if (in_place) return tile;
    const gemm_lhs lhs = {
        .type = GEMM_F32, .row_stride = tile.lhs_stride, .data = rows, .tap_count = 1, .tap_length = k};
    a->kernel->lhs->pack(&lhs, 0, count, room);
    tile.lhs = room;
    return tile;
}

/* By packed keys and values. A panel of fewer elements is the beginning of one of more, so that rows that do not see the
 * last keys end early. */
static void attend_packed(const attention *a, const query_block *block, float *scores, void *room, float *sums) {
    const gemm_rhs_packing *const packing = a->kernel->rhs;
    const uint8_t *const keys = a->packed + block->group * a->head_size, *const values = keys + a->key_size;
    const size_t value_panel = packing->panel_size(a->keys, 0);
    gemm_tile tile = tile_of(a, block->q, block->q_stride, block->count, a->width, room, false);
    tile.n = block->seen;
    tile.rhs = keys;
    tile.out = scores;
    tile.out_stride = a->scores_stride * sizeof(float);
    a->kernel->run(&tile);
    weigh(a, block, scores, sums);
    tile = tile_of(a, scores, a->scores_stride, block->count, block->seen, room, a->kernel->store != NULL);
    tile.out_stride = block->out_stride * sizeof(float);
    for (size_t j = 0; j < a->width; j += packing->nr) {
        tile.n = min_size(packing->nr, a->width - j);
        tile.rhs = values + j / packing->nr * value_panel;
        tile.out = block->out + j;
        a->kernel->run(&tile);
    }
}

static void attend_block(const attention *a, const query_block *block, float *work) {
    float *const scores = work, *const sums = work + a->sums_at;
    if (a->kernel) {
        attend_packed(a, block, scores, work + a->left_at, sums);
    } else {
        attend(a, block, scores, sums);
    }
    for (size_t i = 0; i < block->count; i++) {
        float *const out = block->out + i * block->out_stride;
        a->softmax->scale(a->width, out, 1 / sums[i], out);
    }
}

static size_t all_blocks(const attention *a) {
    return a->batch * (a->by_heads ? key_heads(a) : a->heads) * a->blocks;
}

static void attend_task(void *argument, size_t index, size_t thread) {
    const attention *const a = argument;
    const size_t begin = index * a->grain, end = min_size(begin + a->grain, all_blocks(a));
    for (size_t i = begin; i < end; i++) {
        const query_block block = block_of(a, i);
        attend_block(a, &block, (float *)(void *)(a->work + thread * a->work_size));
    }
}

void attention_run(struct pool *pool, size_t threads, attention *a) {
    if (a->kernel) pool_run(pool, threads, a->batch * key_heads(a) * 2, pack_head, a);
    pool_run(pool, threads, divide_up(all_blocks(a), a->grain), attend_task, a);
}
