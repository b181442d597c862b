/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/softmax/softmax.h"

#include <math.h>

static float largest(size_t count, const float *in, float so_far) {
    for (size_t i = 0; i < count; i++) so_far = in[i] > so_far ? in[i] : so_far;
    return so_far;
}

static float exponentials(size_t count, const float *in, float largest_one, float *out) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double e = exp((double)in[i] - (double)largest_one);
        out[i] = (float)e;
        sum += e;
    }
    return (float)sum;
}

static void scale(size_t count, const float *in, float factor, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = in[i] * factor;
}

const softmax_kernels softmax_reference = {largest, exponentials, scale};
