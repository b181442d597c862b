/* SPDX-License-Identifier: Apache-2.0
 *
 * A window moving over an image: the arithmetic that convolutions and pooling share.
 */
#ifndef OPERATOR_WINDOW_H
#define OPERATOR_WINDOW_H

#include "operator/operator.h"

/* Checks image, filter and bias of a convolution against its attributes; gives the output's images and channels. */
mica_status window_filter(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                          mica_error *error);

/* Height and width (dims 1 and 2) of the output of a window over an NHWC image. Fails with SHAPE when the window does
 * not fit into the padded image. */
mica_status window_output(const mica_operation *operation, const op_shape *image, op_shape *output,
                          mica_error *error);

/* Products per output of a convolution. */
size_t window_depth(const mica_operation *operation);

/* A filter of one pixel, without padding. */
bool window_is_pixel(const mica_operation *operation);

#endif
