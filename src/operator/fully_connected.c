/* SPDX-License-Identifier: Apache-2.0
 *
 * Fully connected: rows of k by a filter [n, k] (or [k, n]), plus bias. Weights and bias given at run time are packed
 * on every run; constant ones once.
 */
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"

typedef struct fully_connected {
    struct op base;
    gemm_plan plan;
    gemm_rhs rhs;
    const uint8_t *packed; /* constant weights */
    float *bias;           /* room for a bias that comes at run time in f16 */
    bool packs_at_run;
    size_t m;
    size_t row_bytes;
} fully_connected;

static bool transposed(const mica_operation *operation) { return operation->flags & MICA_FLAG_TRANSPOSE_WEIGHTS; }

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const op_shape *const filter = &inputs[1];
    if (filter->rank != 2) {
        return error_set(error, MICA_ERROR_SHAPE, "the filter has rank %zu, 2 is needed", filter->rank);
    }
    const size_t k = filter->dims[transposed(operation) ? 0 : 1], n = filter->dims[transposed(operation) ? 1 : 0];
    if (inputs[0].rank < 1 || inputs[0].dims[inputs[0].rank - 1] != k) {
        return error_set(error, MICA_ERROR_SHAPE, "rows of %zu elements meet a filter of depth %zu",
                         inputs[0].rank ? inputs[0].dims[inputs[0].rank - 1] : 1, k);
    }
    if (operation->inputs[2] && op_count(&inputs[2]) != n) {
        return error_set(error, MICA_ERROR_SHAPE, "the bias has %zu elements for %zu channels", op_count(&inputs[2]),
                         n);
    }
    *output = inputs[0];
    output->dims[output->rank - 1] = n;
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    const mica_operand *const filter = operation->inputs[1], *const bias = operation->inputs[2];
    void *memory = NULL;
    struct op *op = NULL;
    TRY(op_new(&op_fully_connected, operation, choice, arena, sizeof(fully_connected), &op, error));
    fully_connected *const self = (fully_connected *)op;
    const size_t n = filter->dims[transposed(operation) ? 1 : 0], k = filter->dims[transposed(operation) ? 0 : 1];
    gemm_plan *const plan = &self->plan;
    dispatch_plan(operation, target, plan);
    plan->n = n;
    plan->k = k;
    plan->block = filter->block;
    plan->threads = pool_threads(weights->pool);
    plan->out_stride = n * op_element_size(operation->output->type);
    if (!gemm_plan_init(plan)) return op_unsupported(operation, error);

    gemm_rhs *const rhs = &self->rhs;
    TRY(gemm_rhs_of(operation, plan->variant, bias, n, arena, rhs, error));
    rhs->n = n;
    rhs->k = k;
    rhs->n_stride = transposed(operation) ? 1 : rhs->type == GEMM_I4 ? divide_up(k, 2) : k;
    rhs->k_stride = transposed(operation) ? n : 1;
    self->row_bytes = k * (operation->inputs[0]->type == MICA_OPERAND_F32   ? 4
                           : operation->inputs[0]->type == MICA_OPERAND_F16 ? 2
                                                                            : 1);
    self->packs_at_run = !filter->data || (bias && !bias->data);
    op->borrows = self->packs_at_run;
    if (!self->packs_at_run) {
        op->packed_bytes = plan->rhs_bytes;
        TRY(gemm_ask(plan, rhs, &(gemm_constant){.matrices = 1}, weights, &self->packed, error));
    } else if (bias && bias->type == MICA_OPERAND_F16) {
        TRY(arena_array(arena, n, sizeof(float), &memory, error));
        self->bias = memory;
    }
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)output;
    (void)error;
    fully_connected *const self = (fully_connected *)op;
    self->m = 1;
    for (size_t i = 0; i + 1 < inputs[0].rank; i++) self->m *= inputs[0].dims[i];
    op->workspace = gemm_plan_shape(&self->plan, 1, self->m);
    if (self->packs_at_run) op->workspace += self->plan.rhs_bytes;
    op->kernel = self->plan.kernel->name;
    return MICA_OK;
}

typedef struct run_state {
    const fully_connected *self;
    const op_run *run;
    const uint8_t *packed;
} run_state;

static void place(const void *owner, size_t batch, gemm_place *out) {
    (void)batch;
    const run_state *const state = owner;
    *out = (gemm_place){.rhs = state->packed, .out = state->run->output};
}

static void rows(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                 gemm_row *room) {
    (void)batch;
    (void)count;
    (void)taps;
    (void)room;
    const run_state *const state = owner;
    const fully_connected *const self = state->self;
    const mica_operand *const input = self->base.operation->inputs[0];
    *lhs = (gemm_lhs){.type = gemm_type_of(input->type),
                      .row_stride = self->row_bytes,
                      .data = (const uint8_t *)state->run->inputs[0] + first * self->row_bytes,
                      .tap_count = 1,
                      .tap_length = self->plan.k};
    if (input->type == MICA_OPERAND_QDINT8) {
        lhs->rows = op_row_parameters(state->run->inputs[0], self->m * self->plan.k) + first;
    }
}

static void run(struct op *op, const op_run *run) {
    const fully_connected *const self = (const fully_connected *)op;
    run_state state = {self, run, self->packed};
    uint8_t *workspace = run->workspace;
    if (self->packs_at_run) {
        gemm_rhs rhs = self->rhs;
        rhs.data = run->inputs[1];
        if (op->operation->inputs[2])
            dispatch_bias(op->operation->inputs[2], run->inputs[2], rhs.n, self->bias, &rhs);
        gemm_pack(&self->plan, &rhs, workspace, run->pool, run->threads);
        state.packed = workspace;
        workspace += self->plan.rhs_bytes;
    }
    static const gemm_source source = {place, rows};
    gemm_run(&self->plan, &source, &state, workspace, run->pool, run->threads);
}

const op_class op_fully_connected = {"fully connected", infer, dispatch_choose, create, reshape, run};
