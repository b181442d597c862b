/* SPDX-License-Identifier: Apache-2.0
 *
 * The float kernels of dwconv.h, once, for the vectors included before. Tiles of four pixels by two vectors of
 * channels: each weight is loaded once for four pixels, and eight sums hide the latency of multiply-add. Single pixels
 * take four vectors of channels instead.
 */
#include "kernel/dwconv/dwconv.h"
#include "kernel/vector/math.h"

INLINE vec load_f32(const char *from, size_t n) {
    return n == VEC ? v_load((const float *)from) : v_load_part((const float *)from, n);
}
INLINE vec load_f16(const char *from, size_t n) {
    return n == VEC ? v_load_f16((const uint16_t *)from) : v_load_part_f16((const uint16_t *)from, n);
}
INLINE void store_f32(char *to, vec x, size_t n) {
    n == VEC ? v_store((float *)to, x) : v_store_part((float *)to, x, n);
}
INLINE void store_f16(char *to, vec x, size_t n) {
    n == VEC ? v_store_f16((uint16_t *)to, x) : v_store_part_f16((uint16_t *)to, x, n);
}

/* How elements are read and written. */
typedef struct access {
    size_t size; /* bytes */
    vec (*load)(const char *from, size_t n);
    void (*store)(char *to, vec x, size_t n);
} access;

/* Pixels [pixel, pixel + pixels) by `vectors` vectors of n channels from `channel` on. */
INLINE void tile(const dwconv_call *call, access type, size_t pixel, size_t pixels, size_t channel, size_t vectors,
                 size_t n) {
    const float *weights = (const float *)call->packed + channel;
    const size_t at = channel * type.size;
    vec sum[8];
    for (size_t v = 0; v < vectors; v++) {
        const vec bias = load_f32((const char *)(weights + v * VEC), n);
        for (size_t p = 0; p < pixels; p++) sum[p * vectors + v] = bias;
    }
    for (size_t t = 0; t < call->tap_count; t++) {
        const size_t step = call->in_step[t];
        const char *const in = call->in[t] + at + pixel * step;
        weights += call->channels;
        for (size_t v = 0; v < vectors; v++) {
            const vec weight = load_f32((const char *)(weights + v * VEC), n);
            for (size_t p = 0; p < pixels; p++) {
                const vec x = type.load(in + p * step + v * VEC * type.size, n);
                sum[p * vectors + v] = v_fma(x, weight, sum[p * vectors + v]);
            }
        }
    }
    const vec min = v_splat(call->min), max = v_splat(call->max);
    for (size_t p = 0; p < pixels; p++) {
        char *const out = call->out[0] + (pixel + p) * call->out_step[0] + at;
        for (size_t v = 0; v < vectors; v++) {
            type.store(out + v * VEC * type.size, v_clamp(sum[p * vectors + v], min, max), n);
        }
    }
}

INLINE void run(const dwconv_call *call, access type) {
    size_t pixel = 0;
    for (; pixel + 4 <= call->tiles; pixel += 4) {
        size_t c = 0;
        for (; c + 2 * VEC <= call->channels; c += 2 * VEC) tile(call, type, pixel, 4, c, 2, VEC);
        for (; c + VEC <= call->channels; c += VEC) tile(call, type, pixel, 4, c, 1, VEC);
        if (c < call->channels) tile(call, type, pixel, 4, c, 1, call->channels - c);
    }
    for (; pixel < call->tiles; pixel++) {
        size_t c = 0;
        for (; c + 4 * VEC <= call->channels; c += 4 * VEC) tile(call, type, pixel, 1, c, 4, VEC);
        for (; c + VEC <= call->channels; c += VEC) tile(call, type, pixel, 1, c, 1, VEC);
        if (c < call->channels) tile(call, type, pixel, 1, c, 1, call->channels - c);
    }
}

static void run_f32(const dwconv_call *call) { run(call, (access){4, load_f32, store_f32}); }
static void run_f16(const dwconv_call *call) { run(call, (access){2, load_f16, store_f16}); }
