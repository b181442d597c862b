/* SPDX-License-Identifier: Apache-2.0
 *
 * A layout conversion that quantizes planes (NCHW, f32) on their way to pixels (NHWC, int8), or dequantizes pixels on
 * their way to planes: a convert and a transpose in one pass over memory, as exporters put them around a lone int8 layer.
 */
#ifndef OPERATOR_TURN_H
#define OPERATOR_TURN_H

#include "operator/operator.h"

/* A transpose that makes pixels of planes, or planes of pixels. */
bool turns_to_pixels(const mica_operation *operation);
bool turns_to_planes(const mica_operation *operation);

/* Whether a transpose takes the convert before it with it, which quantizes, or the one after it, which dequantizes. */
bool turn_suits(const mica_operation *transpose, bool quantizes, const op_target *target);

extern const op_class op_turn; /* of a transpose, one of whose operands is f32, the other int8 */

#endif
