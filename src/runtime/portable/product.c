/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/portable/product.h"

#include "runtime/portable/view.h"

/* Right operand as it lies: rows of out gather multiples of its rows, four at once so that out is read and written less
 * often; columns in strips that stay in the nearest cache. Transposed: dot products, in eight partial sums. */
#define PRODUCT(name, number)                                                                                        \
    static void name##_strip(const product *p, size_t j0, size_t n) {                                                \
        for (size_t i = 0; i < p->m; i++) {                                                                          \
            const number *const a = (const number *)p->lhs + i * p->lhs_stride;                                      \
            number *const out = (number *)p->out + i * p->out_stride + j0;                                           \
            size_t k = 0;                                                                                            \
            for (; k + 4 <= p->k; k += 4) {                                                                          \
                const number *const b0 = (const number *)p->rhs + k * p->rhs_stride + j0;                            \
                const number *const b1 = b0 + p->rhs_stride, *const b2 = b1 + p->rhs_stride;                         \
                const number *const b3 = b2 + p->rhs_stride;                                                         \
                for (size_t j = 0; j < n; j++) {                                                                     \
                    out[j] += (a[k] * b0[j] + a[k + 1] * b1[j]) + (a[k + 2] * b2[j] + a[k + 3] * b3[j]);             \
                }                                                                                                    \
            }                                                                                                        \
            for (; k < p->k; k++) {                                                                                  \
                const number *const b = (const number *)p->rhs + k * p->rhs_stride + j0;                             \
                for (size_t j = 0; j < n; j++) out[j] += a[k] * b[j];                                                \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void name##_dots(const product *p) {                                                                      \
        for (size_t i = 0; i < p->m; i++) {                                                                          \
            const number *const a = (const number *)p->lhs + i * p->lhs_stride;                                      \
            for (size_t j = 0; j < p->n; j++) {                                                                      \
                const number *const b = (const number *)p->rhs + j * p->rhs_stride;                                  \
                number lanes[8] = {0};                                                                               \
                size_t k = 0;                                                                                        \
                for (; k + 8 <= p->k; k += 8) {                                                                      \
                    for (size_t l = 0; l < 8; l++) lanes[l] += a[k + l] * b[k + l];                                  \
                }                                                                                                    \
                for (size_t l = 0; k < p->k; k++, l++) lanes[l] += a[k] * b[k];                                      \
                ((number *)p->out)[i * p->out_stride + j] += ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +       \
                                                             ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));        \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void name(const product *p) {                                                                             \
        enum { STRIP = 1024 };                                                                                       \
        if (p->rhs_transposed) {                                                                                     \
            name##_dots(p);                                                                                          \
            return;                                                                                                  \
        }                                                                                                            \
        for (size_t j = 0; j < p->n; j += STRIP) name##_strip(p, j, min_size(STRIP, p->n - j));                      \
    }
PRODUCT(product_f32, float)
PRODUCT(product_f64, double)
PRODUCT(product_u64, uint64_t) /* integers, which wrap */

void product_run(mica_type work, const product *p) {
    switch (work) {
    case MICA_F32: product_f32(p); break;
    case MICA_F64: product_f64(p); break;
    default: product_u64(p);
    }
}

typedef struct product_job {
    const product *p;
    mica_type work;
} product_job;

static void product_rows(void *argument, size_t begin, size_t end) {
    const product_job *const job = argument;
    product part = *job->p;
    const size_t size = mica_type_size(job->work);
    part.m = end - begin;
    part.lhs = (const uint8_t *)part.lhs + begin * part.lhs_stride * size;
    part.out = (uint8_t *)part.out + begin * part.out_stride * size;
    product_run(job->work, &part);
}

void product_parallel(const kernel_call *call, mica_type work, const product *p) {
    product_job job = {p, work};
    rows_parallel(call, p->m, p->n * p->k / 4 + 1, product_rows, &job);
}
