/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution of images stored plane by plane (NCHW). A plane is spread first: padded with zeros, and where the window
 * moves by `stride` columns, each row taken apart into `stride` phases, every stride-th column from each on. Then
 * neighbouring outputs read neighbouring inputs at every tap.
 *
 *   depthwise   of one plane: out = clamp(bias + Σ in · weight), taps in order, as the kernels of dwconv.h have it: the
 *               same bits
 *   columns     what some outputs read in all planes, as columns of a matrix: row by row the same tap of the same plane
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

#define PLANAR_COLUMNS 32 /* at most */

typedef struct planar_columns {
    const float *in;         /* spread planes, all alike */
    size_t planes, in_plane; /* elements from one to the next */
    size_t down;             /* elements from what a row of outputs reads to what the next does */
    size_t width;            /* outputs in a row */
    size_t first, count;     /* which outputs, counted row by row */
    const size_t *taps;      /* elements from an output's first input to each */
    size_t tap_count;
    /* [tap][plane][out_row]: `count` elements each, and anything behind them, PLANAR_PAST after the last row. */
    float *out;
    size_t out_row;
} planar_columns;

typedef struct planar_kernels {
    void (*spread)(const planar_spread *call);
    void (*depthwise)(const planar_depthwise *call);
    void (*columns)(const planar_columns *call);
} planar_kernels;

extern const planar_kernels *const planar_versions[KERNEL_VERSIONS];
extern const planar_kernels planar_avx512, planar_avx2, planar_neon, planar_c, planar_reference;
extern kernel_names planar_spread_names, planar_depthwise_names, planar_columns_names;

#endif
