/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/box.h"

#include "operator/common.h"

box box_make(const op_shape *inner, const op_shape *outer, const size_t *before, size_t size) {
    box b = {.rank = 0};
    for (size_t i = 0; i < inner->rank; i++) {
        if (b.rank && inner->dims[i] == outer->dims[i]) { /* all of it: part of the dim before */
            b.dims[b.rank - 1] *= inner->dims[i];
            b.whole[b.rank - 1] *= inner->dims[i];
            b.before[b.rank - 1] *= inner->dims[i];
        } else {
            b.dims[b.rank] = inner->dims[i];
            b.whole[b.rank] = outer->dims[i];
            b.before[b.rank++] = before[i];
        }
    }
    if (!b.rank) { /* a scalar */
        b.dims[0] = b.whole[0] = 1;
        b.rank = 1;
    }
    b.dims[b.rank - 1] *= size;
    b.whole[b.rank - 1] *= size;
    b.before[b.rank - 1] *= size;
    return b;
}

size_t box_rows(const size_t *dims, size_t rank) {
    size_t rows = 1;
    for (size_t i = 0; i + 1 < rank; i++) rows *= dims[i];
    return rows;
}

/* Finding it costs some divisions. */
double box_row_ns(size_t width) { return 8 + (double)width * OP_BYTE_NS; }
