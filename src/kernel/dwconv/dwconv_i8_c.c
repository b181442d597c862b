/* SPDX-License-Identifier: Apache-2.0
 *
 * Int8 in loops that compilers vectorise: sums of a block of channels, tap by tap.
 */
#include <math.h>
#include <string.h>

#include "kernel/dwconv/dwconv.h"

#define BLOCK 32 /* channels */

static void one_block(const dwconv_call *call, size_t pixel, size_t channel, size_t n) {
    const int32_t *const bias = call->packed;
    const float *const scale = (const float *)(bias + call->channels);
    const int8_t *weights = (const int8_t *)(bias + 2 * call->channels) + channel;
    const float min = (float)(call->qmin - call->zero_point), max = (float)(call->qmax - call->zero_point);
    uint32_t sum[BLOCK] = {0}; /* unsigned: may wrap */
    memcpy(sum, bias + channel, n * sizeof *sum);
    for (size_t t = 0; t < call->tap_count; t++, weights += call->channels) {
        int8_t x[BLOCK] = {0}, w[BLOCK] = {0};
        memcpy(x, call->in[t] + pixel * call->in_step[t] + channel, n);
        memcpy(w, weights, n);
        for (size_t c = 0; c < BLOCK; c++) sum[c] += (uint32_t)(x[c] * w[c]);
    }
    int8_t *const out = (int8_t *)call->out[0] + pixel * call->out_step[0] + channel;
    for (size_t c = 0; c < n; c++) {
        const float step = (float)(int32_t)sum[c] * scale[channel + c];
        out[c] = (int8_t)((int32_t)rintf(step < min ? min : step > max ? max : step) + call->zero_point);
    }
}

static void run(const dwconv_call *call) {
    for (size_t pixel = 0; pixel < call->tiles; pixel++) {
        size_t c = 0;
        for (; c + BLOCK <= call->channels; c += BLOCK) one_block(call, pixel, c, BLOCK);
        if (c < call->channels) one_block(call, pixel, c, call->channels - c);
    }
}

const dwconv_kernel dwconv_i8_c = {dwconv_rows_i8_size, dwconv_pack_rows_i8, run, NULL};
