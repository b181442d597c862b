/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of PF32 and PF16 over the vectors of simd_*.h, included once for each instruction set.
 *
 * Sums are f32 and start with the bias; PF16 widens its weights on loading and rounds once at the end. Rows are
 * counted at compile time, so that sums stay in registers and a call of few rows costs no more than these.
 */
#include "kernel/gemm/float_pack.h"

INLINE vfloat weight_load(const char *weights, size_t i, const bool half) {
    return half ? half_load((const uint16_t *)weights + i) : float_load((const float *)weights + i);
}

INLINE void float_step(vfloat sums[ROWS][VECTORS], const row_bases *left, const char *weights, size_t ahead,
                       const size_t rows, const size_t vectors, const bool half) {
    vfloat w[VECTORS];
    ask_ahead(weights, COLUMNS * (half ? 2 : 4), ahead);
    UNROLL for (size_t v = 0; v < vectors; v++) w[v] = weight_load(weights, v * LANES, half);
    UNROLL for (size_t m = 0; m < rows; m++) {
        const vfloat x = float_splat(*(const float *)(const void *)row_of(left, m));
        UNROLL for (size_t v = 0; v < vectors; v++) sums[m][v] = float_fma(x, w[v], sums[m][v]);
    }
}

/* Few rows are too few sums to hide a multiply-add's latency: then 2 or 4 elements of k go into sums of their own. */
INLINE void float_sums(vfloat sums[ROWS][VECTORS], const left_operand *left, const float *row_bias, const char *panel,
                       size_t ahead, const size_t rows, const size_t vectors, const bool half) {
    const size_t splits = rows >= 4 ? 1 : rows >= 2 ? 2 : 4, step = COLUMNS * (half ? 2 : 4);
    const char *weights = panel + COLUMNS * sizeof(float);
    vfloat split[4][ROWS][VECTORS];
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            sums[m][v] = row_bias ? float_splat(row_bias[m]) : float_load((const float *)panel + v * LANES);
            UNROLL for (size_t s = 1; s < splits; s++) split[s][m][v] = float_splat(0);
        }
    }
    for (size_t t = 0; t < left->tap_count; t++) {
        row_bases at = rows_from(left->first + left->taps[t], left->stride, rows);
        size_t k = left->tap_length;
        for (; k >= splits; k -= splits) {
            UNROLL for (size_t s = 0; s < splits; s++, weights += step) {
                float_step(s ? split[s] : sums, &at, weights, ahead, rows, vectors, half);
                rows_advance(&at, sizeof(float), rows);
            }
        }
        for (; k > 0; k--, weights += step) {
            float_step(sums, &at, weights, ahead, rows, vectors, half);
            rows_advance(&at, sizeof(float), rows);
        }
    }
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            UNROLL for (size_t s = 1; s < splits; s++) sums[m][v] = float_add(sums[m][v], split[s][m][v]);
        }
    }
}

/* One tile of `rows` x `columns`, which fill `vectors` vectors, the last perhaps in part. */
INLINE void float_tile(const gemm_tile *tile, const left_operand *left, const char *panel, size_t n, size_t columns,
                       const size_t rows, const size_t vectors, const bool half) {
    const vfloat min = float_splat(tile->min), max = float_splat(tile->max);
    const size_t last = lanes_of(columns, (vectors - 1) * LANES);
    vfloat sums[ROWS][VECTORS];
    float_sums(sums, left, half ? NULL : tile->row_bias, panel, ahead_of(tile->ahead, rows), rows, vectors, half);
    UNROLL for (size_t m = 0; m < rows; m++) {
        char *row = (char *)tile->out + m * tile->out_stride;
        UNROLL for (size_t v = 0; v < vectors; v++) {
            const vfloat value = float_min(max, float_max(min, sums[m][v]));
            const size_t at = n + v * LANES, count = v + 1 < vectors ? LANES : last;
            if (half) {
                half_store_first((uint16_t *)row + at, value, count);
            } else {
                float_store_first((float *)row + at, value, count);
            }
        }
    }
}

INLINE void float_rows(const gemm_tile *tile, const left_operand *left, const size_t rows, const bool half) {
    const size_t panel_size = half ? right_size_f16(tile->k, 0) : right_size_f32(tile->k, 0);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS, panel += panel_size) {
        const size_t columns = tile->n - n;
        if (columns > LANES) {
            float_tile(tile, left, panel, n, columns, rows, 2, half);
        } else {
            float_tile(tile, left, panel, n, columns, rows, 1, half);
        }
    }
}

#define ROWS_F32(rows)                                                                                               \
    case rows: float_rows(tile, &left, rows, false); break;
#define ROWS_F16(rows)                                                                                               \
    case rows: float_rows(tile, &left, rows, true); break;

static void run_f32(const gemm_tile *tile) {
    const left_operand left = left_in_rows(tile, left_stride(tile->k));
    switch (tile->m) { EACH_ROW_COUNT(ROWS_F32) }
}

static void run_f16(const gemm_tile *tile) {
    const left_operand left = left_in_rows(tile, left_stride(tile->k));
    switch (tile->m) { EACH_ROW_COUNT(ROWS_F16) }
}

static void run_row_f32(const gemm_tile *tile) {
    const left_operand left = left_in_rows(tile, 0);
    if (tile->m) float_rows(tile, &left, 1, false);
}

static void run_row_f16(const gemm_tile *tile) {
    const left_operand left = left_in_rows(tile, 0);
    if (tile->m) float_rows(tile, &left, 1, true);
}

static void store_f32(const void *from, size_t count, void *to) { memcpy(to, from, count * sizeof(float)); }

static void store_f16(const void *from, size_t count, void *to) {
    const size_t whole = count / LANES * LANES;
    const uint16_t *rest = (const uint16_t *)from + whole;
    store_floats(from, whole, to, GEMM_F16);
    if (whole == count) return;
    float_store_first((float *)to + whole, any_load_first((const char *)rest, count - whole, GEMM_F16),
                      count - whole);
}

static const gemm_rhs_packing right_f32 = {"f32", COLUMNS, 1, right_size_f32, pack_right_f32};
static const gemm_lhs_packing left_panel = {"rows_f32", ROWS, 1, left_size, pack_left};
static const gemm_lhs_packing left_row = {"row_f32", 1, 1, left_size_row, pack_left};
