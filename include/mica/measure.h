/* SPDX-License-Identifier: Apache-2.0
 *
 * What a benchmark needs: the limits of this machine to compare with, and the statistics of samples.
 */
#ifndef MICA_MEASURE_H
#define MICA_MEASURE_H

#include "mica/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the machine's limits ---- */

/* What the cores do at most with the context's instruction set: multiply-adds on registers, and reads from memory that
 * fits one level of it. Models come near it or not; none goes beyond. */
typedef enum mica_limit {
    MICA_LIMIT_F32 = 0,  /* f32 multiply-adds */
    MICA_LIMIT_F16 = 1,  /* f16 multiply-adds; f32's where the CPU has none, as f16 kernels then sum in f32 */
    MICA_LIMIT_INT8 = 2, /* int8 products summed exactly in int32 */
    MICA_LIMIT_L1 = 3,   /* reading from the first cache, … */
    MICA_LIMIT_L2 = 4,
    MICA_LIMIT_L3 = 5,
    MICA_LIMIT_DRAM = 6
} mica_limit;
#define MICA_LIMITS 7

typedef struct mica_limit_info {
    const char *name; /* "f32", …, "L1", … */
    size_t threads;   /* the context's, all at once */
    size_t bytes;     /* that each thread reads over and over; 0 for arithmetic */
    double rate;      /* per second, of all threads together: multiplies and adds counted apart, or bytes */
} mica_limit_info;

/* Takes some milliseconds, DRAM up to a second. The best of many short runs counts. Errors: ARGUMENT, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_measure(mica_context *context, mica_limit limit, mica_limit_info *info);

/* ---- samples ---- */

typedef struct mica_summary {
    size_t count;
    double min, p10, p50, p90, p99, max, mean;
} mica_summary;

/* Of `count` ≥ 1 samples, which it sorts. Percentiles interpolate linearly between neighbours, as ExecuTorch's Inspector
 * and NumPy do. */
MICA_API void mica_summarise(double *samples, size_t count, mica_summary *summary);

/* A 95 % confidence interval of the ratio of two medians, b / a, of positive samples, which it sorts. It assumes nothing of
 * their distribution. False when there are fewer than six of either. */
MICA_API bool mica_ratio_interval(double *a, size_t a_count, double *b, size_t b_count, double *low, double *high);

#ifdef __cplusplus
}
#endif
#endif
