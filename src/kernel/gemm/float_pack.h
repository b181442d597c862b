/* SPDX-License-Identifier: Apache-2.0
 *
 * Packing for PF32 and PF16 over the vectors of simd_*.h.
 *
 *   left   rows of f32
 *   right  bias[COLUMNS] f32, then [k][COLUMNS] f32 (PF32) or f16 (PF16)
 */
#include "kernel/gemm/left_rows.h"
#include "kernel/gemm/right_chunks.h"

/* ---- right operand ---- */

static size_t right_size_f32(size_t k, size_t block) {
    (void)block;
    return round_up((1 + k) * COLUMNS * sizeof(float), MEMORY_ALIGNMENT);
}

static size_t right_size_f16(size_t k, size_t block) {
    (void)block;
    return round_up(COLUMNS * (sizeof(float) + k * sizeof(uint16_t)), MEMORY_ALIGNMENT);
}

INLINE void weight_store(char *weights, size_t i, vfloat v, const bool half) {
    if (half) {
        half_store((uint16_t *)weights + i, v);
    } else {
        float_store((float *)weights + i, v);
    }
}

/* LANES chunks of LANES elements, the transposed square of which is elements of k by rows or columns. */
INLINE void load_square(vint square[LANES], const char *const *chunks, gemm_type type) {
    if (type == GEMM_F16) {
        UNROLL for (size_t i = 0; i < LANES; i++) square[i] = float_bits(half_load((const void *)chunks[i]));
    } else {
        UNROLL for (size_t i = 0; i < LANES; i++) square[i] = int_load(chunks[i]);
    }
    transpose(square);
}

/* LANES columns from n on, `columns` of them real. */
INLINE void pack_along_k(const gemm_rhs *rhs, size_t n, size_t columns, char *weights, const bool half) {
    char stage[LANES][CHUNK_BYTES];
    const char *chunks[LANES];
    for (size_t k = 0; k < rhs->k; k += LANES) {
        vint square[LANES];
        rhs_chunks(rhs, n, columns, k, LANES, stage, chunks);
        load_square(square, chunks, rhs->type);
        const size_t count = min_size(LANES, rhs->k - k);
        for (size_t i = 0; i < count; i++) weight_store(weights, (k + i) * COLUMNS, bits_float(square[i]), half);
    }
}

/* The first `count` floats, at most LANES, then zeros. */
INLINE vfloat any_load_first(const char *from, size_t count, gemm_type type) {
    if (count == LANES) return any_load(from, type);
    if (count == 0) return float_splat(0);
    if (type == GEMM_F32) return float_load_first((const float *)(const void *)from, count);
    char stage[sizeof(vint)];
    int_store(stage, bytes_load_first(from, count * sizeof(uint16_t)));
    return half_load((const uint16_t *)(const void *)stage);
}

/* A panel whose columns are neighbours in memory. */
INLINE void pack_along_n(const gemm_rhs *rhs, size_t n, size_t columns, char *weights, const bool half) {
    const size_t size = type_size(rhs->type);
    const char *data = (const char *)rhs->data + n * size;
    for (size_t k = 0; k < rhs->k; k++, data += rhs->k_stride * size) {
        for (size_t c = 0; c < COLUMNS; c += LANES) {
            const vfloat row = any_load_first(data + c * size, lanes_of(columns, c), rhs->type);
            weight_store(weights, k * COLUMNS + c, row, half);
        }
    }
}

INLINE void pack_right(const gemm_rhs *rhs, size_t first, size_t count, char *packed, const bool half) {
    const size_t panel_size = half ? right_size_f16(rhs->k, 0) : right_size_f32(rhs->k, 0);
    for (size_t p = first; p < first + count; p++, packed += panel_size) {
        const size_t n = p * COLUMNS, columns = min_size(COLUMNS, rhs->n - n);
        float *bias = (float *)packed;
        char *weights = packed + COLUMNS * sizeof *bias;
        for (size_t c = 0; c < COLUMNS; c++) bias[c] = c < columns ? rhs_bias(rhs, n + c) : 0;
        if (rhs->n_stride == 1 && rhs->k_stride != 1) {
            pack_along_n(rhs, n, columns, weights, half);
            continue;
        }
        for (size_t c = 0; c < COLUMNS; c += LANES) {
            pack_along_k(rhs, n + c, lanes_of(columns, c), weights + c * (half ? 2 : 4), half);
        }
    }
}

static void pack_right_f32(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, false);
}

static void pack_right_f16(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, true);
}

/* ---- left operand ---- */

static size_t left_stride(size_t k) { return panel_stride(k * sizeof(float)); }
static size_t left_size(size_t k) { return ROWS * left_stride(k) + MEMORY_ALIGNMENT; }
static size_t left_size_row(size_t k) { return left_stride(k) + MEMORY_ALIGNMENT; }

/* `count` elements as f32; the last vector may be written beyond them. */
INLINE void store_floats(const char *from, size_t count, float *to, gemm_type type) {
    const size_t size = type_size(type);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) float_store(to + i, any_load(from + i * size, type));
    if (i == count) return;
    float_store(to + i, any_load_first(from + i * size, count - i, type));
}

static void pack_left(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    const size_t stride = left_stride(lhs_k(lhs));
    for (size_t m = 0; m < count; m++) {
        float *row = (float *)((char *)panel + m * stride);
        for (size_t t = 0; t < lhs->tap_count; t++, row += lhs->tap_length) {
            store_floats(lhs_piece(lhs, first + m, t), lhs->tap_length, row, lhs->type);
        }
    }
}
