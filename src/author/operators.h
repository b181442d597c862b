/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph as PyTorch has it: what it calls the nodes, and the program around them.
 */
#ifndef AUTHOR_OPERATORS_H
#define AUTHOR_OPERATORS_H

#include "author/author.h"
#include "author/edge.h"

struct torch_operator {
    const char *target;                               /* "aten.add.Tensor" */
    const char *arguments[MICA_OPERATION_MAX_INPUTS]; /* those that are tensors */
    const char *list;                                 /* or the one that is a list of them */
    bool weighted;                                    /* the second is a filter, the third a bias */
};

const struct torch_operator *torch_operator_of(const mica_operation *operation);

/* Arguments that are no tensors: those that have no default, and those that say what the operator does. `output`
 * is its result in PyTorch's layout; `image`: the graph has it in NHWC. */
void torch_attributes(struct edge *edge, const mica_operation *operation, const edge_value *output, bool image);

/* Writes all nodes of a graph, from edge_begin on; edge->out is there, the rest is made in `arena`. */
mica_status edge_from_graph(const xnn_graph *graph, struct arena *arena, struct edge *edge, mica_error *error);

#endif
