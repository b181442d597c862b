/* SPDX-License-Identifier: Apache-2.0
 *
 * The int8 kernels of x86 with dot products of four bytes, for one width of vectors: the file that includes this says
 * which by its macros. Channels go in blocks of a vector's bytes; four taps' vectors are interleaved until each lane
 * of 32 bits has one channel's four bytes, and one instruction takes them. Interleaving within 128 bits leaves sum j
 * of a block with channels 16·l + 4·j …: weights, bias and scale are packed in that order, and packing the sums down
 * to bytes restores the channels' own.
 *
 * The instruction wants unsigned bytes on one side: activations + 128, whose share 128 · Σ weights is in the bias.
 */
#include <immintrin.h>
#include <string.h>

#include "kernel/dwconv/dwconv.h"

#define LANES (sizeof(vector) / 4) /* sums in a vector */
#define BLOCK sizeof(vector)       /* channels in a block: four vectors of sums */

static size_t groups_of(size_t tap_count) { return (tap_count + 3) / 4; }

/* A block: bias and scale of BLOCK channels, then four vectors of weights per group of four taps. */
static size_t block_size(size_t tap_count) {
    return BLOCK * (sizeof(int32_t) + sizeof(float) + 4 * groups_of(tap_count));
}

static size_t packed_size(size_t channels, size_t tap_count) {
    return (channels + BLOCK - 1) / BLOCK * block_size(tap_count);
}

/* The channel of a block that lane i of its sums has. */
static size_t channel_of(size_t i) {
    const size_t sum = i / LANES, lane = i % LANES;
    return lane / 4 * 16 + sum * 4 + lane % 4;
}

static void pack(const dwconv_weights *weights, void *packed) {
    memset(packed, 0, packed_size(weights->channels, weights->tap_count));
    char *block = packed;
    for (size_t first = 0; first < weights->channels; first += BLOCK, block += block_size(weights->tap_count)) {
        int32_t *const bias = (int32_t *)(void *)block;
        float *const scale = (float *)(void *)(bias + BLOCK);
        int8_t *const bytes = (int8_t *)(scale + BLOCK);
        dwconv_weights shifted = *weights;
        shifted.zero_point += 128;
        for (size_t i = 0; i < BLOCK; i++) {
            const size_t channel = first + channel_of(i);
            if (channel >= weights->channels) continue;
            bias[i] = dwconv_folded_bias(&shifted, channel);
            scale[i] = weights->scale[channel];
            for (size_t t = 0; t < weights->tap_count; t++) {
                bytes[(t / 4 * BLOCK + i) * 4 + t % 4] = weights->filter_i8[t * weights->channels + channel];
            }
        }
    }
}

/* n < BLOCK: the last channels. */
static inline vector load_block(const void *from, size_t n) {
    return v_xor(n == BLOCK ? v_load(from) : v_load_part(from, n), v_splat8(-128));
}

static inline vector requantized(vector sum, const float *scale, const dwconv_call *call) {
    const floats min = v_splat_float((float)(call->qmin - call->zero_point));
    const floats max = v_splat_float((float)(call->qmax - call->zero_point));
    return v_round(v_max_float(v_min_float(v_mul_float(v_to_float(sum), v_load_float(scale)), max), min));
}

static inline void one_block(const dwconv_call *call, const char *block, size_t pixel, size_t channel, size_t n) {
    const int32_t *const bias = (const int32_t *)(const void *)block;
    const float *const scale = (const float *)(const void *)(bias + BLOCK);
    const char *weights = (const char *)(scale + BLOCK);
    vector sum[4];
    for (size_t i = 0; i < 4; i++) sum[i] = v_load(bias + i * LANES);
    for (size_t t = 0; t < call->tap_count; t += 4, weights += 4 * BLOCK) {
        vector x[4];
        for (size_t i = 0; i < 4; i++) { /* past the last tap weights are 0 */
            const size_t tap = t + i < call->tap_count ? t + i : t;
            x[i] = load_block(call->in[tap] + pixel * call->in_step[tap] + channel, n);
        }
        const vector low01 = v_zip_low8(x[0], x[1]), high01 = v_zip_high8(x[0], x[1]);
        const vector low23 = v_zip_low8(x[2], x[3]), high23 = v_zip_high8(x[2], x[3]);
        sum[0] = v_dot(sum[0], v_zip_low16(low01, low23), v_load(weights));
        sum[1] = v_dot(sum[1], v_zip_high16(low01, low23), v_load(weights + BLOCK));
        sum[2] = v_dot(sum[2], v_zip_low16(high01, high23), v_load(weights + 2 * BLOCK));
        sum[3] = v_dot(sum[3], v_zip_high16(high01, high23), v_load(weights + 3 * BLOCK));
    }
    for (size_t i = 0; i < 4; i++) sum[i] = requantized(sum[i], scale + i * LANES, call);
    const vector zero = v_splat16((int16_t)call->zero_point);
    const vector low = v_add16(v_narrow32(sum[0], sum[1]), zero), high = v_add16(v_narrow32(sum[2], sum[3]), zero);
    const vector bytes = v_narrow16(low, high);
    char *const out = call->out[0] + pixel * call->out_step[0] + channel;
    if (n == BLOCK) {
        v_store(out, bytes);
    } else {
        v_store_part(out, bytes, n);
    }
}

static void run(const dwconv_call *call) {
    const size_t size = block_size(call->tap_count);
    for (size_t pixel = 0; pixel < call->tiles; pixel++) {
        const char *block = call->packed;
        size_t channel = 0;
        for (; channel + BLOCK <= call->channels; channel += BLOCK, block += size) {
            one_block(call, block, pixel, channel, BLOCK);
        }
        if (channel < call->channels) one_block(call, block, pixel, channel, call->channels - channel);
    }
}
