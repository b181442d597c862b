/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch matrix multiply: [… , m, k] by [… , k, n] (or [… , n, k]), batch dims broadcast. A constant right operand is
 * packed once, another on every run, each distinct matrix of it once; for few rows panel by panel as they are met.
 */
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"

typedef struct batch_matmul {
    struct op base;
    gemm_plan plan;
    gemm_rhs rhs;
    const uint8_t *packed; /* a constant right operand */
    size_t lhs_row_bytes;  /* k elements */
    size_t rhs_matrix_bytes, rhs_count;
    op_shape lhs_batch, rhs_batch, batch; /* leading dims, padded to the output's */
} batch_matmul;

static bool transposed(const mica_operation *operation) { return operation->flags & MICA_FLAG_TRANSPOSE_WEIGHTS; }

/* The dims before the last two, right-aligned in `rank` dims. */
static op_shape batch_dims(const op_shape *shape, size_t rank) {
    op_shape out = {.rank = rank - 2};
    for (size_t i = 0; i < out.rank; i++) {
        const size_t missing = rank - shape->rank;
        out.dims[i] = i < missing ? 1 : shape->dims[i - missing];
    }
    return out;
}

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const op_shape *const a = &inputs[0], *const b = &inputs[1];
    if (a->rank < 2 || b->rank < 2) {
        return error_set(error, MICA_ERROR_SHAPE, "operands have ranks %zu and %zu, at least 2 is needed", a->rank,
                         b->rank);
    }
    const size_t k = b->dims[b->rank - (transposed(operation) ? 1 : 2)];
    if (a->dims[a->rank - 1] != k) {
        return error_set(error, MICA_ERROR_SHAPE, "rows of %zu elements meet a matrix of depth %zu",
                         a->dims[a->rank - 1], k);
    }
    const size_t rank = max_size(a->rank, b->rank);
    const op_shape left = batch_dims(a, rank), right = batch_dims(b, rank);
    output->rank = rank;
    for (size_t i = 0; i + 2 < rank; i++) {
        if (left.dims[i] != right.dims[i] && left.dims[i] != 1 && right.dims[i] != 1) {
            return error_set(error, MICA_ERROR_SHAPE, "batch dims %zu and %zu do not broadcast", left.dims[i],
                             right.dims[i]);
        }
        output->dims[i] = left.dims[i] == 1 ? right.dims[i] : left.dims[i];
    }
    output->dims[rank - 2] = a->dims[a->rank - 2];
    output->dims[rank - 1] = b->dims[b->rank - (transposed(operation) ? 2 : 1)];
    return MICA_OK;
}

/* n and k of the plan come from the right operand. */
static void take_right_shape(batch_matmul *self, const op_shape *right) {
    const mica_operation *const operation = self->base.operation;
    const size_t rows = right->dims[right->rank - 2], columns = right->dims[right->rank - 1];
    const size_t n = transposed(operation) ? rows : columns, k = transposed(operation) ? columns : rows;
    self->plan.n = self->rhs.n = n;
    self->plan.k = self->rhs.k = k;
    self->rhs.n_stride = transposed(operation) ? k : 1;
    self->rhs.k_stride = transposed(operation) ? 1 : n;
    self->plan.out_stride = n * op_element_size(operation->output->type);
    self->lhs_row_bytes = k * op_element_size(operation->inputs[0]->type);
    self->rhs_matrix_bytes = n * k * op_element_size(operation->inputs[1]->type);
    self->rhs_count = 1;
    for (size_t i = 0; i + 2 < right->rank; i++) self->rhs_count *= right->dims[i];
}

/* Whole, before any product of the run. */
static bool packs_first(const batch_matmul *self) { return self->base.borrows && !self->plan.packs_panels; }

static void pack_all(const batch_matmul *self, const void *data, uint8_t *packed, struct pool *pool, size_t threads) {
    gemm_rhs rhs = self->rhs;
    for (size_t i = 0; i < self->rhs_count; i++) {
        rhs.data = (const uint8_t *)data + i * self->rhs_matrix_bytes;
        gemm_pack(&self->plan, &rhs, packed + i * self->plan.rhs_bytes, pool, threads);
    }
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    const mica_operand *const right = operation->inputs[1];
    struct op *op = NULL;
    TRY(op_new(&op_batch_matmul, operation, choice, arena, sizeof(batch_matmul), &op, error));
    batch_matmul *const self = (batch_matmul *)op;
    op->borrows = !right->data;
    op_shape shape = {.rank = right->rank};
    for (size_t i = 0; i < right->rank; i++) shape.dims[i] = right->dims[i];
    dispatch_plan(operation, target, &self->plan);
    self->plan.threads = pool_threads(weights->pool);
    take_right_shape(self, &shape);
    if (!gemm_plan_init(&self->plan)) return op_unsupported(operation, error);
    TRY(gemm_rhs_of(operation, self->plan.variant, NULL, self->plan.n, arena, &self->rhs, error));
    if (right->data) {
        size_t size;
        if (!size_mul(self->plan.rhs_bytes, self->rhs_count, &size)) {
            return error_set(error, MICA_ERROR_LIMIT, "the packed right operand is too large");
        }
        op->packed_bytes = size;
        self->rhs.data = right->data;
        TRY(gemm_ask(&self->plan, &self->rhs, &(gemm_constant){.matrices = self->rhs_count}, weights, &self->packed,
                     error));
    }
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    batch_matmul *const self = (batch_matmul *)op;
    if (op->borrows) {
        take_right_shape(self, &inputs[1]);
        self->plan.panel_bytes = self->plan.packing->panel_size(self->plan.k, 0);
        self->plan.rhs_bytes = self->plan.panel_bytes * divide_up(self->plan.n, self->plan.packing->nr);
    }
    self->batch = batch_dims(output, output->rank);
    self->lhs_batch = batch_dims(&inputs[0], output->rank);
    self->rhs_batch = batch_dims(&inputs[1], output->rank);
    const size_t batch = op_count(&self->batch);
    self->plan.right = op->borrows && self->rhs_count == batch ? &self->rhs : NULL;
    op->workspace = gemm_plan_shape(&self->plan, batch, output->dims[output->rank - 2]);
    if (packs_first(self)) op->workspace += self->plan.rhs_bytes * self->rhs_count;
    op->kernel = self->plan.kernel->name;
    return MICA_OK;
}

typedef struct run_state {
    const batch_matmul *self;
    const op_run *run;
    const uint8_t *rhs; /* packed, or as it is */
} run_state;

/* Which matrix of an operand belongs to matrix `index` of the output. */
static size_t broadcast(const op_shape *batch, const op_shape *operand, size_t index) {
    size_t out = 0, stride = 1;
    for (size_t i = batch->rank; i-- > 0;) {
        if (operand->dims[i] != 1) out += index % batch->dims[i] * stride;
        index /= batch->dims[i];
        stride *= operand->dims[i];
    }
    return out;
}

static void place(const void *owner, size_t batch, gemm_place *out) {
    const run_state *const state = owner;
    const batch_matmul *const self = state->self;
    const size_t matrix = broadcast(&self->batch, &self->rhs_batch, batch);
    out->rhs = state->rhs + matrix * (self->plan.packs_panels ? self->rhs_matrix_bytes : self->plan.rhs_bytes);
    out->out = (uint8_t *)state->run->output + batch * self->plan.m * self->plan.out_stride;
}

static void rows(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                 gemm_row *room) {
    (void)count;
    (void)taps;
    (void)room;
    const run_state *const state = owner;
    const batch_matmul *const self = state->self;
    const mica_operand *const left = self->base.operation->inputs[0];
    const size_t row = broadcast(&self->batch, &self->lhs_batch, batch) * self->plan.m + first;
    *lhs = (gemm_lhs){.type = gemm_type_of(left->type),
                      .row_stride = self->lhs_row_bytes,
                      .data = (const uint8_t *)state->run->inputs[0] + row * self->lhs_row_bytes,
                      .tap_count = 1,
                      .tap_length = self->plan.k};
    if (left->type == MICA_OPERAND_QDINT8) {
        lhs->rows =
            op_row_parameters(state->run->inputs[0], op_count(&self->lhs_batch) * self->plan.m * self->plan.k) + row;
    }
}

static void run(struct op *op, const op_run *run) {
    const batch_matmul *const self = (const batch_matmul *)op;
    run_state state = {self, run, op->borrows ? run->inputs[1] : self->packed};
    uint8_t *workspace = run->workspace;
    if (packs_first(self)) {
        pack_all(self, run->inputs[1], workspace, run->pool, run->threads);
        state.rhs = workspace;
        workspace += self->plan.rhs_bytes * self->rhs_count;
    }
    static const gemm_source source = {place, rows};
    gemm_run(&self->plan, &source, &state, workspace, run->pool, run->threads);
}

const op_class op_batch_matmul = {"batch matmul", infer, dispatch_choose, create, reshape, run};
