/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions and static int8 arithmetic, one element after the other, as the formulas stand.
 */
#include "kernel/quantize/quantize.h"

#include <math.h>

#include "base/half.h"

static int32_t rounded(float x, int32_t low, int32_t high) {
    return x > (float)high ? high : x >= (float)low ? (int32_t)rintf(x) : low;
}

static void f32_to_i8(size_t count, const float *in, int8_t *out, float multiplier, int32_t zero_point) {
    for (size_t i = 0; i < count; i++) {
        out[i] = (int8_t)(rounded(in[i] * multiplier, -128 - zero_point, 127 - zero_point) + zero_point);
    }
}

static void i8_to_f32(size_t count, const int8_t *in, float *out, float scale, int32_t zero_point) {
    for (size_t i = 0; i < count; i++) out[i] = (float)(in[i] - zero_point) * scale;
}

static void f16_to_f32(size_t count, const uint16_t *in, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = float_of_f16(in[i]);
}

static void f32_to_f16(size_t count, const float *in, uint16_t *out) {
    for (size_t i = 0; i < count; i++) out[i] = f16_of_float(in[i]);
}

static void range(size_t count, const float *in, float *min, float *max) {
    for (size_t i = 0; i < count; i++) {
        *min = in[i] < *min ? in[i] : *min;
        *max = in[i] > *max ? in[i] : *max;
    }
}

static int8_t clamped(int32_t q, const quantize_binary *call) {
    return (int8_t)(q < call->min ? call->min : q > call->max ? call->max : q);
}

static void add(const quantize_binary *call) {
    for (size_t i = 0; i < call->count; i++) {
        const int32_t a = call->a[call->a_scalar ? 0 : i], b = call->b[call->b_scalar ? 0 : i];
        const int32_t sum = call->bias + a * call->a_multiplier + b * call->b_multiplier;
        call->out[i] = clamped((sum >> call->shift) + call->zero_point, call);
    }
}

static void multiply(const quantize_binary *call) {
    for (size_t i = 0; i < call->count; i++) {
        const int32_t a = call->a[call->a_scalar ? 0 : i] - call->a_zero_point;
        const int32_t b = call->b[call->b_scalar ? 0 : i] - call->b_zero_point;
        const float product = (float)(a * b) * call->scale;
        const int32_t q = rounded(product, call->min - call->zero_point, call->max - call->zero_point);
        call->out[i] = (int8_t)(q + call->zero_point);
    }
}

const quantize_kernels quantize_reference = {f32_to_i8, i8_to_f32, f16_to_f32, f32_to_f16, range, add, multiply};
