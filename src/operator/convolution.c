/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution 2d as matrix products: one per group, a row per output pixel.
 *
 * A row is made of pieces that lie together in memory: all pixels of a filter's row, or one pixel where the filter is
 * dilated or there are groups. Padding is written out, into a copy of the image, so that a row's pieces are always the
 * same distances from its first. Kernels that can read a line of output pixels in place do, the copy then being stored
 * as they want it; for others, and for short lines, rows are packed. Pointwise filters without stride and padding have
 * rows as they stand. A layout conversion before merges into the copy, which is then made from planes.
 */
#include <string.h>

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"
#include "operator/image.h"
#include "operator/planar.h"
#include "operator/window.h"
#include "operator/winograd.h"

typedef struct convolution {
    struct op base;
    gemm_plan plan;
    const uint8_t *packed; /* the groups' weights one after the other */
    size_t groups, group_inputs, group_outputs;
    size_t row_pieces; /* pieces of one row of the filter */
    size_t piece;      /* elements of a piece */
    size_t filled;     /* elements of a piece as the kernel takes it: past `piece` weights are 0 */
    bool pointwise;    /* rows are pixels as they stand */
    size_t *offsets;   /* bytes from a row's first piece to each */

    /* fixed by the shape */
    struct image image;
    image_windows windows;
} convolution;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    TRY(window_filter(operation, inputs, output, error));
    return window_output(operation, &inputs[0], output, error);
}

static void choose_pieces(convolution *self) {
    const mica_operation *const operation = self->base.operation;
    const bool rows_together = self->groups == 1 && operation->as.window.dilation_width == 1;
    self->row_pieces = rows_together ? 1 : operation->as.window.kernel_width;
    self->piece = self->group_inputs * (rows_together ? operation->as.window.kernel_width : 1);
    self->filled = self->pointwise ? self->piece : gemm_filled_piece(&self->plan, self->piece);
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

static mica_status create_of(const op_class *class, const mica_operation *operation, const op_target *target,
                             const op_choice *choice, struct weights *weights, struct arena *arena, struct op **out,
                             mica_error *error) {
    void *memory = NULL;
    struct op *op = NULL;
    TRY(op_new(class, operation, choice, arena, sizeof(convolution), &op, error));
    convolution *const self = (convolution *)op;
    self->groups = operation->as.window.groups;
    self->group_inputs = operation->as.window.group_input_channels;
    self->group_outputs = operation->as.window.group_output_channels;
    self->pointwise = window_is_pixel(operation) && operation->as.window.stride_height == 1 &&
                      operation->as.window.stride_width == 1;
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

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    if (winograd_suits(operation, target)) {
        return op_winograd.create(operation, target, choice, weights, arena, out, error);
    }
    return create_of(&op_convolution, operation, target, choice, weights, arena, out, error);
}

static mica_status create_turning(const mica_operation *operation, const op_target *target, const op_choice *choice,
                                  struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    TRY(create_of(&op_turning_convolution, operation, target, choice, weights, arena, out, error));
    const kernel_version version =
        kernel_version_select(transpose_names[TRANSPOSE_X32], target->features, target->kernels);
    ((convolution *)*out)->image.turn = transpose_kernels[version][TRANSPOSE_X32];
    return MICA_OK;
}

/* Where rows are read, and the distances there. */
static mica_status lay_out(convolution *self, mica_error *error) {
    const mica_operation *const operation = self->base.operation;
    const gemm_plan *const plan = &self->plan;
    struct image *const image = &self->image;
    const bool stored = plan->in_place && plan->variant != GEMM_PF32;
    image->top = operation->as.window.padding_top;
    image->left = operation->as.window.padding_left;
    image->bottom = operation->as.window.padding_bottom;
    image->right = operation->as.window.padding_right;
    image->store = stored ? plan->kernel->store : NULL;
    if (stored) image->element = plan->kernel->element;
    if (image->turn && window_is_pixel(operation)) image->step = operation->as.window.stride_height;
    TRY(image_lay_out(image, self->filled - self->piece, error));
    self->windows.down = operation->as.window.stride_height / image->step * image->row;
    self->windows.right = operation->as.window.stride_width * image->pixel;
    self->windows.pieces = max_size(1, plan->tap_count);
    self->windows.length = self->filled;
    self->windows.offsets = self->pointwise ? NULL : self->offsets;
    for (size_t i = 0; i < plan->tap_count; i++) {
        self->offsets[i] = i / self->row_pieces * operation->as.window.dilation_height * image->row +
                           i % self->row_pieces * operation->as.window.dilation_width * image->pixel;
    }
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    convolution *const self = (convolution *)op;
    gemm_plan *const plan = &self->plan;
    image_shape(&self->image, op->operation->inputs[0], &inputs[0]);
    self->windows.height = output->dims[1];
    self->windows.width = output->dims[2];
    /* One piece per row is cheaper packed than all of the image stored anew, as types other than f32 are. */
    plan->line = self->windows.width == 1 ? self->windows.height : self->windows.width;
    plan->offsets = plan->tap_count > 1 || plan->variant == GEMM_PF32 ? self->offsets : NULL;
    op->workspace = gemm_plan_shape(plan, self->groups, output->dims[0] * output->dims[1] * output->dims[2]);
    op->kernel = plan->kernel->name;
    TRY(lay_out(self, error));
    op->workspace += self->image.copy_bytes;
    return MICA_OK;
}

typedef struct run_state {
    const convolution *self;
    const op_run *run;
    image_source source;
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
    image_source source = state->source;
    source.pixels += batch * self->group_inputs * self->image.element;
    image_rows(&self->image, &self->windows, &source, self->plan.in_place, first, count, lhs, taps, room);
}

static void run(struct op *op, const op_run *run) {
    const convolution *const self = (const convolution *)op;
    const run_state state = {self, run, image_ready(&self->image, run)};
    static const gemm_source source = {place, rows};
    gemm_run(&self->plan, &source, &state, (uint8_t *)run->workspace + self->image.copy_bytes, run->pool,
             run->threads);
}

const op_class op_convolution = {"convolution", infer, choose, create, reshape, run};

#define TURNED_WIDTH 14 /* pixels: narrower images are turned faster as a whole */

/* A pointwise filter without stride reads the image as it stands: making pixels of it would be a pass of its own. */
bool convolution_turns(const mica_operation *operation, const op_target *target) {
    const bool copies = !window_is_pixel(operation) || operation->as.window.stride_height > 1;
    return operation->kind == MICA_CONV_2D && target->kernels == MICA_KERNELS_AUTO && op_convolves_f32(operation) &&
           copies && !winograd_suits(operation, target) &&
           (operation->inputs[0]->dims[2] >= TURNED_WIDTH || window_is_pixel(operation));
}

const op_class op_turning_convolution = {
    "convolution that turns planes", planar_infer_pixels, dispatch_choose, create_turning, reshape, run};
