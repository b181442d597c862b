/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring in turns: subjects run in short rounds, A B, B A, A B, …, so that a machine that warms up or slows down does
 * so to all of them. A ratio comes from the medians of rounds, with a confidence interval.
 */
#ifndef TOOL_ROUNDS_H
#define TOOL_ROUNDS_H

#include "fault.h"
#include "mica/measure.h"

struct samples {
    double *items;
    size_t count, room;
};
void samples_add(struct samples *samples, double value);
void samples_free(struct samples *samples);

/* Times of one thing, in microseconds: of every execution, and the median of each round. */
struct series {
    struct samples times, rounds;
};
void series_free(struct series *series);

/* Who is measured. `run` executes once and adds a time to each of its series; not when `series` is NULL. */
struct subject {
    bool (*run)(void *self, struct series *series, struct fault *fault);
    void *self;
    struct series *series;
    size_t series_count;
};

typedef struct rounds_plan {
    const char *label; /* of the progress bar */
    size_t warmup;     /* executions of each subject before any is timed, besides one */
    size_t executions; /* of each subject, at least; 0: by time only */
    double seconds;    /* of each subject, at least */
} rounds_plan;

bool rounds_measure(struct subject *subjects, size_t count, const rounds_plan *plan, struct fault *fault);

/* Microseconds between two readings of mica_clock, less what reading it costs. */
double elapsed_us(uint64_t start, uint64_t end);

#endif
