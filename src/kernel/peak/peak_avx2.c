/* SPDX-License-Identifier: Apache-2.0
 *
 * Peaks of AVX2: fused multiply-add, and vpmaddwd with vpaddd.
 */
#include <immintrin.h>

#include "kernel/peak/loops.h"

size_t peak_f32_avx2(size_t rounds) {
    enum { SUMS = 12 };
    __m256 sums[SUMS];
    __m256 x = _mm256_set1_ps(1.0f);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm256_fmadd_ps(x, x, sums[i]);
        __asm__("" : "+x"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "x"(sums[i]));
    return rounds * SUMS * 16;
}

size_t peak_i8_avx2(size_t rounds) {
    enum { SUMS = 12 };
    __m256i sums[SUMS];
    __m256i x = _mm256_set1_epi32(1);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(x, sums[i]));
        __asm__("" : "+x"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "x"(sums[i]));
    return rounds * SUMS * 32;
}

void peak_read_avx2(const void *memory, size_t size) {
    const __m256i *vectors = memory;
    __m256i bits[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                       _mm256_setzero_si256()};
    for (size_t i = 0; i < size / sizeof *vectors; i += 4) {
        for (size_t j = 0; j < 4; j++) bits[j] = _mm256_or_si256(bits[j], _mm256_load_si256(vectors + i + j));
    }
    for (size_t j = 0; j < 4; j++) __asm__ volatile("" : : "x"(bits[j]));
}
