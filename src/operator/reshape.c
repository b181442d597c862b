/* SPDX-License-Identifier: Apache-2.0
 *
 * StaticReshape and Copy: the same bytes, under the same or another shape.
 */
#include "operator/classes.h"
#include "operator/common.h"

typedef struct reshape_op {
    struct op op;
    size_t bytes;
} reshape_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    *output = inputs[0];
    if (operation->kind == MICA_COPY) return MICA_OK;
    const size_t rank = operation->as.reshape.rank;
    if (rank > MICA_OPERAND_MAX_RANK) {
        return error_set(error, MICA_ERROR_SHAPE, "a shape of rank %zu is too long", rank);
    }
    const size_t count = op_count(&inputs[0]);
    size_t known = 1, inferred = rank;
    output->rank = rank;
    for (size_t i = 0; i < rank; i++) {
        output->dims[i] = operation->as.reshape.dims[i];
        if (output->dims[i] == 0 && inferred == rank && count != 0) {
            inferred = i;
        } else if (!size_mul(known, output->dims[i], &known)) {
            known = SIZE_MAX;
        }
    }
    if (inferred < rank && known != 0) {
        output->dims[inferred] = count / known;
        known *= output->dims[inferred];
    }
    if (known == count) return MICA_OK;
    return error_set(error, MICA_ERROR_SHAPE, "%zu elements cannot take the new shape of %zu", count, known);
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    const mica_operand *const in = operation->inputs[0];
    if (in->type != operation->output->type || in->type == MICA_OPERAND_QDINT8)
        return op_unsupported(operation, error);
    op_choose_plain(target, "copy", 0, choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)target, (void)weights;
    return op_new(&op_reshape, operation, choice, arena, sizeof(reshape_op), out, error);
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)output, (void)error;
    ((reshape_op *)op)->bytes = op_value_bytes(op->operation->inputs[0], &inputs[0]);
    return MICA_OK;
}

static void run(struct op *op, const op_run *run) {
    op_copy_rows(run, 1, ((reshape_op *)op)->bytes, run->inputs[0], 0, run->output, 0);
}

const op_class op_reshape = {"reshape", infer, choose, create, reshape, run};
