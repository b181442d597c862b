/* SPDX-License-Identifier: Apache-2.0
 *
 * Pointwise Conv2d of planes: the filter's rows, read from where the model has them, by columns of pixels. A group of
 * panels of pixels is packed and meets all of the filter while it is in the cache.
 */
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/planar.h"

#define SERIAL_WORK 250000.0     /* multiply-adds below which waking threads costs more */
#define GROUP ((size_t)64 << 10) /* bytes of a group's packed panels, about */

typedef struct pointwise_op {
    struct op op;
    const gemm_kernel *kernel;
    gemm_tile limits; /* min, max */
    const float *bias;
    size_t inputs, outputs, threads;
    size_t tile_rows; /* outputs per call */

    /* fixed by the shape */
    size_t images, pixels;
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
    self->bias = operation->input_count > 2 && operation->inputs[2] ? operation->inputs[2]->data : NULL;
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
    const size_t panel_bytes = self->kernel->rhs->panel_size(self->inputs, 0);
    const size_t panels = divide_up(self->pixels, self->kernel->nr);
    const double work = (double)op_count(&inputs[0]) * (double)self->outputs;
    self->run_threads = work < SERIAL_WORK ? 1 : self->threads;
    const size_t share = divide_up(panels, self->run_threads > 1 ? 4 * self->run_threads : 1);
    self->group = max_size(1, min_size(GROUP / panel_bytes, share));
    self->groups = divide_up(panels, self->group);
    self->scratch_bytes = self->group * panel_bytes;
    op->workspace = self->run_threads * self->scratch_bytes;
    return MICA_OK;
}

typedef struct job {
    const pointwise_op *self;
    const op_run *run;
} job;

static void run_group(void *argument, size_t index, size_t thread) {
    const job *const j = argument;
    const pointwise_op *const self = j->self;
    const size_t image = index / self->groups, first = index % self->groups * self->group;
    const size_t pixel = first * self->kernel->nr,
                 columns = min_size(self->group * self->kernel->nr, self->pixels - pixel);
    void *const packed = (char *)j->run->workspace + thread * self->scratch_bytes;
    const gemm_rhs rhs = {.type = GEMM_F32,
                          .data = (const float *)j->run->inputs[0] + image * self->inputs * self->pixels,
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
    job j = {(const pointwise_op *)op, run};
    pool_run(run->pool, min_size(run->threads, j.self->run_threads), j.self->images * j.self->groups, run_group, &j);
}

const op_class op_planar_pointwise = {
    "pointwise convolution of planes", planar_infer, dispatch_choose, create, reshape, run};
