/* SPDX-License-Identifier: Apache-2.0
 *
 * Discrete Fourier transforms of any length, by the prime factors of the length, in doubles.
 */
#include "runtime/portable/complex.h"
#include "runtime/portable/kernels.h"

#include <math.h>

/* Lines of `length`; roots[i] is e^(±2πi·i / length). */
typedef struct transform {
    size_t length;
    complex_number *roots, *line, *result, *terms; /* `length` each */
} transform;

static mica_status transform_make(kernel_call *call, size_t length, bool inverse, transform *t) {
    void *memory = NULL;
    t->length = length;
    TRY(call_scratch_array(call, max_size(length, 1), 4 * sizeof(complex_number), &memory));
    t->roots = memory;
    t->line = t->roots + length;
    t->result = t->line + length;
    t->terms = t->result + length;
    for (size_t i = 0; i < length; i++) {
        const double angle = (inverse ? 2 : -2) * 3.14159265358979323846 * (double)i / (double)length;
        t->roots[i] = (complex_number){cos(angle), sin(angle)};
    }
    return MICA_OK;
}

static size_t least_factor(size_t n) {
    for (size_t p = 2; p * p <= n; p++) {
        if (n % p == 0) return p;
    }
    return n;
}

static void add_product(complex_number *sum, complex_number a, complex_number b) {
    sum->re += a.re * b.re - a.im * b.im;
    sum->im += a.re * b.im + a.im * b.re;
}

/* out[0 … n) = the transform of in[0], in[stride], …; n · stride is the whole length. */
static void transform_part(const transform *t, size_t n, const complex_number *in, size_t stride,
                           complex_number *out) {
    if (n == 1) {
        *out = *in;
        return;
    }
    const size_t p = least_factor(n), m = n / p; /* p transforms of m elements each */
    for (size_t q = 0; q < p; q++) transform_part(t, m, in + q * stride, stride * p, out + q * m);
    for (size_t k = 0; k < m; k++) {
        for (size_t r = 0; r < p; r++) {
            t->terms[r] = out[k];
            for (size_t q = 1; q < p; q++) {
                add_product(&t->terms[r], out[q * m + k], t->roots[q * (r * m + k) % n * stride]);
            }
        }
        for (size_t r = 0; r < p; r++) out[r * m + k] = t->terms[r];
    }
}

/* Transforms every line along `dim` of dense data. */
static mica_status transform_dim(kernel_call *call, size_t rank, const size_t *sizes, size_t dim, bool inverse,
                                 complex_number *data) {
    transform t;
    TRY(transform_make(call, sizes[dim], inverse, &t));
    size_t outer = 1, inner = 1;
    for (size_t i = 0; i < dim; i++) outer *= sizes[i];
    for (size_t i = dim + 1; i < rank; i++) inner *= sizes[i];
    for (size_t i = 0; i < outer * inner; i++) {
        complex_number *const line = data + i / inner * t.length * inner + i % inner;
        for (size_t k = 0; k < t.length; k++) t.line[k] = line[k * inner];
        transform_part(&t, t.length, t.line, 1, t.result);
        for (size_t k = 0; k < t.length; k++) line[k * inner] = t.result[k];
    }
    return MICA_OK;
}

/* The dims of argument 1, the last of which the halved spectrum has. */
static mica_status transformed_dims(kernel_call *call, size_t rank, size_t dims[MICA_MAX_RANK], size_t *count) {
    int64_t given[MICA_MAX_RANK];
    uint32_t seen = 0;
    TRY(call_ints(call, 1, given, MICA_MAX_RANK, count));
    if (*count == 0 || rank == 0) return call_fail(call, MICA_ERROR_VALUE, "no dim to transform");
    for (size_t i = 0; i < *count; i++) {
        TRY(call_dim(call, given[i], rank, &dims[i]));
        if (seen >> dims[i] & 1) return call_fail(call, MICA_ERROR_VALUE, "dim %zu stands twice", dims[i]);
        seen |= (uint32_t)1 << dims[i];
    }
    return MICA_OK;
}

/* What a result of `count` lines' elements is multiplied with: normalization 0: 1, 1: 1/√n, 2: 1/n. */
static mica_status scale_of(kernel_call *call, const size_t *sizes, const size_t *dims, size_t count, double *scale) {
    int64_t normalization = 0;
    TRY(call_int(call, 2, &normalization));
    double n = 1;
    for (size_t i = 0; i < count; i++) n *= (double)sizes[dims[i]];
    switch (normalization) {
    case 0: *scale = 1; return MICA_OK;
    case 1: *scale = 1 / sqrt(n); return MICA_OK;
    case 2: *scale = 1 / n; return MICA_OK;
    default: return call_fail(call, MICA_ERROR_VALUE, "normalization %lld", (long long)normalization);
    }
}

static mica_status check_types(kernel_call *call, mica_type real, mica_type complex) {
    if ((real == MICA_F32 && complex == MICA_C64) || (real == MICA_F64 && complex == MICA_C128)) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "%s and %s do not belong together", mica_type_name(real),
                     mica_type_name(complex));
}

/* Signals may be empty beside the transformed dims only. */
static mica_status check_lengths(kernel_call *call, const size_t *sizes, const size_t *dims, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (sizes[dims[i]] == 0) return call_fail(call, MICA_ERROR_SHAPE, "signals of no elements");
    }
    return MICA_OK;
}

/* self, dim, normalization, onesided, out */
mica_status fft_r2c(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    bool onesided;
    double scale;
    size_t dims[MICA_MAX_RANK], dim_count = 0, sizes[MICA_MAX_RANK];
    TRY(call_tensor(call, 0, &self));
    TRY(call_bool(call, 3, &onesided));
    TRY(call_out(call, 4, &out));
    TRY(check_types(call, self->view.type, out->view.type));
    view from;
    view_of(self, &from);
    TRY(transformed_dims(call, from.rank, dims, &dim_count));
    TRY(check_lengths(call, from.sizes, dims, dim_count));
    TRY(scale_of(call, from.sizes, dims, dim_count, &scale));
    const size_t halved = dims[dim_count - 1], count = view_count(&from);
    for (size_t i = 0; i < from.rank; i++) sizes[i] = from.sizes[i];
    if (onesided) sizes[halved] = sizes[halved] / 2 + 1;
    TRY(call_resize(call, out, from.rank, sizes));

    const void *signal = NULL;
    void *memory = NULL;
    TRY(view_read(call, &from, MICA_F64, &signal));
    TRY(call_scratch_array(call, count, sizeof(complex_number), &memory));
    complex_number *const data = memory;
    for (size_t i = 0; i < count; i++) data[i] = (complex_number){scale * ((const double *)signal)[i], 0};
    for (size_t i = dim_count; i-- > 0;) {
        TRY(transform_dim(call, from.rank, from.sizes, dims[i], false, data));
    }
    view spectrum = view_dense(MICA_C128, from.rank, from.sizes, data);
    view_range(&spectrum, halved, 0, sizes[halved], 1);
    view to;
    view_of(out, &to);
    return complex_copy(call, &to, &spectrum);
}

/* self, dim, normalization, last_dim_size, out */
mica_status fft_c2r(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    int64_t length = 0;
    double scale;
    size_t dims[MICA_MAX_RANK], dim_count = 0, sizes[MICA_MAX_RANK];
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 3, &length));
    TRY(call_out(call, 4, &out));
    TRY(check_types(call, out->view.type, self->view.type));
    view from;
    view_of(self, &from);
    TRY(transformed_dims(call, from.rank, dims, &dim_count));
    TRY(check_lengths(call, from.sizes, dims, dim_count));
    const size_t halved = dims[dim_count - 1];
    if (length < 1 || (size_t)length / 2 + 1 != from.sizes[halved]) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu coefficients do not make %lld elements", from.sizes[halved],
                         (long long)length);
    }
    for (size_t i = 0; i < from.rank; i++) sizes[i] = from.sizes[i];
    sizes[halved] = (size_t)length;
    TRY(scale_of(call, sizes, dims, dim_count, &scale));
    TRY(call_resize(call, out, from.rank, sizes));

    const size_t count = view_count(&from);
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(complex_number), &memory));
    const view half = view_dense(MICA_C128, from.rank, from.sizes, memory);
    TRY(complex_copy(call, &half, &from));
    for (size_t i = 0; i + 1 < dim_count; i++) {
        TRY(transform_dim(call, from.rank, from.sizes, dims[i], true, memory));
    }

    view to;
    view_of(out, &to);
    transform t;
    void *result = NULL;
    TRY(transform_make(call, (size_t)length, true, &t));
    TRY(view_write(call, &to, MICA_F64, &result));
    size_t outer = 1, inner = 1;
    for (size_t i = 0; i < halved; i++) outer *= sizes[i];
    for (size_t i = halved + 1; i < from.rank; i++) inner *= sizes[i];
    for (size_t i = 0; i < outer * inner; i++) {
        const complex_number *const line =
            (const complex_number *)memory + i / inner * from.sizes[halved] * inner + i % inner;
        double *const signal = (double *)result + i / inner * t.length * inner + i % inner;
        for (size_t k = 0; k < t.length; k++) { /* the other half is the conjugate of this one, backwards */
            const bool given = k < from.sizes[halved];
            const complex_number x = line[(given ? k : t.length - k) * inner];
            t.line[k] = (complex_number){x.re, given ? x.im : -x.im};
        }
        transform_part(&t, t.length, t.line, 1, t.result);
        for (size_t k = 0; k < t.length; k++) signal[k * inner] = scale * t.result[k].re;
    }
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}
