/* SPDX-License-Identifier: Apache-2.0
 *
 * The event interface of the runtime: a sink that costs one branch when it is absent.
 */
#ifndef PROFILE_TRACE_H
#define PROFILE_TRACE_H

#include "mica/trace.h"

/* Where events and values of one instruction go. */
typedef struct trace_sink {
    mica_trace *trace;      /* NULL: only values are wanted */
    mica_observer observer; /* NULL: only times are */
    void *user;
    int32_t chain, instruction;
    int32_t first_node; /* report index of the delegate's node 0, or of the kernel call */
} trace_sink;

/* Start of an event, in the trace's own time; 0 when nobody records. */
uint64_t trace_start(const trace_sink *sink);

/* Number of the run that the events from now on belong to; 0: load. */
void trace_set_run(mica_trace *trace, uint32_t run);

/* Ends an event begun at `start`; drops it, counting, when the trace is full. `sink` may be NULL. `node` is relative to
 * first_node for MICA_EVENT_NODE. Gives the end, where an event may start that follows at once. */
uint64_t trace_end(trace_sink *sink, mica_event_kind kind, int32_t node, uint64_t start);

#endif
