/* SPDX-License-Identifier: Apache-2.0
 *
 * DepthwiseConv2d of planes: bands of some channels' rows are spread into the first cache, then convolved from
 * there.
 */
#include <string.h>

#include "kernel/planar/planar.h"
#include "operator/common.h"
#include "operator/planar.h"

#define TAP_NS 0.03           /* of one output */
#define SPREAD ((size_t)4096) /* elements spread before they are used, about: half of the first cache */

typedef struct planar_op {
    struct op op;
    const planar_kernels *kernels;
    float *weights; /* [channel][tap] */
    const float *bias;
    planar_window window;
    size_t threads;

    /* fixed by the shape */
    size_t planes, channels, out_height, out_width;
    size_t band;          /* output rows */
    size_t band_elements; /* of a spread band */
    size_t together;      /* planes */
    size_t scratch_bytes; /* per thread */
    size_t piece;         /* planes per piece of work */
    size_t run_threads;   /* for the shape */
    double ns;            /* on one thread, about */
} planar_op;

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    (void)operation, (void)error;
    op_choose_version(target, planar_depthwise_names, choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_planar_depthwise, operation, choice, arena, sizeof(planar_op), &op, error));
    planar_op *const self = (planar_op *)op;
    self->kernels = planar_versions[kernel_version_select(planar_depthwise_names, target->features, target->kernels)];
    self->threads = pool_threads(weights->pool);
    self->channels = operation->as.window.groups;
    TRY(planar_window_new(operation, arena, &self->window, error));
    const size_t taps = self->window.tap_count;
    void *memory = NULL;
    op->packed_bytes = self->channels * taps * sizeof(float);
    TRY(arena_raw(arena, op->packed_bytes, &memory, error));
    self->weights = memory;
    const float *const filter = operation->inputs[1]->data;
    for (size_t i = 0; i < self->channels * taps; i++) {
        self->weights[i] = filter[i % taps * self->channels + i / taps];
    }
    const mica_operand *const bias = op_bias(operation);
    self->bias = bias ? bias->data : NULL;
    op->borrows = self->bias != NULL;
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    planar_op *const self = (planar_op *)op;
    planar_window *const window = &self->window;
    planar_window_shape(op->operation, inputs, window);
    self->planes = output->dims[0] * self->channels;
    self->out_height = output->dims[2];
    self->out_width = output->dims[3];
    const size_t fits = SPREAD / max_size(1, window->row * window->down);
    self->band = min_size(round_up(max_size(fits, window->reach), PLANAR_ROWS), max_size(1, self->out_height));
    TRY(planar_window_elements(window, self->band, &self->band_elements, error));
    if (self->band_elements > SIZE_MAX / 8 / self->threads) {
        return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
    }
    self->together = max_size(1, SPREAD / self->band_elements);
    self->scratch_bytes = round_up(self->together * self->band_elements * sizeof(float), MEMORY_ALIGNMENT);
    const double plane_ns = (double)(self->out_height * self->out_width * window->tap_count) * TAP_NS;
    self->piece = op_items(plane_ns);
    self->ns = (double)self->planes * plane_ns;
    self->run_threads = op_threads(self->ns, self->threads);
    op->workspace = self->run_threads * self->scratch_bytes;
    return MICA_OK;
}

typedef struct job {
    const planar_op *self;
    const op_run *run;
} job;

/* Planes [first, first + count): what was just stored is not read at once. */
static void run_planes(const planar_op *self, const op_run *run, size_t first, size_t count, float *scratch) {
    const mica_operation *const operation = self->op.operation;
    const planar_window *const window = &self->window;
    const size_t in_plane = window->spread.height * window->spread.width;
    planar_spread spread = window->spread;
    planar_depthwise depthwise = {.in_row = window->row,
                                  .down = window->down,
                                  .filter_rows = operation->as.window.kernel_height,
                                  .filter_columns = operation->as.window.kernel_width,
                                  .dilation_rows = operation->as.window.dilation_height,
                                  .taps = window->taps,
                                  .min = operation->output_min,
                                  .max = operation->output_max,
                                  .columns = self->out_width};
    for (size_t y = 0; y < self->out_height; y += self->band) {
        depthwise.rows = min_size(self->band, self->out_height - y);
        spread.first = y * window->down;
        spread.rows = planar_window_rows(window, depthwise.rows);
        for (size_t i = 0; i < count; i++) {
            spread.in = (const float *)run->inputs[0] + (first + i) * in_plane;
            spread.out = scratch + i * self->band_elements;
            self->kernels->spread(&spread);
        }
        for (size_t i = 0; i < count; i++) {
            const size_t plane = first + i, channel = plane % self->channels;
            depthwise.in = scratch + i * self->band_elements;
            depthwise.weights = self->weights + channel * window->tap_count;
            depthwise.bias = self->bias ? self->bias[channel] : 0;
            depthwise.out = (float *)run->output + (plane * self->out_height + y) * self->out_width;
            self->kernels->depthwise(&depthwise);
        }
    }
}

static void run_piece(void *argument, size_t index, size_t thread) {
    const job *const j = argument;
    const planar_op *const self = j->self;
    float *const scratch = (float *)(void *)((char *)j->run->workspace + thread * self->scratch_bytes);
    const size_t first = index * self->piece, end = min_size(first + self->piece, self->planes);
    for (size_t i = first; i < end; i += self->together) {
        run_planes(self, j->run, i, min_size(self->together, end - i), scratch);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const planar_op *)op, run};
    pool_run_brief(run->pool, min_size(run->threads, j.self->run_threads), j.self->ns,
                   divide_up(j.self->planes, j.self->piece), run_piece, &j);
}

const op_class op_planar_depthwise = {"depthwise convolution of planes", planar_infer, choose, create, reshape, run};
