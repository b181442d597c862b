/* SPDX-License-Identifier: Apache-2.0
 *
 * Who writes and who reads the values of a payload: what decides on merging.
 */
#ifndef GRAPH_USES_H
#define GRAPH_USES_H

#include "format/xnnpack.h"
#include "graph/lower.h"

/* What is known of one value: who writes it, how often it is read, and by how many as rows of a matrix. */
typedef struct uses {
    size_t producer;     /* node, or LOWER_NONE */
    size_t step;         /* that writes it, or LOWER_NONE */
    size_t readers;      /* the caller counts as one */
    size_t first_reader; /* node, or LOWER_NONE */
    size_t row_readers, first_row_reader;
    bool is_placed; /* its memory is a caller's output that it is renamed to */
} uses;

/* One for each value. */
mica_status uses_find(const xnn_graph *payload, struct arena *arena, uses **out, mica_error *error);

/* Its left operand is a matrix, whose rows packing can quantize. */
bool uses_rows(const mica_operation *operation);

#endif
