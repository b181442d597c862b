/* SPDX-License-Identifier: Apache-2.0
 *
 * Transposing a matrix of elements of any size:  out[column][row] = in[row][column]
 *
 * `in` and `out` do not overlap; any alignment.
 */
#ifndef KERNEL_TRANSPOSE_H
#define KERNEL_TRANSPOSE_H

#include "kernel/version.h"

typedef struct transpose_call {
    size_t rows, columns;
    size_t size; /* bytes of an element */
    const void *in;
    size_t in_stride; /* bytes from row to row */
    void *out;
    size_t out_stride; /* bytes from column to column */
} transpose_call;

typedef void transpose_function(const transpose_call *call);

/* Elements of 1, 2, 4 and 8 bytes, and of any other size. */
typedef enum transpose_size {
    TRANSPOSE_X8,
    TRANSPOSE_X16,
    TRANSPOSE_X32,
    TRANSPOSE_X64,
    TRANSPOSE_ANY,
    TRANSPOSE_SIZES
} transpose_size;

transpose_size transpose_size_of(size_t bytes);

/* [version][size] */
extern transpose_function *const *const transpose_kernels[KERNEL_VERSIONS];
extern kernel_names transpose_names[TRANSPOSE_SIZES];

extern transpose_function *const transpose_avx512[TRANSPOSE_SIZES],
    *const transpose_avx2[TRANSPOSE_SIZES], *const transpose_c[TRANSPOSE_SIZES],
                                                *const transpose_reference[TRANSPOSE_SIZES];

void transpose_any(const transpose_call *call); /* element by element */

#endif
