/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels that only move elements share: arguments as views, and the copy of a view to the result.
 */
#ifndef PORTABLE_COPY_H
#define PORTABLE_COPY_H

#include "runtime/kernel_call.h"
#include "runtime/portable/view.h"

/* The result is the last argument but one. */
size_t out_arg(const kernel_call *call);

/* ---- arguments ---- */

mica_status input_view(kernel_call *call, size_t arg, view *v);
mica_status dim_arg(kernel_call *call, size_t arg, size_t rank, size_t *dim);
/* Of a view that must have one. */
mica_status dim_of(kernel_call *call, size_t arg, const view *v, size_t *dim);
/* An index that may count from the end of `size` elements. */
mica_status index_arg(kernel_call *call, size_t arg, size_t size, size_t *index);

/* ---- conditions ---- */

mica_status same_type(kernel_call *call, mica_type from, mica_type to);
mica_status at_least_rank(kernel_call *call, const view *v, size_t rank);
mica_status room_for_a_dim(kernel_call *call, const view *v);

/* ---- the copy ---- */

/* `out` takes the shape of `from` and becomes what it shows. */
mica_status copy_to(kernel_call *call, struct tensor *out, const view *from);
mica_status copy_out(kernel_call *call, const view *from);

#endif
