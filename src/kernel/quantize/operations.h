/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of quantize.h, once, for the vectors included before.
 */
#include "kernel/quantize/quantize.h"
#include "kernel/vector/math.h"

INLINE veci quantized(vec x, vec low, vec high, veci zero_point) {
    return vi_add(v_to_int(v_min(v_max(x, low), high)), zero_point);
}

static void f32_to_i8(size_t count, const float *in, int8_t *out, float multiplier, int32_t zero_point) {
    const vec by = v_splat(multiplier);
    const vec low = v_splat((float)(-128 - zero_point)), high = v_splat((float)(127 - zero_point));
    const veci zero = vi_splat(zero_point);
    const size_t whole = count / VEC * VEC, rest = count - whole;
    for (size_t i = 0; i < whole; i += VEC) {
        vi_store_i8(out + i, quantized(v_mul(v_load(in + i), by), low, high, zero));
    }
    if (rest) {
        vi_store_part_i8(out + whole, quantized(v_mul(v_load_part(in + whole, rest), by), low, high, zero), rest);
    }
}

INLINE vec dequantized(veci q, veci zero_point, vec scale) {
    return v_mul(vi_to_float(vi_sub(q, zero_point)), scale);
}

static void i8_to_f32(size_t count, const int8_t *in, float *out, float scale, int32_t zero_point) {
    const vec by = v_splat(scale);
    const veci zero = vi_splat(zero_point);
    const size_t whole = count / VEC * VEC, rest = count - whole;
    for (size_t i = 0; i < whole; i += VEC) v_store(out + i, dequantized(vi_load_i8(in + i), zero, by));
    if (rest) v_store_part(out + whole, dequantized(vi_load_part_i8(in + whole, rest), zero, by), rest);
}

static void f16_to_f32(size_t count, const uint16_t *in, float *out) {
    const size_t whole = count / VEC * VEC, rest = count - whole;
    for (size_t i = 0; i < whole; i += VEC) v_store(out + i, v_load_f16(in + i));
    if (rest) v_store_part(out + whole, v_load_part_f16(in + whole, rest), rest);
}

static void f32_to_f16(size_t count, const float *in, uint16_t *out) {
    const size_t whole = count / VEC * VEC, rest = count - whole;
    for (size_t i = 0; i < whole; i += VEC) v_store_f16(out + i, v_load(in + i));
    if (rest) v_store_part_f16(out + whole, v_load_part(in + whole, rest), rest);
}

static void range(size_t count, const float *in, float *min, float *max) {
    vec low = v_splat(*min), low2 = low, high = v_splat(*max), high2 = high;
    size_t i = 0;
    for (; i + 2 * VEC <= count; i += 2 * VEC) { /* two chains of dependences */
        const vec x = v_load(in + i), y = v_load(in + i + VEC);
        low = v_min(x, low), low2 = v_min(y, low2);
        high = v_max(x, high), high2 = v_max(y, high2);
    }
    *min = v_lowest(v_min(low, low2));
    *max = v_highest(v_max(high, high2));
    for (; i < count; i++) {
        *min = in[i] < *min ? in[i] : *min;
        *max = in[i] > *max ? in[i] : *max;
    }
}

/* Elements [i, i + n) of an operand; n is VEC or less. */
INLINE veci operand(const int8_t *from, bool scalar, size_t i, size_t n) {
    return scalar ? vi_splat(*from) : n == VEC ? vi_load_i8(from + i) : vi_load_part_i8(from + i, n);
}

INLINE void binary(const quantize_binary *call, veci (*f)(veci a, veci b, const quantize_binary *call)) {
    const veci low = vi_splat(call->min), high = vi_splat(call->max), zero = vi_splat(call->zero_point);
    for (size_t i = 0; i < call->count; i += VEC) {
        const size_t n = call->count - i < VEC ? call->count - i : VEC;
        const veci a = operand(call->a, call->a_scalar, i, n), b = operand(call->b, call->b_scalar, i, n);
        const veci out = vi_min(vi_max(vi_add(f(a, b, call), zero), low), high);
        if (n == VEC) {
            vi_store_i8(call->out + i, out);
        } else {
            vi_store_part_i8(call->out + i, out, n);
        }
    }
}

INLINE veci sum_of(veci a, veci b, const quantize_binary *call) {
    const veci sum = vi_add(vi_mul(a, vi_splat(call->a_multiplier)), vi_mul(b, vi_splat(call->b_multiplier)));
    return vi_shift_right(vi_add(sum, vi_splat(call->bias)), call->shift);
}
INLINE veci product_of(veci a, veci b, const quantize_binary *call) {
    const veci product = vi_mul(vi_sub(a, vi_splat(call->a_zero_point)), vi_sub(b, vi_splat(call->b_zero_point)));
    const vec low = v_splat((float)(call->min - call->zero_point)),
              high = v_splat((float)(call->max - call->zero_point));
    return v_to_int(v_min(v_max(v_mul(vi_to_float(product), v_splat(call->scale)), low), high));
}

static void add(const quantize_binary *call) { binary(call, sum_of); }
static void multiply(const quantize_binary *call) { binary(call, product_of); }

#define QUANTIZE_KERNELS {f32_to_i8, i8_to_f32, f16_to_f32, f32_to_f16, range, add, multiply}
