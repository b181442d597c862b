/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/dispatch.h"

#include <stdio.h>

#include "base/half.h"
#include "operator/common.h"
#include "operator/window.h"

/* ---- conditions ---- */

struct facts {
    const mica_operation *operation;
    const mica_operand *lhs, *rhs, *out;
    const op_target *target;
    gemm_variant variant; /* of the row that is looked at */
};

struct condition {
    const char *code;
    bool (*holds)(const struct facts *facts);
    void (*found)(const struct facts *facts, char *text, size_t size);
    const char *remedy;
};

static void found_lhs(const struct facts *facts, char *text, size_t size) {
    char quantization[64];
    operand_quantization(facts->lhs, quantization, sizeof quantization);
    snprintf(text, size, "the activations are %s%s%s", operand_type_name(facts->lhs->type), *quantization ? ", " : "",
             quantization);
}

static void found_rhs(const struct facts *facts, char *text, size_t size) {
    char quantization[64];
    operand_quantization(facts->rhs, quantization, sizeof quantization);
    snprintf(text, size, "the weights are %s%s%s", operand_type_name(facts->rhs->type), *quantization ? ", " : "",
             quantization);
}

static void found_output(const struct facts *facts, char *text, size_t size) {
    snprintf(text, size, "the output is %s", operand_type_name(facts->out->type));
}

static bool lhs_f32(const struct facts *facts) { return facts->lhs->type == MICA_OPERAND_F32; }
static bool lhs_f16(const struct facts *facts) { return facts->lhs->type == MICA_OPERAND_F16; }
static bool lhs_static_int8(const struct facts *facts) { return facts->lhs->type == MICA_OPERAND_QINT8; }

/* Rows quantized at run time: by a convert before, or inside from floats. */
static bool lhs_row_int8(const struct facts *facts) {
    const bool quantized = facts->rhs->type == MICA_OPERAND_QCINT8 || facts->rhs->type == MICA_OPERAND_QCINT4 ||
                           facts->rhs->type == MICA_OPERAND_QBINT4 || facts->rhs->type == MICA_OPERAND_QINT8;
    return facts->lhs->type == MICA_OPERAND_QDINT8 || (quantized && (lhs_f32(facts) || lhs_f16(facts)));
}

static bool rhs_float(const struct facts *facts) {
    return facts->rhs->type == MICA_OPERAND_F32 || facts->rhs->type == MICA_OPERAND_F16;
}
static bool rhs_f32(const struct facts *facts) { return facts->rhs->type == MICA_OPERAND_F32; }
static bool rhs_f16(const struct facts *facts) { return facts->rhs->type == MICA_OPERAND_F16; }
static bool rhs_channel_int8(const struct facts *facts) { return facts->rhs->type == MICA_OPERAND_QCINT8; }
static bool rhs_channel_int4(const struct facts *facts) { return facts->rhs->type == MICA_OPERAND_QCINT4; }
static bool rhs_block_int4(const struct facts *facts) { return facts->rhs->type == MICA_OPERAND_QBINT4; }
static bool rhs_int8(const struct facts *facts) {
    return facts->rhs->type == MICA_OPERAND_QCINT8 ||
           (facts->rhs->type == MICA_OPERAND_QINT8 && facts->rhs->zero_point == 0);
}
static bool out_f32(const struct facts *facts) { return facts->out->type == MICA_OPERAND_F32; }
static bool out_f16(const struct facts *facts) { return facts->out->type == MICA_OPERAND_F16; }
static bool out_int8(const struct facts *facts) { return facts->out->type == MICA_OPERAND_QINT8; }

static bool pointwise(const struct facts *facts) {
    return facts->operation->as.window.kernel_height == 1 && facts->operation->as.window.kernel_width == 1;
}
static void found_filter(const struct facts *facts, char *text, size_t size) {
    snprintf(text, size, "the filter is %u×%u", facts->operation->as.window.kernel_height,
             facts->operation->as.window.kernel_width);
}

static bool single_group(const struct facts *facts) { return facts->operation->as.window.groups == 1; }
static void found_groups(const struct facts *facts, char *text, size_t size) {
    snprintf(text, size, "the convolution has %u groups", facts->operation->as.window.groups);
}

static bool acceleration_on(const struct facts *facts) { return facts->target->kernels == MICA_KERNELS_AUTO; }
static void found_option(const struct facts *facts, char *text, size_t size) {
    snprintf(text, size, "the accelerated path is turned off (%s kernels were asked for)",
             facts->target->kernels == MICA_KERNELS_STANDARD ? "standard" : "reference");
}

/* Rows (pixels) of the product at the declared shape. */
static size_t product_rows(const mica_operation *operation) {
    const mica_operand *const out = operation->output;
    if (operation->kind == MICA_BATCH_MATRIX_MULTIPLY) return out->rank >= 2 ? out->dims[out->rank - 2] : 1;
    size_t rows = 1;
    for (size_t i = 0; i + 1 < out->rank; i++) rows *= out->dims[i];
    return rows;
}

/* Products that are summed for one output. */
static size_t product_depth(const mica_operation *operation) {
    const mica_operand *const lhs = operation->inputs[0];
    if (operation->kind != MICA_CONV_2D) return lhs->rank ? lhs->dims[lhs->rank - 1] : 1;
    return window_depth(operation);
}

static const gemm_kernel_name *predicted(const mica_operation *operation, gemm_variant variant,
                                         const op_target *target) {
    return gemm_predict(variant, target->features, gemm_level_of(target->kernels), product_rows(operation));
}

static bool cpu_has_kernel(const struct facts *facts) {
    if (!acceleration_on(facts)) return true; /* told by another condition */
    const gemm_kernel_name *const kernel = predicted(facts->operation, facts->variant, facts->target);
    return kernel && kernel->needs != 0;
}
static void found_cpu(const struct facts *facts, char *text, size_t size) {
    const cpu_level *const level = cpu_level_of(facts->target->features);
    snprintf(text, size, "no packed micro-kernel of %s runs on %s", gemm_variant_names[facts->variant], level->name);
}

#define FLOAT32 "export the model in float32"
#define FLOAT16 "export the model in float16"
#define DYNAMIC "quantize the activations at run time, per row (dynamic quantization)"
#define STATIC8 "quantize the activations to int8 with a fixed scale (static quantization)"

static const struct condition activations_f32 = {"activations_f32", lhs_f32, found_lhs, FLOAT32};
static const struct condition activations_f16 = {"activations_f16", lhs_f16, found_lhs, FLOAT16};
static const struct condition activations_row_int8 = {"activations_int8_per_row", lhs_row_int8, found_lhs, DYNAMIC};
static const struct condition activations_int8 = {"activations_int8", lhs_static_int8, found_lhs, STATIC8};
static const struct condition weights_float = {"weights_float", rhs_float, found_rhs, "keep the weights in float32"};
static const struct condition weights_f32 = {"weights_f32", rhs_f32, found_rhs, "keep the weights in float32"};
static const struct condition weights_f16 = {"weights_f16", rhs_f16, found_rhs, "export the weights in float16 too"};
static const struct condition weights_channel_int8 = {
    "weights_int8_per_channel", rhs_channel_int8, found_rhs,
    "quantize the weights to int8 per channel instead of per tensor (is_per_channel=True)"};
static const struct condition weights_int8 = {"weights_int8", rhs_int8, found_rhs,
                                              "quantize the weights to symmetric int8, per channel or per tensor"};
static const struct condition weights_channel_int4 = {"weights_int4_per_channel", rhs_channel_int4, found_rhs,
                                                      "quantize the weights to int4 per channel"};
static const struct condition weights_block_int4 = {
    "weights_int4_blockwise", rhs_block_int4, found_rhs,
    "quantize the weights to int4 with a group size that is a multiple of 32 and divides K"};
static const struct condition output_f32 = {
    "output_f32", out_f32, found_output,
    "give the layer float32 activations: float16 outputs have no packed variant"};
static const struct condition output_f16 = {"output_f16", out_f16, found_output, FLOAT16};
static const struct condition output_int8 = {"output_int8", out_int8, found_output,
                                             "let the layer's output be quantized to int8 as well"};
static const struct condition pointwise_filter = {
    "pointwise_filter", pointwise, found_filter,
    "only 1×1 filters have a packed f32 variant; a static int8 convolution takes any filter (pqs8_qc8w_gemm)"};
static const struct condition one_group = {"single_group", single_group, found_groups,
                                           "use groups=1: grouped convolutions have no packed variant"};
static const struct condition acceleration = {"acceleration_on", acceleration_on, found_option,
                                              "run with --kernels auto"};
static const struct condition cpu_kernel = {"cpu", cpu_has_kernel, found_cpu,
                                            "run on a CPU with a packed kernel: AVX2 or better on x86-64; NEON for "
                                            "floats, dotprod for int8 and int4 on AArch64"};

/* ---- variants: the operator table, first match wins ---- */

#define MAX_CONDITIONS 8

struct variant {
    mica_operation_kind kind;
    gemm_variant gemm;
    const struct condition *conditions[MAX_CONDITIONS];
};

static const struct variant variants[] = {
    {MICA_FULLY_CONNECTED, GEMM_PF32, {&activations_f32, &weights_float, &output_f32, &acceleration, &cpu_kernel}},
    {MICA_FULLY_CONNECTED, GEMM_PF16, {&activations_f16, &weights_f16, &output_f16, &acceleration, &cpu_kernel}},
    {MICA_FULLY_CONNECTED,
     GEMM_QP8_F32_QC8W,
     {&activations_row_int8, &weights_channel_int8, &output_f32, &acceleration, &cpu_kernel}},
    {MICA_FULLY_CONNECTED,
     GEMM_QP8_F32_QC4W,
     {&activations_row_int8, &weights_channel_int4, &output_f32, &acceleration, &cpu_kernel}},
    {MICA_FULLY_CONNECTED,
     GEMM_QP8_F32_QB4W,
     {&activations_row_int8, &weights_block_int4, &output_f32, &acceleration, &cpu_kernel}},
    {MICA_FULLY_CONNECTED,
     GEMM_PQS8_QC8W,
     {&activations_int8, &weights_channel_int8, &output_int8, &acceleration, &cpu_kernel}},
    {MICA_CONV_2D,
     GEMM_PF32,
     {&activations_f32, &weights_f32, &output_f32, &pointwise_filter, &one_group, &acceleration, &cpu_kernel}},
    {MICA_CONV_2D,
     GEMM_PQS8_QC8W,
     {&activations_int8, &weights_int8, &output_int8, &one_group, &acceleration, &cpu_kernel}},
    {MICA_BATCH_MATRIX_MULTIPLY,
     GEMM_PF32,
     {&activations_f32, &weights_f32, &output_f32, &acceleration, &cpu_kernel}},
    {MICA_BATCH_MATRIX_MULTIPLY,
     GEMM_PF16,
     {&activations_f16, &weights_f16, &output_f16, &acceleration, &cpu_kernel}},
};

bool dispatch_is_table_kind(mica_operation_kind kind) {
    return kind == MICA_FULLY_CONNECTED || kind == MICA_CONV_2D || kind == MICA_BATCH_MATRIX_MULTIPLY;
}

/* How far a node is from a variant. Other weights count double: a model is made for its weights. */
static size_t distance(const struct variant *variant, const struct facts *facts) {
    size_t sum = 0;
    for (size_t i = 0; i < MAX_CONDITIONS && variant->conditions[i]; i++) {
        if (!variant->conditions[i]->holds(facts)) sum += variant->conditions[i]->found == found_rhs ? 2 : 1;
    }
    return sum;
}

static void tell_failures(const struct variant *variant, const struct facts *facts, op_choice *choice) {
    for (size_t i = 0; i < MAX_CONDITIONS && variant->conditions[i]; i++) {
        const struct condition *const condition = variant->conditions[i];
        if (condition->holds(facts) || choice->reason_count == OP_MAX_REASONS) continue;
        op_reason *const reason = &choice->reasons[choice->reason_count++];
        reason->variant = gemm_variant_names[variant->gemm];
        reason->code = condition->code;
        condition->found(facts, reason->message, sizeof reason->message);
        snprintf(reason->remedy, sizeof reason->remedy, "%s", condition->remedy);
    }
}

mica_status dispatch_choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                            mica_error *error) {
    struct facts facts = {.operation = operation,
                          .lhs = operation->inputs[0],
                          .rhs = operation->inputs[1],
                          .out = operation->output,
                          .target = target};
    gemm_variant arithmetic = GEMM_PF32;
    if (!gemm_variant_of(facts.lhs, facts.rhs, facts.out, &arithmetic)) return op_unsupported(operation, error);
    if (arithmetic != GEMM_PF32 && arithmetic != GEMM_PF16 && product_depth(operation) > GEMM_MAX_INT_K) {
        return error_set(error, MICA_ERROR_UNSUPPORTED, "sums of %zu int8 products do not fit 32 bits (at most %d)",
                         product_depth(operation), GEMM_MAX_INT_K);
    }
    const gemm_kernel_name *const kernel = predicted(operation, arithmetic, target);
    if (!kernel) return op_unsupported(operation, error);
    *choice = (op_choice){.kernel = kernel->name, .needs = kernel->needs};

    size_t nearest = SIZE_MAX;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        if (variants[i].kind != operation->kind) continue;
        facts.variant = variants[i].gemm;
        const size_t away = distance(&variants[i], &facts);
        if (!away) {
            choice->variant = gemm_variant_names[variants[i].gemm];
            choice->accelerated = true;
            choice->row = &variants[i];
            return MICA_OK;
        }
        nearest = min_size(nearest, away);
    }
    choice->variant = target->kernels == MICA_KERNELS_REFERENCE ? "reference" : "standard";
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        if (variants[i].kind != operation->kind) continue;
        facts.variant = variants[i].gemm;
        if (distance(&variants[i], &facts) == nearest) tell_failures(&variants[i], &facts, choice);
    }
    return MICA_OK;
}

void dispatch_plan(const mica_operation *operation, const op_target *target, gemm_plan *plan) {
    gemm_variant_of(operation->inputs[0], operation->inputs[1], operation->output, &plan->variant);
    plan->level = gemm_level_of(target->kernels);
    plan->features = target->features;
    plan->narrow = operation->output->type == MICA_OPERAND_F16 && plan->variant != GEMM_PF16;
    gemm_limits(operation, &plan->limits);
}

void dispatch_bias(const mica_operand *operand, const void *data, size_t n, float *wide, gemm_rhs *rhs) {
    if (operand->type == MICA_OPERAND_F16) {
        for (size_t i = 0; i < n; i++) wide[i] = float_of_f16(((const uint16_t *)data)[i]);
        rhs->bias = wide;
    } else if (operand->type == MICA_OPERAND_F32) {
        rhs->bias = data;
    } else {
        rhs->bias_i32 = data;
    }
}

const char *operand_type_name(mica_operand_type type) {
    switch (type) {
    case MICA_OPERAND_F32: return "f32";
    case MICA_OPERAND_F16: return "f16";
    case MICA_OPERAND_BF16: return "bf16";
    case MICA_OPERAND_QINT8:
    case MICA_OPERAND_QCINT8:
    case MICA_OPERAND_QDINT8: return "int8";
    case MICA_OPERAND_QUINT8: return "uint8";
    case MICA_OPERAND_QINT32:
    case MICA_OPERAND_QCINT32:
    case MICA_OPERAND_INT32: return "int32";
    case MICA_OPERAND_QCINT4:
    case MICA_OPERAND_QBINT4: return "int4";
    }
    return "?";
}

void operand_quantization(const mica_operand *operand, char *text, size_t size) {
    switch (operand->type) {
    case MICA_OPERAND_QINT8:
    case MICA_OPERAND_QUINT8:
    case MICA_OPERAND_QINT32: snprintf(text, size, "per tensor"); break;
    case MICA_OPERAND_QCINT8:
    case MICA_OPERAND_QCINT32:
    case MICA_OPERAND_QCINT4: snprintf(text, size, "per channel"); break;
    case MICA_OPERAND_QDINT8: snprintf(text, size, operand->row_dims > 1 ? "per image" : "per row"); break;
    case MICA_OPERAND_QBINT4: snprintf(text, size, "per block of %zu", operand->block); break;
    default: snprintf(text, size, "%s", "");
    }
}
