/* SPDX-License-Identifier: Apache-2.0
 *
 * The classes of operators; op_class_of has the table of kinds.
 */
#ifndef OPERATOR_CLASSES_H
#define OPERATOR_CLASSES_H

#include "operator/operator.h"

extern const op_class op_fully_connected;
extern const op_class op_convolution; /* Conv2d */
extern const op_class op_depthwise;   /* DepthwiseConv2d */
extern const op_class op_transposed_convolution;
extern const op_class op_batch_matmul; /* BatchMatrixMultiply */
extern const op_class op_reshape;      /* StaticReshape, Copy */
extern const op_class op_unary;
extern const op_class op_binary;
extern const op_class op_convert;
extern const op_class op_softmax;
extern const op_class op_pooling; /* average, maximum, argmax, global average */
extern const op_class op_resize;  /* bilinear */
extern const op_class op_transpose;
extern const op_class op_pad;
extern const op_class op_slice;
extern const op_class op_concatenate; /* of 2 to 5 */

#endif
