/* SPDX-License-Identifier: Apache-2.0
 *
 * Conv2d of planes as a matrix product: the filter's rows, read from where the model has them, by columns of pixels. A
 * group of panels of columns is packed and meets all of the filter while it is in the cache. For a pointwise filter columns
 * are pixels, those that count being taken out of the planes first where there is a stride. Else the rows that a band of
 * outputs reads are spread into the second cache, and columns taken from there.
 */
#include <string.h>

#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/planar.h"
#include "operator/window.h"

#define PIXEL_NS 0.3 /* to take it from a plane with strides */

typedef struct product_op {
    struct op op;
    const gemm_kernel *kernel;
    const planar_kernels *planes;
    gemm_tile limits; /* min, max */
    const float *bias;
    size_t inputs, outputs, depth, threads;
    size_t tile_rows; /* outputs per call */
    bool pointwise;
    planar_window window;

    /* fixed by the shape */
    size_t images, pixels, out_width;
    size_t taken_bytes;  /* workspace: the pixels that count, of all planes; 0: all do, or not pointwise */
    size_t band, bands;  /* pixels of a task, and tasks of an image */
    size_t spread_plane; /* elements of each of a band's; 0 where pointwise */
    size_t group;        /* panels */
    double ns;           /* on one thread, about */
    size_t run_threads, scratch_bytes;
} product_op;

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_planar_product, operation, choice, arena, sizeof(product_op), &op, error));
    product_op *const self = (product_op *)op;
    self->kernel = gemm_select(GEMM_PF32, target->features, GEMM_AUTO, SIZE_MAX, NULL);
    self->planes = planar_versions[kernel_version_select(planar_columns_names, target->features, target->kernels)];
    gemm_limits(operation, &self->limits);
    const mica_operand *const bias = op_bias(operation);
    self->bias = bias ? bias->data : NULL;
    self->inputs = operation->as.window.group_input_channels;
    self->outputs = operation->as.window.group_output_channels;
    self->depth = window_depth(operation);
    self->tile_rows = gemm_even_rows(self->outputs, self->kernel->mr);
    self->threads = pool_threads(weights->pool);
    self->pointwise = window_is_pixel(operation);
    TRY(planar_window_new(operation, arena, &self->window, error));
    *out = op;
    return MICA_OK;
}

/* The most rows of outputs that leave least of the last vector of columns idle. */
static size_t even_rows(const product_op *self, size_t height, size_t most) {
    size_t best = 1, least = SIZE_MAX;
    for (size_t rows = 1; rows <= min_size(most, height); rows++) {
        const size_t columns = self->kernel->nr / 2;
        const size_t computed = height / rows * round_up(rows * self->out_width, columns) +
                                round_up(height % rows * self->out_width, columns);
        if (computed <= least) least = computed, best = rows;
    }
    return best;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    product_op *const self = (product_op *)op;
    const size_t height = output->dims[2];
    self->images = output->dims[0];
    self->out_width = output->dims[3];
    self->pixels = height * self->out_width;
    self->ns = (double)op_count(output) * (double)self->depth * GEMM_F32_NS;
    self->run_threads = op_threads(self->ns, self->threads);
    const size_t parts = self->run_threads > 1 ? 4 * self->run_threads : 1;
    const size_t nr = self->kernel->nr, panel_bytes = self->kernel->rhs->panel_size(self->depth, 0);
    const size_t quarter = cpu_cache_bytes(2) / 4;
    self->group = max_size(1, quarter / panel_bytes);
    self->taken_bytes = 0;
    planar_window *const window = &self->window;
    planar_window_shape(op->operation, inputs, window);
    if (self->pointwise) {
        if (window->down > 1 || window->spread.stride > 1) {
            self->taken_bytes =
                round_up(self->images * self->inputs * self->pixels * sizeof(float), MEMORY_ALIGNMENT);
        }
        self->band = nr * max_size(1, min_size(self->group, divide_up(divide_up(self->pixels, nr), parts)));
        self->spread_plane = 0;
    } else {
        const size_t row_bytes = max_size(1, self->inputs * window->row * window->down * sizeof(float));
        const size_t most = min_size(quarter / row_bytes, divide_up(height, parts));
        const size_t rows = even_rows(self, height, most);
        self->band = rows * self->out_width;
        TRY(planar_window_elements(window, rows, &self->spread_plane, error));
    }
    self->group = min_size(self->group, divide_up(self->band, nr));
    self->bands = divide_up(self->pixels, max_size(1, self->band));
    size_t bytes;
    if (!size_mul(self->inputs * sizeof(float), self->spread_plane, &bytes) ||
        !size_add(bytes, self->group * panel_bytes + PLANAR_PAST * sizeof(float) + MEMORY_ALIGNMENT, &bytes) ||
        bytes > SIZE_MAX / 8 / self->run_threads) {
        return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
    }
    self->scratch_bytes = round_up(bytes, MEMORY_ALIGNMENT);
    op->workspace = self->taken_bytes + self->run_threads * self->scratch_bytes;
    return MICA_OK;
}

typedef struct job {
    const product_op *self;
    const op_run *run;
    const float *planes; /* the image, or its pixels that count */
} job;

static void take_pixels(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const product_op *const self = j->self;
    const planar_spread *const in = &self->window.spread;
    for (size_t plane = first; plane < first + count; plane++) {
        float *to = (float *)j->run->workspace + plane * self->pixels;
        for (size_t y = 0; y * self->out_width < self->pixels; y++, to += self->out_width) {
            const float *const row =
                (const float *)j->run->inputs[0] + (plane * in->height + y * self->window.down) * in->width;
            for (size_t x = 0; x < self->out_width; x++) to[x] = row[x * in->stride];
        }
    }
}

/* All planes of the rows that outputs from row `first` on read. */
static void spread_band(const product_op *self, const float *image, size_t first, size_t rows, float *out) {
    planar_spread spread = self->window.spread;
    const size_t plane = spread.height * spread.width;
    spread.first = first * self->window.down;
    spread.rows = planar_window_rows(&self->window, rows);
    for (size_t i = 0; i < self->inputs; i++) {
        spread.in = image + i * plane;
        spread.out = out + i * self->spread_plane;
        self->planes->spread(&spread);
    }
}

/* Panels of a band's columns [first, first + count). Their biases, which come before a panel's rows, are the tile's. */
static void pack_panels(const product_op *self, const float *spread, size_t first, size_t count, float *to) {
    const size_t nr = self->kernel->nr;
    planar_columns columns = {.in = spread,
                              .planes = self->inputs,
                              .in_plane = self->spread_plane,
                              .down = self->window.down * self->window.row,
                              .width = self->out_width,
                              .taps = self->window.taps,
                              .tap_count = self->window.tap_count,
                              .out_row = nr};
    for (size_t i = 0; i < count; i += nr, to += (1 + self->depth) * nr) {
        columns.first = first + i;
        columns.count = min_size(nr, count - i);
        memset(to, 0, nr * sizeof *to);
        columns.out = to + nr;
        self->planes->columns(&columns);
    }
}

static void pack_pixels(const product_op *self, const float *image, size_t first, size_t count, void *packed) {
    const gemm_rhs rhs = {.type = GEMM_F32,
                          .data = image,
                          .n = self->pixels,
                          .k = self->inputs,
                          .n_stride = 1,
                          .k_stride = self->pixels};
    const size_t nr = self->kernel->nr;
    self->kernel->rhs->pack(&rhs, first / nr, divide_up(count, nr), packed);
}

static void run_band(void *argument, size_t index, size_t thread) {
    const job *const j = argument;
    const product_op *const self = j->self;
    const size_t image = index / self->bands, first = index % self->bands * self->band;
    const size_t count = min_size(self->band, self->pixels - first), step = self->group * self->kernel->nr;
    char *const scratch = (char *)j->run->workspace + self->taken_bytes + thread * self->scratch_bytes;
    float *const packed = (float *)(void *)scratch;
    float *const spread = (float *)(void *)(scratch + self->scratch_bytes) - self->inputs * self->spread_plane;
    const size_t plane = self->pointwise ? self->pixels : self->window.spread.height * self->window.spread.width;
    const float *const in = j->planes + image * self->inputs * plane;
    if (!self->pointwise) spread_band(self, in, first / self->out_width, count / self->out_width, spread);
    gemm_tile tile = self->limits;
    tile.k = self->depth;
    tile.direct = true;
    tile.lhs_stride = self->depth * sizeof(float);
    tile.rhs = packed;
    tile.out_stride = self->pixels * sizeof(float);
    for (size_t at = 0; at < count; at += step) {
        tile.n = min_size(step, count - at);
        if (self->pointwise) {
            pack_pixels(self, in, first + at, tile.n, packed);
        } else {
            pack_panels(self, spread, at, tile.n, packed);
        }
        for (size_t row = 0; row < self->outputs; row += self->tile_rows) {
            tile.m = min_size(self->tile_rows, self->outputs - row);
            tile.lhs = (const float *)self->op.operation->inputs[1]->data + row * self->depth;
            tile.row_bias = self->bias ? self->bias + row : NULL;
            tile.out = (float *)j->run->output + (image * self->outputs + row) * self->pixels + first + at;
            self->kernel->run(&tile);
        }
    }
}

static void run(struct op *op, const op_run *run) {
    const product_op *const self = (const product_op *)op;
    job j = {self, run, self->taken_bytes ? run->workspace : run->inputs[0]};
    if (self->taken_bytes) {
        op_split(run, self->images * self->inputs, (double)self->pixels * PIXEL_NS, take_pixels, &j);
    }
    pool_run_brief(run->pool, min_size(run->threads, self->run_threads), self->ns, self->images * self->bands,
                   run_band, &j);
}

const op_class op_planar_product = {"convolution of planes", planar_infer, dispatch_choose, create, reshape, run};
