/* SPDX-License-Identifier: Apache-2.0
 *
 * A pointwise convolution and the depthwise one that alone reads it, panel by panel of channels: what lies between them
 * never leaves the second cache. Sums are those of the two operators, bit for bit.
 */
#ifndef OPERATOR_EXPAND_DEPTHWISE_H
#define OPERATOR_EXPAND_DEPTHWISE_H

#include "operator/operator.h"

/* What op_expand_depthwise takes for an operation: the pointwise one, with the depthwise one's output. */
typedef struct expand_operation {
    mica_operation operation;
    const mica_operation *depthwise;
} expand_operation;

bool expand_suits(const mica_operation *pointwise, const mica_operation *depthwise, const op_target *target);

/* The kernel of the depthwise half; the other is the choice's. */
void expand_choose(const op_target *target, op_choice *choice);

extern const op_class op_expand_depthwise;

#endif
