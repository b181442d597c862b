/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/plan.h"

#include <stdlib.h>
#include <string.h>

static int larger_first(const void *left, const void *right) {
    const plan_span *const a = *(plan_span *const *)left, *const b = *(plan_span *const *)right;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a < b ? -1 : a > b;
}

static size_t room(const plan_span *span) { return round_up(span->bytes, MEMORY_ALIGNMENT); }

/* Large spans first, each in the lowest gap between the placed ones that are alive at the same time. `placed` is kept
 * in order of offsets, so one pass finds the gap. */
mica_status plan_memory(plan_span *spans, size_t count, plan_span **order, plan_span **placed, size_t limit,
                        size_t *total, mica_error *error) {
    for (size_t i = 0; i < count; i++) order[i] = &spans[i];
    qsort(order, count, sizeof *order, larger_first);
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        plan_span *const span = order[i];
        if (span->bytes > SIZE_MAX / 4) {
            return error_set(error, MICA_ERROR_LIMIT, "an intermediate value of %zu bytes is too large", span->bytes);
        }
        size_t offset = 0;
        for (size_t j = 0; j < i; j++) {
            const plan_span *const other = placed[j];
            if (other->last < span->first || span->last < other->first) continue;
            if (offset + room(span) <= other->offset) break;
            offset = max_size(offset, other->offset + room(other));
        }
        span->offset = offset;
        if (limit && (offset > limit || room(span) > limit - offset)) {
            return error_set(error, MICA_ERROR_LIMIT, "intermediate values need more than the limit of %zu bytes",
                             limit);
        }
        end = max_size(end, offset + room(span));
        if (end > SIZE_MAX / 4) return error_set(error, MICA_ERROR_LIMIT, "intermediate values are too large");
        size_t at = i;
        while (at > 0 && placed[at - 1]->offset > offset) at--;
        memmove(&placed[at + 1], &placed[at], (i - at) * sizeof *placed);
        placed[at] = span;
    }
    *total = end;
    return MICA_OK;
}
