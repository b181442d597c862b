/* SPDX-License-Identifier: Apache-2.0
 *
 * The truth that the other versions are tested against: one element after the other, the C library in double.
 */
#include "kernel/elementwise/elementwise.h"

#include <math.h>

static double clamped(double x, const elementwise_call *call) {
    return x < call->min ? call->min : x > call->max ? call->max : x;
}

/* A kernel: its name, and its result from operands a and b. */
#define KERNEL(name, result)                                                                                         \
    static void name(const elementwise_call *call) {                                                                 \
        for (size_t i = 0; i < call->count; i++) {                                                                   \
            const double a = call->a[call->a_scalar ? 0 : i];                                                        \
            const double b = call->b ? call->b[call->b_scalar ? 0 : i] : 0;                                          \
            (void)b;                                                                                                 \
            call->out[i] = (float)(result);                                                                          \
        }                                                                                                            \
    }

KERNEL(add_f32, clamped((float)(a + b), call)) /* rounded to float before it is clamped */
KERNEL(subtract_f32, clamped((float)(a - b), call))
KERNEL(multiply_f32, clamped((float)(a *b), call))
KERNEL(divide_f32, clamped((float)(a / b), call))
KERNEL(minimum_f32, isnan(a) || a < b ? a : b)
KERNEL(maximum_f32, isnan(a) || a > b ? a : b)
KERNEL(prelu_f32, a < 0 ? a * b : a)
KERNEL(clamp_f32, clamped(a, call))
KERNEL(negate_f32, -a)
KERNEL(abs_f32, fabs(a))
KERNEL(square_f32, a *a)
KERNEL(floor_f32, floor(a))
KERNEL(ceil_f32, ceil(a))
KERNEL(sqrt_f32, sqrt(a))
KERNEL(rsqrt_f32, 1 / sqrt(a))
KERNEL(hardswish_f32, a / 6 * (a <= -3 ? 0 : a >= 3 ? 6 : a + 3))
KERNEL(leaky_relu_f32, a < 0 ? a * (double)call->slope : a)
KERNEL(elu_f32, a < 0 ? (double)call->slope * expm1(a) : a)
KERNEL(exp_f32, exp(a))
KERNEL(log_f32, log(a))
KERNEL(sin_f32, sin(a))
KERNEL(cos_f32, cos(a))
KERNEL(tanh_f32, tanh(a))
KERNEL(sigmoid_f32, 1 / (1 + exp(-a)))
KERNEL(gelu_f32, a * (0.5 * erfc(-a * 0.70710678118654752440)))
#undef KERNEL

elementwise_function *const elementwise_reference[ELEMENTWISE_COUNT] = {ELEMENTWISE_OPERATIONS(ELEMENTWISE_ROW)};
