/* SPDX-License-Identifier: Apache-2.0
 *
 * The classes of operators; op_class_of has the table of kinds.
 */
#ifndef OPERATOR_CLASSES_H
#define OPERATOR_CLASSES_H

#include "operator/operator.h"

extern const op_class op_reshape; /* StaticReshape, Copy */

#endif
