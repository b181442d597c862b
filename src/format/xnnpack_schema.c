/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xnnpack_schema.h"

#include "mica/operator.h"

/* ---- constants and values ---- */

static const fb_field buffer_fields[] = {{.name = "storage", .kind = FB_U8, .vector = true, .align = 16}};
const fb_schema xnn_buffer_schema = FB_SCHEMA("Buffer", buffer_fields);

static const fb_field constant_fields[] = {
    [XCONSTANT_OFFSET] = FB_SCALAR("offset", FB_U64),
    [XCONSTANT_SIZE] = FB_SCALAR("size", FB_U64),
    [XCONSTANT_NAMED_KEY] = FB_TEXT("named_key"),
};
const fb_schema xnn_constant_schema = FB_SCHEMA("ConstantDataOffset", constant_fields);

static const fb_field tensor_fields[] = {
    [XTENSOR_DATATYPE] = FB_SCALAR("datatype", FB_I16),
    [XTENSOR_NUM_DIMS] = FB_SCALAR("num_dims", FB_U32),
    [XTENSOR_DIMS] = FB_SCALARS("dims", FB_U32),
    [XTENSOR_CONSTANT_BUFFER_IDX] = FB_SCALAR("constant_buffer_idx", FB_U32),
    [XTENSOR_EXTERNAL_ID] = FB_SCALAR("external_id", FB_U32),
    [XTENSOR_FLAGS] = FB_SCALAR("flags", FB_U32),
    [XTENSOR_ID_OUT] = FB_SCALAR("id_out", FB_U32),
    [XTENSOR_DQ_DATATYPE] = FB_SCALAR("dq_datatype", FB_I16),
};
const fb_schema xnn_tensor_schema = FB_SCHEMA("XNNTensorValue", tensor_fields);

static const fb_field per_tensor_fields[] = {
    [PER_TENSOR_SCALE] = FB_SCALAR("scale", FB_F32),
    [PER_TENSOR_ZERO_POINT] = FB_SCALAR("zero_point", FB_I32),
};
const fb_schema xnn_per_tensor_schema = FB_SCHEMA("PerTensorQuant", per_tensor_fields);

static const fb_field per_channel_fields[] = {
    [PER_CHANNEL_SCALE] = FB_SCALARS("scale", FB_F32),
    [PER_CHANNEL_CHANNEL_DIM] = FB_SCALAR("channel_dim", FB_I32),
    [PER_CHANNEL_SCALE_BUFFER_IDX] = FB_SCALAR("scale_buffer_idx", FB_U32),
    [PER_CHANNEL_NUM_SCALES] = FB_SCALAR("num_scales", FB_U32),
};
const fb_schema xnn_per_channel_schema = FB_SCHEMA("PerChannelQuant", per_channel_fields);

static const fb_field per_token_fields[] = {
    [PER_TOKEN_NUM_NONBATCH_DIMS] = FB_SCALAR("num_nonbatch_dims", FB_I32),
};
const fb_schema xnn_per_token_schema = FB_SCHEMA("PerTokenDynamicQuant", per_token_fields);

static const fb_field per_group_fields[] = {
    [PER_GROUP_SCALE] = FB_SCALARS("scale", FB_F32),
    [PER_GROUP_CHANNEL_DIM] = FB_SCALAR("channel_dim", FB_I32),
    [PER_GROUP_GROUP_SIZE] = FB_SCALAR("group_size", FB_I32),
    [PER_GROUP_DEPRECATED] = FB_UNREAD,
    [PER_GROUP_SCALE_BUFFER_IDX] = FB_SCALAR("scale_buffer_idx", FB_U32),
    [PER_GROUP_NUM_SCALES] = FB_SCALAR("num_scales", FB_U32),
};
const fb_schema xnn_per_group_schema = FB_SCHEMA("PerChannelGroupQuant", per_group_fields);

static const fb_schema *const quant_params[] = {
    [1] = &xnn_per_channel_schema,
    [2] = &xnn_per_tensor_schema,
    [3] = &xnn_per_token_schema,
    [4] = &xnn_per_group_schema,
};
static const fb_field quantized_fields[] = {
    [XQUANTIZED_TENSOR_VALUE] = {.name = "tensor_value",
                                 .kind = FB_TABLE,
                                 .table = &xnn_tensor_schema,
                                 .required = true},
    [XQUANTIZED_PARAMS_TYPE] = FB_SCALAR("quant_params_type", FB_U8),
    [XQUANTIZED_PARAMS] = FB_CHOICE("quant_params", quant_params),
};
const fb_schema xnn_quantized_schema = FB_SCHEMA("XNNQuantizedTensorValue", quantized_fields);

static const fb_schema *const value_types[] = {
    [1] = &xnn_tensor_schema,
    [2] = &xnn_quantized_schema,
};
static const fb_field value_fields[] = {
    [XVALUE_TYPE] = FB_SCALAR("xvalue_union_type", FB_U8),
    [XVALUE_VALUE] = FB_CHOICE("xvalue_union", value_types),
};
const fb_schema xnn_value_schema = FB_SCHEMA("XValue", value_fields);

/* ---- nodes, by the shape of their tables ---- */

static const fb_field node_1x1_fields[] = {
    [NODE_1X1_INPUT_ID] = FB_SCALAR("input_id", FB_U32),
    [NODE_1X1_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [NODE_1X1_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_node_1x1_schema = FB_SCHEMA("Node1x1", node_1x1_fields);

static const fb_field node_2x1_fields[] = {
    [NODE_2X1_INPUT1_ID] = FB_SCALAR("input1_id", FB_U32),
    [NODE_2X1_INPUT2_ID] = FB_SCALAR("input2_id", FB_U32),
    [NODE_2X1_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [NODE_2X1_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_node_2x1_schema = FB_SCHEMA("Node2x1", node_2x1_fields);

static const fb_field cat_fields[] = {
    [CAT_AXIS] = FB_SCALAR("axis", FB_U32),           [CAT_INPUT1_ID] = FB_SCALAR("input1_id", FB_U32),
    [CAT_INPUT2_ID] = FB_SCALAR("input2_id", FB_U32), [CAT_INPUT3_ID] = FB_SCALAR("input3_id", FB_U32),
    [CAT_INPUT4_ID] = FB_SCALAR("input4_id", FB_U32), [CAT_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [CAT_FLAGS] = FB_SCALAR("flags", FB_U32),         [CAT_INPUT5_ID] = FB_SCALAR("input5_id", FB_U32),
};
const fb_schema xnn_cat_schema = FB_SCHEMA("NodeConcat", cat_fields);

static const fb_field fully_connected_fields[] = {
    [FULLY_CONNECTED_INPUT1_ID] = FB_SCALAR("input1_id", FB_U32),
    [FULLY_CONNECTED_FILTER_ID] = FB_SCALAR("filter_id", FB_U32),
    [FULLY_CONNECTED_BIAS_ID] = FB_SCALAR("bias_id", FB_U32),
    [FULLY_CONNECTED_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [FULLY_CONNECTED_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_fully_connected_schema = FB_SCHEMA("XNNFullyConnected", fully_connected_fields);

static const fb_field conv_fields[] = {
    [CONV_PADDING_TOP] = FB_SCALAR("padding_top", FB_U32),
    [CONV_PADDING_RIGHT] = FB_SCALAR("padding_right", FB_U32),
    [CONV_PADDING_BOTTOM] = FB_SCALAR("padding_bottom", FB_U32),
    [CONV_PADDING_LEFT] = FB_SCALAR("padding_left", FB_U32),
    [CONV_KERNEL_HEIGHT] = FB_SCALAR("kernel_height", FB_U32),
    [CONV_KERNEL_WIDTH] = FB_SCALAR("kernel_width", FB_U32),
    [CONV_SUBSAMPLING_HEIGHT] = FB_SCALAR("subsampling_height", FB_U32),
    [CONV_SUBSAMPLING_WIDTH] = FB_SCALAR("subsampling_width", FB_U32),
    [CONV_DILATION_HEIGHT] = FB_SCALAR("dilation_height", FB_U32),
    [CONV_DILATION_WIDTH] = FB_SCALAR("dilation_width", FB_U32),
    [CONV_GROUP_INPUT_CHANNELS] = FB_SCALAR("group_input_channels", FB_U32),
    [CONV_GROUP_OUTPUT_CHANNELS] = FB_SCALAR("group_output_channels", FB_U32),
    [CONV_GROUPS] = FB_SCALAR("groups", FB_U32),
    [CONV_ADJUSTMENT_HEIGHT] = FB_SCALAR("adjustment_height", FB_U32),
    [CONV_ADJUSTMENT_WIDTH] = FB_SCALAR("adjustment_width", FB_U32),
    [CONV_INPUT1_ID] = FB_SCALAR("input1_id", FB_U32),
    [CONV_FILTER_ID] = FB_SCALAR("filter_id", FB_U32),
    [CONV_BIAS_ID] = FB_SCALAR("bias_id", FB_U32),
    [CONV_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [CONV_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_conv_schema = FB_SCHEMA("NodeConv", conv_fields);

static const fb_field pooling_fields[] = {
    [POOLING_PADDING_TOP] = FB_SCALAR("padding_top", FB_U32),
    [POOLING_PADDING_RIGHT] = FB_SCALAR("padding_right", FB_U32),
    [POOLING_PADDING_BOTTOM] = FB_SCALAR("padding_bottom", FB_U32),
    [POOLING_PADDING_LEFT] = FB_SCALAR("padding_left", FB_U32),
    [POOLING_POOLING_HEIGHT] = FB_SCALAR("pooling_height", FB_U32),
    [POOLING_POOLING_WIDTH] = FB_SCALAR("pooling_width", FB_U32),
    [POOLING_STRIDE_HEIGHT] = FB_SCALAR("stride_height", FB_U32),
    [POOLING_STRIDE_WIDTH] = FB_SCALAR("stride_width", FB_U32),
    [POOLING_DILATION_HEIGHT] = FB_SCALAR("dilation_height", FB_U32),
    [POOLING_DILATION_WIDTH] = FB_SCALAR("dilation_width", FB_U32),
    [POOLING_INPUT_ID] = FB_SCALAR("input_id", FB_U32),
    [POOLING_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [POOLING_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_pooling_schema = FB_SCHEMA("Node2DPooling", pooling_fields);

static const fb_field arg_max_pooling_fields[] = {
    [ARG_MAX_POOLING_PADDING_TOP] = FB_SCALAR("padding_top", FB_U32),
    [ARG_MAX_POOLING_PADDING_RIGHT] = FB_SCALAR("padding_right", FB_U32),
    [ARG_MAX_POOLING_PADDING_BOTTOM] = FB_SCALAR("padding_bottom", FB_U32),
    [ARG_MAX_POOLING_PADDING_LEFT] = FB_SCALAR("padding_left", FB_U32),
    [ARG_MAX_POOLING_POOLING_HEIGHT] = FB_SCALAR("pooling_height", FB_U32),
    [ARG_MAX_POOLING_POOLING_WIDTH] = FB_SCALAR("pooling_width", FB_U32),
    [ARG_MAX_POOLING_INPUT_ID] = FB_SCALAR("input_id", FB_U32),
    [ARG_MAX_POOLING_OUTPUT_VALUE_ID] = FB_SCALAR("output_value_id", FB_U32),
    [ARG_MAX_POOLING_OUTPUT_INDEX_ID] = FB_SCALAR("output_index_id", FB_U32),
    [ARG_MAX_POOLING_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_arg_max_pooling_schema = FB_SCHEMA("XNNArgMaxPooling2d", arg_max_pooling_fields);

static const fb_field transpose_fields[] = {
    [TRANSPOSE_NUM_DIMS] = FB_SCALAR("num_dims", FB_U32), [TRANSPOSE_PERM] = FB_SCALARS("perm", FB_U32),
    [TRANSPOSE_INPUT_ID] = FB_SCALAR("input_id", FB_U32), [TRANSPOSE_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [TRANSPOSE_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_transpose_schema = FB_SCHEMA("XNNStaticTranspose", transpose_fields);

static const fb_field reshape_fields[] = {
    [RESHAPE_NUM_DIMS] = FB_SCALAR("num_dims", FB_U32), [RESHAPE_NEW_SHAPE] = FB_SCALARS("new_shape", FB_U32),
    [RESHAPE_INPUT_ID] = FB_SCALAR("input_id", FB_U32), [RESHAPE_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [RESHAPE_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_reshape_schema = FB_SCHEMA("XNNStaticReshape", reshape_fields);

static const fb_field slice_fields[] = {
    [SLICE_NUM_DIMS] = FB_SCALAR("num_dims", FB_U32),   [SLICE_OFFSETS] = FB_SCALARS("offsets", FB_U32),
    [SLICE_SIZES] = FB_SCALARS("sizes", FB_U32),        [SLICE_INPUT_ID] = FB_SCALAR("input_id", FB_U32),
    [SLICE_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32), [SLICE_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_slice_schema = FB_SCHEMA("XNNStaticSlice", slice_fields);

static const fb_field pad_fields[] = {
    [PAD_PRE_PADDINGS] = FB_SCALARS("pre_paddings", FB_U32),
    [PAD_POST_PADDINGS] = FB_SCALARS("post_paddings", FB_U32),
    [PAD_PADDING_VALUE] = FB_SCALAR("padding_value", FB_F32),
    [PAD_INPUT_ID] = FB_SCALAR("input_id", FB_U32),
    [PAD_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [PAD_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_pad_schema = FB_SCHEMA("XNNStaticConstantPad", pad_fields);

static const fb_field resize_fields[] = {
    [RESIZE_NEW_HEIGHT] = FB_SCALAR("new_height", FB_U32), [RESIZE_NEW_WIDTH] = FB_SCALAR("new_width", FB_U32),
    [RESIZE_INPUT_ID] = FB_SCALAR("input_id", FB_U32),     [RESIZE_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [RESIZE_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_resize_schema = FB_SCHEMA("XNNStaticResizeBilinear2D", resize_fields);

static const fb_field leaky_relu_fields[] = {
    [LEAKY_RELU_NEGATIVE_SLOPE] = FB_SCALAR("negative_slope", FB_F32),
    [LEAKY_RELU_INPUT_ID] = FB_SCALAR("input_id", FB_U32),
    [LEAKY_RELU_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [LEAKY_RELU_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_leaky_relu_schema = FB_SCHEMA("XNNLeakyReLU", leaky_relu_fields);

static const fb_field elu_fields[] = {
    [ELU_ALPHA] = FB_SCALAR("alpha", FB_F32),
    [ELU_INPUT_ID] = FB_SCALAR("input_id", FB_U32),
    [ELU_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [ELU_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_elu_schema = FB_SCHEMA("XNNELU", elu_fields);

static const fb_field attention_fields[] = {
    [ATTENTION_QUERY_ID] = FB_SCALAR("query_id", FB_U32), [ATTENTION_KEY_ID] = FB_SCALAR("key_id", FB_U32),
    [ATTENTION_VALUE_ID] = FB_SCALAR("value_id", FB_U32), [ATTENTION_SCALE_ID] = FB_SCALAR("scale_id", FB_U32),
    [ATTENTION_MASK_ID] = FB_SCALAR("mask_id", FB_U32),   [ATTENTION_OUTPUT_ID] = FB_SCALAR("output_id", FB_U32),
    [ATTENTION_FLAGS] = FB_SCALAR("flags", FB_U32),
};
const fb_schema xnn_attention_schema = FB_SCHEMA("XNNScaledDotProductAttention", attention_fields);

static const fb_schema *const node_types[] = {
    [MICA_ADD] = &xnn_node_2x1_schema,
    [MICA_FULLY_CONNECTED] = &xnn_fully_connected_schema,
    [MICA_SOFTMAX] = &xnn_node_1x1_schema,
    [MICA_SIGMOID] = &xnn_node_1x1_schema,
    [MICA_STATIC_TRANSPOSE] = &xnn_transpose_schema,
    [MICA_CLAMP] = &xnn_node_1x1_schema,
    [MICA_CONV_2D] = &xnn_conv_schema,
    [MICA_DIV] = &xnn_node_2x1_schema,
    [MICA_STATIC_RESIZE_BILINEAR_2D] = &xnn_resize_schema,
    [MICA_STATIC_CONSTANT_PAD] = &xnn_pad_schema,
    [MICA_AVG_POOLING_2D] = &xnn_pooling_schema,
    [MICA_MINIMUM] = &xnn_node_2x1_schema,
    [MICA_DEPTHWISE_CONV_2D] = &xnn_conv_schema,
    [MICA_MAX_POOLING_2D] = &xnn_pooling_schema,
    [MICA_MULTIPLY] = &xnn_node_2x1_schema,
    [MICA_SUBTRACT] = &xnn_node_2x1_schema,
    [MICA_FLOOR] = &xnn_node_1x1_schema,
    [MICA_CONVERT] = &xnn_node_1x1_schema,
    [MICA_GLOBAL_AVG_POOLING_2D] = &xnn_node_1x1_schema,
    [MICA_STATIC_RESHAPE] = &xnn_reshape_schema,
    [MICA_ARG_MAX_POOLING_2D] = &xnn_arg_max_pooling_schema,
    [MICA_SQUARE_ROOT] = &xnn_node_1x1_schema,
    [MICA_CEILING] = &xnn_node_1x1_schema,
    [MICA_HARDSWISH] = &xnn_node_1x1_schema,
    [MICA_LEAKY_RELU] = &xnn_leaky_relu_schema,
    [MICA_MAXIMUM] = &xnn_node_2x1_schema,
    [MICA_NEGATE] = &xnn_node_1x1_schema,
    [MICA_SQUARE] = &xnn_node_1x1_schema,
    [MICA_ELU] = &xnn_elu_schema,
    [MICA_ABS] = &xnn_node_1x1_schema,
    [MICA_PRELU] = &xnn_node_2x1_schema,
    [MICA_CONCATENATE_2] = &xnn_cat_schema,
    [MICA_CONCATENATE_3] = &xnn_cat_schema,
    [MICA_CONCATENATE_4] = &xnn_cat_schema,
    [MICA_STATIC_SLICE] = &xnn_slice_schema,
    [MICA_SCALED_DOT_PRODUCT_ATTENTION] = &xnn_attention_schema,
    [MICA_BATCH_MATRIX_MULTIPLY] = &xnn_node_2x1_schema,
    [MICA_CONCATENATE_5] = &xnn_cat_schema,
    [MICA_CONV_TRANSPOSE_2D] = &xnn_conv_schema,
    [MICA_RECIPROCAL_SQUARE_ROOT] = &xnn_node_1x1_schema,
    [MICA_LOG] = &xnn_node_1x1_schema,
    [MICA_GELU] = &xnn_node_1x1_schema,
    [MICA_TANH] = &xnn_node_1x1_schema,
    [MICA_EXP] = &xnn_node_1x1_schema,
    [MICA_SIN] = &xnn_node_1x1_schema,
    [MICA_COPY] = &xnn_node_1x1_schema,
    [MICA_COS] = &xnn_node_1x1_schema,
};
static const fb_field clamp_fields[] = {
    [OUTPUT_MIN] = FB_SCALAR("output_min", FB_F32),
    [OUTPUT_MAX] = FB_SCALAR("output_max", FB_F32),
};
const fb_schema xnn_clamp_schema = FB_SCHEMA("OutputMinMax", clamp_fields);

static const fb_field node_fields[] = {
    [XNODE_TYPE] = FB_SCALAR("xnode_union_type", FB_U8),
    [XNODE_UNION] = FB_CHOICE("xnode_union", node_types),
    [XNODE_DEBUG_HANDLE] = FB_SCALAR("debug_handle", FB_U32),
    [XNODE_OUTPUT_MIN_MAX] = FB_CHILD("output_min_max", &xnn_clamp_schema),
};
const fb_schema xnn_node_schema = FB_SCHEMA("XNode", node_fields);

/* ---- graph ---- */

static const fb_field graph_fields[] = {
    [XGRAPH_VERSION] = FB_TEXT("version"),
    [XGRAPH_XNODES] = FB_CHILDREN("xnodes", &xnn_node_schema),
    [XGRAPH_XVALUES] = FB_CHILDREN("xvalues", &xnn_value_schema),
    [XGRAPH_NUM_EXTERNS] = FB_SCALAR("num_externs", FB_U32),
    [XGRAPH_INPUT_IDS] = FB_SCALARS("input_ids", FB_U32),
    [XGRAPH_OUTPUT_IDS] = FB_SCALARS("output_ids", FB_U32),
    [XGRAPH_CONSTANT_BUFFER] = FB_CHILDREN("constant_buffer", &xnn_buffer_schema),
    [XGRAPH_MEM_BUFFER_SIZES] = FB_SCALARS("mem_buffer_sizes", FB_U32),
    [XGRAPH_CONSTANT_DATA] = FB_CHILDREN("constant_data", &xnn_constant_schema),
};
const fb_schema xnn_graph_schema = FB_SCHEMA("XNNGraph", graph_fields);
