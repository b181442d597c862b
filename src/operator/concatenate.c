/* SPDX-License-Identifier: Apache-2.0
 *
 * Concatenate2 to 5 along any dim: each input's part of every outer place is one run of bytes.
 */
#include "operator/classes.h"
#include "operator/common.h"

typedef struct concatenate_op {
    struct op op;
    size_t outer;                                    /* product of the dims before the axis */
    size_t widths[MICA_OPERATION_MAX_INPUTS], width; /* bytes from the axis on, of each input and of the output */
} concatenate_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const size_t axis = operation->as.axis;
    *output = inputs[0];
    if (axis >= output->rank) {
        return error_set(error, MICA_ERROR_SHAPE, "axis %zu is not one of rank %zu", axis, output->rank);
    }
    for (size_t i = 1; i < operation->input_count; i++) {
        bool fits = inputs[i].rank == output->rank;
        for (size_t d = 0; fits && d < output->rank; d++) fits = d == axis || inputs[i].dims[d] == output->dims[d];
        if (!fits || !size_add(output->dims[axis], inputs[i].dims[axis], &output->dims[axis])) {
            return error_set(error, MICA_ERROR_SHAPE, "input %zu differs from the first one outside of axis %zu", i,
                             axis);
        }
    }
    return MICA_OK;
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    if (!op_moves(operation)) return op_unsupported(operation, error);
    op_choose_plain(target, "copy", 0, choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)target, (void)weights;
    return op_new(&op_concatenate, operation, choice, arena, sizeof(concatenate_op), out, error);
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    concatenate_op *const self = (concatenate_op *)op;
    const size_t axis = op->operation->as.axis;
    size_t inner = op_element_size(op->operation->output->type);
    for (size_t d = axis + 1; d < output->rank; d++) inner *= output->dims[d];
    self->outer = 1;
    for (size_t d = 0; d < axis; d++) self->outer *= output->dims[d];
    self->width = output->dims[axis] * inner;
    for (size_t i = 0; i < op->operation->input_count; i++) self->widths[i] = inputs[i].dims[axis] * inner;
    return MICA_OK;
}

static void run(struct op *op, const op_run *run) {
    const concatenate_op *const self = (const concatenate_op *)op;
    char *out = run->output;
    for (size_t i = 0; i < op->operation->input_count; i++) {
        op_copy_rows(run, self->outer, self->widths[i], run->inputs[i], self->widths[i], out, self->width);
        out += self->widths[i];
    }
}

const op_class op_concatenate = {"concatenate", infer, choose, create, reshape, run};
