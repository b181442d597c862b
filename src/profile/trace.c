/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/trace.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/cpu.h"
#include "base/memory.h"

/* Events are recorded in ticks of the processor's counter where it is steady, and told in nanoseconds: the line through
 * two moments at which both were read gives the clock's time of a tick. */
struct moment {
    uint64_t ticks, ns;
};
#define CALIBRATION_NS 1000000u /* between the moments, at least: each is known to some 20 ns */

struct mica_trace {
    mica_allocator allocator;
    bool counts;         /* in ticks */
    struct moment first; /* when it was made */
    size_t told;         /* events that are in ns already */
    size_t capacity, count, dropped;
    uint32_t run;
    mica_event events[];
};

/* Of some readings the shortest: this thread may have been stopped in others. */
static struct moment moment_now(void) {
    struct moment moment = {0};
    uint64_t shortest = UINT64_MAX;
    for (size_t i = 0; i < 5; i++) {
        const uint64_t before = cpu_ticks(), ns = clock_now(), took = cpu_ticks() - before;
        if (took >= shortest) continue;
        shortest = took;
        moment = (struct moment){before + took / 2, ns};
    }
    return moment;
}

static uint64_t now(const mica_trace *trace) { return trace->counts ? cpu_ticks() : clock_now(); }

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
    made->counts = cpu_ticks_steadily();
    if (made->counts) made->first = moment_now();
    *trace = made;
    return MICA_OK;
}

void mica_trace_destroy(mica_trace *trace) {
    if (!trace) return;
    const mica_allocator allocator = trace->allocator;
    allocator.release(allocator.user, trace, trace_bytes(trace->capacity));
}

void mica_trace_clear(mica_trace *trace) { trace->count = trace->dropped = trace->told = 0; }

size_t mica_trace_count(const mica_trace *trace) { return trace->count; }

/* Ticks become nanoseconds, once for each event. */
static void tell(mica_trace *trace) {
    struct moment last = moment_now();
    while (last.ns - trace->first.ns < CALIBRATION_NS) last = moment_now();
    const double scale = (double)(last.ns - trace->first.ns) / (double)(last.ticks - trace->first.ticks);
    for (; trace->told < trace->count; trace->told++) {
        mica_event *const event = &trace->events[trace->told];
        event->start = trace->first.ns + (uint64_t)((double)(event->start - trace->first.ticks) * scale);
        event->end = trace->first.ns + (uint64_t)((double)(event->end - trace->first.ticks) * scale);
    }
}

const mica_event *mica_trace_events(const mica_trace *trace) {
    if (trace->counts && trace->told < trace->count) tell((mica_trace *)(uintptr_t)trace);
    return trace->events;
}

size_t mica_trace_dropped(const mica_trace *trace) { return trace->dropped; }

uint64_t mica_clock(void) { return clock_now(); }

void trace_set_run(mica_trace *trace, uint32_t run) { trace->run = run; }

uint64_t trace_start(const trace_sink *sink) { return sink && sink->trace ? now(sink->trace) : 0; }

uint64_t trace_end(trace_sink *sink, mica_event_kind kind, int32_t node, uint64_t start) {
    if (!sink || !sink->trace) return 0;
    const uint64_t end = now(sink->trace);
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
