/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution 2d as matrix products: one per group, a row per output pixel, patches packed straight into panels.
 *
 * A patch is made of pieces that lie together in memory: as a rule one pixel's channels; all pixels of a filter's row where
 * the filter is not dilated and no padding stands between them (then padding left and right is first written out,
 * into a copy of the image, when pixels are small). Pointwise filters without stride and padding read the image's
 * rows as they are.
 */
#include <string.h>

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"
#include "operator/window.h"

typedef struct convolution {
    struct op base;
    gemm_plan plan;
    uint8_t *packed; /* the groups' weights one after the other */
    uint8_t *zeros;  /* a padding piece: the input's zero over and over */
    size_t groups, group_inputs, group_outputs;
    size_t element;    /* bytes of an input element */
    size_t piece;      /* elements that lie together */
    size_t row_pieces; /* pieces of one row of the filter */
    bool direct;       /* rows are pixels as they stand */
    bool pads;         /* into a copy of the image, whose rows have their padding */
    size_t images, height, width, channels, out_height, out_width; /* the width with its padding where it pads */
    size_t padding_bytes; /* workspace: one padding piece per image, for inputs quantized at run time */
    size_t padded_bytes;  /* workspace: the copy */
} convolution;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    TRY(window_filter(operation, inputs, output, error));
    return window_output(operation, &inputs[0], output, error);
}

/* Bytes of a pixel below which patches are worth a padded copy of the image: less than a vector. */
#define SMALL_PIXEL 64

static void choose_pieces(convolution *self) {
    const mica_operation *const operation = self->base.operation;
    const bool row_together = self->groups == 1 && operation->as.window.dilation_width == 1 && !self->direct;
    const bool padded = operation->as.window.padding_left || operation->as.window.padding_right;
    const bool whole_rows = row_together && (!padded || self->group_inputs * self->element < SMALL_PIXEL);
    self->pads = whole_rows && padded;
    self->row_pieces = whole_rows ? 1 : operation->as.window.kernel_width;
    self->piece = whole_rows ? operation->as.window.kernel_width * self->group_inputs : self->group_inputs;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct pool *pool, struct arena *arena, struct op **out, mica_error *error) {
    const mica_operand *const input = operation->inputs[0], *const filter = operation->inputs[1];
    void *memory = NULL;
    struct op *op = NULL;
    TRY(op_new(&op_convolution, operation, choice, arena, sizeof(convolution), &op, error));
    convolution *const self = (convolution *)op;
    self->groups = operation->as.window.groups;
    self->group_inputs = operation->as.window.group_input_channels;
    self->group_outputs = operation->as.window.group_output_channels;
    self->element = op_element_size(input->type);
    const size_t taps = (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width;
    self->direct = taps == 1 && operation->as.window.stride_height == 1 && operation->as.window.stride_width == 1 &&
                   !operation->as.window.padding_top && !operation->as.window.padding_left &&
                   !operation->as.window.padding_bottom && !operation->as.window.padding_right;

    choose_pieces(self);
    gemm_plan *const plan = &self->plan;
    dispatch_plan(operation, target, plan);
    plan->n = self->group_outputs;
    plan->k = taps * self->group_inputs;
    plan->tap_count = self->direct ? 0 : operation->as.window.kernel_height * self->row_pieces;
    plan->threads = pool_threads(pool);
    plan->out_stride = self->groups * self->group_outputs * op_element_size(operation->output->type);
    if (!gemm_plan_init(plan)) return op_unsupported(operation, error);

    size_t size;
    if (!size_mul(plan->rhs_bytes, self->groups, &size)) {
        return error_set(error, MICA_ERROR_LIMIT, "the packed filter is too large");
    }
    TRY(arena_raw(arena, size, &memory, error));
    self->packed = memory;
    op->packed_bytes = size;
    op->borrows = false;
    op->releases_constants = true;
    gemm_rhs rhs = {0};
    TRY(gemm_rhs_of(operation, plan->variant, operation->inputs[2], self->groups * self->group_outputs, arena, &rhs,
                    error));
    rhs.n = rhs.n_stride = 0;
    for (size_t group = 0; group < self->groups; group++) {
        const size_t first = group * self->group_outputs;
        gemm_rhs part = rhs;
        part.n = plan->n;
        part.k = part.n_stride = plan->k;
        part.k_stride = 1;
        part.data = (const uint8_t *)filter->data + first * plan->k * op_element_size(filter->type);
        if (part.scale) part.scale += first;
        if (part.bias) part.bias += first;
        if (part.bias_i32) part.bias_i32 += first;
        gemm_pack(plan, &part, self->packed + group * plan->rhs_bytes, pool, plan->threads);
    }
    TRY(arena_raw(arena, self->piece * self->element, &memory, error));
    self->zeros = memory;
    memset(self->zeros, input->type == MICA_OPERAND_QINT8 ? (uint8_t)input->zero_point : 0,
           self->piece * self->element);
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    convolution *const self = (convolution *)op;
    self->images = inputs[0].dims[0];
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->channels = inputs[0].dims[3];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    self->padding_bytes =
        op->operation->inputs[0]->type == MICA_OPERAND_QDINT8 ? round_up(self->images * self->piece, 64) : 0;
    self->padded_bytes = 0;
    if (self->pads) {
        self->width += op->operation->as.window.padding_left + op->operation->as.window.padding_right;
        size_t bytes = self->images * self->height * self->channels * self->element; /* less than the input has */
        if (!size_mul(bytes, self->width, &bytes) || bytes > SIZE_MAX / 4) {
            return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
        }
        self->padded_bytes = round_up(bytes, 64);
    }
    op->workspace = self->padding_bytes + self->padded_bytes +
                    gemm_plan_shape(&self->plan, self->groups, self->images * self->out_height * self->out_width);
    op->kernel = self->plan.kernel->name;
    return MICA_OK;
}

typedef struct run_state {
    const convolution *self;
    const op_run *run;
    const uint8_t *input;   /* the image, or its padded copy: self->width pixels a row */
    const gemm_row *images; /* quantization of each image; NULL when static */
    const uint8_t *padding; /* a piece per image; NULL: self->zeros for all */
} run_state;

static void place(const void *owner, size_t batch, gemm_place *out) {
    const run_state *const state = owner;
    const convolution *const self = state->self;
    out->rhs = self->packed + batch * self->plan.rhs_bytes;
    out->out = (uint8_t *)state->run->output +
               batch * self->group_outputs * op_element_size(self->base.operation->output->type);
}

/* Pointers to the pieces of one patch, filter row by filter row; padding pieces outside the image. */
static void patch(const convolution *self, const uint8_t *image, const void *padding, size_t y, size_t x,
                  const void **taps) {
    const mica_operation *const operation = self->base.operation;
    const size_t pixel = self->channels * self->element;
    const size_t left = self->pads ? 0 : operation->as.window.padding_left;
    for (size_t i = 0; i < operation->as.window.kernel_height; i++) {
        /* wraps below zero, and is then not less than the height */
        const size_t in_y = y * operation->as.window.stride_height + i * operation->as.window.dilation_height -
                            operation->as.window.padding_top;
        for (size_t j = 0; j < self->row_pieces; j++) {
            const size_t in_x =
                x * operation->as.window.stride_width + j * operation->as.window.dilation_width - left;
            const bool inside = in_y < self->height && in_x < self->width;
            *taps++ = inside ? image + (in_y * self->width + in_x) * pixel : padding;
        }
    }
}

static void rows(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                 gemm_row *room) {
    const run_state *const state = owner;
    const convolution *const self = state->self;
    const mica_operand *const operand = self->base.operation->inputs[0];
    const size_t pixel = self->channels * self->element;
    const uint8_t *const input = state->input + batch * self->group_inputs * self->element;
    const size_t per_image = self->out_height * self->out_width;
    *lhs = (gemm_lhs){.type = gemm_type_of(operand->type),
                      .row_stride = pixel,
                      .data = input + first * pixel,
                      .taps = self->direct ? NULL : taps,
                      .tap_count = self->direct ? 1 : self->plan.tap_count,
                      .tap_length = self->piece};
    if (state->images) {
        for (size_t i = 0; i < count; i++) room[i] = state->images[(first + i) / per_image];
        lhs->rows = room;
    }
    if (self->direct) return;
    size_t image = first / per_image, y = first % per_image / self->out_width, x = first % self->out_width;
    for (size_t i = 0; i < count; i++, taps += self->plan.tap_count) {
        patch(self, input + image * self->height * self->width * pixel,
              state->padding ? state->padding + image * self->piece : self->zeros, y, x, taps);
        if (++x < self->out_width) continue;
        x = 0;
        if (++y < self->out_height) continue;
        y = 0;
        image++;
    }
}

/* One row of the image into the copy, between its paddings. */
static void pad_row(void *argument, size_t index, size_t thread) {
    (void)thread;
    const run_state *const state = argument;
    const convolution *const self = state->self;
    const mica_operation *const operation = self->base.operation;
    const size_t pixel = self->channels * self->element;
    const size_t left = operation->as.window.padding_left * pixel, right = operation->as.window.padding_right * pixel;
    const size_t row = self->width * pixel, inner = row - left - right;
    const uint8_t zero = state->images ? *(state->padding + index / self->height * self->piece) : *self->zeros;
    uint8_t *const to = (uint8_t *)(uintptr_t)state->input + index * row;
    memset(to, zero, left);
    memcpy(to + left, (const uint8_t *)state->run->inputs[0] + index * inner, inner);
    memset(to + left + inner, zero, right);
}

static void run(struct op *op, const op_run *run) {
    const convolution *const self = (const convolution *)op;
    run_state state = {.self = self, .run = run, .input = run->inputs[0]};
    uint8_t *workspace = run->workspace;
    if (op->operation->inputs[0]->type == MICA_OPERAND_QDINT8) {
        const size_t padding = op->operation->as.window.padding_left + op->operation->as.window.padding_right;
        const size_t width = self->pads ? self->width - padding : self->width;
        state.images = op_row_parameters(run->inputs[0], self->images * self->height * width * self->channels);
        for (size_t i = 0; i < self->images; i++) {
            memset(workspace + i * self->piece, (uint8_t)state.images[i].zero_point, self->piece);
        }
        state.padding = workspace;
    }
    workspace += self->padding_bytes;
    if (self->pads) {
        state.input = workspace;
        pool_run(run->pool, self->padded_bytes < 65536 ? 1 : run->threads, self->images * self->height, pad_row,
                 &state);
    }
    static const gemm_source source = {place, rows};
    gemm_run(&self->plan, &source, &state, workspace + self->padded_bytes, run->pool, run->threads);
}

const op_class op_convolution = {"convolution", infer, dispatch_choose, create, reshape, run};
