/* SPDX-License-Identifier: Apache-2.0
 *
 * How much an operation does: operations (a multiply and an add are two) and bytes read and written at least once.
 */
#include "operator/operator.h"

static double operand_bytes(const mica_operand *operand, const op_shape *shape) {
    double bytes = (double)op_count(shape);
    switch (operand->type) {
    case MICA_OPERAND_QCINT4: return bytes / 2 + 4.0 * (double)operand->dims[operand->channel_dim];
    case MICA_OPERAND_QBINT4: return bytes / 2 + 2.0 * bytes / (double)(operand->block ? operand->block : 1);
    case MICA_OPERAND_QCINT8: return bytes + 4.0 * (double)operand->dims[operand->channel_dim];
    default: return bytes * (double)op_element_size(operand->type);
    }
}

/* Multiply-adds for each output element of the kinds that have any; 0: one operation per element. */
static double depth(const mica_operation *operation, const op_shape *inputs) {
    const double window = (double)operation->as.window.kernel_height * (double)operation->as.window.kernel_width;
    switch (operation->kind) {
    case MICA_FULLY_CONNECTED:
    case MICA_BATCH_MATRIX_MULTIPLY: return inputs[0].rank ? (double)inputs[0].dims[inputs[0].rank - 1] : 1;
    case MICA_CONV_2D: return window * (double)operation->as.window.group_input_channels;
    case MICA_DEPTHWISE_CONV_2D: return window;
    case MICA_CONV_TRANSPOSE_2D: /* every input element meets every tap once: counted per output element */
        return window * (double)operation->as.window.group_input_channels /
               ((double)operation->as.window.stride_height * (double)operation->as.window.stride_width);
    default: return 0;
    }
}

static bool moves_only(mica_operation_kind kind) {
    switch (kind) {
    case MICA_STATIC_TRANSPOSE:
    case MICA_STATIC_RESHAPE:
    case MICA_STATIC_SLICE:
    case MICA_STATIC_CONSTANT_PAD:
    case MICA_CONCATENATE_2:
    case MICA_CONCATENATE_3:
    case MICA_CONCATENATE_4:
    case MICA_CONCATENATE_5:
    case MICA_COPY: return true;
    default: return false;
    }
}

void op_work(const mica_operation *operation, const op_shape *inputs, const op_shape *output, double *operations,
             double *bytes) {
    const double elements = (double)op_count(output);
    const double per_element = depth(operation, inputs);
    *operations = moves_only(operation->kind) ? 0 : per_element > 0 ? 2 * per_element * elements : elements;
    *bytes = operand_bytes(operation->output, output);
    for (size_t i = 0; i < operation->input_count; i++) {
        if (operation->inputs[i]) *bytes += operand_bytes(operation->inputs[i], &inputs[i]);
    }
}
