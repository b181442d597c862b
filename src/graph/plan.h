/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory plan: where each internal value lives in one workspace, values that are never alive together sharing
 * bytes. Sizes are in bytes, offsets aligned to 64.
 */
#ifndef GRAPH_PLAN_H
#define GRAPH_PLAN_H

#include "base/memory.h"

/* A stretch of memory that is needed from step `first` to step `last`, both included. */
typedef struct plan_span {
    size_t bytes, first, last;
    size_t offset; /* the answer */
} plan_span;

/* Places the spans; gives the workspace's size. Fails with LIMIT beyond `limit` (0: none). `order` and `placed` have
 * room for `count` pointers each. */
mica_status plan_memory(plan_span *spans, size_t count, plan_span **order, plan_span **placed, size_t limit,
                        size_t *total, mica_error *error);

#endif
