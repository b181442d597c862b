/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of norm.h, once, for the vectors included before. Four sums hide the latency of one; the variance takes a
 * pass of its own, so that a large mean costs no digits.
 */
#include "kernel/norm/norm.h"

enum { SUMS = 4 };

INLINE vec plain(vec x, vec mean) {
    (void)mean;
    return x;
}
INLINE vec squared_difference(vec x, vec mean) {
    const vec d = v_sub(x, mean);
    return v_mul(d, d);
}

/* Σ f(in[i], mean) */
INLINE float sum_of(size_t count, const float *in, vec f(vec, vec), float mean) {
    const vec shift = v_splat(mean);
    vec sums[SUMS];
    for (size_t s = 0; s < SUMS; s++) sums[s] = v_splat(0);
    size_t i = 0;
    for (; i + SUMS * VEC <= count; i += SUMS * VEC) {
        for (size_t s = 0; s < SUMS; s++) sums[s] = v_add(sums[s], f(v_load(in + i + s * VEC), shift));
    }
    for (; i + VEC <= count; i += VEC) sums[0] = v_add(sums[0], f(v_load(in + i), shift));
    float rest[VEC], total = v_sum(v_add(v_add(sums[0], sums[1]), v_add(sums[2], sums[3])));
    if (i < count) v_store(rest, f(v_load_part(in + i, count - i), shift));
    for (size_t r = 0; i < count; i++, r++) total += rest[r];
    return total;
}

static norm_moments moments(size_t count, const float *in) {
    const float mean = sum_of(count, in, plain, 0) / (float)count;
    return (norm_moments){mean, sum_of(count, in, squared_difference, mean) / (float)count};
}

static void apply(const norm_call *call) {
    const vec mean = v_splat(call->mean), scale = v_splat(call->scale), shift = v_splat(call->shift);
    const float *const in = call->in, *const weight = call->weight, *const bias = call->bias;
    const size_t whole = call->count / VEC * VEC, rest = call->count - whole;
    float *const out = call->out;
    if (!weight) {
        for (size_t i = 0; i < whole; i += VEC) v_store(out + i, v_fma(v_sub(v_load(in + i), mean), scale, shift));
        if (rest) {
            v_store_part(out + whole, v_fma(v_sub(v_load_part(in + whole, rest), mean), scale, shift), rest);
        }
        return;
    }
    for (size_t i = 0; i < whole; i += VEC) {
        const vec normal = v_mul(v_sub(v_load(in + i), mean), scale);
        v_store(out + i, v_fma(normal, v_load(weight + i), v_load(bias + i)));
    }
    if (rest) {
        const vec normal = v_mul(v_sub(v_load_part(in + whole, rest), mean), scale);
        v_store_part(out + whole, v_fma(normal, v_load_part(weight + whole, rest), v_load_part(bias + whole, rest)),
                     rest);
    }
}

#define NORM_KERNELS {moments, apply}
