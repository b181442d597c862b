/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention in f32: out = softmax(scale · q·kᵀ + mask) · v, head by head. Scores of a few queries exist at a time; keys
 * that a causal block of them cannot see are skipped.
 */
#ifndef PORTABLE_ATTEND_H
#define PORTABLE_ATTEND_H

#include "kernel/gemm/gemm.h"
#include "kernel/product/product.h"
#include "kernel/softmax/softmax.h"
#include "runtime/kernel_call.h"

/* [batch, head, position, element]: elements follow each other, the rest has strides, in elements. */
typedef struct head_view {
    const float *data;
    size_t strides[3];
} head_view;

typedef struct attention {
    /* what is asked */
    size_t batch, heads, shared, queries, keys, width; /* shared: query heads per key head */
    size_t start;                                      /* position of the first query among the keys */
    bool causal;
    float scale;
    head_view q, k, v, out; /* out is written */
    const float *mask;      /* [query, key] or NULL */

    /* how it is done: attention_plan */
    bool by_heads;              /* one query: the rows of a block are the heads that share a key head */
    size_t rows, blocks;        /* per block; of them per group that meets the same keys */
    const gemm_kernel *kernel;  /* for packed keys and values; NULL: they are read where they lie */
    size_t key_size, head_size; /* bytes of packed keys; of packed keys and values of one head */
    uint8_t *packed, *work;
    size_t work_size;                       /* bytes of one thread: scores, sums, rows for the kernel; */
    size_t scores_stride, sums_at, left_at; /* in it, elements: from row to row, to sums, to rows */
    size_t grain;                           /* blocks of one task */
    product_function *dots, *products;
    const softmax_kernels *softmax;
} attention;

/* Chooses kernels and takes memory from the call's scratch. */
mica_status attention_plan(kernel_call *call, attention *a);

void attention_run(struct pool *pool, size_t threads, attention *a);

#endif
