/* SPDX-License-Identifier: Apache-2.0
 *
 * One node of a delegate as a graph of its own: its weights stay, what is computed elsewhere becomes an input, and
 * int8 values get the Converts that lead to f32.
 */
#include <math.h>

#include "author/extract.h"
#include "format/xnnpack_schema.h"

enum { MAX_VALUES = 2 * (MICA_OPERATION_MAX_INPUTS + 1), MAX_NODES = MICA_OPERATION_MAX_INPUTS + 2 };

typedef struct extraction {
    const xnn_graph *from;
    uint32_t origins[MAX_VALUES]; /* of the new values in `from` */
    xnn_value *values;            /* MAX_VALUES */
    xnn_node *nodes, converts[MICA_OPERATION_MAX_INPUTS];
    size_t value_count, convert_count;
    mica_error *error;
} extraction;

static bool is_float(mica_operand_type type) { return type == MICA_OPERAND_F32 || type == MICA_OPERAND_F16; }

static bool is_int8(mica_operand_type type) {
    return type == MICA_OPERAND_QINT8 || type == MICA_OPERAND_QUINT8 || type == MICA_OPERAND_QDINT8;
}

static uint32_t add_value(extraction *x, const mica_operand *operand, uint32_t origin) {
    x->origins[x->value_count] = origin;
    x->values[x->value_count] = (xnn_value){.operand = *operand, .external = XNN_NO_EXTERNAL};
    return (uint32_t)x->value_count++;
}

/* The float value that stands for an int8 one outside of the model: what a Convert in the old model read, with its
 * shape (the exporter writes that of images quantized at run time in NCHW), else f32. */
static mica_operand outside_of(const extraction *x, uint32_t id) {
    const mica_operand *const operand = &x->from->values[id].operand;
    const mica_operand *like = operand;
    for (size_t i = 0; is_int8(operand->type) && i < x->from->node_count; i++) {
        const xnn_node *const node = &x->from->nodes[i];
        if (node->operation.kind == MICA_CONVERT && node->output == id && is_float(node->operation.inputs[0]->type))
            like = node->operation.inputs[0];
    }
    mica_operand plain = {.type = is_int8(like->type) ? MICA_OPERAND_F32 : like->type, .rank = like->rank};
    memcpy(plain.dims, like->dims, sizeof plain.dims);
    return plain;
}

static xnn_node new_convert(uint32_t from, uint32_t to) {
    return (xnn_node){
        .operation = {.kind = MICA_CONVERT, .output_min = -INFINITY, .output_max = INFINITY, .input_count = 1},
        .inputs = {from},
        .output = to,
        .second_output = XNN_INVALID_ID,
        .debug_handle = UINT16_MAX};
}

static mica_status add_input(extraction *x, uint32_t id, uint32_t *externals, uint32_t *out) {
    *out = id;
    if (id == XNN_INVALID_ID) return MICA_OK;
    for (uint32_t i = 0; i < x->value_count; i++) {
        *out = i;
        if (x->origins[i] == id) return MICA_OK;
    }
    const mica_operand *const operand = &x->from->values[id].operand;
    *out = add_value(x, operand, id);
    if (operand->data) return MICA_OK;
    const mica_operand plain = outside_of(x, id);
    if (!is_float(plain.type))
        return error_set(x->error, MICA_ERROR_UNSUPPORTED, "the node reads a value of type %d, which no input has",
                         (int)plain.type);
    const uint32_t outside = is_float(operand->type) ? *out : add_value(x, &plain, XNN_INVALID_ID);
    x->values[outside].is_input = true;
    x->values[outside].external = (*externals)++;
    if (outside != *out) x->converts[x->convert_count++] = new_convert(outside, *out);
    return MICA_OK;
}

static mica_status add_output(extraction *x, const xnn_node *node, uint32_t *externals, uint32_t *out,
                              uint32_t *outside) {
    const mica_operand *const operand = &x->from->values[node->output].operand;
    if (operand->type == MICA_OPERAND_QDINT8 || (!is_float(operand->type) && !is_int8(operand->type)))
        return error_set(x->error, MICA_ERROR_UNSUPPORTED, "what the node gives exists only inside of its delegate");
    const mica_operand plain = outside_of(x, node->output);
    *out = *outside = add_value(x, operand, node->output);
    if (is_int8(operand->type)) *outside = add_value(x, &plain, XNN_INVALID_ID);
    x->values[*outside].is_output = true;
    x->values[*outside].external = (*externals)++;
    return MICA_OK;
}

/* Where ArgMax found the largest: an output in any case. */
static void add_indices(extraction *x, const xnn_node *node, uint32_t *externals, uint32_t *out) {
    *out = node->second_output;
    if (*out == XNN_INVALID_ID) return;
    *out = add_value(x, &x->from->values[*out].operand, *out);
    xnn_value *const indices = &x->values[*out];
    indices->is_output = indices->is_long_index = true;
    indices->external = (*externals)++;
}

/* Operands by the ids that stand in the nodes. */
static void link_operands(extraction *x, xnn_node *node) {
    for (size_t i = 0; i < node->operation.input_count; i++)
        node->operation.inputs[i] = node->inputs[i] == XNN_INVALID_ID ? NULL : &x->values[node->inputs[i]].operand;
    node->operation.output = &x->values[node->output].operand;
}

static mica_status build(extraction *x, const xnn_node *node, xnn_graph *graph) {
    xnn_node copy = *node;
    if (copy.debug_handle == UINT16_MAX) copy.debug_handle = 1; /* none in its model */
    uint32_t externals = 0, outside = 0;
    for (size_t i = 0; i < node->operation.input_count; i++)
        TRY(add_input(x, node->inputs[i], &externals, &copy.inputs[i]));
    TRY(add_output(x, node, &externals, &copy.output, &outside));
    add_indices(x, node, &externals, &copy.second_output);
    size_t count = 0;
    for (size_t i = 0; i < x->convert_count; i++) x->nodes[count++] = x->converts[i];
    x->nodes[count++] = copy;
    if (outside != copy.output) x->nodes[count++] = new_convert(copy.output, outside);
    for (size_t i = 0; i < count; i++) link_operands(x, &x->nodes[i]);
    *graph = (xnn_graph){.values = x->values,
                         .value_count = x->value_count,
                         .nodes = x->nodes,
                         .node_count = count,
                         .external_count = externals};
    return MICA_OK;
}

mica_status extract_node(const xnn_graph *from, size_t index, struct arena *arena, xnn_graph *graph,
                         mica_error *error) {
    extraction x = {.from = from, .error = error};
    void *memory = NULL;
    TRY(arena_array(arena, MAX_VALUES, sizeof *x.values, &memory, error));
    x.values = memory;
    TRY(arena_array(arena, MAX_NODES, sizeof *x.nodes, &memory, error));
    x.nodes = memory;
    return build(&x, &from->nodes[index], graph);
}
