/* SPDX-License-Identifier: Apache-2.0
 *
 * Chrome's trace event format: every event of every run as a complete event, nested by its times.
 *
 * A viewer wants events of one thread to nest. The runtime of ExecuTorch makes up the start times inside XNNPACK
 * and has durations in whole microseconds, so that nodes may reach past their call: here they end with it, and say
 * so.
 */
#include <stdlib.h>

#include "base/emit.h"
#include "devtools/write.h"

typedef struct slice {
    const etdump_event *event;
    const mica_inspect_row *row; /* NULL: an event that a later one of the same name displaced */
    const char *name;
    mica_row_role role;
    double start, end; /* ticks since the first */
    size_t order;      /* in the file: events are appended when they end */
} slice;

typedef struct sample {
    const etdump_event *event;
    const mica_inspect_row *row;
} sample;

static int by_event(const void *a, const void *b) {
    const uintptr_t x = (uintptr_t)((const sample *)a)->event, y = (uintptr_t)((const sample *)b)->event;
    return (x > y) - (x < y);
}

/* What contains another comes first. Work may take no time at all, and then nothing contains it but its call. */
static int by_start(const void *a, const void *b) {
    const slice *const x = a, *const y = b;
    const bool instant = x->role == MICA_ROW_WORK && (x->start == x->end || y->start == y->end);
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->role != y->role) return x->role < y->role ? -1 : 1;
    if (x->end != y->end && !instant) return x->end > y->end ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static uint64_t first_tick(const mica_inspection *inspection) {
    uint64_t first = UINT64_MAX;
    for (size_t r = 0; r < inspection->dump.count; r++)
        for (size_t i = 0; i < inspection->dump.runs[r].count; i++) {
            const etdump_event *const event = &inspection->dump.runs[r].events[i];
            if (event->kind == ETDUMP_PROFILE && event->start < first) first = event->start;
        }
    return first;
}

/* All profile events with their rows; `samples` and `slices` have room for them. */
static size_t collect(const mica_inspection *inspection, sample *samples, slice *slices) {
    const uint64_t origin = first_tick(inspection);
    size_t known = 0, count = 0;
    for (size_t i = 0; i < inspection->row_count; i++)
        for (size_t k = 0; k < inspection->rows[i].samples; k++)
            samples[known++] = (sample){inspection->sources[i].event->samples[k], &inspection->rows[i]};
    qsort(samples, known, sizeof *samples, by_event);
    for (size_t r = 0; r < inspection->dump.count; r++)
        for (size_t i = 0; i < inspection->dump.runs[r].count; i++) {
            const etdump_event *const event = &inspection->dump.runs[r].events[i];
            double ticks = 0;
            if (event->kind != ETDUMP_PROFILE || profile_time(event, false, 1, &ticks, NULL) != MICA_OK) continue;
            const sample *const found = bsearch(&(sample){.event = event}, samples, known, sizeof *samples, by_event);
            const double start = (double)(event->start - origin);
            const bool delegated = event->delegate_int != -1 || (event->delegate_string && *event->delegate_string);
            const char *const name = found ? found->row->name : delegated ? event->delegate_string : event->name;
            slices[count] = (slice){
                .event = event,
                .row = found ? found->row : NULL,
                .name = name ? name : "",
                .role = inspection_role(name ? name : "", delegated),
                .start = start,
                .end = start + ticks,
                .order = count,
            };
            count++;
        }
    qsort(slices, count, sizeof *slices, by_start);
    return count;
}

static void name_thread(struct emitter *out, const char *what, const char *name) {
    emit_begin(out, '{');
    emit_member_text(out, "ph", "M");
    emit_member_text(out, "name", what);
    emit_member_whole(out, "pid", 1);
    emit_member_whole(out, "tid", 1);
    emit_key(out, "args");
    emit_begin(out, '{');
    emit_member_text(out, "name", name);
    emit_end(out, '}');
    emit_end(out, '}');
}

static void put_argument(struct emitter *out, const char *key, const char *text) {
    if (*text) emit_member_text(out, key, text);
}

static void put_slice(struct emitter *out, const slice *s, double end, double ticks_per_us) {
    static const char *const categories[] = {
        [MICA_ROW_FRAME] = "frame", [MICA_ROW_CALL] = "call", [MICA_ROW_WORK] = "work"};
    emit_begin(out, '{');
    emit_member_text(out, "ph", "X");
    emit_member_text(out, "name", s->name);
    emit_member_text(out, "cat", categories[s->role]);
    emit_member_whole(out, "pid", 1);
    emit_member_whole(out, "tid", 1);
    emit_member_real(out, "ts", s->start / ticks_per_us);
    emit_member_real(out, "dur", (end - s->start) / ticks_per_us);
    emit_key(out, "args");
    emit_begin(out, '{');
    emit_member_whole(out, "chain", s->event->chain);
    emit_member_whole(out, "instruction", s->event->instruction);
    if (s->row) {
        put_argument(out, "kernel", s->row->kernel);
        put_argument(out, "variant", s->row->variant);
        put_argument(out, "isa", s->row->isa);
        put_argument(out, "shapes", s->row->shapes);
        put_argument(out, "operators", s->row->operators);
        put_argument(out, "module", s->row->module);
        put_argument(out, "source", s->row->source);
    }
    if (end < s->end) emit_member_real(out, "cut_us", (s->end - end) / ticks_per_us);
    emit_end(out, '}');
    emit_end(out, '}');
    putc('\n', out->stream);
}

/* `open` is a stack of the ends of what contains the next slice. */
static void put_slices(struct emitter *out, const slice *slices, size_t count, double *open, double ticks_per_us) {
    size_t depth = 0;
    for (size_t i = 0; i < count; i++) {
        while (depth > 0 && open[depth - 1] <= slices[i].start) depth--;
        const double end = depth > 0 && slices[i].end > open[depth - 1] ? open[depth - 1] : slices[i].end;
        put_slice(out, &slices[i], end, ticks_per_us);
        open[depth++] = end;
    }
}

mica_status write_trace(const mica_inspection *inspection, FILE *stream, mica_error *error) {
    static const double ticks_per_us[] = {
        [MICA_NS] = 1e3, [MICA_US] = 1, [MICA_MS] = 1e-3, [MICA_S] = 1e-6, [MICA_CYCLES] = 1};
    struct emitter emitter = {.stream = stream}, *const out = &emitter;
    struct arena arena;
    void *samples = NULL, *slices = NULL, *open = NULL;
    size_t count = 0;
    for (size_t r = 0; r < inspection->dump.count; r++) count += inspection->dump.runs[r].count;
    arena_init(&arena, inspection->arena.allocator, 0);
    mica_status status = arena_array(&arena, count, sizeof(sample), &samples, error);
    if (status == MICA_OK) status = arena_array(&arena, count, sizeof(slice), &slices, error);
    if (status == MICA_OK) status = arena_array(&arena, count, sizeof(double), &open, error);
    if (status == MICA_OK) {
        count = collect(inspection, samples, slices);
        emit_begin(out, '{');
        emit_member_text(out, "displayTimeUnit", "ns");
        emit_key(out, "traceEvents");
        emit_begin(out, '[');
        name_thread(out, "process_name", inspection->path);
        name_thread(out, "thread_name", *inspection->summary.machine ? inspection->summary.machine : "runtime");
        put_slices(out, slices, count, open, ticks_per_us[inspection->source]);
        emit_end(out, ']');
        emit_end(out, '}');
        putc('\n', stream);
    }
    arena_free(&arena);
    return status;
}
