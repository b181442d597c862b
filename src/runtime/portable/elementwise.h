/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise operations: each is one line of a list, its expressions on the values a, b, c, d of its operands. The
 * walk, the types and the broadcasting are the same for all of them.
 *
 * A line: operation, operands, which of them decide the common type (a bit each), kind, expression on floats (`number` is
 * their type), expression on integers (64 bits, wrapping).
 */
#ifndef PORTABLE_ELEMENTWISE_H
#define PORTABLE_ELEMENTWISE_H

#include "runtime/kernel_call.h"

/* clang-format off */

/* On floats and on integers. SAME: the result has the common type; TRUTH: it is 0 or 1, of any type. */
#define ELEMENTWISE_BOTH(X) \
    X(EW_ABS, 1, 1, SAME, fabs(a), a < 0 ? sub64(0, a) : a) \
    X(EW_NEG, 1, 1, SAME, -a, sub64(0, a)) \
    X(EW_SIGN, 1, 1, SAME, isnan(a) ? a : (number)((a > 0) - (a < 0)), (a > 0) - (a < 0)) \
    X(EW_CEIL, 1, 1, SAME, ceil(a), a) \
    X(EW_FLOOR, 1, 1, SAME, floor(a), a) \
    X(EW_ROUND, 1, 1, SAME, rint(a), a) \
    X(EW_TRUNC, 1, 1, SAME, trunc(a), a) \
    X(EW_RELU, 1, 1, SAME, a < 0 ? 0 : a, a < 0 ? 0 : a) \
    X(EW_CONJUGATE, 1, 1, SAME, a, a) \
    X(EW_ADD, 3, 3, SAME, a + c * b, add64(a, mul64(c, b))) \
    X(EW_SUB, 3, 3, SAME, a - c * b, sub64(a, mul64(c, b))) \
    X(EW_RSUB, 3, 3, SAME, b - c * a, sub64(b, mul64(c, a))) \
    X(EW_MUL, 2, 3, SAME, a * b, mul64(a, b)) \
    X(EW_DIV_TRUNC, 2, 3, SAME, trunc(a / b), div64(a, b)) \
    X(EW_DIV_FLOOR, 2, 3, SAME, floor_divide(a, b), floor_div64(a, b)) \
    X(EW_FMOD, 2, 3, SAME, fmod(a, b), sub64(a, mul64(div64(a, b), b))) \
    X(EW_REMAINDER, 2, 3, SAME, remainder_of(a, b), sub64(a, mul64(div64(a, b), b))) /* integers as ExecuTorch: of C */ \
    X(EW_POW, 2, 3, SAME, pow(a, b), pow64(a, b)) \
    X(EW_MAXIMUM, 2, 3, SAME, larger(a, b), a > b ? a : b) \
    X(EW_MINIMUM, 2, 3, SAME, smaller(a, b), a < b ? a : b) \
    X(EW_CLAMP, 3, 7, SAME, smaller(larger(a, b), c), (a < b ? b : a) > c ? c : a < b ? b : a) \
    X(EW_HARDTANH, 3, 1, SAME, (a < b ? b : a) > c ? c : a < b ? b : a, (a < b ? b : a) > c ? c : a < b ? b : a) \
    X(EW_LEAKY_RELU, 2, 1, SAME, a < 0 ? a * b : a, a < 0 ? mul64(a, b) : a) \
    X(EW_WHERE, 3, 6, SAME, a != 0 ? b : c, a ? b : c) \
    X(EW_MASKED_FILL, 3, 1, SAME, b != 0 ? c : a, b ? c : a) \
    X(EW_EQ, 2, 3, TRUTH, a == b, a == b) \
    X(EW_NE, 2, 3, TRUTH, a != b, a != b) \
    X(EW_GE, 2, 3, TRUTH, a >= b, a >= b) \
    X(EW_GT, 2, 3, TRUTH, a > b, a > b) \
    X(EW_LE, 2, 3, TRUTH, a <= b, a <= b) \
    X(EW_LT, 2, 3, TRUTH, a < b, a < b) \
    X(EW_LOGICAL_AND, 2, 3, TRUTH, a != 0 && b != 0, a && b) \
    X(EW_LOGICAL_OR, 2, 3, TRUTH, a != 0 || b != 0, a || b) \
    X(EW_LOGICAL_XOR, 2, 3, TRUTH, (a != 0) != (b != 0), !a != !b) \
    X(EW_LOGICAL_NOT, 1, 1, TRUTH, a == 0, !a) \
    X(EW_ISINF, 1, 1, TRUTH, isinf(a), 0) \
    X(EW_ISNAN, 1, 1, TRUTH, isnan(a), 0)

/* On floats; integers are converted first. */
#define ELEMENTWISE_REAL(X) \
    X(EW_ACOS, 1, 1, REAL, acos(a)) \
    X(EW_ACOSH, 1, 1, REAL, acosh(a)) \
    X(EW_ASIN, 1, 1, REAL, asin(a)) \
    X(EW_ASINH, 1, 1, REAL, asinh(a)) \
    X(EW_ATAN, 1, 1, REAL, atan(a)) \
    X(EW_ATANH, 1, 1, REAL, atanh(a)) \
    X(EW_COS, 1, 1, REAL, cos(a)) \
    X(EW_COSH, 1, 1, REAL, cosh(a)) \
    X(EW_ERF, 1, 1, REAL, erf(a)) \
    X(EW_EXP, 1, 1, REAL, exp(a)) \
    X(EW_EXPM1, 1, 1, REAL, expm1(a)) \
    X(EW_LOG, 1, 1, REAL, log(a)) \
    X(EW_LOG10, 1, 1, REAL, log10(a)) \
    X(EW_LOG1P, 1, 1, REAL, log1p(a)) \
    X(EW_LOG2, 1, 1, REAL, log2(a)) \
    X(EW_RECIPROCAL, 1, 1, REAL, 1 / a) \
    X(EW_RSQRT, 1, 1, REAL, 1 / sqrt(a)) \
    X(EW_SIGMOID, 1, 1, REAL, 1 / (1 + exp(-a))) \
    X(EW_SIN, 1, 1, REAL, sin(a)) \
    X(EW_SINH, 1, 1, REAL, sinh(a)) \
    X(EW_SQRT, 1, 1, REAL, sqrt(a)) \
    X(EW_TAN, 1, 1, REAL, tan(a)) \
    X(EW_TANH, 1, 1, REAL, tanh(a)) \
    X(EW_GELU, 1, 1, REAL, a / 2 * (1 + erf(a * (number)0.70710678118654752440))) \
    X(EW_GELU_TANH, 1, 1, REAL, \
      a / 2 * (1 + tanh((number)0.79788456080286535588 * (a + (number)0.044715 * a * a * a)))) \
    X(EW_LOGIT, 2, 1, REAL, logit(a, b)) \
    X(EW_ATAN2, 2, 3, REAL, atan2(a, b)) \
    X(EW_DIV, 2, 3, REAL, a / b) \
    X(EW_ELU, 4, 1, REAL, a > 0 ? a * c : expm1(a * d) * (b * c))

/* On integers and bool. */
#define ELEMENTWISE_INTEGER(X) \
    X(EW_BITWISE_NOT, 1, 1, INTEGER, ~a) \
    X(EW_BITWISE_AND, 2, 3, INTEGER, a & b) \
    X(EW_BITWISE_OR, 2, 3, INTEGER, a | b) \
    X(EW_BITWISE_XOR, 2, 3, INTEGER, a ^ b) \
    X(EW_SHIFT_LEFT, 2, 3, INTEGER, b < 0 || b > 63 ? 0 : (int64_t)((uint64_t)a << b)) \
    X(EW_SHIFT_RIGHT, 2, 3, INTEGER, a >> (b < 0 || b > 63 ? 63 : b))

/* clang-format on */

#define ELEMENTWISE_NAME(name, ...) name,
typedef enum elementwise_op {
    ELEMENTWISE_BOTH(ELEMENTWISE_NAME) ELEMENTWISE_REAL(ELEMENTWISE_NAME) ELEMENTWISE_INTEGER(ELEMENTWISE_NAME)
} elementwise_op;
#undef ELEMENTWISE_NAME

#endif
