/* SPDX-License-Identifier: Apache-2.0
 *
 * Int8 on Advanced SIMD: sixteen channels, products in 16 bits, sums in 32.
 */
#include <arm_neon.h>
#include <string.h>

#include "kernel/dwconv/dwconv.h"

#define BLOCK 16 /* channels */

static inline int8x16_t load(const void *from, size_t n) {
    if (n == BLOCK) return vld1q_s8(from);
    int8_t part[BLOCK] = {0};
    memcpy(part, from, n);
    return vld1q_s8(part);
}

/* Four sums as steps of the output, less its zero point. */
static inline int32x4_t requantized(int32x4_t sum, float32x4_t scale, const dwconv_call *call) {
    const float32x4_t min = vdupq_n_f32((float)(call->qmin - call->zero_point));
    const float32x4_t max = vdupq_n_f32((float)(call->qmax - call->zero_point));
    return vcvtnq_s32_f32(vmaxq_f32(vminq_f32(vmulq_f32(vcvtq_f32_s32(sum), scale), max), min));
}

static inline void one_block(const dwconv_call *call, size_t pixel, size_t channel, size_t n) {
    const int32_t *const bias = call->packed;
    const float *const scales = (const float *)(bias + call->channels);
    const int8_t *weights = (const int8_t *)(bias + 2 * call->channels) + channel;
    int32_t first[BLOCK] = {0};
    float scale[BLOCK] = {0};
    memcpy(first, bias + channel, n * sizeof *first);
    memcpy(scale, scales + channel, n * sizeof *scale);
    int32x4_t sum[4];
    for (size_t i = 0; i < 4; i++) sum[i] = vld1q_s32(first + 4 * i);
    for (size_t t = 0; t < call->tap_count; t++, weights += call->channels) {
        const int8x16_t x = load(call->in[t] + pixel * call->in_step[t] + channel, n);
        const int8x16_t w = load(weights, n);
        const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(w)), high = vmull_high_s8(x, w);
        sum[0] = vaddw_s16(sum[0], vget_low_s16(low));
        sum[1] = vaddw_high_s16(sum[1], low);
        sum[2] = vaddw_s16(sum[2], vget_low_s16(high));
        sum[3] = vaddw_high_s16(sum[3], high);
    }
    for (size_t i = 0; i < 4; i++) sum[i] = requantized(sum[i], vld1q_f32(scale + 4 * i), call);
    const int16x8_t zero = vdupq_n_s16((int16_t)call->zero_point);
    const int16x8_t low = vaddq_s16(vcombine_s16(vqmovn_s32(sum[0]), vqmovn_s32(sum[1])), zero);
    const int16x8_t high = vaddq_s16(vcombine_s16(vqmovn_s32(sum[2]), vqmovn_s32(sum[3])), zero);
    const int8x16_t bytes = vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
    memcpy(call->out[0] + pixel * call->out_step[0] + channel, &bytes, n);
}

static void run(const dwconv_call *call) {
    for (size_t pixel = 0; pixel < call->tiles; pixel++) {
        size_t c = 0;
        for (; c + BLOCK <= call->channels; c += BLOCK) one_block(call, pixel, c, BLOCK);
        if (c < call->channels) one_block(call, pixel, c, call->channels - c);
    }
}

const dwconv_kernel dwconv_i8_neon = {dwconv_rows_i8_size, dwconv_pack_rows_i8, run, NULL};
