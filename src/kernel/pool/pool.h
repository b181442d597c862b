/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows over NHWC images: one output pixel, all its channels.
 *
 *   maximum, average   of the window's pixels, clamped
 *   largest            the maximum and where it was: row · width + column in the filter, the first of equals
 *   blend              between four pixels: bilinear interpolation; int8 with weights of 11 bits, rounding half up
 *
 * The window is clipped to the image by the caller. Sums run over rows, then columns; int8 sums are exact.
 */
#ifndef KERNEL_POOL_H
#define KERNEL_POOL_H

#include "kernel/version.h"

typedef struct pool_call {
    const void *in;                                  /* the window's first pixel, at the call's first channel */
    size_t rows, row_stride, columns, column_stride; /* pixels that are there; strides in bytes */
    size_t channels;
    void *out;
    float scale;                    /* average: 1 / pixels; int8: · input scale / output scale */
    float min, max;                 /* of real values: all but int8 */
    int32_t offset;                 /* int8 average: pixels · input zero point */
    int32_t zero_point, qmin, qmax; /* int8: of the output */
    int32_t *indices;               /* largest; NULL: not wanted */
    size_t first_index, index_step; /* largest: index of the first pixel, and from row to row */
} pool_call;

typedef struct blend_call {
    const void *top_left, *top_right, *bottom_left, *bottom_right;
    float right, bottom; /* weights in [0, 1] */
    size_t channels;
    void *out;
} blend_call;

typedef void pool_function(const pool_call *call);
typedef void blend_function(const blend_call *call);

/* By element type, in this order. */
typedef enum pool_type { POOL_F32, POOL_F16, POOL_I8, POOL_TYPES } pool_type;

typedef struct pool_kernels {
    pool_function *maximum[POOL_TYPES], *average[POOL_TYPES];
    pool_function *largest[POOL_TYPES]; /* I8: NULL */
    blend_function *blend[POOL_TYPES];
} pool_kernels;

extern const pool_kernels *const pool_versions[KERNEL_VERSIONS];
extern const pool_kernels pool_avx512, pool_avx2, pool_neon, pool_c, pool_reference;

extern kernel_names maximum_names[POOL_TYPES], average_names[POOL_TYPES], largest_names[POOL_TYPES],
    blend_names[POOL_TYPES];

#endif
