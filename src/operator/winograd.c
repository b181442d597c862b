/* SPDX-License-Identifier: Apache-2.0
 *
 * 3×3 convolution by Winograd's algorithm (kernel/winograd): a block of output tiles is transformed into 16 planes of
 * rows, each is multiplied with its plane of the filter by the matrix kernels, and the sums are transformed back. A
 * block's planes stay in the second cache. A block is whole panels of rows, whose size the shape alone fixes: results do
 * not depend on the number of threads.
 */
#include "operator/winograd.h"

#include <math.h>
#include <string.h>

#include "kernel/winograd/winograd.h"
#include "operator/common.h"
#include "operator/gemm.h"

#define MIN_CHANNELS 16                    /* fewer: transforms cost more than the products saved */
#define MIN_TILES 16                       /* rows of the products */
#define MAX_FILTER_BYTES ((size_t)5 << 20) /* of all planes: 16 / 9 of the filter */

typedef struct winograd {
    struct op base;
    const winograd_kernels *transforms;
    gemm_plan plan;  /* of one plane's product */
    uint8_t *packed; /* the filter's planes */
    float *zeros;    /* a pixel outside of the image */
    size_t inputs, outputs;
    float min, max;

    /* fixed by the shape */
    const gemm_kernel *kernel;
    size_t height, width, out_height, out_width;
    size_t tile_rows, tile_columns, tiles; /* tiles: of all images */
    size_t panel_rows;                     /* tiles per call of the kernel */
    size_t block;                          /* tiles per task */
    size_t row;                            /* elements from row to row of a plane of inputs */
    size_t in_plane, out_plane;            /* elements of a block's plane */
    size_t threads, scratch_bytes;         /* per thread: planes of inputs, planes of sums, a packed panel */
} winograd;

bool winograd_suits(const mica_operation *operation, const op_target *target) {
    const mica_operand *const image = operation->inputs[0], *const filter = operation->inputs[1];
    const mica_operand *const output = operation->output;
    if (operation->kind != MICA_CONV_2D || target->kernels != MICA_KERNELS_AUTO || !filter->data ||
        image->type != MICA_OPERAND_F32 || filter->type != MICA_OPERAND_F32 || output->type != MICA_OPERAND_F32 ||
        image->rank != 4 || kernel_version_select(winograd_names, target->features, target->kernels) == KERNEL_C) {
        return false;
    }
    const size_t inputs = operation->as.window.group_input_channels,
                 outputs = operation->as.window.group_output_channels;
    const size_t padding_down = operation->as.window.padding_top + operation->as.window.padding_bottom;
    const size_t padding_right = operation->as.window.padding_left + operation->as.window.padding_right;
    if (operation->as.window.kernel_height != 3 || operation->as.window.kernel_width != 3 ||
        operation->as.window.stride_height != 1 || operation->as.window.stride_width != 1 ||
        operation->as.window.dilation_height != 1 || operation->as.window.dilation_width != 1 ||
        operation->as.window.groups != 1 || inputs < MIN_CHANNELS || outputs < MIN_CHANNELS ||
        image->dims[1] + padding_down < 4 || image->dims[2] + padding_right < 4) {
        return false;
    }
    const size_t tiles =
        divide_up(image->dims[1] + padding_down - 2, 2) * divide_up(image->dims[2] + padding_right - 2, 2);
    return tiles >= MIN_TILES / max_size(image->dims[0], 1) &&
           outputs <= MAX_FILTER_BYTES / (WINOGRAD_PLANES * sizeof(float)) / inputs;
}

void winograd_choose(const op_target *target, op_choice *choice) {
    const kernel_version version = kernel_version_select(winograd_names, target->features, target->kernels);
    choice->kernel = winograd_names[version];
    choice->needs = kernel_version_needs[version];
}

/* ---- create ---- */

typedef struct filter_job {
    const float *filter;
    float *planes;
    size_t inputs, plane;
} filter_job;

static void transform_filter(void *argument, size_t index, size_t thread) {
    (void)thread;
    const filter_job *const job = argument;
    winograd_filter(job->filter + index * 9 * job->inputs, job->inputs, job->planes + index * job->inputs,
                    job->plane);
}

static mica_status pack_filter(winograd *self, const gemm_rhs *of, struct pool *pool, mica_error *error) {
    const mica_allocator *const allocator = self->base.arena->allocator;
    gemm_plan *const plan = &self->plan;
    struct buffer planes = {0};
    filter_job job = {of->data, NULL, self->inputs, self->inputs * self->outputs};
    TRY(buffer_reserve(&planes, allocator, WINOGRAD_PLANES * job.plane * sizeof(float), self->base.arena->limit,
                       error));
    job.planes = planes.data;
    pool_run(pool, plan->threads, self->outputs, transform_filter, &job);
    for (size_t p = 0; p < WINOGRAD_PLANES; p++) {
        const gemm_rhs rhs = {.type = GEMM_F32,
                              .data = job.planes + p * job.plane,
                              .n = self->outputs,
                              .k = self->inputs,
                              .n_stride = self->inputs,
                              .k_stride = 1,
                              .bias = p == WINOGRAD_BIAS_PLANE ? of->bias : NULL};
        gemm_pack(plan, &rhs, self->packed + p * plan->rhs_bytes, pool, plan->threads);
    }
    buffer_free(&planes, allocator);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_winograd, operation, choice, arena, sizeof(winograd), &op, error));
    winograd *const self = (winograd *)op;
    self->transforms = winograd_versions[kernel_version_select(winograd_names, target->features, target->kernels)];
    self->inputs = operation->as.window.group_input_channels;
    self->outputs = operation->as.window.group_output_channels;
    self->min = operation->output_min;
    self->max = operation->output_max;
    self->plan = (gemm_plan){.variant = GEMM_PF32,
                             .level = gemm_level_of(target->kernels),
                             .features = target->features,
                             .n = self->outputs,
                             .k = self->inputs,
                             .threads = pool_threads(weights->pool)};
    if (!gemm_plan_init(&self->plan)) return op_unsupported(operation, error);
    void *memory = NULL;
    TRY(arena_raw(arena, WINOGRAD_PLANES * self->plan.rhs_bytes, &memory, error));
    self->packed = memory;
    op->packed_bytes = WINOGRAD_PLANES * self->plan.rhs_bytes;
    TRY(arena_array(arena, self->inputs, sizeof(float), &memory, error));
    self->zeros = memory;
    gemm_rhs rhs = {0};
    TRY(gemm_rhs_of(operation, GEMM_PF32, operation->inputs[2], self->outputs, arena, &rhs, error));
    TRY(pack_filter(self, &rhs, weights->pool, error));
    weights_forget(weights, rhs.data, 9 * self->inputs * self->outputs * sizeof(float));
    *out = op;
    return MICA_OK;
}

/* ---- shape ---- */

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    winograd *const self = (winograd *)op;
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    self->tile_rows = divide_up(self->out_height, 2);
    self->tile_columns = divide_up(self->out_width, 2);
    self->tiles = inputs[0].dims[0] * self->tile_rows * self->tile_columns;
    self->threads = self->plan.threads;

    /* Rows 2 KiB apart fall on each other in the first cache. */
    self->row = self->inputs + (self->inputs * sizeof(float) % 2048 ? 0 : MEMORY_ALIGNMENT / sizeof(float));
    self->kernel = gemm_select(GEMM_PF32, self->plan.features, self->plan.level, SIZE_MAX, self->plan.packing);
    self->panel_rows = gemm_even_rows(self->tiles, self->kernel->mr);
    const size_t tile_bytes = WINOGRAD_PLANES * (self->row + self->outputs) * sizeof(float);
    const size_t fits = cpu_cache_bytes(2) / 2 / tile_bytes;
    const size_t share = self->threads > 1 ? self->tiles / (4 * self->threads) : self->tiles;
    self->block = max_size(1, min_size(fits, share) / self->panel_rows) * self->panel_rows;
    self->in_plane = self->block * self->row + MEMORY_ALIGNMENT / sizeof(float);
    self->out_plane = self->block * self->outputs + MEMORY_ALIGNMENT / sizeof(float);
    const size_t floats = WINOGRAD_PLANES * (self->in_plane + self->out_plane);
    const size_t panel = self->kernel->store ? 0 : self->kernel->lhs->panel_size(self->inputs);
    self->scratch_bytes = round_up(floats * sizeof(float), MEMORY_ALIGNMENT) + panel;
    if (!size_mul(self->scratch_bytes, self->threads, &op->workspace)) {
        return error_set(error, MICA_ERROR_LIMIT, "the workspace is too large");
    }
    return MICA_OK;
}

/* ---- run ---- */

typedef struct run_state {
    const winograd *self;
    const op_run *run;
} run_state;

/* A tile of the output: its image and first pixel. */
typedef struct corner {
    size_t image, y, x;
} corner;

static corner corner_of(const winograd *self, size_t tile) {
    const size_t per_image = self->tile_rows * self->tile_columns, in_image = tile % per_image;
    return (corner){tile / per_image, 2 * (in_image / self->tile_columns), 2 * (in_image % self->tile_columns)};
}

static void read_tile(const run_state *state, size_t tile, float *out) {
    const winograd *const self = state->self;
    const mica_operation *const operation = self->base.operation;
    const corner at = corner_of(self, tile);
    const float *const image =
        (const float *)state->run->inputs[0] + at.image * self->height * self->width * self->inputs;
    winograd_input call = {.channels = self->inputs, .out = out, .plane = self->in_plane};
    for (size_t i = 0; i < 16; i++) {
        const size_t y = at.y + i / 4 - operation->as.window.padding_top; /* wraps before the image */
        const size_t x = at.x + i % 4 - operation->as.window.padding_left;
        const bool inside = y < self->height && x < self->width;
        call.pixels[i] = inside ? image + (y * self->width + x) * self->inputs : self->zeros;
    }
    self->transforms->input(&call);
}

static void write_tile(const run_state *state, size_t tile, const float *sums) {
    const winograd *const self = state->self;
    const corner at = corner_of(self, tile);
    float *const image = (float *)state->run->output + at.image * self->out_height * self->out_width * self->outputs;
    winograd_output call = {
        .in = sums, .plane = self->out_plane, .channels = self->outputs, .min = self->min, .max = self->max};
    for (size_t i = 0; i < 4; i++) {
        const size_t y = at.y + i / 2, x = at.x + i % 2;
        const bool inside = y < self->out_height && x < self->out_width;
        call.pixels[i] = inside ? image + (y * self->out_width + x) * self->outputs : NULL;
    }
    self->transforms->output(&call);
}

/* One plane's product: `rows` rows of inputs by all of the filter. */
static void multiply(const winograd *self, size_t rows, const float *in, size_t plane, float *out, void *panel) {
    for (size_t first = 0; first < rows; first += self->panel_rows) {
        const float *const from = in + first * self->row;
        gemm_tile tile = {.m = min_size(self->panel_rows, rows - first),
                          .n = self->outputs,
                          .k = self->inputs,
                          .lhs = from,
                          .lhs_stride = self->row * sizeof(float),
                          .direct = self->kernel->store != NULL,
                          .rhs = self->packed + plane * self->plan.rhs_bytes,
                          .out = out + first * self->outputs,
                          .out_stride = self->outputs * sizeof(float),
                          .min = -INFINITY,
                          .max = INFINITY};
        if (!tile.direct) {
            const gemm_lhs lhs = {.type = GEMM_F32,
                                  .row_stride = tile.lhs_stride,
                                  .data = from,
                                  .tap_count = 1,
                                  .tap_length = self->inputs};
            self->kernel->lhs->pack(&lhs, 0, tile.m, panel);
            tile.lhs = panel;
        }
        self->kernel->run(&tile);
    }
}

static void run_block(void *argument, size_t index, size_t thread) {
    const run_state *const state = argument;
    const winograd *const self = state->self;
    const size_t first = index * self->block, count = min_size(self->block, self->tiles - first);
    float *const in = (float *)(void *)((uint8_t *)state->run->workspace + thread * self->scratch_bytes);
    float *const out = in + WINOGRAD_PLANES * self->in_plane;
    void *const panel = out + WINOGRAD_PLANES * self->out_plane;
    for (size_t i = 0; i < count; i++) read_tile(state, first + i, in + i * self->row);
    for (size_t p = 0; p < WINOGRAD_PLANES; p++) {
        multiply(self, count, in + p * self->in_plane, p, out + p * self->out_plane, panel);
    }
    for (size_t i = 0; i < count; i++) write_tile(state, first + i, out + i * self->outputs);
}

static void run(struct op *op, const op_run *run) {
    const winograd *const self = (const winograd *)op;
    run_state state = {self, run};
    pool_run(run->pool, min_size(run->threads, self->threads), divide_up(self->tiles, self->block), run_block,
             &state);
}

const op_class op_winograd = {"winograd", NULL, NULL, create, reshape, run};
