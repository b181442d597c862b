/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain C that compilers vectorise for any CPU: what runs where nothing better fits, and the standard path that the
 * others are compared with.
 *
 * Floats:   4 rows x 8 columns, rank-1 updates. Left panel [k][4], right panel: bias[8], then [k][8].
 * Integers: dot products along k of 4 rows with one column. Left panel: 4 inverse scales, then 4 rows of
 *           (q - zero point) as int16; right panel: heads of 4 columns, their block scales, their weights as int8.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/gemm/operand.h"

enum { ROWS = 4, COLUMNS_F32 = 8, COLUMNS_I8 = 4 };

/* ---- floats ---- */

static size_t right_size_f32(size_t k, size_t block) {
    (void)block;
    return round_up((1 + k) * COLUMNS_F32 * sizeof(float), MEMORY_ALIGNMENT);
}

static size_t left_size_f32(size_t k) { return round_up(k * ROWS * sizeof(float), MEMORY_ALIGNMENT); }

static void pack_right_f32(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    for (size_t p = first; p < first + count; p++, packed = (char *)packed + right_size_f32(rhs->k, 0)) {
        const size_t start = p * COLUMNS_F32, columns = min_size(COLUMNS_F32, rhs->n - start);
        float *bias = packed, *weights = bias + COLUMNS_F32;
        memset(packed, 0, right_size_f32(rhs->k, 0));
        for (size_t c = 0; c < columns; c++) bias[c] = rhs_bias(rhs, start + c);
        for (size_t k = 0; k < rhs->k; k++, weights += COLUMNS_F32) {
            for (size_t c = 0; c < columns; c++) weights[c] = rhs_float(rhs, start + c, k);
        }
    }
}

static void pack_right_f16(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right_f32(rhs, first, count, packed);
    if (rhs->type == GEMM_F16) return;
    for (size_t p = 0; p < count; p++, packed = (char *)packed + right_size_f32(rhs->k, 0)) {
        float *weights = (float *)packed + COLUMNS_F32;
        for (size_t i = 0; i < rhs->k * COLUMNS_F32; i++) weights[i] = float_of_f16(f16_of_float(weights[i]));
    }
}

static void pack_left_f32(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    memset(panel, 0, left_size_f32(lhs->tap_count * lhs->tap_length));
    for (size_t m = 0; m < count; m++) {
        float *packed = (float *)panel + m;
        for (size_t t = 0; t < lhs->tap_count; t++) {
            const void *piece = lhs_piece(lhs, first + m, t);
            for (size_t i = 0; i < lhs->tap_length; i++, packed += ROWS) *packed = lhs_float(lhs, piece, i);
        }
    }
}

static void tile_f32(const gemm_tile *tile, const float *panel, float sums[ROWS][COLUMNS_F32]) {
    float acc[ROWS][COLUMNS_F32];
    const float *a = tile->lhs, *b = panel + COLUMNS_F32;
    for (size_t m = 0; m < ROWS; m++) memcpy(acc[m], panel, sizeof acc[m]);
    for (size_t k = 0; k < tile->k; k++, a += ROWS, b += COLUMNS_F32) {
        for (size_t m = 0; m < ROWS; m++) {
            for (size_t n = 0; n < COLUMNS_F32; n++) acc[m][n] += a[m] * b[n];
        }
    }
    for (size_t m = 0; m < ROWS; m++) {
        for (size_t n = 0; n < COLUMNS_F32; n++) sums[m][n] = clamp_float(acc[m][n], tile->min, tile->max);
    }
}

static void run_f32(const gemm_tile *tile) {
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS_F32, panel += right_size_f32(tile->k, 0)) {
        const size_t columns = min_size(COLUMNS_F32, tile->n - n);
        float sums[ROWS][COLUMNS_F32];
        tile_f32(tile, (const float *)panel, sums);
        for (size_t m = 0; m < tile->m; m++) {
            memcpy((float *)((char *)tile->out + m * tile->out_stride) + n, sums[m], columns * sizeof(float));
        }
    }
}

static void run_f16(const gemm_tile *tile) {
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += COLUMNS_F32, panel += right_size_f32(tile->k, 0)) {
        const size_t columns = min_size(COLUMNS_F32, tile->n - n);
        float sums[ROWS][COLUMNS_F32];
        tile_f32(tile, (const float *)panel, sums);
        for (size_t m = 0; m < tile->m; m++) {
            uint16_t *out = (uint16_t *)((char *)tile->out + m * tile->out_stride) + n;
            for (size_t c = 0; c < columns; c++) out[c] = f16_of_float(sums[m][c]);
        }
    }
}

/* ---- integers ---- */

typedef struct column {
    float bias, scale;
    int32_t bias_i32; /* less the zero point times the sum of weights */
} column;

static size_t right_size_i8(size_t k, size_t block) {
    const size_t scales = block ? k / block * sizeof(float) : 0;
    return round_up(COLUMNS_I8 * (sizeof(column) + scales + k), MEMORY_ALIGNMENT);
}

static size_t left_size_i8(size_t k) {
    return round_up(ROWS * (sizeof(float) + k * sizeof(int16_t)), MEMORY_ALIGNMENT);
}

static void pack_right_i8(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    const size_t blocks = rhs->block ? rhs->k / rhs->block : 0;
    for (size_t p = first; p < first + count; p++, packed = (char *)packed + right_size_i8(rhs->k, rhs->block)) {
        const size_t start = p * COLUMNS_I8, columns = min_size(COLUMNS_I8, rhs->n - start);
        column *heads = packed;
        float *scales = (float *)(heads + COLUMNS_I8);
        int8_t *weights = (int8_t *)(scales + COLUMNS_I8 * blocks);
        memset(packed, 0, right_size_i8(rhs->k, rhs->block));
        for (size_t c = 0; c < columns; c++) {
            const size_t n = start + c;
            int32_t sum = 0;
            for (size_t b = 0; b < blocks; b++)
                scales[c * blocks + b] = float_of_bf16(rhs->block_scale[n * blocks + b]);
            for (size_t k = 0; k < rhs->k; k++) {
                weights[c * rhs->k + k] = rhs_int(rhs, n, k);
                sum += weights[c * rhs->k + k];
            }
            heads[c].bias = rhs_bias(rhs, n);
            heads[c].scale = rhs->scale ? rhs->scale[n] : 1.0f;
            heads[c].bias_i32 =
                (int32_t)((rhs->bias_i32 ? (uint32_t)rhs->bias_i32[n] : 0) - (uint32_t)(rhs->lhs_zero_point * sum));
        }
    }
}

static void pack_left_i8(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    const size_t k = lhs->tap_count * lhs->tap_length;
    float *inverse_scales = panel;
    memset(panel, 0, left_size_i8(k));
    for (size_t m = 0; m < count; m++) {
        int16_t *packed = (int16_t *)(inverse_scales + ROWS) + m * k;
        float scale = 1;
        const gemm_row row = lhs->type != GEMM_I8 ? lhs_row_parameters(lhs, first + m, &scale)
                             : lhs->rows          ? lhs->rows[first + m]
                                                  : (gemm_row){0};
        inverse_scales[m] = row.inverse_scale;
        for (size_t t = 0; t < lhs->tap_count; t++) {
            const void *piece = lhs_piece(lhs, first + m, t);
            for (size_t i = 0; i < lhs->tap_length; i++) {
                const int q = lhs->type == GEMM_I8 ? ((const int8_t *)piece)[i]
                                                   : gemm_quantize(lhs_float(lhs, piece, i), scale, row.zero_point);
                *packed++ = (int16_t)(q - row.zero_point);
            }
        }
    }
}

/* Sums of ROWS rows, `stride` elements apart, with one column. */
static void dot_rows(const int16_t *restrict a, size_t stride, const int8_t *restrict weights, size_t k,
                     int32_t sums[ROWS]) {
    int32_t acc[ROWS] = {0};
    for (size_t i = 0; i < k; i++) {
        for (size_t m = 0; m < ROWS; m++) acc[m] += a[m * stride + i] * (int16_t)weights[i];
    }
    memcpy(sums, acc, sizeof acc);
}

typedef void (*store_column)(const gemm_tile *tile, const column *head, const float *block_scales,
                             const int8_t *weights, size_t n);

static void run_columns(const gemm_tile *tile, store_column store) {
    const size_t blocks = tile->block ? tile->k / tile->block : 0;
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n++) {
        const size_t c = n % COLUMNS_I8;
        const column *heads = (const column *)panel;
        const float *scales = (const float *)(heads + COLUMNS_I8);
        const int8_t *weights = (const int8_t *)(scales + COLUMNS_I8 * blocks);
        store(tile, heads + c, scales + c * blocks, weights + c * tile->k, n);
        if (c == COLUMNS_I8 - 1) panel += right_size_i8(tile->k, tile->block);
    }
}

static void *out_row(const gemm_tile *tile, size_t m) { return (char *)tile->out + m * tile->out_stride; }

static void store_channel(const gemm_tile *tile, const column *head, const float *block_scales, const int8_t *weights,
                          size_t n) {
    (void)block_scales;
    const float *inverse_scales = tile->lhs;
    int32_t sums[ROWS];
    dot_rows((const int16_t *)(inverse_scales + ROWS), tile->k, weights, tile->k, sums);
    for (size_t m = 0; m < tile->m; m++) {
        const float value = (float)sums[m] * inverse_scales[m] * head->scale + head->bias;
        ((float *)out_row(tile, m))[n] = clamp_float(value, tile->min, tile->max);
    }
}

static void store_block(const gemm_tile *tile, const column *head, const float *block_scales, const int8_t *weights,
                        size_t n) {
    const float *inverse_scales = tile->lhs;
    const int16_t *a = (const int16_t *)(inverse_scales + ROWS);
    float totals[ROWS] = {0};
    for (size_t k = 0; k < tile->k; k += tile->block) {
        int32_t sums[ROWS];
        dot_rows(a + k, tile->k, weights + k, tile->block, sums);
        for (size_t m = 0; m < ROWS; m++) totals[m] += (float)sums[m] * *block_scales;
        block_scales++;
    }
    for (size_t m = 0; m < tile->m; m++) {
        const float value = totals[m] * inverse_scales[m] + head->bias;
        ((float *)out_row(tile, m))[n] = clamp_float(value, tile->min, tile->max);
    }
}

static void store_static(const gemm_tile *tile, const column *head, const float *block_scales, const int8_t *weights,
                         size_t n) {
    (void)block_scales;
    const float min = (float)(tile->qmin - tile->zero_point), max = (float)(tile->qmax - tile->zero_point);
    int32_t sums[ROWS];
    dot_rows((const int16_t *)((const float *)tile->lhs + ROWS), tile->k, weights, tile->k, sums);
    for (size_t m = 0; m < tile->m; m++) {
        const int32_t sum = (int32_t)((uint32_t)head->bias_i32 + (uint32_t)sums[m]);
        const float scaled = clamp_number((float)sum * head->scale, min, max);
        ((int8_t *)out_row(tile, m))[n] = (int8_t)((int32_t)rintf(scaled) + tile->zero_point);
    }
}

static void run_channel(const gemm_tile *tile) { run_columns(tile, store_channel); }
static void run_block(const gemm_tile *tile) { run_columns(tile, store_block); }
static void run_static(const gemm_tile *tile) { run_columns(tile, store_static); }

static const gemm_rhs_packing right_f32 = {"8_f32", COLUMNS_F32, 1, right_size_f32, pack_right_f32};
static const gemm_rhs_packing right_f16 = {"8_f16", COLUMNS_F32, 1, right_size_f32, pack_right_f16};
static const gemm_rhs_packing right_i8 = {"4_i8", COLUMNS_I8, 1, right_size_i8, pack_right_i8};
static const gemm_lhs_packing left_f32 = {"4_f32", ROWS, 1, left_size_f32, pack_left_f32};
static const gemm_lhs_packing left_i8 = {"4_i16", ROWS, 1, left_size_i8, pack_left_i8};

#define FLOATS(symbol, variant, right, run)                                                                          \
    const gemm_kernel symbol = {#symbol, variant, 0, ROWS, COLUMNS_F32, 1, &(right), &left_f32, run, NULL, 0};
FLOATS(pf32_gemm_4x8_c, GEMM_PF32, right_f32, run_f32)
FLOATS(pf16_gemm_4x8_c, GEMM_PF16, right_f16, run_f16)

#define INTEGERS(symbol, variant, run)                                                                               \
    const gemm_kernel symbol = {#symbol, variant, 0, ROWS, COLUMNS_I8, 1, &right_i8, &left_i8, run, NULL, 0};
INTEGERS(qp8_f32_qc8w_gemm_4x4_c, GEMM_QP8_F32_QC8W, run_channel)
INTEGERS(qp8_f32_qc4w_gemm_4x4_c, GEMM_QP8_F32_QC4W, run_channel)
INTEGERS(qp8_f32_qb4w_gemm_4x4_c, GEMM_QP8_F32_QB4W, run_block)
INTEGERS(pqs8_qc8w_gemm_4x4_c, GEMM_PQS8_QC8W, run_static)
