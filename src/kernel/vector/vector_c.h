/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors in portable C, and the meaning of every vector operation: kernels that are written against these names
 * are compiled for each instruction set by including its header instead of this one (vector_avx2.h, …).
 *
 *   vec, veci   VEC floats or 32-bit integers            mask   a truth value for each
 *   …_part      the first n < VEC elements only: the rest reads as 0 and is not written
 *   NaN         v_min and v_max give their second argument when either is NaN, and when both are zero
 *   v_fma       may or may not round the product
 */
#ifndef KERNEL_VECTOR_H
#define KERNEL_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define VEC 4

typedef float vec __attribute__((vector_size(16)));
typedef int32_t veci __attribute__((vector_size(16)));
typedef uint32_t vecu __attribute__((vector_size(16)));
typedef veci mask;

/* ---- memory ---- */
INLINE vec v_splat(float x) { return (vec){x, x, x, x}; }
INLINE veci vi_splat(int32_t x) { return (veci){x, x, x, x}; }
INLINE vec v_load_part(const float *from, size_t n) {
    vec x = {0};
    memcpy(&x, from, n * sizeof *from);
    return x;
}
INLINE void v_store_part(float *to, vec x, size_t n) { memcpy(to, &x, n * sizeof *to); }
INLINE vec v_load(const float *from) { return v_load_part(from, VEC); }
INLINE void v_store(float *to, vec x) { v_store_part(to, x, VEC); }
INLINE veci vi_load(const int32_t *from) {
    veci x;
    memcpy(&x, from, sizeof x);
    return x;
}
INLINE void vi_store(int32_t *to, veci x) { memcpy(to, &x, sizeof x); }

/* Bytes, sign-extended and saturated. */
INLINE veci vi_load_part_i8(const int8_t *from, size_t n) {
    veci x = {0};
    for (size_t i = 0; i < n; i++) x[i] = from[i];
    return x;
}
INLINE void vi_store_part_i8(int8_t *to, veci x, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] = (int8_t)(x[i] < -128 ? -128 : x[i] > 127 ? 127 : x[i]);
}
INLINE veci vi_load_i8(const int8_t *from) { return vi_load_part_i8(from, VEC); }
INLINE void vi_store_i8(int8_t *to, veci x) { vi_store_part_i8(to, x, VEC); }

/* ---- between the two ---- */
INLINE veci v_bits(vec x) { return (veci)x; }
INLINE vec vi_bits(veci x) { return (vec)x; }
INLINE vec vi_to_float(veci x) { return __builtin_convertvector(x, vec); }

/* Elements 0, 2, 4 … of a, then of b. */
INLINE vec v_evens(vec a, vec b) { return __builtin_shufflevector(a, b, 0, 2, 4, 6); }
INLINE vec v_odds(vec a, vec b) { return __builtin_shufflevector(a, b, 1, 3, 5, 7); }

/* ---- choice ---- */
INLINE mask v_less(vec a, vec b) { return (mask)(a < b); }
INLINE mask v_equal(vec a, vec b) { return (mask)(a == b); }
INLINE vec v_select(mask m, vec yes, vec no) { return (vec)((m & (veci)yes) | (~m & (veci)no)); }
INLINE int m_all(mask m) { return (m[0] & m[1] & m[2] & m[3]) != 0; }

/* ---- integers ---- */
INLINE veci vi_add(veci a, veci b) { return (veci)((vecu)a + (vecu)b); } /* wraps, like all of these */
INLINE veci vi_sub(veci a, veci b) { return (veci)((vecu)a - (vecu)b); }
INLINE veci vi_mul(veci a, veci b) { return (veci)((vecu)a * (vecu)b); }
INLINE veci vi_and(veci a, veci b) { return a & b; }
INLINE veci vi_or(veci a, veci b) { return a | b; }
INLINE veci vi_xor(veci a, veci b) { return a ^ b; }
INLINE veci vi_shift_left(veci a, int bits) { return (veci)((vecu)a << bits); }
INLINE veci vi_shift_right(veci a, int bits) { return a >> bits; } /* arithmetic */
INLINE veci vi_min(veci a, veci b) {
    const veci m = a < b;
    return (m & a) | (~m & b);
}
INLINE veci vi_max(veci a, veci b) {
    const veci m = a < b;
    return (m & b) | (~m & a);
}

/* ---- floats ---- */
INLINE vec v_add(vec a, vec b) { return a + b; }
INLINE vec v_sub(vec a, vec b) { return a - b; }
INLINE vec v_mul(vec a, vec b) { return a * b; }
INLINE vec v_div(vec a, vec b) { return a / b; }
INLINE vec v_fma(vec a, vec b, vec c) { return a * b + c; }  /* ab + c */
INLINE vec v_fnma(vec a, vec b, vec c) { return c - a * b; } /* c − ab */
INLINE vec v_min(vec a, vec b) { return v_select(v_less(a, b), a, b); }
INLINE vec v_max(vec a, vec b) { return v_select(v_less(b, a), a, b); }
INLINE vec v_sqrt(vec x) {
    for (int i = 0; i < VEC; i++) x[i] = sqrtf(x[i]);
    return x;
}
INLINE vec v_abs(vec x) { return vi_bits(vi_and(v_bits(x), vi_splat(INT32_MAX))); }
INLINE vec v_copysign(vec size, vec sign) {
    const veci bit = vi_splat(INT32_MIN);
    return vi_bits(vi_or(v_bits(v_abs(size)), vi_and(v_bits(sign), bit)));
}
/* To a whole number, ties to even: at 2^23 a float has no bits for a fraction. Larger numbers are whole. */
INLINE vec v_rint(vec x) {
    const vec limit = v_splat(0x1p23f), size = v_abs(x);
    return v_select(v_less(size, limit), v_copysign((size + limit) - limit, x), x);
}
INLINE vec v_floor(vec x) {
    const vec near = v_rint(x);
    return v_copysign(v_select(v_less(x, near), near - v_splat(1), near), x);
}
INLINE veci v_to_int(vec x) { return __builtin_convertvector(v_rint(x), veci); } /* nearest even; |x| < 2^31 */

/* ---- half floats, widened and rounded to nearest even, by integer arithmetic in every lane ---- */
INLINE vec widened(veci half) {
    const veci magnitude = vi_and(half, vi_splat(0x7fff)), sign = vi_shift_left(vi_and(half, vi_splat(0x8000)), 16);
    const vec normal = vi_bits(vi_add(vi_shift_left(magnitude, 13), vi_splat(0x38000000)));
    const vec tiny = vi_to_float(magnitude) * v_splat(0x1p-24f); /* zero or subnormal */
    const vec special = vi_bits(vi_or(vi_shift_left(magnitude, 13), vi_splat(0x7f800000)));
    const vec finite = v_select((mask)(magnitude < vi_splat(0x400)), tiny, normal);
    return vi_bits(vi_or(v_bits(v_select((mask)(magnitude < vi_splat(0x7c00)), finite, special)), sign));
}
INLINE veci narrowed(vec x) {
    const veci magnitude = v_bits(v_abs(x)), sign = vi_and(vi_shift_right(v_bits(x), 16), vi_splat(0x8000));
    const veci odd = vi_and(vi_shift_right(magnitude, 13), vi_splat(1));
    const veci rounded = vi_add(vi_add(magnitude, vi_splat(0xfff)), odd);
    const veci normal = vi_shift_right(vi_sub(rounded, vi_splat(0x38000000)), 13);
    const veci tiny = vi_sub(v_bits(v_abs(x) + v_splat(0.5f)), vi_splat(0x3f000000)); /* below 2^-14 */
    const veci nan = vi_or(vi_and(vi_shift_right(magnitude, 13), vi_splat(0x3ff)), vi_splat(0x7e00));
    const vec finite = v_select((mask)(magnitude < vi_splat(0x38800000)), vi_bits(tiny), vi_bits(normal));
    const vec large = v_select((mask)(magnitude > vi_splat(0x7f800000)), vi_bits(nan), vi_bits(vi_splat(0x7c00)));
    return vi_or(v_bits(v_select((mask)(magnitude < vi_splat(0x47800000)), finite, large)), sign);
}
INLINE vec v_load_part_f16(const uint16_t *from, size_t n) {
    uint16_t halves[VEC] = {0};
    memcpy(halves, from, n * sizeof *from);
    return widened((veci){halves[0], halves[1], halves[2], halves[3]});
}
INLINE void v_store_part_f16(uint16_t *to, vec x, size_t n) {
    const veci half = narrowed(x);
    const uint16_t halves[VEC] = {(uint16_t)half[0], (uint16_t)half[1], (uint16_t)half[2], (uint16_t)half[3]};
    memcpy(to, halves, n * sizeof *to);
}
INLINE vec v_load_f16(const uint16_t *from) { return v_load_part_f16(from, VEC); }
INLINE void v_store_f16(uint16_t *to, vec x) { v_store_part_f16(to, x, VEC); }

INLINE float v_sum(vec x) { return (x[0] + x[2]) + (x[1] + x[3]); }
INLINE float v_highest(vec x) { return fmaxf(fmaxf(x[0], x[1]), fmaxf(x[2], x[3])); }
INLINE float v_lowest(vec x) { return fminf(fminf(x[0], x[1]), fminf(x[2], x[3])); }

#endif
