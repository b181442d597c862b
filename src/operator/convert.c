/* SPDX-License-Identifier: Apache-2.0
 *
 * Convert: between f32, f16 and static int8, and to int8 rows whose scale and zero point are found at run time.
 */
#include "operator/classes.h"
#include "operator/common.h"
#include "operator/elements.h"

#include <math.h>
#include <string.h>

#include "kernel/quantize/quantize.h"

#define ELEMENT_NS 0.035
#define LONG_ROW ((size_t)16384) /* elements: longer ones go in pieces of so many */

typedef struct convert_op {
    struct op op;
    kernel_version version;
    size_t count;       /* elements */
    size_t rows, width; /* QDINT8: rows of `width` elements */
    int8_t map[256];    /* int8 to int8 */
} convert_op;

static mica_status infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    *output = inputs[0];
    if (operation->output->type != MICA_OPERAND_QDINT8 || operation->output->row_dims <= output->rank) return MICA_OK;
    return error_set(error, MICA_ERROR_SHAPE, "rows of %zu dims do not fit rank %zu", operation->output->row_dims,
                     output->rank);
}

static mica_status choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error) {
    const mica_operand_type in = operation->inputs[0]->type, out = operation->output->type;
    const bool rows = out == MICA_OPERAND_QDINT8 && in != MICA_OPERAND_QINT8;
    if (!elements_supported(in) || !(rows || elements_supported(out))) return op_unsupported(operation, error);
    if (in == out) {
        op_choose_plain(target, in == MICA_OPERAND_QINT8 ? "map_i8_c" : "copy", 0, choice);
    } else if (in == MICA_OPERAND_F32) {
        op_choose_version(target, out == MICA_OPERAND_F16 ? f32_to_f16_names : f32_to_i8_names, choice);
    } else {
        op_choose_version(target, in == MICA_OPERAND_F16 ? f16_to_f32_names : i8_to_f32_names, choice);
    }
    return MICA_OK;
}

/* With a factor of 8 fractional bits, as the delegate has it. */
static void make_map(convert_op *self) {
    const mica_operand *const in = self->op.operation->inputs[0], *const out = self->op.operation->output;
    const float ratio = 256 * (in->scale / out->scale);
    const int64_t factor = (int64_t)rintf(fminf(ratio, 0x1p30f));
    for (int64_t q = -128; q < 128; q++) {
        const int64_t value = (q * factor + out->zero_point * 256 - in->zero_point * factor + 128) >> 8;
        self->map[q + 128] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}

static mica_status create(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error) {
    (void)weights;
    struct op *op = NULL;
    TRY(op_new(&op_convert, operation, choice, arena, sizeof(convert_op), &op, error));
    convert_op *const self = (convert_op *)op;
    self->version = kernel_version_select(f32_to_i8_names, target->features, target->kernels);
    if (operation->inputs[0]->type == MICA_OPERAND_QINT8) make_map(self);
    *out = op;
    return MICA_OK;
}

static size_t pieces_per_row(const convert_op *self) { return divide_up(self->width, LONG_ROW); }

static mica_status reshape(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error) {
    (void)error;
    convert_op *const self = (convert_op *)op;
    self->count = op_count(&inputs[0]);
    if (op->operation->output->type != MICA_OPERAND_QDINT8) return MICA_OK;
    self->rows = op_rows(op->operation->output, output);
    self->width = self->rows ? self->count / self->rows : 0;
    op->workspace = self->rows * pieces_per_row(self) * 2 * sizeof(float);
    return MICA_OK;
}

typedef struct job {
    const convert_op *self;
    const op_run *run;
} job;

static void convert_piece(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const convert_op *const self = j->self;
    const mica_operand *const in = self->op.operation->inputs[0], *const out = self->op.operation->output;
    const void *const from = j->run->inputs[0];
    void *const to = j->run->output;
    if (in->type == out->type) {
        const size_t size = op_element_size(in->type);
        if (in->type == MICA_OPERAND_QINT8) {
            map_i8(count, (const int8_t *)from + first, (int8_t *)to + first, self->map);
        } else {
            memmove((char *)to + first * size, (const char *)from + first * size, count * size);
        }
        return;
    }
    float buffer[ELEMENTS_BUFFER];
    const bool floats = in->type == MICA_OPERAND_F32 || out->type == MICA_OPERAND_F32;
    const size_t step = floats ? count : ELEMENTS_BUFFER;
    for (size_t i = first; i < first + count; i += step) {
        const size_t n = min_size(step, first + count - i);
        float *const place = elements_place(out, to, i, buffer);
        elements_write(self->version, out, elements_read(self->version, in, from, i, n, place), n, to, i);
    }
}

/* ---- rows with parameters of their own ---- */

static size_t row_step(const convert_op *self, size_t count) {
    return self->op.operation->inputs[0]->type == MICA_OPERAND_F32 ? count : ELEMENTS_BUFFER;
}

static void range_of(const job *j, size_t first, size_t count, float *min, float *max) {
    const convert_op *const self = j->self;
    float buffer[ELEMENTS_BUFFER];
    const size_t step = row_step(self, count);
    *min = *max = 0;
    for (size_t i = first; i < first + count; i += step) {
        const size_t n = min_size(step, first + count - i);
        const float *const x =
            elements_read(self->version, self->op.operation->inputs[0], j->run->inputs[0], i, n, buffer);
        quantize_versions[self->version]->range(n, x, min, max);
    }
}

static void quantize_part(const job *j, size_t first, size_t count, float scale, int32_t zero_point) {
    const convert_op *const self = j->self;
    float buffer[ELEMENTS_BUFFER];
    const size_t step = row_step(self, count);
    for (size_t i = first; i < first + count; i += step) {
        const size_t n = min_size(step, first + count - i);
        const float *const x =
            elements_read(self->version, self->op.operation->inputs[0], j->run->inputs[0], i, n, buffer);
        quantize_versions[self->version]->f32_to_i8(n, x, (int8_t *)j->run->output + i, scale, zero_point);
    }
}

static gemm_row *parameters(const job *j) {
    return (gemm_row *)(uintptr_t)op_row_parameters(j->run->output, j->self->count);
}

static void convert_rows(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const size_t width = j->self->width;
    for (size_t row = first; row < first + count; row++) {
        float min, max, scale;
        range_of(j, row * width, width, &min, &max);
        parameters(j)[row] = gemm_row_parameters(min, max, &scale);
        quantize_part(j, row * width, width, scale, parameters(j)[row].zero_point);
    }
}

/* Long rows go in pieces, in two passes: the pieces' ranges, then their elements. */
static size_t piece_of(const job *j, size_t index, size_t *row, size_t *count) {
    const size_t pieces = pieces_per_row(j->self), first = index % pieces * LONG_ROW;
    *row = index / pieces;
    *count = min_size(LONG_ROW, j->self->width - first);
    return *row * j->self->width + first;
}

static void range_pieces(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    for (size_t i = first; i < first + count; i++) {
        float *const range = (float *)j->run->workspace + 2 * i;
        size_t row, n;
        const size_t at = piece_of(j, i, &row, &n);
        range_of(j, at, n, &range[0], &range[1]);
    }
}

static void quantize_pieces(void *argument, size_t first, size_t count) {
    const job *const j = argument;
    const size_t pieces = pieces_per_row(j->self);
    for (size_t i = first; i < first + count; i++) {
        size_t row, n;
        const size_t at = piece_of(j, i, &row, &n);
        const float *const ranges = (const float *)j->run->workspace + 2 * row * pieces;
        float min = 0, max = 0, scale;
        for (size_t p = 0; p < pieces; p++) {
            min = fminf(min, ranges[2 * p]);
            max = fmaxf(max, ranges[2 * p + 1]);
        }
        const gemm_row found = gemm_row_parameters(min, max, &scale);
        if (i % pieces == 0) parameters(j)[row] = found;
        quantize_part(j, at, n, scale, found.zero_point);
    }
}

static void run(struct op *op, const op_run *run) {
    job j = {(const convert_op *)op, run};
    if (op->operation->output->type != MICA_OPERAND_QDINT8) {
        op_split(run, j.self->count, ELEMENT_NS, convert_piece, &j);
    } else if (j.self->width == 0) {
        convert_rows(&j, 0, j.self->rows);
    } else if (pieces_per_row(j.self) == 1) {
        op_split(run, j.self->rows, 2 * (double)j.self->width * ELEMENT_NS, convert_rows, &j);
    } else {
        const size_t pieces = j.self->rows * pieces_per_row(j.self);
        op_split(run, pieces, LONG_ROW * ELEMENT_NS, range_pieces, &j);
        op_split(run, pieces, LONG_ROW * ELEMENT_NS, quantize_pieces, &j);
    }
}

const op_class op_convert = {"convert", infer, choose, create, reshape, run};
