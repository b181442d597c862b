/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels whose result comes from numbers: full, arange, rand, dropout and the like.
 */
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

/* A number argument as an element of `type`. */
static mica_status number_as(kernel_call *call, size_t arg, mica_type type, uint64_t *element) {
    const struct value *const value = call_value(call, arg);
    *element = 0;
    if (value->tag == VALUE_INT) {
        element_convert(1, type, element, 0, MICA_I64, &value->as.integer, 0);
        return MICA_OK;
    }
    double real = 0;
    TRY(call_double(call, arg, &real));
    element_convert(1, type, element, 0, MICA_F64, &real, 0);
    return MICA_OK;
}

static mica_status sizes_arg(kernel_call *call, size_t arg, size_t *rank, size_t *sizes) {
    int64_t given[MICA_MAX_RANK];
    TRY(call_ints(call, arg, given, MICA_MAX_RANK, rank));
    for (size_t i = 0; i < *rank; i++) {
        if (given[i] < 0) return call_fail(call, MICA_ERROR_VALUE, "size %lld in dim %zu", (long long)given[i], i);
        sizes[i] = (size_t)given[i];
    }
    return MICA_OK;
}

/* The out, the last argument but one, in the shape that argument 0 gives: a tensor's, or sizes. */
static mica_status shaped_out(kernel_call *call, struct tensor **out) {
    size_t rank, sizes[MICA_MAX_RANK];
    if (call_value(call, 0)->tag == VALUE_TENSOR) {
        const mica_tensor *const like = &call_value(call, 0)->as.tensor->view;
        rank = like->rank;
        for (size_t i = 0; i < rank; i++) sizes[i] = like->sizes[i];
    } else {
        TRY(sizes_arg(call, 0, &rank, sizes));
    }
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, out));
    return call_resize(call, *out, rank, sizes);
}

static void fill(const kernel_call *call, struct tensor *out, uint64_t element) {
    view to;
    view_of(out, &to);
    view_fill(call, &to, &element);
}

/* sizes or a tensor, value, …, out */
mica_status full(kernel_call *call) {
    struct tensor *out = NULL;
    TRY(shaped_out(call, &out));
    uint64_t element;
    TRY(number_as(call, 1, out->view.type, &element));
    fill(call, out, element);
    return MICA_OK;
}

/* self, value (a tensor of one element), out */
mica_status fill_tensor(kernel_call *call) {
    struct tensor *value = NULL, *out = NULL;
    TRY(call_tensor(call, 1, &value));
    if (mica_tensor_count(&value->view) != 1)
        return call_fail(call, MICA_ERROR_SHAPE, "the value is not one element");
    TRY(shaped_out(call, &out));
    uint64_t element = 0;
    element_convert(1, out->view.type, &element, 0, value->view.type, value->view.data, 0);
    fill(call, out, element);
    return MICA_OK;
}

/* sizes, …, out; op: the number */
mica_status full_of(kernel_call *call) {
    struct tensor *out = NULL;
    TRY(shaped_out(call, &out));
    const int64_t number = call->kernel->op;
    uint64_t element = 0;
    element_convert(1, out->view.type, &element, 0, MICA_I64, &number, 0);
    fill(call, out, element);
    return MICA_OK;
}

/* number, out */
mica_status scalar_tensor(kernel_call *call) {
    struct tensor *out = NULL;
    TRY(call_out(call, 1, &out));
    TRY(call_resize(call, out, 0, NULL));
    uint64_t element;
    TRY(number_as(call, 0, out->view.type, &element));
    fill(call, out, element);
    return MICA_OK;
}

/* Start, start + step, … before end, all given in `args`; one of them alone is the end. */
mica_status arange(kernel_call *call) {
    const size_t args = (size_t)call->kernel->arg_count - 2;
    double start = 0, end = 0, step = 1;
    if (args > 1) {
        TRY(call_double(call, 0, &start));
        TRY(call_double(call, 2, &step));
    }
    TRY(call_double(call, args > 1 ? 1 : 0, &end));
    struct tensor *out = NULL;
    TRY(call_out(call, args, &out));
    const double steps = ceil((end - start) / step);
    if (!(steps >= 0 && steps <= INT32_MAX)) {
        return call_fail(call, MICA_ERROR_VALUE, "%g steps of %g from %g to %g", steps, step, start, end);
    }
    const size_t count = (size_t)steps;
    TRY(call_resize(call, out, 1, &count));
    view to;
    view_of(out, &to);
    for (size_t i = 0; i < count; i++) {
        const double value = start + (double)i * step;
        element_convert(1, to.type, to.data + (ptrdiff_t)i * to.strides[0], 0, MICA_F64, &value, 0);
    }
    return MICA_OK;
}

/* ---- random numbers: a counter, hashed, so that a call depends on nothing but how many came before ---- */

static uint64_t hash(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* In (0, 1). */
static double uniform(uint64_t *state) { return ((double)(hash((*state)++) >> 11) + 0.5) * 0x1p-53; }

static mica_status random_out(kernel_call *call, bool normal) {
    struct tensor *out = NULL;
    TRY(shaped_out(call, &out));
    if (!type_is_float(out->view.type)) return call_fail(call, MICA_ERROR_TYPE, "random numbers are floats");
    const size_t count = mica_tensor_count(&out->view);
    const size_t size = mica_type_size(out->view.type);
    for (size_t i = 0; i < count; i++) {
        const double u = uniform(call->random);
        const double value = normal ? sqrt(-2 * log(u)) * cos(6.283185307179586476925 * uniform(call->random)) : u;
        element_convert(1, out->view.type, (uint8_t *)out->view.data + i * size, 0, MICA_F64, &value, 0);
    }
    return MICA_OK;
}

/* sizes, out */
mica_status rand_uniform(kernel_call *call) { return random_out(call, false); }
mica_status rand_normal(kernel_call *call) { return random_out(call, true); }

/* input, p, train, out, mask: in training each element is zero with probability p, the others are scaled by 1 / (1 − p) */
mica_status native_dropout(kernel_call *call) {
    struct tensor *input = NULL, *outs[2] = {NULL};
    double p = 0;
    bool train = true;
    TRY(call_tensor(call, 0, &input));
    TRY(call_double(call, 1, &p));
    if (!call_is_none(call, 2)) TRY(call_bool(call, 2, &train));
    if (!(p >= 0 && p <= 1)) return call_fail(call, MICA_ERROR_VALUE, "the probability is %g", p);
    for (size_t i = 0; i < 2; i++) {
        TRY(call_out(call, 3 + i, &outs[i]));
        TRY(call_resize(call, outs[i], input->view.rank, input->view.sizes));
    }
    if (!type_is_float(outs[0]->view.type)) return call_fail(call, MICA_ERROR_TYPE, "the result is no float");
    view from, to, flags;
    view_of(input, &from);
    view_of(outs[0], &to);
    view_of(outs[1], &flags);
    void *values = NULL, *kept = NULL;
    TRY(call_scratch_array(call, view_count(&from), sizeof(double), &values));
    TRY(call_scratch_array(call, view_count(&from), sizeof(uint8_t), &kept));
    const view dense = view_dense(MICA_F64, from.rank, from.sizes, values);
    const view mask = view_dense(MICA_BOOL, from.rank, from.sizes, kept);
    view_copy(call, &dense, &from);
    for (size_t i = 0; i < view_count(&from); i++) {
        const bool keep = !train || p == 0 || uniform(call->random) > p;
        ((uint8_t *)kept)[i] = keep;
        if (train) ((double *)values)[i] *= keep ? 1 / (1 - p) : 0;
    }
    view_copy(call, &to, &dense);
    view_copy(call, &flags, &mask);
    return MICA_OK;
}
