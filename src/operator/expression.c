/* SPDX-License-Identifier: Apache-2.0
 *
 * A strip of the output at a time goes through all stages. Leaves that are broadcast along short rows are written out for
 * the strip; along long ones kernels take them as they are.
 */
#include "operator/expression.h"

#include "operator/broadcast.h"
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"

#define STRIP ELEMENTS_BUFFER
#define LONG_ROW 128    /* elements, from which on a call for each row and stage costs less than writing out */
#define ELEMENT_NS 0.08 /* of a stage */

typedef struct stage {
    elementwise_function *kernel;
    elementwise_call call;
    size_t operands, inputs[2]; /* as expression_stage's */
} stage;

typedef struct expression_op {
    struct op op;
    stage stages[EXPRESSION_STAGES];
    size_t stage_count, leaf_count;

    /* fixed by the shape */
    size_t group_count; /* innermost first */
    broadcast_group groups[MICA_OPERAND_MAX_RANK];
    size_t rows;                                              /* of groups[0].count elements */
    bool single[EXPRESSION_LEAVES], whole[EXPRESSION_LEAVES]; /* has one element; as many as the output */
} expression_op;

bool expression_takes(const mica_operation *operation) {
    if (elements_operation(operation->kind) == ELEMENTWISE_COUNT || operation->kind == MICA_CLAMP) return false;
    for (size_t i = 0; i < operation->input_count; i++) {
        if (operation->inputs[i]->type != MICA_OPERAND_F32) return false;
    }
    return operation->output->type == MICA_OPERAND_F32;
}

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const expression_operation *const self = (const expression_operation *)operation;
    op_shape shapes[EXPRESSION_LEAVES + EXPRESSION_STAGES];
    for (size_t i = 0; i < operation->input_count; i++) shapes[i] = inputs[i];
    for (size_t s = 0; s < self->stage_count; s++) {
        const mica_operation *const one = self->stages[s].operation;
        op_shape operands[MICA_OPERATION_MAX_INPUTS] = {0}, result = {0};
        for (size_t i = 0; i < one->input_count; i++) operands[i] = shapes[self->stages[s].inputs[i]];
        TRY(op_class_of(one->kind)->infer(one, operands, &result, error));
        shapes[EXPRESSION_LEAVES + s] = result;
    }
    *output = shapes[EXPRESSION_LEAVES + self->stage_count - 1];
    return MICA_OK;
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    (void)error;
    op_choose_version(target, elementwise_names[elements_operation(operation->kind)], choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_expression, operation, choice, arena, sizeof(expression_op), &op, error));
    expression_op *const self = (expression_op *)op;
    const expression_operation *const given = (const expression_operation *)operation;
    self->leaf_count = operation->input_count;
    self->stage_count = given->stage_count;
    for (size_t s = 0; s < given->stage_count; s++) {
        const expression_stage *const from = &given->stages[s];
        const elementwise_operation function = elements_operation(from->operation->kind);
        const kernel_version version =
            kernel_version_select(elementwise_names[function], target->features, target->kernels);
        self->stages[s] = (stage){.kernel = elementwise_kernels[version][function],
                                  .call = elements_call(from->operation),
                                  .operands = from->operation->input_count,
                                  .inputs = {from->inputs[0], from->inputs[1]}};
    }
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    expression_op *const self = (expression_op *)op;
    self->group_count = broadcast_groups(inputs, self->leaf_count, output, self->groups);
    self->rows = 1;
    for (size_t i = 1; i < self->group_count; i++) self->rows *= self->groups[i].count;
    for (size_t i = 0; i < self->leaf_count; i++) {
        self->single[i] = op_count(&inputs[i]) == 1;
        self->whole[i] = op_count(&inputs[i]) == op_count(output);
    }
    return MICA_OK;
}

/* Leaves, then results of stages, as far as one strip needs them. A scalar is one value for all elements. */
typedef struct operand {
    const float *data;
    bool scalar;
} operand;

/* All stages over `count` elements, at most STRIP. Of scalars alone a scalar is made. */
static void evaluate(const expression_op *self, operand operands[EXPRESSION_LEAVES + EXPRESSION_STAGES], size_t count,
                     float *out) {
    float results[EXPRESSION_STAGES - 1][STRIP];
    for (size_t s = 0; s < self->stage_count; s++) {
        const stage *const one = &self->stages[s];
        const operand a = operands[one->inputs[0]], b = one->operands == 2 ? operands[one->inputs[1]] : a;
        const bool scalar = a.scalar && b.scalar;
        elementwise_call call = one->call;
        call.count = scalar ? 1 : count;
        call.a = a.data;
        call.b = b.data;
        call.a_scalar = a.scalar && !scalar;
        call.b_scalar = b.scalar && !scalar;
        call.out = s + 1 < self->stage_count ? results[s] : out;
        one->kernel(&call);
        operands[EXPRESSION_LEAVES + s] = (operand){call.out, scalar};
    }
}

typedef struct job {
    const expression_op *self;
    const op_run *run;
} job;

/* Elements [first, first + count) of the output, in a row that begins with these elements of the leaves. */
static void run_row(const job *j, const size_t *leaves, size_t begin, size_t count, float *out) {
    const expression_op *const self = j->self;
    const size_t *const steps = self->groups[0].steps;
    for (size_t i = begin; i < begin + count; i += STRIP) {
        operand operands[EXPRESSION_LEAVES + EXPRESSION_STAGES];
        for (size_t l = 0; l < self->leaf_count; l++) {
            operands[l] = (operand){(const float *)j->run->inputs[l] + leaves[l] + i * steps[l], steps[l] == 0};
        }
        evaluate(self, operands, min_size(STRIP, begin + count - i), out + (i - begin));
    }
}

static void run_elements(void *argument, size_t first, size_t count) {
    static const size_t start[EXPRESSION_LEAVES] = {0};
    const job *const j = argument;
    run_row(j, start, first, count, (float *)j->run->output + first);
}

static void run_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const expression_op *const self = j->self;
    const size_t length = self->groups[0].count;
    broadcast_cursor cursor;
    broadcast_seek(self->groups, self->group_count, self->leaf_count, first, &cursor);
    for (size_t row = first; row < first + count; row++) {
        run_row(j, cursor.inputs, 0, length, (float *)j->run->output + row * length);
        broadcast_next(self->groups, self->group_count, self->leaf_count, &cursor);
    }
}

/* Leaf l along `rows` rows from `first` on. memcpy would be a call for each. */
static void write_out(const expression_op *self, size_t l, const float *leaf, size_t first, size_t rows, float *to) {
    const broadcast_group *const inner = &self->groups[0], *const next = &self->groups[1];
    const size_t length = inner->count, step = inner->steps[l];
    while (rows) {
        broadcast_cursor cursor;
        broadcast_seek(self->groups, self->group_count, self->leaf_count, first, &cursor);
        const size_t run = min_size(rows, next->count - cursor.at[1]); /* along the next group */
        const float *row = leaf + cursor.inputs[l];
        for (size_t r = 0; r < run; r++, row += next->steps[l], to += length) {
            for (size_t i = 0; i < length && step != 0; i++) to[i] = row[i];
            for (size_t i = 0; i < length && step == 0; i++) to[i] = *row;
        }
        first += run;
        rows -= run;
    }
}

static void run_short_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const expression_op *const self = j->self;
    const size_t length = self->groups[0].count;
    float written[EXPRESSION_LEAVES][STRIP];
    for (size_t row = first, rows; row < first + count; row += rows) {
        operand operands[EXPRESSION_LEAVES + EXPRESSION_STAGES];
        rows = min_size(STRIP / length, first + count - row);
        for (size_t l = 0; l < self->leaf_count; l++) {
            const float *const leaf = j->run->inputs[l];
            operands[l] = (operand){self->whole[l]    ? leaf + row * length
                                    : self->single[l] ? leaf
                                                      : written[l],
                                    self->single[l] && !self->whole[l]};
            if (operands[l].data == written[l]) write_out(self, l, leaf, row, rows, written[l]);
        }
        evaluate(self, operands, rows * length, (float *)j->run->output + row * length);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const expression_op *)op, run};
    const expression_op *const self = j.self;
    const size_t inner = self->groups[0].count;
    const double ns = ELEMENT_NS * (double)self->stage_count;
    if (inner == 0) return;
    if (self->rows == 1) {
        op_split(run, inner, ns, run_elements, &j);
    } else {
        op_split(run, self->rows, (double)inner * ns, inner < LONG_ROW ? run_short_rows : run_rows, &j);
    }
}

const op_class op_expression = {"expression", infer, choose, create, reshape, run};
