/* SPDX-License-Identifier: Apache-2.0
 *
 * Element by element.
 */
#include "kernel/planar/planar.h"

static void spread(const planar_spread *call) {
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t i = 0; i < call->stride * call->phase; i++) {
            const size_t y = call->first + r - call->top; /* these wrap before the plane */
            const size_t x = i % call->phase * call->stride + i / call->phase - call->left;
            const bool inside = y < call->height && x < call->width;
            call->out[r * call->stride * call->phase + i] = inside ? call->in[y * call->width + x] : 0;
        }
    }
}

static void depthwise(const planar_depthwise *call) {
    for (size_t y = 0; y < call->rows; y++) {
        for (size_t x = 0; x < call->columns; x++) {
            double sum = (double)call->bias;
            for (size_t t = 0; t < call->filter_rows * call->filter_columns; t++) {
                sum += (double)call->in[y * call->down * call->in_row + x + call->taps[t]] * (double)call->weights[t];
            }
            const float real = (float)sum;
            call->out[y * call->columns + x] = real < call->min ? call->min : real > call->max ? call->max : real;
        }
    }
}

static void columns(const planar_columns *call) {
    for (size_t i = 0; i < call->tap_count * call->planes * call->count; i++) {
        const size_t row = i / call->count, at = call->first + i % call->count;
        const float *const plane = call->in + row % call->planes * call->in_plane + call->taps[row / call->planes];
        call->out[row * call->out_row + i % call->count] = plane[at / call->width * call->down + at % call->width];
    }
}

const planar_kernels planar_reference = {spread, depthwise, columns};
