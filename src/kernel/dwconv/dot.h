/* SPDX-License-Identifier: Apache-2.0
 *
 * The int8 kernels of x86 with dot products of four bytes, for one width of vectors: the file that includes this says
 * which by its macros. Channels go in blocks of a vector's bytes; four taps' vectors are interleaved until each lane
 * of 32 bits has one channel's four bytes, and one instruction takes them. Interleaving within 128 bits leaves sum j
 * of a block with channels 16·l + 4·j …: weights, bias and scale are packed in that order, and packing the sums down
 * to bytes restores the channels' own.
 *
 * Nine taps, a filter of 3 × 3, are grouped by its columns: what a column of four inputs is interleaved for then serves
 * two outputs, one above the other. For the lower one each group is there again, a byte further on.
 *
 * Where PAIRS is 1 the last channels of nine taps, if they fill half a block at most, are there twice: tiles put two
 * pixels into a vector.
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

/* Whether the block that begins `left` channels before the end holds its channels twice. */
static inline bool is_paired(size_t left, size_t tap_count) { return PAIRS && tap_count == 9 && left <= BLOCK / 2; }

static size_t groups_of(size_t tap_count) { return (tap_count + 3) / 4; }

/* Byte i of a group; tap_count where it has none. */
static size_t tap_of(size_t tap_count, size_t group, size_t i) {
    if (tap_count != 9) return 4 * group + i < tap_count ? 4 * group + i : tap_count;
    if (group >= 3) return i > 0 ? 3 * (i - 1) + group - 3 : tap_count;
    return i < 3 ? 3 * i + group : tap_count;
}

static size_t stored_groups(size_t tap_count) { return tap_count == 9 ? 6 : groups_of(tap_count); }

/* A block: bias and scale of BLOCK channels, then four vectors of weights per group of four taps. */
static size_t block_size(size_t tap_count) {
    return BLOCK * (sizeof(int32_t) + sizeof(float) + 4 * stored_groups(tap_count));
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
        const size_t width = is_paired(weights->channels - first, weights->tap_count) ? BLOCK / 2 : BLOCK;
        for (size_t i = 0; i < BLOCK; i++) {
            const size_t channel = first + channel_of(i) % width;
            if (channel >= weights->channels) continue;
            bias[i] = dwconv_folded_bias(&shifted, channel);
            scale[i] = weights->scale[channel];
            for (size_t at = 0; at < 4 * stored_groups(weights->tap_count); at++) {
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
