/* SPDX-License-Identifier: Apache-2.0
 *
 * A payload's frame, and the order of its nodes: each value is produced before it is read, and once.
 */
#include "format/xnnpack_parts.h"

/* The header; positions in the payload, in bytes, none aligned. Without it all is flatbuffer, constants included. */
enum {
    HEADER_MAGIC = 4,
    HEADER_FLATBUFFER_OFFSET = 10,
    HEADER_FLATBUFFER_SIZE = 14,
    HEADER_CONSTANT_OFFSET = 18,
    HEADER_CONSTANT_SIZE = 22,
    HEADER_END = 30
};

/* Finds and verifies the flatbuffer. */
static mica_status open_frame(xnn_parts *parts, size_t size) {
    const uint8_t *const payload = parts->payload;
    size_t start = 0, length = size;
    parts->inlined = size < HEADER_END || memcmp(payload + HEADER_MAGIC, "XH00", 4) != 0;
    if (!parts->inlined) {
        start = bytes_u32(payload + HEADER_FLATBUFFER_OFFSET);
        length = bytes_u32(payload + HEADER_FLATBUFFER_SIZE);
        const size_t constants = bytes_u32(payload + HEADER_CONSTANT_OFFSET);
        const uint64_t constant_size = bytes_u64(payload + HEADER_CONSTANT_SIZE);
        if (start > size || length > size - start) {
            return error_set(parts->error, MICA_ERROR_FORMAT,
                             "header: a flatbuffer of %zu bytes from %zu on, in a payload of %zu, at byte %d", length,
                             start, size, HEADER_FLATBUFFER_OFFSET);
        }
        if (constants < start + length || constants > size || constant_size > size - constants) {
            return error_set(parts->error, MICA_ERROR_FORMAT,
                             "header: constants of %llu bytes from %zu on, in a payload of %zu, at byte %d",
                             (unsigned long long)constant_size, constants, size, HEADER_CONSTANT_OFFSET);
        }
        parts->constant_data = (bytes_span){payload + constants, constant_size};
    }
    /* XN00 and XN01 differ in what exporters wrote, not in how it is read. */
    const bool older = length >= 8 && memcmp(payload + start + 4, "XN00", 4) == 0;
    const fb_options options = {.identifier = older ? "XN00" : "XN01", .origin = start};
    TRY(fb_verify(payload + start, length, &options, &xnn_graph_schema, parts->error));
    parts->root = fb_root(payload + start, false);
    return MICA_OK;
}

/* Fails about node `n` of the graph; the ones that no table stands for cannot fail. */
static mica_status bad_node(const xnn_parts *parts, size_t n, const char *text) {
    const bytes_span tables = fb_vector(parts->root, XGRAPH_XNODES);
    const size_t index = n - (parts->graph->node_count - tables.count);
    const mica_status status = XNN_BAD(parts, fb_at(tables, index), xnn_node_schema, XNODE_UNION, "%s", text);
    return fb_in(parts->error, status, "xnodes[%zu]", index);
}

/* Node `n` gives value `index` its content. */
static mica_status produce(const xnn_parts *parts, bool *ready, size_t n, uint32_t index) {
    const xnn_value *const value = &parts->values[index];
    if (value->operand.data) return bad_node(parts, n, "it writes a constant");
    if (value->is_input) return bad_node(parts, n, "it writes an input");
    if (ready[index]) return bad_node(parts, n, "it writes a value that was written before");
    ready[index] = true;
    return MICA_OK;
}

static mica_status check_order(const xnn_parts *parts) {
    const xnn_graph *const graph = parts->graph;
    void *memory = NULL;
    TRY(arena_array(parts->arena, graph->value_count, sizeof(bool), &memory, parts->error));
    bool *const ready = memory;
    for (size_t n = 0; n < graph->node_count; n++) {
        const xnn_node *const node = &graph->nodes[n];
        for (size_t i = 0; i < node->operation.input_count; i++) {
            const uint32_t index = node->inputs[i];
            if (index == XNN_INVALID_ID || graph->values[index].operand.data || graph->values[index].is_input)
                continue;
            if (!ready[index]) return bad_node(parts, n, "it reads a value before it is written");
        }
        TRY(produce(parts, ready, n, node->output));
        if (node->second_output != XNN_INVALID_ID) TRY(produce(parts, ready, n, node->second_output));
    }
    for (size_t i = 0; i < graph->value_count; i++) {
        if (graph->values[i].is_output && !ready[i]) {
            return XNN_BAD(parts, parts->root, xnn_graph_schema, XGRAPH_XNODES, "none of them writes argument %u",
                           graph->values[i].external);
        }
    }
    return MICA_OK;
}

bool xnn_is_fully_connected(const mica_operation *operation) {
    return operation->kind == MICA_CONV_2D && operation->as.window.kernel_height == 1 &&
           operation->as.window.kernel_width == 1 && operation->as.window.stride_height == 1 &&
           operation->as.window.stride_width == 1 && operation->as.window.groups == 1 &&
           !operation->as.window.padding_top && !operation->as.window.padding_left &&
           !operation->as.window.padding_bottom && !operation->as.window.padding_right;
}

/* Images quantized at run time are pixels quantized by themselves where all that reads them is fully connected. */
static mica_status find_pixels(const xnn_parts *parts) {
    const xnn_graph *const graph = parts->graph;
    typedef struct readers {
        bool pixels, images;
    } readers;
    void *memory = NULL;
    TRY(arena_array(parts->arena, graph->value_count, sizeof(readers), &memory, parts->error));
    readers *const of = memory;
    for (size_t n = 0; n < graph->node_count; n++) {
        const uint32_t read = graph->nodes[n].inputs[0];
        *(xnn_is_fully_connected(&graph->nodes[n].operation) ? &of[read].pixels : &of[read].images) = true;
    }
    for (size_t i = 0; i < graph->value_count; i++) {
        mica_operand *const operand = &parts->values[i].operand;
        if (operand->type == MICA_OPERAND_QDINT8 && of[i].pixels && !of[i].images) operand->row_dims = 1;
    }
    return MICA_OK;
}

bool xnn_rows_suit(const mica_operation *operation) {
    const mica_operand *const rows = operation->inputs[0];
    const bool images = operation->kind == MICA_CONV_2D || operation->kind == MICA_DEPTHWISE_CONV_2D ||
                        operation->kind == MICA_CONV_TRANSPOSE_2D;
    return rows->type != MICA_OPERAND_QDINT8 || rows->row_dims == (images ? 3 : 1) ||
           (rows->row_dims == 1 && xnn_is_fully_connected(operation));
}

static mica_status check_rows(const xnn_parts *parts) {
    for (size_t n = 0; n < parts->graph->node_count; n++) {
        if (xnn_rows_suit(&parts->graph->nodes[n].operation)) continue;
        return bad_node(parts, n, "it reads rows that are quantized over other dims than its own");
    }
    return MICA_OK;
}

static mica_status read_graph(xnn_parts *parts, size_t size) {
    TRY(open_frame(parts, size));
    TRY(xnn_read_values(parts));
    TRY(xnn_read_nodes(parts));
    TRY(check_order(parts));
    TRY(find_pixels(parts));
    return check_rows(parts);
}

mica_status xnn_open(const pte_program *program, const uint8_t *payload, size_t size, struct arena *arena,
                     xnn_graph **graph, mica_error *error) {
    xnn_parts parts = {.program = program, .payload = payload, .arena = arena, .error = error};
    parts.scale_budget = FB_SHARING * program->file_size;
    for (size_t i = 0; i < program->external_count; i++) {
        parts.scale_budget += FB_SHARING * program->external[i].file_size;
    }
    void *memory = NULL;
    TRY(arena_allocate(arena, sizeof(xnn_graph), &memory, error));
    parts.graph = memory;
    const mica_status status = read_graph(&parts, size);
    if (status) return error_in(error, status, "payload");
    *graph = parts.graph;
    return MICA_OK;
}
