/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise operators of one operand: floats and halves by the element-wise kernels; int8 to int8 by a table of
 * the function's 256 values, computed by the reference, so that all versions give the same bits.
 */
#include "kernel/quantize/quantize.h"
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"

#define ELEMENT_NS 0.1

typedef struct unary_op {
    struct op op;
    kernel_version version;
    elementwise_function *kernel;
    size_t count;
    bool mapped;
    int8_t map[256];
} unary_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    (void)operation, (void)error;
    *output = inputs[0];
    return MICA_OK;
}

static bool is_mapped(const mica_operation *operation) {
    return operation->inputs[0]->type == MICA_OPERAND_QINT8 && operation->output->type == MICA_OPERAND_QINT8;
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    if (!elements_supported(operation->inputs[0]->type) || !elements_supported(operation->output->type)) {
        return op_unsupported(operation, error);
    }
    if (is_mapped(operation)) {
        op_choose_plain(target, "map_i8_c", 0, choice);
    } else {
        op_choose_version(target, elementwise_names[elements_operation(operation->kind)], choice);
    }
    return MICA_OK;
}

/* quantize(f(dequantize(q))); a clamp between equal quantizations stays on the integers. */
static void make_map(unary_op *self) {
    const mica_operation *const operation = self->op.operation;
    const mica_operand *const in = operation->inputs[0], *const out = operation->output;
    int32_t low, high;
    elements_clamp(out, operation->output_min, operation->output_max, &low, &high);
    if (operation->kind == MICA_CLAMP && in->scale == out->scale && in->zero_point == out->zero_point) {
        for (int32_t q = -128; q < 128; q++) self->map[q + 128] = (int8_t)(q < low ? low : q > high ? high : q);
        return;
    }
    int8_t all[256];
    float x[256];
    for (int q = -128; q < 128; q++) all[q + 128] = (int8_t)q;
    elementwise_call call = elements_call(operation);
    call.count = 256;
    call.a = elements_read(KERNEL_REFERENCE, in, all, 0, 256, x);
    call.out = x;
    elementwise_kernels[KERNEL_REFERENCE][elements_operation(operation->kind)](&call);
    elements_write(KERNEL_REFERENCE, out, x, 256, self->map, 0);
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_unary, operation, choice, arena, sizeof(unary_op), &op, error));
    unary_op *const self = (unary_op *)op;
    const elementwise_operation function = elements_operation(operation->kind);
    self->version = kernel_version_select(elementwise_names[function], target->features, target->kernels);
    self->kernel = elementwise_kernels[self->version][function];
    self->mapped = is_mapped(operation);
    if (self->mapped) make_map(self);
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)output, (void)error;
    ((unary_op *)op)->count = op_count(&inputs[0]);
    return MICA_OK;
}

typedef struct job {
    const unary_op *self;
    const op_run *run;
} job;

static void run_piece(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const unary_op *const self = j->self;
    const mica_operation *const operation = self->op.operation;
    const mica_operand *const in = operation->inputs[0], *const out = operation->output;
    if (self->mapped) {
        map_i8(count, (const int8_t *)j->run->inputs[0] + first, (int8_t *)j->run->output + first, self->map);
        return;
    }
    float from[ELEMENTS_BUFFER], to[ELEMENTS_BUFFER];
    elementwise_call call = elements_call(operation);
    const bool floats = in->type == MICA_OPERAND_F32 && out->type == MICA_OPERAND_F32;
    const size_t step = floats ? count : ELEMENTS_BUFFER;
    for (size_t i = first; i < first + count; i += step) {
        call.count = min_size(step, first + count - i);
        call.a = elements_read(self->version, in, j->run->inputs[0], i, call.count, from);
        call.out = elements_place(out, j->run->output, i, to);
        self->kernel(&call);
        elements_write(self->version, out, to, call.count, j->run->output, i);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const unary_op *)op, run};
    op_split(run, j.self->count, ELEMENT_NS, run_piece, &j);
}

const op_class op_unary = {"unary", infer, choose, create, reshape, run};
