/* SPDX-License-Identifier: Apache-2.0
 *
 * mica bench MODEL.pte: three phases apart (load, first run, steady state), the whole model and each of its nodes.
 *
 * Nodes are timed in runs of their own with a trace attached, so that the whole model's times are free of it. The time
 * of a node that was fused into another belongs to that one, on both sides of a comparison.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "grow.h"
#include "model.h"
#include "require.h"

#define TRACE_EVENTS 65536

/* One side of a comparison: a model loaded in a context. */
struct side {
    struct model model;
    mica_trace *trace;   /* only while nodes are timed */
    const size_t *owner; /* of each node: the node whose row gets its time */
    size_t node_count;
    double *node_us; /* of the last run */
};

struct work {
    const struct bench *bench;
    const bench_model_spec *spec;
    struct side sides[2];
    size_t side_count, node_count;
    size_t *owner;
    double first_ms, added_rss_mb, difference;
};

/* ---- loading ---- */

/* Resident memory of this process in MB. */
static double resident_mb(void) {
    unsigned long pages = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*u %lu", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) * 1e-6;
}

static bool load(struct work *work, mica_context *context, uint64_t seed, struct fault *fault) {
    const bench_model_spec *const spec = work->spec;
    struct side *const side = &work->sides[work->side_count++];
    malloc_trim(0); /* what earlier models freed does not hide what this one takes */
    const double before = resident_mb();
    if (!model_open(&side->model, context, spec->path, spec->data_paths, spec->weights_cache, spec->method, fault))
        return false;
    const double loaded = resident_mb() - before;
    model_note_weights(&side->model, &work->bench->settings, spec->weights_cache);
    if (!model_set_inputs(&side->model, &spec->call, &seed, fault)) return false;
    const double with_inputs = resident_mb();
    const uint64_t start = mica_clock();
    if (!model_run(&side->model, fault)) return false;
    if (work->side_count > 1) return true;
    work->first_ms = (double)(mica_clock() - start) * 1e-6;
    work->added_rss_mb = loaded + resident_mb() - with_inputs;
    return model_check(&side->model, &spec->call, &work->difference, fault);
}

/* Finds the node of the same delegate that `node` was fused into. */
static size_t owner_of(const mica_report *report, size_t node) {
    for (size_t hops = 0; hops < mica_report_count(report); hops++) {
        const mica_node_report *const from = mica_report_node(report, node);
        int target;
        if (sscanf(from->fused_into, "node %d", &target) != 1) break;
        for (size_t i = 0; i < mica_report_count(report); i++) {
            const mica_node_report *const to = mica_report_node(report, i);
            if (to->node == target && to->chain == from->chain && to->instruction == from->instruction) node = i;
        }
    }
    return node;
}

/* ---- steady state ---- */

static bool run_model(void *self, struct series *series, struct fault *fault) {
    struct side *const side = self;
    const uint64_t start = mica_clock();
    const bool good = model_run(&side->model, fault);
    if (series) samples_add(&series->times, elapsed_us(start, mica_clock()));
    return good;
}

static bool run_nodes(void *self, struct series *series, struct fault *fault) {
    struct side *const side = self;
    mica_trace_clear(side->trace);
    if (!model_run(&side->model, fault)) return false;
    if (!series) return true;
    for (size_t n = 0; n < side->node_count; n++) side->node_us[n] = 0;
    const mica_event *const events = mica_trace_events(side->trace);
    for (size_t e = 0; e < mica_trace_count(side->trace); e++) {
        const mica_event *const event = &events[e];
        if (event->kind != MICA_EVENT_NODE && event->kind != MICA_EVENT_KERNEL_CALL) continue;
        if (event->node < 0 || (size_t)event->node >= side->node_count) continue;
        side->node_us[side->owner[event->node]] += elapsed_us(event->start, event->end);
    }
    for (size_t n = 0; n < side->node_count; n++) samples_add(&series[n].times, side->node_us[n]);
    return true;
}

/* ---- rows ---- */

/* The distinct variants (or kernels) of the nodes that could be accelerated, joined by '+'. */
static char *joined(const mica_report *report, bool kernels) {
    char *text = text_of("%s", "");
    for (size_t i = 0; i < mica_report_count(report); i++) {
        const mica_node_report *const node = mica_report_node(report, i);
        const char *const name = kernels ? node->kernel : node->variant;
        if (!node->eligible_kind || strstr(text, name)) continue;
        char *const longer = text_of("%s%s%s", text, *text ? "+" : "", name);
        free(text);
        text = longer;
    }
    if (*text) return text;
    free(text);
    return text_of("standard");
}

static bool add_model_row(struct bench *bench, struct work *work, const struct series *series, struct fault *fault) {
    const mica_report *const report = mica_method_report(work->sides[0].model.method);
    double operations = 0, ideal = 0;
    bool accelerated = true, eligible = false;
    for (size_t i = 0; i < mica_report_count(report); i++) {
        const mica_node_report *const node = mica_report_node(report, i);
        double seconds;
        if (!bench_ideal(bench, node, &seconds, fault)) return false;
        operations += node->operations;
        ideal += seconds;
        eligible |= node->eligible_kind;
        accelerated &= node->accelerated || !node->eligible_kind;
    }
    const struct model *const model = &work->sides[0].model;
    json_t *const row =
        bench_row(bench, work->spec->name, work->spec->name, &series[0], &series[1], operations, ideal);
    char *const variants = joined(report, false), *const kernels = joined(report, true);
    row_text(row, "variant", variants);
    row_text(row, "kernel", kernels);
    free(variants);
    free(kernels);
    row_flag(row, "accelerated", accelerated && eligible);
    row_flag(row, "eligible_kind", eligible);
    row_real(row, "open_ms", model->open_ms);
    row_real(row, "load_ms", model->open_ms + model->load_ms);
    row_real(row, "first_ms", work->first_ms);
    row_real(row, "added_rss_mb", work->added_rss_mb);
    if (work->spec->call.expected_count) row_real(row, "difference", work->difference);
    return true;
}

static bool add_node_rows(struct bench *bench, struct work *work, struct series *const series[2],
                          struct fault *fault) {
    const mica_report *const report = mica_method_report(work->sides[0].model.method);
    for (size_t n = 0; n < work->node_count; n++) {
        const mica_node_report *const node = mica_report_node(report, n);
        double ideal;
        if (work->owner[n] != n) continue;
        if (!bench_ideal(bench, node, &ideal, fault)) return false;
        json_t *const row = bench_row(bench, work->spec->name, node->name, &series[0][n],
                                      series[1] ? &series[1][n] : NULL, node->operations, ideal);
        bench_row_node(row, node);
        row_count(row, "node", n);
        if (work->spec->call.expected_count) row_real(row, "difference", work->difference);
    }
    return true;
}

static bool measure_model(struct bench *bench, struct work *work, const rounds_plan *plan, struct fault *fault) {
    struct series series[2] = {0};
    struct subject subjects[2];
    for (size_t s = 0; s < work->side_count; s++)
        subjects[s] = (struct subject){run_model, &work->sides[s], &series[s], 1};
    const bool good =
        rounds_measure(subjects, work->side_count, plan, fault) && add_model_row(bench, work, series, fault);
    for (size_t s = 0; s < 2; s++) series_free(&series[s]);
    return good;
}

static bool attach_trace(struct work *work, struct side *side, struct fault *fault) {
    side->owner = work->owner;
    side->node_count = work->node_count;
    side->node_us = grow(NULL, side->node_count, sizeof *side->node_us);
    mica_context *const context = side->model.context;
    if (!succeeded(fault, side->model.path, context, mica_trace_create(context, TRACE_EVENTS, &side->trace)))
        return false;
    mica_method_set_trace(side->model.method, side->trace);
    return true;
}

static void detach_trace(struct side *side) {
    mica_method_set_trace(side->model.method, NULL);
    mica_trace_destroy(side->trace);
    free(side->node_us);
    side->trace = NULL;
    side->node_us = NULL;
}

static bool measure_nodes(struct bench *bench, struct work *work, const rounds_plan *plan, struct fault *fault) {
    struct series *series[2] = {NULL, NULL};
    struct subject subjects[2];
    bool good = true;
    for (size_t s = 0; s < work->side_count; s++) {
        series[s] = grow(NULL, work->node_count, sizeof *series[s]);
        memset(series[s], 0, work->node_count * sizeof *series[s]);
        subjects[s] = (struct subject){run_nodes, &work->sides[s], series[s], work->node_count};
        good = good && attach_trace(work, &work->sides[s], fault);
    }
    good =
        good && rounds_measure(subjects, work->side_count, plan, fault) && add_node_rows(bench, work, series, fault);
    for (size_t s = 0; s < work->side_count; s++) {
        detach_trace(&work->sides[s]);
        for (size_t n = 0; n < work->node_count; n++) series_free(&series[s][n]);
        free(series[s]);
    }
    return good;
}

static bool measure(struct bench *bench, void *self, struct fault *fault) {
    struct work *const work = self;
    const rounds_plan plan = {work->spec->name, bench->warmup, bench->executions, bench->seconds};
    return measure_model(bench, work, &plan, fault) && (!bench->per_node || measure_nodes(bench, work, &plan, fault));
}

bool bench_model(struct bench *bench, const bench_model_spec *spec, struct fault *fault) {
    struct work work = {.bench = bench, .spec = spec};
    bool good = load(&work, bench->context, bench->seed, fault) &&
                (!bench->other || load(&work, bench->other, bench->seed, fault));
    if (good) {
        const mica_report *const report = mica_method_report(work.sides[0].model.method);
        work.node_count = mica_report_count(report);
        work.owner = grow(NULL, work.node_count, sizeof *work.owner);
        for (size_t n = 0; n < work.node_count; n++) work.owner[n] = owner_of(report, n);
        good = bench_for_threads(bench, measure, &work, fault) &&
               require_accelerated(report, bench->required, spec->path, fault);
    }
    for (size_t s = 0; s < work.side_count; s++) model_close(&work.sides[s].model);
    free(work.owner);
    return good;
}
