/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of 8 lanes for the kernel templates, in AVX2, FMA and F16C. simd_avx512.h says what the words mean.
 */
#ifndef KERNEL_GEMM_SIMD_H
#define KERNEL_GEMM_SIMD_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define KEEP(vector) __asm__("" : "+x"(vector)) /* the compiler sees a new value */
#define USE(vector) __asm__ volatile("" : : "x"(vector))

/* A tile of 6 rows x 2 vectors of sums, 2 vectors of weights, 1 element and 1 product takes all 16 registers. */
enum { LANES = 8, VECTORS = 2, COLUMNS = LANES * VECTORS, ROWS = 6, BLOCK_ROWS = ROWS };
#define EACH_ROW_COUNT(DO) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6)
#define EACH_BLOCK_ROW_COUNT(DO) EACH_ROW_COUNT(DO)

typedef __m256 vfloat;
typedef __m256i vint;
typedef int32_t vsum __attribute__((vector_size(32)));

/* ---- floats ---- */
INLINE vfloat float_splat(float x) { return _mm256_set1_ps(x); }
INLINE vfloat float_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void float_store(float *p, vfloat v) { _mm256_storeu_ps(p, v); }
INLINE vfloat float_add(vfloat a, vfloat b) { return _mm256_add_ps(a, b); }
INLINE vfloat float_sub(vfloat a, vfloat b) { return _mm256_sub_ps(a, b); }
INLINE vfloat float_mul(vfloat a, vfloat b) { return _mm256_mul_ps(a, b); }
INLINE vfloat float_div(vfloat a, vfloat b) { return _mm256_div_ps(a, b); }
INLINE vfloat float_fma(vfloat a, vfloat b, vfloat c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vfloat float_min(vfloat a, vfloat b) { return _mm256_min_ps(a, b); }
INLINE vfloat float_max(vfloat a, vfloat b) { return _mm256_max_ps(a, b); }
INLINE vfloat float_greater(vfloat a, vfloat b, vfloat yes, vfloat no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
}
INLINE bool float_all_less(vfloat a, vfloat b) { return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NLT_UQ)) == 0; }
INLINE float float_least(vfloat v) {
    __m128 half = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_min_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
}
INLINE float float_greatest(vfloat v) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

/* ---- conversions ---- */
INLINE vint float_bits(vfloat v) { return _mm256_castps_si256(v); }
INLINE vfloat bits_float(vint v) { return _mm256_castsi256_ps(v); }
INLINE vfloat float_of_int(vint v) { return _mm256_cvtepi32_ps(v); }
INLINE vint int_of_float(vfloat v) { return _mm256_cvtps_epi32(v); }
INLINE vfloat half_load(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)); }
INLINE __m128i half_of_float(vfloat v) { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
INLINE void half_store(uint16_t *p, vfloat v) { _mm_storeu_si128((void *)p, half_of_float(v)); }
INLINE vint bytes_widen(const void *p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(p)); }
INLINE vint words_load(const int8_t *p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)p)); }
INLINE void words_store(int16_t *p, vint v) {
    const vint low = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 4, 5, 8, 9, 12,
                                      13, -1, -1, -1, -1, -1, -1, -1, -1);
    const vint words = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(v, low), 0x08);
    _mm_storeu_si128((void *)p, _mm256_castsi256_si128(words));
}
INLINE vint words_of_ints(vint a, vint b) { return _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8); }
INLINE vint bytes_of_ints(vint a, vint b, vint c, vint d) {
    const vint order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const vint bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    return _mm256_permutevar8x32_epi32(bytes, order);
}
INLINE vint signed_bytes_of_ints(vint a, vint b, vint c, vint d, vint word) {
    const vint order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const vint low = _mm256_adds_epi16(_mm256_packs_epi32(a, b), word);
    const vint high = _mm256_adds_epi16(_mm256_packs_epi32(c, d), word);
    return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
}
INLINE void bytes_store_part(int8_t *p, vint v, const size_t part, const size_t parts, size_t count) {
    const __m128i half = part < parts / 2 ? _mm256_castsi256_si128(v) : _mm256_extracti128_si256(v, 1);
    const __m128i bytes = parts == 4 && part % 2 ? _mm_unpackhi_epi64(half, half) : half;
    if (count >= 32 / parts) {
        memcpy(p, &bytes, 32 / parts);
    } else {
        memcpy(p, &bytes, count);
    }
}

/* ---- the first `count` lanes or bytes, at least 1, of which there are more; loads read nothing else ---- */
INLINE vfloat float_load_first(const float *p, size_t count) {
    const vint lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes));
}
INLINE vint bytes_load_first(const void *p, size_t count) {
    vint v = _mm256_setzero_si256();
    memcpy(&v, p, count);
    return v;
}

/* ---- the first `count` lanes, 1 to LANES ---- */
INLINE void float_store_first(float *p, vfloat v, size_t count) {
    if (count == LANES) {
        float_store(p, v);
    } else {
        float lanes[LANES];
        float_store(lanes, v);
        memcpy(p, lanes, count * sizeof *p);
    }
}
INLINE void half_store_first(uint16_t *p, vfloat v, size_t count) {
    if (count == LANES) {
        half_store(p, v);
    } else {
        uint16_t lanes[LANES];
        half_store(lanes, v);
        memcpy(p, lanes, count * sizeof *p);
    }
}

/* ---- integers ---- */
INLINE vint int_splat(int32_t x) { return _mm256_set1_epi32(x); }
INLINE vint int_load(const void *p) { return _mm256_loadu_si256(p); }
INLINE void int_store(void *p, vint v) { _mm256_storeu_si256(p, v); }
INLINE vint int_add(vint a, vint b) { return _mm256_add_epi32(a, b); }
INLINE vint int_mul(vint a, vint b) { return _mm256_mullo_epi32(a, b); }
INLINE vint int_and(vint a, vint b) { return _mm256_and_si256(a, b); }
INLINE vint int_xor(vint a, vint b) { return _mm256_xor_si256(a, b); }
INLINE vint int_xor_and(vint a, vint b, vint c) { return _mm256_and_si256(_mm256_xor_si256(a, b), c); }
INLINE vint int_shl(vint v, uint8_t bits) { return _mm256_slli_epi32(v, bits); }
INLINE vint int_shl_by(vint v, int bits) { return _mm256_sll_epi32(v, _mm_cvtsi32_si128(bits)); }
INLINE vint int_shr(vint v, uint8_t bits) { return _mm256_srli_epi32(v, bits); }
INLINE vint int_sar(vint v, uint8_t bits) { return _mm256_srai_epi32(v, bits); }
INLINE vint byte_splat(int x) { return _mm256_set1_epi8((char)x); }
INLINE vint byte_max(vint a, vint b) { return _mm256_max_epi8(a, b); }
INLINE vint byte_min(vint a, vint b) { return _mm256_min_epi8(a, b); }
INLINE vint word_splat(int x) { return _mm256_set1_epi16((short)x); }
INLINE vint word_sub(vint a, vint b) { return _mm256_sub_epi16(a, b); }
INLINE vint word_shl(vint v, uint8_t bits) { return _mm256_slli_epi16(v, bits); }
INLINE vint word_sar(vint v, uint8_t bits) { return _mm256_srai_epi16(v, bits); }
INLINE vint word_dot(vint a, vint b) { return _mm256_madd_epi16(a, b); }

INLINE void transpose(vint v[LANES]) {
    vint t[LANES];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        v[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        v[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        v[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        v[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        const vint low = v[i], high = v[i + 4];
        v[i] = _mm256_permute2x128_si256(low, high, 0x20);
        v[i + 4] = _mm256_permute2x128_si256(low, high, 0x31);
    }
}

#endif
