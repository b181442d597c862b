/* SPDX-License-Identifier: Apache-2.0
 *
 * The int8 kernels of x86 with dot products of four bytes, for one width of vectors: the file that includes this says
 * which by its macros. Channels go in blocks of a vector's bytes; four taps' vectors are interleaved until each lane
 * of 32 bits has one channel's four bytes, and one instruction takes them. Interleaving within 128 bits leaves sum j
 * of a block with channels 16·l + 4·j …: weights, bias and scale are packed in that order, and packing the sums down
 * to bytes restores the channels' own.
 *
 * Nine taps, a filter of 3 × 3, are grouped by its columns.
 *
 * The last channels go in a block of half a vector, or of a quarter, where they fill no more: its channels are there twice
 * or four times, and lines put as many pixels into a vector.
 *
 * The instruction wants unsigned bytes on one side: activations + 128, whose share 128 · Σ weights is in the bias.
 */
#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/dwconv/dwconv.h"

#define UNROLL _Pragma("GCC unroll 16")
#define LANES (sizeof(vector) / 4) /* sums in a vector */
#define BLOCK sizeof(vector)       /* channels in a block: four vectors of sums */

/* Channels of the block that begins `left` channels before the end: a multiple of 16, a lane of 128 bits. */
static inline size_t block_width(size_t left) {
    if (left > BLOCK - BLOCK / 4) return BLOCK;
    return left > BLOCK / 4 || BLOCK / 4 < 16 ? BLOCK / 2 : BLOCK / 4;
}

static size_t groups_of(size_t tap_count) { return (tap_count + 3) / 4; }

/* Byte i of a group; tap_count where it has none. */
static size_t tap_of(size_t tap_count, size_t group, size_t i) {
    if (tap_count == 9) return i < 3 ? 3 * i + group : tap_count;
    return 4 * group + i < tap_count ? 4 * group + i : tap_count;
}

/* A block: bias and scale of BLOCK channels, then four vectors of weights per group of four taps. */
static size_t block_size(size_t tap_count) {
    return BLOCK * (sizeof(int32_t) + sizeof(float) + 4 * groups_of(tap_count));
}

static size_t packed_size(size_t channels, size_t tap_count) {
    size_t size = 0;
    for (size_t c = 0; c < channels; c += block_width(channels - c)) size += block_size(tap_count);
    return size;
}

/* The channel of a block that lane i of its sums has. */
static size_t channel_of(size_t i) {
    const size_t sum = i / LANES, lane = i % LANES;
    return lane / 4 * 16 + sum * 4 + lane % 4;
}

static void pack(const dwconv_weights *weights, void *packed) {
    memset(packed, 0, packed_size(weights->channels, weights->tap_count));
    char *block = packed;
    size_t width;
    for (size_t first = 0; first < weights->channels; first += width, block += block_size(weights->tap_count)) {
        width = block_width(weights->channels - first);
        int32_t *const bias = (int32_t *)(void *)block;
        float *const scale = (float *)(void *)(bias + BLOCK);
        int8_t *const bytes = (int8_t *)(scale + BLOCK);
        dwconv_weights shifted = *weights;
        shifted.zero_point += 128;
        for (size_t i = 0; i < BLOCK; i++) {
            const size_t channel = first + channel_of(i) % width;
            if (channel >= weights->channels) continue;
            bias[i] = dwconv_folded_bias(&shifted, channel);
            scale[i] = weights->scale[channel];
            for (size_t at = 0; at < 4 * groups_of(weights->tap_count); at++) {
                const size_t tap = tap_of(weights->tap_count, at / 4, at % 4);
                if (tap == weights->tap_count) continue;
                bytes[(at / 4 * BLOCK + i) * 4 + at % 4] = weights->filter_i8[tap * weights->channels + channel];
            }
        }
    }
}

/* n < BLOCK: the last channels. */
static inline vector load_block(const void *from, size_t n) {
    return v_xor(n == BLOCK ? v_load(from) : v_load_part(from, n), v_splat8(-128));
}

/* Four inputs of each channel of a block, one after the other, as sums want them. */
static inline void interleave(vector x[4]) {
    const vector low01 = v_zip_low8(x[0], x[1]), high01 = v_zip_high8(x[0], x[1]);
    const vector low23 = v_zip_low8(x[2], x[3]), high23 = v_zip_high8(x[2], x[3]);
    x[0] = v_zip_low16(low01, low23);
    x[1] = v_zip_high16(low01, low23);
    x[2] = v_zip_low16(high01, high23);
    x[3] = v_zip_high16(high01, high23);
}

/* Sums become bytes. What no int holds would become the smallest: products with `any` scale are cut before. */
static inline vector block_bytes(const dwconv_call *call, const vector sum[4], const float *scale, const bool any) {
    const floats most = v_splat_float((float)(call->qmax - call->zero_point));
    const vector zero = v_splat16((int16_t)call->zero_point);
    vector q[4];
    UNROLL for (size_t i = 0; i < 4; i++) {
        const floats scaled = v_mul_float(v_to_float(sum[i]), v_load_float(scale + i * LANES));
        q[i] = v_round(any ? v_min_float(most, scaled) : scaled);
    }
    const vector low = v_add16(v_narrow32(q[0], q[1]), zero), high = v_add16(v_narrow32(q[2], q[3]), zero);
    const vector bytes = v_max8(v_narrow16(low, high), v_splat8((char)call->qmin));
    return any ? bytes : v_min8(bytes, v_splat8((char)call->qmax));
}

static inline void store_block(char *out, vector bytes, size_t n) {
    if (n == BLOCK) {
        v_store(out, bytes);
    } else {
        v_store_part(out, bytes, n);
    }
}

static inline void one_block(const dwconv_call *call, const char *block, size_t pixel, size_t channel, size_t n) {
    const int32_t *const bias = (const int32_t *)(const void *)block;
    const float *const scale = (const float *)(const void *)(bias + BLOCK);
    const char *weights = (const char *)(scale + BLOCK);
    vector sum[4];
    for (size_t i = 0; i < 4; i++) sum[i] = v_load(bias + i * LANES);
    for (size_t group = 0; group < groups_of(call->tap_count); group++, weights += 4 * BLOCK) {
        vector x[4];
        for (size_t i = 0; i < 4; i++) {
            const size_t tap = tap_of(call->tap_count, group, i);
            const size_t any = tap < call->tap_count ? tap : 0; /* its weights are 0 */
            x[i] = load_block(call->in[any] + pixel * call->in_step[any] + channel, n);
        }
        interleave(x);
        for (size_t i = 0; i < 4; i++) sum[i] = v_dot(sum[i], x[i], v_load(weights + i * BLOCK));
    }
    store_block(call->out[0] + pixel * call->out_step[0] + channel, block_bytes(call, sum, scale, true), n);
}

static void run(const dwconv_call *call) {
    for (size_t pixel = 0; pixel < call->tiles; pixel++) {
        const char *block = call->packed;
        for (size_t channel = 0; channel < call->channels; block += block_size(call->tap_count)) {
            const size_t left = call->channels - channel, width = block_width(left);
            if (left >= BLOCK) {
                one_block(call, block, pixel, channel, BLOCK);
            } else {
                one_block(call, block, pixel, channel, left < width ? left : width);
            }
            channel += width;
        }
    }
}
