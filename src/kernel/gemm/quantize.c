/* SPDX-License-Identifier: Apache-2.0
 *
 * Dynamic quantization of activations: scale and zero point of a row, and one element. Vector packers must give the
 * same bits, so every step is one f32 operation in this order.
 */
#include <math.h>

#include "kernel/gemm/operand.h"

gemm_row gemm_row_parameters(float min, float max, float *scale) {
    if (!(min < 0)) min = 0;
    if (!(max > 0)) max = 0;
    *scale = min == max ? 1.0f : 255.0f / (max - min);
    const float low = min * *scale, high = max * *scale;
    const float zero_point = (-128.0f + low) + (127.0f + high) > 0 ? -128.0f - low : 127.0f - high;
    return (gemm_row){.inverse_scale = 1.0f / *scale,
                      .zero_point = (int32_t)rintf(clamp_number(zero_point, -128.0f, 127.0f))};
}

int8_t gemm_quantize(float x, float scale, int32_t zero_point) {
    const float offset = (float)zero_point;
    return (int8_t)((int32_t)rintf(clamp_number(x * scale, -128.0f - offset, 127.0f - offset)) + zero_point);
}
