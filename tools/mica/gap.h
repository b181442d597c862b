/* SPDX-License-Identifier: Apache-2.0
 *
 * How far one result of a node is from the reference's, in the units of its type, and how far rounding alone can
 * take it.
 *
 * Floats: two kernels may add the k terms of a sum in any order and round each step, so that elements differ by up to
 * 8 ULP of the largest magnitude in the tensor plus 8·√k ULP of the f32 (for f64: f64) sum behind it. The scale is the
 * tensor's and not the element's: where terms cancel, an element's own ULP says nothing; of a sum or mean, whose elements
 * may all cancel, it is no less than that of what was added up. But values that stand 2^26
 * above all the others are masks, and no scale for these. Quantized values: one step. Whole numbers and booleans:
 * nothing.
 */
#ifndef TOOL_GAP_H
#define TOOL_GAP_H

#include "mica/trace.h"

typedef struct gap {
    double largest;   /* |got − want|, of those outside if any is; infinity where only one is finite or a number */
    size_t where;     /* its element, in the order of memory */
    double got, want; /* there */
    double ulp;       /* floats: the largest difference in ULP of its own element */
    double steps;     /* quantized values: in steps; NaN: not quantized, as `ulp` of what is no float */
    double tolerance; /* what is left to rounding; masks have their own */
    bool inside;      /* every element is within it */
} gap;

/* `want` has the observation's type and sizes; `terms`: of the sum behind an element. */
gap gap_between(const mica_observation *got, const mica_tensor *want, double terms);

/* Of two: the one outside, else the larger; the extremes of both. */
gap gap_worse(const gap *a, const gap *b);

#endif
