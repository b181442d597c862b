/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/trace.h"

#include "base/context.h"
#include "base/memory.h"

struct mica_trace {
    mica_allocator allocator;
    size_t capacity, count, dropped;
    uint32_t run;
    mica_event events[];
};

static size_t trace_bytes(size_t capacity) { return sizeof(mica_trace) + capacity * sizeof(mica_event); }

mica_status mica_trace_create(mica_context *context, size_t capacity, mica_trace **trace) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!trace) return error_set(error, MICA_ERROR_ARGUMENT, "mica_trace_create: no place for the trace");
    if (capacity > (SIZE_MAX / 2 - sizeof(mica_trace)) / sizeof(mica_event)) {
        return error_set(error, MICA_ERROR_LIMIT, "a trace of %zu events is too large", capacity);
    }
    mica_trace *const made =
        context->allocator.allocate(context->allocator.user, trace_bytes(capacity), MEMORY_ALIGNMENT);
    if (!made) return error_set(error, MICA_ERROR_MEMORY, "out of memory: a trace of %zu events", capacity);
    *made = (mica_trace){.allocator = context->allocator, .capacity = capacity};
    *trace = made;
    return MICA_OK;
}

void mica_trace_destroy(mica_trace *trace) {
    if (!trace) return;
    const mica_allocator allocator = trace->allocator;
    allocator.release(allocator.user, trace, trace_bytes(trace->capacity));
}

void mica_trace_clear(mica_trace *trace) { trace->count = trace->dropped = 0; }

size_t mica_trace_count(const mica_trace *trace) { return trace->count; }
const mica_event *mica_trace_events(const mica_trace *trace) { return trace->events; }
size_t mica_trace_dropped(const mica_trace *trace) { return trace->dropped; }

uint64_t mica_clock(void) { return clock_now(); }

void trace_set_run(mica_trace *trace, uint32_t run) { trace->run = run; }

uint64_t trace_end(trace_sink *sink, mica_event_kind kind, int32_t node, uint64_t start) {
    if (!sink || !sink->trace) return 0;
    const uint64_t end = clock_now();
    mica_trace *const trace = sink->trace;
    if (trace->count == trace->capacity) {
        trace->dropped++;
        return end;
    }
    trace->events[trace->count++] = (mica_event){
        .kind = kind,
        .run = trace->run,
        .chain = sink->chain,
        .instruction = sink->instruction,
        .node = kind == MICA_EVENT_NODE ? sink->first_node + node : node,
        .start = start,
        .end = end,
    };
    return end;
}
