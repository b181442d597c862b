/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of Advanced SIMD; vector_c.h has the meanings.
 */
#ifndef KERNEL_VECTOR_H
#define KERNEL_VECTOR_H

#include <arm_neon.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define VEC 4

typedef float32x4_t vec;
typedef int32x4_t veci;
typedef uint32x4_t mask;

/* ---- memory ---- */
INLINE vec v_splat(float x) { return vdupq_n_f32(x); }
INLINE veci vi_splat(int32_t x) { return vdupq_n_s32(x); }
INLINE vec v_load(const float *from) { return vld1q_f32(from); }
INLINE void v_store(float *to, vec x) { vst1q_f32(to, x); }
INLINE vec v_load_part(const float *from, size_t n) {
    float x[VEC] = {0};
    memcpy(x, from, n * sizeof *from);
    return vld1q_f32(x);
}
INLINE void v_store_part(float *to, vec x, size_t n) { memcpy(to, &x, n * sizeof *to); }
INLINE veci vi_load(const int32_t *from) { return vld1q_s32(from); }
INLINE void vi_store(int32_t *to, veci x) { vst1q_s32(to, x); }

INLINE vec v_load_f16(const uint16_t *from) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))); }
INLINE vec v_load_part_f16(const uint16_t *from, size_t n) {
    uint16_t x[VEC] = {0};
    memcpy(x, from, n * sizeof *from);
    return v_load_f16(x);
}
INLINE void v_store_f16(uint16_t *to, vec x) { vst1_u16(to, vreinterpret_u16_f16(vcvt_f16_f32(x))); }
INLINE void v_store_part_f16(uint16_t *to, vec x, size_t n) {
    const float16x4_t halves = vcvt_f16_f32(x);
    memcpy(to, &halves, n * sizeof *to);
}

INLINE veci vi_load_part_i8(const int8_t *from, size_t n) {
    int8_t x[8] = {0};
    memcpy(x, from, n);
    return vmovl_s16(vget_low_s16(vmovl_s8(vld1_s8(x))));
}
INLINE veci vi_load_i8(const int8_t *from) { return vi_load_part_i8(from, VEC); }
INLINE void vi_store_part_i8(int8_t *to, veci x, size_t n) {
    const int16x4_t words = vqmovn_s32(x);
    const int8x8_t bytes = vqmovn_s16(vcombine_s16(words, words));
    memcpy(to, &bytes, n);
}
INLINE void vi_store_i8(int8_t *to, veci x) { vi_store_part_i8(to, x, VEC); }

/* ---- between the two ---- */
INLINE veci v_bits(vec x) { return vreinterpretq_s32_f32(x); }
INLINE vec vi_bits(veci x) { return vreinterpretq_f32_s32(x); }
INLINE vec vi_to_float(veci x) { return vcvtq_f32_s32(x); }
INLINE veci v_to_int(vec x) { return vcvtnq_s32_f32(x); }

INLINE vec v_evens(vec a, vec b) { return __builtin_shufflevector(a, b, 0, 2, 4, 6); }
INLINE vec v_odds(vec a, vec b) { return __builtin_shufflevector(a, b, 1, 3, 5, 7); }

/* ---- choice ---- */
INLINE mask v_less(vec a, vec b) { return vcltq_f32(a, b); }
INLINE mask v_equal(vec a, vec b) { return vceqq_f32(a, b); }
INLINE vec v_select(mask m, vec yes, vec no) { return vbslq_f32(m, yes, no); }
INLINE int m_all(mask m) { return vminvq_u32(m) != 0; }

/* ---- integers ---- */
INLINE veci vi_add(veci a, veci b) { return vaddq_s32(a, b); }
INLINE veci vi_sub(veci a, veci b) { return vsubq_s32(a, b); }
INLINE veci vi_mul(veci a, veci b) { return vmulq_s32(a, b); }
INLINE veci vi_and(veci a, veci b) { return vandq_s32(a, b); }
INLINE veci vi_or(veci a, veci b) { return vorrq_s32(a, b); }
INLINE veci vi_xor(veci a, veci b) { return veorq_s32(a, b); }
INLINE veci vi_shift_left(veci a, int bits) { return vshlq_s32(a, vdupq_n_s32(bits)); }
INLINE veci vi_shift_right(veci a, int bits) { return vshlq_s32(a, vdupq_n_s32(-bits)); }
INLINE veci vi_min(veci a, veci b) { return vminq_s32(a, b); }
INLINE veci vi_max(veci a, veci b) { return vmaxq_s32(a, b); }

/* ---- floats ---- */
INLINE vec v_add(vec a, vec b) { return vaddq_f32(a, b); }
INLINE vec v_sub(vec a, vec b) { return vsubq_f32(a, b); }
INLINE vec v_mul(vec a, vec b) { return vmulq_f32(a, b); }
INLINE vec v_div(vec a, vec b) { return vdivq_f32(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
INLINE vec v_fnma(vec a, vec b, vec c) { return vfmsq_f32(c, a, b); }
INLINE vec v_min(vec a, vec b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
INLINE vec v_max(vec a, vec b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
INLINE vec v_sqrt(vec x) { return vsqrtq_f32(x); }
INLINE vec v_abs(vec x) { return vabsq_f32(x); }
INLINE vec v_copysign(vec size, vec sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, size); }
INLINE vec v_rint(vec x) { return vrndnq_f32(x); }
INLINE vec v_floor(vec x) { return vrndmq_f32(x); }

INLINE float v_sum(vec x) { return vaddvq_f32(x); }
INLINE float v_highest(vec x) { return vmaxvq_f32(x); }
INLINE float v_lowest(vec x) { return vminvq_f32(x); }

#endif
