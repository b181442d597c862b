/* SPDX-License-Identifier: Apache-2.0
 *
 * Peak of AVX-512 VNNI: vpdpbusd.
 */
#include <immintrin.h>

#include "kernel/peak/loops.h"

size_t peak_i8_avx512vnni(size_t rounds) {
    enum { SUMS = 12 };
    __m512i sums[SUMS];
    __m512i x = _mm512_set1_epi32(1);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm512_dpbusd_epi32(sums[i], x, x);
        __asm__("" : "+v"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "v"(sums[i]));
    return rounds * SUMS * 128;
}
