/* SPDX-License-Identifier: Apache-2.0
 *
 * ConvTranspose2d as matrix products. With stride s an output pixel meets only every s-th filter tap along an axis,
 * and which ones depends on its position modulo s: its phase. Each phase is a convolution without stride, with a share of
 * the filter turned around, over one copy of the image that all phases read; its output pixels lie s apart.
 */
#include <string.h>

#include "operator/classes.h"
#include "operator/common.h"
#include "operator/dispatch.h"
#include "operator/gemm.h"
#include "operator/image.h"
#include "operator/window.h"

#define MAX_PHASES ((size_t)1 << 16)

typedef struct transposed_op transposed_op;

/* One axis of a phase: its taps are last, last − step, …, count of them; they meet input pixels that are `apart`, from
 * `from` on for its first output pixel. */
typedef struct phase_axis {
    size_t last, step, count;
    ptrdiff_t from;
    size_t apart;
} phase_axis;

typedef struct phase {
    const transposed_op *owner;
    gemm_plan plan;
    uint8_t *packed; /* the groups' weights one after the other */
    phase_axis rows, columns;
    size_t y, x;       /* its first output pixel */
    size_t row_pieces; /* pieces of one row of taps: 1 where its pixels lie together */
    size_t piece;      /* elements of a piece */
    size_t filled;     /* the same as the kernel takes them: past `piece` weights are 0 */
    size_t *offsets;
    image_windows windows; /* of its output pixels */
} phase;

struct transposed_op {
    struct op op;
    phase *phases; /* stride_height × stride_width */
    size_t phase_count;
    size_t groups, group_inputs, group_outputs;
    size_t out_element; /* bytes */
    size_t out_height, out_width;
    struct image image;
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
static phase_axis axis_of(size_t at, size_t padding, size_t kernel, size_t stride, size_t dilation) {
    phase_axis axis = {0};
    for (size_t t = 0; t < kernel; t++) {
        if ((at + padding + t * (stride - dilation % stride)) % stride) continue; /* at + padding − t · dilation */
        if (axis.count > 0) axis.step = t - axis.last;
        axis.last = t;
        axis.count++;
    }
    axis.from = ((ptrdiff_t)(at + padding) - (ptrdiff_t)(axis.last * dilation)) / (ptrdiff_t)stride;
    axis.apart = axis.step * dilation / stride;
    return axis;
}

/* The phase's share of one group's filter, [outputs][rows][columns][inputs] with its pieces filled up, into `out`. */
static void gather_filter(const phase *p, const uint8_t *filter, size_t pixel, uint8_t *out) {
    const mica_operation *const operation = p->owner->op.operation;
    const size_t height = operation->as.window.kernel_height, width = operation->as.window.kernel_width;
    const size_t past = (p->filled - p->piece) * (pixel / p->owner->group_inputs);
    const size_t piece_pixels = p->piece / p->owner->group_inputs;
    for (size_t o = 0; o < p->owner->group_outputs; o++) {
        for (size_t i = 0; i < p->rows.count; i++) {
            for (size_t j = 0; j < p->columns.count; j++, out += pixel) {
                const size_t row = p->rows.last - i * p->rows.step, column = p->columns.last - j * p->columns.step;
                memcpy(out, filter + ((o * height + row) * width + column) * pixel, pixel);
                if ((j + 1) % piece_pixels) continue;
                memset(out + pixel, 0, past);
                out += past;
            }
        }
    }
}

static void choose_pieces(phase *p) {
    const size_t inputs = p->owner->group_inputs;
    const bool together = p->owner->groups == 1 && p->columns.count > 0 && p->columns.apart <= 1;
    p->row_pieces = together ? 1 : p->columns.count;
    p->piece = together ? p->columns.count * inputs : inputs;
    p->filled = gemm_filled_piece(&p->plan, p->piece);
}

static mica_status create_phase(phase *p, const op_target *target, const gemm_rhs *rhs, uint8_t *share,
                                struct pool *pool, mica_error *error) {
    const transposed_op *const self = p->owner;
    const mica_operation *const operation = self->op.operation;
    const mica_operand *const filter = operation->inputs[1];
    gemm_plan *const plan = &p->plan;
    dispatch_plan(operation, target, plan);
    choose_pieces(p);
    plan->n = self->group_outputs;
    plan->tap_count = p->rows.count * p->row_pieces;
    plan->k = plan->tap_count * p->filled;
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
    TRY(arena_array(self->op.arena, plan->tap_count, sizeof(size_t), &memory, error));
    p->offsets = memory;
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
    const mica_operand *const bias = op_bias(operation);
    const size_t stride_width = operation->as.window.stride_width;
    gemm_variant variant;
    gemm_variant_of(operation->inputs[0], filter, operation->output, &variant);
    gemm_rhs rhs = {0};
    TRY(gemm_rhs_of(operation, variant, bias, self->groups * self->group_outputs, self->op.arena, &rhs, error));

    /* One group's share of the filter, for as long as it is being packed. */
    const mica_allocator *const allocator = self->op.arena->allocator;
    struct buffer share = {0};
    const size_t taps = (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width;
    const size_t bytes = self->group_outputs * taps * round_up(self->group_inputs, 4) * op_element_size(filter->type);
    TRY(buffer_reserve(&share, allocator, bytes, self->op.arena->limit, error));
    mica_status status = MICA_OK;
    for (size_t i = 0; i < self->phase_count && status == MICA_OK; i++) {
        phase *const p = &self->phases[i];
        p->owner = self;
        p->y = i / stride_width;
        p->x = i % stride_width;
        p->rows = axis_of(p->y, operation->as.window.padding_top, operation->as.window.kernel_height,
                          operation->as.window.stride_height, operation->as.window.dilation_height);
        p->columns = axis_of(p->x, operation->as.window.padding_left, operation->as.window.kernel_width, stride_width,
                             operation->as.window.dilation_width);
        status = create_phase(p, target, &rhs, share.data, pool, error);
        self->op.packed_bytes += self->groups * p->plan.rhs_bytes;
    }
    buffer_free(&share, allocator);
    return status;
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    struct op *op = NULL;
    TRY(op_new(&op_transposed_convolution, operation, choice, arena, sizeof(transposed_op), &op, error));
    transposed_op *const self = (transposed_op *)op;
    op->borrows = false;
    self->groups = operation->as.window.groups;
    self->group_inputs = operation->as.window.group_input_channels;
    self->group_outputs = operation->as.window.group_output_channels;
    self->out_element = op_element_size(operation->output->type);
    self->phase_count = (size_t)operation->as.window.stride_height * operation->as.window.stride_width;
    if (self->phase_count > MAX_PHASES) {
        return error_set(error, MICA_ERROR_LIMIT, "strides of %u and %u are too large",
                         operation->as.window.stride_height, operation->as.window.stride_width);
    }
    void *memory = NULL;
    TRY(arena_array(arena, self->phase_count, sizeof(phase), &memory, error));
    self->phases = memory;
    TRY(create_phases(self, target, weights->pool, error));
    *out = op;
    return MICA_OK;
}

/* Pixels first, first + stride, … below size. */
static size_t pixels_of(size_t first, size_t stride, size_t size) {
    return first < size ? (size - first - 1) / stride + 1 : 0;
}

/* Where the phase's windows are in the image that is read. */
static void lay_out_phase(phase *p) {
    const struct image *const image = &p->owner->image;
    for (size_t i = 0; i < p->plan.tap_count; i++) {
        const size_t y = (size_t)((ptrdiff_t)image->top + p->rows.from) + i / p->row_pieces * p->rows.apart;
        const size_t x = (size_t)((ptrdiff_t)image->left + p->columns.from) + i % p->row_pieces * p->columns.apart;
        p->offsets[i] = y * image->row + x * image->pixel;
    }
    p->windows.down = image->row;
    p->windows.right = image->pixel;
    p->windows.pieces = max_size(1, p->plan.tap_count);
    p->windows.length = p->plan.k / p->windows.pieces;
    p->windows.offsets = p->plan.tap_count ? p->offsets : NULL;
}

/* Padding that the output pixels [0, count) of an axis of a phase need around `size` input pixels. */
static void reach(const phase_axis *axis, size_t count, size_t size, size_t *before, size_t *after) {
    if (axis->count == 0 || count == 0) return;
    const ptrdiff_t end = axis->from + (ptrdiff_t)((axis->count - 1) * axis->apart + count);
    if (axis->from < 0) *before = max_size(*before, (size_t)-axis->from);
    if (end > (ptrdiff_t)size) *after = max_size(*after, (size_t)(end - (ptrdiff_t)size));
}

/* Plans for the shape. All phases read one copy, so that `direct` holds for all or none. */
static size_t shape_phases(transposed_op *self, bool direct, bool *all_direct) {
    const mica_operation *const operation = self->op.operation;
    const size_t pixel = self->groups * self->group_outputs * self->out_element;
    size_t workspace = 0;
    *all_direct = true;
    for (size_t i = 0; i < self->phase_count; i++) {
        phase *const p = &self->phases[i];
        const bool apart = operation->as.window.stride_width > 1 || operation->as.window.stride_height > 1;
        p->plan.line = p->windows.width;
        p->plan.line_stride = apart ? operation->as.window.stride_height * self->out_width * pixel : 0;
        p->plan.offsets = direct && p->plan.tap_count ? p->offsets : NULL;
        const size_t pixels = p->windows.height * p->windows.width;
        if (!pixels) continue;
        workspace = max_size(workspace, gemm_plan_shape(&p->plan, self->image.images * self->groups, pixels));
        *all_direct &= p->plan.in_place;
    }
    return workspace;
}

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    transposed_op *const self = (transposed_op *)op;
    const mica_operation *const operation = op->operation;
    struct image *const image = &self->image;
    *image = (struct image){0};
    image_shape(image, operation->inputs[0], &inputs[0]);
    self->out_height = output->dims[1];
    self->out_width = output->dims[2];
    size_t past = 0;
    for (size_t i = 0; i < self->phase_count; i++) {
        phase *const p = &self->phases[i];
        p->windows.height = pixels_of(p->y, operation->as.window.stride_height, self->out_height);
        p->windows.width = pixels_of(p->x, operation->as.window.stride_width, self->out_width);
        past = max_size(past, p->filled - p->piece);
        if (!p->windows.height || !p->windows.width) continue;
        reach(&p->rows, p->windows.height, image->height, &image->top, &image->bottom);
        reach(&p->columns, p->windows.width, image->width, &image->left, &image->right);
    }
    bool direct;
    const gemm_plan *const plan = &self->phases[0].plan;
    const bool stores = plan->variant != GEMM_PF32;
    op->workspace = shape_phases(self, true, &direct);
    if (stores && !direct) op->workspace = shape_phases(self, false, &direct);
    if (stores && direct) {
        image->store = plan->kernel->store;
        image->element = plan->kernel->element;
    }
    TRY(image_lay_out(image, past, error));
    op->workspace += image->copy_bytes;
    op->kernel = plan->kernel->name;
    for (size_t i = 0; i < self->phase_count; i++) lay_out_phase(&self->phases[i]);
    return MICA_OK;
}

/* ---- running ---- */

typedef struct run_state {
    const phase *phase;
    const op_run *run;
    image_source source;
} run_state;

/* Matrix `batch` is one group of one image. */
static void place(const void *owner, size_t batch, gemm_place *out) {
    const run_state *const state = owner;
    const phase *const p = state->phase;
    const transposed_op *const self = p->owner;
    const size_t image = batch / self->groups, group = batch % self->groups;
    const size_t pixel = (image * self->out_height + p->y) * self->out_width + p->x;
    out->rhs = p->packed + group * p->plan.rhs_bytes;
    out->out =
        (uint8_t *)state->run->output + (pixel * self->groups + group) * self->group_outputs * self->out_element;
}

static void rows(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                 gemm_row *room) {
    const run_state *const state = owner;
    const phase *const p = state->phase;
    const transposed_op *const self = p->owner;
    const struct image *const image = &self->image;
    const size_t n = batch / self->groups, group = batch % self->groups;
    image_source source = state->source;
    source.pixels += n * image->rows * image->row + group * self->group_inputs * image->element;
    if (source.parameters) source.parameters += n;
    image_rows(image, &p->windows, &source, p->plan.in_place, first, count, lhs, taps, room);
}

static void run(struct op *op, const op_run *run) {
    const transposed_op *const self = (const transposed_op *)op;
    static const gemm_source source = {place, rows};
    run_state state = {.run = run, .source = image_ready(&self->image, run)};
    for (size_t i = 0; i < self->phase_count; i++) {
        state.phase = &self->phases[i];
        if (!state.phase->windows.height || !state.phase->windows.width) continue;
        gemm_run(&state.phase->plan, &source, &state, (uint8_t *)run->workspace + self->image.copy_bytes, run->pool,
                 run->threads);
    }
}

const op_class op_transposed_convolution = {"transposed convolution", infer, choose, create, reshape, run};
