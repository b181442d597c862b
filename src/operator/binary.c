/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise operators of two operands, with broadcasting.
 */
#include "kernel/quantize/quantize.h"
#include "operator/broadcast.h"
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"

#include <math.h>

#define ELEMENT_NS 0.08

typedef struct binary_op {
    struct op op;
    kernel_version version;
    elementwise_function *kernel;
    elementwise_call call;                         /* without operands */
    bool floats;                                   /* operands and result, so that nothing is converted */
    void (*integers)(const quantize_binary *call); /* NULL: through floats */
    quantize_binary constants;
    size_t group_count; /* innermost first */
    broadcast_group groups[MICA_OPERAND_MAX_RANK];
    size_t rows; /* of groups[0].count elements */
} binary_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    output->rank = max_size(inputs[0].rank, inputs[1].rank);
    for (size_t i = 0; i < output->rank; i++) {
        const size_t a = broadcast_dim(&inputs[0], output->rank, i), b = broadcast_dim(&inputs[1], output->rank, i);
        if (a != b && a != 1 && b != 1) {
            return error_set(error, MICA_ERROR_SHAPE, "sizes %zu and %zu of dim %zu cannot be broadcast", a, b, i);
        }
        output->dims[i] = a == 1 ? b : a;
        if (operation->kind == MICA_PRELU && output->dims[i] != a) {
            return error_set(error, MICA_ERROR_SHAPE, "the slope has size %zu in dim %zu, the input %zu", b, i, a);
        }
    }
    return MICA_OK;
}

/* The integer formulas hold while no multiplier leaves its range; beyond it floats do the work. */
static bool integer_kernel(const mica_operation *operation) {
    const mica_operand *const a = operation->inputs[0], *const b = operation->inputs[1],
                              *const out = operation->output;
    if (a->type != MICA_OPERAND_QINT8 || b->type != MICA_OPERAND_QINT8 || out->type != MICA_OPERAND_QINT8)
        return false;
    const float ratio_a = a->scale / out->scale, ratio_b = b->scale / out->scale;
    switch (operation->kind) {
    case MICA_ADD:
    case MICA_SUBTRACT: return fminf(ratio_a, ratio_b) >= 0x1p-10f && fmaxf(ratio_a, ratio_b) < 0x1p8f;
    case MICA_MULTIPLY: return true;
    default: return false;
    }
}

static const char *const *names_of(const mica_operation *operation) {
    if (!integer_kernel(operation)) return elementwise_names[elements_operation(operation->kind)];
    return operation->kind == MICA_MULTIPLY ? multiply_i8_names : add_i8_names;
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    if (!elements_supported(operation->inputs[0]->type) || !elements_supported(operation->inputs[1]->type) ||
        !elements_supported(operation->output->type)) {
        return op_unsupported(operation, error);
    }
    op_choose_version(target, names_of(operation), choice);
    return MICA_OK;
}

/* Fixed-point factors with 21 significant bits for the larger one; the shift rounds half up. */
static quantize_binary integer_constants(const mica_operation *operation) {
    const mica_operand *const a = operation->inputs[0], *const b = operation->inputs[1],
                              *const out = operation->output;
    quantize_binary call = {.a_zero_point = a->zero_point,
                            .b_zero_point = b->zero_point,
                            .scale = a->scale * b->scale / out->scale,
                            .zero_point = out->zero_point};
    elements_clamp(out, operation->output_min, operation->output_max, &call.min, &call.max);
    if (operation->kind == MICA_MULTIPLY) return call;
    const float ratio_a = a->scale / out->scale, ratio_b = b->scale / out->scale;
    call.shift = 20 - ilogbf(fmaxf(ratio_a, ratio_b));
    call.a_multiplier = (int32_t)lrintf(ldexpf(ratio_a, call.shift));
    call.b_multiplier = (int32_t)lrintf(ldexpf(ratio_b, call.shift));
    if (operation->kind == MICA_SUBTRACT) call.b_multiplier = -call.b_multiplier;
    call.bias = (1 << (call.shift - 1)) - a->zero_point * call.a_multiplier - b->zero_point * call.b_multiplier;
    return call;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_binary, operation, choice, arena, sizeof(binary_op), &op, error));
    binary_op *const self = (binary_op *)op;
    self->version = kernel_version_select(names_of(operation), target->features, target->kernels);
    self->kernel = elementwise_kernels[self->version][elements_operation(operation->kind)];
    self->call = elements_call(operation);
    self->floats = operation->inputs[0]->type == MICA_OPERAND_F32 && operation->inputs[1]->type == MICA_OPERAND_F32 &&
                   operation->output->type == MICA_OPERAND_F32;
    if (integer_kernel(operation)) {
        const quantize_kernels *const kernels = quantize_versions[self->version];
        self->integers = operation->kind == MICA_MULTIPLY ? kernels->multiply : kernels->add;
        self->constants = integer_constants(operation);
    }
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    binary_op *const self = (binary_op *)op;
    self->group_count = broadcast_groups(inputs, 2, output, self->groups);
    self->rows = 1;
    for (size_t i = 1; i < self->group_count; i++) self->rows *= self->groups[i].count;
    return MICA_OK;
}

typedef struct job {
    const binary_op *self;
    const op_run *run;
} job;

/* `count` elements of one row, from elements a, b and out of the operands on. */
static void run_row(const job *j, size_t count, size_t a, size_t b, size_t out) {
    const binary_op *const self = j->self;
    const mica_operation *const operation = self->op.operation;
    const op_run *const run = j->run;
    const bool a_scalar = !self->groups[0].steps[0], b_scalar = !self->groups[0].steps[1] && !a_scalar;
    if (self->integers) {
        quantize_binary call = self->constants;
        call.count = count;
        call.a = (const int8_t *)run->inputs[0] + a;
        call.b = (const int8_t *)run->inputs[1] + b;
        call.a_scalar = a_scalar;
        call.b_scalar = b_scalar;
        call.out = (int8_t *)run->output + out;
        self->integers(&call);
        return;
    }
    elementwise_call call = self->call;
    call.count = count;
    call.a_scalar = a_scalar;
    call.b_scalar = b_scalar;
    if (self->floats) {
        call.a = (const float *)run->inputs[0] + a;
        call.b = (const float *)run->inputs[1] + b;
        call.out = (float *)run->output + out;
        self->kernel(&call);
        return;
    }
    const mica_operand *const x = operation->inputs[0], *const y = operation->inputs[1], *const z = operation->output;
    float from_a[ELEMENTS_BUFFER], from_b[ELEMENTS_BUFFER], to[ELEMENTS_BUFFER];
    for (size_t i = 0; i < count; i += ELEMENTS_BUFFER) {
        const size_t n = call.count = min_size(ELEMENTS_BUFFER, count - i);
        call.a = elements_read(self->version, x, run->inputs[0], a_scalar ? a : a + i, a_scalar ? 1 : n, from_a);
        call.b = elements_read(self->version, y, run->inputs[1], b_scalar ? b : b + i, b_scalar ? 1 : n, from_b);
        call.out = elements_place(z, run->output, out + i, to);
        self->kernel(&call);
        elements_write(self->version, z, to, n, run->output, out + i);
    }
}

static void run_elements(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const broadcast_group *const inner = j->self->groups;
    run_row(j, count, first * inner->steps[0], first * inner->steps[1], first);
}

static void run_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const binary_op *const self = j->self;
    broadcast_cursor cursor;
    broadcast_seek(self->groups, self->group_count, 2, first, &cursor);
    for (size_t row = first; row < first + count; row++) {
        run_row(j, self->groups[0].count, cursor.inputs[0], cursor.inputs[1], row * self->groups[0].count);
        broadcast_next(self->groups, self->group_count, 2, &cursor);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const binary_op *)op, run};
    const size_t inner = j.self->groups[0].count;
    if (inner == 0) return;
    if (j.self->rows == 1) {
        op_split(run, inner, ELEMENT_NS, run_elements, &j);
    } else {
        op_split(run, j.self->rows, (double)inner * ELEMENT_NS, run_rows, &j);
    }
}

const op_class op_binary = {"binary", infer, choose, create, reshape, run};
