/* SPDX-License-Identifier: Apache-2.0
 *
 * Every step is rounded to f32 where PyTorch's tensors are: so the ranges are the same, to the last bit for one sample.
 */
#include "author/histogram.h"

#include <math.h>
#include <string.h>

#define BINS HISTOGRAM_BINS
#define LEVELS 256 /* of int8 */
#define FINER 16   /* parts of an old bin when the range grows */
#define STEP 1e-5  /* of the values, cut off at one end */

/* ---- counting ---- */

static quantize_range range_of(const float *values, size_t count) {
    quantize_range range = {INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        range.low = fminf(range.low, values[i]);
        range.high = fmaxf(range.high, values[i]);
    }
    return range;
}

static void count_values(const float *values, size_t count, quantize_range range, float counts[BINS]) {
    if (range.low == range.high) range = (quantize_range){range.low - 1, range.high + 1};
    const float width = range.high - range.low;
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] >= range.low && values[i] <= range.high)) continue;
        const size_t bin = (size_t)((values[i] - range.low) * BINS / width);
        counts[bin < BINS ? bin : BINS - 1]++;
    }
}

/* Point `index` of a line of `steps` equal steps; each half is counted from its own end. */
static float point_of(quantize_range line, size_t index, size_t steps) {
    const float step = (line.high - line.low) / (float)steps;
    return index < (steps + 1) / 2 ? line.low + step * (float)index : line.high - step * (float)(steps - index);
}

/* The counts of a histogram that grows to `range`: parts of old bins go where their middles are. */
static void widen(struct histogram *histogram, quantize_range range) {
    float counts[BINS] = {0};
    const quantize_range old = histogram->range;
    const float half = 0.5f * ((old.high - old.low) / (BINS * FINER));
    size_t bin = 0;
    for (size_t i = 0; i < BINS * FINER; i++) {
        const float middle = point_of(old, i, BINS * FINER) + half;
        while (bin < BINS - 1 && point_of(range, bin + 1, BINS) <= middle) bin++;
        counts[bin] += histogram->counts[i / FINER] / FINER;
    }
    memcpy(histogram->counts, counts, sizeof counts);
}

/* All values were one: they stay one. */
static void move(struct histogram *histogram, quantize_range range) {
    float total = 0, counts[BINS] = {0};
    for (size_t i = 0; i < BINS; i++) total += histogram->counts[i];
    count_values(&histogram->range.low, 1, range, counts);
    for (size_t i = 0; i < BINS; i++) histogram->counts[i] = counts[i] * total;
}

void histogram_add(struct histogram *histogram, const float *values, size_t count) {
    quantize_range range = range_of(values, count);
    if (range.low > range.high) return;
    if (histogram->used) {
        const quantize_range old = histogram->range;
        range = (quantize_range){fminf(range.low, old.low), fmaxf(range.high, old.high)};
        if (range.low != old.low || range.high != old.high) {
            if (old.low == old.high)
                move(histogram, range);
            else
                widen(histogram, range);
        }
    }
    histogram->used = true;
    histogram->range = range;
    count_values(values, count, range, histogram->counts);
}

/* ---- choosing ---- */

/* The squared error of values spread evenly from `begin` to `end` around the level at 0. */
static float error_between(float begin, float end, float density) {
    return density * ((end * end * end - begin * begin * begin) / 3.0f);
}

static float level_at(float place, float step) {
    const float rest = fmodf(place, step);
    float level = (place - rest) / step;
    if (rest != 0 && (rest < 0) != (step < 0)) level -= 1;
    float whole = floorf(level);
    if (level - whole > 0.5f) whole += 1;
    return fminf(fmaxf(whole, 0), LEVELS - 1);
}

/* The squared error of all values when bins `first` to `last` are what the levels are spread over. */
static double error_of(const struct histogram *histogram, size_t first, size_t last) {
    const double bin = ((double)histogram->range.high - (double)histogram->range.low) / BINS;
    const double spread = bin * (double)(last - first + 1) / LEVELS;
    if (spread == 0) return 0;
    const float width = (float)bin, step = (float)spread, half = (float)(spread / 2);
    double sum = 0;
    for (size_t i = 0; i < BINS; i++) {
        const float begin = ((float)i - (float)first) * width, end = begin + width;
        const float from = level_at(begin, step), to = level_at(end, step);
        const float density = histogram->counts[i] / width;
        float error = error_between(begin - (from + 0.5f) * step, half, density);
        error += (to - from - 1) * error_between(-half, half, density);
        error += error_between(-half, end - (to * step + half), density);
        sum += error;
    }
    return (float)sum;
}

/* Cuts a step off one end after the other, that end which loses more bins by it, as long as the error shrinks. */
quantize_range histogram_range(const struct histogram *histogram) {
    if (!histogram->used) return (quantize_range){0, 0};
    float below[BINS]; /* values in a bin and all before */
    double total = 0, least = INFINITY, low = 0, high = 1;
    for (size_t i = 0; i < BINS; i++) below[i] = (float)(total += histogram->counts[i]);
    size_t first = 0, last = BINS - 1;
    while (low < high) {
        size_t next_first = first, next_last = last, l = first, r = last;
        while (l < last && below[l] < (float)((low + STEP) * total)) l++;
        while (r > first && below[r] > (float)((high - STEP) * total)) r--;
        if (l - first > last - r) {
            next_first = l;
            low += STEP;
        } else {
            next_last = r;
            high -= STEP;
        }
        if (next_first == first && next_last == last) continue;
        const double error = error_of(histogram, next_first, next_last);
        if (error > least) break;
        least = error;
        first = next_first;
        last = next_last;
    }
    const float width = (histogram->range.high - histogram->range.low) / BINS;
    return (quantize_range){histogram->range.low + width * (float)first,
                            histogram->range.low + width * (float)(last + 1)};
}
