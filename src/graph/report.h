/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of mica_report: a list of node reports with their strings, in an arena.
 */
#ifndef GRAPH_REPORT_H
#define GRAPH_REPORT_H

#include "base/memory.h"
#include "mica/explain.h"

struct mica_report {
    struct arena *arena;     /* of the nodes' strings and of the list */
    struct arena own;        /* where `arena` is the report's own */
    mica_node_report *nodes; /* grows by doubling inside the arena */
    size_t count, capacity;
};

/* Where the nodes stand in the program. */
typedef struct report_place {
    int chain, instruction, delegate;
} report_place;

mica_status report_append(mica_report *report, const mica_node_report *node,
                          mica_error *error); /* strings must outlive it */

#endif
