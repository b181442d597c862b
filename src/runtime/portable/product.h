/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products in the types that kernels compute with.
 */
#ifndef PORTABLE_PRODUCT_H
#define PORTABLE_PRODUCT_H

#include "runtime/kernel_call.h"

/* out[i][j] += Σ_k lhs[i][k] · rhs[k][j] for i in [0, m), j in [0, n); strides in elements, from row to row. */
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

/* `work` is F32, F64 or I64. On the calling thread. */
void product_run(mica_type work, const product *p);
/* The same on all threads. */
void product_parallel(const kernel_call *call, mica_type work, const product *p);

#endif
