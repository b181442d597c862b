/* SPDX-License-Identifier: Apache-2.0
 *
 * The transforms of winograd.h, once, for the vectors included before: a vector of channels at a time.
 */
#include "kernel/vector/math.h"
#include "kernel/winograd/winograd.h"

INLINE vec load(const float *from, size_t n) { return n == VEC ? v_load(from) : v_load_part(from, n); }
INLINE void store(float *to, vec x, size_t n) { n == VEC ? v_store(to, x) : v_store_part(to, x, n); }

INLINE void input_channels(const winograd_input *call, size_t channel, size_t n) {
    vec d[16];
    for (size_t x = 0; x < 4; x++) { /* columns: Bᵀ d */
        const vec d0 = load(call->pixels[x] + channel, n), d1 = load(call->pixels[4 + x] + channel, n);
        const vec d2 = load(call->pixels[8 + x] + channel, n), d3 = load(call->pixels[12 + x] + channel, n);
        d[x] = v_sub(d0, d2);
        d[4 + x] = v_add(d1, d2);
        d[8 + x] = v_sub(d2, d1);
        d[12 + x] = v_sub(d1, d3);
    }
    for (size_t y = 0; y < 4; y++) {
        const vec *const row = d + 4 * y;
        float *const out = call->out + 4 * y * call->plane + channel;
        store(out, v_sub(row[0], row[2]), n);
        store(out + call->plane, v_add(row[1], row[2]), n);
        store(out + 2 * call->plane, v_sub(row[2], row[1]), n);
        store(out + 3 * call->plane, v_sub(row[1], row[3]), n);
    }
}

static void input(const winograd_input *call) {
    size_t c = 0;
    for (; c + VEC <= call->channels; c += VEC) input_channels(call, c, VEC);
    if (c < call->channels) input_channels(call, c, call->channels - c);
}

INLINE void output_channels(const winograd_output *call, size_t channel, size_t n) {
    const vec min = v_splat(call->min), max = v_splat(call->max);
    vec m[8];
    for (size_t x = 0; x < 4; x++) { /* columns: Aᵀ m */
        const float *const in = call->in + x * call->plane + channel;
        const vec m0 = load(in, n), m1 = load(in + 4 * call->plane, n);
        const vec m2 = load(in + 8 * call->plane, n), m3 = load(in + 12 * call->plane, n);
        m[x] = v_add(v_add(m0, m1), m2);
        m[4 + x] = v_sub(v_sub(m1, m2), m3);
    }
    for (size_t y = 0; y < 2; y++) {
        const vec *const row = m + 4 * y;
        float *const *const to = call->pixels + 2 * y;
        if (to[0]) store(to[0] + channel, v_clamp(v_add(v_add(row[0], row[1]), row[2]), min, max), n);
        if (to[1]) store(to[1] + channel, v_clamp(v_sub(v_sub(row[1], row[2]), row[3]), min, max), n);
    }
}

static void output(const winograd_output *call) {
    size_t c = 0;
    for (; c + VEC <= call->channels; c += VEC) output_channels(call, c, VEC);
    if (c < call->channels) output_channels(call, c, call->channels - c);
}

#define WINOGRAD_KERNELS {input, output}
