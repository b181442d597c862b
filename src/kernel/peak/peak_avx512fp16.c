/* SPDX-License-Identifier: Apache-2.0
 *
 * Peak of AVX512-FP16: fused multiply-add.
 */
#include <immintrin.h>

#include "kernel/peak/loops.h"

size_t peak_f16_avx512fp16(size_t rounds) {
    enum { SUMS = 12 };
    __m512h sums[SUMS];
    __m512h x = _mm512_set1_ph((_Float16)1.0f);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = _mm512_fmadd_ph(x, x, sums[i]);
        __asm__("" : "+v"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "v"(sums[i]));
    return rounds * SUMS * 64;
}
