/* SPDX-License-Identifier: Apache-2.0
 *
 * One operator alone: the micro-kernels without any model.
 *
 * An operation is a description: what kind of node, its operands' types, shapes and quantization, its attributes.
 * It is what a delegate's payload says of a node, so the numbers of kinds and types are the payload's.
 * Layouts: images are NHWC; convolution filters [OC, KH, KW, IC/groups], depthwise [1, KH, KW, OC].
 */
#ifndef MICA_OPERATOR_H
#define MICA_OPERATOR_H

#include "mica/context.h"
#include "mica/explain.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MICA_OPERAND_MAX_RANK 6
#define MICA_OPERATION_MAX_INPUTS 5

typedef enum mica_operand_type {
    MICA_OPERAND_F32 = 1,
    MICA_OPERAND_F16 = 2,
    MICA_OPERAND_QINT8 = 3,   /* int8, one scale and zero point */
    MICA_OPERAND_QUINT8 = 4,
    MICA_OPERAND_QINT32 = 5,  /* int32 bias, one scale */
    MICA_OPERAND_QCINT8 = 6,  /* int8, a scale per channel, symmetric */
    MICA_OPERAND_QCINT32 = 7, /* int32 bias, a scale per channel */
    MICA_OPERAND_QCINT4 = 8,  /* nibbles (low nibble: even k), value = nibble − 8, a scale per channel */
    MICA_OPERAND_QDINT8 = 9,  /* int8, scale and zero point per row, found at run time */
    MICA_OPERAND_QBINT4 = 10, /* nibbles as QCINT4, a bf16 scale per channel and block of k */
    MICA_OPERAND_INT32 = 12,
    MICA_OPERAND_BF16 = 14
} mica_operand_type;

typedef struct mica_operand {
    mica_operand_type type;
    size_t rank; /* ≤ MICA_OPERAND_MAX_RANK */
    size_t dims[MICA_OPERAND_MAX_RANK]; /* upper bounds where shapes are dynamic */
    const void *data; /* constants, borrowed, dense; NULL: given at run time */

    float scale;        /* QINT8, QUINT8, QINT32 */
    int32_t zero_point; /* QINT8, QUINT8; nibble types: 8 */

    const float *scales; /* QCINT8, QCINT32, QCINT4: one per channel, along dims[channel_dim] */
    size_t channel_dim;
    const uint16_t *block_scales; /* QBINT4: bf16, [channel][k / block] */
    size_t block;                 /* QBINT4: elements of k per scale */
    size_t row_dims;              /* QDINT8: how many trailing dims make one row */
} mica_operand;

typedef enum mica_operation_kind {
    MICA_ADD = 1, MICA_FULLY_CONNECTED = 2, MICA_SOFTMAX = 3, MICA_SIGMOID = 4, MICA_STATIC_TRANSPOSE = 5,
    MICA_CLAMP = 6, MICA_CONV_2D = 7, MICA_DIV = 8, MICA_STATIC_RESIZE_BILINEAR_2D = 9, MICA_STATIC_CONSTANT_PAD = 10,
    MICA_AVG_POOLING_2D = 11, MICA_MINIMUM = 12, MICA_DEPTHWISE_CONV_2D = 13, MICA_MAX_POOLING_2D = 14,
    MICA_MULTIPLY = 15, MICA_SUBTRACT = 16, MICA_FLOOR = 17, MICA_CONVERT = 18, MICA_GLOBAL_AVG_POOLING_2D = 19,
    MICA_STATIC_RESHAPE = 20, MICA_ARG_MAX_POOLING_2D = 21, MICA_SQUARE_ROOT = 22, MICA_CEILING = 23,
    MICA_HARDSWISH = 24, MICA_LEAKY_RELU = 25, MICA_MAXIMUM = 26, MICA_NEGATE = 27, MICA_SQUARE = 28, MICA_ELU = 29,
    MICA_ABS = 30, MICA_PRELU = 31, MICA_CONCATENATE_2 = 32, MICA_CONCATENATE_3 = 33, MICA_CONCATENATE_4 = 34,
    MICA_STATIC_SLICE = 35, MICA_SCALED_DOT_PRODUCT_ATTENTION = 36, MICA_BATCH_MATRIX_MULTIPLY = 37,
    MICA_CONCATENATE_5 = 38, MICA_CONV_TRANSPOSE_2D = 39, MICA_RECIPROCAL_SQUARE_ROOT = 40, MICA_LOG = 41,
    MICA_GELU = 42, MICA_TANH = 43, MICA_EXP = 44, MICA_SIN = 45, MICA_COPY = 46, MICA_COS = 47
} mica_operation_kind;
#define MICA_OPERATION_KINDS 48 /* one past the largest */

enum {
    MICA_FLAG_TRANSPOSE_WEIGHTS = 1, /* fully connected: the filter is [K, N]; batch matmul: the right operand is [N, K] */
    MICA_FLAG_ALIGN_CORNERS = 8,     /* resize bilinear */
    MICA_FLAG_KEEP_DIMS = 64
};

typedef struct mica_operation {
    mica_operation_kind kind;
    uint32_t flags;
    float output_min, output_max; /* clamp of the result in real values; −inf, +inf: none */
    size_t input_count;
    const mica_operand *inputs[MICA_OPERATION_MAX_INPUTS]; /* in the payload's order; a missing bias is NULL */
    const mica_operand *output;
    union {
        struct {
            uint32_t padding_top, padding_right, padding_bottom, padding_left;
            uint32_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
            uint32_t groups, group_input_channels, group_output_channels; /* convolutions */
            uint32_t adjustment_height, adjustment_width;                 /* transposed: output padding */
        } window; /* convolutions and pooling; for pooling the kernel is the pool */
        struct {
            uint32_t perm[MICA_OPERAND_MAX_RANK];
        } transpose; /* out.dims[i] = in.dims[perm[i]] */
        struct {
            uint32_t rank, dims[MICA_OPERAND_MAX_RANK]; /* at most one 0: inferred */
        } reshape;
        struct {
            int32_t offsets[MICA_OPERAND_MAX_RANK];
            uint32_t sizes[MICA_OPERAND_MAX_RANK]; /* 0: to the end */
        } slice;
        struct {
            uint32_t before[MICA_OPERAND_MAX_RANK], after[MICA_OPERAND_MAX_RANK];
            float value;
        } pad;
        struct {
            uint32_t height, width;
        } resize;
        uint32_t axis;      /* concatenate */
        float slope;        /* leaky relu: negative slope; elu: alpha */
    } as;
} mica_operation;

/* ---- running one ---- */

typedef struct mica_operator mica_operator;

/* Chooses the kernel for the context's CPU and options, packs constant operands, plans for the operands' dims.
 * Constant data may be released afterwards unless mica_operator_borrows says otherwise.
 * Errors: ARGUMENT, SHAPE (operands that do not fit together), TYPE, UNSUPPORTED, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_operator_create(mica_context *context, const mica_operation *operation,
                                                        mica_operator **op);
MICA_API void mica_operator_destroy(mica_operator *op); /* NULL is fine */
MICA_API bool mica_operator_borrows(const mica_operator *op); /* constants are read at run time */

/* Other dims for the run-time operands, within the declared ones, in input order (NULL: as before); gives the output's.
 * Errors: SHAPE, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_operator_reshape(mica_operator *op,
                                                         const size_t *const dims[MICA_OPERATION_MAX_INPUTS],
                                                         size_t output_dims[MICA_OPERAND_MAX_RANK]);

/* Runs: inputs[i] is the memory of operand i (ignored for constants), dense, borrowed for the call. QDINT8
 * operands cannot cross this call: give a FULLY_CONNECTED of dynamic quantization f32 or f16 rows with
 * inputs[0]->type F32 or F16 and int8 or int4 weights, and it quantizes each row itself. */
MICA_API MICA_MUST_USE mica_status mica_operator_run(mica_operator *op,
                                                     const void *const inputs[MICA_OPERATION_MAX_INPUTS],
                                                     void *output);

/* What runs and why; owned by the operator. */
MICA_API const mica_node_report *mica_operator_report(const mica_operator *op);

/* "FullyConnected"; "?" for an unknown kind. */
MICA_API const char *mica_operation_name(mica_operation_kind kind);

#ifdef __cplusplus
}
#endif
#endif
