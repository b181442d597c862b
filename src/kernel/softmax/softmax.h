/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of a softmax over a row that may come in pieces: its largest element, the sum of e^(x − largest), and
 * the exponentials divided by the sum.
 */
#ifndef KERNEL_SOFTMAX_H
#define KERNEL_SOFTMAX_H

#include "kernel/version.h"

typedef struct softmax_kernels {
    float (*largest)(size_t count, const float *in, float so_far);
    /* Writes e^(in − largest) and gives their sum; `out` may be `in`. */
    float (*exponentials)(size_t count, const float *in, float largest, float *out);
    void (*scale)(size_t count, const float *in, float factor, float *out);
} softmax_kernels;

extern const softmax_kernels *const softmax_versions[KERNEL_VERSIONS];
extern const softmax_kernels softmax_avx512, softmax_avx2, softmax_neon, softmax_c, softmax_reference;
extern kernel_names softmax_names;

#endif
