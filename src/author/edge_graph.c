/* SPDX-License-Identifier: Apache-2.0
 *
 * The edge program that a graph was before it was lowered. There everything is computed in floats; int8 values
 * stand between quantize and dequantize nodes, images are NCHW, and weights are inputs.
 */
#include "author/operators.h"

/* Tensors and nodes of the edge program, at most, for a value and a node of the graph. */
enum { PER_VALUE = 6, PER_NODE = 6 };

/* What an operand of the graph is in the edge program. */
typedef struct form {
    edge_id real, int8;        /* EDGE_NONE: not there */
    edge_id scale, zero_point; /* of rows quantized at run time */
    bool image;                /* the graph has it in NHWC */
} form;

typedef struct recorder {
    const xnn_graph *graph;
    struct edge *edge;
    form *forms; /* of every operand */
} recorder;

static edge_value shape_of(const recorder *r, uint32_t id) {
    const mica_operand *const operand = &r->graph->values[id].operand;
    edge_value shape = {.rank = operand->rank};
    memcpy(shape.dims, operand->dims, sizeof shape.dims);
    if (!r->forms[id].image || operand->rank != 4) return shape;
    for (size_t i = 0; i < 3; i++) shape.dims[1 + i] = operand->dims[i ? i : 3];
    return shape;
}

static edge_type type_of(const mica_operand *operand) {
    return operand->type == MICA_OPERAND_F16 ? EDGE_F16 : EDGE_F32;
}

/* ---- quantize and dequantize ---- */

#define DECOMPOSED(name) "quantized_decomposed." name

static void range_arguments(recorder *r, int64_t low, int64_t high) {
    edge_int(r->edge, "quant_min", low);
    edge_int(r->edge, "quant_max", high);
    edge_scalar_type(r->edge, "dtype", EDGE_I8);
}

/* Scale and zero point: known, or tensors. */
static void scale_arguments(recorder *r, uint32_t id) {
    const mica_operand *const operand = &r->graph->values[id].operand;
    const bool known = r->forms[id].scale == EDGE_NONE;
    if (known) {
        edge_real(r->edge, "scale", (double)operand->scale);
        edge_int(r->edge, "zero_point", operand->zero_point);
    } else {
        edge_tensor(r->edge, "scale", r->forms[id].scale);
        edge_tensor(r->edge, "zero_point", r->forms[id].zero_point);
    }
    range_arguments(r, operand->data ? -127 : -128, 127);
}

static void choose_scale(recorder *r, uint32_t id, edge_id from) {
    static const edge_value one = {.rank = 1, .dims = {1}};
    (void)edge_begin_node(r->edge, DECOMPOSED("choose_qparams.tensor"), EDGE_F32, &one); /* gives the next two */
    const edge_id scale = edge_add(r->edge, "getitem", EDGE_F32, &one);
    const edge_id zero_point = edge_add(r->edge, "getitem", EDGE_I64, &one);
    edge_tensor(r->edge, "input", from);
    edge_int(r->edge, "quant_min", -128);
    edge_int(r->edge, "quant_max", 127);
    edge_real(r->edge, "eps", 0x1p-12);
    edge_scalar_type(r->edge, "dtype", EDGE_I8);
    edge_end_node(r->edge, scale, zero_point);
    r->forms[id].scale = scale;
    r->forms[id].zero_point = zero_point;
}

/* A node from one side to the other: by a known scale, or by that of rows. */
static edge_id across(recorder *r, uint32_t id, edge_id from, edge_type type, const char *known, const char *rows) {
    const edge_value shape = shape_of(r, id);
    const edge_id to = edge_begin_node(r->edge, r->forms[id].scale == EDGE_NONE ? known : rows, type, &shape);
    edge_tensor(r->edge, "input", from);
    scale_arguments(r, id);
    edge_end_node(r->edge, to, EDGE_NONE);
    return to;
}

static void quantize(recorder *r, uint32_t id, edge_id from) {
    if (r->graph->values[id].operand.type == MICA_OPERAND_QDINT8) choose_scale(r, id, from);
    r->forms[id].int8 = across(r, id, from, EDGE_I8, DECOMPOSED("quantize_per_tensor.default"),
                               DECOMPOSED("quantize_per_tensor.tensor"));
}

static edge_id dequantize(recorder *r, uint32_t id) {
    return across(r, id, r->forms[id].int8, EDGE_F32, DECOMPOSED("dequantize_per_tensor.default"),
                  DECOMPOSED("dequantize_per_tensor.tensor"));
}

/* The operand as floats. */
static edge_id real_of(recorder *r, uint32_t id) {
    form *const found = &r->forms[id];
    if (found->real == EDGE_NONE) found->real = dequantize(r, id);
    return found->real;
}

/* ---- constants ---- */

static edge_id add_input(recorder *r, const char *base, edge_type type, const edge_value *shape) {
    const edge_id id = edge_add(r->edge, base, type, shape);
    r->edge->values[id].is_input = true;
    return id;
}

/* A filter as PyTorch has it: [out, in, height, width]. */
static edge_value filter_shape(const mica_operand *operand) {
    edge_value shape = {.rank = operand->rank};
    memcpy(shape.dims, operand->dims, sizeof shape.dims);
    if (operand->rank != 4) return shape;
    const bool depthwise = operand->channel_dim == 3;
    const size_t dims[4] = {operand->dims[depthwise ? 3 : 0], operand->dims[depthwise ? 0 : 3], operand->dims[1],
                            operand->dims[2]};
    memcpy(shape.dims, dims, sizeof dims);
    return shape;
}

/* Weights with a scale for each channel, or for each block of a channel. */
static edge_id dequantize_weights(recorder *r, const mica_operand *operand, const edge_value *shape) {
    const size_t channels = operand->dims[operand->channel_dim];
    const bool blocks = operand->type == MICA_OPERAND_QBINT4,
               nibbles = blocks || operand->type == MICA_OPERAND_QCINT4;
    const edge_value scales = {.rank = blocks ? 2 : 1,
                               .dims = {channels, blocks ? operand->dims[1] / operand->block : 0}};
    const edge_id weights = add_input(r, "weight", EDGE_I8, shape);
    const edge_id scale = add_input(r, "scale", EDGE_F32, &scales);
    const edge_id zero_point = add_input(r, "zero_point", EDGE_I64, &scales);
    const edge_id to = edge_begin_node(r->edge,
                                       blocks ? DECOMPOSED("dequantize_per_channel_group.default")
                                              : DECOMPOSED("dequantize_per_channel.default"),
                                       EDGE_F32, shape);
    edge_tensor(r->edge, "input", weights);
    edge_tensor(r->edge, "scales", scale);
    edge_tensor(r->edge, "zero_points", zero_point);
    if (!blocks) edge_int(r->edge, "axis", 0);
    range_arguments(r, nibbles ? -8 : -127, nibbles ? 7 : 127);
    if (blocks) edge_int(r->edge, "group_size", (int64_t)operand->block);
    if (blocks) edge_scalar_type(r->edge, "output_dtype", EDGE_F32);
    edge_end_node(r->edge, to, EDGE_NONE);
    return to;
}

/* Argument `position` of an operation with weights; biases are always floats. */
static edge_id constant(recorder *r, uint32_t id, size_t position, bool weighted) {
    const mica_operand *const operand = &r->graph->values[id].operand;
    const edge_value shape = weighted && position == 1 ? filter_shape(operand) : shape_of(r, id);
    const bool bias = weighted && position == 2;
    const char *const base = !weighted ? "constant" : bias ? "bias" : "weight";
    if (operand->scales && !bias) return dequantize_weights(r, operand, &shape);
    if (operand->block_scales) return dequantize_weights(r, operand, &shape);
    if (operand->type != MICA_OPERAND_QINT8 || bias) return add_input(r, base, type_of(operand), &shape);
    r->forms[id].int8 = add_input(r, base, EDGE_I8, &shape);
    return real_of(r, id);
}

/* ---- nodes ---- */

static edge_id argument_of(recorder *r, const xnn_node *node, size_t position, bool weighted) {
    const uint32_t id = node->inputs[position];
    if (!node->operation.inputs[position]) return EDGE_NONE;
    return r->graph->values[id].operand.data ? constant(r, id, position, weighted) : real_of(r, id);
}

static void record_operation(recorder *r, const xnn_node *node) {
    const mica_operand *const output = node->operation.output;
    const struct torch_operator *const op = torch_operator_of(&node->operation);
    edge_id inputs[MICA_OPERATION_MAX_INPUTS];
    for (size_t i = 0; i < node->operation.input_count; i++) inputs[i] = argument_of(r, node, i, op->weighted);
    const edge_value shape = shape_of(r, node->output);
    const bool quantized = output->type == MICA_OPERAND_QINT8 || output->type == MICA_OPERAND_QUINT8;
    const edge_id real = edge_begin_node(r->edge, op->target, type_of(output), &shape);
    if (op->list)
        edge_tensors(r->edge, op->list, inputs, node->operation.input_count);
    else
        for (size_t i = 0; i < node->operation.input_count; i++) edge_tensor(r->edge, op->arguments[i], inputs[i]);
    torch_attributes(r->edge, &node->operation, &shape, r->forms[node->output].image);
    const bool pair = node->second_output < r->graph->value_count;
    const edge_id second = pair ? edge_add(r->edge, "getitem", EDGE_I64, &shape) : EDGE_NONE;
    edge_end_node(r->edge, real, second);
    if (pair) r->forms[node->second_output].real = second;
    if (quantized)
        quantize(r, node->output, real);
    else
        r->forms[node->output].real = real;
}

static void record_convert(recorder *r, const xnn_node *node) {
    const mica_operand *const to = node->operation.output;
    const edge_id from = real_of(r, node->inputs[0]);
    if (to->type == MICA_OPERAND_F32 || to->type == MICA_OPERAND_F16)
        r->forms[node->output].real = from;
    else
        quantize(r, node->output, from);
}

/* What is NHWC in the graph: images, and what is computed from them element by element. */
static bool gives_image(const recorder *r, const xnn_node *node) {
    switch (node->operation.kind) {
    case MICA_STATIC_TRANSPOSE:
    case MICA_STATIC_RESHAPE: return false;
    case MICA_CONV_2D:
    case MICA_DEPTHWISE_CONV_2D:
    case MICA_CONV_TRANSPOSE_2D:
    case MICA_MAX_POOLING_2D:
    case MICA_AVG_POOLING_2D:
    case MICA_GLOBAL_AVG_POOLING_2D:
    case MICA_STATIC_RESIZE_BILINEAR_2D: return true;
    default: return r->forms[node->inputs[0]].image;
    }
}

/* Transposes that only lowering asked for are not in the edge program. */
static bool is_inserted(const recorder *r, const xnn_node *node) {
    return node->operation.kind == MICA_STATIC_TRANSPOSE && node->debug_handle == UINT16_MAX &&
           r->graph->node_count > 1;
}

static void record_node(recorder *r, const xnn_node *node) {
    form *const output = &r->forms[node->output];
    if (is_inserted(r, node)) {
        *output = r->forms[node->inputs[0]];
        output->image = node->operation.as.transpose.perm[3] == 1; /* 0, 2, 3, 1 */
        return;
    }
    if (node->debug_handle != UINT16_MAX) r->edge->handle = node->debug_handle;
    output->image = gives_image(r, node);
    if (node->operation.kind == MICA_CONVERT)
        record_convert(r, node);
    else
        record_operation(r, node);
}

/* ---- the program ---- */

static void record_inputs(recorder *r) {
    for (uint32_t external = 0; external < r->graph->external_count; external++)
        for (uint32_t i = 0; i < r->graph->value_count; i++) {
            const xnn_value *const value = &r->graph->values[i];
            if (!value->is_input || value->external != external) continue;
            const edge_value shape = shape_of(r, i);
            r->forms[i].real = add_input(r, "x", type_of(&value->operand), &shape);
        }
}

static void record_outputs(recorder *r) {
    for (uint32_t external = 0; external < r->graph->external_count; external++)
        for (uint32_t i = 0; i < r->graph->value_count; i++) {
            const xnn_value *const value = &r->graph->values[i];
            if (value->is_output && value->external == external) r->edge->values[real_of(r, i)].is_output = true;
        }
}

mica_status edge_from_graph(const xnn_graph *graph, struct arena *arena, struct edge *edge, mica_error *error) {
    recorder r = {.graph = graph, .edge = edge};
    const size_t room = graph->value_count * PER_VALUE + graph->node_count * PER_NODE;
    void *memory = NULL;
    TRY(arena_array(arena, graph->value_count, sizeof(form), &memory, error));
    r.forms = memory;
    TRY(arena_array(arena, room, sizeof(edge_value), &memory, error));
    edge->values = memory;
    TRY(arena_array(arena, room, sizeof(uint32_t), &memory, error));
    edge->handles = memory;
    for (uint32_t i = 0; i < graph->value_count; i++)
        r.forms[i] = (form){EDGE_NONE, EDGE_NONE, EDGE_NONE, EDGE_NONE, false};
    edge->handle = 1;
    edge_begin(edge);
    record_inputs(&r);
    for (size_t i = 0; i < graph->node_count; i++) record_node(&r, &graph->nodes[i]);
    record_outputs(&r);
    return MICA_OK;
}
