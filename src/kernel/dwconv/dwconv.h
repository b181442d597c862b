/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution over NHWC images: a run of output pixels, each channel by itself.
 *
 *   F32, F16   out = clamp(bias + Σ in · weight), summed in f32, taps in order
 *   I8         out = clamp(rint((bias + Σ (in − zero point) · weight) · scale) + zero_point), the same bits everywhere
 *
 * Where the taps are is the caller's: images are never copied or padded. A tap outside of the image points at a piece
 * of `channels` zeros (of the zero point, for int8) with a step of 0.
 */
#ifndef KERNEL_DWCONV_H
#define KERNEL_DWCONV_H

#include "kernel/version.h"

typedef enum dwconv_type { DWCONV_F32, DWCONV_F16, DWCONV_I8, DWCONV_TYPES } dwconv_type;

/* Where a tap of the run's first pixel is, and how many bytes it moves per pixel. */
typedef struct dwconv_tap {
    const void *at;
    size_t step;
} dwconv_tap;

typedef struct dwconv_call {
    size_t pixels, channels, tap_count;
    const dwconv_tap *taps;
    const void *packed; /* weights, by the same kernel's `pack` */
    void *out;
    size_t out_step;                /* bytes from pixel to pixel */
    float min, max;                 /* F32, F16 */
    int32_t zero_point, qmin, qmax; /* I8: of the output */
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

typedef struct dwconv_kernel {
    size_t (*packed_size)(size_t channels, size_t tap_count); /* bytes; the packed weights are aligned to 64 */
    void (*pack)(const dwconv_weights *weights, void *packed);
    void (*run)(const dwconv_call *call);
} dwconv_kernel;

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
