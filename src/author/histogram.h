/* SPDX-License-Identifier: Apache-2.0
 *
 * What a calibrated activation is like: a histogram over all values met, and the range worth quantizing. It is the
 * one that PyTorch's histogram observer chooses: narrower than smallest to largest where cutting few values off
 * makes the error of all others smaller.
 */
#ifndef AUTHOR_HISTOGRAM_H
#define AUTHOR_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "author/quantize.h"

#define HISTOGRAM_BINS 2048

struct histogram {
    bool used;
    quantize_range range; /* of the values met, infinities left out */
    float counts[HISTOGRAM_BINS];
};

void histogram_add(struct histogram *histogram, const float *values, size_t count);

/* {0, 0} for a histogram of nothing. */
quantize_range histogram_range(const struct histogram *histogram);

#endif
