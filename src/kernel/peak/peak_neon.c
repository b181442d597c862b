/* SPDX-License-Identifier: Apache-2.0
 *
 * Peaks of NEON: fused multiply-add, and products of int16 by SMLAL.
 */
#include <arm_neon.h>

#include "kernel/peak/loops.h"

size_t peak_f32_neon(size_t rounds) {
    enum { SUMS = 24 };
    float32x4_t sums[SUMS];
    float32x4_t x = vdupq_n_f32(1.0f);
    for (size_t i = 0; i < SUMS; i++) sums[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = vfmaq_f32(sums[i], x, x);
        __asm__("" : "+w"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "w"(sums[i]));
    return rounds * SUMS * 8;
}

size_t peak_i8_neon(size_t rounds) {
    enum { SUMS = 24 };
    int32x4_t sums[SUMS];
    int16x4_t x = vdup_n_s16(1);
    for (size_t i = 0; i < SUMS; i++) sums[i] = vdupq_n_s32(1);
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = vmlal_s16(sums[i], x, x);
        __asm__("" : "+w"(x)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "w"(sums[i]));
    return rounds * SUMS * 8;
}

void peak_read_neon(const void *memory, size_t size) {
    const uint8_t *bytes = memory;
    uint8x16_t bits[4] = {vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0)};
    for (size_t i = 0; i < size; i += sizeof bits) {
        for (size_t j = 0; j < 4; j++) bits[j] = vorrq_u8(bits[j], vld1q_u8(bytes + i + 16 * j));
    }
    for (size_t j = 0; j < 4; j++) __asm__ volatile("" : : "w"(bits[j]));
}
