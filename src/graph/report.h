/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of mica_report: a list of node reports with their strings, in an arena.
 */
#ifndef GRAPH_REPORT_H
#define GRAPH_REPORT_H

#include "base/memory.h"
#include "mica/explain.h"

typedef struct report {
    arena *arena;
    mica_node_report *nodes; /* grows by doubling inside the arena */
    size_t count, capacity;
} report;

/* Where the nodes stand in the program. */
typedef struct report_place {
    int chain, instruction, delegate;
} report_place;

mica_status report_append(report *report, const mica_node_report *node, mica_error *error); /* strings must outlive it */

#endif
