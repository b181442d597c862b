/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/portable/product.h"

#include <math.h>
#include <string.h>

#include "kernel/product/product.h"
#include "operator/gemm.h"
#include "runtime/portable/view.h"

/* ---- as they lie: f32 by vectors, the others by plain loops ----
 *
 * Right operand as it lies: rows of out gather multiples of its rows, four at once so that out is read and written less
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
PRODUCT(product_f64, double)
PRODUCT(product_u64, uint64_t) /* integers, which wrap */

static void add_f32(const kernel_call *call, const product *p) {
    const product_kind kind = p->rhs_transposed ? PRODUCT_DOTS : PRODUCT_ROWS;
    const kernel_version version = kernel_version_select(product_names[kind], call->features, call->kernels);
    product_kernels[version][kind](&(product_call){.m = p->m,
                                                   .n = p->n,
                                                   .k = p->k,
                                                   .a = p->lhs,
                                                   .b = p->rhs,
                                                   .out = p->out,
                                                   .a_stride = p->lhs_stride,
                                                   .b_stride = p->rhs_stride,
                                                   .out_stride = p->out_stride});
}

void product_add(const kernel_call *call, mica_type work, const product *p) {
    switch (work) {
    case MICA_F32: add_f32(call, p); break;
    case MICA_F64: product_f64(p); break;
    default: product_u64(p);
    }
}

/* ---- rows on all threads ---- */

typedef struct product_job {
    const kernel_call *call;
    const product *p;
    mica_type work;
    const void *bias;
} product_job;

static void product_rows(void *argument, size_t begin, size_t end) {
    const product_job *const job = argument;
    product part = *job->p;
    const size_t size = mica_type_size(job->work);
    part.m = end - begin;
    part.lhs = (const uint8_t *)part.lhs + begin * part.lhs_stride * size;
    part.out = (uint8_t *)part.out + begin * part.out_stride * size;
    for (size_t i = 0; i < part.m; i++) {
        uint8_t *const row = (uint8_t *)part.out + i * part.out_stride * size;
        if (job->bias) {
            memcpy(row, job->bias, part.n * size);
        } else {
            memset(row, 0, part.n * size);
        }
    }
    product_add(job->call, job->work, &part);
}

/* ---- by packed panels: as a batch matmul does, but the right operand is packed for this one call ---- */

enum { FEW_ROWS = 4, FEW_WEIGHTS = 1024 }; /* below, packing costs more than it saves */

static void locate(const void *owner, size_t batch, gemm_place *place) {
    (void)batch;
    const gemm_place *const only = owner;
    *place = *only;
}

typedef struct packed_product {
    gemm_place place; /* first: locate reads it */
    const product *p;
} packed_product;

static void rows_of(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                    gemm_row *rows) {
    (void)batch, (void)count, (void)taps, (void)rows;
    const product *const p = ((const packed_product *)owner)->p;
    *lhs = (gemm_lhs){.type = GEMM_F32,
                      .row_stride = p->lhs_stride * sizeof(float),
                      .data = (const float *)p->lhs + first * p->lhs_stride,
                      .tap_count = 1,
                      .tap_length = p->k};
}

static mica_status run_packed(kernel_call *call, const product *p, const float *bias, bool *done) {
    gemm_plan plan = {.variant = GEMM_PF32,
                      .level = gemm_level_of(call->kernels),
                      .features = call->features,
                      .n = p->n,
                      .k = p->k,
                      .threads = call->threads,
                      .out_stride = p->out_stride * sizeof(float),
                      .limits = {.min = -INFINITY, .max = INFINITY}};
    *done = gemm_plan_init(&plan);
    if (!*done) return MICA_OK;
    const gemm_rhs rhs = {.type = GEMM_F32,
                          .data = p->rhs,
                          .n = p->n,
                          .k = p->k,
                          .n_stride = p->rhs_transposed ? p->rhs_stride : 1,
                          .k_stride = p->rhs_transposed ? 1 : p->rhs_stride,
                          .bias = bias};
    void *packed = NULL, *workspace = NULL;
    TRY(call_scratch(call, plan.rhs_bytes, &packed));
    TRY(call_scratch(call, gemm_plan_shape(&plan, 1, p->m), &workspace));
    gemm_pack(&plan, &rhs, packed, call->pool, call->threads);
    const packed_product owner = {.place = {.rhs = packed, .out = p->out}, .p = p};
    gemm_run(&plan, &(gemm_source){locate, rows_of}, &owner, workspace, call->pool, call->threads);
    return MICA_OK;
}

mica_status product_run(kernel_call *call, mica_type work, const product *p, const void *bias) {
    const bool large = p->m >= FEW_ROWS && p->n * p->k >= FEW_WEIGHTS && p->k > 0;
    if (work == MICA_F32 && large && call->kernels != MICA_KERNELS_REFERENCE) {
        bool done = false;
        TRY(run_packed(call, p, bias, &done));
        if (done) return MICA_OK;
    }
    product_job job = {call, p, work, bias};
    rows_parallel(call, p->m, p->n * p->k / 4 + 1, product_rows, &job);
    return MICA_OK;
}
