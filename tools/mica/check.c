/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "terminal.h"

#define NO_RECORD SIZE_MAX

/* A result of the reference. */
struct record {
    size_t node, later; /* the next record of the same node */
    mica_tensor tensor; /* its elements are the record's */
};

/* ---- opening ---- */

bool check_open(struct check *check, const struct settings *settings, struct model *subject, struct fault *fault) {
    struct settings plain = *settings;
    plain.fuse = 1;
    const char *const method = mica_program_method_name(subject->program, subject->index);
    *check = (struct check){.subject = subject, .method = method};
    const bool good = context_open(&plain, MICA_KERNELS_REFERENCE, settings->isa, &check->context, fault) &&
                      succeeded(fault, subject->path, check->context,
                                mica_method_load(check->context, subject->program, method, &check->reference)) &&
                      succeeded(fault, subject->path, subject->context,
                                mica_method_load(subject->context, subject->program, method, &check->forced));
    if (!good) return false;
    check->node_count = mica_report_count(mica_method_report(subject->method));
    check->nodes = grow(NULL, check->node_count, sizeof *check->nodes);
    return succeeded(fault, subject->path, check->context,
                     mica_trace_create(check->context, 4 * check->node_count + 64, &check->trace));
}

static void forget_records(struct check *check) {
    for (size_t i = 0; i < check->record_count; i++) free(check->records[i].tensor.data);
    check->record_count = 0;
    for (size_t n = 0; n < check->node_count; n++) check->nodes[n].first = check->nodes[n].next = NO_RECORD;
}

void check_close(struct check *check) {
    if (check->nodes) forget_records(check);
    free(check->records);
    free(check->nodes);
    mica_trace_destroy(check->trace);
    mica_method_destroy(check->forced);
    mica_method_destroy(check->reference);
    mica_context_destroy(check->context);
    *check = (struct check){0};
}

/* ---- the three observers ---- */

static void keep(void *user, const mica_observation *seen) {
    struct check *const check = user;
    struct checked_node *const node = &check->nodes[seen->node];
    if (check->record_count == check->record_room) {
        check->record_room = check->record_room ? check->record_room * 2 : 256;
        check->records = grow(check->records, check->record_room, sizeof *check->records);
    }
    const size_t bytes = mica_tensor_bytes(&seen->tensor), index = check->record_count++;
    struct record *const record = &check->records[index];
    *record = (struct record){seen->node, NO_RECORD, seen->tensor};
    record->tensor.data = grow(NULL, bytes, 1);
    memcpy(record->tensor.data, seen->tensor.data, bytes);
    if (node->first == NO_RECORD)
        node->first = index;
    else
        check->records[node->next].later = index;
    node->next = index; /* while recording: the last one */
}

/* The reference's result for what the observer sees; NULL when it has none of this shape. */
static const mica_tensor *wanted(struct check *check, const mica_observation *seen) {
    struct checked_node *const node = &check->nodes[seen->node];
    if (node->next == NO_RECORD) return NULL;
    const struct record *const record = &check->records[node->next];
    const mica_tensor *const want = &record->tensor;
    node->next = record->later;
    const bool same = want->type == seen->tensor.type && want->rank == seen->tensor.rank &&
                      memcmp(want->sizes, seen->tensor.sizes, want->rank * sizeof *want->sizes) == 0;
    return same ? want : NULL;
}

/* Products behind one element. What a kernel call adds up is not known, but is no more than it reads. */
static double terms_of(const struct check *check, const mica_observation *seen) {
    const mica_node_report *const report = mica_report_node(mica_method_report(check->subject->method), seen->runner);
    const size_t count = mica_tensor_count(&seen->tensor);
    if (report->operations > 0 && count) return report->operations / 2 / (double)count;
    return report->bytes / (double)mica_type_size(seen->tensor.type);
}

static gap compare(struct check *check, const mica_observation *seen, const mica_tensor *want) {
    if (!want) return (gap){.largest = INFINITY, .ulp = NAN, .steps = NAN}; /* it took another way */
    return gap_between(seen, want, terms_of(check, seen));
}

static void force(void *user, const mica_observation *seen) {
    struct check *const check = user;
    struct checked_node *const node = &check->nodes[seen->node];
    const mica_tensor *const want = wanted(check, seen);
    const gap found = compare(check, seen, want);
    node->own = node->seen ? gap_worse(&node->own, &found) : found;
    node->seen = true;
    node->runner = seen->runner;
    if (!found.inside && check->wrong == check->node_count) check->wrong = seen->node;
    /* Rows quantized at run time keep their own parameters, and so their own bytes. */
    if (want && found.largest > 0 && !seen->rows) memcpy(seen->tensor.data, want->data, mica_tensor_bytes(want));
}

static void follow(void *user, const mica_observation *seen) {
    struct check *const check = user;
    struct checked_node *const node = &check->nodes[seen->node];
    const gap found = compare(check, seen, wanted(check, seen));
    node->accumulated = gap_worse(&node->accumulated, &found);
}

/* ---- a call ---- */

/* One run of a method under an observer; NULL: a warm-up. */
static bool observed_run(struct check *check, mica_context *context, mica_method *method, mica_observer observer,
                         struct fault *fault) {
    mica_trace_clear(check->trace);
    mica_method_set_trace(method, check->trace);
    mica_method_set_observer(method, observer, check);
    const bool good = succeeded(fault, check->subject->path, context, mica_method_run(method));
    mica_method_set_observer(method, NULL, NULL);
    mica_method_set_trace(method, NULL);
    return good;
}

/* Keeps the least time of each node that the trace has; a node in a loop takes the sum of its turns. */
static void take_times(struct check *check, bool reference) {
    uint64_t *const sums = grow(NULL, check->node_count, sizeof *sums);
    memset(sums, 0, check->node_count * sizeof *sums);
    for (size_t i = 0; i < mica_trace_count(check->trace); i++) {
        const mica_event *const event = &mica_trace_events(check->trace)[i];
        if (event->node >= 0) sums[event->node] += event->end - event->start;
    }
    for (size_t n = 0; n < check->node_count; n++) {
        uint64_t *const kept = reference ? &check->nodes[n].reference_ns : &check->nodes[n].ns;
        if (sums[n] && sums[n] < *kept) *kept = sums[n];
    }
    free(sums);
}

static void rewind_records(struct check *check) {
    for (size_t n = 0; n < check->node_count; n++) check->nodes[n].next = check->nodes[n].first;
}

static bool run_three(struct check *check, bool warmup, struct fault *fault) {
    struct model *const subject = check->subject;
    forget_records(check);
    if (!observed_run(check, check->context, check->reference, warmup ? NULL : keep, fault)) return false;
    if (!warmup) take_times(check, true);
    rewind_records(check);
    if (!observed_run(check, subject->context, check->forced, warmup ? NULL : force, fault)) return false;
    rewind_records(check);
    if (!observed_run(check, subject->context, subject->method, warmup ? NULL : follow, fault)) return false;
    if (!warmup) take_times(check, false);
    return true;
}

static bool share_inputs(struct check *check, struct fault *fault) {
    const struct model *const subject = check->subject;
    for (size_t i = 0; i < subject->input_count; i++) {
        const mica_value *const value = &subject->inputs[i].value;
        if (!succeeded(fault, subject->path, check->context, mica_method_set_input(check->reference, i, value)) ||
            !succeeded(fault, subject->path, subject->context, mica_method_set_input(check->forced, i, value)))
            return false;
    }
    return true;
}

bool check_call(struct check *check, size_t warmup, size_t executions, struct fault *fault) {
    const gap nothing = {.ulp = NAN, .steps = NAN, .inside = true};
    for (size_t n = 0; n < check->node_count; n++) {
        check->nodes[n] = (struct checked_node){.accumulated = nothing, .ns = UINT64_MAX, .reference_ns = UINT64_MAX};
    }
    check->wrong = check->node_count;
    bool good = share_inputs(check, fault);
    for (size_t i = 0; good && i < warmup + executions; i++) {
        progress("checking", (double)i, (double)(warmup + executions));
        good = run_three(check, i < warmup, fault);
    }
    progress_end();
    return good;
}

/* ---- what was found ---- */

bool check_verdict(const struct check *check, struct fault *fault) {
    if (check->wrong == check->node_count) return true;
    const mica_report *const report = mica_method_report(check->subject->method);
    const struct checked_node *const node = &check->nodes[check->wrong];
    const gap *const own = &node->own;
    return fail(fault,
                "%s: %s: node %zu (%s, %s) is the first that goes wrong: element %zu is %.9g, the reference has "
                "%.9g, %.3g is left to rounding",
                check->subject->path, check->method, check->wrong, mica_report_node(report, check->wrong)->node_type,
                mica_report_node(report, node->runner)->kernel, own->where, own->got, own->want, own->tolerance);
}
