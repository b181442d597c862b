/* SPDX-License-Identifier: Apache-2.0
 *
 * Which float convolutions run by Winograd's algorithm, and the operator that does.
 */
#ifndef OPERATOR_WINOGRAD_H
#define OPERATOR_WINOGRAD_H

#include "operator/operator.h"

/* 3×3 without stride, dilation and groups, enough channels and pixels to pay for the transforms, and a filter whose 16
 * planes cost little memory. A choice for speed: at the levels `standard` and `reference` none does. */
bool winograd_suits(const mica_operation *operation, const op_target *target);

/* Its kernel instead of the one that was chosen. */
void winograd_choose(const op_target *target, op_choice *choice);

extern const op_class op_winograd; /* infer, choose: those of op_convolution */

#endif
