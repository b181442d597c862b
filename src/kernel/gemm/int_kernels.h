/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of the integer variants over the vectors of simd_*.h and the dot product of dot_*.h, included once for each
 * instruction set.
 *
 * A tile's sums, which are exact, go into a small buffer; what follows them is written once for any number of rows.
 * Rows are counted at compile time, so that sums stay in registers and a call of few rows costs no more than these.
 */
#include "kernel/gemm/int_pack.h"

/* ---- sums of one tile: `rows` x `columns` into sums[rows][COLUMNS] ---- */

typedef struct left_view {
    const int32_t *correction;  /* of each row */
    const float *inverse_scale; /* of each row */
    const int32_t *data;        /* KR activations each, those of the next KR `step` further on */
    size_t step;
    size_t ahead; /* as the tile's, */
    gemm_home home;
} left_view;

INLINE left_view left_of(const gemm_tile *tile) {
    const int32_t *head = tile->lhs;
    const size_t step = (size_t)head[0];
    return (left_view){
        head + 1,  (const float *)(head + 1 + step), head + left_head_size(step) / sizeof *head, step, tile->ahead,
        tile->home};
}

/* One step of int8 weights, or all steps of one load of nibbles. */
INLINE void int_step(vsum sums[ROWS][VECTORS], const int32_t *left, size_t left_step, const char *weights,
                     const size_t rows, const size_t vectors, const bool nibble) {
    const size_t steps = nibble ? 8 / KR : 1;
    vint eight[VECTORS];
    UNROLL for (size_t v = 0; v < vectors && nibble; v++) {
        eight[v] = int_load(weights + v * LANES * sizeof(int32_t));
        if (rows == 1) KEEP(eight[v]); /* or it is loaded once for each step */
    }
    UNROLL for (size_t s = 0; s < steps; s++, left += left_step) {
        vint w[VECTORS];
        UNROLL for (size_t v = 0; v < vectors; v++) {
            w[v] = nibble ? nibbles(eight[v], s) : weights_load(weights + v * LANES * KR);
        }
        UNROLL for (size_t m = 0; m < rows; m++) {
            const vint x = int_splat(left[m]);
            UNROLL for (size_t v = 0; v < vectors; v++) sums[m][v] = dot(sums[m][v], x, w[v]);
        }
    }
}

/* Few rows are too few sums to hide the latency of a dot product: then so many steps go into sums of their own. */
INLINE size_t splits_of(const size_t rows) { return rows >= 4 ? 1 : rows >= 2 ? 2 : 4; }

/* Sums over k elements, a multiple of 32 in a block. */
INLINE void int_sums(vsum sums[ROWS][VECTORS], const int32_t *left, size_t left_step, const char *weights,
                     size_t ahead, size_t k, const size_t rows, const size_t vectors, const size_t splits,
                     const bool nibble, const bool block, const bool asks) {
    const size_t step_k = nibble ? 8 : KR;
    const size_t step = nibble ? COLUMNS * sizeof(int32_t) : COLUMNS * KR, left_next = left_step * (step_k / KR);
    vsum split[4][ROWS][VECTORS];
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            sums[m][v] = (vsum){0};
            UNROLL for (size_t s = 1; s < splits; s++) split[s][m][v] = (vsum){0};
        }
    }
    size_t steps = divide_up(k, step_k);
    for (; steps >= splits; steps -= splits) {
        UNROLL for (size_t s = 0; s < splits; s++, left += left_next, weights += step) {
            if (asks) ask_ahead(weights, step, ahead);
            int_step(s ? split[s] : sums, left, left_step, weights, rows, vectors, nibble);
        }
    }
    for (; steps > 0 && !block; steps--, left += left_next, weights += step) {
        int_step(sums, left, left_step, weights, rows, vectors, nibble);
    }
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            UNROLL for (size_t s = 1; s < splits; s++) sums[m][v] += split[s][m][v];
        }
    }
}

INLINE void store_sums(int32_t *out, const left_view *left, const char *weights, size_t k, const size_t rows,
                       const size_t vectors, const bool nibble) {
    vsum sums[ROWS][VECTORS];
    const size_t ahead = ahead_of(left->ahead, rows), splits = splits_of(rows);
    if (rows == 1 && left->home != GEMM_IN_MEMORY) {
        int_sums(sums, left->data, left->step, weights, ahead, k, rows, vectors, splits, nibble, false, false);
    } else {
        int_sums(sums, left->data, left->step, weights, ahead, k, rows, vectors, splits, nibble, false, true);
    }
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            int_store(out + m * COLUMNS + v * LANES, int_sar((vint)sums[m][v], nibble ? NIBBLE_SHIFT : 0));
        }
    }
}

/* Σ_blocks of scale times the sum of a block. */
INLINE void store_block_sums(float *out, const left_view *left, const char *packed, size_t k, size_t block,
                             const size_t rows, const size_t vectors, const size_t splits) {
    const size_t ahead = ahead_of(left->ahead, rows);
    const int32_t *data = left->data;
    vfloat totals[ROWS][VECTORS];
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) totals[m][v] = float_splat(0);
    }
    for (; k > 0; k -= block, data += block / KR * left->step) {
        vsum sums[ROWS][VECTORS];
        int_sums(sums, data, left->step, packed, ahead, block, rows, vectors, splits, true, true, true);
        packed += block / 2 * COLUMNS;
        ask_ahead(packed, COLUMNS * sizeof(uint16_t), ahead);
        vint scales = int_load(packed);
        KEEP(scales);
        UNROLL for (size_t v = 0; v < vectors; v++) {
            const vfloat scale = block_scales(scales, v);
            UNROLL for (size_t m = 0; m < rows; m++) {
                totals[m][v] = float_fma(float_of_int((vint)sums[m][v]), scale, totals[m][v]);
            }
        }
        packed += COLUMNS * sizeof(uint16_t);
    }
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            const vfloat factor = float_splat(1.0f / (1 << NIBBLE_SHIFT));
            float_store(out + m * COLUMNS + v * LANES, float_mul(totals[m][v], factor));
        }
    }
}

/* `rows` are known to the compiler, `columns` are not: 1 to COLUMNS. */
INLINE void sums_of_rows(int32_t *out, const left_view *left, const char *weights, size_t k, size_t columns,
                         const size_t rows, const bool nibble) {
    if (columns > LANES) {
        store_sums(out, left, weights, k, rows, 2, nibble);
    } else {
        store_sums(out, left, weights, k, rows, 1, nibble);
    }
}

INLINE void block_sums_of_rows(float *out, const left_view *left, const char *packed, size_t k, size_t block,
                               size_t columns, const size_t rows) {
    if (columns <= LANES) {
        store_block_sums(out, left, packed, k, block, rows, 1, splits_of(rows));
    } else if (rows == 1 && block == 32) { /* its sums are done when those of the next blocks have begun */
        store_block_sums(out, left, packed, k, 32, rows, 2, 1);
    } else {
        store_block_sums(out, left, packed, k, block, rows, 2, splits_of(rows));
    }
}

#define SUMS_I8(rows)                                                                                                \
    case rows: sums_of_rows(out, left, weights, k, columns, rows, false); break;
#define SUMS_I4(rows)                                                                                                \
    case rows: sums_of_rows(out, left, weights, k, columns, rows, true); break;
#define SUMS_BLOCK(rows)                                                                                             \
    case rows: block_sums_of_rows(out, &part, packed, k, block, columns, rows); break;

static void sums_i8(int32_t *out, const left_view *left, const char *weights, size_t k, size_t rows, size_t columns) {
    switch (rows) { EACH_ROW_COUNT(SUMS_I8) }
}

static void sums_i4(int32_t *out, const left_view *left, const char *weights, size_t k, size_t rows, size_t columns) {
    switch (rows) { EACH_ROW_COUNT(SUMS_I4) }
}

/* BLOCK_ROWS at most at a time: as many as have room for their totals beside the sums of a block. */
static void sums_block(float *out, const left_view *left, const char *packed, size_t k, size_t block, size_t rows,
                       size_t columns) {
    left_view part = *left;
    const size_t most = gemm_even_rows(rows, BLOCK_ROWS);
    for (size_t first = 0; first < rows; first += most, part.data += most, out += most * COLUMNS) {
        switch (min_size(most, rows - first)) { EACH_BLOCK_ROW_COUNT(SUMS_BLOCK) }
    }
}

/* ---- what follows the sums of one panel's columns, of which all are there where `whole` ---- */

INLINE vfloat clamp(vfloat value, vfloat min, vfloat max) { return float_min(max, float_max(min, value)); }

INLINE void finish_channel(const gemm_tile *tile, const left_view *left, const right_head *head, const int32_t *sums,
                           char *out, size_t columns, const bool whole) {
    const vfloat min = float_splat(tile->min), max = float_splat(tile->max);
    const size_t rows = tile->m, stride = tile->out_stride;
    const int32_t *correction = left->correction;
    const float *inverse_scale = left->inverse_scale;
    for (size_t m = 0; m < rows; m++, sums += COLUMNS, out += stride) {
        UNROLL for (size_t c = 0; c < COLUMNS; c += LANES) {
            if (!whole && c >= columns) break;
            vint sum = int_load(sums + c);
            if (LEFT_OFFSET) sum = int_add(sum, int_mul(int_splat(correction[m]), int_load(head->sums + c)));
            const vfloat scaled = float_mul(float_of_int(sum), float_splat(inverse_scale[m]));
            const vfloat value =
                float_add(float_mul(scaled, float_load(head->scale + c)), float_load(head->bias + c));
            float_store_first((float *)out + c, clamp(value, min, max), whole ? LANES : lanes_of(columns, c));
        }
    }
}

INLINE void finish_block(const gemm_tile *tile, const left_view *left, const right_head *head, const float *sums,
                         char *out, size_t columns, const bool whole) {
    const vfloat min = float_splat(tile->min), max = float_splat(tile->max);
    const size_t rows = tile->m, stride = tile->out_stride;
    const int32_t *correction = left->correction;
    const float *inverse_scale = left->inverse_scale;
    for (size_t m = 0; m < rows; m++, sums += COLUMNS, out += stride) {
        UNROLL for (size_t c = 0; c < COLUMNS; c += LANES) {
            if (!whole && c >= columns) break;
            vfloat sum = float_load(sums + c);
            if (LEFT_OFFSET) sum = float_fma(float_splat((float)correction[m]), float_load(head->scale + c), sum);
            const vfloat value = float_fma(sum, float_splat(inverse_scale[m]), float_load(head->bias + c));
            float_store_first((float *)out + c, clamp(value, min, max), whole ? LANES : lanes_of(columns, c));
        }
    }
}

/* ---- kernels ---- */

INLINE void run_channel(const gemm_tile *tile, const bool nibble) {
    const left_view left = left_of(tile);
    const size_t panel_size = nibble ? right_size_i4(tile->k, 0) : right_size_i8(tile->k, 0);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS, panel += panel_size) {
        const right_head *head = (const right_head *)panel;
        const size_t columns = tile->n - n;
        char *out = (char *)tile->out + n * sizeof(float);
        int32_t sums[ROWS * COLUMNS];
        (nibble ? sums_i4 : sums_i8)(sums, &left, (const char *)(head + 1), tile->k, tile->m, columns);
        if (columns >= COLUMNS) {
            finish_channel(tile, &left, head, sums, out, COLUMNS, true);
        } else {
            finish_channel(tile, &left, head, sums, out, columns, false);
        }
    }
}

static void run_i8(const gemm_tile *tile) { run_channel(tile, false); }
static void run_i4(const gemm_tile *tile) { run_channel(tile, true); }

static void run_block(const gemm_tile *tile) {
    const left_view left = left_of(tile);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS, panel += right_size_block(tile->k, tile->block)) {
        const right_head *head = (const right_head *)panel;
        const size_t columns = tile->n - n;
        char *out = (char *)tile->out + n * sizeof(float);
        float sums[ROWS * COLUMNS];
        sums_block(sums, &left, (const char *)(head + 1), tile->k, tile->block, tile->m, columns);
        if (columns >= COLUMNS) {
            finish_block(tile, &left, head, sums, out, COLUMNS, true);
        } else {
            finish_block(tile, &left, head, sums, out, columns, false);
        }
    }
}

static const gemm_rhs_packing right_i8 = {"i8", COLUMNS, KR, right_size_i8, pack_right_i8};
static const gemm_rhs_packing right_i4 = {"i4", COLUMNS, KR, right_size_i4, pack_right_i4};
static const gemm_rhs_packing right_block = {"i4_block", COLUMNS, KR, right_size_block, pack_right_block};
static const gemm_lhs_packing left_rows = {"rows", ROWS, KR, left_size, pack_left};
static const gemm_lhs_packing left_row = {"row", 1, KR, left_size_row, pack_left_row};
