/* SPDX-License-Identifier: Apache-2.0
 *
 * One random GEMM and its right answer, computed from the raw operands in double and int64, without the library.
 * Every buffer that a kernel may touch lies against a page that it may not.
 */
#ifndef TESTS_CHECK_PROBLEM_H
#define TESTS_CHECK_PROBLEM_H

#include <stdio.h>

#include "kernel/gemm/gemm.h"

/* ---- random numbers: splitmix64 ---- */
typedef struct random_state {
    uint64_t state;
} random_state;
uint64_t random_bits(random_state *random);
size_t random_below(random_state *random, size_t bound); /* [0, bound), 0 for 0 */
float random_float(random_state *random, float low, float high);

/* ---- memory between two guard pages, one region per use; contents are lost at the next call for the same use ---- */
typedef enum guard_use {
    GUARD_LHS,
    GUARD_PADDING,
    GUARD_TAPS,
    GUARD_ROWS,
    GUARD_RHS,
    GUARD_SCALE,
    GUARD_BLOCK_SCALE,
    GUARD_BIAS,
    GUARD_ROW_BIAS,
    GUARD_PACKED_LHS,
    GUARD_PACKED_RHS,
    GUARD_OUT,
    GUARD_USES
} guard_use;
/* `size` bytes that end (at_end) or begin at the guard page. */
void *guard_memory(guard_use use, size_t size, bool at_end);

typedef struct problem {
    gemm_variant variant;
    size_t m, n, k;
    gemm_lhs lhs;
    gemm_rhs rhs;
    const float *row_bias; /* [m]: rows have biases instead of columns, and are read as they are; NULL: not */
    float min, max;
    int32_t zero_point, qmin, qmax;
    bool half_sums;   /* the kernel adds up some products in f16 */
    bool at_end;      /* where buffers touch their guards */
    double *expected; /* [m][n]: the stored value */
    double *bound;    /* [m][n]: the largest difference allowed; 0: the same bits; infinity: any value */
    char text[256];   /* what it is, for failures */
} problem;

/* A problem of this shape that `kernel` can take; everything else (types, strides, taps, values) is random. For QB4W
 * `block` divides k. Benchmarks ask for `plain` operands: dense, small values. */
void problem_make(problem *p, const gemm_kernel *kernel, size_t m, size_t n, size_t k, size_t block, bool plain,
                  random_state *random);
void problem_solve(problem *p); /* fills expected and bound */
void problem_free(problem *p);

size_t output_size(gemm_variant variant); /* bytes of an element */
double output_value(gemm_variant variant, const void *out, size_t i);

/* ---- benchmark mode (check_bench.c) ---- */
typedef struct bench_options {
    const char *filter;
    cpu_features features;
    double seconds; /* per measurement */
    enum { FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON } format;
} bench_options;
int bench_kernels(const bench_options *options);  /* the GEMM table */
int bench_families(const bench_options *options); /* all others */

bool name_matches(const char *name, const char *pattern); /* substring, or a glob with * */

#endif
