/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of softmax.h, once, for the vectors included before. Two accumulators hide the latency of one.
 */
#include "kernel/softmax/softmax.h"
#include "kernel/vector/math.h"

/* The first n < VEC lanes. */
INLINE mask first_of(size_t n) {
    static const float lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return v_less(v_load(lane), v_splat((float)n));
}

static float largest(size_t count, const float *in, float so_far) {
    vec high = v_splat(so_far), high2 = high;
    size_t i = 0;
    for (; i + 2 * VEC <= count; i += 2 * VEC) {
        high = v_max(v_load(in + i), high);
        high2 = v_max(v_load(in + i + VEC), high2);
    }
    if (i + VEC <= count) {
        high = v_max(v_load(in + i), high);
        i += VEC;
    }
    if (i < count) high2 = v_max(v_select(first_of(count - i), v_load_part(in + i, count - i), high2), high2);
    return v_highest(v_max(high, high2));
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
    if (i + VEC <= count) {
        const vec x = v_exp(v_sub(v_load(in + i), shift));
        v_store(out + i, x);
        sum = v_add(sum, x);
        i += VEC;
    }
    if (i < count) {
        const vec x = v_exp(v_sub(v_load_part(in + i, count - i), shift));
        v_store_part(out + i, x, count - i);
        sum2 = v_add(sum2, v_select(first_of(count - i), x, v_splat(0)));
    }
    return v_sum(v_add(sum, sum2));
}

static void scale(size_t count, const float *in, float factor, float *out) {
    const vec by = v_splat(factor);
    const size_t whole = count / VEC * VEC, rest = count - whole;
    for (size_t i = 0; i < whole; i += VEC) v_store(out + i, v_mul(v_load(in + i), by));
    if (rest) v_store_part(out + whole, v_mul(v_load_part(in + whole, rest), by), rest);
}

#define SOFTMAX_KERNELS {largest, exponentials, scale}
