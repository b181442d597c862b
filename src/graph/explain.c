/* SPDX-License-Identifier: Apache-2.0
 *
 * A report of a delegate's nodes: what each would run as on a given CPU, and why. Packs and runs nothing.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include "graph/lower.h"
#include "operator/dispatch.h"
#include "operator/expand_depthwise.h"

#define TEXT_SIZE 256

/* A piece of text that grows by printf and cuts at its end. */
typedef struct writer {
    char text[TEXT_SIZE];
    size_t used;
} writer;

static void put(writer *out, const char *text) {
    const size_t length = min_size(strlen(text), TEXT_SIZE - 1 - out->used);
    memcpy(out->text + out->used, text, length);
    out->used += length;
    out->text[out->used] = 0;
}

static mica_status keep(mica_report *report, const char *text, const char **out, mica_error *error) {
    return arena_string(report->arena, text, strlen(text), out, error);
}

static void put_shape(writer *out, const op_shape *shape) {
    if (!shape->rank) put(out, "scalar");
    for (size_t i = 0; i < shape->rank; i++) {
        char dim[24];
        snprintf(dim, sizeof dim, i ? "x%zu" : "%zu", shape->dims[i]);
        put(out, dim);
    }
}

typedef void (*put_operand)(writer *out, const mica_operand *operand, const op_shape *shape);

static void put_dims(writer *out, const mica_operand *operand, const op_shape *shape) {
    (void)operand;
    put_shape(out, shape);
}

static void put_type(writer *out, const mica_operand *operand, const op_shape *shape) {
    (void)shape;
    put(out, operand_type_name(operand->type));
}

/* "input, input -> output" */
static mica_status describe(mica_report *report, const mica_operation *operation, const op_shape *inputs,
                            const op_shape *output, put_operand put_one, const char **text, mica_error *error) {
    writer out = {0};
    for (size_t i = 0; i < operation->input_count; i++) {
        if (!operation->inputs[i]) continue;
        if (i) put(&out, ", ");
        put_one(&out, operation->inputs[i], &inputs[i]);
    }
    put(&out, " -> ");
    put_one(&out, operation->output, output);
    return keep(report, out.text, text, error);
}

/* "per row × per channel", of a convert "-> per row"; "" when nothing is quantized. */
static mica_status describe_quantization(mica_report *report, const mica_operation *operation, const char **text,
                                         mica_error *error) {
    writer out = {0};
    const size_t count = dispatch_is_table_kind(operation->kind) ? 2 : operation->input_count;
    for (size_t i = 0; i < min_size(count, operation->input_count); i++) {
        char one[64] = "";
        if (operation->inputs[i]) operand_quantization(operation->inputs[i], one, sizeof one);
        if (!*one) continue;
        if (out.used) put(&out, " × ");
        put(&out, one);
    }
    if (operation->kind == MICA_CONVERT) {
        char one[64] = "";
        operand_quantization(operation->output, one, sizeof one);
        if (*one) put(&out, out.used ? " -> " : "-> ");
        put(&out, one);
    }
    return keep(report, out.text, text, error);
}

static mica_status tell_reasons(mica_report *report, const op_choice *choice, mica_node_report *node,
                                mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(report->arena, choice->reason_count, sizeof(mica_reason), &memory, error));
    mica_reason *const reasons = memory;
    for (size_t i = 0; i < choice->reason_count; i++) {
        reasons[i] = (mica_reason){.variant = choice->reasons[i].variant, .code = choice->reasons[i].code};
        TRY(keep(report, choice->reasons[i].message, &reasons[i].message, error));
        TRY(keep(report, choice->reasons[i].remedy, &reasons[i].remedy, error));
    }
    node->reasons = reasons;
    node->reason_count = choice->reason_count;
    return MICA_OK;
}

static size_t occurrences(const mica_report *report, size_t first, const char *name) {
    const size_t length = strlen(name);
    size_t count = 0;
    for (size_t i = first; i < report->count; i++) {
        const char *const other = report->nodes[i].name;
        count += !strncmp(other, name, length) && !strncmp(other + length, " #", 2);
    }
    return count;
}

/* XNNPACK's name of the node; "#n" counts the executed ones of the same name in this delegate. */
static mica_status name_node(mica_report *report, size_t first, const mica_operation *operation,
                             cpu_features features, bool runs, const char **out, mica_error *error) {
    char name[128];
    op_peer_name(operation, features, name, sizeof name - 24);
    if (runs) {
        const size_t length = strlen(name), count = occurrences(report, first, name) + 1;
        snprintf(name + length, sizeof name - length, " #%zu", count);
    }
    return keep(report, name, out, error);
}

typedef struct explanation {
    const xnn_graph *payload;
    const op_target *target;
    mica_report *report;
    const report_place *place;
    op_shape *shapes; /* per value */
    size_t first;     /* of this delegate in the report */
} explanation;

static mica_status explain_node(const explanation *all, size_t index, const lower_step *step, size_t merged_into,
                                mica_error *error) {
    mica_report *const report = all->report;
    const xnn_node *const node = &all->payload->nodes[index];
    const mica_operation *const original = &node->operation; /* shapes and types as the payload says */
    op_shape inputs[MICA_OPERATION_MAX_INPUTS] = {0};
    for (size_t i = 0; i < original->input_count; i++) {
        if (node->inputs[i] != UINT32_MAX) inputs[i] = all->shapes[node->inputs[i]];
    }
    const op_class *const class = op_class_of(original->kind);
    if (!class) return error_set(error, MICA_ERROR_UNSUPPORTED, "this kind of node does not run");
    op_shape *const output = &all->shapes[node->output];
    *output = (op_shape){0};
    TRY(class->infer(original, inputs, output, error));
    if (node->second_output != UINT32_MAX) all->shapes[node->second_output] = *output;

    mica_node_report out = {.chain = all->place->chain,
                            .instruction = all->place->instruction,
                            .delegate = all->place->delegate,
                            .node = (int)index,
                            .debug_handle = node->debug_handle,
                            .node_type = mica_operation_name(original->kind),
                            .variant = "standard",
                            .kernel = "",
                            .isa = "",
                            .fused_into = "",
                            .eligible_kind = dispatch_is_table_kind(original->kind)};
    if (merged_into != LOWER_NONE) {
        char text[32];
        snprintf(text, sizeof text, "node %zu", merged_into);
        TRY(keep(report, text, &out.fused_into, error));
        if (original->kind == MICA_DEPTHWISE_CONV_2D) {
            op_choice choice;
            expand_choose(all->target, &choice);
            out.kernel = choice.kernel;
            out.isa = cpu_level_needed(choice.needs)->name;
        }
    } else if (step->is_alias) {
        out.fused_into = "memory (renamed, nothing runs)";
    } else {
        op_choice choice;
        TRY(step->class->choose(step->operation, all->target, &choice, error));
        out.variant = choice.variant;
        out.kernel = choice.kernel;
        out.isa = cpu_level_needed(choice.needs)->name;
        out.accelerated = choice.accelerated;
        TRY(tell_reasons(report, &choice, &out, error));
    }
    const bool runs = merged_into == LOWER_NONE && !step->is_alias;
    TRY(name_node(report, all->first, original, all->target->features, runs, &out.name, error));
    TRY(describe(report, original, inputs, output, put_dims, &out.shapes, error));
    TRY(describe(report, original, inputs, output, put_type, &out.types, error));
    TRY(describe_quantization(report, original, &out.quantization, error));
    char peer[128];
    op_peer_choice(original, all->target->features, peer, sizeof peer);
    TRY(keep(report, peer, &out.peer, error));
    op_work(original, inputs, output, &out.operations, &out.bytes);
    return report_append(report, &out, error);
}

mica_status graph_explain(const xnn_graph *payload, const op_target *target, bool fuse, mica_report *report,
                          const report_place *place, mica_error *error) {
    struct lowered lowered;
    TRY(lower(payload, target, fuse, report->arena, &lowered, error));
    void *memory = NULL;
    TRY(arena_array(report->arena, payload->value_count, sizeof(op_shape), &memory, error));
    explanation all = {payload, target, report, place, memory, report->count};
    for (size_t i = 0; i < payload->value_count; i++) {
        const mica_operand *const operand = &payload->values[i].operand;
        all.shapes[i].rank = operand->rank;
        for (size_t d = 0; d < operand->rank; d++) all.shapes[i].dims[d] = operand->dims[d];
    }
    size_t step = 0;
    for (size_t i = 0; i < payload->node_count; i++) {
        const bool merged = lowered.merged_into[i] != LOWER_NONE;
        const lower_step *const own = merged ? NULL : &lowered.steps[step++];
        const mica_status status = explain_node(&all, i, own, lowered.merged_into[i], error);
        if (status != MICA_OK) {
            return error_in(error, status, "node %zu (%s)", i, mica_operation_name(payload->nodes[i].operation.kind));
        }
    }
    return MICA_OK;
}
