/* SPDX-License-Identifier: Apache-2.0
 *
 * Products and sums of 32 halves in f16. With MICA_EMULATE_FP16 by way of f32, so that kernels can be tested on a CPU
 * without AVX512-FP16: a sum is then rounded twice, which is hardly ever another half.
 */
#ifndef KERNEL_VECTOR_HALVES_H
#define KERNEL_VECTOR_HALVES_H

#include <immintrin.h>

typedef __m512i halves;

#ifdef MICA_EMULATE_FP16

static inline __m256i half_of_them_fma(__m256i a, __m256i b, __m256i c) {
    const __m512 sum = _mm512_fmadd_ps(_mm512_cvtph_ps(a), _mm512_cvtph_ps(b), _mm512_cvtph_ps(c));
    return _mm512_cvtps_ph(sum, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* a · b + c */
static inline halves halves_fma(halves a, halves b, halves c) {
    const __m256i low =
        half_of_them_fma(_mm512_castsi512_si256(a), _mm512_castsi512_si256(b), _mm512_castsi512_si256(c));
    const __m256i high = half_of_them_fma(_mm512_extracti64x4_epi64(a, 1), _mm512_extracti64x4_epi64(b, 1),
                                          _mm512_extracti64x4_epi64(c, 1));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

static inline halves halves_mul(halves a, halves b) {
    return halves_fma(a, b, _mm512_set1_epi16((short)0x8000)); /* −0, which leaves the sign of a product of 0 */
}

#else

static inline halves halves_fma(halves a, halves b, halves c) {
    const __m512h sum = _mm512_fmadd_ph(_mm512_castsi512_ph(a), _mm512_castsi512_ph(b), _mm512_castsi512_ph(c));
    return _mm512_castph_si512(sum);
}

static inline halves halves_mul(halves a, halves b) {
    return _mm512_castph_si512(_mm512_mul_ph(_mm512_castsi512_ph(a), _mm512_castsi512_ph(b)));
}

#endif
#endif
