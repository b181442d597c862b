/* SPDX-License-Identifier: Apache-2.0
 *
 * Float convolutions between two layout conversions, on the planes (NCHW) that are before and after them: the image need
 * not be turned, nor the result. Sums are those of the NHWC operators, bit for bit.
 */
#ifndef OPERATOR_PLANAR_H
#define OPERATOR_PLANAR_H

#include "kernel/planar/planar.h"
#include "operator/operator.h"

/* The class for planes of a convolution of NHWC images; NULL where there is none or it would not be faster. */
const op_class *planar_class(const mica_operation *operation, const op_target *target);

/* A convolution of NHWC images that may as well take planes and turn them while it copies them. */
bool convolution_turns(const mica_operation *operation, const op_target *target);

/* infer, the filter being as it was: of planes to planes, and of planes to NHWC. */
mica_status planar_infer_pixels(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                                mica_error *error);
mica_status planar_infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error);

/* How a window reads planes that are spread. */
typedef struct planar_window {
    size_t tap_count;
    size_t *taps;         /* elements from an output's first input to each */
    planar_spread spread; /* all but `in`, `first`, `rows` and `out` */
    size_t row;           /* elements of a spread row */
    size_t down;          /* rows from an output's first to those of the one below it */
    size_t reach;         /* rows that an output reads */
} planar_window;

mica_status planar_window_new(const mica_operation *operation, struct arena *arena, planar_window *window,
                              mica_error *error);
void planar_window_shape(const mica_operation *operation, const op_shape *planes, planar_window *window);

/* Spread rows that so many rows of outputs read, and elements of a plane of them. */
size_t planar_window_rows(const planar_window *window, size_t outputs);
mica_status planar_window_elements(const planar_window *window, size_t outputs, size_t *elements, mica_error *error);

extern const op_class op_planar_depthwise, op_planar_product, op_turning_convolution;

#endif
