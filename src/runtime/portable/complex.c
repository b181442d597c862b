/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/portable/complex.h"

#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/product.h"

#include <math.h>

view complex_parts(const view *v) {
    view parts = *v;
    parts.type = v->type == MICA_C64 ? MICA_F32 : MICA_F64;
    view_insert(&parts, parts.rank, 2, (ptrdiff_t)mica_type_size(parts.type));
    return parts;
}

/* self, out */
mica_status view_as_real_copy(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 1, &out));
    if (!type_is_complex(self->view.type) || type_is_complex(out->view.type)) {
        return call_fail(call, MICA_ERROR_TYPE, "makes reals of complex numbers, not %s of %s",
                         mica_type_name(out->view.type), mica_type_name(self->view.type));
    }
    if (self->view.rank == MICA_MAX_RANK) return call_fail(call, MICA_ERROR_SHAPE, "too many dims");
    view whole;
    view_of(self, &whole);
    const view from = complex_parts(&whole);
    TRY(call_resize(call, out, from.rank, from.sizes));
    view to;
    view_of(out, &to);
    view_copy(call, &to, &from);
    return MICA_OK;
}

mica_status complex_copy(kernel_call *call, const view *to, const view *from) {
    if (!type_is_complex(to->type)) {
        return call_fail(call, MICA_ERROR_TYPE, "complex numbers cannot be stored as %s", mica_type_name(to->type));
    }
    const view parts = complex_parts(to);
    if (type_is_complex(from->type)) {
        const view source = complex_parts(from);
        view_copy(call, &parts, &source);
        return MICA_OK;
    }
    view real = parts, imaginary = parts;
    view_select(&real, to->rank, 0);
    view_select(&imaginary, to->rank, 1);
    const view zero = {.type = MICA_I64, .data = (uint8_t *)&(int64_t){0}};
    view zeros = zero;
    (void)view_broadcast(&zeros, imaginary.rank, imaginary.sizes);
    view_copy(call, &real, from);
    view_copy(call, &imaginary, &zeros);
    return MICA_OK;
}

static void compute(elementwise_op op, size_t count, const complex_number *a, const complex_number *b, double alpha,
                    double *out) {
    for (size_t i = 0; i < count; i++) {
        switch (op) {
        case EW_MUL:
            out[2 * i] = a[i].re * b[i].re - a[i].im * b[i].im;
            out[2 * i + 1] = a[i].re * b[i].im + a[i].im * b[i].re;
            break;
        case EW_ABS: out[i] = hypot(a[i].re, a[i].im); break;
        case EW_CONJUGATE:
            out[2 * i] = a[i].re;
            out[2 * i + 1] = -a[i].im;
            break;
        default: out[2 * i] = a[i].re + alpha * b[i].re; out[2 * i + 1] = a[i].im + alpha * b[i].im;
        }
    }
}

/* self, other and for sums alpha; the out is the last but one. The table sends the operations of compute() alone. */
mica_status complex_elementwise(kernel_call *call, elementwise_op op) {
    const size_t count = op == EW_ABS || op == EW_CONJUGATE ? 1 : 2;
    const bool sum = op == EW_ADD || op == EW_SUB;
    view operands[2];
    struct tensor *tensor = NULL, *out = NULL;
    double alpha = 1;
    for (size_t k = 0; k < count; k++) {
        TRY(call_tensor(call, k, &tensor));
        view_of(tensor, &operands[k]);
        if (!type_is_complex(tensor->view.type)) {
            return call_fail(call, MICA_ERROR_TYPE, "complex numbers meet %s", mica_type_name(tensor->view.type));
        }
    }
    if (sum) TRY(call_double(call, 2, &alpha));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    if (type_is_complex(out->view.type) != (op != EW_ABS)) {
        return call_fail(call, MICA_ERROR_TYPE, "the result cannot be stored as %s", mica_type_name(out->view.type));
    }
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_broadcast(call, operands, count, &rank, sizes));
    TRY(call_resize(call, out, rank, sizes));
    const void *data[2] = {NULL};
    for (size_t k = 0; k < count; k++) {
        (void)view_broadcast(&operands[k], rank, sizes);
        const view parts = complex_parts(&operands[k]);
        TRY(view_read(call, &parts, MICA_F64, &data[k]));
    }
    view whole;
    view_of(out, &whole);
    const view to = op == EW_ABS ? whole : complex_parts(&whole);
    void *result = NULL;
    TRY(view_write(call, &to, MICA_F64, &result));
    compute(op, view_count(&whole), data[0], data[1], op == EW_SUB ? -alpha : alpha, result);
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}

/* Real numbers do it: rows of m·2k times 2k·2n, in which a complex number x + iy of the second matrix is the block
 *    x y
 *   −y x  */
mica_status complex_bmm(kernel_call *call, const view *a, const view *b, const view *out) {
    const view a_parts = complex_parts(a), b_parts = complex_parts(b), to = complex_parts(out);
    const size_t batch = a->sizes[0], m = a->sizes[1], k = a->sizes[2], n = b->sizes[2], row = 2 * n;
    const void *lhs = NULL, *given = NULL;
    void *rhs = NULL, *result = NULL;
    TRY(view_read(call, &a_parts, MICA_F64, &lhs));
    TRY(view_read(call, &b_parts, MICA_F64, &given));
    TRY(call_scratch_array(call, 2 * batch * k, row * sizeof(double), &rhs));
    TRY(view_write(call, &to, MICA_F64, &result));
    const complex_number *number = given;
    for (size_t i = 0; i < batch * k; i++) {
        double *const block = (double *)rhs + 2 * i * row;
        for (size_t j = 0; j < row; j += 2, number++) {
            block[j] = block[row + j + 1] = number->re;
            block[j + 1] = number->im;
            block[row + j] = -number->im;
        }
    }
    for (size_t i = 0; i < batch; i++) {
        const product p = {.m = m,
                           .n = row,
                           .k = 2 * k,
                           .lhs = (const double *)lhs + i * m * 2 * k,
                           .lhs_stride = 2 * k,
                           .rhs = (const double *)rhs + i * 2 * k * row,
                           .rhs_stride = row,
                           .out = (double *)result + i * m * row,
                           .out_stride = row};
        TRY(product_run(call, MICA_F64, &p, NULL));
    }
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}
