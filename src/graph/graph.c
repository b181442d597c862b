/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"

#include <string.h>

#include "graph/lower.h"
#include "graph/plan.h"

/* Where a value's bytes are while the graph runs. */
enum home { HOME_NONE, HOME_CONSTANT, HOME_EXTERNAL, HOME_INTERNAL, HOME_ALIAS };

typedef struct place {
    enum home home;
    uint32_t other; /* EXTERNAL: the id; ALIAS: the value whose memory it is; INTERNAL: its span */
} place;

/* One executed node, with everything that running looks up. */
struct step {
    struct op *op;
    uint32_t inputs[MICA_OPERATION_MAX_INPUTS];
    uint32_t output, second_output;
    int32_t node;
    bool widens; /* the second output is int32 in a buffer of int64 */
};

struct graph {
    const xnn_graph *payload;
    graph_options options;
    struct arena *arena;
    struct lowered lowered;
    struct step *steps; /* without the aliases */
    size_t step_count;
    place *places;                 /* per value */
    op_shape *shapes;              /* per value, in force */
    void **memory;                 /* per value, in force; external ones are set on every run */
    uint32_t *externals, *aliases; /* values, the aliases in order of their making */
    size_t external_count, alias_count;
    plan_span *spans;
    plan_span **order, **placed;
    size_t span_count;
    size_t values_bytes, scratch_bytes;
    const void *placed_in; /* the workspace that `memory` points into */
    bool shaped;
};

static size_t external_limit(const xnn_graph *payload) { return payload->external_count; }

/* ---- create ---- */

static mica_status allocate_tables(struct graph *graph, mica_error *error) {
    struct arena *const arena = graph->arena;
    const size_t values = graph->payload->value_count;
    void *memory = NULL;
    TRY(arena_array(arena, graph->lowered.step_count, sizeof(struct step), &memory, error));
    graph->steps = memory;
    TRY(arena_array(arena, values, sizeof(place), &memory, error));
    graph->places = memory;
    TRY(arena_array(arena, values, sizeof(op_shape), &memory, error));
    graph->shapes = memory;
    TRY(arena_array(arena, values, sizeof(void *), &memory, error));
    graph->memory = memory;
    TRY(arena_array(arena, values, sizeof(uint32_t), &memory, error));
    graph->externals = memory;
    TRY(arena_array(arena, values, sizeof(uint32_t), &memory, error));
    graph->aliases = memory;
    TRY(arena_array(arena, values, sizeof(plan_span), &memory, error));
    graph->spans = memory;
    TRY(arena_array(arena, values, sizeof(plan_span *), &memory, error));
    graph->order = memory;
    TRY(arena_array(arena, values, sizeof(plan_span *), &memory, error));
    graph->placed = memory;
    return MICA_OK;
}

/* The span of a value's memory, through aliases; NULL when its memory is not in the workspace. */
static plan_span *span_of(const struct graph *graph, uint32_t value) {
    while (graph->places[value].home == HOME_ALIAS) value = graph->places[value].other;
    return graph->places[value].home == HOME_INTERNAL ? &graph->spans[graph->places[value].other] : NULL;
}

static void write_at(struct graph *graph, uint32_t value, size_t time) {
    if (value == UINT32_MAX || graph->places[value].home != HOME_NONE) return;
    graph->places[value] = (place){HOME_INTERNAL, (uint32_t)graph->span_count};
    graph->spans[graph->span_count++] = (plan_span){.first = time, .last = time};
}

/* Decides for every value where its bytes are, and how long internal ones live. */
static void find_homes(struct graph *graph) {
    const xnn_graph *const payload = graph->payload;
    for (size_t i = 0; i < payload->value_count; i++) {
        const xnn_value *const value = &payload->values[i];
        if (value->external != XNN_NO_EXTERNAL) {
            graph->places[i] = (place){HOME_EXTERNAL, value->external};
            graph->externals[graph->external_count++] = (uint32_t)i;
        } else if (value->operand.data) {
            graph->places[i].home = HOME_CONSTANT;
            graph->memory[i] = (void *)(uintptr_t)value->operand.data; /* only ever read */
        }
    }
    for (size_t i = 0; i < graph->lowered.step_count; i++) { /* first: others may be aliases of these */
        const lower_step *const lowered = &graph->lowered.steps[i];
        if (lowered->placed == UINT32_MAX) continue;
        graph->places[lowered->placed] = (place){HOME_ALIAS, lowered->output};
        graph->aliases[graph->alias_count++] = lowered->placed;
    }
    for (size_t i = 0; i < graph->lowered.step_count; i++) {
        const lower_step *const lowered = &graph->lowered.steps[i];
        if (lowered->placed != UINT32_MAX) continue;
        if (lowered->is_alias) {
            graph->places[lowered->output] = (place){HOME_ALIAS, lowered->inputs[0]};
            graph->aliases[graph->alias_count++] = lowered->output;
        } else {
            write_at(graph, lowered->output, i);
            write_at(graph, lowered->second_output, i);
        }
        for (size_t j = 0; j < lowered->operation->input_count; j++) {
            plan_span *const span = lowered->inputs[j] == UINT32_MAX ? NULL : span_of(graph, lowered->inputs[j]);
            if (span) span->last = max_size(span->last, i);
        }
    }
}

static op_shape declared(const mica_operand *operand) {
    op_shape shape = {.rank = operand->rank};
    for (size_t i = 0; i < operand->rank; i++) shape.dims[i] = operand->dims[i];
    return shape;
}

static mica_status in_node(mica_error *error, mica_status status, const lower_step *step) {
    if (status == MICA_OK) return status;
    return error_in(error, status, "node %zu (%s)", step->node, mica_operation_name(step->operation->kind));
}

static mica_status create_step(struct graph *graph, const lower_step *lowered, mica_error *error) {
    const mica_operation *const operation = lowered->operation;
    const op_class *const class = lowered->class;
    if (!class) return error_set(error, MICA_ERROR_UNSUPPORTED, "this kind of node does not run");
    if (lowered->is_alias) return MICA_OK;
    op_choice choice;
    TRY(class->choose(operation, &graph->options.target, &choice, error));
    struct op *op = NULL;
    TRY(class->create(operation, &graph->options.target, &choice, graph->options.weights, graph->arena, &op, error));
    struct step *const out = &graph->steps[graph->step_count++];
    *out = (struct step){.op = op,
                         .output = lowered->output,
                         .second_output = lowered->second_output,
                         .node = (int32_t)lowered->node,
                         .widens = lowered->second_output != UINT32_MAX &&
                                   graph->payload->values[lowered->second_output].is_long_index};
    memcpy(out->inputs, lowered->inputs, sizeof out->inputs);
    return MICA_OK;
}

mica_status graph_create(const xnn_graph *payload, const graph_options *options, struct arena *arena,
                         struct graph **out, mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(arena, sizeof(struct graph), &memory, error));
    struct graph *const graph = memory;
    graph->payload = payload;
    graph->options = *options;
    graph->arena = arena;
    TRY(lower(payload, &options->target, options->fuse, arena, &graph->lowered, error));
    TRY(allocate_tables(graph, error));
    find_homes(graph);
    for (size_t i = 0; i < graph->lowered.step_count; i++) {
        const lower_step *const step = &graph->lowered.steps[i];
        TRY(in_node(error, create_step(graph, step, error), step));
    }
    /* Shaped once for the declared bounds, so that later shapes need no more memory. */
    TRY(arena_array(arena, max_size(external_limit(payload), 1), sizeof(op_shape), &memory, error));
    op_shape *const shapes = memory;
    for (size_t i = 0; i < payload->value_count; i++) {
        const xnn_value *const value = &payload->values[i];
        if (value->external != XNN_NO_EXTERNAL) shapes[value->external] = declared(&value->operand);
    }
    TRY(graph_resize(graph, shapes, error));
    *out = graph;
    return MICA_OK;
}

/* ---- shapes ---- */

static bool same_shape(const op_shape *a, const op_shape *b) {
    return a->rank == b->rank && !memcmp(a->dims, b->dims, a->rank * sizeof *a->dims);
}

/* Takes the inputs' dims, checked against their bounds; tells whether any differs from the last ones. */
static mica_status take_inputs(struct graph *graph, const op_shape *shapes, bool *changed, mica_error *error) {
    for (size_t i = 0; i < graph->external_count; i++) {
        const uint32_t index = graph->externals[i];
        const xnn_value *const value = &graph->payload->values[index];
        if (value->is_output) continue;
        const op_shape *const shape = &shapes[value->external];
        if (graph->shaped && same_shape(shape, &graph->shapes[index])) continue;
        bool fits = shape->rank == value->operand.rank;
        for (size_t d = 0; fits && d < shape->rank; d++) fits = shape->dims[d] <= value->operand.dims[d];
        if (!fits) {
            return error_set(error, MICA_ERROR_SHAPE, "external value %u does not fit its declared dims",
                             value->external);
        }
        *changed = true;
    }
    return MICA_OK;
}

static mica_status infer_step(struct graph *graph, const lower_step *step, op_shape *inputs, mica_error *error) {
    const mica_operation *const operation = step->operation;
    for (size_t j = 0; j < operation->input_count; j++) {
        inputs[j] = step->inputs[j] == UINT32_MAX ? (op_shape){0} : graph->shapes[step->inputs[j]];
    }
    op_shape output = {0};
    TRY(step->class->infer(operation, inputs, &output, error));
    const size_t bytes = op_value_bytes(operation->output, &output);
    if (bytes == SIZE_MAX) return error_set(error, MICA_ERROR_LIMIT, "the output is too large");
    const xnn_value *const value = &graph->payload->values[step->output];
    for (size_t d = 0; value->external != XNN_NO_EXTERNAL && d < output.rank; d++) {
        if (output.rank != value->operand.rank || output.dims[d] > value->operand.dims[d]) {
            return error_set(error, MICA_ERROR_SHAPE,
                             "the output does not fit the declared dims of external value %u", value->external);
        }
    }
    graph->shapes[step->output] = output;
    if (step->second_output != UINT32_MAX) graph->shapes[step->second_output] = output;
    if (!step->is_alias && graph->places[step->output].home == HOME_INTERNAL) {
        graph->spans[graph->places[step->output].other].bytes = bytes;
    }
    if (step->second_output != UINT32_MAX && graph->places[step->second_output].home == HOME_INTERNAL) {
        size_t index_bytes;
        if (!size_mul(op_count(&output), sizeof(int64_t), &index_bytes)) {
            return error_set(error, MICA_ERROR_LIMIT, "the index output is too large");
        }
        graph->spans[graph->places[step->second_output].other].bytes = index_bytes;
    }
    return MICA_OK;
}

/* Shapes of all values and operators, in order of execution. */
static mica_status reshape_steps(struct graph *graph, mica_error *error) {
    size_t scratch = 0, at = 0;
    for (size_t i = 0; i < graph->lowered.step_count; i++) {
        const lower_step *const lowered = &graph->lowered.steps[i];
        op_shape inputs[MICA_OPERATION_MAX_INPUTS];
        TRY(in_node(error, infer_step(graph, lowered, inputs, error), lowered));
        if (lowered->is_alias) continue;
        struct op *const op = graph->steps[at++].op;
        TRY(in_node(error, op->class->reshape(op, inputs, &graph->shapes[lowered->output], error), lowered));
        scratch = max_size(scratch, op->workspace);
    }
    graph->scratch_bytes = scratch;
    return MICA_OK;
}

static void point_into_workspace(struct graph *graph) {
    graph->placed_in = graph->options.workspace->data;
    for (size_t i = 0; i < graph->payload->value_count; i++) {
        if (graph->places[i].home != HOME_INTERNAL) continue;
        graph->memory[i] = (char *)graph->options.workspace->data + graph->spans[graph->places[i].other].offset;
    }
}

static mica_status place_values(struct graph *graph, mica_error *error) {
    const size_t limit = graph->options.memory_limit;
    TRY(plan_memory(graph->spans, graph->span_count, graph->order, graph->placed, limit, &graph->values_bytes,
                    error));
    size_t total;
    if (!size_add(graph->values_bytes, graph->scratch_bytes, &total)) {
        return error_set(error, MICA_ERROR_LIMIT, "the workspace is too large");
    }
    TRY(buffer_reserve(graph->options.workspace, graph->arena->allocator, total, limit, error));
    point_into_workspace(graph);
    return MICA_OK;
}

mica_status graph_resize(struct graph *graph, op_shape *shapes, mica_error *error) {
    bool changed = !graph->shaped;
    TRY(take_inputs(graph, shapes, &changed, error));
    if (changed) {
        graph->shaped = false; /* until all of it has succeeded */
        for (size_t i = 0; i < graph->payload->value_count; i++) {
            const xnn_value *const value = &graph->payload->values[i];
            const bool given = value->external != XNN_NO_EXTERNAL && !value->is_output;
            graph->shapes[i] = given ? shapes[value->external] : declared(&value->operand);
        }
        TRY(reshape_steps(graph, error));
        TRY(place_values(graph, error));
        graph->shaped = true;
    }
    for (size_t i = 0; i < graph->external_count; i++) {
        const xnn_value *const value = &graph->payload->values[graph->externals[i]];
        if (value->is_output) shapes[value->external] = graph->shapes[graph->externals[i]];
    }
    return MICA_OK;
}

/* ---- run ---- */

/* int32 indices to int64 in place, from the back. */
static void widen(void *memory, size_t count) {
    for (size_t i = count; i-- > 0;) {
        int32_t narrow;
        memcpy(&narrow, (char *)memory + i * sizeof narrow, sizeof narrow);
        const int64_t wide = narrow;
        memcpy((char *)memory + i * sizeof wide, &wide, sizeof wide);
    }
}

static mica_type element_type(mica_operand_type type) {
    switch (type) {
    case MICA_OPERAND_F32: return MICA_F32;
    case MICA_OPERAND_F16: return MICA_F16;
    case MICA_OPERAND_BF16: return MICA_BF16;
    case MICA_OPERAND_QUINT8: return MICA_U8;
    case MICA_OPERAND_QINT32:
    case MICA_OPERAND_QCINT32:
    case MICA_OPERAND_INT32: return MICA_I32;
    default: return MICA_I8;
    }
}

/* The node of the payload that gives a value; a step that does the work of several gives the last one's. */
static size_t producer(const struct graph *graph, const struct step *step, uint32_t value) {
    const xnn_graph *const payload = graph->payload;
    for (size_t i = 0; i < payload->node_count; i++) {
        if (payload->nodes[i].output == value || payload->nodes[i].second_output == value) return i;
    }
    return (size_t)step->node;
}

/* Shows the observer one value that a step has written. */
static void show(const struct graph *graph, const struct step *step, uint32_t value, mica_type type,
                 const trace_sink *events) {
    const mica_operand *const operand = &graph->payload->values[value].operand;
    const op_shape *const shape = &graph->shapes[value];
    const size_t first = (size_t)events->first_node;
    mica_observation out = {.node = first + producer(graph, step, value),
                            .runner = first + (size_t)step->node,
                            .tensor = {.type = type, .rank = shape->rank},
                            .quantized = operand->type == MICA_OPERAND_QINT8 || operand->type == MICA_OPERAND_QUINT8,
                            .scale = operand->scale,
                            .zero_point = operand->zero_point,
                            .rows = operand->type == MICA_OPERAND_QDINT8};
    for (size_t i = 0; i < shape->rank; i++) {
        out.tensor.sizes[i] = shape->dims[i];
        out.tensor.dim_order[i] = (uint8_t)i;
    }
    out.tensor.data = graph->memory[value];
    events->observer(events->user, &out);
}

static void show_outputs(const struct graph *graph, const struct step *step, const trace_sink *events) {
    show(graph, step, step->output, element_type(graph->payload->values[step->output].operand.type), events);
    if (step->second_output == UINT32_MAX) return;
    show(graph, step, step->second_output, step->widens ? MICA_I64 : MICA_I32, events);
}

void graph_run(struct graph *graph, void *const *externals, size_t threads, trace_sink *events) {
    if (graph->placed_in != graph->options.workspace->data) point_into_workspace(graph); /* another needed more */
    void **const memory = graph->memory;
    for (size_t i = 0; i < graph->external_count; i++) {
        memory[graph->externals[i]] = externals[graph->places[graph->externals[i]].other];
    }
    for (size_t i = 0; i < graph->alias_count; i++) {
        memory[graph->aliases[i]] = memory[graph->places[graph->aliases[i]].other];
    }
    op_run run = {.workspace = (char *)graph->options.workspace->data + graph->values_bytes,
                  .pool = graph->options.pool,
                  .threads = threads};
    uint64_t start = trace_start(events);
    for (size_t i = 0; i < graph->step_count; i++) {
        const struct step *const step = &graph->steps[i];
        for (size_t j = 0; j < MICA_OPERATION_MAX_INPUTS; j++) {
            run.inputs[j] = step->inputs[j] == UINT32_MAX ? NULL : memory[step->inputs[j]];
        }
        run.output = memory[step->output];
        run.second_output = step->second_output == UINT32_MAX ? NULL : memory[step->second_output];
        step->op->class->run(step->op, &run);
        if (step->widens) widen(run.second_output, op_count(&graph->shapes[step->second_output]));
        start = trace_end(events, MICA_EVENT_NODE, step->node, start);
        if (!events || !events->observer) continue;
        show_outputs(graph, step, events);
        start = trace_start(events); /* the observer's time is no node's */
    }
}

bool graph_borrows(const struct graph *graph) {
    for (size_t i = 0; i < graph->step_count; i++) {
        if (graph->steps[i].op->borrows) return true;
    }
    return false;
}

size_t graph_packed_bytes(const struct graph *graph) {
    size_t bytes = 0;
    for (size_t i = 0; i < graph->step_count; i++) bytes += graph->steps[i].op->packed_bytes;
    return bytes;
}

size_t graph_workspace_bytes(const struct graph *graph) { return graph->values_bytes + graph->scratch_bytes; }

size_t graph_scratch_bytes(const struct graph *graph) { return graph->scratch_bytes; }

bool graph_place_of(const struct graph *graph, size_t value, plan_span *span, op_shape *shape) {
    if (graph->places[value].home != HOME_INTERNAL) return false;
    *span = graph->spans[graph->places[value].other];
    span->first = graph->lowered.steps[span->first].node;
    span->last = graph->lowered.steps[span->last].node;
    *shape = graph->shapes[value];
    return true;
}
