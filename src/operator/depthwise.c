/* SPDX-License-Identifier: Apache-2.0
 *
 * DepthwiseConv2d. Each row of tiles is one run where the filter lies inside of the image's width, and single tiles at
 * its borders; inputs outside of the image are a piece of zeros, outputs past its end go where nobody reads. Kernels of
 * lines take a whole row of outputs.
 *
 * With a channel multiplier m the image's channels are repeated m times first: a convolution of multiplier 1 remains.
 */
#include "kernel/dwconv/dwconv.h"

#include <string.h>

#include "kernel/quantize/quantize.h"
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"
#include "operator/window.h"

#define TAP_NS 0.015      /* of one output, */
#define LINE_TAP_NS 0.007 /* and of one in lines */
#define REPEAT_NS 0.5     /* of a channel */

typedef struct depthwise_op {
    struct op op;
    const dwconv_kernel *kernel;
    dwconv_tiles tile; /* what runs: a row of the kernel's table, or single pixels */
    dwconv_call call;  /* what is the same for all runs */
    size_t element;    /* bytes, of input and output */
    size_t multiplier;
    bool small_scales; /* of int8: all below 1 */
    uint8_t *packed, *zeros;
    size_t images, height, width, out_height, out_width;
    size_t patch_rows, patch_columns; /* inputs of a tile */
    size_t tile_rows, tile_columns;   /* tiles of an image */
    size_t rows;                      /* of tiles, or lines, of all images */
    size_t run_first, run_end;        /* columns of tiles that are all inside of the image's width */
    double ns;                        /* on one thread, about */
    size_t threads, run_threads;      /* at most, and for the shape */
    size_t piece;                     /* rows of tiles per piece of work */
    size_t scratch_bytes;             /* workspace, per thread */
    size_t repeated_bytes;            /* workspace: the image with its channels repeated */
    size_t zero_line_bytes;           /* and, of lines, a row of zeros as wide as the image */
} depthwise_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    TRY(window_filter(operation, inputs, output, error));
    return window_output(operation, &inputs[0], output, error);
}

static dwconv_type type_of(const mica_operation *operation) {
    const mica_operand_type type = operation->output->type;
    return type == MICA_OPERAND_F32 ? DWCONV_F32 : type == MICA_OPERAND_F16 ? DWCONV_F16 : DWCONV_I8;
}

static bool is_float(mica_operand_type type) { return type == MICA_OPERAND_F32 || type == MICA_OPERAND_F16; }

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    const mica_operand *const in = operation->inputs[0], *const filter = operation->inputs[1];
    const mica_operand *const out = operation->output, *const bias = op_bias(operation);
    const bool integers = in->type == MICA_OPERAND_QINT8;
    const bool fits = integers ? filter->type == MICA_OPERAND_QCINT8 ||
                                     (filter->type == MICA_OPERAND_QINT8 && filter->zero_point == 0)
                               : is_float(in->type) && is_float(filter->type);
    const bool constant = filter->data && (!bias || bias->data);
    if (in->type != out->type || !fits || !constant || (bias && integers == is_float(bias->type))) {
        return op_unsupported(operation, error);
    }
    op_choose_version(target, dwconv_names[type_of(operation)], choice);
    return MICA_OK;
}

/* A constant operand's elements as floats; converted ones live in the arena. NULL stays NULL. */
static mica_status floats_of(const mica_operand *operand, struct arena *arena, const float **out, mica_error *error) {
    *out = operand ? operand->data : NULL;
    if (!operand || operand->type != MICA_OPERAND_F16) return MICA_OK;
    size_t count = 1;
    for (size_t i = 0; i < operand->rank; i++) count *= operand->dims[i];
    void *memory = NULL;
    TRY(arena_array(arena, count, sizeof(float), &memory, error));
    quantize_c.f16_to_f32(count, operand->data, memory);
    *out = memory;
    return MICA_OK;
}

static mica_status weights_of(const mica_operation *operation, struct arena *arena, dwconv_weights *weights,
                              mica_error *error) {
    const mica_operand *const in = operation->inputs[0], *const filter = operation->inputs[1];
    const mica_operand *const bias = op_bias(operation);
    if (type_of(operation) != DWCONV_I8) {
        TRY(floats_of(filter, arena, &weights->filter, error));
        return floats_of(bias, arena, &weights->bias, error);
    }
    void *memory = NULL;
    TRY(arena_array(arena, weights->channels, sizeof(float), &memory, error));
    float *const scale = memory;
    for (size_t c = 0; c < weights->channels; c++) {
        scale[c] = in->scale * (filter->scales ? filter->scales[c] : filter->scale) / operation->output->scale;
    }
    weights->scale = scale;
    weights->filter_i8 = filter->data;
    weights->bias_i32 = bias ? bias->data : NULL;
    weights->zero_point = in->zero_point;
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *packed_weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_depthwise, operation, choice, arena, sizeof(depthwise_op), &op, error));
    depthwise_op *const self = (depthwise_op *)op;
    op->borrows = false;
    const dwconv_type type = type_of(operation);
    self->kernel = dwconv_kernels[type][kernel_version_select(dwconv_names[type], target->features, target->kernels)];
    self->threads = pool_threads(packed_weights->pool);
    self->element = op_element_size(operation->output->type);
    self->multiplier = operation->as.window.group_output_channels;

    dwconv_weights weights = {.channels = operation->as.window.groups * self->multiplier,
                              .tap_count =
                                  (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width};
    TRY(weights_of(operation, arena, &weights, error));
    void *memory = NULL;
    op->packed_bytes = self->kernel->packed_size(weights.channels, weights.tap_count);
    TRY(arena_raw(arena, op->packed_bytes, &memory, error));
    self->packed = memory;
    self->kernel->pack(&weights, self->packed);
    TRY(arena_raw(arena, weights.channels * self->element, &memory, error));
    self->zeros = memory;
    memset(self->zeros, type == DWCONV_I8 ? (uint8_t)operation->inputs[0]->zero_point : 0,
           weights.channels * self->element);

    self->call = (dwconv_call){.channels = weights.channels,
                               .tap_count = weights.tap_count,
                               .packed = self->packed,
                               .min = operation->output_min,
                               .max = operation->output_max,
                               .zero_point = operation->output->zero_point};
    self->small_scales = true;
    for (size_t c = 0; c < weights.channels && type == DWCONV_I8; c++) self->small_scales &= weights.scale[c] < 1;
    if (type == DWCONV_I8) {
        elements_clamp(operation->output, operation->output_min, operation->output_max, &self->call.qmin,
                       &self->call.qmax);
    }
    *out = op;
    return MICA_OK;
}

static size_t pixel_bytes(const depthwise_op *self) { return self->call.channels * self->element; }

/* The kernel's tiles that fit the filter and waste least on the output, else single pixels. */
static dwconv_tiles choose_tile(const depthwise_op *self) {
    const mica_operation *const operation = self->op.operation;
    const size_t filter = operation->as.window.kernel_height, stride = operation->as.window.stride_height;
    dwconv_tiles best = {.rows = 1, .columns = 1, .run = self->kernel->run};
    if (filter != operation->as.window.kernel_width || stride != operation->as.window.stride_width ||
        operation->as.window.dilation_height != 1 || operation->as.window.dilation_width != 1 ||
        !self->small_scales) {
        return best;
    }
    size_t least = SIZE_MAX;
    for (const dwconv_tiles *t = self->kernel->tiles; t && t->filter; t++) {
        if (t->filter != filter || t->stride != stride || self->call.channels < t->least) continue;
        const size_t columns = t->columns ? t->columns : max_size(1, self->out_width);
        const size_t computed = round_up(self->out_height, t->rows) * round_up(self->out_width, columns);
        if (computed < least) best = *t;
        least = min_size(least, computed);
    }
    return best;
}

/* ---- tiles ---- */

/* A piece's arrays: where inputs and outputs are and how they move, and room for outputs that nobody reads. */
typedef struct places {
    const char **in;
    size_t *in_step;
    char **out;
    size_t *out_step;
    char *unread;
} places;

static size_t place_bytes(const depthwise_op *self, char *base, places *out) {
    const size_t inputs = self->patch_rows * self->patch_columns, outputs = self->tile.rows * self->tile.columns;
    const size_t in_bytes = inputs * sizeof(void *), out_bytes = outputs * sizeof(void *);
    if (out) {
        out->in = (const char **)(void *)base;
        out->in_step = (size_t *)(void *)(base + in_bytes);
        out->out = (char **)(void *)(base + 2 * in_bytes);
        out->out_step = (size_t *)(void *)(base + 2 * in_bytes + out_bytes);
        out->unread = base + 2 * in_bytes + 2 * out_bytes;
    }
    return round_up(2 * in_bytes + 2 * out_bytes + pixel_bytes(self), MEMORY_ALIGNMENT);
}

static void lay_out_tiles(depthwise_op *self) {
    const mica_operation *const operation = self->op.operation;
    self->patch_rows =
        dwconv_patch(self->tile.rows, operation->as.window.stride_height, operation->as.window.kernel_height);
    self->patch_columns = dwconv_patch(self->tile.columns, operation->as.window.stride_width,
                                       (size_t)operation->as.window.kernel_width);
    self->tile_rows = divide_up(self->out_height, self->tile.rows);
    self->tile_columns = divide_up(self->out_width, self->tile.columns);

    const size_t padding = operation->as.window.padding_left;
    const size_t step = self->tile.columns * operation->as.window.stride_width;
    const size_t reach = (self->patch_columns - 1) * operation->as.window.dilation_width;
    const size_t inside = self->width + padding > reach ? (self->width + padding - reach - 1) / step + 1 : 0;
    self->run_first = min_size(divide_up(padding, step), self->tile_columns);
    self->run_end = max_size(self->run_first, min_size(inside, self->out_width / self->tile.columns));

    const size_t lanes = round_up(self->call.channels, MEMORY_ALIGNMENT / self->element);
    const size_t row_taps = self->tile.rows * self->out_width * lanes * self->call.tap_count;
    const double row_ns = (double)row_taps * TAP_NS;
    self->rows = self->images * self->tile_rows;
    self->piece = op_items(row_ns);
    self->ns = (double)self->rows * row_ns;
    self->scratch_bytes = place_bytes(self, NULL, NULL);
    self->zero_line_bytes = 0;
}

typedef struct job {
    const depthwise_op *self;
    const op_run *run;
    const char *image; /* all of the input, with as many channels as the output */
} job;

/* Inputs of the tile whose first output is (y, x). */
static void place_inputs(const depthwise_op *self, const char *image, size_t y, size_t x, const places *to) {
    const mica_operation *const operation = self->op.operation;
    const size_t pixel = pixel_bytes(self), step = self->tile.columns * operation->as.window.stride_width * pixel;
    const size_t down = operation->as.window.dilation_height, right = operation->as.window.dilation_width;
    /* wrap below zero, and are then not less than height and width */
    const size_t first_y = y * operation->as.window.stride_height - operation->as.window.padding_top;
    const size_t first_x = x * operation->as.window.stride_width - operation->as.window.padding_left;
    const char **in = to->in;
    size_t *in_step = to->in_step;
    for (size_t i = 0, in_y = first_y; i < self->patch_rows; i++, in_y += down) {
        const char *const line = image + in_y * self->width * pixel;
        for (size_t k = 0, in_x = first_x; k < self->patch_columns; k++, in_x += right) {
            const bool inside = in_y < self->height && in_x < self->width;
            *in++ = inside ? line + in_x * pixel : (const char *)self->zeros;
            *in_step++ = inside ? step : 0;
        }
    }
}

static void place_outputs(const depthwise_op *self, char *image, size_t y, size_t x, const places *to) {
    const size_t pixel = pixel_bytes(self);
    size_t at = 0;
    for (size_t i = y; i < y + self->tile.rows; i++) {
        for (size_t k = x; k < x + self->tile.columns; k++, at++) {
            const bool inside = i < self->out_height && k < self->out_width;
            to->out[at] = inside ? image + (i * self->out_width + k) * pixel : to->unread;
            to->out_step[at] = inside ? self->tile.columns * pixel : 0;
        }
    }
}

static void run_rows(void *argument, size_t index, size_t thread) {
    const job *const j = argument;
    const depthwise_op *const self = j->self;
    const size_t pixel = pixel_bytes(self), first = index * self->piece;
    places to;
    place_bytes(self, (char *)j->run->workspace + self->repeated_bytes + thread * self->scratch_bytes, &to);
    dwconv_call call = self->call;
    call.in = to.in;
    call.in_step = to.in_step;
    call.out = to.out;
    call.out_step = to.out_step;
    for (size_t row = first; row < min_size(first + self->piece, self->rows); row++) {
        const size_t image = row / self->tile_rows, y = row % self->tile_rows * self->tile.rows;
        const char *const in = j->image + image * self->height * self->width * pixel;
        char *const out = (char *)j->run->output + image * self->out_height * self->out_width * pixel;
        for (size_t t = 0; t < self->tile_columns; t += call.tiles) {
            call.tiles = t == self->run_first && self->run_end > t ? self->run_end - t : 1;
            place_inputs(self, in, y, t * self->tile.columns, &to);
            place_outputs(self, out, y, t * self->tile.columns, &to);
            self->tile.run(&call);
        }
    }
}

/* ---- lines ---- */

static void lay_out_lines(depthwise_op *self) {
    const double row_ns = (double)(self->out_width * self->call.channels * self->call.tap_count) * LINE_TAP_NS;
    self->rows = self->images * self->out_height;
    self->piece = op_items(row_ns);
    self->ns = (double)self->rows * row_ns;
    self->scratch_bytes = 0;
    self->zero_line_bytes = round_up(self->width * pixel_bytes(self), MEMORY_ALIGNMENT);
}

static void run_lines(void *argument, size_t index, size_t thread) {
    (void)thread;
    const job *const j = argument;
    const depthwise_op *const self = j->self;
    const size_t pixel = pixel_bytes(self), line = self->width * pixel;
    const size_t first = index * self->piece, last = min_size(first + self->piece, self->rows);
    const char *in[DWCONV_LINE_ROWS];
    char *out;
    dwconv_call call = self->call;
    call.tiles = self->out_width;
    call.in = in;
    call.out = &out;
    call.in_step = call.out_step = &pixel;
    call.before = self->op.operation->as.window.padding_left;
    call.inside = self->width;
    call.zeros = (const char *)j->run->workspace + self->repeated_bytes;
    for (size_t row = first; row < last; row++) {
        const char *const image = j->image + row / self->out_height * self->height * line;
        /* wraps above the image */
        size_t y = row % self->out_height * self->tile.stride - self->op.operation->as.window.padding_top;
        for (size_t i = 0; i < DWCONV_LINE_ROWS; i++, y++) {
            in[i] = y < self->height ? image + y * line : call.zeros;
        }
        out = (char *)j->run->output + row * self->out_width * pixel;
        self->tile.run(&call);
    }
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    depthwise_op *const self = (depthwise_op *)op;
    self->images = inputs[0].dims[0];
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    self->tile = choose_tile(self);
    const size_t image = self->images * self->height * self->width * pixel_bytes(self);
    self->repeated_bytes = self->multiplier > 1 ? round_up(image, MEMORY_ALIGNMENT) : 0;
    if (self->tile.columns == 0) {
        lay_out_lines(self);
    } else {
        lay_out_tiles(self);
    }
    self->run_threads = op_threads(self->ns, self->threads);
    op->workspace = self->repeated_bytes + self->zero_line_bytes + self->run_threads * self->scratch_bytes;
    return MICA_OK;
}

#define REPEAT(name, element)                                                                                        \
    static void name(const void *in, size_t count, size_t times, void *out) {                                        \
        const element *const from = in;                                                                              \
        element *to = out;                                                                                           \
        for (size_t i = 0; i < count; i++) {                                                                         \
            for (size_t m = 0; m < times; m++) *to++ = from[i];                                                      \
        }                                                                                                            \
    }
REPEAT(repeat_x8, uint8_t)
REPEAT(repeat_x16, uint16_t)
REPEAT(repeat_x32, uint32_t)

/* Every channel as many times as the multiplier says. */
static void repeat_pixels(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const depthwise_op *const self = j->self;
    const size_t channels = self->call.channels / self->multiplier, element = self->element;
    const char *const in = (const char *)j->run->inputs[0] + first * channels * element;
    char *const out = (char *)j->run->workspace + first * pixel_bytes(self);
    (element == 1 ? repeat_x8 : element == 2 ? repeat_x16 : repeat_x32)(in, count * channels, self->multiplier, out);
}

static void run(struct op *op, const op_run *run) {
    const depthwise_op *const self = (const depthwise_op *)op;
    job j = {self, run, run->inputs[0]};
    if (self->multiplier > 1) {
        j.image = run->workspace;
        op_split(run, self->images * self->height * self->width, (double)self->call.channels * REPEAT_NS,
                 repeat_pixels, &j);
    }
    memset((char *)run->workspace + self->repeated_bytes, self->zeros[0], self->zero_line_bytes);
    pool_run_brief(run->pool, min_size(run->threads, self->run_threads), self->ns, divide_up(self->rows, self->piece),
                   self->tile.columns ? run_rows : run_lines, &j);
}

const op_class op_depthwise = {"depthwise convolution", infer, choose, create, reshape, run};
