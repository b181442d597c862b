/* SPDX-License-Identifier: Apache-2.0
 *
 * Softmax over the innermost dim. Rows of floats are computed in place; others pass through a small buffer, their
 * exponentials computed twice rather than kept.
 */
#include "kernel/softmax/softmax.h"

#include <math.h>

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"

#define ELEMENT_NS 0.25

typedef struct softmax_op {
    struct op op;
    kernel_version version;
    size_t rows, width;
} softmax_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    (void)operation;
    *output = inputs[0];
    if (output->rank) return MICA_OK;
    return error_set(error, MICA_ERROR_SHAPE, "a scalar has no dim to take the softmax over");
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    if (!elements_supported(operation->inputs[0]->type) || !elements_supported(operation->output->type)) {
        return op_unsupported(operation, error);
    }
    op_choose_version(target, softmax_names, choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_softmax, operation, choice, arena, sizeof(softmax_op), &op, error));
    ((softmax_op *)op)->version = kernel_version_select(softmax_names, target->features, target->kernels);
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)output, (void)error;
    softmax_op *const self = (softmax_op *)op;
    self->width = inputs[0].dims[inputs[0].rank - 1];
    self->rows = self->width ? op_count(&inputs[0]) / self->width : 0;
    return MICA_OK;
}

typedef struct job {
    const softmax_op *self;
    const op_run *run;
} job;

static void run_row(const job *j, size_t first) {
    const softmax_op *const self = j->self;
    const softmax_kernels *const kernels = softmax_versions[self->version];
    const mica_operand *const in = self->op.operation->inputs[0], *const out = self->op.operation->output;
    const bool floats = in->type == MICA_OPERAND_F32 && out->type == MICA_OPERAND_F32;
    const size_t step = floats ? self->width : ELEMENTS_BUFFER, end = first + self->width;
    float from[ELEMENTS_BUFFER], to[ELEMENTS_BUFFER], largest = -INFINITY, sum = 0;
    for (size_t i = first; i < end; i += step) {
        const size_t n = min_size(step, end - i);
        largest = kernels->largest(n, elements_read(self->version, in, j->run->inputs[0], i, n, from), largest);
    }
    for (size_t i = first; i < end; i += step) {
        const size_t n = min_size(step, end - i);
        const float *const x = elements_read(self->version, in, j->run->inputs[0], i, n, from);
        sum += kernels->exponentials(n, x, largest, floats ? (float *)j->run->output + i : to);
    }
    for (size_t i = first; i < end; i += step) {
        const size_t n = min_size(step, end - i);
        float *const y = elements_place(out, j->run->output, i, to);
        if (!floats)
            kernels->exponentials(n, elements_read(self->version, in, j->run->inputs[0], i, n, from), largest, y);
        kernels->scale(n, y, 1 / sum, y);
        elements_write(self->version, out, y, n, j->run->output, i);
    }
}

static void run_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    for (size_t row = first; row < first + count; row++) run_row(j, row * j->self->width);
}

static void run(struct op *op, const op_run *run) {
    job j = {(const softmax_op *)op, run};
    if (j.self->rows) op_split(run, j.self->rows, (double)j.self->width * ELEMENT_NS, run_rows, &j);
}

const op_class op_softmax = {"softmax", infer, choose, create, reshape, run};
