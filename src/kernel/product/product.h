/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of small matrices as they lie in memory, where packing would cost more than it saves: the heads of an
 * attention, a few rows.
 *
 *   rows   out[i][j] += Σ a[i][k] · b[k][j]        dots   out[i][j] += Σ a[i][k] · b[j][k]
 *
 * The order of a sum depends on k alone, so that results do not depend on how rows and columns are cut.
 */
#ifndef KERNEL_PRODUCT_H
#define KERNEL_PRODUCT_H

#include "kernel/version.h"

typedef struct product_call {
    size_t m, n, k;
    const float *a, *b;
    float *out;                            /* other memory than a and b */
    size_t a_stride, b_stride, out_stride; /* elements from row to row */
    const float *next;                     /* a hint: where what is read after b begins, rows apart as b's; or NULL */
} product_call;

typedef void product_function(const product_call *call);

typedef enum product_kind { PRODUCT_ROWS, PRODUCT_DOTS, PRODUCT_KINDS } product_kind;

/* [version][kind] */
extern product_function *const *const product_kernels[KERNEL_VERSIONS];
extern kernel_names product_names[PRODUCT_KINDS];

extern product_function *const product_avx512[PRODUCT_KINDS],
    *const product_avx2[PRODUCT_KINDS], *const product_neon[PRODUCT_KINDS],
                                            *const product_c[PRODUCT_KINDS], *const product_reference[PRODUCT_KINDS];

#endif
