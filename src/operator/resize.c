/* SPDX-License-Identifier: Apache-2.0
 *
 * StaticResizeBilinear2D on NHWC images.
 */
#include "kernel/pool/pool.h"

#include <math.h>

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"

#define ELEMENT_NS 0.25

typedef struct resize_op {
    struct op op;
    blend_function *kernel;
    size_t images, height, width, out_height, out_width, channels;
} resize_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    *output = inputs[0];
    if (output->rank != 4 || !output->dims[1] || !output->dims[2]) {
        return error_set(error, MICA_ERROR_SHAPE, "an image of rank 4 (NHWC) with pixels is needed");
    }
    output->dims[1] = operation->as.resize.height;
    output->dims[2] = operation->as.resize.width;
    return MICA_OK;
}

static const char *const *names_of(const mica_operation *operation) {
    const mica_operand_type type = operation->output->type;
    return blend_names[type == MICA_OPERAND_F32 ? POOL_F32 : type == MICA_OPERAND_F16 ? POOL_F16 : POOL_I8];
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    if (!op_moves(operation) || !elements_supported(operation->output->type)) return op_unsupported(operation, error);
    op_choose_version(target, names_of(operation), choice);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_resize, operation, choice, arena, sizeof(resize_op), &op, error));
    const mica_operand_type type = operation->output->type;
    const kernel_version version = kernel_version_select(names_of(operation), target->features, target->kernels);
    ((resize_op *)op)->kernel = pool_versions[version]->blend[type == MICA_OPERAND_F32   ? POOL_F32
                                                              : type == MICA_OPERAND_F16 ? POOL_F16
                                                                                         : POOL_I8];
    *out = op;
    return MICA_OK;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    resize_op *const self = (resize_op *)op;
    self->images = inputs[0].dims[0];
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->channels = inputs[0].dims[3];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    return MICA_OK;
}

/* The two source pixels along one axis, and the weight of the second. */
typedef struct source {
    size_t low, high;
    float weight;
} source;

static source source_of(size_t out, size_t size, size_t out_size, bool corners) {
    const float last = (float)(size - 1);
    float at;
    if (corners) {
        at = (float)out * (out_size > 1 ? last / (float)(out_size - 1) : (float)size / (float)out_size);
    } else { /* pixel centres */
        const float scale = (float)size / (float)out_size;
        at = fminf(fmaxf((float)out * scale + 0.5f * scale - 0.5f, 0), last);
    }
    const size_t low = min_size((size_t)at, size - 1);
    return (source){.low = low, .high = min_size(low + 1, size - 1), .weight = at - (float)low};
}

typedef struct job {
    const resize_op *self;
    const op_run *run;
} job;

static void run_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const resize_op *const self = j->self;
    const mica_operation *const operation = self->op.operation;
    const bool corners = operation->flags & MICA_FLAG_ALIGN_CORNERS;
    const size_t pixel = self->channels * op_element_size(operation->output->type), line = self->width * pixel;
    enum { COLUMNS = 64 }; /* whose sources are found once for all rows */
    for (size_t start = 0; start < self->out_width; start += COLUMNS) {
        const size_t columns = min_size(COLUMNS, self->out_width - start);
        source sources[COLUMNS];
        for (size_t i = 0; i < columns; i++) {
            sources[i] = source_of(start + i, self->width, self->out_width, corners);
        }
        for (size_t row = first; row < first + count; row++) {
            const source y = source_of(row % self->out_height, self->height, self->out_height, corners);
            const char *const image = (const char *)j->run->inputs[0] + row / self->out_height * self->height * line;
            const char *const top = image + y.low * line, *const bottom = image + y.high * line;
            char *const out = (char *)j->run->output + (row * self->out_width + start) * pixel;
            for (size_t i = 0; i < columns; i++) {
                const source x = sources[i];
                const blend_call call = {.top_left = top + x.low * pixel,
                                         .top_right = top + x.high * pixel,
                                         .bottom_left = bottom + x.low * pixel,
                                         .bottom_right = bottom + x.high * pixel,
                                         .right = x.weight,
                                         .bottom = y.weight,
                                         .channels = self->channels,
                                         .out = out + i * pixel};
                self->kernel(&call);
            }
        }
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const resize_op *)op, run};
    const size_t work = j.self->out_width * j.self->channels;
    op_split(run, j.self->images * j.self->out_height, (double)work * ELEMENT_NS, run_rows, &j);
}

const op_class op_resize = {"resize", infer, choose, create, reshape, run};
