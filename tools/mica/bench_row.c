/* SPDX-License-Identifier: Apache-2.0
 *
 * What model and operator benchmarks share: thread counts, the machine's limits, and rows.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "grow.h"

bool bench_for_threads(struct bench *bench, bool (*body)(struct bench *bench, void *self, struct fault *fault),
                       void *self, struct fault *fault) {
    const option_sizes *const threads = &bench->settings.threads;
    if (!threads->count) return body(bench, self, fault);
    mica_context *const contexts[] = {bench->context, bench->other, bench->machine};
    for (size_t i = 0; i < threads->count; i++) {
        for (size_t c = 0; c < COUNT(contexts); c++) {
            if (contexts[c] && mica_context_set_threads(contexts[c], threads->items[i]) != MICA_OK) {
                return fail(fault, "%s", mica_context_error(contexts[c]));
            }
        }
        if (!body(bench, self, fault)) return false;
    }
    return true;
}

/* ---- the machine's limits, each measured once per thread count ---- */

static bool limit_rate(mica_context *machine, mica_limit limit, double *rate, struct fault *fault) {
    static double rates[MICA_LIMITS];
    static size_t threads;
    if (threads != mica_context_threads(machine)) memset(rates, 0, sizeof rates);
    threads = mica_context_threads(machine);
    if (rates[limit] == 0) {
        mica_limit_info info;
        if (mica_measure(machine, limit, &info) != MICA_OK) return fail(fault, "%s", mica_context_error(machine));
        rates[limit] = info.rate;
    }
    *rate = rates[limit];
    return true;
}

/* A node's arithmetic by its first operand: "f32, …", "f16, …"; all others are integers. */
static mica_limit limit_of(const mica_node_report *node) {
    const bool quantizes = strncmp(node->variant, "qp8", 3) == 0; /* f32 rows that become int8 */
    if (!quantizes && strncmp(node->types, "f32", 3) == 0) return MICA_LIMIT_F32;
    if (!quantizes && strncmp(node->types, "f16", 3) == 0) return MICA_LIMIT_F16;
    return MICA_LIMIT_INT8;
}

bool bench_ideal(const struct bench *bench, const mica_node_report *node, double *seconds, struct fault *fault) {
    double rate = 0;
    *seconds = 0;
    if (!node->eligible_kind || node->operations <= 0) return true;
    if (!limit_rate(bench->machine, limit_of(node), &rate, fault)) return false;
    *seconds = node->operations / rate;
    return true;
}

/* ---- rows ---- */

static void summarise(const struct samples *samples, mica_summary *summary) {
    double *const sorted = grow(NULL, samples->count, sizeof *sorted);
    memcpy(sorted, samples->items, samples->count * sizeof *sorted);
    mica_summarise(sorted, samples->count, summary);
    free(sorted);
}

static void compare(json_t *row, const char *key, const struct series *times, const struct series *other) {
    mica_summary theirs, rounds, their_rounds;
    summarise(&other->times, &theirs);
    summarise(&times->rounds, &rounds);
    summarise(&other->rounds, &their_rounds);
    row_real(row, key, theirs.p50);
    row_real(row, "ratio", their_rounds.p50 / rounds.p50);
    double low, high;
    if (!mica_ratio_interval(times->rounds.items, times->rounds.count, other->rounds.items, other->rounds.count, &low,
                             &high))
        return;
    row_real(row, "ratio_low", low);
    row_real(row, "ratio_high", high);
}

json_t *bench_row(const struct bench *bench, const char *model, const char *name, const struct series *times,
                  const struct series *other, double operations, double ideal) {
    mica_summary summary;
    summarise(&times->times, &summary);
    json_t *const row = row_add(bench->rows);
    row_text(row, "model", model);
    row_text(row, "name", name);
    row_count(row, "threads", mica_context_threads(bench->context));
    row_count(row, "executions", summary.count);
    row_real(row, "min_us", summary.min);
    row_real(row, "p50_us", summary.p50);
    row_real(row, "p90_us", summary.p90);
    row_real(row, "p99_us", summary.p99);
    row_real(row, "mean_us", summary.mean);
    row_real(row, "gops", operations > 0 ? operations / summary.p50 * 1e-3 : 0);
    if (ideal > 0) row_real(row, "peak_percent", ideal * 1e8 / summary.p50);
    if (other && other->times.count) compare(row, bench->compare == 0 ? "standard_us" : "reference_us", times, other);
    return row;
}

void bench_row_node(json_t *row, const mica_node_report *node) {
    row_text(row, "node_type", node->node_type);
    row_text(row, "shapes", node->shapes);
    row_text(row, "variant", node->variant);
    row_text(row, "kernel", node->kernel);
    row_flag(row, "accelerated", node->accelerated);
    row_flag(row, "eligible_kind", node->eligible_kind);
}
