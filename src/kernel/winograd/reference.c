/* SPDX-License-Identifier: Apache-2.0
 *
 * The transforms as products with their matrices.
 */
#include <math.h>

#include "kernel/winograd/winograd.h"

static const float B[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}; /* Bᵀ */
static const float A[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};                              /* Aᵀ */

static void input(const winograd_input *call) {
    for (size_t c = 0; c < call->channels; c++) {
        for (size_t p = 0; p < WINOGRAD_PLANES; p++) {
            double sum = 0;
            for (size_t i = 0; i < 16; i++) {
                const float factor = B[p / 4][i / 4] * B[p % 4][i % 4];
                if (factor != 0) sum += (double)(factor * call->pixels[i][c]);
            }
            call->out[p * call->plane + c] = (float)sum;
        }
    }
}

static void output(const winograd_output *call) {
    for (size_t c = 0; c < call->channels; c++) {
        for (size_t o = 0; o < 4; o++) {
            if (!call->pixels[o]) continue;
            double sum = 0;
            for (size_t p = 0; p < WINOGRAD_PLANES; p++) {
                const float factor = A[o / 2][p / 4] * A[o % 2][p % 4];
                if (factor != 0) sum += (double)(factor * call->in[p * call->plane + c]);
            }
            const float real = (float)sum;
            call->pixels[o][c] = real < call->min ? call->min : real > call->max ? call->max : real;
        }
    }
}

const winograd_kernels winograd_reference = {input, output};
