/* SPDX-License-Identifier: Apache-2.0
 *
 * One delegate: its nodes as operators in a flat array, its values in a planned workspace.
 *
 *   graph_create   nodes to operators: fuse, choose, ask for packed weights
 *   graph_resize   infer shapes from the external inputs' dims, plan memory, reshape operators
 *   graph_run      call the operators in order, one event per node
 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "base/pool.h"
#include "format/xnnpack.h"
#include "graph/plan.h"
#include "graph/report.h"
#include "operator/operator.h"
#include "profile/trace.h"

struct graph;

typedef struct graph_options {
    op_target target;
    bool fuse;
    size_t memory_limit;      /* for the workspace */
    struct buffer *workspace; /* outlives the graph; others that never run at the same time may have the same */
    struct pool *pool;
    struct weights *weights; /* asked for what operators want packed; the caller then packs */
} graph_options;

/* `payload` and `arena` outlive the graph. Errors: FORMAT, SHAPE, UNSUPPORTED, LIMIT, MEMORY. */
mica_status graph_create(const xnn_graph *payload, const graph_options *options, struct arena *arena,
                         struct graph **out, mica_error *error);

/* Dims of the external values: shapes[id] for inputs are read, for outputs written. Does nothing when the inputs are
 * as at the last call. Errors: SHAPE (beyond the declared bounds, or nodes that do not fit), LIMIT, MEMORY. */
mica_status graph_resize(struct graph *graph, op_shape *shapes, mica_error *error);

/* Runs on memory: externals[id] for each external value, dense. `events` may be NULL; event k is node k of the report. */
void graph_run(struct graph *graph, void *const *externals, size_t threads, trace_sink *events);

/* Whether running reads constants where the file has them. */
bool graph_borrows(const struct graph *graph);

size_t graph_packed_bytes(const struct graph *graph);
size_t graph_workspace_bytes(const struct graph *graph); /* values, then scratch */
size_t graph_scratch_bytes(const struct graph *graph);
/* Where in the workspace a value of the payload lives, from which node to which, and its shape in force; false when it is
 * elsewhere, or nowhere. */
bool graph_place_of(const struct graph *graph, size_t value, plan_span *span, op_shape *shape);

/* Appends one entry per payload node, without packing anything: pure. */
mica_status graph_explain(const xnn_graph *payload, const op_target *target, bool fuse, mica_report *report,
                          const report_place *place, mica_error *error);

#endif
