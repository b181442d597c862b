/* SPDX-License-Identifier: Apache-2.0 */
#include "format/xnnpack_write.h"

#include <math.h>
#include <stdio.h>

#include "base/sha256.h"
#include "flatbuf/build.h"
#include "format/text.h"
#include "format/xnnpack_parts.h"

#define HEADER_SIZE 32
#define PAYLOAD_ALIGNMENT 16
#define SCALE_PREFIX "scale_"
#define KEY_TEXT (sizeof SCALE_PREFIX + SHA256_TEXT)

typedef struct writer {
    struct fb_builder b;
    const xnn_graph *graph;
    struct arena *arena;
    fb_ref *constants; /* the first is a placeholder: index 0 means no constant */
    size_t constant_count;
    pte_named_data *named;
    size_t named_count;
    mica_error *error;
} writer;

/* ---- constants ---- */

/* The index of a new entry for `size` bytes at `data`. */
static mica_status add_constant(writer *w, const char *prefix, const void *data, size_t size, uint32_t *index) {
    void *memory = NULL;
    TRY(arena_allocate(w->arena, KEY_TEXT, &memory, w->error));
    char *const key = memory, digest[SHA256_TEXT];
    sha256_text(data, size, digest);
    snprintf(key, KEY_TEXT, "%s%s", prefix, digest);
    w->named[w->named_count++] = (pte_named_data){key, data, size};
    const fb_ref text = fb_build_string(&w->b, key);
    fb_begin(&w->b, &xnn_constant_schema);
    fb_set_int(&w->b, XCONSTANT_OFFSET, -1);
    fb_set_int(&w->b, XCONSTANT_SIZE, (int64_t)size);
    fb_set_ref(&w->b, XCONSTANT_NAMED_KEY, text);
    *index = (uint32_t)w->constant_count;
    w->constants[w->constant_count++] = fb_end(&w->b);
    return MICA_OK;
}

static void add_placeholder(writer *w) {
    const fb_ref text = fb_build_string(&w->b, "");
    fb_begin(&w->b, &xnn_constant_schema);
    fb_set_ref(&w->b, XCONSTANT_NAMED_KEY, text);
    w->constants[w->constant_count++] = fb_end(&w->b);
}

/* Named data sorted, each key once. */
static void sort_named(writer *w) {
    text_sort(w->named, w->named_count, sizeof *w->named);
    size_t kept = 0;
    for (size_t i = 0; i < w->named_count; i++) {
        if (kept == 0 || strcmp(w->named[kept - 1].key, w->named[i].key) != 0) w->named[kept++] = w->named[i];
    }
    w->named_count = kept;
}

/* ---- values ---- */

static mica_status write_per_channel(writer *w, const mica_operand *operand, fb_ref *out) {
    const size_t count = operand->dims[operand->channel_dim];
    uint32_t index = 0;
    TRY(add_constant(w, SCALE_PREFIX, operand->scales, count * sizeof *operand->scales, &index));
    const fb_ref none = fb_build_scalars(&w->b, &xnn_per_channel_schema, PER_CHANNEL_SCALE, NULL, 0);
    fb_begin(&w->b, &xnn_per_channel_schema);
    fb_set_ref(&w->b, PER_CHANNEL_SCALE, none);
    fb_set_int(&w->b, PER_CHANNEL_CHANNEL_DIM, (int64_t)operand->channel_dim);
    fb_set_int(&w->b, PER_CHANNEL_SCALE_BUFFER_IDX, index);
    fb_set_int(&w->b, PER_CHANNEL_NUM_SCALES, (int64_t)count);
    *out = fb_end(&w->b);
    return MICA_OK;
}

static mica_status write_per_group(writer *w, const mica_operand *operand, fb_ref *out) {
    const size_t count = operand->dims[0] * (operand->dims[1] / operand->block);
    uint32_t index = 0;
    TRY(add_constant(w, SCALE_PREFIX, operand->block_scales, count * sizeof *operand->block_scales, &index));
    const fb_ref none = fb_build_scalars(&w->b, &xnn_per_group_schema, PER_GROUP_SCALE, NULL, 0);
    fb_begin(&w->b, &xnn_per_group_schema);
    fb_set_ref(&w->b, PER_GROUP_SCALE, none);
    fb_set_int(&w->b, PER_GROUP_CHANNEL_DIM, (int64_t)operand->channel_dim);
    fb_set_int(&w->b, PER_GROUP_GROUP_SIZE, (int64_t)operand->block);
    fb_set_int(&w->b, PER_GROUP_SCALE_BUFFER_IDX, index);
    fb_set_int(&w->b, PER_GROUP_NUM_SCALES, (int64_t)count);
    *out = fb_end(&w->b);
    return MICA_OK;
}

static mica_status write_per_tensor(writer *w, const mica_operand *operand, fb_ref *out) {
    fb_begin(&w->b, &xnn_per_tensor_schema);
    fb_set_real(&w->b, PER_TENSOR_SCALE, (double)operand->scale);
    fb_set_int(&w->b, PER_TENSOR_ZERO_POINT, operand->zero_point);
    *out = fb_end(&w->b);
    return MICA_OK;
}

static mica_status write_per_token(writer *w, const mica_operand *operand, fb_ref *out) {
    fb_begin(&w->b, &xnn_per_token_schema);
    fb_set_int(&w->b, PER_TOKEN_NUM_NONBATCH_DIMS, (int64_t)operand->row_dims);
    *out = fb_end(&w->b);
    return MICA_OK;
}

static fb_ref write_tensor(writer *w, uint32_t id, uint32_t constant) {
    const xnn_value *const value = &w->graph->values[id];
    uint32_t dims[MICA_OPERAND_MAX_RANK];
    for (size_t i = 0; i < value->operand.rank; i++) dims[i] = (uint32_t)value->operand.dims[i];
    const fb_ref list = fb_build_scalars(&w->b, &xnn_tensor_schema, XTENSOR_DIMS, dims, value->operand.rank);
    const uint32_t input = value->is_input ? XTENSOR_FLAG_INPUT : 0,
                   output = value->is_output ? XTENSOR_FLAG_OUTPUT : 0;
    fb_begin(&w->b, &xnn_tensor_schema);
    fb_set_int(&w->b, XTENSOR_DATATYPE, value->operand.type);
    fb_set_int(&w->b, XTENSOR_NUM_DIMS, (int64_t)value->operand.rank);
    fb_set_ref(&w->b, XTENSOR_DIMS, list);
    fb_set_int(&w->b, XTENSOR_CONSTANT_BUFFER_IDX, constant);
    fb_set_int(&w->b, XTENSOR_EXTERNAL_ID, value->external);
    fb_set_int(&w->b, XTENSOR_FLAGS, input | output);
    fb_set_int(&w->b, XTENSOR_ID_OUT, id);
    return fb_end(&w->b);
}

static mica_status write_value(writer *w, uint32_t id, fb_ref *out) {
    static mica_status (*const writers[])(writer *w, const mica_operand *operand, fb_ref *out) = {
        [QUANT_PER_CHANNEL] = write_per_channel,
        [QUANT_PER_TENSOR] = write_per_tensor,
        [QUANT_PER_TOKEN] = write_per_token,
        [QUANT_PER_GROUP] = write_per_group,
    };
    const mica_operand *const operand = &w->graph->values[id].operand;
    const uint8_t quantization = xnn_quantization_of(operand->type);
    uint32_t constant = 0;
    fb_ref params = 0;
    if (operand->data) TRY(add_constant(w, "", operand->data, xnn_operand_bytes(operand), &constant));
    if (quantization != QUANT_NONE) TRY(writers[quantization](w, operand, &params));
    fb_ref content = write_tensor(w, id, constant);
    if (params) {
        fb_begin(&w->b, &xnn_quantized_schema);
        fb_set_ref(&w->b, XQUANTIZED_TENSOR_VALUE, content);
        fb_set_int(&w->b, XQUANTIZED_PARAMS_TYPE, quantization);
        fb_set_ref(&w->b, XQUANTIZED_PARAMS, params);
        content = fb_end(&w->b);
    }
    fb_begin(&w->b, &xnn_value_schema);
    fb_set_int(&w->b, XVALUE_TYPE, params ? XVALUE_QUANTIZED : XVALUE_PLAIN);
    fb_set_ref(&w->b, XVALUE_VALUE, content);
    *out = fb_end(&w->b);
    return MICA_OK;
}

/* ---- nodes ---- */

/* Attributes of one node: lists are built before its table begins, then all fields set. */
static void set_numbers(writer *w, size_t first, const uint32_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) fb_set_int(&w->b, first + i, numbers[i]);
}

/* Tables of convolutions and poolings begin alike. */
static void set_window(writer *w, const mica_operation *operation) {
    const uint32_t numbers[] = {
        operation->as.window.padding_top,    operation->as.window.padding_right, operation->as.window.padding_bottom,
        operation->as.window.padding_left,   operation->as.window.kernel_height, operation->as.window.kernel_width,
        operation->as.window.stride_height,  operation->as.window.stride_width,  operation->as.window.dilation_height,
        operation->as.window.dilation_width,
    };
    const bool indices = operation->kind == MICA_ARG_MAX_POOLING_2D; /* windows side by side: no strides */
    set_numbers(w, CONV_PADDING_TOP, numbers, indices ? 6 : 10);
}

static void set_convolution(writer *w, const mica_operation *operation) {
    const uint32_t numbers[] = {operation->as.window.group_input_channels, operation->as.window.group_output_channels,
                                operation->as.window.groups, operation->as.window.adjustment_height,
                                operation->as.window.adjustment_width};
    set_window(w, operation);
    set_numbers(w, CONV_GROUP_INPUT_CHANNELS, numbers, 5);
}

static void set_resize(writer *w, const mica_operation *operation) {
    fb_set_int(&w->b, RESIZE_NEW_HEIGHT, operation->as.resize.height);
    fb_set_int(&w->b, RESIZE_NEW_WIDTH, operation->as.resize.width);
}

static void set_slope(writer *w, const mica_operation *operation) {
    fb_set_real(&w->b, LEAKY_RELU_NEGATIVE_SLOPE, (double)operation->as.slope); /* or ELU_ALPHA: both stand first */
}

static void set_concatenate(writer *w, const mica_operation *operation) {
    static const uint8_t optional[] = {CAT_INPUT3_ID, CAT_INPUT4_ID, CAT_INPUT5_ID};
    for (size_t i = 0; i < sizeof optional; i++) fb_set_int(&w->b, optional[i], XNN_INVALID_ID);
    fb_set_int(&w->b, CAT_AXIS, operation->as.axis);
}

static void set_pad(writer *w, const mica_operation *operation) {
    fb_set_real(&w->b, PAD_PADDING_VALUE, (double)operation->as.pad.value);
}

static const struct attributes {
    const fb_schema *schema;
    void (*set)(writer *w, const mica_operation *operation);
} attributes[] = {
    {&xnn_conv_schema, set_convolution},       {&xnn_pooling_schema, set_window},
    {&xnn_arg_max_pooling_schema, set_window}, {&xnn_resize_schema, set_resize},
    {&xnn_leaky_relu_schema, set_slope},       {&xnn_elu_schema, set_slope},
    {&xnn_cat_schema, set_concatenate},        {&xnn_pad_schema, set_pad},
};

/* A node's lists: one entry for each dimension. */
typedef struct node_lists {
    struct list {
        size_t field;
        const void *items;
    } items[2];
    size_t count, dims;
    int dims_field; /* which says how many there are; −1: none */
} node_lists;

static node_lists lists_of(const mica_operation *operation) {
    const size_t rank = operation->inputs[0]->rank;
    switch (operation->kind) {
    case MICA_STATIC_TRANSPOSE:
        return (node_lists){{{TRANSPOSE_PERM, operation->as.transpose.perm}}, 1, rank, TRANSPOSE_NUM_DIMS};
    case MICA_STATIC_RESHAPE:
        return (node_lists){
            {{RESHAPE_NEW_SHAPE, operation->as.reshape.dims}}, 1, operation->as.reshape.rank, RESHAPE_NUM_DIMS};
    case MICA_STATIC_SLICE:
        return (node_lists){{{SLICE_OFFSETS, operation->as.slice.offsets}, {SLICE_SIZES, operation->as.slice.sizes}},
                            2,
                            rank,
                            SLICE_NUM_DIMS};
    case MICA_STATIC_CONSTANT_PAD:
        return (node_lists){
            {{PAD_PRE_PADDINGS, operation->as.pad.before}, {PAD_POST_PADDINGS, operation->as.pad.after}},
            2,
            rank,
            -1};
    default: return (node_lists){.dims_field = -1};
    }
}

static fb_ref write_clamp(writer *w, const mica_operation *operation) {
    if (operation->output_min == -INFINITY && operation->output_max == INFINITY) return 0;
    fb_begin(&w->b, &xnn_clamp_schema);
    fb_set_real(&w->b, OUTPUT_MIN, (double)operation->output_min);
    fb_set_real(&w->b, OUTPUT_MAX, (double)operation->output_max);
    return fb_end(&w->b);
}

static mica_status write_node(writer *w, const xnn_node *node, fb_ref *out) {
    const mica_operation *const operation = &node->operation;
    const xnn_shape *const shape = xnn_shape_of(operation->kind);
    if (!shape) {
        return error_set(w->error, MICA_ERROR_UNSUPPORTED, "nodes of type %d cannot be written",
                         (int)operation->kind);
    }
    const node_lists lists = lists_of(operation);
    fb_ref refs[2] = {0};
    for (size_t i = 0; i < lists.count; i++) {
        refs[i] = fb_build_scalars(&w->b, shape->schema, lists.items[i].field, lists.items[i].items, lists.dims);
    }
    const fb_ref clamp = write_clamp(w, operation);
    fb_begin(&w->b, shape->schema);
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (attributes[i].schema == shape->schema) attributes[i].set(w, operation);
    }
    for (size_t i = 0; i < lists.count; i++) fb_set_ref(&w->b, lists.items[i].field, refs[i]);
    if (lists.dims_field >= 0) fb_set_int(&w->b, (size_t)lists.dims_field, (int64_t)lists.dims);
    for (size_t i = 0; i < operation->input_count; i++) fb_set_int(&w->b, shape->inputs[i], node->inputs[i]);
    fb_set_int(&w->b, shape->output, node->output);
    fb_set_int(&w->b, shape->flags, operation->flags);
    if (operation->kind == MICA_ARG_MAX_POOLING_2D)
        fb_set_int(&w->b, ARG_MAX_POOLING_OUTPUT_INDEX_ID, node->second_output);
    const fb_ref content = fb_end(&w->b);
    fb_begin(&w->b, &xnn_node_schema);
    fb_set_int(&w->b, XNODE_TYPE, operation->kind);
    fb_set_ref(&w->b, XNODE_UNION, content);
    fb_set_int(&w->b, XNODE_DEBUG_HANDLE, node->debug_handle);
    fb_set_ref(&w->b, XNODE_OUTPUT_MIN_MAX, clamp);
    *out = fb_end(&w->b);
    return MICA_OK;
}

/* ---- the whole ---- */

/* Ids of the values that the caller gives, or gets. */
static fb_ref write_ids(writer *w, bool inputs, uint32_t *ids) {
    size_t count = 0;
    for (uint32_t i = 0; i < w->graph->value_count; i++) {
        if (inputs ? w->graph->values[i].is_input : w->graph->values[i].is_output) ids[count++] = i;
    }
    return fb_build_scalars(&w->b, &xnn_graph_schema, XGRAPH_INPUT_IDS, ids, count);
}

static mica_status write_graph(writer *w, fb_ref *out) {
    const size_t values = w->graph->value_count, nodes = w->graph->node_count;
    void *value_refs = NULL, *node_refs = NULL, *ids = NULL, *constants = NULL, *named = NULL;
    TRY(arena_array(w->arena, values, sizeof(fb_ref), &value_refs, w->error));
    TRY(arena_array(w->arena, nodes, sizeof(fb_ref), &node_refs, w->error));
    TRY(arena_array(w->arena, values, sizeof(uint32_t), &ids, w->error));
    TRY(arena_array(w->arena, 1 + 2 * values, sizeof(fb_ref), &constants, w->error)); /* data and scales */
    TRY(arena_array(w->arena, 2 * values, sizeof(pte_named_data), &named, w->error));
    w->constants = constants;
    w->named = named;
    add_placeholder(w);
    for (uint32_t i = 0; i < values; i++) TRY(write_value(w, i, (fb_ref *)value_refs + i));
    for (size_t i = 0; i < nodes; i++) TRY(write_node(w, &w->graph->nodes[i], (fb_ref *)node_refs + i));
    sort_named(w);
    const fb_ref version = fb_build_string(&w->b, "0");
    const fb_ref lists[] = {
        fb_build_refs(&w->b, node_refs, nodes),
        fb_build_refs(&w->b, value_refs, values),
        write_ids(w, true, ids),
        write_ids(w, false, ids),
        fb_build_refs(&w->b, w->constants, w->constant_count),
    };
    fb_begin(&w->b, &xnn_graph_schema);
    fb_set_ref(&w->b, XGRAPH_VERSION, version);
    fb_set_ref(&w->b, XGRAPH_XNODES, lists[0]);
    fb_set_ref(&w->b, XGRAPH_XVALUES, lists[1]);
    fb_set_int(&w->b, XGRAPH_NUM_EXTERNS, (int64_t)w->graph->external_count);
    fb_set_ref(&w->b, XGRAPH_INPUT_IDS, lists[2]);
    fb_set_ref(&w->b, XGRAPH_OUTPUT_IDS, lists[3]);
    fb_set_ref(&w->b, XGRAPH_CONSTANT_DATA, lists[4]);
    *out = fb_end(&w->b);
    return MICA_OK;
}

/* The header's fields stand at addresses that are not multiples of their size. */
static mica_status write_payload(writer *w, xnn_image *image) {
    fb_ref root = 0;
    const uint8_t *data = NULL;
    size_t size = 0;
    void *memory = NULL;
    TRY(write_graph(w, &root));
    TRY(fb_finish(&w->b, root, &(fb_options){.identifier = "XN01"}, &data, &size, w->error));
    const size_t end = HEADER_SIZE + round_up(size, PAYLOAD_ALIGNMENT);
    TRY(arena_allocate(w->arena, end, &memory, w->error));
    uint8_t *const payload = memory;
    const uint32_t places[] = {HEADER_SIZE, (uint32_t)size, (uint32_t)end};
    memcpy(payload + 4, "XH00\x1e", 6); /* and the header's length, 30 */
    memcpy(payload + 10, places, sizeof places);
    memcpy(payload + HEADER_SIZE, data, size);
    *image = (xnn_image){{payload, end}, w->named, w->named_count};
    return MICA_OK;
}

mica_status xnn_write(const xnn_graph *graph, struct arena *arena, xnn_image *image, mica_error *error) {
    writer w = {.graph = graph, .arena = arena, .error = error};
    fb_builder_init(&w.b, arena->allocator);
    const mica_status status = write_payload(&w, image);
    fb_builder_free(&w.b);
    return status;
}
