/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of PF32 and PF16 over the vectors of simd_*.h, included once for each instruction set.
 *
 * Sums are f32 and start with the bias; PF16 widens its weights on loading and rounds once at the end. Rows are
 * counted at compile time, so that sums stay in registers and a call of few rows costs no more than these.
 */
#include "kernel/gemm/float_pack.h"

/* Elements of a left operand: a packed panel, or rows as they are, `stride` bytes apart. A base serves as many rows as
 * an address can reach with one index: all of a panel, base + {0, 1, 2}·stride of rows. */
enum { ROWS_PER_BASE = 3, BASES = (ROWS + ROWS_PER_BASE - 1) / ROWS_PER_BASE };
typedef struct float_left {
    const char *base[BASES];
    size_t stride;
} float_left;

INLINE float_left left_of(const gemm_tile *tile, const bool direct) {
    float_left left = {.stride = direct ? tile->lhs_stride : sizeof(float)};
    for (size_t b = 0; b < BASES; b++) left.base[b] = (const char *)tile->lhs + b * ROWS_PER_BASE * left.stride;
    return left;
}

INLINE const float *left_at(const float_left *left, size_t m, const bool direct) {
    const size_t b = direct ? m / ROWS_PER_BASE : 0;
    return (const float *)(left->base[b] + (m - b * ROWS_PER_BASE) * left->stride);
}

INLINE void left_next(float_left *left, const size_t rows, const bool direct) {
    const size_t bases = direct ? (rows + ROWS_PER_BASE - 1) / ROWS_PER_BASE : 1;
    UNROLL for (size_t b = 0; b < bases; b++) left->base[b] += direct ? sizeof(float) : LANES * sizeof(float);
}

INLINE vfloat weight_load(const char *weights, size_t i, const bool half) {
    return half ? half_load((const uint16_t *)weights + i) : float_load((const float *)weights + i);
}

INLINE void float_step(vfloat sums[ROWS][VECTORS], const float_left *left, const char *weights, const size_t rows,
                       const size_t vectors, const bool direct, const bool half) {
    vfloat w[VECTORS];
    UNROLL for (size_t v = 0; v < vectors; v++) w[v] = weight_load(weights, v * LANES, half);
    UNROLL for (size_t m = 0; m < rows; m++) {
        const vfloat x = float_splat(*left_at(left, m, direct));
        UNROLL for (size_t v = 0; v < vectors; v++) sums[m][v] = float_fma(x, w[v], sums[m][v]);
    }
}

/* Few rows are too few sums to hide a multiply-add's latency: then 2 or 4 elements of k go into sums of their own. */
INLINE void float_sums(vfloat sums[ROWS][VECTORS], float_left left, const char *panel, size_t k, const size_t rows,
                       const size_t vectors, const bool direct, const bool half) {
    const size_t splits = rows >= 4 ? 1 : rows >= 2 ? 2 : 4, step = COLUMNS * (half ? 2 : 4);
    const char *weights = panel + COLUMNS * sizeof(float);
    vfloat split[4][ROWS][VECTORS];
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            sums[m][v] = float_load((const float *)panel + v * LANES);
            UNROLL for (size_t s = 1; s < splits; s++) split[s][m][v] = float_splat(0);
        }
    }
    for (; k >= splits; k -= splits) {
        UNROLL for (size_t s = 0; s < splits; s++, weights += step) {
            float_step(s ? split[s] : sums, &left, weights, rows, vectors, direct, half);
            left_next(&left, rows, direct);
        }
    }
    for (; k > 0; k--, weights += step) {
        float_step(sums, &left, weights, rows, vectors, direct, half);
        left_next(&left, rows, direct);
    }
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            UNROLL for (size_t s = 1; s < splits; s++) sums[m][v] = float_add(sums[m][v], split[s][m][v]);
        }
    }
}

/* One tile of `rows` x `columns`, which fill `vectors` vectors, the last perhaps in part. */
INLINE void float_tile(const gemm_tile *tile, const char *panel, size_t n, size_t columns, const size_t rows,
                       const size_t vectors, const bool direct, const bool half) {
    const vfloat min = float_splat(tile->min), max = float_splat(tile->max);
    const size_t last = lanes_of(columns, (vectors - 1) * LANES);
    vfloat sums[ROWS][VECTORS];
    float_sums(sums, left_of(tile, direct), panel, tile->k, rows, vectors, direct, half);
    UNROLL for (size_t m = 0; m < rows; m++) {
        char *row = (char *)tile->out + m * tile->out_stride;
        UNROLL for (size_t v = 0; v < vectors; v++) {
            const vfloat value = float_min(float_max(sums[m][v], min), max);
            const size_t at = n + v * LANES, count = v + 1 < vectors ? LANES : last;
            if (half) {
                half_store_first((uint16_t *)row + at, value, count);
            } else {
                float_store_first((float *)row + at, value, count);
            }
        }
    }
}

INLINE void float_rows(const gemm_tile *tile, const size_t rows, const bool direct, const bool half) {
    const size_t panel_size = half ? right_size_f16(tile->k, 0) : right_size_f32(tile->k, 0);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS, panel += panel_size) {
        const size_t columns = tile->n - n;
        if (columns > LANES) {
            float_tile(tile, panel, n, columns, rows, 2, direct, half);
        } else {
            float_tile(tile, panel, n, columns, rows, 1, direct, half);
        }
    }
}

#define ROWS_F32(rows)                                                                                               \
    case rows: float_rows(tile, rows, false, false); break;
#define ROWS_F32_DIRECT(rows)                                                                                        \
    case rows: float_rows(tile, rows, true, false); break;
#define ROWS_F16(rows)                                                                                               \
    case rows: float_rows(tile, rows, false, true); break;

static void run_f32(const gemm_tile *tile) {
    if (tile->direct) {
        switch (tile->m) { EACH_ROW_COUNT(ROWS_F32_DIRECT) }
    } else {
        switch (tile->m) { EACH_ROW_COUNT(ROWS_F32) }
    }
}

static void run_f16(const gemm_tile *tile) {
    switch (tile->m) { EACH_ROW_COUNT(ROWS_F16) }
}

static void run_row_f32(const gemm_tile *tile) {
    if (tile->m) float_rows(tile, 1, true, false);
}

static void run_row_f16(const gemm_tile *tile) {
    if (tile->m) float_rows(tile, 1, true, true);
}

static const gemm_rhs_packing right_f32 = {"f32", COLUMNS, 1, right_size_f32, pack_right_f32};
static const gemm_lhs_packing left = {"f32", ROWS, 1, left_size, pack_left};
static const gemm_lhs_packing left_row = {"row_f32", 1, 1, left_size_row, pack_left_row};
