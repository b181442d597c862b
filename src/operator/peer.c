/* SPDX-License-Identifier: Apache-2.0
 *
 * What ExecuTorch 1.4.1 does with the same node: XNNPACK's name of the operator, and whether a KleidiAI micro-kernel
 * or one of XNNPACK's own runs it. XNNPACK decides by operand types and CPU alone, at the creation of the runtime.
 */
#include <stdio.h>
#include <string.h>

#include "format/xnnpack.h"
#include "operator/operator.h"

/* Oldest extensions for which XNNPACK has a KleidiAI variant. */
#define PEER_SME (CPU_SME | CPU_SME2)
#define PEER_NEON_INT (CPU_DOTPROD | CPU_I8MM)

typedef struct peer_rule {
    mica_operation_kind kind;
    mica_operand_type lhs, rhs, out;
    cpu_features packed;      /* any of these: the packed variant; 0: never */
    const char *packed_types; /* "PF32" */
    const char *types;        /* "F32" */
} peer_rule;

static const peer_rule rules[] = {
    {MICA_FULLY_CONNECTED, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, PEER_SME, "PF32", "F32"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_F32, PEER_SME, "PF32", "F32, F16"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, PEER_SME, "PF16", "F16"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_F16, MICA_OPERAND_F32, MICA_OPERAND_F16, 0, "", "F16"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8, PEER_SME, "PQS8, QC8W",
     "QS8, QC8W"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, 0, "", "QS8"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, PEER_SME | PEER_NEON_INT,
     "QP8, F32, QC8W", "QD8, F32, QC8W"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT4, MICA_OPERAND_F32, CPU_SME2 | PEER_NEON_INT,
     "QP8, F32, QC4W", "QD8, F32, QC4W"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QBINT4, MICA_OPERAND_F32, PEER_NEON_INT,
     "QP8, F32, QB4W", "QD8, F32, QB4W"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F16, 0, "", "QD8, F16, QC8W"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT4, MICA_OPERAND_F16, 0, "", "QD8, F16, QC4W"},
    {MICA_FULLY_CONNECTED, MICA_OPERAND_QDINT8, MICA_OPERAND_QBINT4, MICA_OPERAND_F16, 0, "", "QD8, F16, QB4W"},
    {MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, PEER_SME, "PF32", "F32"},
    {MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, PEER_SME, "PF16", "F16"},
    {MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, PEER_SME | PEER_NEON_INT,
     "QP8, F32, QC8W", "QD8, F32, QC8W"},
    {MICA_BATCH_MATRIX_MULTIPLY, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, 0, "", "QS8"},
    {MICA_CONV_2D, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, PEER_SME, "PF32", "F32"},
    {MICA_CONV_2D, MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_F32, PEER_SME, "PF32", "F32"},
    {MICA_CONV_2D, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, PEER_SME, "PF16", "F16"},
    {MICA_CONV_2D, MICA_OPERAND_F16, MICA_OPERAND_F32, MICA_OPERAND_F16, PEER_SME, "PF16", "F16"},
    {MICA_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8, PEER_SME, "PQS8, QC8W", "QC8"},
    {MICA_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, PEER_SME, "PQS8, QC8W", "QS8"},
    {MICA_CONV_2D, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, 0, "", "QD8, F32, QC8W"},
    {MICA_CONV_2D, MICA_OPERAND_QDINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_F16, 0, "", "QD8, F16, QC8W"},
    {MICA_CONV_TRANSPOSE_2D, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, 0, "", "NHWC, F32"},
    {MICA_CONV_TRANSPOSE_2D, MICA_OPERAND_F16, MICA_OPERAND_F32, MICA_OPERAND_F16, 0, "", "NHWC, F16"},
    {MICA_CONV_TRANSPOSE_2D, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, 0, "", "NHWC, F16"},
    {MICA_CONV_TRANSPOSE_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8, PEER_SME, "NC, PQS8, QC8W",
     "NC, QS8, QC8W"},
    {MICA_CONV_TRANSPOSE_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, PEER_SME, "NC, PQS8, QC8W",
     "NHWC, QS8"},
    {MICA_DEPTHWISE_CONV_2D, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, 0, "", "F32"},
    {MICA_DEPTHWISE_CONV_2D, MICA_OPERAND_F16, MICA_OPERAND_F32, MICA_OPERAND_F16, 0, "", "F16"},
    {MICA_DEPTHWISE_CONV_2D, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, 0, "", "F16"},
    {MICA_DEPTHWISE_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QINT8, 0, "", "QC8"},
    {MICA_DEPTHWISE_CONV_2D, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, 0, "", "QS8"},
};

/* Names of the nodes without a type, or with the width of their elements ("X%d"). */
static const char *const plain_names[MICA_OPERATION_KINDS] = {
    [MICA_ADD] = "Add (ND)",
    [MICA_SUBTRACT] = "Subtract (ND)",
    [MICA_MULTIPLY] = "Multiply (ND)",
    [MICA_DIV] = "Divide (ND)",
    [MICA_MINIMUM] = "Minimum (ND)",
    [MICA_MAXIMUM] = "Maximum (ND)",
    [MICA_PRELU] = "PReLU (ND)",
    [MICA_SIGMOID] = "Sigmoid (NC)",
    [MICA_CLAMP] = "Clamp (NC)",
    [MICA_FLOOR] = "Floor (NC)",
    [MICA_CEILING] = "Ceiling (NC)",
    [MICA_CONVERT] = "Convert (NC)",
    [MICA_SQUARE_ROOT] = "Square Root (NC)",
    [MICA_RECIPROCAL_SQUARE_ROOT] = "Reciprocal Square Root (NC)",
    [MICA_HARDSWISH] = "HardSwish (NC)",
    [MICA_LEAKY_RELU] = "LeakyReLU (NC)",
    [MICA_NEGATE] = "Negate (NC)",
    [MICA_SQUARE] = "Square (NC)",
    [MICA_ELU] = "ELU (NC)",
    [MICA_ABS] = "Abs (NC)",
    [MICA_LOG] = "Log (NC)",
    [MICA_GELU] = "GELU (NC)",
    [MICA_TANH] = "TanH (NC)",
    [MICA_EXP] = "Exp (NC)",
    [MICA_SIN] = "Sine (NC)",
    [MICA_COS] = "Cosine (NC)",
    [MICA_STATIC_RESHAPE] = "Static Reshape (NC)",
    [MICA_STATIC_RESIZE_BILINEAR_2D] = "Resize Bilinear (NHWC)",
    [MICA_STATIC_TRANSPOSE] = "Transpose (ND, X%d)",
    [MICA_STATIC_SLICE] = "Slice (ND, X%d)",
    [MICA_STATIC_CONSTANT_PAD] = "Constant Pad (ND, X%d)",
    [MICA_COPY] = "Copy (NC, X%d)",
    [MICA_CONCATENATE_2] = "Copy (NC, X%d)",
    [MICA_CONCATENATE_3] = "Copy (NC, X%d)",
    [MICA_CONCATENATE_4] = "Copy (NC, X%d)",
    [MICA_CONCATENATE_5] = "Copy (NC, X%d)",
};

static const char *float_name(mica_operand_type type) { return type == MICA_OPERAND_F16 ? "F16" : "F32"; }

/* Rows that a fully connected quantizes inside count as quantized. */
static mica_operand_type lhs_type(const mica_operation *operation) {
    const mica_operand_type type = operation->inputs[0]->type;
    const mica_operand_type rhs =
        operation->input_count > 1 && operation->inputs[1] ? operation->inputs[1]->type : type;
    const bool weights_only = rhs == MICA_OPERAND_QCINT8 || rhs == MICA_OPERAND_QCINT4 || rhs == MICA_OPERAND_QBINT4;
    return weights_only && (type == MICA_OPERAND_F32 || type == MICA_OPERAND_F16) ? MICA_OPERAND_QDINT8 : type;
}

static const peer_rule *rule_of(const mica_operation *operation) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].kind == operation->kind && rules[i].lhs == lhs_type(operation) &&
            rules[i].rhs == operation->inputs[1]->type && rules[i].out == operation->output->type) {
            return &rules[i];
        }
    }
    return NULL;
}

static void gemm_name(const mica_operation *operation, cpu_features features, char *text, size_t size) {
    const peer_rule *const rule = rule_of(operation);
    static const char signed_rows[] = "QD8, F32, ";
    char types[32];
    if (!rule) {
        snprintf(types, sizeof types, "%s", float_name(operation->output->type));
    } else if (features & rule->packed) {
        snprintf(types, sizeof types, "%s", rule->packed_types);
    } else if (features & (CPU_AVXVNNI | CPU_AVX512VNNI) &&
               !strncmp(rule->types, signed_rows, sizeof signed_rows - 1)) {
        /* With VNNI on x86-64 XNNPACK quantizes rows to unsigned values. */
        snprintf(types, sizeof types, "QDU8, F32, %s", rule->types + sizeof signed_rows - 1);
    } else {
        snprintf(types, sizeof types, "%s", rule->types);
    }
    switch (operation->kind) {
    case MICA_FULLY_CONNECTED: {
        const bool dynamic = !operation->inputs[1]->data || (operation->inputs[2] && !operation->inputs[2]->data);
        snprintf(text, size, "%sFully Connected (NC, %s) GEMM", dynamic ? "Dynamic " : "", types);
        return;
    }
    case MICA_BATCH_MATRIX_MULTIPLY: snprintf(text, size, "Batch Matrix Multiply (NC, %s) GEMM", types); return;
    case MICA_CONV_2D:
        if (xnn_is_fully_connected(operation)) {
            const char *const fc = !strcmp(types, "QC8") ? "QS8, QC8W" : types;
            snprintf(text, size, "Fully Connected (NC, %s) GEMM", fc);
        } else {
            snprintf(text, size, "Convolution (NHWC, %s) IGEMM", types);
        }
        return;
    case MICA_CONV_TRANSPOSE_2D: {
        const bool strided = operation->as.window.stride_height > 1 || operation->as.window.stride_width > 1;
        const bool subconv = strided && operation->as.window.groups == 1;
        snprintf(text, size, "Deconvolution (%s) %s", types, subconv ? "Subconv2D" : "IGEMM");
        return;
    }
    default: { /* depthwise: a kernel per multiplier 1, else one group after the other */
        const bool multiplied =
            operation->as.window.group_output_channels != operation->as.window.group_input_channels;
        snprintf(text, size, "Convolution (NHWC, %s) %s", types, multiplied ? "IGEMM" : "DWConv");
    }
    }
}

void op_peer_name(const mica_operation *operation, cpu_features features, char *text, size_t size) {
    const mica_operand_type type = operation->inputs[0]->type;
    const bool int8 = type == MICA_OPERAND_QINT8;
    switch (operation->kind) {
    case MICA_FULLY_CONNECTED:
    case MICA_BATCH_MATRIX_MULTIPLY:
    case MICA_CONV_2D:
    case MICA_CONV_TRANSPOSE_2D:
    case MICA_DEPTHWISE_CONV_2D: gemm_name(operation, features, text, size); return;
    case MICA_SOFTMAX: snprintf(text, size, "Softmax (NC, %s)", float_name(type)); return;
    case MICA_MAX_POOLING_2D: snprintf(text, size, "Max Pooling (NHWC, %s)", int8 ? "S8" : float_name(type)); return;
    case MICA_ARG_MAX_POOLING_2D: snprintf(text, size, "ArgMax Pooling (NHWC, %s)", float_name(type)); return;
    case MICA_AVG_POOLING_2D:
        snprintf(text, size, "Average Pooling (NHWC, %s) %s", float_name(type),
                 operation->as.window.padding_top || operation->as.window.padding_left ? "Pixelwise Average Pooling"
                                                                                       : "Average Pooling");
        return;
    case MICA_GLOBAL_AVG_POOLING_2D: snprintf(text, size, int8 ? "Mean (ND)" : "Mean (ND) Reduce2"); return;
    case MICA_CONVERT:
        if (operation->output->type == MICA_OPERAND_QDINT8) {
            snprintf(text, size, "Convert (NC, %s, QD8)", float_name(type));
            return;
        }
        break;
    default: break;
    }
    const char *const name = (unsigned)operation->kind < MICA_OPERATION_KINDS ? plain_names[operation->kind] : NULL;
    const char *const width = name ? strstr(name, "%d") : NULL;
    if (width) {
        snprintf(text, size, "%.*s%zu)", (int)(width - name), name, 8 * op_element_size(type));
    } else {
        snprintf(text, size, "%s", name ? name : mica_operation_name(operation->kind));
    }
}

void op_peer_choice(const mica_operation *operation, cpu_features features, char *text, size_t size) {
    char name[96];
    op_peer_name(operation, features, name, sizeof name);
    const peer_rule *const rule = operation->input_count > 1 && operation->inputs[1] ? rule_of(operation) : NULL;
    snprintf(text, size, "%s: %s", rule && features & rule->packed ? "KleidiAI" : "XNNPACK", name);
}
