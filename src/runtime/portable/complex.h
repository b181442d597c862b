/* SPDX-License-Identifier: Apache-2.0
 *
 * Complex numbers: two floats each, seen as one more dim of size 2. Kernels that only move elements take them as they are;
 * a few compute with them; all others refuse them.
 */
#ifndef PORTABLE_COMPLEX_H
#define PORTABLE_COMPLEX_H

#include "runtime/portable/elementwise.h"
#include "runtime/portable/view.h"

/* A complex number as kernels compute with it; MICA_C128 in memory. */
typedef struct complex_number {
    double re, im;
} complex_number;

/* Real and imaginary parts in a new last dim. */
view complex_parts(const view *v);

/* copy_whole when one of the two is complex: real numbers get an imaginary part of 0. */
mica_status complex_copy(kernel_call *call, const view *to, const view *from);

/* elementwise when an operand is complex: sums, products, magnitudes and conjugates. */
mica_status complex_elementwise(kernel_call *call, elementwise_op op);

/* bmm of complex numbers; sizes are checked, and `out` has its own. */
mica_status complex_bmm(kernel_call *call, const view *a, const view *b, const view *out);

#endif
