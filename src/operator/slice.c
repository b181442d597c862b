/* SPDX-License-Identifier: Apache-2.0
 *
 * StaticSlice: a box cut out of the input.
 */
#include "operator/box.h"
#include "operator/classes.h"
#include "operator/common.h"

#include <string.h>

typedef struct slice_op {
    struct op op;
    box box;
} slice_op;

/* Where the slice begins and ends in a dim of `size`: the end is relative to the dim's when it is not positive. */
static void bounds(const mica_operation *operation, size_t i, size_t size, size_t *begin, size_t *end) {
    const int64_t dim = (int64_t)min_size(size, INT64_MAX / 4), offset = operation->as.slice.offsets[i];
    const int64_t first = offset < 0 ? offset + dim : offset;
    int64_t last = offset + (int64_t)operation->as.slice.sizes[i];
    if (last <= 0) last += dim;
    const int64_t low = first < 0 ? 0 : first > dim ? dim : first;
    const int64_t high = last < low ? low : last > dim ? dim : last;
    *begin = (size_t)low;
    *end = (size_t)high;
}

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    (void)error;
    output->rank = inputs[0].rank;
    for (size_t i = 0; i < output->rank; i++) {
        size_t begin, end;
        bounds(operation, i, inputs[0].dims[i], &begin, &end);
        output->dims[i] = end - begin;
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
    return op_new(&op_slice, operation, choice, arena, sizeof(slice_op), out, error);
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    size_t begin[MICA_OPERAND_MAX_RANK], end;
    for (size_t i = 0; i < output->rank; i++) bounds(op->operation, i, inputs[0].dims[i], &begin[i], &end);
    ((slice_op *)op)->box = box_make(output, &inputs[0], begin, op_element_size(op->operation->output->type));
    return MICA_OK;
}

typedef struct job {
    const box *box;
    const op_run *run;
} job;

static void copy_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const box *const b = j->box;
    const size_t inner = b->rank - 1, width = b->dims[inner];
    for (size_t row = first; row < first + count; row++) {
        size_t from = b->before[inner], stride = b->whole[inner], rest = row;
        for (size_t i = inner; i-- > 0; rest /= b->dims[i], stride *= b->whole[i]) {
            from += (b->before[i] + rest % b->dims[i]) * stride;
        }
        memcpy((char *)j->run->output + row * width, (const char *)j->run->inputs[0] + from, width);
    }
}

static void run(struct op *op, const op_run *run) {
    const box *const b = &((const slice_op *)op)->box;
    job j = {b, run};
    const size_t width = b->dims[b->rank - 1];
    if (width) op_split(run, box_rows(b->dims, b->rank), box_row_ns(width), copy_rows, &j);
}

const op_class op_slice = {"slice", infer, choose, create, reshape, run};
