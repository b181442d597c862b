/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution of a panel, as many channels as a matrix kernel gives together: two vectors of them. They lie
 * close together in an image with its padding written out, so that where an input is follows from where an output is.
 *
 *   out = clamp(bias + Σ in · weight), taps in order, as the kernels of dwconv.h have it: the same bits
 */
#ifndef KERNEL_DWPANEL_H
#define KERNEL_DWPANEL_H

#include "kernel/version.h"

typedef struct dwpanel_call {
    const float *in;      /* a pixel is a whole panel */
    size_t in_row;        /* elements from row to row */
    const float *weights; /* bias, then tap by tap: a whole panel each */
    float min, max;
    size_t filter, stride; /* square: 3 or 5, by 1 or 2 */
    size_t rows, columns;  /* of outputs */
    size_t channels;       /* that are written, not 0 */
    float *out;
    size_t out_pixel, out_row; /* elements */
} dwpanel_call;

typedef struct dwpanel_kernel {
    size_t width; /* channels of a panel */
    void (*run)(const dwpanel_call *call);
} dwpanel_kernel;

extern const dwpanel_kernel *const dwpanel_versions[KERNEL_VERSIONS];
extern const dwpanel_kernel dwpanel_avx512, dwpanel_avx2, dwpanel_neon, dwpanel_c;
extern kernel_names dwpanel_names;

/* Any width: element by element. */
void dwpanel_reference(const dwpanel_call *call, size_t width);

#endif
