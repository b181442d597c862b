/* SPDX-License-Identifier: Apache-2.0
 *
 * The ETRecord of a graph: the maps from the delegate call to debug handles, and the edge program. A record tells
 * what ran, not what with: there are no weights in it.
 */
#include <stdlib.h>

#include "author/operators.h"
#include "author/zip_write.h"

typedef struct recorder {
    const xnn_graph *graph;
    struct edge edge;
    struct arena *arena;
    mica_error *error;
    mica_status status;
} recorder;

static size_t count_outputs(const xnn_graph *graph) {
    size_t count = 0;
    for (size_t i = 0; i < graph->value_count; i++) count += graph->values[i].is_output;
    return count;
}

static mica_status try_program(recorder *r) {
    const char *input_tree = NULL, *output_tree = NULL;
    TRY(edge_from_graph(r->graph, r->arena, &r->edge, r->error));
    TRY(author_input_tree(edge_input_count(&r->edge), r->arena, &input_tree, r->error));
    TRY(author_output_tree(count_outputs(r->graph), r->arena, &output_tree, r->error));
    edge_end(&r->edge, input_tree, output_tree);
    return MICA_OK;
}

static void emit_program(recorder *r) { r->status = try_program(r); }

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

mica_status author_record(const xnn_graph *graph, struct arena *arena, bytes_span *file, mica_error *error) {
#define EDGE "edge_dialect_exported_program/forward"
    struct zip_entry entries[] = {{"ETRECORD_V0", {0}},          {EDGE, {0}},
                                  {EDGE "_state_dict", {0}},     {EDGE "_constants", {0}},
                                  {EDGE "_example_inputs", {0}}, {"debug_handle_map", {0}},
                                  {"delegate_map", {0}},         {"instruction_id_to_num_outs_map", {0}}};
    recorder r = {.graph = graph, .arena = arena, .error = error};
    TRY(render(&r, emit_program, &entries[1].data));
    TRY(render(&r, emit_handles, &entries[5].data));
    TRY(render(&r, emit_delegates, &entries[6].data));
    TRY(render(&r, emit_counts, &entries[7].data));
    return zip_write(entries, sizeof entries / sizeof *entries, arena, file, error);
}
