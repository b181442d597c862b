/* SPDX-License-Identifier: Apache-2.0
 *
 * Float convolutions between two layout conversions, on the planes (NCHW) that are before and after them: what takes each
 * channel by itself, or each pixel, need not be turned. Sums are those of the NHWC operators, bit for bit.
 */
#ifndef OPERATOR_PLANAR_H
#define OPERATOR_PLANAR_H

#include "operator/operator.h"

/* The class for planes of a convolution of NHWC images; NULL where there is none or it would not be faster. */
const op_class *planar_class(const mica_operation *operation, const op_target *target);

/* infer of both classes: image and output are planes, the filter is as it was. */
mica_status planar_infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error);

extern const op_class op_planar_depthwise, op_planar_pointwise;

#endif
