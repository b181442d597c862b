/* SPDX-License-Identifier: Apache-2.0
 *
 * The ETRecord of a graph: the maps from the delegate call to debug handles, and the edge program that the graph was before
 * it was lowered. There everything is computed in floats; int8 values stand between quantize and dequantize nodes, and
 * images are NCHW. Weights are inputs of that program: a record tells what ran, not what with.
 */
#include <stdlib.h>

#include "author/edge.h"
#include "author/operators.h"
#include "author/zip_write.h"

/* What an operand of the graph is in the edge program. */
typedef struct form {
    edge_id real, int8;        /* EDGE_NONE: not there */
    edge_id scale, zero_point; /* of rows quantized at run time */
    bool image;                /* the graph has it in NHWC */
} form;

typedef struct recorder {
    const xnn_graph *graph;
    struct edge edge;
    form *forms; /* of every operand */
    uint32_t handle;
    const char *input_tree, *output_tree;
    struct arena *arena;
    mica_error *error;
    mica_status status;
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

#define DECOMPOSED(name) "quantized_decomposed_" name
#define DECOMPOSED_OP(name) "quantized_decomposed." name

static void range_arguments(recorder *r, int64_t low, int64_t high) {
    edge_int(&r->edge, "quant_min", low);
    edge_int(&r->edge, "quant_max", high);
    edge_scalar_type(&r->edge, "dtype", EDGE_I8);
}

/* Scale and zero point: known, or tensors. */
static void scale_arguments(recorder *r, uint32_t id) {
    const mica_operand *const operand = &r->graph->values[id].operand;
    const bool known = r->forms[id].scale == EDGE_NONE;
    if (known) {
        edge_real(&r->edge, "scale", (double)operand->scale);
        edge_int(&r->edge, "zero_point", operand->zero_point);
    } else {
        edge_tensor(&r->edge, "scale", r->forms[id].scale);
        edge_tensor(&r->edge, "zero_point", r->forms[id].zero_point);
    }
    range_arguments(r, operand->data ? -127 : -128, 127);
}

static void choose_scale(recorder *r, uint32_t id, edge_id from) {
    static const edge_value one = {.rank = 1, .dims = {1}};
    form *const made = &r->forms[id];
    made->scale = edge_add(&r->edge, "getitem", EDGE_F32, &one);
    made->zero_point = edge_add(&r->edge, "getitem", EDGE_I64, &one);
    edge_begin_node(&r->edge, DECOMPOSED_OP("choose_qparams.tensor"), made->scale, r->handle);
    edge_tensor(&r->edge, "input", from);
    edge_int(&r->edge, "quant_min", -128);
    edge_int(&r->edge, "quant_max", 127);
    edge_real(&r->edge, "eps", 0x1p-12);
    edge_scalar_type(&r->edge, "dtype", EDGE_I8);
    edge_end_node(&r->edge, made->scale, made->zero_point, r->handle);
}

static void quantize(recorder *r, uint32_t id, edge_id from) {
    const edge_value shape = shape_of(r, id);
    const bool rows = r->graph->values[id].operand.type == MICA_OPERAND_QDINT8;
    if (rows) choose_scale(r, id, from);
    const edge_id to = edge_add(
        &r->edge, rows ? DECOMPOSED("quantize_per_tensor_tensor") : DECOMPOSED("quantize_per_tensor_default"),
        EDGE_I8, &shape);
    edge_begin_node(&r->edge,
                    rows ? DECOMPOSED_OP("quantize_per_tensor.tensor") : DECOMPOSED_OP("quantize_per_tensor.default"),
                    to, r->handle);
    edge_tensor(&r->edge, "input", from);
    scale_arguments(r, id);
    edge_end_node(&r->edge, to, EDGE_NONE, r->handle);
    r->forms[id].int8 = to;
}

static edge_id dequantize(recorder *r, uint32_t id) {
    const edge_value shape = shape_of(r, id);
    const bool rows = r->forms[id].scale != EDGE_NONE;
    const edge_id to = edge_add(
        &r->edge, rows ? DECOMPOSED("dequantize_per_tensor_tensor") : DECOMPOSED("dequantize_per_tensor_default"),
        EDGE_F32, &shape);
    edge_begin_node(&r->edge,
                    rows ? DECOMPOSED_OP("dequantize_per_tensor.tensor")
                         : DECOMPOSED_OP("dequantize_per_tensor.default"),
                    to, r->handle);
    edge_tensor(&r->edge, "input", r->forms[id].int8);
    scale_arguments(r, id);
    edge_end_node(&r->edge, to, EDGE_NONE, r->handle);
    return to;
}

/* The operand as floats. */
static edge_id real_of(recorder *r, uint32_t id) {
    form *const found = &r->forms[id];
    if (found->real == EDGE_NONE) found->real = dequantize(r, id);
    return found->real;
}

/* ---- constants ---- */

static edge_id add_input(recorder *r, const char *base, edge_type type, const edge_value *shape) {
    const edge_id id = edge_add(&r->edge, base, type, shape);
    r->edge.values[id].is_input = true;
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
    const edge_id to = edge_add(&r->edge,
                                blocks ? DECOMPOSED("dequantize_per_channel_group_default")
                                       : DECOMPOSED("dequantize_per_channel_default"),
                                EDGE_F32, shape);
    edge_begin_node(&r->edge,
                    blocks ? DECOMPOSED_OP("dequantize_per_channel_group.default")
                           : DECOMPOSED_OP("dequantize_per_channel.default"),
                    to, r->handle);
    edge_tensor(&r->edge, "input", weights);
    edge_tensor(&r->edge, "scales", scale);
    edge_tensor(&r->edge, "zero_points", zero_point);
    if (!blocks) edge_int(&r->edge, "axis", 0);
    range_arguments(r, nibbles ? -8 : -127, nibbles ? 7 : 127);
    if (blocks) edge_int(&r->edge, "group_size", (int64_t)operand->block);
    if (blocks) edge_scalar_type(&r->edge, "output_dtype", EDGE_F32);
    edge_end_node(&r->edge, to, EDGE_NONE, r->handle);
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
    const edge_id real = edge_add(&r->edge, op->name, type_of(output), &shape);
    edge_begin_node(&r->edge, op->target, real, r->handle);
    if (op->list)
        edge_tensors(&r->edge, op->list, inputs, node->operation.input_count);
    else
        for (size_t i = 0; i < node->operation.input_count; i++) edge_tensor(&r->edge, op->arguments[i], inputs[i]);
    torch_attributes(&r->edge, &node->operation, &shape);
    edge_end_node(&r->edge, real, EDGE_NONE, r->handle);
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
    if (node->debug_handle != UINT16_MAX) r->handle = node->debug_handle;
    output->image = gives_image(r, node);
    if (node->operation.kind == MICA_CONVERT)
        record_convert(r, node);
    else
        record_operation(r, node);
}

/* ---- the program ---- */

static size_t count_outputs(const xnn_graph *graph) {
    size_t count = 0;
    for (size_t i = 0; i < graph->value_count; i++) count += graph->values[i].is_output;
    return count;
}

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
            if (value->is_output && value->external == external) r->edge.values[real_of(r, i)].is_output = true;
        }
}

static void emit_program(recorder *r) {
    for (uint32_t i = 0; i < r->graph->value_count; i++)
        r->forms[i] = (form){EDGE_NONE, EDGE_NONE, EDGE_NONE, EDGE_NONE, false};
    edge_begin(&r->edge);
    record_inputs(r);
    for (size_t i = 0; i < r->graph->node_count; i++) record_node(r, &r->graph->nodes[i]);
    record_outputs(r);
    r->status = author_input_tree(edge_input_count(&r->edge), r->arena, &r->input_tree, r->error);
    if (r->status == MICA_OK)
        r->status = author_output_tree(count_outputs(r->graph), r->arena, &r->output_tree, r->error);
    if (r->status == MICA_OK) edge_end(&r->edge, r->input_tree, r->output_tree);
}

/* ---- maps: the one instruction is the delegate's call ---- */

static void begin_map(recorder *r, char bracket) {
    emit_begin(&r->edge.out, '{');
    emit_key(&r->edge.out, "forward");
    emit_begin(&r->edge.out, '{');
    emit_key(&r->edge.out, "0");
    if (bracket) emit_begin(&r->edge.out, bracket);
}

static void end_map(recorder *r) {
    emit_end(&r->edge.out, '}');
    emit_end(&r->edge.out, '}');
}

static void emit_handles(recorder *r) {
    begin_map(r, '[');
    for (size_t i = 0; i < r->edge.node_count; i++) emit_whole(&r->edge.out, r->edge.handles[i]);
    emit_end(&r->edge.out, ']');
    end_map(r);
}

static void emit_delegates(recorder *r) {
    begin_map(r, '{');
    emit_member_text(&r->edge.out, "name", "XnnpackBackend");
    emit_key(&r->edge.out, "delegate_map");
    emit_begin(&r->edge.out, '{');
    emit_end(&r->edge.out, '}');
    emit_end(&r->edge.out, '}');
    end_map(r);
}

static void emit_counts(recorder *r) {
    begin_map(r, 0);
    emit_whole(&r->edge.out, (int64_t)count_outputs(r->graph));
    end_map(r);
}

/* ---- the whole ---- */

/* One entry's text. */
static mica_status render(recorder *r, void (*emit)(recorder *r), bytes_span *out) {
    char *text = NULL;
    size_t size = 0;
    void *memory = NULL;
    FILE *const stream = open_memstream(&text, &size);
    if (!stream) return error_set(r->error, MICA_ERROR_MEMORY, "no memory for a record");
    r->edge.out = (struct emitter){.stream = stream};
    emit(r);
    const bool failed = ferror(stream) != 0;
    if (fclose(stream) != 0 || failed)
        r->status = error_set(r->error, MICA_ERROR_MEMORY, "no memory for a record");
    else if (r->status == MICA_OK)
        r->status = arena_raw(r->arena, size, &memory, r->error);
    if (r->status == MICA_OK) {
        memcpy(memory, text, size);
        *out = (bytes_span){memory, size};
    }
    free(text);
    return r->status;
}

/* Tensors and nodes of the edge program, at most, for a value and a node of the graph. */
enum { PER_VALUE = 6, PER_NODE = 6 };

mica_status author_record(const xnn_graph *graph, struct arena *arena, bytes_span *file, mica_error *error) {
#define EDGE "edge_dialect_exported_program/forward"
    struct zip_entry entries[] = {{"ETRECORD_V0", {0}},          {EDGE, {0}},
                                  {EDGE "_state_dict", {0}},     {EDGE "_constants", {0}},
                                  {EDGE "_example_inputs", {0}}, {"debug_handle_map", {0}},
                                  {"delegate_map", {0}},         {"instruction_id_to_num_outs_map", {0}}};
    const size_t room = graph->value_count * PER_VALUE + graph->node_count * PER_NODE;
    recorder r = {.graph = graph, .arena = arena, .error = error, .handle = 1};
    void *memory = NULL;
    TRY(arena_array(arena, graph->value_count, sizeof(form), &memory, error));
    r.forms = memory;
    TRY(arena_array(arena, room, sizeof(edge_value), &memory, error));
    r.edge.values = memory;
    TRY(arena_array(arena, room, sizeof(uint32_t), &memory, error));
    r.edge.handles = memory;
    TRY(render(&r, emit_program, &entries[1].data));
    TRY(render(&r, emit_handles, &entries[5].data));
    TRY(render(&r, emit_delegates, &entries[6].data));
    TRY(render(&r, emit_counts, &entries[7].data));
    return zip_write(entries, sizeof entries / sizeof *entries, arena, file, error);
}
