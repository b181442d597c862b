/* SPDX-License-Identifier: Apache-2.0
 *
 * PQS8: int8 by int8 to int8, over the vectors of simd_*.h and the dot product of dot_*.h. Included after
 * int_kernels.h.
 *
 * Left operands are rows of stored activations, 4 / KR bytes each: a step takes 4 bytes of a row and KR weights of each
 * column. Zero points are in the bias, so sums begin with it and stay in registers until they are bytes.
 */
#include <math.h>

#include "kernel/gemm/left_rows.h"

enum { STORED = 4 / KR }; /* bytes of a stored activation */

/* ---- left operand ---- */

/* Rows follow each other, for dense ones to be one run, unless they would fall on each other in the first cache. */
static size_t static_stride(size_t k) {
    const size_t bytes = round_up(k, 4) * STORED;
    return bytes % 512 ? bytes : panel_stride(bytes);
}
static size_t static_size_of(size_t rows, size_t k) {
    return round_up(rows * static_stride(k), MEMORY_ALIGNMENT) + MEMORY_ALIGNMENT;
}
static size_t static_size(size_t k) { return static_size_of(ROWS, k); }
static size_t static_size_row(size_t k) { return static_size_of(1, k); }

/* Reads no byte past the last, and writes whole vectors. */
INLINE void store_vectors(const char *from, size_t count, char *to) {
    enum { BATCH = LANES * KR }; /* activations in a vector */
    size_t i = 0;
    for (; i + BATCH <= count; i += BATCH) int_store(to + i * STORED, left_of_bytes(from + i, 0));
    if (i < count) int_store(to + i * STORED, left_of_first_bytes(from + i, count - i));
}

static void pack_static(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    const size_t k = lhs_k(lhs), stride = static_stride(k);
    if (!lhs->taps && lhs->row_stride == k && stride == k * STORED) {
        store_vectors(lhs_piece(lhs, first, 0), count * k, panel);
        return;
    }
    for (size_t m = 0; m < count; m++) {
        char *row = (char *)panel + m * stride;
        for (size_t t = 0; t < lhs->tap_count; t++, row += lhs->tap_length * STORED) {
            store_vectors(lhs_piece(lhs, first + m, t), lhs->tap_length, row);
        }
    }
}

/* Writes `count` activations only. */
static void store_static(const void *from, size_t count, void *to) {
    const size_t whole = count / (LANES * KR) * (LANES * KR), rest = count - whole;
    char last[LANES * 4];
    store_vectors(from, whole, to);
    store_vectors((const char *)from + whole, rest, last);
    copy_bytes((char *)to + whole * STORED, last, rest * STORED);
}

/* ---- sums ---- */

INLINE void static_step(vsum sums[ROWS][VECTORS], const row_bases *left, const char *weights, const size_t rows,
                        const size_t vectors) {
    vint w[VECTORS];
    if (rows > 1) ask_ahead(weights, COLUMNS * KR, AHEAD);
    UNROLL for (size_t v = 0; v < vectors; v++) w[v] = weights_load(weights + v * LANES * KR);
    UNROLL for (size_t m = 0; m < rows; m++) {
        int32_t four;
        memcpy(&four, row_of(left, m), sizeof four);
        const vint x = int_splat(four);
        UNROLL for (size_t v = 0; v < vectors; v++) sums[m][v] = dot(sums[m][v], x, w[v]);
    }
}

/* Few rows are too few sums to hide the latency of a dot product: then 2 or 4 steps go into sums of their own. */
INLINE void static_sums(vsum sums[ROWS][VECTORS], const left_operand *left, const right_head *head, const size_t rows,
                        const size_t vectors, const bool biased) {
    const size_t splits = rows >= 4 ? 1 : rows >= 2 ? 2 : 4, step = COLUMNS * KR;
    const char *weights = (const char *)(head + 1);
    vsum split[4][ROWS][VECTORS];
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            sums[m][v] = biased ? (vsum)int_load(head->sums + v * LANES) : (vsum){0};
            UNROLL for (size_t s = 1; s < splits; s++) split[s][m][v] = (vsum){0};
        }
    }
    for (size_t t = 0; t < left->tap_count; t++) {
        row_bases at = rows_from(left->first + left->taps[t], left->stride, rows);
        size_t steps = divide_up(left->tap_length, 4) * STORED;
        for (; steps >= splits; steps -= splits) {
            UNROLL for (size_t s = 0; s < splits; s++, weights += step) {
                static_step(s ? split[s] : sums, &at, weights, rows, vectors);
                rows_advance(&at, 4, rows);
            }
        }
        for (; steps > 0; steps--, weights += step) {
            static_step(sums, &at, weights, rows, vectors);
            rows_advance(&at, 4, rows);
        }
    }
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            UNROLL for (size_t s = 1; s < splits; s++) sums[m][v] += split[s][m][v];
        }
    }
}

INLINE void store_sums_of(int32_t *out, vsum sums[ROWS][VECTORS], const size_t rows, const size_t vectors) {
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t v = 0; v < vectors; v++) int_store(out + m * COLUMNS + v * LANES, (vint)sums[m][v]);
    }
}

/* ---- what follows the sums: four vectors of them become one of bytes ---- */

/* Where a scale is 1 or more, a product with it may be larger than any int. */
__attribute__((noinline)) static void finish_large(const gemm_tile *tile, const int32_t *sums, const right_head *head,
                                                   size_t n, size_t columns) {
    const float min = (float)(tile->qmin - tile->zero_point), max = (float)(tile->qmax - tile->zero_point);
    for (size_t m = 0; m < tile->m; m++, sums += COLUMNS) {
        int8_t *out = (int8_t *)tile->out + m * tile->out_stride + n;
        for (size_t c = 0; c < columns; c++) {
            out[c] =
                (int8_t)((int32_t)rintf(clamp_float((float)sums[c] * head->scale[c], min, max)) + tile->zero_point);
        }
    }
}

INLINE void static_tile(const gemm_tile *tile, const left_operand *left, const right_head *head, size_t n,
                        size_t columns, const size_t rows, const size_t vectors) {
    const vint zero_point = word_splat(tile->zero_point), min = byte_splat(tile->qmin), max = byte_splat(tile->qmax);
    const size_t together = 4 / vectors; /* rows */
    vsum sums[ROWS][VECTORS];
    static_sums(sums, left, head, rows, vectors, true);
    bool large = false;
    UNROLL for (size_t v = 0; v < vectors; v++) {
        large |= !float_all_less(float_load(head->scale + v * LANES), float_splat(1));
    }
    if (large) {
        int32_t stored[ROWS * COLUMNS];
        store_sums_of(stored, sums, rows, vectors);
        finish_large(tile, stored, head, n, columns);
        return;
    }
    UNROLL for (size_t m = 0; m < rows; m += together) {
        vint q[4];
        UNROLL for (size_t i = 0; i < 4; i++) {
            const size_t row = m + i / vectors, v = i % vectors;
            if (row >= rows) {
                q[i] = int_splat(0);
                continue;
            }
            q[i] = int_of_float(float_mul(float_of_int((vint)sums[row][v]), float_load(head->scale + v * LANES)));
        }
        const vint bytes = byte_min(byte_max(signed_bytes_of_ints(q[0], q[1], q[2], q[3], zero_point), min), max);
        UNROLL for (size_t i = 0; i < together; i++) {
            if (m + i == rows) break;
            bytes_store_part((int8_t *)tile->out + (m + i) * tile->out_stride + n, bytes, i, together, columns);
        }
    }
}

INLINE void static_rows(const gemm_tile *tile, const left_operand *left, const size_t rows) {
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS, panel += right_size_i8(tile->k, 0)) {
        const right_head *head = (const right_head *)panel;
        const size_t columns = min_size(COLUMNS, tile->n - n);
        if (columns > LANES) {
            static_tile(tile, left, head, n, columns, rows, 2);
        } else {
            static_tile(tile, left, head, n, columns, rows, 1);
        }
    }
}

#define STATIC_ROWS(rows)                                                                                            \
    case rows: static_rows(tile, &left, rows); break;

static void run_static(const gemm_tile *tile) {
    const left_operand left = left_in_rows(tile, static_stride(tile->k));
    switch (tile->m) { EACH_ROW_COUNT(STATIC_ROWS) }
}

static void run_static_row(const gemm_tile *tile) {
    const left_operand left = left_in_rows(tile, 0);
    if (tile->m) static_rows(tile, &left, 1);
}

/* ---- QP8: rows stored the same way, whose parameters come with the tile ---- */

INLINE void stored_sums(int32_t *out, const left_operand *left, const right_head *head, const size_t rows,
                        const size_t vectors) {
    vsum sums[ROWS][VECTORS];
    static_sums(sums, left, head, rows, vectors, false);
    store_sums_of(out, sums, rows, vectors);
}

#define STORED_SUMS(rows)                                                                                            \
    case rows:                                                                                                       \
        if (columns > LANES) {                                                                                       \
            stored_sums(sums, &left, head, rows, 2);                                                                 \
        } else {                                                                                                     \
            stored_sums(sums, &left, head, rows, 1);                                                                 \
        }                                                                                                            \
        break;

__attribute__((unused)) static void run_i8_or_stored(const gemm_tile *tile) {
    if (!tile->direct) {
        run_i8(tile);
        return;
    }
    const left_operand left = left_in_rows(tile, 0);
    int32_t correction[ROWS], sums[ROWS * COLUMNS];
    float inverse_scale[ROWS];
    for (size_t m = 0; m < tile->m; m++) {
        correction[m] = left_correction(tile->rows[m].zero_point);
        inverse_scale[m] = tile->rows[m].inverse_scale;
    }
    const left_view parameters = {.correction = correction, .inverse_scale = inverse_scale};
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS, panel += right_size_i8(tile->k, 0)) {
        const right_head *head = (const right_head *)panel;
        const size_t columns = min_size(COLUMNS, tile->n - n);
        char *out = (char *)tile->out + n * sizeof(float);
        switch (tile->m) { EACH_ROW_COUNT(STORED_SUMS) }
        finish_channel(tile, &parameters, head, sums, out, columns, columns == COLUMNS);
    }
}

static const gemm_rhs_packing right_static = {"i8_static", COLUMNS, KR, right_size_i8, pack_right_static};
static const gemm_lhs_packing static_panel = {"rows_i8", ROWS, KR, static_size, pack_static};
static const gemm_lhs_packing static_row = {"row_i8", 1, KR, static_size_row, pack_static};
