/* SPDX-License-Identifier: Apache-2.0
 *
 * Packing for the integer variants over the vectors of simd_*.h and the dot product of dot_*.h.
 *
 *   left   head: step, correction[step], inverse scale[step]; then [k / KR][step][KR] activations, k filled up to 8.
 *          The step is LANES, or 1 where a panel is of one row.
 *   right  head of COLUMNS columns (below); then
 *          int8  [k / KR][COLUMNS][KR], k filled up to 4
 *          int4  [k / 8][COLUMNS] of 8 nibbles, k filled up to 8
 *          QB4W  for each block its int4, then bf16 scale[LANES][VECTORS]
 *
 * Stored activations are q + LEFT_OFFSET, or q − zero point where that is 0. So Σ(q − zero point)·w is the sum of what
 * is stored plus correction·Σw, with Σw from the head and the correction −(zero point + LEFT_OFFSET) or 0.
 */
#include "kernel/gemm/left_chunks.h"
#include "kernel/gemm/right_chunks.h"

typedef struct right_head {
    int32_t sums[COLUMNS]; /* Σw; PQS8: bias − (lhs_zero_point + LEFT_OFFSET)·Σw */
    float scale[COLUMNS];  /* QB4W: Σ_blocks scale·Σw */
    float bias[COLUMNS];
} right_head;

typedef enum int_kind { INT8, INT8_STATIC, INT4, INT4_BLOCK } int_kind;

/* ---- right operand ---- */

static size_t right_size_i8(size_t k, size_t block) {
    (void)block;
    return sizeof(right_head) + round_up(k, 4) * COLUMNS;
}

static size_t right_size_i4(size_t k, size_t block) {
    (void)block;
    return sizeof(right_head) + round_up(k, 8) / 2 * COLUMNS;
}

static size_t right_size_block(size_t k, size_t block) {
    const size_t blocks = block ? k / block : 0;
    return round_up(sizeof(right_head) + blocks * (block / 2 + sizeof(uint16_t)) * COLUMNS, MEMORY_ALIGNMENT);
}

/* Swaps the bits of `mask` with those `bits` above them. */
INLINE vint int_swap(vint v, uint8_t bits, int32_t mask) {
    const vint different = int_and(int_xor(v, int_shr(v, bits)), int_splat(mask));
    return int_xor(v, int_xor(different, int_shl(different, bits)));
}

/* 8 nibbles as the model holds them, 8 too large, to those that nibbles() takes. */
INLINE vint nibbles_order(vint eight) {
    const vint v = KR == 4 ? int_swap(int_swap(eight, 8, 0x0000ff00), 4, 0x00f000f0)
                           : int_swap(int_swap(eight, 4, 0x00f000f0), 8, 0x0000ff00);
    return int_xor(v, int_splat(NIBBLE_SIGNS));
}

INLINE void load_square(vint square[LANES], const char *const *chunks) {
    UNROLL for (size_t i = 0; i < LANES; i++) square[i] = int_load(chunks[i]);
    transpose(square);
}

/* Packs four k of LANES columns, adding them to the columns' sums. */
INLINE vsum pack_fours(char *packed, size_t step, vint fours, vsum sums) {
    weights_store(packed, step, fours);
    for (size_t s = 0; s < 4 / KR; s++) {
        sums = dot(sums, ones(), weights_load(packed + (step * (4 / KR) + s) * COLUMNS * KR));
    }
    return sums;
}

/* Packs LANES columns from n on, `columns` of them real, and gives back the sums of their weights. */
INLINE vint pack_i8_columns(const gemm_rhs *rhs, size_t n, size_t columns, char *packed) {
    enum { SQUARE = LANES * 4 }; /* elements of k in one transposition */
    char stage[LANES][CHUNK_BYTES];
    const char *chunks[LANES];
    vsum sums = {0};
    for (size_t k = 0; k < rhs->k; k += SQUARE) {
        vint square[LANES];
        rhs_chunks(rhs, n, columns, k, SQUARE, stage, chunks);
        load_square(square, chunks);
        const size_t fours = min_size(LANES, divide_up(rhs->k - k, 4));
        for (size_t i = 0; i < fours; i++) sums = pack_fours(packed, k / 4 + i, square[i], sums);
    }
    return (vint)sums;
}

/* The same from columns that are neighbours in memory: bytes of four k go into the lanes of their columns. */
INLINE vint pack_i8_along_n(const gemm_rhs *rhs, size_t n, size_t columns, char *packed) {
    const char *row = (const char *)rhs->data + n;
    char stage[LANES] = {0};
    vsum sums = {0};
    for (size_t k = 0; k < rhs->k; k += 4) {
        vint four = int_splat(0);
        for (size_t j = 0; j < min_size(4, rhs->k - k); j++, row += rhs->k_stride) {
            const char *bytes = columns < LANES ? memcpy(stage, row, columns) : row;
            four = int_xor(four, int_shl_by(bytes_widen(bytes), 8 * (int)j));
        }
        sums = pack_fours(packed, k / 4, four, sums);
    }
    return (vint)sums;
}

/* The same for nibbles. */
INLINE vint pack_i4_columns(const gemm_rhs *rhs, size_t n, size_t columns, char *packed) {
    enum { SQUARE = LANES * 8 };
    char stage[LANES][CHUNK_BYTES];
    const char *chunks[LANES];
    vsum sums = {0};
    for (size_t k = 0; k < rhs->k; k += SQUARE) {
        vint square[LANES];
        rhs_chunks(rhs, n, columns, k, SQUARE, stage, chunks);
        load_square(square, chunks);
        const size_t eights = min_size(LANES, divide_up(rhs->k - k, 8));
        for (size_t i = 0; i < eights; i++, packed += COLUMNS * sizeof(int32_t)) {
            const vint eight = nibbles_order(square[i]);
            int_store(packed, eight);
            for (size_t s = 0; s < 8 / KR; s++) sums = dot(sums, ones(), nibbles(eight, s));
        }
    }
    return int_sar((vint)sums, NIBBLE_SHIFT);
}

/* A block's scales for the columns of vector v: bf16 in word v of their lanes. */
INLINE vfloat block_scales(vint scales, const size_t v) {
    return bits_float(v ? int_and(scales, int_splat((int32_t)0xffff0000)) : int_shl(scales, 16));
}

/* The same for nibbles in blocks, `packed` being where the blocks of the panel begin and `c` the columns before these.
 * Gives back Σ_blocks scale·Σw. */
INLINE vfloat pack_block_columns(const gemm_rhs *rhs, size_t n, size_t columns, size_t c, char *packed) {
    enum { SQUARE = LANES * 8 };
    const size_t blocks = rhs->k / rhs->block;
    const uint16_t *scales = rhs->block_scale + n * blocks;
    char stage[LANES][CHUNK_BYTES];
    const char *chunks[LANES];
    vsum sums = {0};
    vfloat totals = float_splat(0);
    for (size_t k = 0; k < rhs->k; k += SQUARE) {
        vint square[LANES];
        rhs_chunks(rhs, n, columns, k, SQUARE, stage, chunks);
        load_square(square, chunks);
        const size_t eights = min_size(LANES, (rhs->k - k) / 8);
        for (size_t i = 0; i < eights; i++) {
            const vint eight = nibbles_order(square[i]);
            int_store(packed + c * sizeof(int32_t), eight);
            packed += COLUMNS * sizeof(int32_t);
            for (size_t s = 0; s < 8 / KR; s++) sums = dot(sums, ones(), nibbles(eight, s));
            if ((k + (i + 1) * 8) % rhs->block) continue;

            uint16_t *of_block = (uint16_t *)packed;
            for (size_t lane = 0; lane < LANES; lane++) {
                of_block[lane * VECTORS + c / LANES] = lane < columns ? scales[lane * blocks] : 0;
            }
            const vfloat weights = float_of_int(int_sar((vint)sums, NIBBLE_SHIFT));
            totals = float_fma(weights, block_scales(int_load(packed), c / LANES), totals);
            sums = (vsum){0};
            scales++;
            packed += COLUMNS * sizeof *of_block;
        }
    }
    return totals;
}

INLINE void pack_right(const gemm_rhs *rhs, size_t first, size_t count, char *packed, const int_kind kind,
                       size_t panel_size) {
    const bool along_n = rhs->n_stride == 1 && rhs->k_stride != 1;
    for (size_t p = first; p < first + count; p++, packed += panel_size) {
        const size_t n = p * COLUMNS, columns = min_size(COLUMNS, rhs->n - n);
        right_head *head = (right_head *)packed;
        char *weights = (char *)(head + 1);
        *head = (right_head){0};
        for (size_t c = 0; c < columns; c++) {
            head->bias[c] = rhs_bias(rhs, n + c);
            head->scale[c] = rhs->scale ? rhs->scale[n + c] : 0;
        }
        for (size_t c = 0; c < COLUMNS; c += LANES) {
            const size_t real = lanes_of(columns, c);
            switch (kind) {
            case INT4_BLOCK: float_store(head->scale + c, pack_block_columns(rhs, n + c, real, c, weights)); break;
            case INT4: int_store(head->sums + c, pack_i4_columns(rhs, n + c, real, weights + c * 4)); break;
            default:
                int_store(head->sums + c,
                          (along_n ? pack_i8_along_n : pack_i8_columns)(rhs, n + c, real, weights + c * KR));
            }
        }
        for (size_t c = 0; c < columns && kind == INT8_STATIC; c++) {
            const uint32_t bias = rhs->bias_i32 ? (uint32_t)rhs->bias_i32[n + c] : 0;
            head->sums[c] = (int32_t)(bias - (uint32_t)((rhs->lhs_zero_point + LEFT_OFFSET) * head->sums[c]));
        }
    }
}

static void pack_right_i8(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, INT8, right_size_i8(rhs->k, 0));
}

static void pack_right_static(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, INT8_STATIC, right_size_i8(rhs->k, 0));
}

static void pack_right_i4(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, INT4, right_size_i4(rhs->k, 0));
}

static void pack_right_block(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, INT4_BLOCK, right_size_block(rhs->k, rhs->block));
}

/* ---- left operand ---- */

static size_t left_head_size(size_t step) { return round_up((1 + step * 2) * sizeof(int32_t), MEMORY_ALIGNMENT); }
static size_t left_panel_size(size_t k, size_t step) {
    return left_head_size(step) + round_up(round_up(k, 8) / KR * step * sizeof(int32_t), MEMORY_ALIGNMENT);
}

static size_t left_size(size_t k) { return left_panel_size(k, LANES); }
static size_t left_size_row(size_t k) { return left_panel_size(k, 1); }

/* Widens the ranges to hold 4 vectors. */
INLINE void widen(vfloat least[4], vfloat greatest[4], const char *chunk, const gemm_type type) {
    UNROLL for (size_t i = 0; i < 4; i++) {
        const vfloat x = any_load(chunk + i * LANES * type_size(type), type);
        least[i] = float_min(x, least[i]);
        greatest[i] = float_max(x, greatest[i]);
    }
}

/* The range of row m and 0, in any lane. Float rows lie in one piece. */
INLINE void row_range(const gemm_lhs *lhs, size_t m, vfloat *low, vfloat *high, const gemm_type type) {
    const size_t row_size = lhs->tap_length * type_size(type), width = 4 * LANES * type_size(type);
    const char *row = lhs_piece(lhs, m, 0);
    vfloat least[4], greatest[4];
    char stage[CHUNK_BYTES];
    lhs_cursor cursor = {0};
    UNROLL for (size_t i = 0; i < 4; i++) least[i] = greatest[i] = float_splat(0);
    for (; cursor.at + width <= row_size; cursor.at += width) widen(least, greatest, row + cursor.at, type);
    if (cursor.at < row_size) {
        lhs_stage(lhs, m, cursor, width, stage);
        widen(least, greatest, stage, type);
    }
    *low = float_min(float_min(least[0], least[1]), float_min(least[2], least[3]));
    *high = float_max(float_max(greatest[0], greatest[1]), float_max(greatest[2], greatest[3]));
}

/* How rows are quantized, one in each lane. */
typedef struct row_lanes {
    float scale[LANES], inverse_scale[LANES];
    int32_t zero_point[LANES];
} row_lanes;

/* gemm_row_parameters of LANES rows, step by step the same: their ranges are in any lane of low[row] and high[row]. */
INLINE void rows_parameters(vint low[LANES], vint high[LANES], row_lanes *rows) {
    vfloat min = float_splat(0), max = float_splat(0);
    transpose(low);
    transpose(high);
    UNROLL for (size_t i = 0; i < LANES; i++) {
        min = float_min(bits_float(low[i]), min);
        max = float_max(bits_float(high[i]), max);
    }
    const vfloat one = float_splat(1), bottom = float_splat(-128), top = float_splat(127), zero = float_splat(0);
    const vfloat span = float_sub(max, min);
    const vfloat scale = float_greater(span, zero, float_div(float_splat(255), span), one);
    const vfloat start = float_mul(min, scale), end = float_mul(max, scale);
    const vfloat error = float_add(float_add(bottom, start), float_add(top, end));
    const vfloat zero_point = float_greater(error, zero, float_sub(bottom, start), float_sub(top, end));
    float_store(rows->scale, scale);
    float_store(rows->inverse_scale, float_div(one, scale));
    int_store(rows->zero_point, int_of_float(float_min(float_max(zero_point, bottom), top)));
}

INLINE void left_parameters(const gemm_lhs *lhs, size_t first, size_t count, row_lanes *rows, const size_t step,
                            const gemm_type type) {
    if (type == GEMM_I8) {
        for (size_t m = 0; m < count; m++) {
            const gemm_row row = lhs->rows ? lhs->rows[first + m] : (gemm_row){0};
            rows->zero_point[m] = row.zero_point;
            rows->inverse_scale[m] = row.inverse_scale;
        }
    } else if (step == 1) {
        vfloat low, high;
        if (count == 0) return;
        row_range(lhs, first, &low, &high, type);
        const gemm_row row = gemm_row_parameters(float_least(low), float_greatest(high), rows->scale);
        rows->zero_point[0] = row.zero_point;
        rows->inverse_scale[0] = row.inverse_scale;
    } else {
        vint low[LANES], high[LANES];
        for (size_t m = 0; m < count; m++) {
            vfloat least, greatest;
            row_range(lhs, first + m, &least, &greatest, type);
            low[m] = float_bits(least);
            high[m] = float_bits(greatest);
        }
        for (size_t m = count; m < LANES; m++) low[m] = high[m] = int_splat(0);
        rows_parameters(low, high, rows);
    }
}

/* LANES groups of KR activations from a chunk that holds them. */
INLINE vint left_groups(const char *chunk, int32_t zero_point, float scale, const gemm_type type) {
    if (type == GEMM_I8) return left_of_bytes(chunk, zero_point);
    vfloat scaled[KR];
    UNROLL for (size_t i = 0; i < KR; i++) {
        const vfloat x = any_load(chunk + i * LANES * type_size(type), type);
        scaled[i] = float_mul(x, float_splat(scale));
    }
    return left_of_floats(scaled, zero_point);
}

INLINE void pack_left_rows(const gemm_lhs *lhs, size_t first, size_t count, char *panel, const size_t step,
                           const gemm_type type) {
    const size_t groups = round_up(lhs_k(lhs), 8) / KR, width = LANES * KR * type_size(type);
    int32_t *correction = (int32_t *)panel + 1, *packed = (int32_t *)(panel + left_head_size(step));
    float *inverse_scale = (float *)(correction + step);
    row_lanes rows = {0};
    char stage[LANES][CHUNK_BYTES];
    const char *chunks[LANES];
    left_parameters(lhs, first, count, &rows, step, type);
    *(int32_t *)panel = (int32_t)step;
    for (size_t m = 0; m < step; m++) {
        correction[m] = left_correction(rows.zero_point[m]);
        inverse_scale[m] = rows.inverse_scale[m];
    }
    lhs_cursor cursor = {0};
    for (size_t g = 0; g < groups; g += LANES, packed += LANES * step, lhs_advance(lhs, &cursor, width)) {
        vint square[LANES];
        lhs_chunks(lhs, first, count, count, cursor, width, stage, chunks);
        for (size_t m = 0; m < count; m++) {
            square[m] = left_groups(chunks[m], rows.zero_point[m], rows.scale[m], type);
        }
        for (size_t m = count; m < step; m++) square[m] = int_splat(0);
        if (step > 1) transpose(square);
        const size_t vectors = step > 1 ? min_size(LANES, groups - g) : 1;
        for (size_t i = 0; i < vectors; i++) int_store(packed + i * step, square[i]);
    }
}

/* With the type known to the compiler. */
INLINE void pack_left_typed(const gemm_lhs *lhs, size_t first, size_t count, char *panel, const size_t step) {
    switch (lhs->type) {
    case GEMM_F32: pack_left_rows(lhs, first, count, panel, step, GEMM_F32); break;
    case GEMM_F16: pack_left_rows(lhs, first, count, panel, step, GEMM_F16); break;
    default: pack_left_rows(lhs, first, count, panel, step, GEMM_I8);
    }
}

static void pack_left(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    pack_left_typed(lhs, first, count, panel, LANES);
}

static void pack_left_row(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    pack_left_typed(lhs, first, count, panel, 1);
}
