/* SPDX-License-Identifier: Apache-2.0
 *
 * Peak of AVX512-FP16: fused multiply-add.
 */
#include "kernel/peak/loops.h"
#include "kernel/vector/halves_avx512fp16.h"

size_t peak_f16_avx512fp16(size_t rounds) {
    enum { SUMS = 12 };
    halves sums[SUMS];
    halves x = _mm512_set1_epi16(0x3c00); /* 1 */
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = halves_fma(x, x, sums[i]);
        __asm__("" : "+v"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "v"(sums[i]));
    return rounds * SUMS * 64;
}
