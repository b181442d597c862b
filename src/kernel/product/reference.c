/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/product/product.h"

/* b[k · k_stride + j · j_stride] */
static void multiply(const product_call *p, size_t k_stride, size_t j_stride) {
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            double sum = 0;
            for (size_t k = 0; k < p->k; k++) {
                sum += (double)p->a[i * p->a_stride + k] * p->b[k * k_stride + j * j_stride];
            }
            p->out[i * p->out_stride + j] += (float)sum;
        }
    }
}

static void rows(const product_call *p) { multiply(p, p->b_stride, 1); }
static void dots(const product_call *p) { multiply(p, 1, p->b_stride); }

product_function *const product_reference[PRODUCT_KINDS] = {rows, dots};
