/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of AVX-512 (F, BW, DQ, VL); vector_c.h has the meanings.
 */
#ifndef KERNEL_VECTOR_H
#define KERNEL_VECTOR_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define VEC 16

typedef __m512 vec;
typedef __m512i veci;
typedef __mmask16 mask;

/* ---- memory ---- */
INLINE vec v_splat(float x) { return _mm512_set1_ps(x); }
INLINE veci vi_splat(int32_t x) { return _mm512_set1_epi32(x); }
INLINE mask first_lanes(size_t n) { return (mask)((1u << n) - 1u); }
INLINE vec v_load(const float *from) { return _mm512_loadu_ps(from); }
INLINE void v_store(float *to, vec x) { _mm512_storeu_ps(to, x); }
INLINE vec v_load_part(const float *from, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), from); }
INLINE void v_store_part(float *to, vec x, size_t n) { _mm512_mask_storeu_ps(to, first_lanes(n), x); }
INLINE veci vi_load(const int32_t *from) { return _mm512_loadu_si512(from); }
INLINE void vi_store(int32_t *to, veci x) { _mm512_storeu_si512(to, x); }

INLINE vec v_load_f16(const uint16_t *from) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from)); }
INLINE vec v_load_part_f16(const uint16_t *from, size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), from));
}
INLINE void v_store_f16(uint16_t *to, vec x) { _mm256_storeu_si256((__m256i *)to, _mm512_cvtps_ph(x, 0)); }
INLINE void v_store_part_f16(uint16_t *to, vec x, size_t n) {
    _mm256_mask_storeu_epi16(to, first_lanes(n), _mm512_cvtps_ph(x, 0));
}

INLINE veci vi_load_i8(const int8_t *from) { return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)from)); }
INLINE veci vi_load_part_i8(const int8_t *from, size_t n) {
    return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first_lanes(n), from));
}
INLINE void vi_store_i8(int8_t *to, veci x) { _mm_storeu_si128((__m128i *)to, _mm512_cvtsepi32_epi8(x)); }
INLINE void vi_store_part_i8(int8_t *to, veci x, size_t n) {
    _mm512_mask_cvtsepi32_storeu_epi8(to, first_lanes(n), x);
}

/* ---- between the two ---- */
INLINE veci v_bits(vec x) { return _mm512_castps_si512(x); }
INLINE vec vi_bits(veci x) { return _mm512_castsi512_ps(x); }
INLINE vec vi_to_float(veci x) { return _mm512_cvtepi32_ps(x); }
INLINE veci v_to_int(vec x) { return _mm512_cvtps_epi32(x); }

INLINE vec v_evens(vec a, vec b) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
INLINE vec v_odds(vec a, vec b) {
    return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/* ---- choice ---- */
INLINE mask v_less(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE mask v_equal(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
INLINE vec v_select(mask m, vec yes, vec no) { return _mm512_mask_blend_ps(m, no, yes); }
INLINE int m_all(mask m) { return m == 0xffff; }

/* ---- integers ---- */
INLINE veci vi_add(veci a, veci b) { return _mm512_add_epi32(a, b); }
INLINE veci vi_sub(veci a, veci b) { return _mm512_sub_epi32(a, b); }
INLINE veci vi_mul(veci a, veci b) { return _mm512_mullo_epi32(a, b); }
INLINE veci vi_and(veci a, veci b) { return _mm512_and_si512(a, b); }
INLINE veci vi_or(veci a, veci b) { return _mm512_or_si512(a, b); }
INLINE veci vi_xor(veci a, veci b) { return _mm512_xor_si512(a, b); }
INLINE veci vi_shift_left(veci a, int bits) { return _mm512_sll_epi32(a, _mm_cvtsi32_si128(bits)); }
INLINE veci vi_shift_right(veci a, int bits) { return _mm512_sra_epi32(a, _mm_cvtsi32_si128(bits)); }
INLINE veci vi_min(veci a, veci b) { return _mm512_min_epi32(a, b); }
INLINE veci vi_max(veci a, veci b) { return _mm512_max_epi32(a, b); }

/* ---- floats ---- */
INLINE vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vec v_fnma(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
INLINE vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
INLINE vec v_sqrt(vec x) { return _mm512_sqrt_ps(x); }
INLINE vec v_abs(vec x) { return _mm512_abs_ps(x); }
INLINE vec v_copysign(vec size, vec sign) {
    return _mm512_or_ps(_mm512_abs_ps(size), _mm512_and_ps(_mm512_set1_ps(-0.0f), sign));
}
INLINE vec v_rint(vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vec v_floor(vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }

/* ---- what math.h else does with more instructions ---- */
#define VECTOR_SCALES
INLINE vec v_scale(vec x, vec n) { return _mm512_scalef_ps(x, n); }
#define VECTOR_DIVIDES
INLINE vec v_quotient(vec a, vec b) { /* 14 bits of 1 / b, doubled, and one correction of the quotient */
    const vec guess = _mm512_rcp14_ps(b);
    const vec over = v_fma(guess, v_fnma(b, guess, v_splat(1)), guess);
    const vec quotient = v_mul(a, over);
    return v_fma(over, v_fnma(b, quotient, a), quotient);
}

INLINE float v_sum(vec x) { return _mm512_reduce_add_ps(x); }
INLINE float v_highest(vec x) { return _mm512_reduce_max_ps(x); }
INLINE float v_lowest(vec x) { return _mm512_reduce_min_ps(x); }

#endif
