/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stat_sort(double *samples, size_t count) { qsort(samples, count, sizeof *samples, ascending); }

/* The two sides of the interpolation differ in rounding; numpy takes the one whose end is nearer. */
double stat_percentile(const double *sorted, size_t count, double percent) {
    const double at = (double)(count - 1) * (percent / 100.0);
    const size_t below = (size_t)at;
    if (below + 1 >= count) return sorted[count - 1];
    const double a = sorted[below], b = sorted[below + 1], part = at - (double)below;
    return part < 0.5 ? a + (b - a) * part : b - (b - a) * (1.0 - part);
}

#define BLOCK ((size_t)128) /* numpy sums blocks of this size with eight accumulators */

static double sum(const double *samples, size_t count) {
    if (count > BLOCK) {
        const size_t half = count / 2 - count / 2 % 8;
        return sum(samples, half) + sum(samples + half, count - half);
    }
    double total = 0, r[8];
    size_t i = 0;
    if (count >= 8) {
        for (size_t k = 0; k < 8; k++) r[k] = samples[k];
        for (i = 8; i + 8 <= count; i += 8)
            for (size_t k = 0; k < 8; k++) r[k] += samples[i + k];
        total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    for (; i < count; i++) total += samples[i];
    return total;
}

double stat_mean(const double *samples, size_t count) { return sum(samples, count) / (double)count; }

stat_summary stat_summarise(const double *samples, size_t count, double *scratch) {
    memcpy(scratch, samples, count * sizeof *samples);
    stat_sort(scratch, count);
    return (stat_summary){
        .p10 = stat_percentile(scratch, count, 10),
        .p50 = stat_percentile(scratch, count, 50),
        .p90 = stat_percentile(scratch, count, 90),
        .avg = stat_mean(samples, count),
        .min = scratch[0],
        .max = scratch[count - 1],
    };
}

/* How many samples may be left out on each side: the largest k with P(fewer than k of n below the median) ≤ 2.5 %. */
static size_t trim(size_t count) {
    const double n = (double)count;
    double tail = 0;
    for (size_t k = 0; k < count; k++) {
        const double i = (double)k;
        tail += exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) - n * log(2));
        if (tail > 0.025) return k;
    }
    return 0;
}

bool stat_median_interval(const double *sorted, size_t count, stat_interval *interval) {
    const size_t k = trim(count);
    if (k == 0) return false;
    *interval = (stat_interval){sorted[k - 1], sorted[count - k]};
    return true;
}

bool stat_ratio_interval(const double *a, size_t a_count, const double *b, size_t b_count, stat_interval *interval) {
    stat_interval of_a, of_b;
    if (!stat_median_interval(a, a_count, &of_a) || !stat_median_interval(b, b_count, &of_b)) return false;
    if (of_a.low <= 0 || of_b.low <= 0) return false;
    const double log_a = log(stat_percentile(a, a_count, 50)), log_b = log(stat_percentile(b, b_count, 50));
    const double down = hypot(log_b - log(of_b.low), log(of_a.high) - log_a);
    const double up = hypot(log(of_b.high) - log_b, log_a - log(of_a.low));
    *interval = (stat_interval){exp(log_b - log_a - down), exp(log_b - log_a + up)};
    return true;
}
