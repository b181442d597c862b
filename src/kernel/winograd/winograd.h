/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's F(2×2, 3×3): a tile of 2×2 output pixels of a 3×3 convolution with 16 products per pair of channels
 * instead of 36. Tile and filter are transformed into 16 planes, the planes multiplied as matrices, and the sums
 * transformed back:
 *
 *   out = Aᵀ [ (G g Gᵀ) · (Bᵀ d B) ] A      d: 4×4 input pixels, g: 3×3 weights
 *
 * Both transforms of activations only add. Plane 5 (second row, second column) counts once in each output, so that a
 * bias added to it is added to all four.
 */
#ifndef KERNEL_WINOGRAD_H
#define KERNEL_WINOGRAD_H

#include "kernel/version.h"

#define WINOGRAD_PLANES 16
#define WINOGRAD_BIAS_PLANE 5

/* Bᵀ d B of one tile, each channel by itself. */
typedef struct winograd_input {
    const float *pixels[16]; /* rows of four; outside of the image: `channels` zeros */
    size_t channels;
    float *out;   /* of plane 0 */
    size_t plane; /* elements from plane to plane */
} winograd_input;

/* clamp(Aᵀ m A) of one tile. */
typedef struct winograd_output {
    const float *in; /* of plane 0 */
    size_t plane, channels;
    float *pixels[4]; /* rows of two; outside of the image: NULL */
    float min, max;
} winograd_output;

typedef struct winograd_kernels {
    void (*input)(const winograd_input *call);
    void (*output)(const winograd_output *call);
} winograd_kernels;

extern const winograd_kernels *const winograd_versions[KERNEL_VERSIONS];
extern const winograd_kernels winograd_avx512, winograd_avx2, winograd_neon, winograd_c, winograd_reference;
extern kernel_names winograd_names;

/* G g Gᵀ of one filter [3][3][channels]; plane p goes to out + p · plane. */
void winograd_filter(const float *filter, size_t channels, float *out, size_t plane);

#endif
