/* SPDX-License-Identifier: Apache-2.0 */
#include "devtools/etrecord.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devtools/zip.h"

static bool parse_number(const char *text, int64_t *number) {
    char *end;
    if (!((*text >= '0' && *text <= '9') || *text == '-')) return false;
    *number = strtoll(text, &end, 10);
    return *end == 0;
}

static const char *text_member(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* A handle or a list of them. */
static mica_status read_handles(const json_t *value, struct arena *arena, const int64_t **handles, size_t *count,
                                mica_error *error) {
    const bool one = json_is_integer(value);
    if (!one && !json_is_array(value))
        return error_set(error, MICA_ERROR_FORMAT, "neither a debug handle nor a list");
    const size_t size = one ? 1 : json_array_size(value);
    void *memory = NULL;
    TRY(arena_array(arena, size, sizeof **handles, &memory, error));
    int64_t *const list = memory;
    for (size_t i = 0; i < size; i++) {
        const json_t *const item = one ? value : json_array_get(value, i);
        if (!json_is_integer(item)) return error_set(error, MICA_ERROR_FORMAT, "[%zu] is no debug handle", i);
        list[i] = json_integer_value(item);
    }
    *handles = list;
    *count = size;
    return MICA_OK;
}

/* ---- instructions ---- */

static int by_instruction(const void *a, const void *b) {
    const record_instruction *const x = a, *const y = b;
    return (x->instruction > y->instruction) - (x->instruction < y->instruction);
}

static mica_status read_delegate(const json_t *value, struct arena *arena, record_instruction *out,
                                 mica_error *error) {
    const json_t *const inner = json_object_get(value, "delegate_map");
    const char *key;
    json_t *handles;
    void *memory = NULL;
    size_t count = 0;
    if (!json_is_object(value)) return error_set(error, MICA_ERROR_FORMAT, "no object");
    const char *const name = text_member(value, "name");
    out->backend = name ? name : "";
    TRY(arena_array(arena, json_object_size(inner), sizeof(record_delegate_id), &memory, error));
    record_delegate_id *const ids = memory;
    json_object_foreach((json_t *)inner, key, handles) {
        record_delegate_id *const id = &ids[count++];
        id->key = key;
        const mica_status status = read_handles(handles, arena, &id->handles, &id->count, error);
        if (status != MICA_OK) return error_in(error, status, "%s", key);
    }
    out->ids = ids;
    out->id_count = count;
    return MICA_OK;
}

/* Both maps of a method, merged by instruction. `delegates` may be NULL. */
static mica_status read_instructions(const json_t *handles, const json_t *delegates, struct arena *arena,
                                     etrecord *record, mica_error *error) {
    const char *key;
    json_t *value;
    void *memory = NULL;
    size_t count = 0;
    TRY(arena_array(arena, json_object_size(handles) + json_object_size(delegates), sizeof(record_instruction),
                    &memory, error));
    record_instruction *const list = memory;
    json_object_foreach((json_t *)handles, key, value) {
        record_instruction *const at = &list[count++];
        if (!parse_number(key, &at->instruction))
            return error_set(error, MICA_ERROR_FORMAT, "debug_handle_map: '%.40s' is no instruction", key);
        const mica_status status = read_handles(value, arena, &at->handles, &at->handle_count, error);
        if (status != MICA_OK) return error_in(error, status, "debug_handle_map: %s", key);
    }
    const size_t named = count;
    qsort(list, named, sizeof *list, by_instruction);
    json_object_foreach((json_t *)delegates, key, value) {
        record_instruction wanted = {0};
        if (!parse_number(key, &wanted.instruction))
            return error_set(error, MICA_ERROR_FORMAT, "delegate_map: '%.40s' is no instruction", key);
        record_instruction *at = bsearch(&wanted, list, named, sizeof *list, by_instruction);
        if (!at) {
            at = &list[count++];
            *at = wanted;
        }
        const mica_status status = read_delegate(value, arena, at, error);
        if (status != MICA_OK) return error_in(error, status, "delegate_map: %s", key);
    }
    qsort(list, count, sizeof *list, by_instruction);
    record->instructions = list;
    record->instruction_count = count;
    return MICA_OK;
}

const record_instruction *etrecord_find(const etrecord *record, int64_t instruction) {
    const record_instruction wanted = {.instruction = instruction};
    return bsearch(&wanted, record->instructions, record->instruction_count, sizeof wanted, by_instruction);
}

/* ---- nodes ---- */

static int by_handle(const void *a, const void *b) {
    const record_node *const x = a, *const y = b;
    if (x->handle != y->handle) return x->handle < y->handle ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* What ExecuTorch calls an operator: targets of the edge dialect keep their namespace, others only their last
 * names. */
static const char *operator_name(const char *target) {
    static const char edge[] = "executorch.exir.dialects.edge.ops.", core[] = "torch.ops.";
    if (strncmp(target, edge, sizeof edge - 1) == 0) return target + sizeof edge - 1;
    if (strncmp(target, core, sizeof core - 1) == 0) {
        const char *const dot = strchr(target + sizeof core - 1, '.');
        return dot ? dot + 1 : target + sizeof core - 1;
    }
    const char *const last = strrchr(target, '.');
    return last ? last + 1 : target;
}

static mica_status read_nodes(const json_t *edge, struct arena *arena, etrecord *record, mica_error *error) {
    const json_t *const graph = json_object_get(json_object_get(edge, "graph_module"), "graph");
    const json_t *const list = json_object_get(graph, "nodes");
    if (!json_is_array(list))
        return error_set(error, MICA_ERROR_FORMAT, "edge program: graph_module.graph.nodes is no list");
    void *memory = NULL;
    TRY(arena_array(arena, json_array_size(list), sizeof(record_node), &memory, error));
    record_node *const nodes = memory;
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const node = json_array_get(list, i), *const metadata = json_object_get(node, "metadata");
        const char *const target = text_member(node, "target"), *const handle = text_member(metadata, "debug_handle");
        if (!target || !handle || strcmp(target, "_operator.getitem") == 0) continue;
        const char *const name = text_member(node, "name");
        record_node made = {
            .position = i,
            .name = name ? name : "",
            .op = operator_name(target),
            .stack = text_member(metadata, "stack_trace"),
            .modules = text_member(metadata, "nn_module_stack"),
        };
        if (parse_number(handle, &made.handle)) nodes[count++] = made;
    }
    qsort(nodes, count, sizeof *nodes, by_handle);
    record->nodes = nodes;
    record->node_count = count;
    return MICA_OK;
}

const record_node *etrecord_nodes(const etrecord *record, int64_t handle, size_t *count) {
    size_t low = 0, high = record->node_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (record->nodes[middle].handle < handle)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < record->node_count && record->nodes[low + *count].handle == handle) ++*count;
    return *count ? &record->nodes[low] : NULL;
}

/* ---- the whole ---- */

enum { HANDLES, DELEGATES };

/* The record's only method, or the one asked for. */
static mica_status choose_method(const json_t *handles, const char *wanted, etrecord *record, mica_error *error) {
    const char *const method = wanted ? wanted : "forward";
    if (!json_is_object(handles)) return error_set(error, MICA_ERROR_FORMAT, "debug_handle_map is no object");
    if (json_object_get(handles, method)) {
        record->method = method;
        return MICA_OK;
    }
    if (wanted || json_object_size(handles) != 1)
        return error_set(error, MICA_ERROR_NOT_FOUND, "debug_handle_map knows no method %s", method);
    record->method = json_object_iter_key(json_object_iter((json_t *)handles));
    return MICA_OK;
}

/* One entry per method since ExecuTorch 1.4, one for all before. */
static mica_status read_edge(struct zip *zip, struct arena *arena, etrecord *record, mica_error *error) {
    char name[256];
    snprintf(name, sizeof name, "edge_dialect_exported_program/%s", record->method);
    if (!zip_has(zip, name)) *strchr(name, '/') = 0;
    if (!zip_has(zip, name)) return MICA_OK;
    TRY(zip_json(zip, name, &record->edge, error));
    return read_nodes(record->edge, arena, record, error);
}

static mica_status read_all(struct zip *zip, const char *method, struct arena *arena, etrecord *record,
                            mica_error *error) {
    if (!zip_has(zip, "ETRECORD_V0")) return error_set(error, MICA_ERROR_FORMAT, "has no entry ETRECORD_V0");
    TRY(zip_json(zip, "debug_handle_map", &record->maps[HANDLES], error));
    TRY(choose_method(record->maps[HANDLES], method, record, error));
    if (zip_has(zip, "delegate_map")) TRY(zip_json(zip, "delegate_map", &record->maps[DELEGATES], error));
    TRY(read_instructions(json_object_get(record->maps[HANDLES], record->method),
                          json_object_get(record->maps[DELEGATES], record->method), arena, record, error));
    return read_edge(zip, arena, record, error);
}

mica_status etrecord_open(const char *path, const char *method, struct arena *arena, etrecord *record,
                          mica_error *error) {
    struct zip zip;
    *record = (etrecord){0};
    TRY(zip_open(path, &zip, error));
    const mica_status status = read_all(&zip, method, arena, record, error);
    zip_close(&zip);
    if (status != MICA_OK) etrecord_close(record);
    return status;
}

void etrecord_close(etrecord *record) {
    json_decref(record->maps[HANDLES]);
    json_decref(record->maps[DELEGATES]);
    json_decref(record->edge);
    *record = (etrecord){0};
}
