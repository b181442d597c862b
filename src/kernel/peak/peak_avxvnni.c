/* SPDX-License-Identifier: Apache-2.0
 *
 * Peak of AVX-VNNI: vpdpbusd.
 */
#include <immintrin.h>

#include "kernel/peak/loops.h"

size_t peak_i8_avxvnni(size_t rounds) {
    enum { SUMS = 12 };
    __m256i sums[SUMS];
    __m256i x = _mm256_set1_epi32(1);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm256_dpbusd_avx_epi32(sums[i], x, x);
        __asm__("" : "+x"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "x"(sums[i]));
    return rounds * SUMS * 64;
}
