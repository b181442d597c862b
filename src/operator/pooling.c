/* SPDX-License-Identifier: Apache-2.0
 *
 * Average, maximum and argmax pooling, and the global average: a window for each output pixel, clipped to the image,
 * so that padding neither wins nor counts.
 */
#include "kernel/pool/pool.h"

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"
#include "operator/window.h"

#define ELEMENT_NS 0.04                   /* read */
#define MAX_INT8_PIXELS ((size_t)1 << 23) /* their sum fits 32 bits */
#define GLOBAL_BLOCK ((size_t)256)        /* channels of a global average taken together */

typedef struct pooling_op {
    struct op op;
    pool_function *kernel;
    pool_call call; /* what is the same for all pixels */
    size_t element; /* bytes */
    size_t images, height, width, channels, out_height, out_width;
} pooling_op;

static bool is_global(const mica_operation *operation) { return operation->kind == MICA_GLOBAL_AVG_POOLING_2D; }

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const size_t rank = inputs[0].rank;
    *output = inputs[0];
    if (is_global(operation)) { /* over the two dims before the channels */
        if (rank < 3) return error_set(error, MICA_ERROR_SHAPE, "the image has rank %zu, 3 or more is needed", rank);
        output->dims[rank - 3] = output->dims[rank - 2] = 1;
        return MICA_OK;
    }
    if (rank != 4) return error_set(error, MICA_ERROR_SHAPE, "the image has rank %zu, 4 (NHWC) is needed", rank);
    return window_output(operation, &inputs[0], output, error);
}

static pool_type type_of(const mica_operand *operand) {
    return operand->type == MICA_OPERAND_F32 ? POOL_F32 : operand->type == MICA_OPERAND_F16 ? POOL_F16 : POOL_I8;
}

static const char *const *names_of(const mica_operation *operation) {
    const pool_type type = type_of(operation->output);
    switch (operation->kind) {
    case MICA_MAX_POOLING_2D: return maximum_names[type];
    case MICA_ARG_MAX_POOLING_2D: return largest_names[type];
    default: return average_names[type];
    }
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    const mica_operand *const in = operation->inputs[0], *const out = operation->output;
    const bool average = is_global(operation) || operation->kind == MICA_AVG_POOLING_2D;
    const bool fits = in->type == out->type && elements_supported(in->type) && (average || op_moves(operation));
    const bool argmax_of_integers = operation->kind == MICA_ARG_MAX_POOLING_2D && in->type == MICA_OPERAND_QINT8;
    if (!fits || argmax_of_integers) return op_unsupported(operation, error);
    op_choose_version(target, names_of(operation), choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_pooling, operation, choice, arena, sizeof(pooling_op), &op, error));
    pooling_op *const self = (pooling_op *)op;
    const kernel_version version = kernel_version_select(names_of(operation), target->features, target->kernels);
    const pool_kernels *const kernels = pool_versions[version];
    const pool_type type = type_of(operation->output);
    self->kernel = operation->kind == MICA_MAX_POOLING_2D       ? kernels->maximum[type]
                   : operation->kind == MICA_ARG_MAX_POOLING_2D ? kernels->largest[type]
                                                                : kernels->average[type];
    self->element = op_element_size(operation->output->type);
    self->call = (pool_call){
        .min = operation->output_min, .max = operation->output_max, .zero_point = operation->output->zero_point};
    if (type == POOL_I8) {
        elements_clamp(operation->output, operation->output_min, operation->output_max, &self->call.qmin,
                       &self->call.qmax);
    }
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    pooling_op *const self = (pooling_op *)op;
    const size_t rank = inputs[0].rank, *const dims = inputs[0].dims;
    self->channels = dims[rank - 1];
    self->width = dims[rank - 2];
    self->height = dims[rank - 3];
    self->out_height = output->dims[rank - 3];
    self->out_width = output->dims[rank - 2];
    const size_t rows = is_global(op->operation) ? self->height : op->operation->as.window.kernel_height;
    const size_t columns = is_global(op->operation) ? self->width : op->operation->as.window.kernel_width;
    if (op->operation->output->type == MICA_OPERAND_QINT8 && rows > MAX_INT8_PIXELS / max_size(1, columns)) {
        return error_set(error, MICA_ERROR_LIMIT, "a window of %zux%zu int8 pixels is too large", rows, columns);
    }
    self->images = 1;
    for (size_t i = 0; i + 3 < rank; i++) self->images *= dims[i];
    return MICA_OK;
}

/* The filter's taps that fall into the image along one axis, and where the first one falls. */
typedef struct clip {
    size_t first, count, at;
} clip;

static clip clipped(size_t out, size_t stride, size_t padding, size_t dilation, size_t taps, size_t size) {
    const size_t start = out * stride; /* in the padded image */
    const size_t first = start < padding ? divide_up(padding - start, dilation) : 0;
    const size_t end = size + padding > start ? divide_up(size + padding - start, dilation) : 0;
    const size_t last = min_size(end, taps);
    if (first >= last) return (clip){0};
    return (clip){.first = first, .count = last - first, .at = start + first * dilation - padding};
}

typedef struct job {
    const pooling_op *self;
    const op_run *run;
} job;

static void set_average(pool_call *call, const mica_operation *operation) {
    const size_t pixels = call->rows * call->columns;
    call->scale = 1 / (float)pixels;
    if (operation->output->type != MICA_OPERAND_QINT8) return;
    const mica_operand *const in = operation->inputs[0];
    call->scale = in->scale / (operation->output->scale * (float)pixels);
    call->offset = (int32_t)pixels * in->zero_point;
}

static void run_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const pooling_op *const self = j->self;
    const mica_operation *const operation = self->op.operation;
    const size_t pixel = self->channels * self->element, kernel_width = operation->as.window.kernel_width;
    const size_t dilation_height = operation->as.window.dilation_height;
    const size_t dilation_width = operation->as.window.dilation_width;
    pool_call call = self->call;
    call.channels = self->channels;
    call.index_step = kernel_width;
    call.row_stride = dilation_height * self->width * pixel;
    call.column_stride = dilation_width * pixel;
    for (size_t row = first; row < first + count; row++) {
        const size_t image = row / self->out_height, y = row % self->out_height;
        const clip rows = clipped(y, operation->as.window.stride_height, operation->as.window.padding_top,
                                  dilation_height, operation->as.window.kernel_height, self->height);
        for (size_t x = 0; x < self->out_width; x++) {
            const clip columns = clipped(x, operation->as.window.stride_width, operation->as.window.padding_left,
                                         dilation_width, kernel_width, self->width);
            const size_t out = row * self->out_width + x;
            call.rows = rows.count;
            call.columns = columns.count;
            call.in = (const char *)j->run->inputs[0] +
                      ((image * self->height + rows.at) * self->width + columns.at) * pixel;
            call.out = (char *)j->run->output + out * pixel;
            call.first_index = rows.first * kernel_width + columns.first;
            call.indices = j->run->second_output ? (int32_t *)j->run->second_output + out * self->channels : NULL;
            set_average(&call, operation);
            self->kernel(&call);
        }
    }
}

static void run_blocks(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const pooling_op *const self = j->self;
    const size_t blocks = divide_up(self->channels, GLOBAL_BLOCK), pixel = self->channels * self->element;
    pool_call call = self->call;
    call.rows = self->height;
    call.row_stride = self->width * pixel;
    call.columns = self->width;
    call.column_stride = pixel;
    set_average(&call, self->op.operation);
    for (size_t i = first; i < first + count; i++) {
        const size_t image = i / blocks, channel = i % blocks * GLOBAL_BLOCK;
        call.channels = min_size(GLOBAL_BLOCK, self->channels - channel);
        call.in = (const char *)j->run->inputs[0] + image * self->height * call.row_stride + channel * self->element;
        call.out = (char *)j->run->output + image * pixel + channel * self->element;
        self->kernel(&call);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const pooling_op *)op, run};
    const pooling_op *const self = j.self;
    if (!self->channels) return;
    if (is_global(op->operation)) {
        const size_t work = self->height * self->width * min_size(self->channels, GLOBAL_BLOCK);
        op_split(run, self->images * divide_up(self->channels, GLOBAL_BLOCK), (double)work * ELEMENT_NS, run_blocks,
                 &j);
    } else {
        const size_t taps = (size_t)op->operation->as.window.kernel_height * op->operation->as.window.kernel_width;
        const size_t work = self->out_width * self->channels * taps;
        op_split(run, self->images * self->out_height, (double)work * ELEMENT_NS, run_rows, &j);
    }
}

const op_class op_pooling = {"pooling", infer, choose, create, reshape, run};
