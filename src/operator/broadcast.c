/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/broadcast.h"

size_t broadcast_dim(const op_shape *shape, size_t rank, size_t i) {
    return i + shape->rank < rank ? 1 : shape->dims[i + shape->rank - rank];
}

static bool continues(const broadcast_group *last, const broadcast_group *next, size_t input_count) {
    for (size_t j = 0; j < input_count; j++) {
        if (next->steps[j] != last->steps[j] * last->count) return false;
    }
    return true;
}

size_t broadcast_groups(const op_shape *inputs, size_t input_count, const op_shape *output,
                        broadcast_group groups[MICA_OPERAND_MAX_RANK]) {
    size_t before[MICA_OPERATION_MAX_INPUTS], group_count = 1; /* elements of each operand in the dims further in */
    for (size_t j = 0; j < input_count; j++) before[j] = 1;
    groups[0] = (broadcast_group){.count = 1};
    for (size_t i = output->rank; i-- > 0;) {
        broadcast_group next = {.count = output->dims[i]};
        if (next.count == 1) continue;
        for (size_t j = 0; j < input_count; j++) {
            const size_t dim = broadcast_dim(&inputs[j], output->rank, i);
            next.steps[j] = dim == 1 ? 0 : before[j];
            before[j] *= dim;
        }
        broadcast_group *const last = &groups[group_count - 1];
        if (last->count == 1) {
            *last = next;
        } else if (continues(last, &next, input_count)) {
            last->count *= next.count;
        } else {
            groups[group_count++] = next;
        }
    }
    return group_count;
}
