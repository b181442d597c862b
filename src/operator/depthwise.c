/* SPDX-License-Identifier: Apache-2.0
 *
 * DepthwiseConv2d. Each row of output pixels is one run where the filter lies inside of the image's width, and single
 * pixels at its borders; taps outside of the image point at a piece of zeros.
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

#define PIECE ((size_t)1 << 17) /* multiply-adds: 5 µs and more */

typedef struct depthwise_op {
    struct op op;
    const dwconv_kernel *kernel;
    dwconv_call call; /* what is the same for all runs */
    size_t element;   /* bytes, of input and output */
    size_t multiplier;
    uint8_t *packed, *zeros;
    size_t images, height, width, out_height, out_width;
    size_t run_first, run_end; /* output columns whose taps are all inside of the image's width */
    size_t piece;              /* output rows per piece of work */
    size_t repeated_bytes;     /* workspace: the image with its channels repeated */
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

static const mica_operand *bias_of(const mica_operation *operation) {
    return operation->input_count > 2 ? operation->inputs[2] : NULL;
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    const mica_operand *const in = operation->inputs[0], *const filter = operation->inputs[1];
    const mica_operand *const out = operation->output, *const bias = bias_of(operation);
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
    const mica_operand *const bias = bias_of(operation);
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
                          struct pool *pool, struct arena *arena, struct op **out, mica_error *error) {
    (void)pool;
    struct op *op = NULL;
    TRY(op_new(&op_depthwise, operation, choice, arena, sizeof(depthwise_op), &op, error));
    depthwise_op *const self = (depthwise_op *)op;
    op->borrows = false;
    op->releases_constants = true;
    const dwconv_type type = type_of(operation);
    self->kernel = dwconv_kernels[type][kernel_version_select(dwconv_names[type], target->features, target->kernels)];
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
                               .out_step = weights.channels * self->element,
                               .min = operation->output_min,
                               .max = operation->output_max,
                               .zero_point = operation->output->zero_point};
    if (type == DWCONV_I8) {
        elements_clamp(operation->output, operation->output_min, operation->output_max, &self->call.qmin,
                       &self->call.qmax);
    }
    *out = op;
    return MICA_OK;
}

static size_t taps_bytes(const depthwise_op *self) {
    return round_up(self->call.tap_count * sizeof(dwconv_tap), MEMORY_ALIGNMENT);
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    depthwise_op *const self = (depthwise_op *)op;
    const mica_operation *const operation = op->operation;
    const size_t stride = operation->as.window.stride_width, padding = operation->as.window.padding_left;
    const size_t reach = (operation->as.window.kernel_width - (size_t)1) * operation->as.window.dilation_width;
    self->images = inputs[0].dims[0];
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    self->run_first = min_size(divide_up(padding, stride), self->out_width);
    const size_t end = self->width + padding > reach ? (self->width + padding - reach - 1) / stride + 1 : 0;
    self->run_end = max_size(self->run_first, min_size(end, self->out_width));

    const size_t row_work = max_size(1, self->out_width * self->call.channels * self->call.tap_count);
    self->piece = divide_up(PIECE, row_work);
    const size_t image = self->images * self->height * self->width * self->call.out_step;
    self->repeated_bytes = self->multiplier > 1 ? round_up(image, MEMORY_ALIGNMENT) : 0;
    op->workspace = self->repeated_bytes + divide_up(self->images * self->out_height, self->piece) * taps_bytes(self);
    return MICA_OK;
}

typedef struct job {
    const depthwise_op *self;
    const op_run *run;
    const char *image; /* all of the input, with as many channels as the output */
} job;

/* Taps of the pixel (y, x) of an image. */
static void find_taps(const depthwise_op *self, const char *image, size_t y, size_t x, dwconv_tap *taps) {
    const mica_operation *const operation = self->op.operation;
    const size_t pixel = self->call.out_step, step = operation->as.window.stride_width * pixel;
    for (size_t i = 0; i < operation->as.window.kernel_height; i++) {
        /* wraps below zero, and is then not less than the height */
        const size_t in_y = y * operation->as.window.stride_height + i * operation->as.window.dilation_height -
                            operation->as.window.padding_top;
        for (size_t k = 0; k < operation->as.window.kernel_width; k++) {
            const size_t in_x = x * operation->as.window.stride_width + k * operation->as.window.dilation_width -
                                operation->as.window.padding_left;
            const bool inside = in_y < self->height && in_x < self->width;
            *taps++ = inside ? (dwconv_tap){image + (in_y * self->width + in_x) * pixel, step}
                             : (dwconv_tap){self->zeros, 0};
        }
    }
}

static void run_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const depthwise_op *const self = j->self;
    char *const room = (char *)j->run->workspace + self->repeated_bytes + first / self->piece * taps_bytes(self);
    dwconv_tap *const taps = (dwconv_tap *)(void *)room;
    dwconv_call call = self->call;
    call.taps = taps;
    for (size_t row = first; row < first + count; row++) {
        const size_t y = row % self->out_height;
        const char *const image = j->image + row / self->out_height * self->height * self->width * call.out_step;
        for (size_t x = 0; x < self->out_width; x += call.pixels) {
            call.pixels = x == self->run_first && self->run_end > x ? self->run_end - x : 1;
            call.out = (char *)j->run->output + (row * self->out_width + x) * call.out_step;
            find_taps(self, image, y, x, taps);
            self->kernel->run(&call);
        }
    }
}

/* Every channel as many times as the multiplier says. */
static void repeat_pixels(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const depthwise_op *const self = j->self;
    const size_t channels = self->call.channels / self->multiplier, element = self->element;
    const char *in = (const char *)j->run->inputs[0] + first * channels * element;
    char *out = (char *)j->run->workspace + first * self->call.out_step;
    for (size_t i = 0; i < count * channels; i++, in += element) {
        for (size_t m = 0; m < self->multiplier; m++, out += element) memcpy(out, in, element);
    }
}

static void run(struct op *op, const op_run *run) {
    const depthwise_op *const self = (const depthwise_op *)op;
    job j = {self, run, run->inputs[0]};
    if (self->multiplier > 1) {
        j.image = run->workspace;
        op_split(run, self->images * self->height * self->width, divide_up(PIECE / 16, self->call.channels),
                 repeat_pixels, &j);
    }
    op_split(run, self->images * self->out_height, self->piece, run_rows, &j);
}

const op_class op_depthwise = {"depthwise convolution", infer, choose, create, reshape, run};
