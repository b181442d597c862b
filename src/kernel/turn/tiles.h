/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of turn.h in tiles of 16 channels by a vector of floats, for the vectors that the including file says. All
 * exchanges stay inside of 128 bits, which hold four pixels of a plane, or the 16 channels of one pixel.
 */
#include <immintrin.h>

#include "kernel/turn/turn.h"

#define UNROLL _Pragma("GCC unroll 16")
#define LANES (sizeof(vector) / 16)
#define PIXELS (4 * LANES) /* of a tile */
#define CHANNELS 16
#define TOGETHER 256 /* pixels of all channels that are turned before others */

/* Four vectors of four words in each lane, as a matrix in each lane. */
static inline void transpose_words(vector x[4]) {
    const vector low01 = v_zip_low32(x[0], x[1]), high01 = v_zip_high32(x[0], x[1]);
    const vector low23 = v_zip_low32(x[2], x[3]), high23 = v_zip_high32(x[2], x[3]);
    x[0] = v_zip_low64(low01, low23);
    x[1] = v_zip_high64(low01, low23);
    x[2] = v_zip_low64(high01, high23);
    x[3] = v_zip_high64(high01, high23);
}

/* What is below the least becomes it in the end, NaN as well: only large numbers must be cut before they are ints. */
static inline __attribute__((always_inline)) void quantize_tile(const turn_call *call, size_t channel, size_t pixel) {
    const floats factor = v_splat_float(call->factor), high = v_splat_float((float)(127 - call->zero_point));
    const vector zero = v_splat16((int16_t)call->zero_point);
    const float *plane = call->planes + channel * call->plane + pixel;
    vector words[4];
    UNROLL for (size_t g = 0; g < 4; g++) {
        vector q[4];
        UNROLL for (size_t i = 0; i < 4; i++, plane += call->plane) {
            q[i] = v_round(v_min_float(high, v_mul_float(v_load_float(plane), factor)));
        }
        const vector low = v_add16(v_narrow32(q[0], q[1]), zero), high16 = v_add16(v_narrow32(q[2], q[3]), zero);
        words[g] = v_shuffle8(v_narrow16(low, high16),
                              v_repeat(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)));
    }
    transpose_words(words);
    int8_t *const out = call->image + pixel * call->pixel + channel;
    UNROLL for (size_t j = 0; j < 4; j++) v_store_lanes(out + j * call->pixel, 4 * call->pixel, words[j]);
}

static inline __attribute__((always_inline)) void dequantize_tile(const turn_call *call, size_t channel,
                                                                  size_t pixel) {
    const floats factor = v_splat_float(call->factor);
    const vector zero = v_splat32(call->zero_point);
    const int8_t *const in = call->image + pixel * call->pixel + channel;
    float *plane = call->planes + channel * call->plane + pixel;
    vector words[4];
    UNROLL for (size_t j = 0; j < 4; j++) words[j] = v_load_lanes(in + j * call->pixel, 4 * call->pixel);
    transpose_words(words);
    UNROLL for (size_t g = 0; g < 4; g++) {
        UNROLL for (unsigned left = 32; left > 0; plane += call->plane) {
            left -= 8;
            const vector q = v_shift_right32(left ? v_shift_left32(words[g], left) : words[g], 24);
            v_store_float(plane, v_mul_float(v_to_float(v_sub32(q, zero)), factor));
        }
    }
}

/* The last tiles begin earlier than where the whole ones end. */
#define EACH_TILE(name)                                                                                              \
    static void name(const turn_call *call) {                                                                        \
        if (call->channels < CHANNELS || call->pixels < PIXELS) return turn_reference.name(call);                    \
        for (size_t first = 0; first < call->pixels; first += TOGETHER) {                                            \
            const size_t end = first + TOGETHER < call->pixels ? first + TOGETHER : call->pixels;                    \
            for (size_t c = 0; c < call->channels; c += CHANNELS) {                                                  \
                const size_t channel = c + CHANNELS < call->channels ? c : call->channels - CHANNELS;                \
                for (size_t p = first; p < end; p += PIXELS) {                                                       \
                    name##_tile(call, channel, p + PIXELS < call->pixels ? p : call->pixels - PIXELS);               \
                }                                                                                                    \
            }                                                                                                        \
        }                                                                                                            \
    }
EACH_TILE(quantize)
EACH_TILE(dequantize)
