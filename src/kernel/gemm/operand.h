/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading one element of an operand as the model holds it: what packers that need no speed, and the tests, share.
 */
#ifndef KERNEL_GEMM_OPERAND_H
#define KERNEL_GEMM_OPERAND_H

#include <string.h>

#include "base/half.h"
#include "kernel/gemm/gemm.h"

/* Piece t of row m. */
static inline const void *lhs_piece(const gemm_lhs *lhs, size_t m, size_t t) {
    return lhs->taps ? lhs->taps[m * lhs->tap_count + t] : (const char *)lhs->data + m * lhs->row_stride;
}

static inline float lhs_float(const gemm_lhs *lhs, const void *piece, size_t i) {
    return lhs->type == GEMM_F16 ? float_of_f16(((const uint16_t *)piece)[i]) : ((const float *)piece)[i];
}

static inline float rhs_float(const gemm_rhs *rhs, size_t n, size_t k) {
    const size_t i = n * rhs->n_stride + k * rhs->k_stride;
    return rhs->type == GEMM_F16 ? float_of_f16(((const uint16_t *)rhs->data)[i]) : ((const float *)rhs->data)[i];
}

static inline int8_t rhs_int(const gemm_rhs *rhs, size_t n, size_t k) {
    if (rhs->type == GEMM_I8) return ((const int8_t *)rhs->data)[n * rhs->n_stride + k * rhs->k_stride];
    const unsigned pair = ((const uint8_t *)rhs->data)[n * rhs->n_stride + k / 2];
    return (int8_t)((int)(k % 2 ? pair >> 4 : pair & 15u) - 8);
}

static inline float rhs_bias(const gemm_rhs *rhs, size_t n) { return rhs->bias ? rhs->bias[n] : 0.0f; }

/* How row m of float elements is to be quantized. */
static inline gemm_row lhs_row_parameters(const gemm_lhs *lhs, size_t m, float *scale) {
    const void *row = lhs_piece(lhs, m, 0);
    float min = 0, max = 0;
    for (size_t i = 0; i < lhs->tap_length; i++) {
        const float x = lhs_float(lhs, row, i);
        if (x < min) min = x;
        if (x > max) max = x;
    }
    return gemm_row_parameters(min, max, scale);
}

/* What becomes a float: NaN stays. */
static inline float clamp_float(float x, float min, float max) {
    const float low = x < min ? min : x;
    return low > max ? max : low;
}

/* What becomes an integer: NaN goes to `min`. */
static inline float clamp_number(float x, float min, float max) {
    const float low = x > min ? x : min;
    return low < max ? low : max;
}

/* memcpy without a call: taps are short. */
static inline void copy_bytes(char *to, const char *from, size_t size) {
    if (size >= 16) {
        for (size_t i = 0; i < size - 16; i += 16) memcpy(to + i, from + i, 16);
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else if (size > 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

#endif
