/* SPDX-License-Identifier: Apache-2.0
 *
 * What element-wise operators share: elements of any type as floats (kernels know floats only, everything else passes
 * through a small buffer), and the kernel of a kind.
 */
#ifndef OPERATOR_ELEMENTS_H
#define OPERATOR_ELEMENTS_H

#include "kernel/elementwise/elementwise.h"
#include "operator/operator.h"

#define ELEMENTS_BUFFER 512 /* floats: stays in the first-level cache with its sources */

bool elements_supported(mica_operand_type type); /* F32, F16, QINT8 */

/* Elements [first, first + count) of `data`, in place when they are floats, else widened into `buffer`. */
const float *elements_read(kernel_version version, const mica_operand *operand, const void *data, size_t first,
                           size_t count, float *buffer);

/* Where to compute these elements: in place when they are floats, else `buffer`, from which elements_write takes them. */
float *elements_place(const mica_operand *operand, void *data, size_t first, float *buffer);
void elements_write(kernel_version version, const mica_operand *operand, const float *buffer, size_t count,
                    void *data, size_t first);

/* The clamp [min, max] of real values in steps of a QINT8 operand. */
void elements_clamp(const mica_operand *operand, float min, float max, int32_t *qmin, int32_t *qmax);

/* The kernel of a kind; ELEMENTWISE_COUNT: it has none. */
elementwise_operation elements_operation(mica_operation_kind kind);

/* A call of it, without operands. */
elementwise_call elements_call(const mica_operation *operation);

#endif
