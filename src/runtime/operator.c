/* SPDX-License-Identifier: Apache-2.0
 *
 * One operator alone is a delegate of one node: the same lowering, choice, packing and memory plan. External value i
 * is run-time operand i, the output comes last.
 */
#include <string.h>

#include "base/context.h"
#include "graph/graph.h"

#define OUTPUT_ID MICA_OPERATION_MAX_INPUTS
#define VALUES (MICA_OPERATION_MAX_INPUTS + 1)

struct mica_operator {
    mica_context *context;
    struct arena arena;
    struct weights weights;
    struct buffer workspace;
    xnn_value values[VALUES];
    xnn_node node;
    xnn_graph payload;
    struct graph *graph;
    mica_report report;
    op_shape shapes[VALUES];
    bool borrows;
};

/* What a payload's verification would have refused. */
static mica_status check_operand(const mica_operand *operand, mica_error *error) {
    if (operand->rank > MICA_OPERAND_MAX_RANK) {
        return error_set(error, MICA_ERROR_ARGUMENT, "an operand has rank %zu, at most %d is possible", operand->rank,
                         MICA_OPERAND_MAX_RANK);
    }
    size_t count = 8;
    for (size_t i = 0; i < operand->rank; i++) {
        if (!size_mul(count, operand->dims[i], &count)) {
            return error_set(error, MICA_ERROR_ARGUMENT, "an operand's dims overflow");
        }
    }
    const bool scaled = operand->type == MICA_OPERAND_QINT8 || operand->type == MICA_OPERAND_QUINT8;
    const bool channels = operand->type == MICA_OPERAND_QCINT8 || operand->type == MICA_OPERAND_QCINT4;
    if (scaled && !(operand->scale > 0 && operand->scale <= 3.4e38f)) {
        return error_set(error, MICA_ERROR_ARGUMENT, "an operand's scale is not a positive finite number");
    }
    if (channels && (!operand->scales || operand->channel_dim >= operand->rank)) {
        return error_set(error, MICA_ERROR_ARGUMENT, "an operand per channel has no scales");
    }
    if (operand->type == MICA_OPERAND_QBINT4) {
        const size_t k = operand->rank ? operand->dims[operand->rank - 1] : 0;
        if (!operand->block_scales || !operand->block || operand->block % 32 || k % operand->block) {
            return error_set(error, MICA_ERROR_ARGUMENT, "the block of %zu is not a multiple of 32 that divides %zu",
                             operand->block, k);
        }
    }
    return MICA_OK;
}

/* Operands that a kind reads in any case; a bias after them may be missing. */
static size_t operands_needed(mica_operation_kind kind) {
    switch (kind) {
    case MICA_ADD:
    case MICA_SUBTRACT:
    case MICA_MULTIPLY:
    case MICA_DIV:
    case MICA_MINIMUM:
    case MICA_MAXIMUM:
    case MICA_PRELU:
    case MICA_BATCH_MATRIX_MULTIPLY:
    case MICA_FULLY_CONNECTED:
    case MICA_CONV_2D:
    case MICA_DEPTHWISE_CONV_2D:
    case MICA_CONV_TRANSPOSE_2D:
    case MICA_CONCATENATE_2: return 2;
    case MICA_CONCATENATE_3: return 3;
    case MICA_CONCATENATE_4: return 4;
    case MICA_CONCATENATE_5: return 5;
    default: return 1;
    }
}

static mica_status check_operation(const mica_operation *operation, mica_error *error) {
    if (!op_class_of(operation->kind) || operation->input_count < 1 ||
        operation->input_count > MICA_OPERATION_MAX_INPUTS || !operation->inputs[0] || !operation->output) {
        return error_set(error, MICA_ERROR_ARGUMENT, "the operation's kind or operands are not valid");
    }
    for (size_t i = 0; i < operands_needed(operation->kind); i++) {
        if (i < operation->input_count && operation->inputs[i]) continue;
        return error_set(error, MICA_ERROR_ARGUMENT, "%s: operand %zu is missing",
                         mica_operation_name(operation->kind), i);
    }
    for (size_t i = 0; i < operation->input_count; i++) {
        if (operation->inputs[i]) TRY(check_operand(operation->inputs[i], error));
    }
    if (!xnn_rows_suit(operation)) {
        return error_set(error, MICA_ERROR_ARGUMENT, "%s: rows of %zu dims are not what it reads",
                         mica_operation_name(operation->kind), operation->inputs[0]->row_dims);
    }
    return check_operand(operation->output, error);
}

static void add_value(mica_operator *op, uint32_t id, const mica_operand *operand, bool is_output) {
    op->values[id] = (xnn_value){.operand = *operand,
                                 .external = operand->data ? XNN_NO_EXTERNAL : id,
                                 .is_input = !is_output && !operand->data,
                                 .is_output = is_output};
    op->shapes[id].rank = operand->rank;
    memcpy(op->shapes[id].dims, operand->dims, sizeof operand->dims);
}

/* The payload of one node. Values of absent operands are scalars that nobody reads. */
static void build_payload(mica_operator *op, const mica_operation *operation) {
    op->node =
        (xnn_node){.operation = *operation, .output = OUTPUT_ID, .second_output = UINT32_MAX, .debug_handle = 65535};
    for (uint32_t i = 0; i < MICA_OPERATION_MAX_INPUTS; i++) {
        const bool present = i < operation->input_count && operation->inputs[i];
        op->values[i].external = XNN_NO_EXTERNAL;
        op->node.inputs[i] = present ? i : UINT32_MAX;
        if (!present) continue;
        add_value(op, i, operation->inputs[i], false);
        op->node.operation.inputs[i] = &op->values[i].operand;
    }
    add_value(op, OUTPUT_ID, operation->output, true);
    op->node.operation.output = &op->values[OUTPUT_ID].operand;
    op->payload = (xnn_graph){
        .values = op->values, .value_count = VALUES, .nodes = &op->node, .node_count = 1, .external_count = VALUES};
}

static mica_status create_inside(mica_operator *op, const mica_operation *operation, mica_error *error) {
    mica_context *const context = op->context;
    TRY(check_operation(operation, error));
    build_payload(op, operation);
    const graph_options options = {.target = {context->features, context->kernels},
                                   .fuse = context->fuse,
                                   .memory_limit = context->memory_limit,
                                   .workspace = &op->workspace,
                                   .pool = context->pool,
                                   .weights = &op->weights};
    weights_init(&op->weights, &context->allocator, &op->arena, context->pool, NULL, NULL);
    TRY(graph_create(&op->payload, &options, &op->arena, &op->graph, error));
    TRY(weights_pack(&op->weights, error));
    op->borrows = graph_borrows(op->graph);
    op->report.arena = &op->arena;
    const report_place nowhere = {-1, -1, -1};
    return graph_explain(&op->payload, &options.target, options.fuse, &op->report, &nowhere, error);
}

mica_status mica_operator_create(mica_context *context, const mica_operation *operation, mica_operator **out) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!operation || !out) return error_set(error, MICA_ERROR_ARGUMENT, "mica_operator_create: NULL was given");
    struct arena arena;
    arena_init(&arena, &context->allocator, context->memory_limit);
    void *memory = NULL;
    TRY(arena_allocate(&arena, sizeof(mica_operator), &memory, error));
    mica_operator *const op = memory;
    op->context = context;
    op->arena = arena;
    const mica_status status = create_inside(op, operation, error);
    if (status != MICA_OK) {
        mica_operator_destroy(op);
        return status;
    }
    *out = op;
    return MICA_OK;
}

void mica_operator_destroy(mica_operator *op) {
    if (!op) return;
    buffer_free(&op->workspace, &op->context->allocator);
    weights_free(&op->weights);
    struct arena arena = op->arena; /* it holds the operator too */
    arena_free(&arena);
}

bool mica_operator_borrows(const mica_operator *op) { return op && op->borrows; }

mica_status mica_operator_reshape(mica_operator *op, const size_t *const dims[MICA_OPERATION_MAX_INPUTS],
                                  size_t output_dims[MICA_OPERAND_MAX_RANK]) {
    if (!op) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &op->context->error;
    if (!dims || !output_dims) return error_set(error, MICA_ERROR_ARGUMENT, "mica_operator_reshape: NULL was given");
    for (size_t i = 0; i < MICA_OPERATION_MAX_INPUTS; i++) {
        if (!op->values[i].is_input || !dims[i]) continue;
        memcpy(op->shapes[i].dims, dims[i], op->shapes[i].rank * sizeof(size_t));
    }
    TRY(graph_resize(op->graph, op->shapes, error));
    memcpy(output_dims, op->shapes[OUTPUT_ID].dims, op->shapes[OUTPUT_ID].rank * sizeof(size_t));
    return MICA_OK;
}

mica_status mica_operator_run(mica_operator *op, const void *const inputs[MICA_OPERATION_MAX_INPUTS], void *output) {
    if (!op) return MICA_ERROR_ARGUMENT;
    if (!inputs || !output) {
        return error_set(&op->context->error, MICA_ERROR_ARGUMENT, "mica_operator_run: NULL was given");
    }
    void *externals[VALUES];
    for (size_t i = 0; i < MICA_OPERATION_MAX_INPUTS; i++) {
        if (op->values[i].is_input && !inputs[i]) {
            return error_set(&op->context->error, MICA_ERROR_ARGUMENT, "mica_operator_run: input %zu is missing", i);
        }
        externals[i] = (void *)(uintptr_t)inputs[i]; /* only ever read */
    }
    externals[OUTPUT_ID] = output;
    graph_run(op->graph, externals, op->context->threads, NULL);
    return MICA_OK;
}

const mica_node_report *mica_operator_report(const mica_operator *op) { return op ? op->report.nodes : NULL; }
