/* SPDX-License-Identifier: Apache-2.0
 *
 * A box inside of a larger one: what slicing and padding share. Dims that the box fills whole are merged with the
 * next outer one, so that its rows are as long as can be.
 */
#ifndef OPERATOR_BOX_H
#define OPERATOR_BOX_H

#include "operator/operator.h"

typedef struct box {
    size_t rank;
    size_t dims[MICA_OPERAND_MAX_RANK];   /* of the box; the innermost in bytes */
    size_t whole[MICA_OPERAND_MAX_RANK];  /* of what it is in */
    size_t before[MICA_OPERAND_MAX_RANK]; /* where it begins */
} box;

/* From shapes in elements of `size` bytes; `before[i] + inner->dims[i] ≤ outer->dims[i]`. */
box box_make(const op_shape *inner, const op_shape *outer, const size_t *before, size_t size);

double box_row_ns(size_t width);                  /* to find a row of so many bytes, and to copy it */
size_t box_rows(const size_t *dims, size_t rank); /* product of all dims but the innermost */

#endif
