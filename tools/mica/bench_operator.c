/* SPDX-License-Identifier: Apache-2.0
 *
 * mica bench --op: one operator with random operands of the asked shape, quantized as its variant wants.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "grow.h"
#include "tensor.h"

enum { LINEAR, CONV2D, MATMUL };
const char *const bench_ops[] = {"linear", "conv2d", "matmul", NULL};
const char *const bench_variants[] = {
    "pf32_gemm", "pf16_gemm", "qp8_f32_qc8w_gemm", "qp8_f32_qc4w_gemm", "qp8_f32_qb4w_gemm", "pqs8_qc8w_gemm", NULL};

/* The types of a variant's operands; 0: the operator has none like it. */
static const struct {
    mica_operand_type input, weight, bias, output;
    bool ops[3];
} variants[] = {
    {MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, {true, true, true}},
    {MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, {true, false, true}},
    {MICA_OPERAND_F32, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, MICA_OPERAND_F32, {true, false, false}},
    {MICA_OPERAND_F32, MICA_OPERAND_QCINT4, MICA_OPERAND_F32, MICA_OPERAND_F32, {true, false, false}},
    {MICA_OPERAND_F32, MICA_OPERAND_QBINT4, MICA_OPERAND_F32, MICA_OPERAND_F32, {true, false, false}},
    {MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QCINT32, MICA_OPERAND_QINT8, {true, true, false}},
};

/* Operands in the operation's order, the output last, and the memory of all of them. */
enum { INPUT, WEIGHT, BIAS, OUTPUT, OPERANDS };
struct problem {
    mica_operand operands[OPERANDS];
    mica_operation operation;
    void *data[OPERANDS], *scales[OPERANDS];
    const char *name;
    mica_operator *operators[2];
};

/* ---- operands ---- */

static size_t element_bits(mica_operand_type type) {
    switch (type) {
    case MICA_OPERAND_F32:
    case MICA_OPERAND_QCINT32: return 32;
    case MICA_OPERAND_F16: return 16;
    case MICA_OPERAND_QCINT4:
    case MICA_OPERAND_QBINT4: return 4;
    default: return 8;
    }
}

/* Random contents; rows of nibbles start at whole bytes. */
static bool fill(struct problem *problem, size_t index, uint64_t *seed, struct fault *fault) {
    const mica_operand *const operand = &problem->operands[index];
    const bool nibbles = element_bits(operand->type) == 4;
    size_t count = 1;
    for (size_t d = 0; d < operand->rank; d++) {
        const size_t dim = nibbles && d + 1 == operand->rank ? (operand->dims[d] + 1) / 2 : operand->dims[d];
        if (__builtin_mul_overflow(count, dim, &count) || count > (size_t)1 << 33)
            return usage(fault, "the shape is too large");
    }
    mica_tensor tensor = {.rank = 1, .sizes = {count}};
    tensor.type = operand->type == MICA_OPERAND_F32   ? MICA_F32
                  : operand->type == MICA_OPERAND_F16 ? MICA_F16
                  : element_bits(operand->type) == 32 ? MICA_I32
                                                      : MICA_U8;
    tensor.data = problem->data[index] = grow(NULL, count, mica_type_size(tensor.type));
    if (tensor.type != MICA_U8)
        tensor_fill(&tensor, seed);
    else
        for (size_t i = 0; i < count; i++) ((uint8_t *)tensor.data)[i] = (uint8_t)random_bits(seed);
    return true;
}

#define ATTRIBUTE_MAX 65536 /* sizes of an image and of what moves over it */
#define INPUT_SCALE 0.02f
#define WEIGHT_SCALE 0.01f

/* Scales that keep int8 outputs within their range. */
static void quantize(struct problem *problem, size_t index, size_t channels, size_t k, size_t block) {
    mica_operand *const operand = &problem->operands[index];
    const bool blockwise = operand->type == MICA_OPERAND_QBINT4;
    const size_t count = blockwise ? channels * (k / block) : channels;
    operand->scale = index == OUTPUT ? INPUT_SCALE * WEIGHT_SCALE * 64 * sqrtf((float)k) : INPUT_SCALE;
    if (element_bits(operand->type) == 4) operand->zero_point = 8;
    if (index != WEIGHT && index != BIAS) return;
    mica_tensor scales = {.type = blockwise ? MICA_BF16 : MICA_F32, .rank = 1, .sizes = {count}};
    scales.data = problem->scales[index] = grow(NULL, count, mica_type_size(scales.type));
    const float scale = index == BIAS ? INPUT_SCALE * WEIGHT_SCALE : WEIGHT_SCALE;
    for (size_t i = 0; i < count; i++) tensor_set(&scales, i, (double)scale);
    if (blockwise) {
        operand->block_scales = scales.data;
        operand->block = block;
    } else {
        operand->scales = scales.data;
    }
}

/* ---- shapes: each sets the operands' dims and gives the depth of the sums; channels are the output's last dim ---- */

static void set_dims(mica_operand *operand, size_t rank, const size_t *dims) {
    operand->rank = rank;
    memcpy(operand->dims, dims, rank * sizeof *dims);
}

static bool shape_linear(const struct bench *bench, struct problem *problem, const size_t *s, size_t *k,
                         struct fault *fault) {
    mica_operand *const o = problem->operands;
    problem->operation.kind = MICA_FULLY_CONNECTED;
    set_dims(&o[INPUT], 2, (size_t[]){s[0], s[1]});
    set_dims(&o[WEIGHT], 2, (size_t[]){s[2], s[1]});
    set_dims(&o[OUTPUT], 2, (size_t[]){s[0], s[2]});
    *k = s[1];
    if (o[WEIGHT].type != MICA_OPERAND_QBINT4 || (*k % bench->block == 0 && bench->block % 32 == 0)) return true;
    return usage(fault, "--group-size is a multiple of 32 that divides K, not %zu for %zu", bench->block, *k);
}

static bool shape_matmul(const struct bench *bench, struct problem *problem, const size_t *s, size_t *k,
                         struct fault *fault) {
    mica_operand *const o = problem->operands;
    problem->operation.kind = MICA_BATCH_MATRIX_MULTIPLY;
    set_dims(&o[INPUT], 3, (size_t[]){s[0], s[1], s[2]});
    set_dims(&o[WEIGHT], 3, (size_t[]){s[0], s[2], s[3]});
    set_dims(&o[OUTPUT], 3, (size_t[]){s[0], s[1], s[3]});
    *k = s[2];
    (void)bench;
    (void)fault;
    return true;
}

static bool shape_convolution(const struct bench *bench, struct problem *problem, const size_t *s, size_t *k,
                              struct fault *fault) {
    mica_operand *const o = problem->operands;
    const size_t batch = s[0], in = s[1], height = s[2], width = s[3], out = s[4];
    const size_t kernel = bench->kernel ? bench->kernel : o[INPUT].type == MICA_OPERAND_QINT8 ? 3 : 1;
    const size_t attributes[] = {kernel,        bench->stride, bench->padding, bench->dilation,
                                 bench->groups, height,        width};
    for (size_t i = 0; i < COUNT(attributes); i++) {
        if (attributes[i] > ATTRIBUTE_MAX) return usage(fault, "conv2d: %zu is too large", attributes[i]);
    }
    const size_t reach = (kernel - 1) * bench->dilation + 1, padding = 2 * bench->padding;
    if (height + padding < reach || width + padding < reach)
        return usage(fault, "--kernel: the filter is larger than the image");
    if (in % bench->groups || out % bench->groups) return usage(fault, "--groups must divide the channels");
    const size_t group = in / bench->groups;
    problem->operation.kind = MICA_CONV_2D;
    problem->operation.as.window.padding_top = problem->operation.as.window.padding_bottom = (uint32_t)bench->padding;
    problem->operation.as.window.padding_left = problem->operation.as.window.padding_right = (uint32_t)bench->padding;
    problem->operation.as.window.kernel_height = problem->operation.as.window.kernel_width = (uint32_t)kernel;
    problem->operation.as.window.stride_height = problem->operation.as.window.stride_width = (uint32_t)bench->stride;
    problem->operation.as.window.dilation_height = problem->operation.as.window.dilation_width =
        (uint32_t)bench->dilation;
    problem->operation.as.window.groups = (uint32_t)bench->groups;
    problem->operation.as.window.group_input_channels = (uint32_t)group;
    problem->operation.as.window.group_output_channels = (uint32_t)(out / bench->groups);
    set_dims(&o[INPUT], 4, (size_t[]){batch, height, width, in});
    set_dims(&o[WEIGHT], 4, (size_t[]){out, kernel, kernel, group});
    set_dims(&o[OUTPUT], 4,
             (size_t[]){batch, (height + padding - reach) / bench->stride + 1,
                        (width + padding - reach) / bench->stride + 1, out});
    *k = kernel * kernel * group;
    return true;
}

static const struct {
    size_t rank;
    bool (*shape)(const struct bench *bench, struct problem *problem, const size_t *sizes, size_t *k,
                  struct fault *fault);
} ops[] = {[LINEAR] = {3, shape_linear}, [CONV2D] = {5, shape_convolution}, [MATMUL] = {4, shape_matmul}};

static bool make_problem(const struct bench *bench, struct problem *problem, const char *shape, struct fault *fault) {
    if (!variants[bench->variant].ops[bench->op]) {
        return usage(fault, "%s has no variant %s", bench_ops[bench->op], bench_variants[bench->variant]);
    }
    mica_operand *const operands = problem->operands;
    operands[INPUT].type = variants[bench->variant].input;
    operands[WEIGHT].type = variants[bench->variant].weight;
    operands[BIAS].type = variants[bench->variant].bias;
    operands[OUTPUT].type = variants[bench->variant].output;
    size_t sizes[5] = {0}, rank = 0, k = 0;
    if (!parse_shape(shape, 5, sizes, &rank) || rank != ops[bench->op].rank) {
        return usage(fault, "--shape of %s has %zu sizes, as 1x2x3, not '%s'", bench_ops[bench->op],
                     ops[bench->op].rank, shape);
    }
    if (!ops[bench->op].shape(bench, problem, sizes, &k, fault)) return false;
    const size_t channels = sizes[rank - 1];
    set_dims(&operands[BIAS], 1, &channels);
    uint64_t seed = bench->seed;
    mica_operation *const operation = &problem->operation;
    operation->output_min = -INFINITY;
    operation->output_max = INFINITY;
    operation->input_count = bench->op == MATMUL ? 2 : 3;
    operation->output = &operands[OUTPUT];
    for (size_t i = 0; i < OPERANDS; i++) {
        if (!fill(problem, i, &seed, fault)) return false;
        quantize(problem, i, channels, k, bench->block);
        if (i < operation->input_count) operation->inputs[i] = &operands[i];
        if (bench->op != MATMUL && (i == WEIGHT || i == BIAS)) operands[i].data = problem->data[i];
    }
    return true;
}

static void free_problem(struct problem *problem) {
    for (size_t i = 0; i < 2; i++) mica_operator_destroy(problem->operators[i]);
    for (size_t i = 0; i < OPERANDS; i++) {
        free(problem->data[i]);
        free(problem->scales[i]);
    }
}

/* ---- measuring ---- */

struct side {
    const struct problem *problem;
    mica_operator *operator;
    mica_context *context;
};

static bool run(void *self, struct series *series, struct fault *fault) {
    struct side *const side = self;
    const void *inputs[MICA_OPERATION_MAX_INPUTS] = {side->problem->data[INPUT], side->problem->data[WEIGHT]};
    const uint64_t start = mica_clock();
    const mica_status status = mica_operator_run(side->operator, inputs, side->problem->data[OUTPUT]);
    if (series) samples_add(&series->times, elapsed_us(start, mica_clock()));
    return succeeded(fault, "--op", side->context, status);
}

static bool measure(struct bench *bench, void *self, struct fault *fault) {
    struct problem *const problem = self;
    const mica_node_report *const node = mica_operator_report(problem->operators[0]);
    const rounds_plan plan = {problem->name, bench->warmup, bench->executions, bench->seconds};
    struct side sides[] = {{problem, problem->operators[0], bench->context},
                           {problem, problem->operators[1], bench->other}};
    struct series series[2] = {0};
    struct subject subjects[2];
    double ideal;
    for (size_t s = 0; s < 2; s++) subjects[s] = (struct subject){run, &sides[s], &series[s], 1};
    const bool good =
        bench_ideal(bench, node, &ideal, fault) && rounds_measure(subjects, bench->other ? 2 : 1, &plan, fault);
    if (good)
        bench_row_node(bench_row(bench, "", problem->name, &series[0], &series[1], node->operations, ideal), node);
    for (size_t s = 0; s < 2; s++) series_free(&series[s]);
    return good;
}

bool bench_operator(struct bench *bench, const char *shape, struct fault *fault) {
    struct problem problem = {0};
    char *const name = text_of("%s %s", bench_ops[bench->op], shape);
    problem.name = name;
    mica_context *const contexts[] = {bench->context, bench->other};
    bool good = make_problem(bench, &problem, shape, fault);
    for (size_t i = 0; good && i < 2 && contexts[i]; i++) {
        good = succeeded(fault, name, contexts[i],
                         mica_operator_create(contexts[i], &problem.operation, &problem.operators[i]));
    }
    good = good && bench_for_threads(bench, measure, &problem, fault);
    if (good && bench->required && !mica_operator_report(problem.operators[0])->accelerated) {
        good = fail(fault, "%s: it takes no accelerated variant", name);
    }
    free_problem(&problem);
    free(name);
    return good;
}
