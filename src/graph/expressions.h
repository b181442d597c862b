/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise nodes that one other reads merge into it, and so on: a step computes all of an expression.
 */
#ifndef GRAPH_EXPRESSIONS_H
#define GRAPH_EXPRESSIONS_H

#include "graph/uses.h"

/* Marks what merges. Nodes that are marked already are left alone. */
void expressions_merge(const xnn_graph *payload, const uses *all, size_t *merged_into);

/* If nodes were merged into that of the step: gives it their work. */
mica_status expressions_build(const xnn_graph *payload, const uses *all, const size_t *merged_into,
                              struct arena *arena, lower_step *step, mica_error *error);

#endif
