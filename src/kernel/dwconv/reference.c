/* SPDX-License-Identifier: Apache-2.0
 *
 * One output element after the other; float sums in double.
 */
#include <math.h>

#include "base/half.h"
#include "kernel/dwconv/dwconv.h"

static const void *tap_at(const dwconv_call *call, size_t tap, size_t pixel) {
    return call->in[tap] + pixel * call->in_step[tap];
}

static double clamped(double x, double min, double max) { return x < min ? min : x > max ? max : x; }

static void run_floats(const dwconv_call *call, bool half) {
    const float *const weights = call->packed;
    for (size_t p = 0; p < call->tiles; p++) {
        void *const out = call->out[0] + p * call->out_step[0];
        for (size_t c = 0; c < call->channels; c++) {
            double sum = weights[c];
            for (size_t t = 0; t < call->tap_count; t++) {
                const void *const in = tap_at(call, t, p);
                const float x = half ? float_of_f16(((const uint16_t *)in)[c]) : ((const float *)in)[c];
                sum += (double)x * (double)weights[(t + 1) * call->channels + c];
            }
            const float value = (float)clamped(sum, call->min, call->max);
            if (half) {
                ((uint16_t *)out)[c] = f16_of_float(value);
            } else {
                ((float *)out)[c] = value;
            }
        }
    }
}

static void run_f32(const dwconv_call *call) { run_floats(call, false); }
static void run_f16(const dwconv_call *call) { run_floats(call, true); }

static void run_i8(const dwconv_call *call) {
    const int32_t *const bias = call->packed;
    const float *const scale = (const float *)(bias + call->channels);
    const int8_t *const weights = (const int8_t *)(bias + 2 * call->channels);
    const float min = (float)(call->qmin - call->zero_point), max = (float)(call->qmax - call->zero_point);
    for (size_t p = 0; p < call->tiles; p++) {
        int8_t *const out = (int8_t *)call->out[0] + p * call->out_step[0];
        for (size_t c = 0; c < call->channels; c++) {
            uint32_t sum = (uint32_t)bias[c];
            for (size_t t = 0; t < call->tap_count; t++) {
                sum += (uint32_t)(((const int8_t *)tap_at(call, t, p))[c] * weights[t * call->channels + c]);
            }
            const float step = (float)(int32_t)sum * scale[c];
            out[c] = (int8_t)((int32_t)rintf((float)clamped(step, min, max)) + call->zero_point);
        }
    }
}

const dwconv_kernel dwconv_f32_reference = {dwconv_rows_size, dwconv_pack_rows, run_f32, NULL};
const dwconv_kernel dwconv_f16_reference = {dwconv_rows_size, dwconv_pack_rows, run_f16, NULL};
const dwconv_kernel dwconv_i8_reference = {dwconv_rows_i8_size, dwconv_pack_rows_i8, run_i8, NULL};
