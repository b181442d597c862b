/* SPDX-License-Identifier: Apache-2.0
 *
 * A delegate of one node that gives two outputs: the largest of four pixels, and where it is, as int64. No fixture has one.
 */
#ifndef TESTS_LARGEST_H
#define TESTS_LARGEST_H

#include <math.h>

#include "format/xnnpack.h"

struct largest {
    xnn_value values[3];
    xnn_node node;
    xnn_graph graph; /* points into this */
};

static inline void largest_init(struct largest *largest) {
    const mica_operand image = {.type = MICA_OPERAND_F32, .rank = 4, .dims = {1, 2, 2, 1}};
    const mica_operand most = {.type = MICA_OPERAND_F32, .rank = 4, .dims = {1, 1, 1, 1}};
    const mica_operand where = {.type = MICA_OPERAND_INT32, .rank = 4, .dims = {1, 1, 1, 1}};
    *largest =
        (struct largest){.values = {{.operand = image, .external = 0, .is_input = true},
                                    {.operand = most, .external = 1, .is_output = true},
                                    {.operand = where, .external = 2, .is_output = true, .is_long_index = true}},
                         .node = {.operation = {.kind = MICA_ARG_MAX_POOLING_2D,
                                                .output_min = -INFINITY,
                                                .output_max = INFINITY,
                                                .input_count = 1,
                                                .inputs = {&largest->values[0].operand},
                                                .output = &largest->values[1].operand},
                                  .output = 1,
                                  .second_output = 2},
                         .graph = {.values = largest->values,
                                   .value_count = 3,
                                   .nodes = &largest->node,
                                   .node_count = 1,
                                   .external_count = 3}};
    xnn_node *const node = &largest->node;
    for (size_t i = 1; i < MICA_OPERATION_MAX_INPUTS; i++) node->inputs[i] = UINT32_MAX;
    node->operation.as.window.kernel_height = node->operation.as.window.kernel_width = 2;
    node->operation.as.window.stride_height = node->operation.as.window.stride_width = 2;
    node->operation.as.window.dilation_height = node->operation.as.window.dilation_width = 1;
}

#endif
