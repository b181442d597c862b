/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of 16 lanes for the kernel templates, in AVX-512 F, BW, DQ and VL. simd_avx2.h has the same words for 8
 * lanes: what they mean is said here.
 */
#ifndef KERNEL_GEMM_SIMD_H
#define KERNEL_GEMM_SIMD_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernel/vector/square_avx512.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define KEEP(vector) __asm__("" : "+v"(vector)) /* the compiler sees a new value */
#define USE(vector) __asm__ volatile("" : : "v"(vector))

/* A tile of 14 rows x 2 vectors of sums, 2 vectors of weights and 1 element takes 31 of the 32 registers. */
enum { LANES = 16, VECTORS = 2, COLUMNS = LANES * VECTORS, ROWS = 14, BLOCK_ROWS = 7 };
#define EACH_BLOCK_ROW_COUNT(DO) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define EACH_ROW_COUNT(DO) EACH_BLOCK_ROW_COUNT(DO) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14)

typedef __m512 vfloat;                                 /* LANES floats */
typedef __m512i vint;                                  /* LANES int32, or 2 LANES int16 ("words"), or 4 LANES bytes */
typedef int32_t vsum __attribute__((vector_size(64))); /* a vint that sums: gcc keeps this type in one register */

INLINE __mmask16 first_lanes(size_t count) { return (__mmask16)((1u << count) - 1u); }

/* ---- floats ---- */
INLINE vfloat float_splat(float x) { return _mm512_set1_ps(x); }
INLINE vfloat float_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void float_store(float *p, vfloat v) { _mm512_storeu_ps(p, v); }
INLINE vfloat float_add(vfloat a, vfloat b) { return _mm512_add_ps(a, b); }
INLINE vfloat float_sub(vfloat a, vfloat b) { return _mm512_sub_ps(a, b); }
INLINE vfloat float_mul(vfloat a, vfloat b) { return _mm512_mul_ps(a, b); }
INLINE vfloat float_div(vfloat a, vfloat b) { return _mm512_div_ps(a, b); }
INLINE vfloat float_fma(vfloat a, vfloat b, vfloat c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vfloat float_min(vfloat a, vfloat b) { return _mm512_min_ps(a, b); } /* b when either is NaN */
INLINE vfloat float_max(vfloat a, vfloat b) { return _mm512_max_ps(a, b); }
INLINE vfloat float_greater(vfloat a, vfloat b, vfloat yes, vfloat no) { /* a > b ? yes : no */
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), no, yes);
}
INLINE bool float_all_less(vfloat a, vfloat b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ) == 0; }
INLINE float float_least(vfloat v) { return _mm512_reduce_min_ps(v); }
INLINE float float_greatest(vfloat v) { return _mm512_reduce_max_ps(v); }

/* ---- conversions ---- */
INLINE vint float_bits(vfloat v) { return _mm512_castps_si512(v); }
INLINE vfloat bits_float(vint v) { return _mm512_castsi512_ps(v); }
INLINE vfloat float_of_int(vint v) { return _mm512_cvtepi32_ps(v); }
INLINE vint int_of_float(vfloat v) { return _mm512_cvtps_epi32(v); } /* rounds to nearest even */
INLINE vfloat half_load(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)); }
INLINE __m256i half_of_float(vfloat v) { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE void half_store(uint16_t *p, vfloat v) { _mm256_storeu_si256((void *)p, half_of_float(v)); }
INLINE vint bytes_widen(const void *p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(p)); } /* LANES, unsigned */
INLINE vint words_load(const int8_t *p) { return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const void *)p)); }
INLINE void words_store(int16_t *p, vint v) {
    _mm256_storeu_si256((void *)p, _mm512_cvtepi32_epi16(v));
} /* low words */
/* Ints to words, saturated, and words to unsigned bytes; operands follow each other. */
INLINE vint words_of_ints(vint a, vint b) {
    const vint order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    return _mm512_permutexvar_epi64(order, _mm512_packs_epi32(a, b));
}
INLINE vint bytes_of_ints(vint a, vint b, vint c, vint d) {
    const vint order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const vint bytes = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    return _mm512_permutexvar_epi32(order, bytes);
}
/* The same after adding a word, saturated, and to signed bytes. */
INLINE vint signed_bytes_of_ints(vint a, vint b, vint c, vint d, vint word) {
    const vint order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const vint low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), word);
    const vint high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), word);
    return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(low, high));
}
/* The first bytes, at most `count`, of one of the 2 or 4 equal parts of a vector. */
INLINE void bytes_store_part(int8_t *p, vint v, const size_t part, const size_t parts, size_t count) {
    if (part % 2) v = parts == 2 ? _mm512_shuffle_i64x2(v, v, 0x4e) : _mm512_shuffle_i64x2(v, v, 0xb1);
    if (part >= 2) v = _mm512_shuffle_i64x2(v, v, 0x4e);
    if (count >= 64 / parts) {
        memcpy(p, &v, 64 / parts);
    } else if (parts == 2) {
        _mm256_mask_storeu_epi8(p, ((__mmask32)1 << count) - 1, _mm512_castsi512_si256(v));
    } else {
        _mm_mask_storeu_epi8(p, (__mmask16)((1u << count) - 1), _mm512_castsi512_si128(v));
    }
}

/* ---- the first `count` lanes or bytes, at least 1, of which there are more; loads read nothing else ---- */
INLINE vfloat float_load_first(const float *p, size_t count) { return _mm512_maskz_loadu_ps(first_lanes(count), p); }
INLINE vint bytes_load_first(const void *p, size_t count) {
    return _mm512_maskz_loadu_epi8(((__mmask64)1 << count) - 1, p);
}

/* ---- the first `count` lanes, 1 to LANES ---- */
INLINE void float_store_first(float *p, vfloat v, size_t count) { _mm512_mask_storeu_ps(p, first_lanes(count), v); }
INLINE void half_store_first(uint16_t *p, vfloat v, size_t count) {
    _mm256_mask_storeu_epi16(p, first_lanes(count), half_of_float(v));
}

/* ---- integers ---- */
INLINE vint int_splat(int32_t x) { return _mm512_set1_epi32(x); }
INLINE vint int_load(const void *p) { return _mm512_loadu_si512(p); }
INLINE void int_store(void *p, vint v) { _mm512_storeu_si512(p, v); }
INLINE vint int_add(vint a, vint b) { return _mm512_add_epi32(a, b); }
INLINE vint int_mul(vint a, vint b) { return _mm512_mullo_epi32(a, b); }
INLINE vint int_and(vint a, vint b) { return _mm512_and_si512(a, b); }
INLINE vint int_xor(vint a, vint b) { return _mm512_xor_si512(a, b); }
INLINE vint int_xor_and(vint a, vint b, vint c) { return _mm512_ternarylogic_epi32(a, b, c, 0x28); } /* (a ^ b) & c */
INLINE vint int_shl(vint v, uint8_t bits) { return _mm512_slli_epi32(v, bits); }
INLINE vint int_shl_by(vint v, int bits) { return _mm512_sll_epi32(v, _mm_cvtsi32_si128(bits)); }
INLINE vint int_shr(vint v, uint8_t bits) { return _mm512_srli_epi32(v, bits); }
INLINE vint int_sar(vint v, uint8_t bits) { return _mm512_srai_epi32(v, bits); }
INLINE vint byte_splat(int x) { return _mm512_set1_epi8((char)x); }
INLINE vint byte_max(vint a, vint b) { return _mm512_max_epi8(a, b); }
INLINE vint byte_min(vint a, vint b) { return _mm512_min_epi8(a, b); }
INLINE vint word_splat(int x) { return _mm512_set1_epi16((short)x); }
INLINE vint word_sub(vint a, vint b) { return _mm512_sub_epi16(a, b); }
INLINE vint word_shl(vint v, uint8_t bits) { return _mm512_slli_epi16(v, bits); }
INLINE vint word_sar(vint v, uint8_t bits) { return _mm512_srai_epi16(v, bits); }
INLINE vint word_dot(vint a, vint b) { return _mm512_madd_epi16(a, b); } /* int i: sum of word pair i's products */

/* Lane j of vector i becomes lane i of vector j. */
INLINE void transpose(vint v[LANES]) { square_transpose(v); }

#endif
