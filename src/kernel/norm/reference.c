/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/norm/norm.h"

static norm_moments moments(size_t count, const float *in) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < count; i++) mean += in[i];
    mean /= (double)count;
    for (size_t i = 0; i < count; i++) variance += (in[i] - mean) * (in[i] - mean);
    return (norm_moments){(float)mean, (float)(variance / (double)count)};
}

static void apply(const norm_call *call) {
    for (size_t i = 0; i < call->count; i++) {
        const float normal = (call->in[i] - call->mean) * call->scale;
        call->out[i] = call->weight ? normal * call->weight[i] + call->bias[i] : normal + call->shift;
    }
}

const norm_kernels norm_reference = {moments, apply};
