/* SPDX-License-Identifier: Apache-2.0
 *
 * Between element types, and arithmetic on static int8. Integers are the same bits in every version.
 *
 * Operands of any alignment; NaN counts as the smallest number, and is ignored by `range`.
 */
#ifndef KERNEL_QUANTIZE_H
#define KERNEL_QUANTIZE_H

#include "kernel/version.h"

/* out = clamp(function of a and b): add as (bias + a·a_multiplier + b·b_multiplier) >> shift, multiply as
 * rint((a − a_zero_point)(b − b_zero_point)·scale), then + zero_point. */
typedef struct quantize_binary {
    size_t count;
    const int8_t *a, *b;
    bool a_scalar, b_scalar; /* the operand is one value for all elements; not both */
    int8_t *out;
    int32_t bias, a_multiplier, b_multiplier; /* add: in all below 2^31 */
    int shift;
    int32_t a_zero_point, b_zero_point; /* multiply */
    float scale;
    int32_t zero_point, min, max; /* of the result; min and max in [−128, 127] */
} quantize_binary;

typedef struct quantize_kernels {
    /* rint(clamp(x · multiplier, −128 − zero_point, 127 − zero_point)) + zero_point */
    void (*f32_to_i8)(size_t count, const float *in, int8_t *out, float multiplier, int32_t zero_point);
    /* (q − zero_point) · scale */
    void (*i8_to_f32)(size_t count, const int8_t *in, float *out, float scale, int32_t zero_point);
    void (*f16_to_f32)(size_t count, const uint16_t *in, float *out);
    void (*f32_to_f16)(size_t count, const float *in, uint16_t *out);
    /* Lowers *min and raises *max to the elements' range. */
    void (*range)(size_t count, const float *in, float *min, float *max);
    void (*add)(const quantize_binary *call);
    void (*multiply)(const quantize_binary *call);
} quantize_kernels;

extern const quantize_kernels *const quantize_versions[KERNEL_VERSIONS];
extern const quantize_kernels quantize_avx512, quantize_avx2, quantize_neon, quantize_c, quantize_reference;

extern kernel_names f32_to_i8_names, i8_to_f32_names, f16_to_f32_names, f32_to_f16_names, add_i8_names,
    multiply_i8_names;

/* out = table[in + 128]: any function of one int8. */
void map_i8(size_t count, const int8_t *in, int8_t *out, const int8_t table[256]);

#endif
