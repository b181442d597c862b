/* SPDX-License-Identifier: Apache-2.0
 *
 * Pointwise Conv2d of planes: the filter's rows, read from where the model has them, by columns of pixels. A group of
 * panels of pixels is packed and meets all of the filter while it is in the cache. With a stride the pixels that count
 * are taken out of the planes first.
 */
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/planar.h"

#define PIXEL_NS 0.3             /* to take it from a plane with strides */
#define GROUP ((size_t)64 << 10) /* bytes of a group's packed panels, about */

typedef struct pointwise_op {
    struct op op;
    const gemm_kernel *kernel;
    gemm_tile limits; /* min, max */
    const float *bias;
    size_t inputs, outputs, threads;
    size_t tile_rows; /* outputs per call */

    /* fixed by the shape */
    size_t images, pixels, out_width;
    size_t height, width; /* of the image */
    size_t taken_bytes;   /* workspace: the planes of pixels that count; 0: all do */
    size_t group, groups; /* panels together, and how often in an image */
    size_t run_threads, scratch_bytes;
} pointwise_op;

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_planar_pointwise, operation, choice, arena, sizeof(pointwise_op), &op, error));
    pointwise_op *const self = (pointwise_op *)op;
    self->kernel = gemm_select(GEMM_PF32, target->features, GEMM_AUTO, SIZE_MAX, NULL);
    gemm_limits(operation, &self->limits);
    const mica_operand *const bias = op_bias(operation);
    self->bias = bias ? bias->data : NULL;
    self->inputs = operation->as.window.group_input_channels;
    self->outputs = operation->as.window.group_output_channels;
    self->tile_rows = gemm_even_rows(self->outputs, self->kernel->mr);
    self->threads = pool_threads(weights->pool);
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    pointwise_op *const self = (pointwise_op *)op;
    self->images = output->dims[0];
    self->pixels = output->dims[2] * output->dims[3];
    self->out_width = output->dims[3];
    self->height = inputs[0].dims[2];
    self->width = inputs[0].dims[3];
    const bool all = op->operation->as.window.stride_height == 1 && op->operation->as.window.stride_width == 1;
    const size_t taken = self->images * self->inputs * self->pixels * sizeof(float);
    self->taken_bytes = all ? 0 : round_up(taken, MEMORY_ALIGNMENT);
    const size_t panel_bytes = self->kernel->rhs->panel_size(self->inputs, 0);
    const size_t panels = divide_up(self->pixels, self->kernel->nr);
    const double work = (double)op_count(output) * (double)self->inputs;
    self->run_threads = op_threads(work * GEMM_F32_NS, self->threads);
    const size_t share = divide_up(panels, self->run_threads > 1 ? 4 * self->run_threads : 1);
    self->group = max_size(1, min_size(GROUP / panel_bytes, share));
    self->groups = divide_up(panels, self->group);
    self->scratch_bytes = self->group * panel_bytes;
    op->workspace = self->taken_bytes + self->run_threads * self->scratch_bytes;
    return MICA_OK;
}

typedef struct job {
    const pointwise_op *self;
    const op_run *run;
    const float *planes; /* of all pixels that count */
} job;

static void take_pixels(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const pointwise_op *const self = j->self;
    const size_t down = self->op.operation->as.window.stride_height,
                 right = self->op.operation->as.window.stride_width;
    const float *const in = j->run->inputs[0];
    for (size_t plane = first; plane < first + count; plane++) {
        float *to = (float *)j->run->workspace + plane * self->pixels;
        for (size_t y = 0; y * self->out_width < self->pixels; y++, to += self->out_width) {
            const float *const row = in + (plane * self->height + y * down) * self->width;
            for (size_t x = 0; x < self->out_width; x++) to[x] = row[x * right];
        }
    }
}

static void run_group(void *argument, size_t index, size_t thread) {
    const job *const j = argument;
    const pointwise_op *const self = j->self;
    const size_t image = index / self->groups, first = index % self->groups * self->group;
    const size_t pixel = first * self->kernel->nr,
                 columns = min_size(self->group * self->kernel->nr, self->pixels - pixel);
    void *const packed = (char *)j->run->workspace + self->taken_bytes + thread * self->scratch_bytes;
    const gemm_rhs rhs = {.type = GEMM_F32,
                          .data = j->planes + image * self->inputs * self->pixels,
                          .n = self->pixels,
                          .k = self->inputs,
                          .n_stride = 1,
                          .k_stride = self->pixels};
    self->kernel->rhs->pack(&rhs, first, divide_up(columns, self->kernel->nr), packed);
    gemm_tile tile = self->limits;
    tile.n = columns;
    tile.k = self->inputs;
    tile.direct = true;
    tile.lhs_stride = self->inputs * sizeof(float);
    tile.rhs = packed;
    tile.out_stride = self->pixels * sizeof(float);
    for (size_t row = 0; row < self->outputs; row += self->tile_rows) {
        tile.m = min_size(self->tile_rows, self->outputs - row);
        tile.lhs = (const float *)self->op.operation->inputs[1]->data + row * self->inputs;
        tile.row_bias = self->bias ? self->bias + row : NULL;
        tile.out = (float *)j->run->output + (image * self->outputs + row) * self->pixels + pixel;
        self->kernel->run(&tile);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const pointwise_op *)op, run, run->inputs[0]};
    if (j.self->taken_bytes) {
        j.planes = run->workspace;
        op_split(run, j.self->images * j.self->inputs, (double)j.self->pixels * PIXEL_NS, take_pixels, &j);
    }
    pool_run(run->pool, min_size(run->threads, j.self->run_threads), j.self->images * j.self->groups, run_group, &j);
}

const op_class op_planar_pointwise = {
    "pointwise convolution of planes", planar_infer, dispatch_choose, create, reshape, run};
