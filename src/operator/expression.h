/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise operators on floats as one: what a node writes for one other alone never leaves the first cache. Every
 * element is computed by the kernels of the nodes, so that it has the same bits.
 */
#ifndef OPERATOR_EXPRESSION_H
#define OPERATOR_EXPRESSION_H

#include "operator/operator.h"

#define EXPRESSION_LEAVES MICA_OPERATION_MAX_INPUTS
#define EXPRESSION_STAGES 8

/* One node. Its operands: leaf i, or the result of stage i − EXPRESSION_LEAVES, which comes before it. */
typedef struct expression_stage {
    const mica_operation *operation;
    size_t inputs[2];
} expression_stage;

/* What op_expression takes for an operation: the last stage's, with the leaves as inputs. */
typedef struct expression_operation {
    mica_operation operation;
    expression_stage stages[EXPRESSION_STAGES];
    size_t stage_count;
} expression_operation;

/* Whether it can be a stage. */
bool expression_takes(const mica_operation *operation);

extern const op_class op_expression;

#endif
