/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution 2d as matrix products: one per group, a row per output pixel.
 *
 * A row is made of pieces that lie together in memory: all pixels of a filter's row, or one pixel where the filter is
 * dilated or there are groups. Padding is written out, into a copy of the image, so that a row's pieces are always the
 * same distances from its first. Kernels that can read a line of output pixels in place do, the copy then being stored
 * as they want it; for others, and for short lines, rows are packed. Pointwise filters without stride and padding have
 * rows as they stand.
 */
#include <string.h>

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"
#include "operator/window.h"
#include "operator/winograd.h"

typedef struct convolution {
    struct op base;
    gemm_plan plan;
    const uint8_t *packed; /* the groups' weights one after the other */
    size_t groups, group_inputs, group_outputs;
    size_t element;    /* bytes of an input element */
    size_t row_pieces; /* pieces of one row of the filter */
    size_t piece;      /* elements of a piece */
    size_t filled;     /* elements of a piece as the kernel takes it: past `piece` weights are 0 */
    bool pointwise;    /* rows are pixels as they stand */
    size_t *offsets;   /* bytes from a row's first piece to each */

    /* fixed by the shape; what rows are read from is the image or its copy */
    bool copies;
    size_t images, height, width, channels, out_height, out_width;
    size_t pixel, row, rows; /* bytes of a pixel and of a row of pixels, and rows of an image, where rows are read */
    size_t copy_bytes;       /* workspace: the copy */
} convolution;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    TRY(window_filter(operation, inputs, output, error));
    return window_output(operation, &inputs[0], output, error);
}

/* Kernels that take four bytes at a time need the pieces of a row filled up to them. */
static void choose_pieces(convolution *self) {
    const mica_operation *const operation = self->base.operation;
    const bool rows_together = self->groups == 1 && operation->as.window.dilation_width == 1;
    const gemm_plan *const plan = &self->plan;
    const gemm_kernel *const kernel = gemm_select(plan->variant, plan->features, plan->level, SIZE_MAX, NULL);
    const bool fours = plan->variant == GEMM_PQS8_QC8W && kernel && kernel->store && !self->pointwise;
    self->row_pieces = rows_together ? 1 : operation->as.window.kernel_width;
    self->piece = self->group_inputs * (rows_together ? operation->as.window.kernel_width : 1);
    self->filled = fours ? round_up(self->piece, 4) : self->piece;
}

/* The filter with its pieces filled up with zeros, for as long as it is being packed. */
static mica_status fill_filter(const convolution *self, struct weights *weights, gemm_rhs *rhs,
                               gemm_constant *constant, mica_error *error) {
    const size_t size = op_element_size(self->base.operation->inputs[1]->type);
    const size_t pieces = self->plan.k / self->filled * self->groups * self->group_outputs;
    void *memory = NULL;
    TRY(arena_array(&weights->transient, pieces, self->filled * size, &memory, error));
    constant->source = rhs->data;
    constant->source_bytes = pieces * self->piece * size;
    for (size_t i = 0; i < pieces; i++) {
        memcpy((uint8_t *)memory + i * self->filled * size, (const uint8_t *)rhs->data + i * self->piece * size,
               self->piece * size);
    }
    rhs->data = memory;
    return MICA_OK;
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    TRY(dispatch_choose(operation, target, choice, error));
    if (winograd_suits(operation, target)) winograd_choose(target, choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    if (winograd_suits(operation, target)) {
        return op_winograd.create(operation, target, choice, weights, arena, out, error);
    }
    void *memory = NULL;
    struct op *op = NULL;
    TRY(op_new(&op_convolution, operation, choice, arena, sizeof(convolution), &op, error));
    convolution *const self = (convolution *)op;
    self->groups = operation->as.window.groups;
    self->group_inputs = operation->as.window.group_input_channels;
    self->group_outputs = operation->as.window.group_output_channels;
    self->element = op_element_size(operation->inputs[0]->type);
    self->pointwise = operation->as.window.kernel_height == 1 && operation->as.window.kernel_width == 1 &&
                      operation->as.window.stride_height == 1 && operation->as.window.stride_width == 1 &&
                      !operation->as.window.padding_top && !operation->as.window.padding_left &&
                      !operation->as.window.padding_bottom && !operation->as.window.padding_right;
    gemm_plan *const plan = &self->plan;
    dispatch_plan(operation, target, plan);
    choose_pieces(self);
    const size_t pieces = operation->as.window.kernel_height * self->row_pieces;
    plan->n = self->group_outputs;
    plan->k = pieces * self->filled;
    plan->tap_count = self->pointwise ? 0 : pieces;
    plan->threads = pool_threads(weights->pool);
    plan->out_stride = self->groups * self->group_outputs * op_element_size(operation->output->type);
    if (!gemm_plan_init(plan)) return op_unsupported(operation, error);

    size_t size;
    if (!size_mul(plan->rhs_bytes, self->groups, &size)) {
        return error_set(error, MICA_ERROR_LIMIT, "the packed filter is too large");
    }
    op->packed_bytes = size;
    op->borrows = false;
    TRY(arena_array(arena, pieces, sizeof(size_t), &memory, error));
    self->offsets = memory;
    gemm_rhs rhs = {0};
    TRY(gemm_rhs_of(operation, plan->variant, operation->inputs[2], self->groups * self->group_outputs, arena, &rhs,
                    error));
    rhs.n = plan->n;
    rhs.k = rhs.n_stride = plan->k;
    rhs.k_stride = 1;
    gemm_constant constant = {.matrices = self->groups, .channels = plan->n};
    if (self->filled != self->piece) TRY(fill_filter(self, weights, &rhs, &constant, error));
    TRY(gemm_ask(plan, &rhs, &constant, weights, &self->packed, error));
    *out = op;
    return MICA_OK;
}

/* Where rows are read: an image or its copy, and the distances in it. */
static mica_status lay_out(convolution *self, const op_shape *input, mica_error *error) {
    const mica_operation *const operation = self->base.operation;
    const bool padded = operation->as.window.padding_top || operation->as.window.padding_left ||
                        operation->as.window.padding_bottom || operation->as.window.padding_right;
    const bool stored = self->plan.in_place && self->plan.variant == GEMM_PQS8_QC8W;
    self->copies = padded || stored || self->filled != self->piece;
    self->pixel = self->channels * (stored ? self->plan.kernel->element : self->element);
    self->rows = self->height + operation->as.window.padding_top + operation->as.window.padding_bottom;
    const size_t width = self->width + operation->as.window.padding_left + operation->as.window.padding_right;
    size_t bytes;
    if (!size_mul(width, self->pixel, &self->row) || !size_mul(self->row, self->rows, &bytes) ||
        !size_mul(bytes, input->dims[0], &bytes) || bytes > SIZE_MAX / 4) {
        return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
    }
    const size_t past = (self->filled - self->piece) * (self->pixel / self->channels); /* of the last piece */
    self->copy_bytes = self->copies ? round_up(bytes + past, MEMORY_ALIGNMENT) : 0;
    for (size_t i = 0; i < self->plan.tap_count; i++) {
        self->offsets[i] = i / self->row_pieces * operation->as.window.dilation_height * self->row +
                           i % self->row_pieces * operation->as.window.dilation_width * self->pixel;
    }
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    convolution *const self = (convolution *)op;
    gemm_plan *const plan = &self->plan;
    self->images = inputs[0].dims[0];
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->channels = inputs[0].dims[3];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    /* One piece per row of int8 is cheaper packed than all of the image stored anew. */
    plan->line = self->out_width == 1 ? self->out_height : self->out_width;
    plan->offsets = plan->tap_count > 1 || plan->variant == GEMM_PF32 ? self->offsets : NULL;
    op->workspace = gemm_plan_shape(plan, self->groups, self->images * self->out_height * self->out_width);
    op->kernel = plan->kernel->name;
    TRY(lay_out(self, &inputs[0], error));
    op->workspace += self->copy_bytes;
    return MICA_OK;
}

typedef struct run_state {
    const convolution *self;
    const op_run *run;
    const uint8_t *input;   /* where rows are read */
    const gemm_row *images; /* quantization of each image; NULL when static */
} run_state;

static void place(const void *owner, size_t batch, gemm_place *out) {
    const run_state *const state = owner;
    const convolution *const self = state->self;
    out->rhs = self->packed + batch * self->plan.rhs_bytes;
    out->out = (uint8_t *)state->run->output +
               batch * self->group_outputs * op_element_size(self->base.operation->output->type);
}

static void rows(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                 gemm_row *room) {
    const run_state *const state = owner;
    const convolution *const self = state->self;
    const mica_operation *const operation = self->base.operation;
    const size_t down = operation->as.window.stride_height * self->row;
    const size_t right = operation->as.window.stride_width * self->pixel;
    const size_t per_image = self->out_height * self->out_width, image = first / per_image;
    size_t y = first % per_image / self->out_width, x = first % self->out_width;
    const uint8_t *line =
        state->input + image * self->rows * self->row + y * down + batch * (self->pixel / self->groups);
    *lhs = (gemm_lhs){.type = gemm_type_of(operation->inputs[0]->type),
                      .row_stride = self->out_width == 1 ? down : right,
                      .data = line + x * right,
                      .tap_count = max_size(1, self->plan.tap_count),
                      .tap_length = self->filled};
    if (state->images) {
        for (size_t i = 0; i < count; i++) room[i] = state->images[(first + i) / per_image];
        lhs->rows = room;
    }
    if (self->plan.in_place || self->pointwise) return;
    lhs->taps = taps;
    for (size_t i = 0; i < count; i++) {
        for (size_t t = 0; t < self->plan.tap_count; t++) *taps++ = line + x * right + self->offsets[t];
        if (++x < self->out_width) continue;
        x = 0;
        line += down;
        if (++y < self->out_height) continue;
        y = 0;
        line += self->rows * self->row - self->out_height * down;
    }
}

/* Repeats `size` bytes until they are `total`. */
static void fill(uint8_t *to, const void *from, size_t size, size_t total) {
    if (total > 0) memcpy(to, from, size);
    for (size_t done = size; done < total; done += done) memcpy(to + done, to, min_size(done, total - done));
}

/* One row of the copy: padding, or a row of the image between its paddings. */
static void copy_row(void *argument, size_t index, size_t thread) {
    (void)thread;
    const run_state *const state = argument;
    const convolution *const self = state->self;
    const mica_operation *const operation = self->base.operation;
    const bool stored = self->plan.in_place && self->plan.variant == GEMM_PQS8_QC8W;
    const size_t image = index / self->rows, element = self->pixel / self->channels;
    const size_t y = index % self->rows - operation->as.window.padding_top; /* wraps above the image */
    const size_t left = operation->as.window.padding_left * self->pixel;
    const size_t right = operation->as.window.padding_right * self->pixel;
    const int8_t zero_point = state->images ? (int8_t)state->images[image].zero_point
                              : operation->inputs[0]->type == MICA_OPERAND_QINT8
                                  ? (int8_t)operation->inputs[0]->zero_point
                                  : 0;
    uint8_t zero[4] = {0}; /* an element */
    memcpy(zero, &zero_point, 1);
    if (stored) self->plan.kernel->store(&zero_point, 1, zero);
    uint8_t *const to = (uint8_t *)(uintptr_t)state->input + index * self->row;
    if (y >= self->height) {
        fill(to, zero, element, self->row);
        return;
    }
    const size_t count = self->width * self->channels;
    const uint8_t *const from =
        (const uint8_t *)state->run->inputs[0] + (image * self->height + y) * count * self->element;
    fill(to, zero, element, left);
    if (stored) {
        self->plan.kernel->store(from, count, to + left);
    } else {
        memcpy(to + left, from, count * element);
    }
    fill(to + self->row - right, zero, element, right);
}

static void run(struct op *op, const op_run *run) {
    const convolution *const self = (const convolution *)op;
    run_state state = {.self = self, .run = run, .input = run->inputs[0]};
    if (op->operation->inputs[0]->type == MICA_OPERAND_QDINT8) {
        state.images = op_row_parameters(run->inputs[0], self->images * self->height * self->width * self->channels);
    }
    if (self->copies) {
        state.input = run->workspace;
        pool_run(run->pool, self->copy_bytes < 65536 ? 1 : run->threads, self->images * self->rows, copy_row, &state);
    }
    static const gemm_source source = {place, rows};
    gemm_run(&self->plan, &source, &state, (uint8_t *)run->workspace + self->copy_bytes, run->pool, run->threads);
}

const op_class op_convolution = {"convolution", infer, choose, create, reshape, run};
