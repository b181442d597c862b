/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/classes.h"

static const op_class *const classes[MICA_OPERATION_KINDS] = {
    [MICA_FULLY_CONNECTED] = &op_fully_connected,
    [MICA_CONV_2D] = &op_convolution,
    [MICA_BATCH_MATRIX_MULTIPLY] = &op_batch_matmul,
    [MICA_CONVERT] = &op_convert,
    [MICA_STATIC_TRANSPOSE] = &op_transpose,
    [MICA_STATIC_CONSTANT_PAD] = &op_pad,
    [MICA_STATIC_SLICE] = &op_slice,
    [MICA_CONCATENATE_2] = &op_concatenate,
    [MICA_CONCATENATE_3] = &op_concatenate,
    [MICA_CONCATENATE_4] = &op_concatenate,
    [MICA_CONCATENATE_5] = &op_concatenate,
    [MICA_SOFTMAX] = &op_softmax,
    [MICA_AVG_POOLING_2D] = &op_pooling,
    [MICA_MAX_POOLING_2D] = &op_pooling,
    [MICA_ARG_MAX_POOLING_2D] = &op_pooling,
    [MICA_GLOBAL_AVG_POOLING_2D] = &op_pooling,
    [MICA_STATIC_RESIZE_BILINEAR_2D] = &op_resize,
    [MICA_STATIC_RESHAPE] = &op_reshape,
    [MICA_COPY] = &op_reshape,
    [MICA_ADD] = &op_binary,
    [MICA_SUBTRACT] = &op_binary,
    [MICA_MULTIPLY] = &op_binary,
    [MICA_DIV] = &op_binary,
    [MICA_MINIMUM] = &op_binary,
    [MICA_MAXIMUM] = &op_binary,
    [MICA_PRELU] = &op_binary,
    [MICA_ABS] = &op_unary,
    [MICA_CEILING] = &op_unary,
    [MICA_CLAMP] = &op_unary,
    [MICA_COS] = &op_unary,
    [MICA_ELU] = &op_unary,
    [MICA_EXP] = &op_unary,
    [MICA_FLOOR] = &op_unary,
    [MICA_GELU] = &op_unary,
    [MICA_HARDSWISH] = &op_unary,
    [MICA_LEAKY_RELU] = &op_unary,
    [MICA_LOG] = &op_unary,
    [MICA_NEGATE] = &op_unary,
    [MICA_RECIPROCAL_SQUARE_ROOT] = &op_unary,
    [MICA_SIGMOID] = &op_unary,
    [MICA_SIN] = &op_unary,
    [MICA_SQUARE] = &op_unary,
    [MICA_SQUARE_ROOT] = &op_unary,
    [MICA_TANH] = &op_unary,
};

const op_class *op_class_of(mica_operation_kind kind) {
    const size_t index = (size_t)kind;
    return index < MICA_OPERATION_KINDS ? classes[index] : NULL;
}
