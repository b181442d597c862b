/* SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "mica/trace.h"
#include "terminal.h"

#define CLOCK_READINGS 1000
#define ROUNDS 20 /* even, so that each subject is first as often as it is second; enough for a confidence interval */

void samples_add(struct samples *samples, double value) {
    if (samples->count == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 256;
        samples->items = grow(samples->items, samples->room, sizeof *samples->items);
    }
    samples->items[samples->count++] = value;
}

void samples_free(struct samples *samples) {
    free(samples->items);
    *samples = (struct samples){0};
}

void series_free(struct series *series) {
    samples_free(&series->times);
    samples_free(&series->rounds);
}

double elapsed_us(uint64_t start, uint64_t end) {
    static uint64_t cost = UINT64_MAX; /* the least time between two readings */
    for (size_t i = cost == UINT64_MAX ? 0 : CLOCK_READINGS; i < CLOCK_READINGS; i++) {
        const uint64_t before = mica_clock(), taken = mica_clock() - before;
        if (taken < cost) cost = taken;
    }
    return end - start > cost ? (double)(end - start - cost) * 1e-3 : 0;
}

/* ---- rounds ---- */

/* Warms a subject up, and tells by its fastest run how often it has to run in all. */
static bool executions_of(struct subject *subject, const rounds_plan *plan, size_t *executions, struct fault *fault) {
    uint64_t fastest = UINT64_MAX;
    for (size_t i = 0; i <= plan->warmup; i++) {
        const uint64_t start = mica_clock();
        if (!subject->run(subject->self, NULL, fault)) return false;
        const uint64_t taken = mica_clock() - start;
        if (taken < fastest) fastest = taken;
    }
    const double wanted = ceil(plan->seconds * 1e9 / (double)(fastest + 1));
    *executions = plan->executions;
    if (wanted > (double)*executions) *executions = (size_t)fmin(wanted, 1e7);
    if (!*executions) *executions = 1;
    return true;
}

/* Executions [first, last) of a subject; the first run brings its weights back into the caches and is not timed. */
static bool run_block(struct subject *subject, size_t first, size_t last, bool alone, struct fault *fault) {
    if (!alone && !subject->run(subject->self, NULL, fault)) return false;
    for (size_t i = first; i < last; i++) {
        if (!subject->run(subject->self, subject->series, fault)) return false;
    }
    double *const sorted = grow(NULL, last - first, sizeof *sorted);
    for (size_t s = 0; s < subject->series_count && last > first; s++) {
        const struct samples *const times = &subject->series[s].times;
        mica_summary summary;
        memcpy(sorted, times->items + times->count - (last - first), (last - first) * sizeof *sorted);
        mica_summarise(sorted, last - first, &summary);
        samples_add(&subject->series[s].rounds, summary.p50);
    }
    free(sorted);
    return true;
}

bool rounds_measure(struct subject *subjects, size_t count, const rounds_plan *plan, struct fault *fault) {
    size_t *const executions = grow(NULL, count, sizeof *executions);
    bool good = true;
    for (size_t s = 0; good && s < count; s++) good = executions_of(&subjects[s], plan, &executions[s], fault);
    for (size_t r = 0; good && r < ROUNDS; r++) {
        progress(plan->label, (double)r, ROUNDS);
        for (size_t i = 0; good && i < count; i++) {
            const size_t s = r % 2 ? count - 1 - i : i;
            const size_t first = executions[s] * r / ROUNDS, last = executions[s] * (r + 1) / ROUNDS;
            if (last > first) good = run_block(&subjects[s], first, last, count == 1, fault);
        }
    }
    free(executions);
    return good;
}
