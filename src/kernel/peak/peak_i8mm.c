/* SPDX-License-Identifier: Apache-2.0
 *
 * Peak of SMMLA.
 */
#include <arm_neon.h>

#include "kernel/peak/loops.h"

size_t peak_i8_i8mm(size_t rounds) {
    enum { SUMS = 24 };
    int32x4_t sums[SUMS];
    int8x16_t x = vdupq_n_s8(1);
    for (size_t i = 0; i < SUMS; i++) sums[i] = vdupq_n_s32(1);
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = vmmlaq_s32(sums[i], x, x);
        __asm__("" : "+w"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "w"(sums[i]));
    return rounds * SUMS * 64;
}
