/* SPDX-License-Identifier: Apache-2.0
 *
 * Peak of half-precision arithmetic on AArch64: fused multiply-add.
 */
#include <arm_neon.h>

#include "kernel/peak/loops.h"

size_t peak_f16_fp16(size_t rounds) {
    enum { SUMS = 24 };
    float16x8_t sums[SUMS];
    float16x8_t x = vdupq_n_f16((float16_t)1.0f);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = vfmaq_f16(sums[i], x, x);
        __asm__("" : "+w"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "w"(sums[i]));
    return rounds * SUMS * 16;
}
