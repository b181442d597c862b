/* SPDX-License-Identifier: Apache-2.0
 *
 * Every element-wise operation, once. Included after one of kernel/vector/vector_*.h by the file of that
 * instruction set, which makes a table of the functions.
 */
#include "kernel/elementwise/elementwise.h"
#include "kernel/vector/math.h"

/* The call's constants, as vectors. */
typedef struct constants {
    vec min, max, slope;
} constants;

INLINE constants constants_of(const elementwise_call *call) {
    return (constants){v_splat(call->min), v_splat(call->max), v_splat(call->slope)};
}

typedef vec operation(vec a, vec b, constants k);

INLINE void unary(const elementwise_call *call, operation *f) {
    const constants k = constants_of(call);
    const vec none = v_splat(0);
    const size_t whole = call->count / VEC * VEC, rest = call->count - whole;
    for (size_t i = 0; i < whole; i += VEC) v_store(call->out + i, f(v_load(call->a + i), none, k));
    if (rest) v_store_part(call->out + whole, f(v_load_part(call->a + whole, rest), none, k), rest);
}

INLINE void binary(const elementwise_call *call, operation *f) {
    const constants k = constants_of(call);
    const float *const a = call->a, *const b = call->b;
    float *const out = call->out;
    const size_t whole = call->count / VEC * VEC, rest = call->count - whole;
    if (call->a_scalar) {
        const vec x = v_splat(*a);
        for (size_t i = 0; i < whole; i += VEC) v_store(out + i, f(x, v_load(b + i), k));
        if (rest) v_store_part(out + whole, f(x, v_load_part(b + whole, rest), k), rest);
    } else if (call->b_scalar) {
        const vec y = v_splat(*b);
        for (size_t i = 0; i < whole; i += VEC) v_store(out + i, f(v_load(a + i), y, k));
        if (rest) v_store_part(out + whole, f(v_load_part(a + whole, rest), y, k), rest);
    } else {
        for (size_t i = 0; i < whole; i += VEC) v_store(out + i, f(v_load(a + i), v_load(b + i), k));
        if (rest) v_store_part(out + whole, f(v_load_part(a + whole, rest), v_load_part(b + whole, rest), k), rest);
    }
}

/* A kernel: its name, its loop, and its result from operands a and b and constants k. */
#define KERNEL(name, loop, result)                                                                                   \
    INLINE vec name##_of(vec a, vec b, constants k) {                                                                \
        (void)a, (void)b, (void)k;                                                                                   \
        return result;                                                                                               \
    }                                                                                                                \
    static void name(const elementwise_call *call) { loop(call, name##_of); }

KERNEL(add_f32, binary, v_clamp(v_add(a, b), k.min, k.max))
KERNEL(subtract_f32, binary, v_clamp(v_sub(a, b), k.min, k.max))
KERNEL(multiply_f32, binary, v_clamp(v_mul(a, b), k.min, k.max))
KERNEL(divide_f32, binary, v_clamp(v_div(a, b), k.min, k.max))
KERNEL(minimum_f32, binary, v_select(v_equal(a, a), v_min(a, b), a))
KERNEL(maximum_f32, binary, v_select(v_equal(a, a), v_max(a, b), a))
KERNEL(prelu_f32, binary, v_select(v_less(a, v_splat(0)), v_mul(a, b), a))
KERNEL(clamp_f32, unary, v_clamp(a, k.min, k.max))
KERNEL(negate_f32, unary, v_neg(a))
KERNEL(abs_f32, unary, v_abs(a))
KERNEL(square_f32, unary, v_mul(a, a))
KERNEL(floor_f32, unary, v_floor(a))
KERNEL(ceil_f32, unary, v_ceil(a))
KERNEL(sqrt_f32, unary, v_sqrt(a))
KERNEL(rsqrt_f32, unary, v_div(v_splat(1), v_sqrt(a)))
KERNEL(hardswish_f32, unary,
       v_mul(v_mul(a, v_splat(1 / 6.0f)), v_clamp(v_add(a, v_splat(3)), v_splat(0), v_splat(6))))
KERNEL(leaky_relu_f32, unary, v_select(v_less(a, v_splat(0)), v_mul(a, k.slope), a))
KERNEL(elu_f32, unary, v_select(v_less(a, v_splat(0)), v_mul(k.slope, v_expm1(a)), a))
KERNEL(exp_f32, unary, v_exp(a))
KERNEL(log_f32, unary, v_log(a))
KERNEL(sin_f32, unary, v_sin(a))
KERNEL(cos_f32, unary, v_cos(a))
KERNEL(tanh_f32, unary, v_tanh(a))
KERNEL(sigmoid_f32, unary, v_sigmoid(a))
KERNEL(gelu_f32, unary, v_gelu(a))
#undef KERNEL
