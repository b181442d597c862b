/* SPDX-License-Identifier: Apache-2.0
 *
 * Times of what a method does: always compiled in, off until a trace is attached.
 *
 * A trace has fixed room, allocated once; recording never allocates. Times are nanoseconds of a monotonic clock.
 */
#ifndef MICA_TRACE_H
#define MICA_TRACE_H

#include "mica/explain.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mica_trace mica_trace;

typedef enum mica_event_kind {
    MICA_EVENT_PROGRAM_LOAD = 0, /* Program::load_method */
    MICA_EVENT_METHOD_INIT = 1,  /* Method::init */
    MICA_EVENT_EXECUTE = 2,      /* Method::execute */
    MICA_EVENT_KERNEL_CALL = 3,  /* OPERATOR_CALL; `node` is the report index of the call */
    MICA_EVENT_DELEGATE_CALL = 4,
    MICA_EVENT_NODE = 5, /* one node of a delegate; `node` is its report index */
    MICA_EVENT_JUMP = 6,
    MICA_EVENT_MOVE = 7,
    MICA_EVENT_FREE = 8
} mica_event_kind;

typedef struct mica_event {
    mica_event_kind kind;
    uint32_t run;  /* 0: load; 1, 2, …: the executions since the trace was attached */
    int32_t chain; /* -1 outside of instructions */
    int32_t instruction;
    int32_t node;        /* index in the method's report; -1: none */
    uint64_t start, end; /* ns */
} mica_event;

/* Room for `capacity` events of 40 bytes; events beyond it are counted and dropped. */
MICA_API MICA_MUST_USE mica_status mica_trace_create(mica_context *context, size_t capacity, mica_trace **trace);
MICA_API void mica_trace_destroy(mica_trace *trace);
MICA_API void mica_trace_clear(mica_trace *trace);

/* Attach (or, with NULL, detach) for loads done through the context and runs of the method. */
MICA_API void mica_context_set_trace(mica_context *context, mica_trace *trace);
MICA_API void mica_method_set_trace(mica_method *method, mica_trace *trace);

MICA_API size_t mica_trace_count(const mica_trace *trace);
MICA_API const mica_event *mica_trace_events(const mica_trace *trace); /* in order of their end */
MICA_API size_t mica_trace_dropped(const mica_trace *trace);

/* ---- values ---- */

/* What a node has just written. Quantized values stand for (q − zero_point) · scale. */
typedef struct mica_observation {
    size_t node;        /* whose result it is: index in the method's report */
    mica_tensor tensor; /* borrowed for the call; nodes of delegates: in the order of their memory */
    bool quantized;
    float scale;
    int32_t zero_point;
    size_t runner; /* the node that ran: `node`, or the one that it was fused into */
    bool rows;     /* quantized row by row at run time: the rows' parameters are not shown */
    double summed; /* of a sum or mean outside of delegates: the largest magnitude of what was added up; else 0 */
} mica_observation;

typedef void (*mica_observer)(void *user, const mica_observation *observation);

/* Calls `observer` with each tensor that the method's runs write, node by node (NULL: no more). Of nodes fused into one,
 * only the last result is seen. What an observer changes in a tensor, the nodes after it compute with; it must leave
 * alone tensors that it finds right, which may be views of inputs or constants. */
MICA_API void mica_method_set_observer(mica_method *method, mica_observer observer, void *user);

/* Nanoseconds of the clock that traces use. */
MICA_API uint64_t mica_clock(void);

#ifdef __cplusplus
}
#endif
#endif
