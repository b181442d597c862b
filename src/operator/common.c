/* SPDX-License-Identifier: Apache-2.0
 *
 * What all operators share: sizes of values, names of operations, the plain choice of nodes outside the operator
 * table, and the splitting of work into pieces.
 */
#include "operator/common.h"

#include <math.h>
#include <string.h>

#include "kernel/gemm/gemm.h"

size_t op_element_size(mica_operand_type type) {
    switch (type) {
    case MICA_OPERAND_F32:
    case MICA_OPERAND_QINT32:
    case MICA_OPERAND_QCINT32:
    case MICA_OPERAND_INT32: return 4;
    case MICA_OPERAND_F16:
    case MICA_OPERAND_BF16: return 2;
    case MICA_OPERAND_QINT8:
    case MICA_OPERAND_QUINT8:
    case MICA_OPERAND_QCINT8:
    case MICA_OPERAND_QDINT8:
    case MICA_OPERAND_QCINT4:
    case MICA_OPERAND_QBINT4: return 1;
    }
    return 0;
}

size_t op_count(const op_shape *shape) {
    size_t count = 1;
    for (size_t i = 0; i < shape->rank; i++) count *= shape->dims[i];
    return count;
}

size_t op_rows(const mica_operand *operand, const op_shape *shape) {
    size_t rows = 1;
    for (size_t i = 0; i + operand->row_dims < shape->rank; i++) rows *= shape->dims[i];
    return rows;
}

const gemm_row *op_row_parameters(const void *value, size_t count) {
    return (const gemm_row *)((const char *)value + round_up(count, MEMORY_ALIGNMENT));
}

size_t op_value_bytes(const mica_operand *operand, const op_shape *shape) {
    const bool nibbles = operand->type == MICA_OPERAND_QCINT4 || operand->type == MICA_OPERAND_QBINT4;
    size_t bytes = op_element_size(operand->type);
    for (size_t i = 0; i < shape->rank; i++) {
        const size_t dim = nibbles && i + 1 == shape->rank ? divide_up(shape->dims[i], 2) : shape->dims[i];
        if (!size_mul(bytes, dim, &bytes)) return SIZE_MAX;
    }
    if (operand->type != MICA_OPERAND_QDINT8) return bytes;
    size_t rows = sizeof(gemm_row);
    for (size_t i = 0; i + operand->row_dims < shape->rank; i++) {
        if (!size_mul(rows, shape->dims[i], &rows)) return SIZE_MAX;
    }
    if (bytes > SIZE_MAX - MEMORY_ALIGNMENT) return SIZE_MAX;
    return size_add(round_up(bytes, MEMORY_ALIGNMENT), rows, &bytes) ? bytes : SIZE_MAX;
}

const char *mica_operation_name(mica_operation_kind kind) {
    static const char *const names[MICA_OPERATION_KINDS] = {
        [MICA_ADD] = "Add",
        [MICA_FULLY_CONNECTED] = "FullyConnected",
        [MICA_SOFTMAX] = "Softmax",
        [MICA_SIGMOID] = "Sigmoid",
        [MICA_STATIC_TRANSPOSE] = "StaticTranspose",
        [MICA_CLAMP] = "Clamp",
        [MICA_CONV_2D] = "Conv2d",
        [MICA_DIV] = "Div",
        [MICA_STATIC_RESIZE_BILINEAR_2D] = "StaticResizeBilinear2D",
        [MICA_STATIC_CONSTANT_PAD] = "StaticConstantPad",
        [MICA_AVG_POOLING_2D] = "AvgPooling2d",
        [MICA_MINIMUM] = "Minimum",
        [MICA_DEPTHWISE_CONV_2D] = "DepthwiseConv2d",
        [MICA_MAX_POOLING_2D] = "MaxPooling2d",
        [MICA_MULTIPLY] = "Multiply",
        [MICA_SUBTRACT] = "Subtract",
        [MICA_FLOOR] = "Floor",
        [MICA_CONVERT] = "Convert",
        [MICA_GLOBAL_AVG_POOLING_2D] = "GlobalAvgPooling2d",
        [MICA_STATIC_RESHAPE] = "StaticReshape",
        [MICA_ARG_MAX_POOLING_2D] = "ArgMaxPooling2d",
        [MICA_SQUARE_ROOT] = "SquareRoot",
        [MICA_CEILING] = "Ceiling",
        [MICA_HARDSWISH] = "Hardswish",
        [MICA_LEAKY_RELU] = "LeakyReLU",
        [MICA_MAXIMUM] = "Maximum",
        [MICA_NEGATE] = "Negate",
        [MICA_SQUARE] = "Square",
        [MICA_ELU] = "ELU",
        [MICA_ABS] = "Abs",
        [MICA_PRELU] = "PReLU",
        [MICA_CONCATENATE_2] = "Concatenate2",
        [MICA_CONCATENATE_3] = "Concatenate3",
        [MICA_CONCATENATE_4] = "Concatenate4",
        [MICA_STATIC_SLICE] = "StaticSlice",
        [MICA_SCALED_DOT_PRODUCT_ATTENTION] = "ScaledDotProductAttention",
        [MICA_BATCH_MATRIX_MULTIPLY] = "BatchMatrixMultiply",
        [MICA_CONCATENATE_5] = "Concatenate5",
        [MICA_CONV_TRANSPOSE_2D] = "ConvTranspose2d",
        [MICA_RECIPROCAL_SQUARE_ROOT] = "ReciprocalSquareRoot",
        [MICA_LOG] = "Log",
        [MICA_GELU] = "Gelu",
        [MICA_TANH] = "Tanh",
        [MICA_EXP] = "Exp",
        [MICA_SIN] = "Sin",
        [MICA_COPY] = "Copy",
        [MICA_COS] = "Cos",
    };
    const size_t index = (size_t)kind;
    return index < MICA_OPERATION_KINDS && names[index] ? names[index] : "?";
}

const char *op_type_name(mica_operand_type type) {
    static const char *const names[] = {
        [MICA_OPERAND_F32] = "f32",         [MICA_OPERAND_F16] = "f16",       [MICA_OPERAND_QINT8] = "qint8",
        [MICA_OPERAND_QUINT8] = "quint8",   [MICA_OPERAND_QINT32] = "qint32", [MICA_OPERAND_QCINT8] = "qcint8",
        [MICA_OPERAND_QCINT32] = "qcint32", [MICA_OPERAND_QCINT4] = "qcint4", [MICA_OPERAND_QDINT8] = "qdint8",
        [MICA_OPERAND_QBINT4] = "qbint4",   [MICA_OPERAND_INT32] = "int32",   [MICA_OPERAND_BF16] = "bf16",
    };
    const size_t index = (size_t)type;
    return index < sizeof names / sizeof *names && names[index] ? names[index] : "?";
}

void op_choose_plain(const op_target *target, const char *kernel, cpu_features needs, op_choice *choice) {
    const bool reference = target->kernels == MICA_KERNELS_REFERENCE;
    *choice = (op_choice){.variant = reference ? "reference" : "standard", .kernel = kernel, .needs = needs};
}

kernel_version op_choose_version(const op_target *target, const char *const *names, op_choice *choice) {
    const kernel_version version = kernel_version_select(names, target->features, target->kernels);
    op_choose_plain(target, names[version], kernel_version_needs[version], choice);
    return version;
}

bool op_moves(const mica_operation *operation) {
    const mica_operand *const out = operation->output;
    if (out->type == MICA_OPERAND_QDINT8 || out->type == MICA_OPERAND_QCINT4 || out->type == MICA_OPERAND_QBINT4) {
        return false;
    }
    for (size_t i = 0; i < operation->input_count; i++) {
        const mica_operand *const in = operation->inputs[i];
        if (in->type != out->type) return false;
        if (in->type == MICA_OPERAND_QINT8 && (in->scale != out->scale || in->zero_point != out->zero_point))
            return false;
    }
    return true;
}

const mica_operand *op_bias(const mica_operation *operation) {
    return operation->input_count > 2 ? operation->inputs[2] : NULL;
}

bool op_convolves_f32(const mica_operation *operation) {
    bool all = operation->kind == MICA_CONV_2D || operation->kind == MICA_DEPTHWISE_CONV_2D;
    for (size_t i = 0; all && i < operation->input_count; i++) {
        const mica_operand *const operand = operation->inputs[i];
        if (operand) all = operand->type == MICA_OPERAND_F32 && (i == 0 || operand->data);
    }
    return all && operation->inputs[0]->rank == 4 && operation->output->type == MICA_OPERAND_F32;
}

mica_status op_unsupported(const mica_operation *operation, mica_error *error) {
    char types[64] = "";
    size_t used = 0;
    for (size_t i = 0; i < operation->input_count && used < sizeof types; i++) {
        const char *const type = operation->inputs[i] ? op_type_name(operation->inputs[i]->type) : "none";
        used += (size_t)snprintf(types + used, sizeof types - used, i ? ", %s" : "%s", type);
    }
    return error_set(error, MICA_ERROR_UNSUPPORTED, "%s of %s to %s is not supported",
                     mica_operation_name(operation->kind), types, op_type_name(operation->output->type));
}

mica_status op_new(const op_class *class, const mica_operation *operation, const op_choice *choice,
                   struct arena *arena, size_t size, struct op **out, mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(arena, size, &memory, error));
    struct op *const op = memory;
    *op = (struct op){.class = class, .operation = operation, .arena = arena, .kernel = choice->kernel};
    for (size_t i = 0; i < operation->input_count; i++)
        op->borrows |= operation->inputs[i] && operation->inputs[i]->data;
    *out = op;
    return MICA_OK;
}

/* ---- pieces ---- */

typedef struct split {
    size_t count, piece;
    op_piece task;
    void *argument;
} split;

static void run_piece(void *argument, size_t index, size_t thread) {
    (void)thread;
    const split *const s = argument;
    const size_t first = index * s->piece;
    s->task(s->argument, first, min_size(s->piece, s->count - first));
}

size_t op_threads(double ns, size_t threads) { return ns < OP_SERIAL_NS ? 1 : threads; }

/* Threads finish together, and asking for the next piece weighs little. */
#define PIECE_NS 250.0

size_t op_items(double ns) {
    const size_t items = (size_t)(PIECE_NS / fmax(ns, 1e-3));
    return items < MEMORY_ALIGNMENT ? max_size(1, items)
                                    : items - items % MEMORY_ALIGNMENT; /* of whole cache lines */
}

void op_split(const op_run *run, size_t count, double ns, op_piece task, void *argument) {
    if (count == 0) return;
    if (op_threads((double)count * ns, run->threads) == 1) {
        task(argument, 0, count);
        return;
    }
    split s = {.count = count, .piece = op_items(ns), .task = task, .argument = argument};
    pool_run_brief(run->pool, run->threads, (double)count * ns, divide_up(count, s.piece), run_piece, &s);
}

typedef struct copy {
    size_t width, in_stride, out_stride;
    const char *in;
    char *out;
} copy;

/* Bytes [first, first + count) of all rows, counted one after the other. */
static void copy_piece(void *argument, size_t first, size_t count) {
    const copy *const c = argument;
    while (count) {
        const size_t row = first / c->width, at = first % c->width, n = min_size(count, c->width - at);
        memcpy(c->out + row * c->out_stride + at, c->in + row * c->in_stride + at, n);
        first += n;
        count -= n;
    }
}

void op_copy_rows(const op_run *run, size_t rows, size_t width, const void *in, size_t in_stride, void *out,
                  size_t out_stride) {
    copy c = {width, in_stride, out_stride, in, out};
    op_split(run, rows * width, OP_BYTE_NS, copy_piece, &c);
}
