/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products in the types that kernels compute with.
 */
#ifndef PORTABLE_PRODUCT_H
#define PORTABLE_PRODUCT_H

#include "runtime/kernel_call.h"

/* lhs[i][k] · rhs[k][j], summed over k, for i in [0, m), j in [0, n); strides in elements, from row to row. */
typedef struct product {
    size_t m, n, k;
    const void *lhs;
    size_t lhs_stride;
    const void *rhs;
    size_t rhs_stride;
    bool rhs_transposed; /* rhs[j][k] instead */
    void *out;
    size_t out_stride;
} product;

/* Adds the product to what `out` holds, on the calling thread. `work` is F32, F64 or I64. */
void product_add(const kernel_call *call, mica_type work, const product *p);
/* Sets `out` to the product plus `bias` ([n] or NULL), on all threads; large ones of f32 by the packed kernels of
 * delegates. */
mica_status product_run(kernel_call *call, mica_type work, const product *p, const void *bias);

/* Of a convolution: one number per spatial dim (one or two), or one for both, within [least, 2^31). */
mica_status convolution_numbers(kernel_call *call, size_t arg, size_t spatial, int64_t least, int64_t fallback,
                                size_t *y, size_t *x);

#endif
