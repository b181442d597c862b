/* SPDX-License-Identifier: Apache-2.0
 *
 * Between planes of floats (a run of pixels for each channel) and int8 pixels (all channels of each): quantizing or
 * dequantizing, and transposing, in one pass over memory. Numbers are those of kernel/quantize, bit for bit.
 */
#ifndef KERNEL_TURN_H
#define KERNEL_TURN_H

#include "kernel/version.h"

enum { TURN_LEAST = 16 }; /* channels and pixels that a vectorised version wants */

typedef struct turn_call {
    size_t channels, pixels;
    float *planes; /* read by quantize only, written by dequantize only */
    size_t plane;  /* elements from channel to channel */
    int8_t *image;
    size_t pixel;       /* elements from pixel to pixel */
    float factor;       /* quantize: of the floats; dequantize: of the integers */
    int32_t zero_point; /* of the integers */
} turn_call;

typedef struct turn_kernels {
    void (*quantize)(const turn_call *call);
    void (*dequantize)(const turn_call *call);
} turn_kernels;

extern const turn_kernels *const turn_versions[KERNEL_VERSIONS];
extern const turn_kernels turn_avx512, turn_avx2, turn_reference;

extern kernel_names turn_quantize_names, turn_dequantize_names;

#endif
