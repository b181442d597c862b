/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of AVX2, FMA and F16C; vector_c.h has the meanings.
 */
#ifndef KERNEL_VECTOR_H
#define KERNEL_VECTOR_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define VEC 8

typedef __m256 vec;
typedef __m256i veci;
typedef __m256 mask;

/* ---- memory ---- */
INLINE vec v_splat(float x) { return _mm256_set1_ps(x); }
INLINE veci vi_splat(int32_t x) { return _mm256_set1_epi32(x); }
INLINE veci first_lanes(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vec v_load(const float *from) { return _mm256_loadu_ps(from); }
INLINE void v_store(float *to, vec x) { _mm256_storeu_ps(to, x); }
INLINE vec v_load_part(const float *from, size_t n) { return _mm256_maskload_ps(from, first_lanes(n)); }
INLINE void v_store_part(float *to, vec x, size_t n) { _mm256_maskstore_ps(to, first_lanes(n), x); }
INLINE veci vi_load(const int32_t *from) { return _mm256_loadu_si256((const __m256i *)from); }
INLINE void vi_store(int32_t *to, veci x) { _mm256_storeu_si256((__m256i *)to, x); }

INLINE __m128i load_bytes(const void *from, size_t bytes) {
    __m128i x = _mm_setzero_si128();
    memcpy(&x, from, bytes);
    return x;
}
INLINE vec v_load_f16(const uint16_t *from) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from)); }
INLINE vec v_load_part_f16(const uint16_t *from, size_t n) { return _mm256_cvtph_ps(load_bytes(from, 2 * n)); }
INLINE void v_store_f16(uint16_t *to, vec x) { _mm_storeu_si128((__m128i *)to, _mm256_cvtps_ph(x, 0)); }
INLINE void v_store_part_f16(uint16_t *to, vec x, size_t n) {
    const __m128i halves = _mm256_cvtps_ph(x, 0);
    memcpy(to, &halves, 2 * n);
}

INLINE veci vi_load_i8(const int8_t *from) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)from)); }
INLINE veci vi_load_part_i8(const int8_t *from, size_t n) { return _mm256_cvtepi8_epi32(load_bytes(from, n)); }
INLINE __m128i saturate(veci x) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    return _mm_packs_epi16(words, words);
}
INLINE void vi_store_i8(int8_t *to, veci x) { _mm_storel_epi64((__m128i *)to, saturate(x)); }
INLINE void vi_store_part_i8(int8_t *to, veci x, size_t n) {
    const __m128i bytes = saturate(x);
    memcpy(to, &bytes, n);
}

/* ---- between the two ---- */
INLINE veci v_bits(vec x) { return _mm256_castps_si256(x); }
INLINE vec vi_bits(veci x) { return _mm256_castsi256_ps(x); }
INLINE vec vi_to_float(veci x) { return _mm256_cvtepi32_ps(x); }
INLINE veci v_to_int(vec x) { return _mm256_cvtps_epi32(x); }

INLINE vec v_evens(vec a, vec b) { return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14); }
INLINE vec v_odds(vec a, vec b) { return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15); }

/* ---- choice ---- */
INLINE mask v_less(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
INLINE mask v_equal(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
INLINE vec v_select(mask m, vec yes, vec no) { return _mm256_blendv_ps(no, yes, m); }
INLINE int m_all(mask m) { return _mm256_movemask_ps(m) == 0xff; }

/* ---- integers ---- */
INLINE veci vi_add(veci a, veci b) { return _mm256_add_epi32(a, b); }
INLINE veci vi_sub(veci a, veci b) { return _mm256_sub_epi32(a, b); }
INLINE veci vi_mul(veci a, veci b) { return _mm256_mullo_epi32(a, b); }
INLINE veci vi_and(veci a, veci b) { return _mm256_and_si256(a, b); }
INLINE veci vi_or(veci a, veci b) { return _mm256_or_si256(a, b); }
INLINE veci vi_xor(veci a, veci b) { return _mm256_xor_si256(a, b); }
INLINE veci vi_shift_left(veci a, int bits) { return _mm256_slli_epi32(a, bits); }
INLINE veci vi_shift_right(veci a, int bits) { return _mm256_srai_epi32(a, bits); }
INLINE veci vi_min(veci a, veci b) { return _mm256_min_epi32(a, b); }
INLINE veci vi_max(veci a, veci b) { return _mm256_max_epi32(a, b); }

/* ---- floats ---- */
INLINE vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vec v_fnma(vec a, vec b, vec c) { return _mm256_fnmadd_ps(a, b, c); }
INLINE vec v_min(vec a, vec b) { return _mm256_min_ps(a, b); }
INLINE vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); }
INLINE vec v_sqrt(vec x) { return _mm256_sqrt_ps(x); }
INLINE vec v_abs(vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
INLINE vec v_copysign(vec size, vec sign) {
    const vec bit = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(bit, size), _mm256_and_ps(bit, sign));
}
INLINE vec v_rint(vec x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vec v_floor(vec x) { return _mm256_floor_ps(x); }

INLINE __m128 halves_folded(vec x, __m128 (*fold)(__m128, __m128)) {
    __m128 y = fold(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = fold(y, _mm_movehl_ps(y, y));
    return fold(y, _mm_movehdup_ps(y));
}
INLINE __m128 add4(__m128 a, __m128 b) { return _mm_add_ps(a, b); }
INLINE __m128 max4(__m128 a, __m128 b) { return _mm_max_ps(a, b); }
INLINE __m128 min4(__m128 a, __m128 b) { return _mm_min_ps(a, b); }
INLINE float v_sum(vec x) { return _mm_cvtss_f32(halves_folded(x, add4)); }
INLINE float v_highest(vec x) { return _mm_cvtss_f32(halves_folded(x, max4)); }
INLINE float v_lowest(vec x) { return _mm_cvtss_f32(halves_folded(x, min4)); }

#endif
