/* SPDX-License-Identifier: Apache-2.0
 *
 * Peaks of AVX-512: fused multiply-add, and vpmaddwd with vpaddd.
 */
#include <immintrin.h>

#include "kernel/peak/loops.h"

size_t peak_f32_avx512(size_t rounds) {
    enum { SUMS = 12 };
    __m512 sums[SUMS];
    __m512 x = _mm512_set1_ps(1.0f);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm512_fmadd_ps(x, x, sums[i]);
        __asm__("" : "+v"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "v"(sums[i]));
    return rounds * SUMS * 32;
}

size_t peak_i8_avx512(size_t rounds) {
    enum { SUMS = 12 };
    __m512i sums[SUMS];
    __m512i x = _mm512_set1_epi32(1);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm512_add_epi32(sums[i], _mm512_madd_epi16(x, sums[i]));
        __asm__("" : "+v"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "v"(sums[i]));
    return rounds * SUMS * 64;
}

void peak_read_avx512(const void *memory, size_t size) {
    const __m512i *vectors = memory;
    __m512i bits[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                       _mm512_setzero_si512()};
    for (size_t i = 0; i < size / sizeof *vectors; i += 4) {
        for (size_t j = 0; j < 4; j++) bits[j] = _mm512_or_si512(bits[j], _mm512_load_si512(vectors + i + j));
    }
    for (size_t j = 0; j < 4; j++) __asm__ volatile("" : : "v"(bits[j]));
}
