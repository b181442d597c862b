/* SPDX-License-Identifier: Apache-2.0
 *
 * Two lists that tell the same story in the same order, item by item: the pairing that keeps the order and is worth
 * most.
 */
#ifndef DEVTOOLS_ALIGN_H
#define DEVTOOLS_ALIGN_H

#include "base/memory.h"

#define ALIGN_NONE SIZE_MAX
#define ALIGN_SAME 16 /* the worth of items that are the same beyond doubt; 0: a pair that cannot be */

typedef unsigned (*align_worth)(const void *context, size_t a, size_t b);

/* The worth of two names of delegated events. The count behind a name says little, since runtimes name the same node
 * differently: "Fully Connected (NC, F32) GEMM #2" may be "Fully Connected (NC, PF32) GEMM #1". */
unsigned align_names(const char *a, const char *b);
/* The same name, but for the count. */
bool align_same_but_count(const char *a, const char *b);

/* `partner`[i] becomes the item of b that belongs to item i of a, or ALIGN_NONE. Errors: LIMIT (two long lists that
 * have nothing in common), MEMORY. */
mica_status align_lists(size_t a_count, size_t b_count, align_worth worth, const void *context, size_t *partner,
                        const mica_allocator *allocator, mica_error *error);

#endif
