/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of softmax.h, once, for the vectors included before. Two accumulators hide the latency of one.
 */
#include "kernel/softmax/softmax.h"
#include "kernel/vector/math.h"

static float largest(size_t count, const float *in, float so_far) {
    vec high = v_splat(so_far), high2 = high;
    size_t i = 0;
    for (; i + 2 * VEC <= count; i += 2 * VEC) {
        high = v_max(v_load(in + i), high);
        high2 = v_max(v_load(in + i + VEC), high2);
    }
    float result = v_highest(v_max(high, high2));
    for (; i < count; i++) result = in[i] > result ? in[i] : result;
    return result;
}

static float exponentials(size_t count, const float *in, float largest_one, float *out) {
    const vec shift = v_splat(largest_one);
    vec sum = v_splat(0), sum2 = sum;
    size_t i = 0;
    for (; i + 2 * VEC <= count; i += 2 * VEC) {
        const vec x = v_exp(v_sub(v_load(in + i), shift)), y = v_exp(v_sub(v_load(in + i + VEC), shift));
        v_store(out + i, x);
        v_store(out + i + VEC, y);
        sum = v_add(sum, x);
        sum2 = v_add(sum2, y);
    }
    float rest = 0;
    for (; i < count; i += VEC) {
        const size_t n = count - i < VEC ? count - i : VEC;
        float last[VEC];
        v_store(last, v_exp(v_sub(v_load_part(in + i, n), shift)));
        memcpy(out + i, last, n * sizeof *last);
        for (size_t k = 0; k < n; k++) rest += last[k];
    }
    return v_sum(v_add(sum, sum2)) + rest;
}

static void scale(size_t count, const float *in, float factor, float *out) {
    const vec by = v_splat(factor);
    const size_t whole = count / VEC * VEC, rest = count - whole;
    for (size_t i = 0; i < whole; i += VEC) v_store(out + i, v_mul(v_load(in + i), by));
    if (rest) v_store_part(out + whole, v_mul(v_load_part(in + whole, rest), by), rest);
}

#define SOFTMAX_KERNELS {largest, exponentials, scale}
