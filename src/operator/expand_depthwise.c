/* SPDX-License-Identifier: Apache-2.0
 *
 * A task is one panel of channels of some rows of an image. The products of a band of rows go, line by line, into an image
 * of this panel alone, with padding, from which its outputs are made; the rows that the next band needs, too, are moved.
 */
#include "operator/expand_depthwise.h"

#include <string.h>

#include "format/xnnpack.h"
#include "kernel/dwpanel/dwpanel.h"
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"

#define TAP_NS 0.02  /* of one output */
#define LEAST_ROWS 8 /* of outputs per task: its first rows of products are made twice */

typedef struct expand_op {
    struct op op;
    const mica_operation *depthwise;
    gemm_plan plan;
    const uint8_t *packed;
    const dwpanel_kernel *kernel;
    float *weights;      /* of the depthwise filter: per panel its bias and taps */
    size_t panel_floats; /* of these */
    size_t inputs, channels, panels;

    /* fixed by the shape */
    size_t images, height, width, out_height, out_width;
    size_t row;         /* elements of a padded row */
    size_t tile_rows;   /* pixels of a line per call of the matrix kernel */
    size_t band, chunk; /* rows of outputs: made together, and per task */
    double ns;          /* on one thread, about */
    size_t threads, scratch_bytes;
} expand_op;

bool expand_suits(const mica_operation *pointwise, const mica_operation *depthwise, const op_target *target) {
    const gemm_kernel_name *const kernel = gemm_predict(GEMM_PF32, target->features, GEMM_AUTO, SIZE_MAX);
    if (target->kernels != MICA_KERNELS_AUTO || !kernel || !gemm_reads_rows(kernel) ||
        !xnn_is_fully_connected(pointwise) || !op_convolves_f32(pointwise) ||
        depthwise->kind != MICA_DEPTHWISE_CONV_2D || !op_convolves_f32(depthwise)) {
        return false;
    }
    const bool wide = pointwise->as.window.group_output_channels >= kernel->nr &&
                      gemm_suits_cache(pointwise->as.window.group_input_channels);
    const size_t filter = depthwise->as.window.kernel_height, stride = depthwise->as.window.stride_height;
    const bool square = (filter == 3 || filter == 5) && (stride == 1 || stride == 2) &&
                        depthwise->as.window.kernel_width == filter && depthwise->as.window.stride_width == stride &&
                        depthwise->as.window.dilation_height == 1 && depthwise->as.window.dilation_width == 1 &&
                        depthwise->as.window.group_output_channels == 1;
    const size_t line = gemm_even_rows(pointwise->inputs[0]->dims[2], kernel->mr); /* which no call reaches across */
    return wide && square && 3 * line >= 2 * kernel->mr;
}

void expand_choose(const op_target *target, op_choice *choice) { op_choose_version(target, dwpanel_names, choice); }

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const mica_operation *const depthwise = ((const expand_operation *)operation)->depthwise;
    op_shape between[MICA_OPERATION_MAX_INPUTS] = {0};
    TRY(op_convolution.infer(operation, inputs, &between[0], error));
    for (size_t i = 1; i < depthwise->input_count; i++) {
        const mica_operand *const constant = depthwise->inputs[i];
        if (!constant) continue;
        between[i].rank = constant->rank;
        memcpy(between[i].dims, constant->dims, sizeof between[i].dims);
    }
    return op_depthwise.infer(depthwise, between, output, error);
}

/* [panel][bias, taps][width], filled up with zeros. */
static void pack_depthwise(expand_op *self) {
    const mica_operation *const depthwise = self->depthwise;
    const float *const filter = depthwise->inputs[1]->data;
    const mica_operand *const given = op_bias(depthwise);
    const float *const bias = given ? given->data : NULL;
    const size_t width = self->kernel->width, taps = self->panel_floats / width - 1;
    for (size_t c = 0; c < self->channels; c++) {
        float *const to = self->weights + c / width * self->panel_floats + c % width;
        to[0] = bias ? bias[c] : 0;
        for (size_t t = 0; t < taps; t++) to[(1 + t) * width] = filter[t * self->channels + c];
    }
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_expand_depthwise, operation, choice, arena, sizeof(expand_op), &op, error));
    expand_op *const self = (expand_op *)op;
    op->borrows = false;
    self->depthwise = ((const expand_operation *)operation)->depthwise;
    self->inputs = operation->as.window.group_input_channels;
    self->channels = operation->as.window.group_output_channels;
    dispatch_plan(operation, target, &self->plan);
    self->plan.n = self->channels;
    self->plan.k = self->inputs;
    self->plan.threads = pool_threads(weights->pool);
    if (!gemm_plan_init(&self->plan)) return op_unsupported(operation, error);
    self->kernel = dwpanel_versions[kernel_version_select(dwpanel_names, target->features, target->kernels)];
    self->panels = divide_up(self->channels, self->kernel->width);

    const size_t side = self->depthwise->as.window.kernel_height;
    self->panel_floats = (1 + side * side) * self->kernel->width;
    const size_t bytes = self->panels * self->panel_floats * sizeof(float);
    void *memory = NULL;
    TRY(arena_array(arena, self->panels, self->panel_floats * sizeof(float), &memory, error));
    self->weights = memory;
    pack_depthwise(self);
    op->packed_bytes = self->plan.rhs_bytes + bytes;

    gemm_rhs rhs = {0};
    TRY(gemm_rhs_of(operation, GEMM_PF32, op_bias(operation), self->channels, arena, &rhs, error));
    rhs.n = self->channels;
    rhs.k = rhs.n_stride = self->inputs;
    rhs.k_stride = 1;
    const gemm_constant constant = {.matrices = 1, .channels = self->channels};
    TRY(gemm_ask(&self->plan, &rhs, &constant, weights, &self->packed, error));
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    expand_op *const self = (expand_op *)op;
    const mica_operation *const depthwise = self->depthwise;
    self->images = inputs[0].dims[0];
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    self->tile_rows = gemm_even_rows(self->width, self->plan.kernel->mr);
    const size_t padded = self->width + depthwise->as.window.padding_left + depthwise->as.window.padding_right;
    const size_t filter = depthwise->as.window.kernel_height, stride = depthwise->as.window.stride_height;
    if (!size_mul(padded, self->kernel->width, &self->row)) {
        return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
    }
    const size_t fits = cpu_cache_bytes(2) / 4 / sizeof(float) / max_size(1, self->row);
    const size_t rows = fits > filter ? (fits - filter) / stride + 1 : 1;
    self->band = min_size(round_up(rows, 2), max_size(1, self->out_height));

    const double products = (double)op_count(&inputs[0]) * (double)self->channels;
    const double taps = (double)op_count(output) * (double)(filter * filter);
    self->ns = products * GEMM_F32_NS + taps * TAP_NS;
    self->threads = op_threads(self->ns, self->plan.threads);
    /* Threads share out rows, not panels: those of one thread are what it reads next. */
    const size_t images = max_size(1, self->images);
    const size_t wanted = self->threads > 1 ? max_size(divide_up(self->threads, images),
                                                       divide_up(4 * self->threads, images * self->panels))
                                            : 1;
    self->chunk = max_size(min_size(LEAST_ROWS, self->out_height), divide_up(self->out_height, wanted));
    size_t elements;
    if (!size_mul(self->row, (self->band - 1) * stride + filter, &elements) ||
        elements > SIZE_MAX / 8 / self->threads) {
        return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
    }
    self->scratch_bytes = round_up(elements * sizeof(float), MEMORY_ALIGNMENT);
    op->workspace = self->threads * self->scratch_bytes;
    return MICA_OK;
}

typedef struct job {
    const expand_op *self;
    const op_run *run;
} job;

/* One line of products, or of padding. */
static void fill_row(const expand_op *self, const op_run *run, size_t image, size_t padded_y, size_t panel,
                     float *to) {
    const size_t y = padded_y - self->depthwise->as.window.padding_top; /* wraps above the image */
    const size_t width = self->kernel->width, left = self->depthwise->as.window.padding_left * width;
    if (y >= self->height) {
        memset(to, 0, self->row * sizeof *to);
        return;
    }
    const size_t end = left + self->width * width;
    memset(to, 0, left * sizeof *to);
    memset(to + end, 0, (self->row - end) * sizeof *to);
    gemm_tile tile = self->plan.limits;
    tile.n = min_size(width, self->channels - panel * width);
    tile.k = self->inputs;
    tile.direct = true;
    tile.lhs_stride = self->inputs * sizeof(float);
    tile.rhs = self->packed + panel * self->plan.panel_bytes;
    tile.out_stride = width * sizeof(float);
    const float *const line = (const float *)run->inputs[0] + (image * self->height + y) * self->width * self->inputs;
    for (size_t x = 0; x < self->width; x += self->tile_rows) {
        tile.m = min_size(self->tile_rows, self->width - x);
        tile.lhs = line + x * self->inputs;
        tile.out = to + left + x * width;
        self->plan.kernel->run(&tile);
    }
}

static void run_chunk(void *argument, size_t index, size_t thread) {
    const job *const j = argument;
    const expand_op *const self = j->self;
    const size_t chunks = divide_up(self->out_height, self->chunk);
    const size_t panel = index % self->panels, chunk = index / self->panels % chunks,
                 image = index / self->panels / chunks;
    const size_t first = chunk * self->chunk, end = min_size(first + self->chunk, self->out_height);
    const size_t filter = self->depthwise->as.window.kernel_height, stride = self->depthwise->as.window.stride_height;
    const size_t width = self->kernel->width, shared = filter > stride ? filter - stride : 0;
    float *const rows = (float *)(void *)((char *)j->run->workspace + thread * self->scratch_bytes);
    dwpanel_call call = {.in = rows,
                         .in_row = self->row,
                         .weights = self->weights + panel * self->panel_floats,
                         .min = self->depthwise->output_min,
                         .max = self->depthwise->output_max,
                         .filter = filter,
                         .stride = stride,
                         .columns = self->out_width,
                         .channels = min_size(width, self->channels - panel * width),
                         .out_pixel = self->channels,
                         .out_row = self->out_width * self->channels};
    for (size_t y = first; y < end; y += call.rows) {
        size_t have = 0; /* rows that the band before has made */
        if (y > first) {
            have = shared;
            memmove(rows, rows + call.rows * stride * self->row, shared * self->row * sizeof *rows);
        }
        call.rows = min_size(self->band, end - y);
        for (size_t r = have; r < (call.rows - 1) * stride + filter; r++) {
            fill_row(self, j->run, image, y * stride + r, panel, rows + r * self->row);
        }
        call.out = (float *)j->run->output + (image * self->out_height + y) * call.out_row + panel * width;
        self->kernel->run(&call);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const expand_op *)op, run};
    const expand_op *const self = j.self;
    if (!self->images) return;
    pool_run_brief(run->pool, min_size(run->threads, self->threads), self->ns,
                   self->images * self->panels * divide_up(self->out_height, self->chunk), run_chunk, &j);
}

const op_class op_expand_depthwise = {
    "expansion and depthwise convolution", infer, dispatch_choose, create, reshape, run};
