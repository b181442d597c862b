/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution of one channel's plane, for images stored plane by plane (NCHW):
 *
 *   out = clamp(bias + Σ in · weight), taps in order, as the kernels of dwconv.h have it: the same bits
 *
 * The plane is spread first: padded with zeros, and where the window moves by `stride` columns, each row taken apart into
 * `stride` phases, every stride-th column from each on. Then neighbouring outputs read neighbouring inputs at every tap.
 */
#ifndef KERNEL_PLANAR_H
#define KERNEL_PLANAR_H

#include "kernel/version.h"

#define PLANAR_PAST 16 /* elements past a spread plane's last that may be read and written */
#define PLANAR_ROWS 7  /* of outputs are computed together: the most common heights are multiples */

typedef struct planar_spread {
    const float *in; /* a plane of height × width, dense */
    size_t height, width;
    size_t top, left;   /* padding before it */
    size_t first, rows; /* which rows of the padded plane */
    size_t stride;      /* of columns: phases of a row */
    size_t phase;       /* elements of each, filled up with zeros */
    float *out;
} planar_spread;

typedef struct planar_depthwise {
    const float *in; /* a spread plane */
    size_t in_row;   /* its elements from row to row */
    size_t down;     /* rows by which the window moves */
    size_t filter_rows, filter_columns, dilation_rows;
    const size_t *taps;   /* [filter_rows][filter_columns]: elements from an output's first input to each */
    const float *weights; /* the same */
    float bias, min, max;
    size_t rows, columns; /* of outputs, dense */
    float *out;
} planar_depthwise;

typedef struct planar_kernels {
    void (*spread)(const planar_spread *call);
    void (*depthwise)(const planar_depthwise *call);
} planar_kernels;

extern const planar_kernels *const planar_versions[KERNEL_VERSIONS];
extern const planar_kernels planar_avx512, planar_avx2, planar_neon, planar_c, planar_reference;
extern kernel_names planar_spread_names, planar_depthwise_names;

#endif
