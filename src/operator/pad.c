/* SPDX-License-Identifier: Apache-2.0
 *
 * StaticConstantPad: the input as a box inside of the output, the rest filled with one value.
 */
#include "operator/box.h"
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"

#include <string.h>

typedef struct pad_op {
    struct op op;
    box box;
    size_t element;
    uint8_t value[sizeof(float)]; /* one element of padding */
} pad_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    *output = inputs[0];
    for (size_t i = 0; i < output->rank; i++) {
        if (!size_add(output->dims[i], operation->as.pad.before[i], &output->dims[i]) ||
            !size_add(output->dims[i], operation->as.pad.after[i], &output->dims[i])) {
            return error_set(error, MICA_ERROR_SHAPE, "the padding of dim %zu is too large", i);
        }
    }
    return MICA_OK;
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    if (!op_moves(operation) || !elements_supported(operation->output->type)) return op_unsupported(operation, error);
    op_choose_plain(target, "copy", 0, choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)target, (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_pad, operation, choice, arena, sizeof(pad_op), &op, error));
    pad_op *const self = (pad_op *)op;
    self->element = op_element_size(operation->output->type);
    memcpy(self->value, &operation->as.pad.value, sizeof self->value);
    elements_write(KERNEL_REFERENCE, operation->output, &operation->as.pad.value, 1, self->value, 0);
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    size_t before[MICA_OPERAND_MAX_RANK];
    for (size_t i = 0; i < output->rank; i++) before[i] = op->operation->as.pad.before[i];
    ((pad_op *)op)->box = box_make(&inputs[0], output, before, ((pad_op *)op)->element);
    return MICA_OK;
}

/* Doubling copies of the first element. */
static void fill(char *out, size_t bytes, const uint8_t *value, size_t element) {
    if (!bytes) return;
    memcpy(out, value, element);
    for (size_t done = element; done < bytes; done *= 2) memcpy(out + done, out, min_size(done, bytes - done));
}

typedef struct job {
    const pad_op *self;
    const op_run *run;
} job;

static void pad_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const box *const b = &j->self->box;
    const size_t inner = b->rank - 1, width = b->whole[inner];
    for (size_t row = first; row < first + count; row++) {
        size_t from = 0, stride = b->dims[inner], rest = row;
        bool inside = true;
        for (size_t i = inner; i-- > 0; rest /= b->whole[i], stride *= b->dims[i]) {
            const size_t at = rest % b->whole[i] - b->before[i]; /* wraps below zero, and is then not inside */
            inside &= at < b->dims[i];
            from += at * stride;
        }
        char *const out = (char *)j->run->output + row * width;
        if (!inside) {
            fill(out, width, j->self->value, j->self->element);
            continue;
        }
        const size_t end = b->before[inner] + b->dims[inner];
        fill(out, b->before[inner], j->self->value, j->self->element);
        if (b->dims[inner]) memcpy(out + b->before[inner], (const char *)j->run->inputs[0] + from, b->dims[inner]);
        fill(out + end, width - end, j->self->value, j->self->element);
    }
}

static void run(struct op *op, const op_run *run) {
    const box *const b = &((const pad_op *)op)->box;
    job j = {(const pad_op *)op, run};
    const size_t width = b->whole[b->rank - 1];
    if (width) op_split(run, box_rows(b->whole, b->rank), box_row_ns(width), pad_rows, &j);
}

const op_class op_pad = {"pad", infer, choose, create, reshape, run};
