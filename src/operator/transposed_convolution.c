/* SPDX-License-Identifier: Apache-2.0
 *
 * ConvTranspose2d as matrix products. With stride s an output pixel meets only every s-th filter tap along an axis,
 * and which ones depends on its position modulo s: its phase. Each phase is a convolution of its own, with a share of
 * the filter, whose patches are packed straight into panels like those of Conv2d.
 */
#include <string.h>

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"
#include "operator/window.h"

#define MAX_PHASES ((size_t)1 << 16)

typedef struct transposed_op transposed_op;

/* The taps of one phase along an axis are first, first + step, …, first + (count − 1)·step. */
typedef struct phase_taps {
    size_t first, step, count;
} phase_taps;

typedef struct phase {
    const transposed_op *owner;
    gemm_plan plan;
    uint8_t *packed; /* the groups' weights one after the other */
    phase_taps rows, columns;
    size_t y, x;                  /* its first output pixel */
    size_t out_rows, out_columns; /* output pixels along each axis */
} phase;

struct transposed_op {
    struct op op;
    phase *phases; /* stride_height × stride_width */
    size_t phase_count;
    uint8_t
        *zeros; /* padding pieces, group_input_channels times the input's zero: of QDINT8 one for every zero point */
    size_t groups, group_inputs, group_outputs;
    size_t element, out_element; /* bytes */
    size_t images, height, width, out_height, out_width;
};

static mica_status extent(size_t in, uint32_t adjustment, uint32_t before, uint32_t after, uint32_t kernel,
                          uint32_t stride, uint32_t dilation, size_t *out, mica_error *error) {
    if (kernel == 0 || stride == 0 || dilation == 0 || in == 0) {
        return error_set(error, MICA_ERROR_SHAPE, "image, filter, stride and dilation must not be 0");
    }
    size_t size;
    if (!size_mul(in - 1, stride, &size) || !size_add(size, (size_t)adjustment + 1, &size) ||
        !size_add(size, ((size_t)kernel - 1) * dilation, &size) || size <= (size_t)before + after) {
        return error_set(error, MICA_ERROR_SHAPE, "nothing remains after the padding of %u and %u", before, after);
    }
    *out = size - before - after;
    return MICA_OK;
}

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    TRY(window_filter(operation, inputs, output, error));
    TRY(extent(inputs[0].dims[1], operation->as.window.adjustment_height, operation->as.window.padding_top,
               operation->as.window.padding_bottom, operation->as.window.kernel_height,
               operation->as.window.stride_height, operation->as.window.dilation_height, &output->dims[1], error));
    return extent(inputs[0].dims[2], operation->as.window.adjustment_width, operation->as.window.padding_left,
                  operation->as.window.padding_right, operation->as.window.kernel_width,
                  operation->as.window.stride_width, operation->as.window.dilation_width, &output->dims[2], error);
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    const mica_operand *const filter = operation->inputs[1];
    gemm_variant variant;
    if (!filter->data || !gemm_variant_of(operation->inputs[0], filter, operation->output, &variant) ||
        (variant != GEMM_PF32 && variant != GEMM_PF16 && variant != GEMM_PQS8_QC8W &&
         (variant != GEMM_QP8_F32_QC8W || operation->inputs[0]->type != MICA_OPERAND_QDINT8))) {
        return op_unsupported(operation, error);
    }
    const gemm_kernel_name *const kernel =
        gemm_predict(variant, target->features, gemm_level_of(target->kernels), SIZE_MAX);
    op_choose_plain(target, kernel->name, kernel->needs, choice);
    return MICA_OK;
}

/* Tap t of an axis meets output pixel `at` when it leads back to a whole input pixel. */
static phase_taps taps_of(size_t at, size_t padding, size_t kernel, size_t stride, size_t dilation) {
    phase_taps taps = {0};
    for (size_t t = 0; t < kernel; t++) {
        if ((at + padding + t * (stride - dilation % stride)) % stride) continue; /* at + padding − t · dilation */
        if (taps.count == 0) taps.first = t;
        if (taps.count == 1) taps.step = t - taps.first;
        taps.count++;
    }
    return taps;
}

/* The phase's share of one group's filter, [outputs][rows][columns][inputs], into `out`. */
static void gather_filter(const phase *p, const uint8_t *filter, size_t piece, uint8_t *out) {
    const mica_operation *const operation = p->owner->op.operation;
    const size_t height = operation->as.window.kernel_height, width = operation->as.window.kernel_width;
    for (size_t o = 0; o < p->owner->group_outputs; o++) {
        for (size_t i = 0; i < p->rows.count; i++) {
            for (size_t j = 0; j < p->columns.count; j++, out += piece) {
                const size_t row = p->rows.first + i * p->rows.step, column = p->columns.first + j * p->columns.step;
                memcpy(out, filter + ((o * height + row) * width + column) * piece, piece);
            }
        }
    }
}

static mica_status create_phase(phase *p, const op_target *target, const gemm_rhs *rhs, uint8_t *share,
                                struct pool *pool, mica_error *error) {
    const transposed_op *const self = p->owner;
    const mica_operation *const operation = self->op.operation;
    const mica_operand *const filter = operation->inputs[1];
    gemm_plan *const plan = &p->plan;
    dispatch_plan(operation, target, plan);
    plan->n = self->group_outputs;
    plan->tap_count = p->rows.count * p->columns.count;
    plan->k = plan->tap_count * self->group_inputs;
    plan->threads = pool_threads(pool);
    plan->out_stride = operation->as.window.stride_width * self->groups * self->group_outputs * self->out_element;
    if (!gemm_plan_init(plan)) return op_unsupported(operation, error);
    size_t size;
    void *memory = NULL;
    if (!size_mul(plan->rhs_bytes, self->groups, &size)) {
        return error_set(error, MICA_ERROR_LIMIT, "the packed filter is too large");
    }
    TRY(arena_raw(self->op.arena, size, &memory, error));
    p->packed = memory;
    const size_t piece = self->group_inputs * op_element_size(filter->type);
    const size_t taps = (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width;
    for (size_t group = 0; group < self->groups; group++) {
        const size_t first = group * self->group_outputs;
        gather_filter(p, (const uint8_t *)filter->data + first * taps * piece, piece, share);
        gemm_rhs part = *rhs;
        part.data = share;
        part.n = plan->n;
        part.k = part.n_stride = plan->k;
        part.k_stride = 1;
        if (part.scale) part.scale += first;
        if (part.bias) part.bias += first;
        if (part.bias_i32) part.bias_i32 += first;
        gemm_pack(plan, &part, p->packed + group * plan->rhs_bytes, pool, plan->threads);
    }
    return MICA_OK;
}

static mica_status create_phases(transposed_op *self, const op_target *target, struct pool *pool, mica_error *error) {
    const mica_operation *const operation = self->op.operation;
    const mica_operand *const filter = operation->inputs[1];
    const mica_operand *const bias = operation->input_count > 2 ? operation->inputs[2] : NULL;
    const size_t stride_width = operation->as.window.stride_width;
    gemm_variant variant;
    gemm_variant_of(operation->inputs[0], filter, operation->output, &variant);
    gemm_rhs rhs = {0};
    TRY(gemm_rhs_of(operation, variant, bias, self->groups * self->group_outputs, self->op.arena, &rhs, error));

    /* One group's share of the filter, for as long as it is being packed. */
    const mica_allocator *const allocator = self->op.arena->allocator;
    struct buffer share = {0};
    const size_t taps = (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width;
    const size_t bytes = self->group_outputs * taps * self->group_inputs * op_element_size(filter->type);
    TRY(buffer_reserve(&share, allocator, bytes, self->op.arena->limit, error));
    mica_status status = MICA_OK;
    for (size_t i = 0; i < self->phase_count && status == MICA_OK; i++) {
        phase *const p = &self->phases[i];
        p->owner = self;
        p->y = i / stride_width;
        p->x = i % stride_width;
        p->rows = taps_of(p->y, operation->as.window.padding_top, operation->as.window.kernel_height,
                          operation->as.window.stride_height, operation->as.window.dilation_height);
        p->columns = taps_of(p->x, operation->as.window.padding_left, operation->as.window.kernel_width, stride_width,
                             operation->as.window.dilation_width);
        status = create_phase(p, target, &rhs, share.data, pool, error);
        self->op.packed_bytes += self->groups * p->plan.rhs_bytes;
    }
    buffer_free(&share, allocator);
    return status;
}

static mica_status create_zeros(transposed_op *self, const mica_operand *input, mica_error *error) {
    const size_t piece = self->group_inputs * self->element;
    const size_t pieces = input->type == MICA_OPERAND_QDINT8 ? 256 : 1;
    void *memory = NULL;
    TRY(arena_array(self->op.arena, pieces, piece, &memory, error));
    self->zeros = memory;
    if (input->type == MICA_OPERAND_QINT8) memset(self->zeros, (uint8_t)input->zero_point, piece);
    for (size_t i = 1; i < pieces; i++) memset(self->zeros + i * piece, (uint8_t)i, piece);
    return MICA_OK;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_transposed_convolution, operation, choice, arena, sizeof(transposed_op), &op, error));
    transposed_op *const self = (transposed_op *)op;
    const mica_operand *const input = operation->inputs[0];
    op->borrows = false;
    self->groups = operation->as.window.groups;
    self->group_inputs = operation->as.window.group_input_channels;
    self->group_outputs = operation->as.window.group_output_channels;
    self->element = op_element_size(input->type);
    self->out_element = op_element_size(operation->output->type);
    self->phase_count = (size_t)operation->as.window.stride_height * operation->as.window.stride_width;
    if (self->phase_count > MAX_PHASES) {
        return error_set(error, MICA_ERROR_LIMIT, "strides of %u and %u are too large",
                         operation->as.window.stride_height, operation->as.window.stride_width);
    }
    void *memory = NULL;
    TRY(arena_array(arena, self->phase_count, sizeof(phase), &memory, error));
    self->phases = memory;
    TRY(create_zeros(self, input, error));
    TRY(create_phases(self, target, weights->pool, error));
    *out = op;
    return MICA_OK;
}

/* Pixels first, first + stride, … below size. */
static size_t pixels_of(size_t first, size_t stride, size_t size) {
    return first < size ? (size - first - 1) / stride + 1 : 0;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    transposed_op *const self = (transposed_op *)op;
    self->images = inputs[0].dims[0];
    self->height = inputs[0].dims[1];
    self->width = inputs[0].dims[2];
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    op->workspace = 0;
    for (size_t i = 0; i < self->phase_count; i++) {
        phase *const p = &self->phases[i];
        p->out_rows = pixels_of(p->y, op->operation->as.window.stride_height, self->out_height);
        p->out_columns = pixels_of(p->x, op->operation->as.window.stride_width, self->out_width);
        const size_t matrices = self->images * p->out_rows * self->groups; /* a row of output pixels each */
        op->workspace = max_size(op->workspace, gemm_plan_shape(&p->plan, matrices, p->out_columns));
    }
    op->kernel = self->phases[0].plan.kernel->name;
    return MICA_OK;
}

/* ---- running ---- */

typedef struct run_state {
    const phase *phase;
    const op_run *run;
    const gemm_row *images; /* quantization of each image; NULL when static */
} run_state;

/* Matrix `batch` is one group of one row of output pixels. */
typedef struct matrix {
    size_t image, y, group;
} matrix;

static matrix matrix_of(const phase *p, size_t batch) {
    const size_t row = batch / p->owner->groups;
    return (matrix){.image = row / p->out_rows,
                    .y = p->y + row % p->out_rows * p->owner->op.operation->as.window.stride_height,
                    .group = batch % p->owner->groups};
}

static void place(const void *owner, size_t batch, gemm_place *out) {
    const run_state *const state = owner;
    const phase *const p = state->phase;
    const transposed_op *const self = p->owner;
    const matrix m = matrix_of(p, batch);
    const size_t pixel = (m.image * self->out_height + m.y) * self->out_width + p->x;
    out->rhs = p->packed + m.group * p->plan.rhs_bytes;
    out->out =
        (uint8_t *)state->run->output + (pixel * self->groups + m.group) * self->group_outputs * self->out_element;
}

/* The input pixel that tap t of an axis leads back to; past the image when it is none. */
static size_t source_of(size_t at, size_t padding, size_t tap, size_t dilation, size_t stride) {
    return at + padding < tap * dilation ? SIZE_MAX : (at + padding - tap * dilation) / stride;
}

static void rows(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                 gemm_row *room) {
    const run_state *const state = owner;
    const phase *const p = state->phase;
    const transposed_op *const self = p->owner;
    const mica_operation *const operation = self->op.operation;
    const matrix m = matrix_of(p, batch);
    const size_t group_bytes = self->group_inputs * self->element, pixel = self->groups * group_bytes;
    const uint8_t *const image =
        (const uint8_t *)state->run->inputs[0] + m.image * self->height * self->width * pixel + m.group * group_bytes;
    *lhs = (gemm_lhs){.type = gemm_type_of(operation->inputs[0]->type),
                      .data = image,
                      .taps = taps,
                      .tap_count = p->plan.tap_count,
                      .tap_length = self->group_inputs};
    const uint8_t *zeros = self->zeros;
    if (state->images) {
        for (size_t i = 0; i < count; i++) room[i] = state->images[m.image];
        lhs->rows = room;
        zeros += (uint8_t)state->images[m.image].zero_point * group_bytes;
    }
    for (size_t i = first; i < first + count; i++) {
        const size_t x = p->x + i * operation->as.window.stride_width;
        for (size_t r = 0; r < p->rows.count; r++) {
            const size_t in_y = source_of(m.y, operation->as.window.padding_top, p->rows.first + r * p->rows.step,
                                          operation->as.window.dilation_height, operation->as.window.stride_height);
            for (size_t c = 0; c < p->columns.count; c++) {
                const size_t in_x =
                    source_of(x, operation->as.window.padding_left, p->columns.first + c * p->columns.step,
                              operation->as.window.dilation_width, operation->as.window.stride_width);
                *taps++ =
                    in_y < self->height && in_x < self->width ? image + (in_y * self->width + in_x) * pixel : zeros;
            }
        }
    }
}

static void run(struct op *op, const op_run *run) {
    const transposed_op *const self = (const transposed_op *)op;
    static const gemm_source source = {place, rows};
    const gemm_row *const images = op->operation->inputs[0]->type == MICA_OPERAND_QDINT8
                                       ? op_row_parameters(run->inputs[0], self->images * self->height * self->width *
                                                                               self->groups * self->group_inputs)
                                       : NULL;
    for (size_t i = 0; i < self->phase_count; i++) {
        run_state state = {&self->phases[i], run, images};
        if (!state.phase->out_rows || !state.phase->out_columns) continue;
        gemm_run(&state.phase->plan, &source, &state, run->workspace, run->pool, run->threads);
    }
}

const op_class op_transposed_convolution = {"transposed convolution", infer, choose, create, reshape, run};
