/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics of samples: those of ExecuTorch's Inspector to the last bit, and what is needed to compare two of them.
 */
#ifndef PROFILE_STATISTICS_H
#define PROFILE_STATISTICS_H

#include "base/memory.h"

typedef struct stat_summary {
    double p10, p50, p90, avg, min, max;
} stat_summary;

/* Of `count` ≥ 1 samples; percentiles by linear interpolation and the sum pairwise, as numpy has them. `scratch`
 * holds `count` values and gets the samples in ascending order. */
stat_summary stat_summarise(const double *samples, size_t count, double *scratch);

void stat_sort(double *samples, size_t count);
double stat_percentile(const double *sorted, size_t count, double percent);
double stat_mean(const double *samples, size_t count);

typedef struct stat_interval {
    double low, high;
} stat_interval;

#define STAT_INTERVAL_SAMPLES 6 /* the fewest that bound a median with 95 % confidence */

/* A 95 % confidence interval of the median by order statistics, which assumes nothing of the distribution; false when
 * there are too few samples. */
bool stat_median_interval(const double *sorted, size_t count, stat_interval *interval);

/* The same for the ratio of two medians, b / a, of positive samples: the two intervals joined on the logarithm
 * (Zou and Donner's method of variance estimates recovery). */
bool stat_ratio_interval(const double *a, size_t a_count, const double *b, size_t b_count, stat_interval *interval);

#endif
