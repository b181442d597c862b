/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of vectors, in terms of the operations of vector_*.h: range reduction, then the polynomial that is best
 * over the reduced range (Remez, coefficients rounded to float one after another). Errors are in ulp, measured by
 * tests/test_elementwise.c over the whole range.
 */
#ifndef KERNEL_VECTOR_MATH_H
#define KERNEL_VECTOR_MATH_H

INLINE vec v_neg(vec x) { return vi_bits(vi_xor(v_bits(x), vi_splat(INT32_MIN))); }
INLINE vec v_ceil(vec x) { return v_neg(v_floor(v_neg(x))); }
INLINE vec v_clamp(vec x, vec low, vec high) { return v_min(high, v_max(low, x)); } /* keeps NaN and −0 */

/* Σ coefficient[i] · x^i */
INLINE vec v_polynomial(vec x, const float *coefficients, int count) {
    vec sum = v_splat(coefficients[count - 1]);
    for (int i = count - 2; i >= 0; i--) sum = v_fma(sum, x, v_splat(coefficients[i]));
    return sum;
}

/* x · 2^n for whole n in [−252, 254]; in two factors, neither of which over- or underflows. */
#ifndef VECTOR_SCALES
INLINE vec v_scale(vec x, vec n) {
    const veci whole = v_to_int(n), half = vi_shift_right(whole, 1), bias = vi_splat(127);
    const vec first = vi_bits(vi_shift_left(vi_add(half, bias), 23));
    const vec second = vi_bits(vi_shift_left(vi_add(vi_sub(whole, half), bias), 23));
    return v_mul(v_mul(x, first), second);
}
#endif

/* a / b to 1 ulp, for b of ordinary size. */
#ifndef VECTOR_DIVIDES
INLINE vec v_quotient(vec a, vec b) { return v_div(a, b); }
#endif

#define LOG2_E 0x1.715476p+0f
#define LN2_HIGH 0x1.62e4p-1f /* 15 bits: n · LN2_HIGH is exact */
#define LN2_LOW 0x1.7f7d1cp-20f

/* e^(x + small), with |small| ≤ 1; the range is cut where the result is 0 or infinite anyway. */
INLINE vec v_exp_sum(vec x, vec small) {
    static const float q[] = {0.49999994f, 0.166665211f, 0.0416682884f, 0.00836870354f, 0.00138189388f};
    x = v_min(v_splat(130), v_max(v_splat(-130), x)); /* NaN passes */
    const vec n = v_rint(v_mul(x, v_splat(LOG2_E)));
    const vec r = v_add(v_fnma(n, v_splat(LN2_LOW), v_fnma(n, v_splat(LN2_HIGH), x)), small);
    const vec p = v_fma(v_mul(r, r), v_polynomial(r, q, 5), r);
    return v_scale(v_add(p, v_splat(1)), n);
}
INLINE vec v_exp(vec x) { return v_exp_sum(x, v_splat(0)); }

/* e^x − 1 = 2^n · ((e^r − 1) + (1 − 2^−n)), good to the last digits where x is small. */
INLINE vec v_expm1(vec x) {
    static const float q[] = {0.5f, 0.166666657f, 0.0416664928f, 0.00833354332f, 0.00139323645f, 0.000197643312f};
    const vec cut = v_min(v_splat(130), v_max(v_splat(-80), x));
    const vec n = v_rint(v_mul(cut, v_splat(LOG2_E)));
    const vec r = v_fnma(n, v_splat(LN2_LOW), v_fnma(n, v_splat(LN2_HIGH), cut));
    const vec p = v_fma(v_mul(r, r), v_polynomial(r, q, 6), r);
    const vec rest = v_sub(v_splat(1), v_scale(v_splat(1), v_neg(n)));
    return v_copysign(v_scale(v_add(p, rest), n), x);
}

INLINE vec v_log(vec x) {
    static const float q[] = {0.333333313f, -0.250008255f, 0.200012505f, -0.1662319f,
                              0.142011762f, -0.13161464f,  0.127662078f, -0.0763644949f};
    const mask tiny = v_less(x, v_splat(0x1p-126f)); /* subnormal: scaled up first */
    const vec y = v_select(tiny, v_mul(x, v_splat(0x1p24f)), x);
    /* y = 2^n · (1 + f) with 1 + f in [√½, √2) */
    const veci bits = vi_sub(v_bits(y), vi_splat(0x3f3504f3));
    const veci exponent = vi_shift_right(bits, 23);
    const vec n = v_add(vi_to_float(exponent), v_select(tiny, v_splat(-24), v_splat(0)));
    const vec f = v_sub(vi_bits(vi_sub(v_bits(y), vi_shift_left(exponent, 23))), v_splat(1));
    const vec f2 = v_mul(f, f);
    vec p = v_fma(v_mul(f2, f), v_polynomial(f, q, 8), v_mul(n, v_splat(LN2_LOW)));
    p = v_fnma(v_splat(0.5f), f2, p);
    const vec log = v_fma(n, v_splat(LN2_HIGH), v_add(p, f));
    const vec finite = v_select(v_equal(x, v_splat(0)), v_splat(-INFINITY), log);
    return v_select(v_less(x, v_splat(0)), v_splat(NAN), v_select(v_less(x, v_splat(INFINITY)), finite, x));
}

/* sin(x + shift · π/2), shift 0 or 1: the sine of x − nπ, its sign from n. π is in four parts whose products with n
 * are exact while |x| < SIN_LIMIT; the few lanes beyond take the C library's way, each for itself. */
#define SIN_LIMIT 16384.0f
INLINE vec v_sin_shifted(vec x, float shift, float (*library)(float)) {
    static const float s[] = {-0.166666597f, 0.00833306834f, -0.000198096648f, 2.6057769e-06f};
    const vec half = v_splat(0.5f * shift);
    const vec whole = v_rint(v_fma(x, v_splat(0x1.45f306p-2f), half));
    const vec n = v_sub(whole, half);
    vec r = v_fnma(n, v_splat(0x1.92p+1f), x);
    r = v_fnma(n, v_splat(0x1.fap-11f), r);
    r = v_fnma(n, v_splat(0x1.54p-19f), r);
    r = v_fnma(n, v_splat(0x1.10b46p-29f), r);
    const vec r2 = v_mul(r, r);
    const vec size = v_fma(v_mul(r2, r), v_polynomial(r2, s, 4), r);
    const vec y = vi_bits(vi_xor(v_bits(size), vi_shift_left(v_to_int(whole), 31)));
    const mask near = v_less(v_abs(x), v_splat(SIN_LIMIT));
    if (m_all(near)) return y;
    float from[VEC], to[VEC];
    v_store(from, x);
    for (int i = 0; i < VEC; i++) to[i] = library(from[i]);
    return v_select(near, y, v_load(to));
}
INLINE vec v_sin(vec x) { return v_select(v_equal(x, v_splat(0)), x, v_sin_shifted(x, 0, sinf)); } /* keeps −0 */
INLINE vec v_cos(vec x) { return v_sin_shifted(x, 1, cosf); }

/* Φ(−t)·e^(t²/2)·(t + k) is smooth in (t − k)/(t + k): the normal distribution's tail for t ≥ 0. The square is split
 * so that e^(−t²/2) keeps its digits. */
INLINE vec v_normal_tail(vec t) {
    static const float p[] = {0.744416058f,   -0.565561831f,   0.315425813f,     -0.116051301f,   0.0174000748f,
                              0.00648371736f, -0.00315868342f, -0.000474947272f, 0.000408372958f, 9.59564204e-05f};
    const vec k = v_splat(3.5f), high = vi_bits(vi_and(v_bits(t), vi_splat(-0x1000)));
    const vec big = v_mul(v_splat(-0.5f), v_mul(high, high));
    const vec small = v_mul(v_splat(-0.5f), v_mul(v_sub(t, high), v_add(t, high)));
    const vec over = v_quotient(v_splat(1), v_add(t, k));
    return v_mul(v_mul(v_exp_sum(big, small), over), v_polynomial(v_mul(v_sub(t, k), over), p, 10));
}

/* x · Φ(x) */
INLINE vec v_gelu(vec x) {
    const vec tail = v_normal_tail(v_min(v_splat(15), v_abs(x)));
    return v_mul(x, v_select(v_less(x, v_splat(0)), tail, v_sub(v_splat(1), tail)));
}

INLINE vec v_sigmoid(vec x) {
    const vec e = v_exp(v_neg(v_abs(x)));
    return v_quotient(v_select(v_less(x, v_splat(0)), e, v_splat(1)), v_add(v_splat(1), e));
}

INLINE vec v_tanh(vec x) {
    const vec t = v_expm1(v_mul(v_splat(-2), v_abs(x)));
    return v_copysign(v_quotient(t, v_add(v_splat(2), t)), x);
}

#endif
