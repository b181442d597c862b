/* SPDX-License-Identifier: Apache-2.0 */
#include "author/quantize.h"

#include <math.h>

#include "base/half.h"

#define SMALLEST_SCALE 0x1p-12f        /* of PT2E's observers */
#define SMALLEST_BLOCK_SCALE 0x1p-126f /* of torchao: the smallest normal f32 */

static float clamp(float value, float low, float high) { return fminf(fmaxf(value, low), high); }

void quantize_activation(quantize_range range, float *scale, int32_t *zero_point) {
    const float low = fminf(range.low, 0), high = fmaxf(range.high, 0);
    *scale = fmaxf((high - low) / 255.0f, SMALLEST_SCALE);
    *zero_point = (int32_t)clamp(-128.0f - rintf(low / *scale), -128, 127);
}

static float largest(const float *values, size_t count) {
    float most = 0;
    for (size_t i = 0; i < count; i++) most = fmaxf(most, fabsf(values[i]));
    return most;
}

void quantize_rows(const float *weights, size_t rows, size_t depth, int8_t *out, float *scales) {
    for (size_t r = 0; r < rows; r++) {
        const float *const row = weights + r * depth;
        scales[r] = fmaxf(largest(row, depth) / 127.0f, SMALLEST_SCALE);
        const float inverse = 1.0f / scales[r];
        for (size_t i = 0; i < depth; i++) out[r * depth + i] = (int8_t)clamp(rintf(row[i] * inverse), -127, 127);
    }
}

/* Two weights as nibbles. */
static uint8_t pair_of(const float *weights, float inverse) {
    const int even = (int)clamp(rintf(weights[0] * inverse), -8, 7),
              odd = (int)clamp(rintf(weights[1] * inverse), -8, 7);
    return (uint8_t)((8 + even) | (8 + odd) << 4);
}

void quantize_nibbles(const float *weights, size_t rows, size_t depth, uint8_t *out, float *scales) {
    for (size_t r = 0; r < rows; r++) {
        const float *const row = weights + r * depth;
        scales[r] = fmaxf(largest(row, depth) / 7.5f, SMALLEST_SCALE);
        const float inverse = 1.0f / scales[r];
        for (size_t i = 0; i < depth; i += 2) *out++ = pair_of(row + i, inverse);
    }
}

void quantize_blocks(const float *weights, size_t rows, size_t depth, size_t block, uint8_t *out, uint16_t *scales) {
    for (size_t at = 0; at < rows * depth; at += block) {
        const float scale = fmaxf(largest(weights + at, block) / 7.5f, SMALLEST_BLOCK_SCALE);
        const float inverse = 1.0f / scale;
        *scales++ = bf16_of_float(scale);
        for (size_t i = at; i < at + block; i += 2) *out++ = pair_of(weights + i, inverse);
    }
}

void quantize_bias(const float *bias, size_t count, float input_scale, const float *weight_scales, bool shared,
                   int32_t *out, float *scales) {
    for (size_t i = 0; i < count; i++) {
        const float scale = input_scale * weight_scales[shared ? 0 : i];
        /* The largest f32 below 2^31 is 2^31 − 128. */
        out[i] = (int32_t)clamp(rintf(bias[i] * (1.0f / scale)), -0x1p31f, 0x1p31f - 128);
        scales[shared ? 0 : i] = scale;
    }
}
