/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/emit.h"
#include "flatbuf/build.h"
#include "format/etdump.h"
#include "profile/etdump_write.h"

static const char *const event_names[] = {
    [MICA_EVENT_PROGRAM_LOAD] = "Program::load_method",
    [MICA_EVENT_METHOD_INIT] = "Method::init",
    [MICA_EVENT_EXECUTE] = "Method::execute",
    [MICA_EVENT_KERNEL_CALL] = "OPERATOR_CALL",
    [MICA_EVENT_DELEGATE_CALL] = "DELEGATE_CALL",
    [MICA_EVENT_JUMP] = "JF_CALL",
    [MICA_EVENT_MOVE] = "MOVE_CALL",
    [MICA_EVENT_FREE] = "FREE_CALL",
};
#define EVENT_KINDS (sizeof event_names / sizeof *event_names)

typedef struct writing {
    mica_context *context;
    const mica_etdump_options *options;
    struct fb_builder builder;
    struct arena arena;
    const mica_report *report;
    fb_ref *names;             /* of the report's nodes */
    bool *described;           /* nodes whose metadata were written */
    fb_ref kinds[EVENT_KINDS]; /* names of the other events */
    bool machine_described;
    uint64_t origin; /* ns: the first start; readers compute in floating point, to which large times do no good */
} writing;

/* ---- metadata ---- */

static void put_reasons(struct emitter *out, const mica_node_report *node) {
    if (node->accelerated) return;
    emit_key(out, "reasons");
    emit_begin(out, '[');
    for (size_t i = 0; i < node->reason_count; i++) {
        emit_begin(out, '{');
        emit_member_text(out, "variant", node->reasons[i].variant);
        emit_member_text(out, "code", node->reasons[i].code);
        emit_member_text(out, "message", node->reasons[i].message);
        emit_member_text(out, "remedy", node->reasons[i].remedy);
        emit_end(out, '}');
    }
    emit_end(out, ']');
}

static void put_node(struct emitter *out, const mica_node_report *node, size_t threads) {
    emit_begin(out, '{');
    emit_member_whole(out, "mica", 1);
    emit_member_whole(out, "node", node->node);
    emit_member_text(out, "node_type", node->node_type);
    if (node->node >= 0) emit_member_whole(out, "debug_handle", node->debug_handle);
    emit_member_text(out, "variant", node->variant);
    emit_member_text(out, "kernel", node->kernel);
    emit_member_text(out, "isa", node->isa);
    emit_member_whole(out, "threads", (int64_t)threads);
    emit_member_real(out, "operations", node->operations);
    emit_member_real(out, "bytes", node->bytes);
    emit_member_text(out, "shapes", node->shapes);
    emit_member_text(out, "types", node->types);
    emit_member_text(out, "quantization", node->quantization);
    emit_member_truth(out, "accelerated", node->accelerated);
    emit_member_truth(out, "eligible_kind", node->eligible_kind);
    put_reasons(out, node);
    emit_end(out, '}');
}

static void put_machine(struct emitter *out, const writing *w) {
    mica_cpu_info cpu;
    mica_cpu_query(&cpu);
    emit_begin(out, '{');
    emit_member_whole(out, "mica", 1);
    emit_member_text(out, "version", mica_version());
    emit_key(out, "machine");
    emit_begin(out, '{');
    emit_member_text(out, "cpu", cpu.model);
    emit_member_text(out, "architecture", cpu.architecture);
    emit_member_text(out, "isa", mica_context_isa(w->context));
    emit_member_text(out, "features", cpu.features);
    emit_member_whole(out, "threads", (int64_t)mica_context_threads(w->context));
    emit_member_whole(out, "cores", (int64_t)cpu.cores);
    emit_member_whole(out, "cache_l1d", (int64_t)cpu.cache_l1d);
    emit_member_whole(out, "cache_l2", (int64_t)cpu.cache_l2);
    emit_member_whole(out, "cache_l3", (int64_t)cpu.cache_l3);
    emit_member_whole(out, "vector_bits", (int64_t)cpu.vector_bits);
    emit_key(out, "limits");
    emit_begin(out, '{');
    for (size_t i = 0; i < w->options->limit_count; i++)
        emit_member_real(out, w->options->limits[i].name, w->options->limits[i].rate);
    emit_end(out, '}');
    emit_end(out, '}');
    emit_end(out, '}');
}

/* A node's metadata, or with NULL the machine's. */
static mica_status build_metadata(writing *w, const mica_node_report *node, fb_ref *ref, mica_error *error) {
    char *text = NULL;
    size_t size = 0;
    struct emitter out = {.stream = open_memstream(&text, &size)};
    if (!out.stream) return error_set(error, MICA_ERROR_MEMORY, "out of memory: metadata of an event");
    if (node)
        put_node(&out, node, mica_context_threads(w->context));
    else
        put_machine(&out, w);
    const bool whole = fclose(out.stream) == 0;
    if (whole) *ref = fb_build_scalars(&w->builder, &etdump_profile_schema, PROFILE_METADATA, text, size);
    free(text);
    return whole ? MICA_OK : error_set(error, MICA_ERROR_MEMORY, "out of memory: metadata of an event");
}

/* ---- events ---- */

/* `name` or `id`, the other one is 0. */
static fb_ref build_event(writing *w, const mica_event *event, fb_ref name, fb_ref id, fb_ref metadata) {
    struct fb_builder *const b = &w->builder;
    fb_begin(b, &etdump_profile_schema);
    fb_set_ref(b, PROFILE_NAME, name);
    fb_set_int(b, PROFILE_CHAIN, event->chain);
    fb_set_int(b, PROFILE_INSTRUCTION, event->instruction);
    fb_set_ref(b, PROFILE_DELEGATE_STRING, id);
    fb_set_ref(b, PROFILE_METADATA, metadata);
    fb_set_int(b, PROFILE_START, (int64_t)(event->start - w->origin));
    fb_set_int(b, PROFILE_END, (int64_t)(event->end - w->origin));
    const fb_ref profile = fb_end(b);
    fb_begin(b, &etdump_event_schema);
    fb_set_ref(b, EVENT_PROFILE, profile);
    return fb_end(b);
}

/* A kernel call is two events: the kernel under its own name, and the call. Both times are the call's. */
static mica_status append_event(writing *w, const mica_event *event, fb_ref *refs, size_t *count, mica_error *error) {
    const mica_node_report *const node = event->node >= 0 ? mica_report_node(w->report, (size_t)event->node) : NULL;
    const bool inside = event->kind == MICA_EVENT_NODE, named = inside || event->kind == MICA_EVENT_KERNEL_CALL;
    fb_ref metadata = 0;
    if (node && named) {
        fb_ref *const name = &w->names[event->node];
        bool *const described = &w->described[event->node];
        if (!*name) *name = fb_build_string(&w->builder, node->name);
        if (!*described) TRY(build_metadata(w, node, &metadata, error));
        *described = true;
        refs[(*count)++] = build_event(w, event, inside ? 0 : *name, inside ? *name : 0, metadata);
        metadata = 0;
    }
    if (inside) return MICA_OK;
    if (event->kind == MICA_EVENT_METHOD_INIT && !w->machine_described) {
        TRY(build_metadata(w, NULL, &metadata, error));
        w->machine_described = true;
    }
    fb_ref *const name = &w->kinds[event->kind];
    if (!*name) *name = fb_build_string(&w->builder, event_names[event->kind]);
    refs[(*count)++] = build_event(w, event, *name, 0, metadata);
    return MICA_OK;
}

/* A run ends with the event that contains all others; one that a full trace cut off lacks it. */
static bool is_whole(const mica_event *events, size_t count) {
    const mica_event_kind last = events[count - 1].kind;
    return last == MICA_EVENT_EXECUTE || last == MICA_EVENT_PROGRAM_LOAD;
}

static mica_status build_run(writing *w, const mica_event *events, size_t count, fb_ref *refs, fb_ref *run,
                             mica_error *error) {
    struct fb_builder *const b = &w->builder;
    size_t built = 0;
    for (size_t i = 0; i < count; i++) TRY(append_event(w, &events[i], refs, &built, error));
    const fb_ref name = fb_build_string(b, events->run ? "Execute" : "Default"), list = fb_build_refs(b, refs, built);
    fb_begin(b, &etdump_run_schema);
    fb_set_ref(b, RUN_NAME, name);
    fb_set_ref(b, RUN_EVENTS, list);
    *run = fb_end(b);
    return MICA_OK;
}

static mica_status build_all(writing *w, const mica_event *events, size_t count, bool cut, const uint8_t **data,
                             size_t *size, mica_error *error) {
    const size_t nodes = mica_report_count(w->report);
    void *names = NULL, *described = NULL, *refs = NULL, *runs = NULL;
    size_t run_count = 0;
    TRY(arena_array(&w->arena, nodes, sizeof(fb_ref), &names, error));
    TRY(arena_array(&w->arena, nodes, sizeof(bool), &described, error));
    TRY(arena_array(&w->arena, count, 2 * sizeof(fb_ref), &refs, error));
    TRY(arena_array(&w->arena, count, sizeof(fb_ref), &runs, error));
    w->names = names;
    w->described = described;
    w->origin = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (events[i].start < w->origin) w->origin = events[i].start;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && events[end].run == events[i].run;) end++;
        if (cut && !is_whole(&events[i], end - i)) continue;
        TRY(build_run(w, &events[i], end - i, refs, (fb_ref *)runs + run_count, error));
        run_count++;
    }
    const fb_ref list = fb_build_refs(&w->builder, runs, run_count);
    fb_begin(&w->builder, &etdump_schema);
    fb_set_ref(&w->builder, ETDUMP_RUN_DATA, list);
    return fb_finish(&w->builder, fb_end(&w->builder), &etdump_options, data, size, error);
}

mica_status etdump_encode(mica_context *context, const mica_event *events, size_t count, bool cut,
                          const mica_report *report, const mica_etdump_options *options, mica_sink sink, void *user) {
    mica_error *const error = &context->error;
    mica_etdump_options all = {0};
    if (options) memcpy(&all, options, min_size(options->size, sizeof all));
    writing w = {.context = context, .options = &all, .report = report};
    const uint8_t *data = NULL;
    size_t size = 0;
    fb_builder_init(&w.builder, &context->allocator);
    arena_init(&w.arena, &context->allocator, 0);
    mica_status status = build_all(&w, events, count, cut, &data, &size, error);
    if (status == MICA_OK && !sink(user, data, size))
        status = error_set(error, MICA_ERROR_IO, "the profile of %zu bytes could not be written", size);
    fb_builder_free(&w.builder);
    arena_free(&w.arena);
    return status;
}

/* ---- public ---- */

mica_status mica_etdump_encode(mica_context *context, const mica_trace *trace, const mica_report *report,
                               const mica_etdump_options *options, mica_sink sink, void *user) {
    if (!context) return MICA_ERROR_ARGUMENT;
    if (!trace || !report || !sink)
        return error_set(&context->error, MICA_ERROR_ARGUMENT, "mica_etdump_encode: an argument is NULL");
    return etdump_encode(context, mica_trace_events(trace), mica_trace_count(trace), mica_trace_dropped(trace) > 0,
                         report, options, sink, user);
}

static bool to_file(void *user, const void *data, size_t size) { return fwrite(data, 1, size, user) == size; }

mica_status mica_etdump_write(mica_context *context, const mica_trace *trace, const mica_report *report,
                              const mica_etdump_options *options, const char *path) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!path) return error_set(error, MICA_ERROR_ARGUMENT, "mica_etdump_write: the path is NULL");
    FILE *const file = fopen(path, "wb");
    if (!file) return error_set(error, MICA_ERROR_IO, "cannot be created: %s", strerror(errno));
    const mica_status status = mica_etdump_encode(context, trace, report, options, to_file, file);
    if (fclose(file) != 0 && status == MICA_OK)
        return error_set(error, MICA_ERROR_IO, "cannot be written: %s", strerror(errno));
    return status;
}
