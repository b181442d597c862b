/* SPDX-License-Identifier: Apache-2.0
 *
 * StaticTranspose of any rank and element type. Dims that stay together count as one, and those that stay innermost
 * become part of the element; what remains is a matrix to transpose, the input's innermost dim by the output's, at
 * every place that the other dims give.
 */
#include "kernel/transpose/transpose.h"

#include <string.h>

#include "operator/classes.h"
#include "operator/common.h"

#define BYTE_NS 0.03
#define STRIP ((size_t)8192) /* bytes that one call takes */

typedef struct axis {
    size_t count, in_stride, out_stride; /* strides in bytes */
} axis;

typedef struct transpose_op {
    struct op op;
    kernel_version version;
    size_t element;                    /* bytes */
    axis rows, columns;                /* rows are the output's innermost dim, columns the input's */
    size_t outer_count;                /* dims */
    axis outer[MICA_OPERAND_MAX_RANK]; /* outermost first */
    size_t places;                     /* product of the outer dims; 0 when there is nothing at all */
    size_t strip, strips;              /* columns taken together, and how many times per place */
} transpose_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const uint32_t *const perm = operation->as.transpose.perm;
    unsigned seen = 0;
    output->rank = inputs[0].rank;
    for (size_t i = 0; i < output->rank; i++) {
        if (perm[i] >= output->rank || (seen & 1u << perm[i])) {
            return error_set(error, MICA_ERROR_SHAPE, "the permutation is not one of rank %zu", output->rank);
        }
        seen |= 1u << perm[i];
        output->dims[i] = inputs[0].dims[perm[i]];
    }
    return MICA_OK;
}

/* The version for elements of this type as they are; larger ones, merged from several, have the same versions. */
static const char *const *names_of(const mica_operation *operation) {
    return transpose_names[transpose_size_of(op_element_size(operation->inputs[0]->type))];
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    if (!op_moves(operation)) return op_unsupported(operation, error);
    op_choose_version(target, names_of(operation), choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_transpose, operation, choice, arena, sizeof(transpose_op), &op, error));
    ((transpose_op *)op)->version = kernel_version_select(names_of(operation), target->features, target->kernels);
    *out = op;
    return MICA_OK;
}

/* The output's dims, outermost first, with what the input steps for each; neighbours in both are one. */
static size_t merged_axes(const mica_operation *operation, const op_shape *input, axis *axes) {
    const size_t element = op_element_size(operation->inputs[0]->type);
    size_t strides[MICA_OPERAND_MAX_RANK], size = element, count = 0;
    for (size_t i = input->rank; i-- > 0; size *= input->dims[i]) strides[i] = size;
    for (size_t i = 0; i < input->rank; i++) {
        const size_t from = operation->as.transpose.perm[i];
        if (input->dims[from] == 1) continue;
        const axis next = {.count = input->dims[from], .in_stride = strides[from]};
        axis *const last = axes + count - 1;
        if (count && last->in_stride == next.in_stride * next.count) {
            last->count *= next.count;
            last->in_stride = next.in_stride;
        } else {
            axes[count++] = next;
        }
    }
    size = element;
    for (size_t i = count; i-- > 0; size *= axes[i].count) axes[i].out_stride = size;
    return count;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)output, (void)error;
    transpose_op *const self = (transpose_op *)op;
    self->places = 0;
    if (op_count(&inputs[0]) == 0) return MICA_OK;
    axis axes[MICA_OPERAND_MAX_RANK];
    size_t count = merged_axes(op->operation, &inputs[0], axes);
    self->element = op_element_size(op->operation->inputs[0]->type);
    self->rows = self->columns = (axis){.count = 1};
    self->outer_count = 0;
    self->places = 1;
    if (count && axes[count - 1].in_stride == self->element) self->element *= axes[--count].count;
    for (size_t i = 0; i < count; i++) {
        if (i == count - 1) {
            self->rows = axes[i];
        } else if (axes[i].in_stride == self->element) {
            self->columns = axes[i];
        } else {
            self->outer[self->outer_count++] = axes[i];
            self->places *= axes[i].count;
        }
    }
    const size_t line = max_size(1, 64 / self->element);
    const size_t strip = round_up(divide_up(STRIP, self->rows.count * self->element), line);
    self->strips = divide_up(self->columns.count, strip);
    self->strip = round_up(divide_up(self->columns.count, self->strips), line);
    self->strips = divide_up(self->columns.count, self->strip);
    return MICA_OK;
}

typedef struct job {
    const transpose_op *self;
    const op_run *run;
} job;

static void run_strips(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const transpose_op *const self = j->self;
    transpose_function *const kernel = transpose_kernels[self->version][transpose_size_of(self->element)];
    for (size_t i = first; i < first + count; i++) {
        const size_t column = i % self->strips * self->strip;
        size_t place = i / self->strips, from = column * self->columns.in_stride,
               to = column * self->columns.out_stride;
        for (size_t d = self->outer_count; d-- > 0; place /= self->outer[d].count) {
            from += place % self->outer[d].count * self->outer[d].in_stride;
            to += place % self->outer[d].count * self->outer[d].out_stride;
        }
        const transpose_call call = {.rows = self->rows.count,
                                     .columns = min_size(self->strip, self->columns.count - column),
                                     .size = self->element,
                                     .in = (const char *)j->run->inputs[0] + from,
                                     .in_stride = self->rows.in_stride,
                                     .out = (char *)j->run->output + to,
                                     .out_stride = self->columns.out_stride};
        kernel(&call);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const transpose_op *)op, run};
    if (!j.self->places) return;
    const size_t strip_bytes = j.self->rows.count * j.self->strip * j.self->element;
    op_split(run, j.self->places * j.self->strips, (double)strip_bytes * BYTE_NS, run_strips, &j);
}

const op_class op_transpose = {"transpose", infer, choose, create, reshape, run};
