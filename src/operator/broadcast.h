/* SPDX-License-Identifier: Apache-2.0
 *
 * How operands of one output are stepped through that broadcast against each other: dims that all step through alike are
 * merged into groups, the innermost of which is a row for a kernel, and the others are counted through.
 */
#ifndef OPERATOR_BROADCAST_H
#define OPERATOR_BROADCAST_H

#include "operator/operator.h"

/* A group of dims: how many elements, and how far each operand moves per step: 0 where it is broadcast. */
typedef struct broadcast_group {
    size_t count, steps[MICA_OPERATION_MAX_INPUTS];
} broadcast_group;

/* The dims of the output, innermost first, those merged that all inputs step through alike; at least one. */
size_t broadcast_groups(const op_shape *inputs, size_t input_count, const op_shape *output,
                        broadcast_group groups[MICA_OPERAND_MAX_RANK]);

/* Dim i of a shape that is padded with ones in front to `rank`. */
size_t broadcast_dim(const op_shape *shape, size_t rank, size_t i);

/* Where a row of the outer groups is: per input the element it begins with. */
typedef struct broadcast_cursor {
    size_t at[MICA_OPERAND_MAX_RANK], inputs[MICA_OPERATION_MAX_INPUTS];
} broadcast_cursor;

/* To row `row` of the outer groups. Here, so that the compiler knows how many inputs there are. */
static inline void broadcast_seek(const broadcast_group *groups, size_t group_count, size_t input_count, size_t row,
                                  broadcast_cursor *cursor) {
    *cursor = (broadcast_cursor){0};
    for (size_t i = 1; i < group_count && row != 0; i++) {
        cursor->at[i] = row % groups[i].count;
        row /= groups[i].count;
        for (size_t j = 0; j < input_count; j++) cursor->inputs[j] += cursor->at[i] * groups[i].steps[j];
    }
}

/* To the row after it. */
static inline void broadcast_next(const broadcast_group *groups, size_t group_count, size_t input_count,
                                  broadcast_cursor *cursor) {
    for (size_t i = 1; i < group_count; i++) {
        const broadcast_group *const g = &groups[i];
        for (size_t j = 0; j < input_count; j++) cursor->inputs[j] += g->steps[j];
        if (++cursor->at[i] < g->count) break;
        cursor->at[i] = 0;
        for (size_t j = 0; j < input_count; j++) cursor->inputs[j] -= g->steps[j] * g->count;
    }
}

#endif
