/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of normalising a row: its mean and variance, and the row shifted and scaled by them.
 */
#ifndef KERNEL_NORM_H
#define KERNEL_NORM_H

#include "kernel/version.h"

typedef struct norm_moments {
    float mean, variance; /* of all elements: the divisor is their number */
} norm_moments;

typedef struct norm_call {
    size_t count;
    const float *in;
    float mean, scale;
    const float *weight, *bias; /* per element, or both NULL */
    float shift;                /* in place of a bias */
    float *out;                 /* may be `in` */
} norm_call;

typedef struct norm_kernels {
    norm_moments (*moments)(size_t count, const float *in);
    void (*apply)(const norm_call *call); /* (in − mean) · scale · weight + bias */
} norm_kernels;

extern const norm_kernels *const norm_versions[KERNEL_VERSIONS];
extern const norm_kernels norm_avx512, norm_avx2, norm_neon, norm_c, norm_reference;
extern kernel_names norm_names;

#endif
