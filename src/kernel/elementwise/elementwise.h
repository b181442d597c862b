/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise kernels on floats:  out[i] = f(a[i])  or  out[i] = f(a[i], b[i]).
 *
 * One description (operations.h) is compiled for each instruction set. Other element types pass through a small
 * buffer of floats (operator/elements.h), so these are all the arithmetic there is. Operands of any alignment; `out`
 * may be `a` or `b`; results of an element do not depend on its neighbours.
 *
 * Special values are those of the C library: NaN gives NaN (also in min and max), infinities and −0 as there.
 */
#ifndef KERNEL_ELEMENTWISE_H
#define KERNEL_ELEMENTWISE_H

#include "kernel/version.h"

/* Each row: enumerator, function in every version, number of operands. */
#define ELEMENTWISE_OPERATIONS(X)                                                                                    \
    X(ELEMENTWISE_ADD, add_f32, 2)           /* clamp(a + b) */                                                      \
    X(ELEMENTWISE_SUBTRACT, subtract_f32, 2) /* clamp(a − b) */                                                      \
    X(ELEMENTWISE_MULTIPLY, multiply_f32, 2) /* clamp(a · b) */                                                      \
    X(ELEMENTWISE_DIVIDE, divide_f32, 2)     /* clamp(a / b) */                                                      \
    X(ELEMENTWISE_MINIMUM, minimum_f32, 2)                                                                           \
    X(ELEMENTWISE_MAXIMUM, maximum_f32, 2)                                                                           \
    X(ELEMENTWISE_PRELU, prelu_f32, 2) /* a < 0 ? a · b : a */                                                       \
    X(ELEMENTWISE_CLAMP, clamp_f32, 1)                                                                               \
    X(ELEMENTWISE_NEGATE, negate_f32, 1)                                                                             \
    X(ELEMENTWISE_ABS, abs_f32, 1)                                                                                   \
    X(ELEMENTWISE_SQUARE, square_f32, 1)                                                                             \
    X(ELEMENTWISE_FLOOR, floor_f32, 1)                                                                               \
    X(ELEMENTWISE_CEILING, ceil_f32, 1)                                                                              \
    X(ELEMENTWISE_SQUARE_ROOT, sqrt_f32, 1)                                                                          \
    X(ELEMENTWISE_RECIPROCAL_SQUARE_ROOT, rsqrt_f32, 1)                                                              \
    X(ELEMENTWISE_HARDSWISH, hardswish_f32, 1)   /* a · clamp(a + 3, 0, 6) / 6 */                                    \
    X(ELEMENTWISE_LEAKY_RELU, leaky_relu_f32, 1) /* a < 0 ? a · slope : a */                                         \
    X(ELEMENTWISE_ELU, elu_f32, 1)               /* a < 0 ? slope · (e^a − 1) : a */                                 \
    X(ELEMENTWISE_EXP, exp_f32, 1)                                                                                   \
    X(ELEMENTWISE_LOG, log_f32, 1)                                                                                   \
    X(ELEMENTWISE_SIN, sin_f32, 1)                                                                                   \
    X(ELEMENTWISE_COS, cos_f32, 1)                                                                                   \
    X(ELEMENTWISE_TANH, tanh_f32, 1)                                                                                 \
    X(ELEMENTWISE_SIGMOID, sigmoid_f32, 1) /* 1 / (1 + e^−a) */                                                      \
    X(ELEMENTWISE_GELU, gelu_f32, 1)       /* a · Φ(a) = a/2 · (1 + erf(a/√2)) */

#define ELEMENTWISE_ENUMERATOR(enumerator, function, operands) enumerator,
typedef enum elementwise_operation {
    ELEMENTWISE_OPERATIONS(ELEMENTWISE_ENUMERATOR) ELEMENTWISE_COUNT
} elementwise_operation;

typedef struct elementwise_call {
    size_t count;
    const float *a, *b;      /* b: operations of two operands */
    bool a_scalar, b_scalar; /* the operand is one value for all elements; not both */
    float *out;
    float min, max; /* where clamped */
    float slope;
} elementwise_call;

typedef void elementwise_function(const elementwise_call *call);

/* [version][operation]; a version is NULL when not in this build. */
extern elementwise_function *const *const elementwise_kernels[KERNEL_VERSIONS];
extern kernel_names elementwise_names[ELEMENTWISE_COUNT]; /* "add_f32_avx512" */

#define ELEMENTWISE_ROW(enumerator, function, operands) [enumerator] = function,
extern elementwise_function *const elementwise_avx512[ELEMENTWISE_COUNT],
    *const elementwise_avx2[ELEMENTWISE_COUNT], *const elementwise_neon[ELEMENTWISE_COUNT],
                                                    *const elementwise_c[ELEMENTWISE_COUNT],
                                                        *const elementwise_reference[ELEMENTWISE_COUNT];

#endif
