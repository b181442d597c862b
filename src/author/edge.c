/* SPDX-License-Identifier: Apache-2.0 */
#include "author/edge.h"

#include <ctype.h>
#include <string.h>

#define NAME_TEXT 80
#define STRIDED 7 /* torch.export's number of that layout */

edge_id edge_add(struct edge *edge, const char *base, edge_type type, const edge_value *like) {
    edge_value *const value = &edge->values[edge->count];
    *value = (edge_value){.base = base, .type = type, .rank = like->rank};
    memcpy(value->dims, like->dims, sizeof value->dims);
    for (size_t i = 0; i < edge->count; i++) value->number += strcmp(edge->values[i].base, base) == 0;
    return (edge_id)edge->count++;
}

size_t edge_input_count(const struct edge *edge) {
    size_t count = 0;
    for (size_t i = 0; i < edge->count; i++) count += edge->values[i].is_input;
    return count;
}

/* ---- JSON ---- */

static void begin_key(struct edge *edge, const char *key, char bracket) {
    emit_key(&edge->out, key);
    emit_begin(&edge->out, bracket);
}

static void empty(struct edge *edge, const char *key, char open, char close) {
    begin_key(edge, key, open);
    emit_end(&edge->out, close);
}

static const char *name_of(const edge_value *value, char name[NAME_TEXT]) {
    if (value->number)
        snprintf(name, NAME_TEXT, "%s_%zu", value->base, value->number);
    else
        snprintf(name, NAME_TEXT, "%s", value->base);
    for (char *at = name; *at; at++) *at = (char)(*at == '.' ? '_' : tolower((unsigned char)*at));
    return name;
}

static void tensor_name(struct edge *edge, const edge_value *value) {
    char name[NAME_TEXT];
    begin_key(edge, "as_tensor", '{');
    emit_member_text(&edge->out, "name", name_of(value, name));
    emit_end(&edge->out, '}');
}

static void named(struct edge *edge, const edge_value *value) {
    emit_begin(&edge->out, '{');
    tensor_name(edge, value);
    emit_end(&edge->out, '}');
}

/* ---- nodes ---- */

void edge_begin(struct edge *edge) {
    emit_begin(&edge->out, '{');
    begin_key(edge, "graph_module", '{');
    begin_key(edge, "graph", '{');
    begin_key(edge, "nodes", '[');
}

edge_id edge_begin_node(struct edge *edge, const char *target, edge_type type, const edge_value *like) {
    char text[NAME_TEXT + 64];
    const edge_id output = edge_add(edge, target, type, like);
    edge->handles[edge->node_count++] = edge->handle;
    emit_begin(&edge->out, '{');
    emit_member_text(&edge->out, "name", name_of(&edge->values[output], text));
    snprintf(text, sizeof text, "executorch.exir.dialects.edge.ops.%s", target);
    emit_member_text(&edge->out, "target", text);
    begin_key(edge, "inputs", '[');
    return output;
}

static void begin_argument(struct edge *edge, const char *name) {
    emit_begin(&edge->out, '{');
    emit_member_text(&edge->out, "name", name);
    begin_key(edge, "arg", '{');
}

static void end_argument(struct edge *edge) {
    emit_end(&edge->out, '}');
    emit_end(&edge->out, '}');
}

void edge_tensor(struct edge *edge, const char *argument, edge_id value) {
    begin_argument(edge, argument);
    if (value == EDGE_NONE)
        emit_member_truth(&edge->out, "as_none", true);
    else
        tensor_name(edge, &edge->values[value]);
    end_argument(edge);
}

void edge_tensors(struct edge *edge, const char *argument, const edge_id *items, size_t count) {
    char name[NAME_TEXT];
    begin_argument(edge, argument);
    begin_key(edge, "as_tensors", '[');
    for (size_t i = 0; i < count; i++) {
        emit_begin(&edge->out, '{');
        emit_member_text(&edge->out, "name", name_of(&edge->values[items[i]], name));
        emit_end(&edge->out, '}');
    }
    emit_end(&edge->out, ']');
    end_argument(edge);
}

void edge_ints(struct edge *edge, const char *argument, const size_t *items, size_t count) {
    begin_argument(edge, argument);
    begin_key(edge, "as_ints", '[');
    for (size_t i = 0; i < count; i++) emit_whole(&edge->out, (int64_t)items[i]);
    emit_end(&edge->out, ']');
    end_argument(edge);
}

void edge_int(struct edge *edge, const char *argument, int64_t value) {
    begin_argument(edge, argument);
    emit_member_whole(&edge->out, "as_int", value);
    end_argument(edge);
}

void edge_real(struct edge *edge, const char *argument, double value) {
    begin_argument(edge, argument);
    emit_member_real(&edge->out, "as_float", value);
    end_argument(edge);
}

void edge_truth(struct edge *edge, const char *argument, bool value) {
    begin_argument(edge, argument);
    emit_member_truth(&edge->out, "as_bool", value);
    end_argument(edge);
}

void edge_scalar_type(struct edge *edge, const char *argument, edge_type value) {
    begin_argument(edge, argument);
    emit_member_whole(&edge->out, "as_scalar_type", value);
    end_argument(edge);
}

void edge_end_node(struct edge *edge, edge_id output, edge_id second) {
    char text[NAME_TEXT];
    const uint32_t handle = edge->handles[edge->node_count - 1];
    emit_end(&edge->out, ']');
    begin_key(edge, "outputs", '[');
    named(edge, &edge->values[output]);
    if (second != EDGE_NONE) named(edge, &edge->values[second]);
    emit_end(&edge->out, ']');
    begin_key(edge, "metadata", '{');
    snprintf(text, sizeof text, "%u", handle);
    emit_member_text(&edge->out, "debug_handle", text);
    snprintf(text, sizeof text, "L__self__,,mica.Model;L__self__%u,%u,mica.Layer", handle, handle);
    emit_member_text(&edge->out, "nn_module_stack", text);
    emit_end(&edge->out, '}');
    emit_end(&edge->out, '}');
}

/* ---- what stands around them ---- */

static void tensor_value(struct edge *edge, const edge_value *value) {
    char name[NAME_TEXT];
    size_t strides[MICA_OPERAND_MAX_RANK] = {0};
    for (size_t i = value->rank, stride = 1; i-- > 0; stride *= value->dims[i]) strides[i] = stride;
    begin_key(edge, name_of(value, name), '{');
    emit_member_whole(&edge->out, "dtype", value->type);
    for (size_t list = 0; list < 2; list++) {
        begin_key(edge, list ? "strides" : "sizes", '[');
        for (size_t i = 0; i < value->rank; i++) {
            emit_begin(&edge->out, '{');
            emit_member_whole(&edge->out, "as_int", (int64_t)(list ? strides[i] : value->dims[i]));
            emit_end(&edge->out, '}');
        }
        emit_end(&edge->out, ']');
    }
    emit_member_truth(&edge->out, "requires_grad", false);
    begin_key(edge, "device", '{');
    emit_member_text(&edge->out, "type", "cpu");
    emit_end(&edge->out, '}');
    begin_key(edge, "storage_offset", '{');
    emit_member_whole(&edge->out, "as_int", 0);
    emit_end(&edge->out, '}');
    emit_member_whole(&edge->out, "layout", STRIDED);
    emit_end(&edge->out, '}');
}

/* All inputs, or all outputs: as arguments, or as their specifications under `kind`. */
static void ends(struct edge *edge, const char *key, bool inputs, const char *kind) {
    begin_key(edge, key, '[');
    for (size_t i = 0; i < edge->count; i++) {
        const edge_value *const value = &edge->values[i];
        if (!(inputs ? value->is_input : value->is_output)) continue;
        if (kind) {
            emit_begin(&edge->out, '{');
            begin_key(edge, kind, '{');
            emit_key(&edge->out, "arg");
        }
        named(edge, value);
        if (kind) {
            emit_end(&edge->out, '}');
            emit_end(&edge->out, '}');
        }
    }
    emit_end(&edge->out, ']');
}

static void calls(struct edge *edge, const char *input_tree, const char *output_tree) {
    begin_key(edge, "module_call_graph", '[');
    emit_begin(&edge->out, '{');
    emit_member_text(&edge->out, "fqn", "");
    begin_key(edge, "signature", '{');
    empty(edge, "inputs", '[', ']');
    empty(edge, "outputs", '[', ']');
    emit_member_text(&edge->out, "in_spec", input_tree);
    emit_member_text(&edge->out, "out_spec", output_tree);
    emit_end(&edge->out, '}');
    emit_end(&edge->out, '}');
    emit_end(&edge->out, ']');
}

void edge_end(struct edge *edge, const char *input_tree, const char *output_tree) {
    emit_end(&edge->out, ']');
    ends(edge, "inputs", true, NULL);
    ends(edge, "outputs", false, NULL);
    begin_key(edge, "tensor_values", '{');
    for (size_t i = 0; i < edge->count; i++) tensor_value(edge, &edge->values[i]);
    emit_end(&edge->out, '}');
    empty(edge, "sym_int_values", '{', '}');
    empty(edge, "sym_bool_values", '{', '}');
    emit_member_truth(&edge->out, "is_single_tensor_return", false);
    empty(edge, "custom_obj_values", '{', '}');
    emit_end(&edge->out, '}');
    begin_key(edge, "signature", '{');
    ends(edge, "input_specs", true, "user_input");
    ends(edge, "output_specs", false, "user_output");
    emit_end(&edge->out, '}');
    calls(edge, input_tree, output_tree);
    emit_end(&edge->out, '}');
    begin_key(edge, "opset_version", '{');
    emit_member_whole(&edge->out, "aten", 10);
    emit_end(&edge->out, '}');
    empty(edge, "range_constraints", '{', '}');
    begin_key(edge, "schema_version", '{');
    emit_member_whole(&edge->out, "major", 5);
    emit_member_whole(&edge->out, "minor", 4);
    emit_end(&edge->out, '}');
    emit_member_text(&edge->out, "dialect", "");
    begin_key(edge, "verifiers", '[');
    emit_text(&edge->out, "EDGE");
    emit_end(&edge->out, ']');
    emit_end(&edge->out, '}');
}
