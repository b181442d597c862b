/* SPDX-License-Identifier: Apache-2.0 */
#include "author/operators.h"

#include <math.h>

#define UNARY(target) {(target), {"self"}, NULL, false}
#define BINARY(target) {(target), {"self", "other"}, NULL, false}
#define WEIGHTED(target) {(target), {"input", "weight", "bias"}, NULL, true}
#define CONCATENATE {"aten.cat.default", {NULL}, "tensors", false}

static const struct torch_operator operators[MICA_OPERATION_KINDS] = {
    [MICA_ADD] = BINARY("aten.add.Tensor"),
    [MICA_FULLY_CONNECTED] = WEIGHTED("aten.linear.default"),
    [MICA_SOFTMAX] = UNARY("aten._softmax.default"),
    [MICA_SIGMOID] = UNARY("aten.sigmoid.default"),
    [MICA_STATIC_TRANSPOSE] = UNARY("aten.permute_copy.default"),
    [MICA_CLAMP] = UNARY("aten.hardtanh.default"),
    [MICA_CONV_2D] = WEIGHTED("aten.convolution.default"),
    [MICA_DIV] = BINARY("aten.div.Tensor"),
    [MICA_STATIC_RESIZE_BILINEAR_2D] = {"aten.upsample_bilinear2d.vec", {"input"}, NULL, false},
    [MICA_STATIC_CONSTANT_PAD] = UNARY("aten.constant_pad_nd.default"),
    [MICA_AVG_POOLING_2D] = UNARY("aten.avg_pool2d.default"),
    [MICA_MINIMUM] = BINARY("aten.minimum.default"),
    [MICA_DEPTHWISE_CONV_2D] = WEIGHTED("aten.convolution.default"),
    [MICA_MAX_POOLING_2D] = UNARY("aten.max_pool2d.default"),
    [MICA_MULTIPLY] = BINARY("aten.mul.Tensor"),
    [MICA_SUBTRACT] = BINARY("aten.sub.Tensor"),
    [MICA_FLOOR] = UNARY("aten.floor.default"),
    [MICA_GLOBAL_AVG_POOLING_2D] = UNARY("aten.mean.dim"),
    [MICA_STATIC_RESHAPE] = UNARY("aten.view_copy.default"),
    [MICA_ARG_MAX_POOLING_2D] = UNARY("aten.max.dim"),
    [MICA_SQUARE_ROOT] = UNARY("aten.sqrt.default"),
    [MICA_CEILING] = UNARY("aten.ceil.default"),
    [MICA_HARDSWISH] = UNARY("aten.hardswish.default"),
    [MICA_LEAKY_RELU] = UNARY("aten.leaky_relu.default"),
    [MICA_MAXIMUM] = BINARY("aten.maximum.default"),
    [MICA_NEGATE] = UNARY("aten.neg.default"),
    [MICA_SQUARE] = UNARY("aten.square.default"),
    [MICA_ELU] = UNARY("aten.elu.default"),
    [MICA_ABS] = UNARY("aten.abs.default"),
    [MICA_PRELU] = {"aten._prelu_kernel.default", {"self", "weight"}, NULL, false},
    [MICA_CONCATENATE_2] = CONCATENATE,
    [MICA_CONCATENATE_3] = CONCATENATE,
    [MICA_CONCATENATE_4] = CONCATENATE,
    [MICA_CONCATENATE_5] = CONCATENATE,
    [MICA_STATIC_SLICE] = UNARY("aten.slice_copy.Tensor"),
    [MICA_BATCH_MATRIX_MULTIPLY] = {"aten.bmm.default", {"self", "mat2"}, NULL, false},
    [MICA_CONV_TRANSPOSE_2D] = WEIGHTED("aten.convolution.default"),
    [MICA_RECIPROCAL_SQUARE_ROOT] = UNARY("aten.rsqrt.default"),
    [MICA_LOG] = UNARY("aten.log.default"),
    [MICA_GELU] = UNARY("aten.gelu.default"),
    [MICA_TANH] = UNARY("aten.tanh.default"),
    [MICA_EXP] = UNARY("aten.exp.default"),
    [MICA_SIN] = UNARY("aten.sin.default"),
    [MICA_COPY] = UNARY("aten.clone.default"),
    [MICA_COS] = UNARY("aten.cos.default"),
};

/* What the exporter makes of torch.matmul. */
static const struct torch_operator plain_product = {"aten.mm.default", {"self", "mat2"}, NULL, false};
static const struct torch_operator wide_product = BINARY("aten.matmul.default");
static const struct torch_operator relu = UNARY("aten.relu.default");

const struct torch_operator *torch_operator_of(const mica_operation *operation) {
    if (operation->kind == MICA_BATCH_MATRIX_MULTIPLY && operation->output->rank == 2) return &plain_product;
    if (operation->kind == MICA_BATCH_MATRIX_MULTIPLY && operation->output->rank > 3) return &wide_product;
    if (operation->kind == MICA_CLAMP && operation->output_min == 0 && isinf(operation->output_max)) return &relu;
    return &operators[operation->kind];
}

static void window_attributes(struct edge *edge, const mica_operation *o) {
    const size_t kernel[] = {o->as.window.kernel_height, o->as.window.kernel_width};
    const size_t stride[] = {o->as.window.stride_height, o->as.window.stride_width};
    const size_t padding[] = {o->as.window.padding_top, o->as.window.padding_left};
    const size_t dilation[] = {o->as.window.dilation_height, o->as.window.dilation_width};
    const size_t adjustment[] = {o->as.window.adjustment_height, o->as.window.adjustment_width};
    if (o->kind == MICA_MAX_POOLING_2D || o->kind == MICA_AVG_POOLING_2D) {
        edge_ints(edge, "kernel_size", kernel, 2);
        edge_ints(edge, "stride", stride, 2);
        edge_ints(edge, "padding", padding, 2);
        if (o->kind == MICA_MAX_POOLING_2D) edge_ints(edge, "dilation", dilation, 2);
        return;
    }
    edge_ints(edge, "stride", stride, 2);
    edge_ints(edge, "padding", padding, 2);
    edge_ints(edge, "dilation", dilation, 2);
    edge_truth(edge, "transposed", o->kind == MICA_CONV_TRANSPOSE_2D);
    edge_ints(edge, "output_padding", adjustment, 2);
    edge_int(edge, "groups", o->as.window.groups);
}

void torch_attributes(struct edge *edge, const mica_operation *o, const edge_value *output, bool image) {
    static const size_t extents[] = {2, 3};
    static const uint8_t nchw[] = {0, 2, 3, 1}; /* of the dimensions in NHWC */
    size_t items[MICA_OPERAND_MAX_RANK];
    switch (o->kind) {
    case MICA_CONV_2D:
    case MICA_DEPTHWISE_CONV_2D:
    case MICA_CONV_TRANSPOSE_2D:
    case MICA_MAX_POOLING_2D:
    case MICA_AVG_POOLING_2D: window_attributes(edge, o); break;
    case MICA_GLOBAL_AVG_POOLING_2D:
        edge_ints(edge, "dim", extents, 2);
        edge_truth(edge, "keepdim", o->flags & MICA_FLAG_KEEP_DIMS);
        break;
    case MICA_SOFTMAX:
        edge_int(edge, "dim", (int64_t)output->rank - 1);
        edge_truth(edge, "half_to_float", false);
        break;
    case MICA_CLAMP:
        if (torch_operator_of(o) == &relu) break;
        edge_real(edge, "min_val", (double)o->output_min);
        edge_real(edge, "max_val", (double)o->output_max);
        break;
    case MICA_STATIC_RESHAPE: edge_ints(edge, "size", output->dims, output->rank); break;
    case MICA_STATIC_TRANSPOSE:
        for (size_t i = 0; i < output->rank; i++) items[i] = o->as.transpose.perm[i];
        edge_ints(edge, "dims", items, output->rank);
        break;
    case MICA_CONCATENATE_2:
    case MICA_CONCATENATE_3:
    case MICA_CONCATENATE_4:
    case MICA_CONCATENATE_5: edge_int(edge, "dim", image ? nchw[o->as.axis] : o->as.axis); break;
    case MICA_STATIC_RESIZE_BILINEAR_2D:
        edge_ints(edge, "output_size", output->dims + 2, 2);
        edge_truth(edge, "align_corners", o->flags & MICA_FLAG_ALIGN_CORNERS);
        break;
    case MICA_ARG_MAX_POOLING_2D:
        edge_int(edge, "dim", o->as.window.kernel_height > 1 ? 2 : 3);
        edge_truth(edge, "keepdim", true);
        break;
    case MICA_LEAKY_RELU: edge_real(edge, "negative_slope", (double)o->as.slope); break;
    case MICA_ELU: edge_real(edge, "alpha", (double)o->as.slope); break;
    default: break;
    }
}
