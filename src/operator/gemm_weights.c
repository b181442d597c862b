/* SPDX-License-Identifier: Apache-2.0
 *
 * Right operands that are constant, as requests for packed weights: a piece is a panel.
 */
#include <string.h>

#include "operator/gemm.h"

typedef struct packer {
    const gemm_plan *plan;
    gemm_rhs rhs;        /* of matrix 0 */
    size_t panels;       /* of each matrix */
    size_t matrix_bytes; /* from matrix to matrix */
    size_t channels;     /* scales and biases from matrix to matrix */
} packer;

static void pack(const void *argument, size_t first, size_t count, uint8_t *packed) {
    const packer *const p = argument;
    while (count) {
        const size_t matrix = first / p->panels, panel = first % p->panels, here = min_size(count, p->panels - panel);
        gemm_rhs rhs = p->rhs;
        rhs.data = (const uint8_t *)rhs.data + matrix * p->matrix_bytes;
        if (rhs.scale) rhs.scale += matrix * p->channels;
        if (rhs.bias) rhs.bias += matrix * p->channels;
        if (rhs.bias_i32) rhs.bias_i32 += matrix * p->channels;
        p->plan->packing->pack(&rhs, panel, here, packed);
        packed += here * p->plan->panel_bytes;
        first += here;
        count -= here;
    }
}

static hash128 add_array(hash128 hash, const void *data, size_t size) {
    return hash_bytes(data, data ? size : 0, hash);
}

static size_t scale_bytes(const gemm_rhs *rhs) {
    return rhs->block ? rhs->n * (rhs->k / rhs->block) * sizeof *rhs->block_scale : 0;
}

/* All that packed bytes depend on besides the source's contents. */
static hash128 key_of(const packer *p, size_t matrices) {
    const gemm_rhs *const rhs = &p->rhs;
    const uint64_t numbers[] = {
        rhs->type,  rhs->n,   rhs->k,    rhs->n_stride,        rhs->k_stride,
        rhs->block, matrices, p->panels, p->plan->panel_bytes, (uint64_t)(int64_t)rhs->lhs_zero_point,
    };
    const size_t channels = p->channels ? p->channels * matrices : rhs->n;
    const char *const name = p->plan->kernel->name; /* which says variant, tile and instruction set */
    hash128 hash = hash_bytes(numbers, sizeof numbers, (hash128){0});
    hash = hash_bytes(name, strlen(name), hash);
    hash = add_array(hash, rhs->scale, channels * sizeof *rhs->scale);
    hash = add_array(hash, rhs->bias, channels * sizeof *rhs->bias);
    hash = add_array(hash, rhs->bias_i32, channels * sizeof *rhs->bias_i32);
    return add_array(hash, rhs->block_scale, scale_bytes(rhs));
}

#define CORNER_K 256

/* A corner of the packed weights themselves belongs to the key of what is kept in files: a packing that has changed
 * since gives another. */
static mica_status add_corner(const packer *p, const mica_allocator *allocator, hash128 *key, mica_error *error) {
    gemm_rhs rhs = p->rhs;
    const gemm_rhs_packing *const packing = p->plan->packing;
    rhs.n = min_size(rhs.n, packing->nr + 1);
    if (!rhs.block) rhs.k = min_size(rhs.k, CORNER_K);
    const size_t panels = divide_up(rhs.n, packing->nr), size = panels * packing->panel_size(rhs.k, rhs.block);
    struct buffer corner = {0};
    TRY(buffer_reserve(&corner, allocator, max_size(size, 1), 0, error));
    memset(corner.data, 0, corner.size); /* packings need not write what fills up their panels */
    packing->pack(&rhs, 0, panels, corner.data);
    *key = hash_bytes(corner.data, size, *key);
    buffer_free(&corner, allocator);
    return MICA_OK;
}

mica_status gemm_ask(gemm_plan *plan, const gemm_rhs *rhs, const gemm_constant *constant, struct weights *weights,
                     const uint8_t **packed, mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(weights->arena, sizeof(packer), &memory, error));
    packer *const p = memory;
    plan->weights = weights;
    const size_t element = rhs->type == GEMM_F32 ? 4 : rhs->type == GEMM_F16 ? 2 : 1;
    const size_t column = rhs->type == GEMM_I4 ? rhs->n_stride : rhs->k * element; /* bytes */
    *p = (packer){plan, *rhs, divide_up(rhs->n, plan->packing->nr), rhs->n * column, constant->channels};
    weights_request request = {.packed = packed,
                               .piece_bytes = plan->panel_bytes,
                               .pack = pack,
                               .packer = p,
                               .source = constant->source ? constant->source : rhs->data,
                               .source_bytes = constant->source_bytes,
                               .scales = rhs->block_scale,
                               .scale_bytes = scale_bytes(rhs),
                               .in_order = rhs->k_stride == 1 && !constant->source,
                               .key = key_of(p, constant->matrices)};
    if (!size_mul(constant->matrices, p->panels, &request.piece_count) ||
        (!constant->source && !size_mul(constant->matrices, p->matrix_bytes, &request.source_bytes))) {
        return error_set(error, MICA_ERROR_LIMIT, "the packed weights are too large");
    }
    const bool kept = weights->origin && weights->origin->cache && request.source_bytes && request.piece_count;
    if (kept) TRY(add_corner(p, weights->allocator, &request.key, error));
    return weights_ask(weights, &request, error);
}
