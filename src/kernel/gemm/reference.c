/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of every variant, one element at a time: the rows that the others are measured against. Packing
 * keeps operands plain: a panel is one row or one column, a head followed by elements as int8 or f32.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/gemm/operand.h"

/* Of one column; after it `k / block` block scales, then k weights. */
typedef struct column {
    float bias, scale;
    int32_t bias_i32, lhs_zero_point;
} column;

/* Of one row of quantized activations; after it k of them. */
typedef gemm_row row_head;

static size_t column_size_f32(size_t k, size_t block) {
    (void)block;
    return round_up(sizeof(column) + k * sizeof(float), MEMORY_ALIGNMENT);
}

static size_t column_size_i8(size_t k, size_t block) {
    return round_up(sizeof(column) + (block ? k / block * sizeof(float) : 0) + k, MEMORY_ALIGNMENT);
}

static column *pack_head(const gemm_rhs *rhs, size_t n, void *packed) {
    column *head = packed;
    head->bias = rhs_bias(rhs, n);
    head->scale = rhs->scale ? rhs->scale[n] : 1.0f;
    head->bias_i32 = rhs->bias_i32 ? rhs->bias_i32[n] : 0;
    head->lhs_zero_point = rhs->lhs_zero_point;
    return head;
}

static void pack_columns_f32(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    for (size_t n = first; n < first + count; n++) {
        float *weights = (float *)(pack_head(rhs, n, packed) + 1);
        for (size_t k = 0; k < rhs->k; k++) weights[k] = rhs_float(rhs, n, k);
        packed = (char *)packed + column_size_f32(rhs->k, 0);
    }
}

static void pack_columns_f16(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_columns_f32(rhs, first, count, packed);
    for (size_t i = 0; i < count; i++) {
        float *weights = (float *)((column *)((char *)packed + i * column_size_f32(rhs->k, 0)) + 1);
        for (size_t k = 0; k < rhs->k; k++) weights[k] = float_of_f16(f16_of_float(weights[k]));
    }
}

static void pack_columns_i8(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    const size_t blocks = rhs->block ? rhs->k / rhs->block : 0;
    for (size_t n = first; n < first + count; n++) {
        float *scales = (float *)(pack_head(rhs, n, packed) + 1);
        for (size_t b = 0; b < blocks; b++) scales[b] = float_of_bf16(rhs->block_scale[n * blocks + b]);
        int8_t *weights = (int8_t *)(scales + blocks);
        for (size_t k = 0; k < rhs->k; k++) weights[k] = rhs_int(rhs, n, k);
        packed = (char *)packed + column_size_i8(rhs->k, rhs->block);
    }
}

static size_t row_size_f32(size_t k) { return round_up(k * sizeof(float), MEMORY_ALIGNMENT); }
static size_t row_size_i8(size_t k) { return round_up(sizeof(row_head) + k, MEMORY_ALIGNMENT); }

static void pack_row_f32(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    if (count == 0) return;
    float *packed = panel;
    for (size_t t = 0; t < lhs->tap_count; t++) {
        const void *piece = lhs_piece(lhs, first, t);
        for (size_t i = 0; i < lhs->tap_length; i++) *packed++ = lhs_float(lhs, piece, i);
    }
}

static void pack_row_i8(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    if (count == 0) return;
    row_head *head = panel;
    int8_t *packed = (int8_t *)(head + 1);
    float scale = 1;
    *head = lhs->type != GEMM_I8 ? lhs_row_parameters(lhs, first, &scale)
            : lhs->rows          ? lhs->rows[first]
                                 : (gemm_row){0};
    for (size_t t = 0; t < lhs->tap_count; t++) {
        const void *piece = lhs_piece(lhs, first, t);
        for (size_t i = 0; i < lhs->tap_length; i++) {
            *packed++ = lhs->type == GEMM_I8 ? ((const int8_t *)piece)[i]
                                             : gemm_quantize(lhs_float(lhs, piece, i), scale, head->zero_point);
        }
    }
}

static const gemm_rhs_packing columns_f32 = {"plain_f32", 1, 1, column_size_f32, pack_columns_f32};
static const gemm_rhs_packing columns_f16 = {"plain_f16", 1, 1, column_size_f32, pack_columns_f16};
static const gemm_rhs_packing columns_i8 = {"plain_i8", 1, 1, column_size_i8, pack_columns_i8};
static const gemm_lhs_packing rows_f32 = {"plain_f32", 1, 1, row_size_f32, pack_row_f32};
static const gemm_lhs_packing rows_i8 = {"plain_i8", 1, 1, row_size_i8, pack_row_i8};

/* ---- arithmetic ---- */

static float sum_f32(const float *a, const column *head, size_t k) {
    const float *weights = (const float *)(head + 1);
    float sum = head->bias;
    for (size_t i = 0; i < k; i++) sum += a[i] * weights[i];
    return sum;
}

/* As all kernels do: a bias from a file cannot overflow, it wraps. */
static int32_t add_wrapping(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

static int32_t sum_i8(const int8_t *a, int32_t zero_point, const int8_t *weights, size_t k) {
    int32_t sum = 0;
    for (size_t i = 0; i < k; i++) sum += (a[i] - zero_point) * weights[i];
    return sum;
}

static void run_f32(const gemm_tile *tile) {
    float *out = tile->out;
    const char *panel = tile->rhs;
    for (size_t n = 0; n < (tile->m ? tile->n : 0); n++, panel += column_size_f32(tile->k, 0)) {
        out[n] = clamp_float(sum_f32(tile->lhs, (const column *)panel, tile->k), tile->min, tile->max);
    }
}

static void run_f16(const gemm_tile *tile) {
    uint16_t *out = tile->out;
    const char *panel = tile->rhs;
    for (size_t n = 0; n < (tile->m ? tile->n : 0); n++, panel += column_size_f32(tile->k, 0)) {
        const float sum = sum_f32(tile->lhs, (const column *)panel, tile->k);
        out[n] = f16_of_float(clamp_float(sum, tile->min, tile->max));
    }
}

static void run_channel(const gemm_tile *tile) {
    float *out = tile->out;
    const row_head *row = tile->lhs;
    const char *panel = tile->rhs;
    for (size_t n = 0; n < (tile->m ? tile->n : 0); n++, panel += column_size_i8(tile->k, 0)) {
        const column *head = (const column *)panel;
        const int32_t sum = sum_i8((const int8_t *)(row + 1), row->zero_point, (const int8_t *)(head + 1), tile->k);
        out[n] = clamp_float((float)sum * row->inverse_scale * head->scale + head->bias, tile->min, tile->max);
    }
}

static void run_block(const gemm_tile *tile) {
    float *out = tile->out;
    const row_head *row = tile->lhs;
    const int8_t *activations = (const int8_t *)(row + 1);
    const size_t blocks = tile->k / tile->block;
    const char *panel = tile->rhs;
    for (size_t n = 0; n < (tile->m ? tile->n : 0); n++, panel += column_size_i8(tile->k, tile->block)) {
        const column *head = (const column *)panel;
        const float *scales = (const float *)(head + 1);
        const int8_t *weights = (const int8_t *)(scales + blocks);
        float sum = 0;
        for (size_t b = 0; b < blocks; b++) {
            const size_t k = b * tile->block;
            sum += (float)sum_i8(activations + k, row->zero_point, weights + k, tile->block) * scales[b];
        }
        out[n] = clamp_float(sum * row->inverse_scale + head->bias, tile->min, tile->max);
    }
}

static void run_static(const gemm_tile *tile) {
    int8_t *out = tile->out;
    const row_head *row = tile->lhs;
    const float min = (float)(tile->qmin - tile->zero_point), max = (float)(tile->qmax - tile->zero_point);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < (tile->m ? tile->n : 0); n++, panel += column_size_i8(tile->k, 0)) {
        const column *head = (const column *)panel;
        const int8_t *weights = (const int8_t *)(head + 1);
        const int32_t sum = sum_i8((const int8_t *)(row + 1), head->lhs_zero_point, weights, tile->k);
        const float scaled = clamp_number((float)add_wrapping(head->bias_i32, sum) * head->scale, min, max);
        out[n] = (int8_t)((int32_t)rintf(scaled) + tile->zero_point);
    }
}

#define REFERENCE(symbol, variant, right, left, run)                                                                 \
    const gemm_kernel symbol = {#symbol, variant, 0, 1, 1, 1, &(right), &(left), run, NULL, 0};
REFERENCE(pf32_gemm_1x1_reference, GEMM_PF32, columns_f32, rows_f32, run_f32)
REFERENCE(pf16_gemm_1x1_reference, GEMM_PF16, columns_f16, rows_f32, run_f16)
REFERENCE(qp8_f32_qc8w_gemm_1x1_reference, GEMM_QP8_F32_QC8W, columns_i8, rows_i8, run_channel)
REFERENCE(qp8_f32_qc4w_gemm_1x1_reference, GEMM_QP8_F32_QC4W, columns_i8, rows_i8, run_channel)
REFERENCE(qp8_f32_qb4w_gemm_1x1_reference, GEMM_QP8_F32_QB4W, columns_i8, rows_i8, run_block)
REFERENCE(pqs8_qc8w_gemm_1x1_reference, GEMM_PQS8_QC8W, columns_i8, rows_i8, run_static)
