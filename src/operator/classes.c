/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/classes.h"

static const op_class *const classes[MICA_OPERATION_KINDS] = {
    [MICA_FULLY_CONNECTED] = &op_fully_connected,
    [MICA_CONV_2D] = &op_convolution,
    [MICA_BATCH_MATRIX_MULTIPLY] = &op_batch_matmul,
    [MICA_STATIC_RESHAPE] = &op_reshape,
    [MICA_COPY] = &op_reshape,
};

const op_class *op_class_of(mica_operation_kind kind) {
    const size_t index = (size_t)kind;
    return index < MICA_OPERATION_KINDS ? classes[index] : NULL;
}
