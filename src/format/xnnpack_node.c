/* SPDX-License-Identifier: Apache-2.0
 *
 * The nodes of a payload: which operands, which attributes, and whether these agree with each other and with the filter.
 * How operands' shapes fit together is checked where shapes are inferred: they may be smaller at run time.
 */
#include "format/xnnpack_parts.h"

#include <math.h>

#define MAX_EXTENT (1u << 24) /* of windows, strides, paddings: so their products cannot overflow */

typedef struct reader {
    xnn_parts *parts;
    fb_table table; /* the union's member */
    const fb_schema *schema;
    mica_operation *operation;
} reader;

/* Fails about a field of the node's table. */
#define BAD(r, field, ...) XNN_BAD((r)->parts, (r)->table, *(r)->schema, (field), __VA_ARGS__)

static uint32_t number(const reader *r, size_t field) { return fb_u32(r->table, field, 0); }

static mica_status check_extent(const reader *r, size_t field, uint32_t low, uint32_t value) {
    if (value >= low && value <= MAX_EXTENT) return MICA_OK;
    return BAD(r, field, "%u, must be %u to %u", value, low, MAX_EXTENT);
}

/* ---- attributes, by the shape of the table ---- */

/* Padding and window stand first in the tables of convolutions and poolings, stride and dilation next. */
static mica_status read_window(const reader *r) {
    mica_operation *const operation = r->operation;
    operation->as.window.padding_top = number(r, CONV_PADDING_TOP);
    operation->as.window.padding_right = number(r, CONV_PADDING_RIGHT);
    operation->as.window.padding_bottom = number(r, CONV_PADDING_BOTTOM);
    operation->as.window.padding_left = number(r, CONV_PADDING_LEFT);
    operation->as.window.kernel_height = number(r, CONV_KERNEL_HEIGHT);
    operation->as.window.kernel_width = number(r, CONV_KERNEL_WIDTH);
    for (size_t field = CONV_PADDING_TOP; field <= CONV_PADDING_LEFT; field++) {
        TRY(check_extent(r, field, 0, number(r, field)));
    }
    for (size_t field = CONV_KERNEL_HEIGHT; field <= CONV_KERNEL_WIDTH; field++) {
        TRY(check_extent(r, field, 1, number(r, field)));
    }
    return MICA_OK;
}

static mica_status read_steps(const reader *r) {
    TRY(read_window(r));
    r->operation->as.window.stride_height = number(r, CONV_SUBSAMPLING_HEIGHT);
    r->operation->as.window.stride_width = number(r, CONV_SUBSAMPLING_WIDTH);
    r->operation->as.window.dilation_height = number(r, CONV_DILATION_HEIGHT);
    r->operation->as.window.dilation_width = number(r, CONV_DILATION_WIDTH);
    for (size_t field = CONV_SUBSAMPLING_HEIGHT; field <= CONV_DILATION_WIDTH; field++) {
        TRY(check_extent(r, field, 1, number(r, field)));
    }
    return MICA_OK;
}

static mica_status read_pooling(const reader *r) {
    if (r->operation->kind == MICA_MAX_POOLING_2D) return read_steps(r);
    TRY(read_window(r));
    const bool average = r->operation->kind == MICA_AVG_POOLING_2D; /* else windows do not overlap */
    if (average) {
        TRY(check_extent(r, POOLING_STRIDE_HEIGHT, 1, number(r, POOLING_STRIDE_HEIGHT)));
        TRY(check_extent(r, POOLING_STRIDE_WIDTH, 1, number(r, POOLING_STRIDE_WIDTH)));
    }
    r->operation->as.window.stride_height = number(r, average ? POOLING_STRIDE_HEIGHT : POOLING_POOLING_HEIGHT);
    r->operation->as.window.stride_width = number(r, average ? POOLING_STRIDE_WIDTH : POOLING_POOLING_WIDTH);
    r->operation->as.window.dilation_height = 1; /* only maxima are dilated */
    r->operation->as.window.dilation_width = 1;
    return MICA_OK;
}

/* A bias has one dimension, of the output channels; and is quantized along it when it is quantized per channel. */
static mica_status check_bias(const reader *r, size_t field, size_t channels) {
    const mica_operand *const bias = r->operation->inputs[2];
    if (!bias) return MICA_OK;
    if (bias->rank != 1 || bias->dims[0] != channels) {
        return BAD(r, field, "a bias of rank %zu and size %zu where the filter has %zu output channels", bias->rank,
                   bias->rank ? bias->dims[0] : 1, channels);
    }
    return MICA_OK;
}

/* Weights that are quantized per channel are so along the dimension of output channels. */
static mica_status check_channel(const reader *r, size_t field, size_t channel_dim) {
    const mica_operand *const filter = r->operation->inputs[1];
    if ((filter->scales || filter->block_scales) && filter->channel_dim != channel_dim) {
        return BAD(r, field, "a filter quantized along dimension %zu, its output channels are dimension %zu",
                   filter->channel_dim, channel_dim);
    }
    return MICA_OK;
}

static mica_status read_fully_connected(const reader *r) {
    const mica_operand *const filter = r->operation->inputs[1];
    const size_t channel_dim = r->operation->flags & MICA_FLAG_TRANSPOSE_WEIGHTS ? 1 : 0;
    if (filter->rank != 2) {
        return BAD(r, FULLY_CONNECTED_FILTER_ID, "a filter of rank %zu, must be 2", filter->rank);
    }
    TRY(check_channel(r, FULLY_CONNECTED_FILTER_ID, channel_dim));
    return check_bias(r, FULLY_CONNECTED_BIAS_ID, filter->dims[channel_dim]);
}

static mica_status read_convolution(const reader *r) {
    TRY(read_steps(r));
    mica_operation *const operation = r->operation;
    operation->as.window.groups = number(r, CONV_GROUPS);
    operation->as.window.group_input_channels = number(r, CONV_GROUP_INPUT_CHANNELS);
    operation->as.window.group_output_channels = number(r, CONV_GROUP_OUTPUT_CHANNELS);
    operation->as.window.adjustment_height = number(r, CONV_ADJUSTMENT_HEIGHT);
    operation->as.window.adjustment_width = number(r, CONV_ADJUSTMENT_WIDTH);
    for (size_t field = CONV_GROUP_INPUT_CHANNELS; field <= CONV_GROUPS; field++) {
        TRY(check_extent(r, field, 1, number(r, field)));
    }
    for (size_t field = CONV_ADJUSTMENT_HEIGHT; field <= CONV_ADJUSTMENT_WIDTH; field++) {
        TRY(check_extent(r, field, 0, number(r, field)));
    }
    /* [OC, KH, KW, IC / groups]; depthwise [1, KH, KW, OC], one input channel in each group. */
    const mica_operand *const filter = operation->inputs[1];
    const bool depthwise = operation->kind == MICA_DEPTHWISE_CONV_2D;
    const size_t inputs = operation->as.window.group_input_channels;
    const size_t channels = (size_t)operation->as.window.groups * operation->as.window.group_output_channels;
    const size_t expected[4] = {depthwise ? 1 : channels, operation->as.window.kernel_height,
                                operation->as.window.kernel_width, depthwise ? channels : inputs};
    if (depthwise && inputs != 1) {
        return BAD(r, CONV_GROUP_INPUT_CHANNELS, "%zu, must be 1 in a depthwise convolution", inputs);
    }
    if (filter->rank != 4 || memcmp(filter->dims, expected, sizeof expected) != 0) {
        return BAD(r, CONV_FILTER_ID, "the filter's dims are not the %zu x %zu x %zu x %zu of the attributes",
                   expected[0], expected[1], expected[2], expected[3]);
    }
    TRY(check_channel(r, CONV_FILTER_ID, depthwise ? 3 : 0));
    return check_bias(r, CONV_BIAS_ID, channels);
}

/* Attributes with one entry for each dimension of the input: num_dims must say the same. */
static mica_status read_list(const reader *r, size_t field, size_t count, uint32_t *out) {
    const bytes_span list = fb_vector(r->table, field);
    if (list.count != count) return BAD(r, field, "%zu entries for %zu dimensions", list.count, count);
    for (size_t i = 0; i < count; i++) out[i] = span_u32(list, i);
    return MICA_OK;
}

static mica_status check_rank(const reader *r, size_t field) {
    const size_t rank = r->operation->inputs[0]->rank;
    return number(r, field) == rank ? MICA_OK : BAD(r, field, "%u, the input has %zu", number(r, field), rank);
}

static mica_status read_transpose(const reader *r) {
    const size_t rank = r->operation->inputs[0]->rank;
    uint32_t *const perm = r->operation->as.transpose.perm;
    TRY(check_rank(r, TRANSPOSE_NUM_DIMS));
    TRY(read_list(r, TRANSPOSE_PERM, rank, perm));
    uint32_t seen = 0;
    for (size_t i = 0; i < rank; i++) {
        if (perm[i] >= rank || seen >> perm[i] & 1) return BAD(r, TRANSPOSE_PERM, "no permutation of dimensions");
        seen |= 1u << perm[i];
    }
    return MICA_OK;
}

static mica_status read_reshape(const reader *r) {
    const uint32_t rank = number(r, RESHAPE_NUM_DIMS);
    if (rank > MICA_OPERAND_MAX_RANK) return BAD(r, RESHAPE_NUM_DIMS, "%u, at most %d", rank, MICA_OPERAND_MAX_RANK);
    r->operation->as.reshape.rank = rank;
    TRY(read_list(r, RESHAPE_NEW_SHAPE, rank, r->operation->as.reshape.dims));
    size_t inferred = 0;
    for (size_t i = 0; i < rank; i++) inferred += r->operation->as.reshape.dims[i] == 0;
    return inferred <= 1 ? MICA_OK : BAD(r, RESHAPE_NEW_SHAPE, "%zu dimensions are to be inferred", inferred);
}

static mica_status read_slice(const reader *r) {
    const size_t rank = r->operation->inputs[0]->rank;
    uint32_t offsets[MICA_OPERAND_MAX_RANK];
    TRY(check_rank(r, SLICE_NUM_DIMS));
    TRY(read_list(r, SLICE_OFFSETS, rank, offsets));
    TRY(read_list(r, SLICE_SIZES, rank, r->operation->as.slice.sizes));
    for (size_t i = 0; i < rank; i++) {
        r->operation->as.slice.offsets[i] = (int32_t)offsets[i]; /* below zero: from the end */
        if (r->operation->as.slice.sizes[i] > INT32_MAX) return BAD(r, SLICE_SIZES, "[%zu] is out of range", i);
    }
    return MICA_OK;
}

static mica_status read_pad(const reader *r) {
    const size_t rank = r->operation->inputs[0]->rank;
    TRY(read_list(r, PAD_PRE_PADDINGS, rank, r->operation->as.pad.before));
    TRY(read_list(r, PAD_POST_PADDINGS, rank, r->operation->as.pad.after));
    for (size_t i = 0; i < rank; i++) {
        TRY(check_extent(r, PAD_PRE_PADDINGS, 0, r->operation->as.pad.before[i]));
        TRY(check_extent(r, PAD_POST_PADDINGS, 0, r->operation->as.pad.after[i]));
    }
    r->operation->as.pad.value = fb_f32(r->table, PAD_PADDING_VALUE, 0);
    return MICA_OK;
}

static mica_status read_resize(const reader *r) {
    r->operation->as.resize.height = number(r, RESIZE_NEW_HEIGHT);
    r->operation->as.resize.width = number(r, RESIZE_NEW_WIDTH);
    TRY(check_extent(r, RESIZE_NEW_HEIGHT, 1, number(r, RESIZE_NEW_HEIGHT)));
    return check_extent(r, RESIZE_NEW_WIDTH, 1, number(r, RESIZE_NEW_WIDTH));
}

static mica_status read_concatenate(const reader *r) {
    const uint32_t axis = number(r, CAT_AXIS);
    r->operation->as.axis = axis;
    if (axis < r->operation->inputs[0]->rank) return MICA_OK;
    return BAD(r, CAT_AXIS, "%u of %zu dimensions", axis, r->operation->inputs[0]->rank);
}

static mica_status read_slope(const reader *r) {
    r->operation->as.slope = fb_f32(r->table, LEAKY_RELU_NEGATIVE_SLOPE, 0); /* or ELU_ALPHA: both stand first */
    return MICA_OK;
}

/* ---- kinds of nodes ---- */

/* How the attributes of a table are read (NULL: it has none). */
typedef struct shape {
    xnn_shape table;
    mica_status (*read)(const reader *r);
} shape;

/* clang-format off */
static const shape unary = {{&xnn_node_1x1_schema, {NODE_1X1_INPUT_ID}, NODE_1X1_OUTPUT_ID, NODE_1X1_FLAGS}, NULL};
static const shape binary = {{&xnn_node_2x1_schema, {NODE_2X1_INPUT1_ID, NODE_2X1_INPUT2_ID}, NODE_2X1_OUTPUT_ID,
    NODE_2X1_FLAGS}, NULL};
static const shape concatenate = {{&xnn_cat_schema, {CAT_INPUT1_ID, CAT_INPUT2_ID, CAT_INPUT3_ID, CAT_INPUT4_ID,
    CAT_INPUT5_ID}, CAT_OUTPUT_ID, CAT_FLAGS}, read_concatenate};
static const shape fully_connected = {{&xnn_fully_connected_schema, {FULLY_CONNECTED_INPUT1_ID,
    FULLY_CONNECTED_FILTER_ID, FULLY_CONNECTED_BIAS_ID}, FULLY_CONNECTED_OUTPUT_ID, FULLY_CONNECTED_FLAGS},
    read_fully_connected};
static const shape convolution = {{&xnn_conv_schema, {CONV_INPUT1_ID, CONV_FILTER_ID, CONV_BIAS_ID}, CONV_OUTPUT_ID,
    CONV_FLAGS}, read_convolution};
static const shape pooling = {{&xnn_pooling_schema, {POOLING_INPUT_ID}, POOLING_OUTPUT_ID, POOLING_FLAGS}, read_pooling};
static const shape arg_max = {{&xnn_arg_max_pooling_schema, {ARG_MAX_POOLING_INPUT_ID}, ARG_MAX_POOLING_OUTPUT_VALUE_ID,
    ARG_MAX_POOLING_FLAGS}, read_pooling};
static const shape transpose = {{&xnn_transpose_schema, {TRANSPOSE_INPUT_ID}, TRANSPOSE_OUTPUT_ID, TRANSPOSE_FLAGS},
    read_transpose};
static const shape reshape = {{&xnn_reshape_schema, {RESHAPE_INPUT_ID}, RESHAPE_OUTPUT_ID, RESHAPE_FLAGS}, read_reshape};
static const shape slice = {{&xnn_slice_schema, {SLICE_INPUT_ID}, SLICE_OUTPUT_ID, SLICE_FLAGS}, read_slice};
static const shape pad = {{&xnn_pad_schema, {PAD_INPUT_ID}, PAD_OUTPUT_ID, PAD_FLAGS}, read_pad};
static const shape resize = {{&xnn_resize_schema, {RESIZE_INPUT_ID}, RESIZE_OUTPUT_ID, RESIZE_FLAGS}, read_resize};
static const shape leaky_relu = {{&xnn_leaky_relu_schema, {LEAKY_RELU_INPUT_ID}, LEAKY_RELU_OUTPUT_ID, LEAKY_RELU_FLAGS},
    read_slope};
static const shape elu = {{&xnn_elu_schema, {ELU_INPUT_ID}, ELU_OUTPUT_ID, ELU_FLAGS}, read_slope};

#define TYPE(type) (1u << MICA_OPERAND_##type)
#define FLOATS (TYPE(F32) | TYPE(F16) | TYPE(BF16))
#define VALUES (FLOATS | TYPE(QINT8) | TYPE(QUINT8) | TYPE(INT32)) /* what any node may read and write */
#define FILTERS (FLOATS | TYPE(QINT8) | TYPE(QUINT8) | TYPE(QCINT8) | TYPE(QCINT4) | TYPE(QBINT4))
#define BIASES (FLOATS | TYPE(QINT32) | TYPE(QCINT32))
#define ROWS TYPE(QDINT8)

typedef struct node_kind {
    const shape *shape; /* NULL: the kind is not supported */
    uint8_t inputs;
    bool clamps;        /* output_min_max is obeyed */
    bool filters;       /* inputs are values or rows, then a filter, then perhaps a bias */
    uint32_t flags;     /* known ones */
} node_kind;

#define KEEP MICA_FLAG_KEEP_DIMS
static const node_kind kinds[MICA_OPERATION_KINDS] = {
    [MICA_ADD] = {&binary, 2, true, false, 0},
    [MICA_FULLY_CONNECTED] = {&fully_connected, 3, true, true, MICA_FLAG_TRANSPOSE_WEIGHTS},
    [MICA_SOFTMAX] = {&unary, 1, false, false, 0},
    [MICA_SIGMOID] = {&unary, 1, false, false, 0},
    [MICA_STATIC_TRANSPOSE] = {&transpose, 1, false, false, 0},
    [MICA_CLAMP] = {&unary, 1, true, false, 0},
    [MICA_CONV_2D] = {&convolution, 3, true, true, 0},
    [MICA_DIV] = {&binary, 2, true, false, 0},
    [MICA_STATIC_RESIZE_BILINEAR_2D] = {&resize, 1, false, false, MICA_FLAG_ALIGN_CORNERS},
    [MICA_STATIC_CONSTANT_PAD] = {&pad, 1, false, false, 0},
    [MICA_AVG_POOLING_2D] = {&pooling, 1, true, false, KEEP},
    [MICA_MINIMUM] = {&binary, 2, false, false, 0},
    [MICA_DEPTHWISE_CONV_2D] = {&convolution, 3, true, true, 0},
    [MICA_MAX_POOLING_2D] = {&pooling, 1, true, false, KEEP},
    [MICA_MULTIPLY] = {&binary, 2, true, false, 0},
    [MICA_SUBTRACT] = {&binary, 2, true, false, 0},
    [MICA_FLOOR] = {&unary, 1, false, false, 0},
    [MICA_CONVERT] = {&unary, 1, false, false, 0},
    [MICA_GLOBAL_AVG_POOLING_2D] = {&unary, 1, true, false, KEEP},
    [MICA_STATIC_RESHAPE] = {&reshape, 1, false, false, 0},
    [MICA_ARG_MAX_POOLING_2D] = {&arg_max, 1, false, false, KEEP},
    [MICA_SQUARE_ROOT] = {&unary, 1, false, false, 0},
    [MICA_CEILING] = {&unary, 1, false, false, 0},
    [MICA_HARDSWISH] = {&unary, 1, false, false, 0},
    [MICA_LEAKY_RELU] = {&leaky_relu, 1, false, false, 0},
    [MICA_MAXIMUM] = {&binary, 2, false, false, 0},
    [MICA_NEGATE] = {&unary, 1, false, false, 0},
    [MICA_SQUARE] = {&unary, 1, false, false, 0},
    [MICA_ELU] = {&elu, 1, false, false, 0},
    [MICA_ABS] = {&unary, 1, false, false, 0},
    [MICA_PRELU] = {&binary, 2, false, false, 0},
    [MICA_CONCATENATE_2] = {&concatenate, 2, false, false, 0},
    [MICA_CONCATENATE_3] = {&concatenate, 3, false, false, 0},
    [MICA_CONCATENATE_4] = {&concatenate, 4, false, false, 0},
    [MICA_STATIC_SLICE] = {&slice, 1, false, false, 0},
    [MICA_BATCH_MATRIX_MULTIPLY] = {&binary, 2, false, false, MICA_FLAG_TRANSPOSE_WEIGHTS},
    [MICA_CONCATENATE_5] = {&concatenate, 5, false, false, 0},
    [MICA_CONV_TRANSPOSE_2D] = {&convolution, 3, true, true, 0},
    [MICA_RECIPROCAL_SQUARE_ROOT] = {&unary, 1, false, false, 0},
    [MICA_LOG] = {&unary, 1, false, false, 0},
    [MICA_GELU] = {&unary, 1, false, false, 0},
    [MICA_TANH] = {&unary, 1, false, false, 0},
    [MICA_EXP] = {&unary, 1, false, false, 0},
    [MICA_SIN] = {&unary, 1, false, false, 0},
    [MICA_COPY] = {&unary, 1, false, false, 0},
    [MICA_COS] = {&unary, 1, false, false, 0},
};
/* clang-format on */

const xnn_shape *xnn_shape_of(mica_operation_kind kind) {
    return kind < MICA_OPERATION_KINDS && kinds[kind].shape ? &kinds[kind].shape->table : NULL;
}

/* The value of an id that `field` holds, of one of `types`. */
static mica_status find_value(const reader *r, size_t field, uint32_t types, uint32_t *out) {
    const uint32_t id = number(r, field);
    const size_t count = fb_vector(r->parts->root, XGRAPH_XVALUES).count;
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (r->parts->ids[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == count || r->parts->ids[low].id != id) return BAD(r, field, "no value has the id %u", id);
    const uint32_t value = r->parts->ids[low].value;
    const mica_operand_type type = r->parts->values[value].operand.type;
    if (!(types >> type & 1))
        return BAD(r, field, "id %u is of a value of type %d, which cannot stand here", id, (int)type);
    *out = value;
    return MICA_OK;
}

/* Types of input `i`: rows quantized at run time are made by Convert and read by what has a filter, nothing else. */
static uint32_t input_types(const node_kind *kind, size_t i) {
    if (!kind->filters) return VALUES;
    return i == 0 ? VALUES | ROWS : i == 1 ? FILTERS : BIASES;
}

static mica_status read_operands(const reader *r, const node_kind *kind, xnn_node *node) {
    mica_operation *const operation = r->operation;
    operation->input_count = kind->inputs;
    for (size_t i = 0; i < kind->inputs; i++) {
        const size_t field = kind->shape->table.inputs[i];
        node->inputs[i] = XNN_INVALID_ID;
        if (kind->filters && i == 2 && number(r, field) == XNN_INVALID_ID) continue; /* no bias */
        TRY(find_value(r, field, input_types(kind, i), &node->inputs[i]));
        operation->inputs[i] = &r->parts->values[node->inputs[i]].operand;
    }
    const uint32_t types = operation->kind == MICA_CONVERT ? VALUES | ROWS : VALUES;
    TRY(find_value(r, kind->shape->table.output, types, &node->output));
    operation->output = &r->parts->values[node->output].operand;
    node->second_output = XNN_INVALID_ID;
    if (operation->kind == MICA_ARG_MAX_POOLING_2D) {
        TRY(find_value(r, ARG_MAX_POOLING_OUTPUT_INDEX_ID, TYPE(INT32), &node->second_output));
        xnn_value *const indices = &r->parts->values[node->second_output];
        indices->is_long_index = indices->is_output;
    }
    return MICA_OK;
}

static mica_status read_clamp(const reader *r, const node_kind *kind, fb_table node) {
    r->operation->output_min = -INFINITY;
    r->operation->output_max = INFINITY;
    const fb_table clamp = fb_child(node, XNODE_OUTPUT_MIN_MAX);
    if (!clamp.at || !kind->clamps) return MICA_OK;
    const float low = fb_f32(clamp, OUTPUT_MIN, 0), high = fb_f32(clamp, OUTPUT_MAX, 0);
    if (!(low <= high)) {
        const mica_status status =
            XNN_BAD(r->parts, clamp, xnn_clamp_schema, OUTPUT_MIN, "clamp from %g to %g", (double)low, (double)high);
        return fb_in(r->parts->error, status, "output_min_max");
    }
    r->operation->output_min = low;
    r->operation->output_max = high;
    return MICA_OK;
}

static mica_status read_content(const reader *r, const node_kind *kind, xnn_node *node) {
    r->operation->flags = number(r, kind->shape->table.flags);
    if (r->operation->flags & ~kind->flags) {
        return fb_bad(r->parts->error, MICA_ERROR_UNSUPPORTED, r->parts->payload, r->table, r->schema,
                      kind->shape->table.flags, "%u, only %u is known", r->operation->flags, kind->flags);
    }
    TRY(read_operands(r, kind, node));
    return kind->shape->read ? kind->shape->read(r) : MICA_OK;
}

static mica_status read_node(xnn_parts *parts, fb_table table, xnn_node *node) {
    const uint8_t type = fb_u8(table, XNODE_TYPE, 0);
    const node_kind *const kind = &kinds[type]; /* a verified tag is a known one */
    if (type == 0) return XNN_BAD(parts, table, xnn_node_schema, XNODE_UNION, "absent");
    if (!kind->shape) {
        return fb_bad(parts->error, MICA_ERROR_UNSUPPORTED, parts->payload, table, &xnn_node_schema, XNODE_TYPE,
                      "nodes of type %u are not supported", type);
    }
    const reader r = {parts, fb_child(table, XNODE_UNION), kind->shape->table.schema, &node->operation};
    if (!r.table.at) return XNN_BAD(parts, table, xnn_node_schema, XNODE_UNION, "absent");
    node->operation.kind = (mica_operation_kind)type;
    node->debug_handle = fb_u32(table, XNODE_DEBUG_HANDLE, 0);
    TRY(read_clamp(&r, kind, table));
    const mica_status status = read_content(&r, kind, node);
    return status ? fb_in(parts->error, status, "xnode_union") : MICA_OK;
}

mica_status xnn_read_nodes(xnn_parts *parts) {
    const bytes_span tables = fb_vector(parts->root, XGRAPH_XNODES);
    for (size_t i = 0; i < tables.count; i++) {
        const mica_status status = read_node(parts, fb_at(tables, i), &parts->nodes[parts->graph->node_count++]);
        if (status) return fb_in(parts->error, status, "xnodes[%zu]", i);
    }
    return MICA_OK;
}
