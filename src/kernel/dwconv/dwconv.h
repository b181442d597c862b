/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution over NHWC images: a run of tiles of output pixels, each channel by itself. Any filter has a
 * kernel of single pixels; common ones have tiles, which load each input once for all the outputs that it is in, or
 * lines, which slide over rows of pixels.
 *
 *   F32, F16   out = clamp(bias + Σ in · weight), summed in f32, taps in order
 *   I8         out = clamp(rint((bias + Σ (in − zero point) · weight) · scale) + zero_point), the same bits everywhere
 *
 * Where pixels are is the caller's: images are never copied or padded. An input outside of the image is a piece of
 * `channels` zeros (of the zero point, for int8), an output past its end any other room, both with a step of 0.
 */
#ifndef KERNEL_DWCONV_H
#define KERNEL_DWCONV_H

#include "kernel/version.h"

typedef enum dwconv_type { DWCONV_F32, DWCONV_F16, DWCONV_I8, DWCONV_TYPES } dwconv_type;

typedef struct dwconv_call {
    size_t tiles, channels;
    size_t tap_count;       /* of single pixels */
    const char *const *in;  /* the first tile's inputs: rows × columns of its patch, which for a pixel are its taps */
    const size_t *in_step;  /* bytes from tile to tile */
    char *const *out;       /* its output pixels */
    const size_t *out_step; /* bytes from tile to tile */
    const void *packed;     /* weights, by the same kernel's `pack` */
    float min, max;         /* F32, F16 */
    int32_t zero_point, qmin, qmax; /* I8: of the output */

    /* of a line */
    size_t before, inside; /* columns of zeros before its inputs, and inputs: what follows are zeros again */
    const char *zeros;     /* a pixel */
} dwconv_call;

/* Weights as the model holds them: [tap][channel]. */
typedef struct dwconv_weights {
    size_t channels, tap_count;
    const float *filter, *bias; /* F32, F16; no bias: NULL */
    const int8_t *filter_i8;    /* I8 */
    const int32_t *bias_i32;
    const float *scale; /* I8: [channel], the requantization factor */
    int32_t zero_point; /* I8: of the input */
} dwconv_weights;

enum { DWCONV_LINE_ROWS = 3 }; /* of inputs: the filter of all lines */

/* Tiles of `rows` × `columns` outputs of a filter × filter window that moves by `stride` in both directions. Those of int8
 * are for scales below 1. With 0 columns a line: `tiles` outputs side by side, for which in[i] is the first pixel inside
 * of the image of the i-th row of inputs, and in_step[0] the bytes from each to the next; of a row outside of it they are zeros. */
typedef struct dwconv_tiles {
    size_t filter, stride, rows, columns; /* a filter of 0 ends a table */
    size_t least;                         /* channels */
    void (*run)(const dwconv_call *call);
} dwconv_tiles;

typedef struct dwconv_kernel {
    size_t (*packed_size)(size_t channels, size_t tap_count); /* bytes; the packed weights are aligned to 64 */
    void (*pack)(const dwconv_weights *weights, void *packed);
    void (*run)(const dwconv_call *call); /* single pixels */
    const dwconv_tiles *tiles;            /* NULL: none */
} dwconv_kernel;

/* Inputs of a tile along one axis. */
static inline size_t dwconv_patch(size_t outputs, size_t stride, size_t filter) {
    return (outputs - 1) * stride + filter;
}

extern const dwconv_kernel *const dwconv_kernels[DWCONV_TYPES][KERNEL_VERSIONS];
extern kernel_names dwconv_names[DWCONV_TYPES];

/* Packings that several versions share: bias, then a row for each tap; for int8 a row of scales after the bias, and
 * the zero point folded into the bias. */
size_t dwconv_rows_size(size_t channels, size_t tap_count);
void dwconv_pack_rows(const dwconv_weights *weights, void *packed);
size_t dwconv_rows_i8_size(size_t channels, size_t tap_count);
void dwconv_pack_rows_i8(const dwconv_weights *weights, void *packed);

/* bias − zero point · Σ weights of one channel. */
int32_t dwconv_folded_bias(const dwconv_weights *weights, size_t channel);

extern const dwconv_kernel dwconv_f32_avx512, dwconv_f32_avx2, dwconv_f32_neon, dwconv_f32_c, dwconv_f32_reference;
extern const dwconv_kernel dwconv_f16_avx512, dwconv_f16_avx2, dwconv_f16_neon, dwconv_f16_c, dwconv_f16_reference;
extern const dwconv_kernel dwconv_i8_avx512vnni, dwconv_i8_avxvnni, dwconv_i8_avx2, dwconv_i8_neon, dwconv_i8_c,
    dwconv_i8_reference;

#endif
