/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels on scalar values: shapes as numbers, and the arithmetic of loops and dynamic shapes. The last argument is
 * the value that they set.
 */
#include "runtime/portable/prim.h"

#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

static void return_int(const kernel_call *call, int64_t integer) {
    *call_value(call, (size_t)call->kernel->arg_count - 1) = (struct value){.tag = VALUE_INT, .as.integer = integer};
}

static void return_bool(const kernel_call *call, bool boolean) {
    *call_value(call, (size_t)call->kernel->arg_count - 1) = (struct value){.tag = VALUE_BOOL, .as.boolean = boolean};
}

static void return_double(const kernel_call *call, double real) {
    *call_value(call, (size_t)call->kernel->arg_count - 1) = (struct value){.tag = VALUE_DOUBLE, .as.real = real};
}

/* ---- of tensors ---- */

/* self, dim, result */
mica_status sym_size(kernel_call *call) {
    struct tensor *self = NULL;
    int64_t given = 0;
    size_t dim;
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 1, &given));
    TRY(call_dim(call, given, self->view.rank, &dim));
    if (self->view.rank == 0) return call_fail(call, MICA_ERROR_SHAPE, "a tensor of rank 0 has no size");
    return_int(call, (int64_t)self->view.sizes[dim]);
    return MICA_OK;
}

/* self, result */
mica_status sym_numel(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    return_int(call, (int64_t)mica_tensor_count(&self->view));
    return MICA_OK;
}

/* self, result */
mica_status local_scalar_dense(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    if (mica_tensor_count(&self->view) == 0) return call_fail(call, MICA_ERROR_SHAPE, "the tensor is empty");
    const mica_type type = self->view.type;
    int64_t integer = 0;
    double real = 0;
    element_convert(1, MICA_F64, &real, 0, type, self->view.data, 0);
    element_convert(1, MICA_I64, &integer, 0, type, self->view.data, 0);
    if (type_is_float(type)) {
        return_double(call, real);
    } else if (type == MICA_BOOL) {
        return_bool(call, integer != 0);
    } else {
        return_int(call, integer);
    }
    return MICA_OK;
}

/* to, from, index: to[index] = from, and to then has index + 1 parts */
mica_status et_copy_index(kernel_call *call) {
    struct tensor *target = NULL, *source = NULL;
    int64_t index = 0;
    TRY(call_out(call, 0, &target));
    TRY(call_tensor(call, 1, &source));
    TRY(call_int(call, 2, &index));
    view from;
    view_of(source, &from);
    if (index < 0 || index >= INT32_MAX || target->view.rank != from.rank + 1 || target->view.type != from.type) {
        return call_fail(call, MICA_ERROR_SHAPE, "part %lld of rank %zu does not fit a tensor of rank %zu",
                         (long long)index, from.rank, target->view.rank);
    }
    size_t sizes[MICA_MAX_RANK + 1] = {(size_t)index + 1};
    for (size_t i = 0; i < from.rank; i++) sizes[i + 1] = from.sizes[i];
    TRY(call_resize(call, target, from.rank + 1, sizes));
    view to;
    view_of(target, &to);
    view_select(&to, 0, (size_t)index);
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* ---- of numbers ---- */

static mica_status not_for(kernel_call *call) {
    return call_fail(call, MICA_ERROR_TYPE, "does not take values of these kinds");
}

/* What overflows wraps. */
static mica_status two_ints(kernel_call *call, prim_op op, int64_t a, int64_t b) {
    if ((op == PRIM_FLOORDIV || op == PRIM_TRUNCDIV || op == PRIM_MOD) && b == 0) {
        return call_fail(call, MICA_ERROR_VALUE, "%lld is divided by zero", (long long)a);
    }
    const int64_t negated = (int64_t)((uint64_t)0 - (uint64_t)a);
    switch (op) {
    case PRIM_ADD: return_int(call, (int64_t)((uint64_t)a + (uint64_t)b)); break;
    case PRIM_SUB: return_int(call, (int64_t)((uint64_t)a - (uint64_t)b)); break;
    case PRIM_MUL: return_int(call, (int64_t)((uint64_t)a * (uint64_t)b)); break;
    case PRIM_TRUEDIV: return_double(call, (double)a / (double)b); break;
    case PRIM_FLOORDIV: return_int(call, b == -1 ? negated : a / b - (a % b != 0 && (a < 0) != (b < 0))); break;
    case PRIM_TRUNCDIV: return_int(call, b == -1 ? negated : a / b); break;
    case PRIM_MOD: return_int(call, b == -1 ? 0 : a % b); break;
    case PRIM_MAX: return_int(call, a > b ? a : b); break;
    case PRIM_MIN: return_int(call, a < b ? a : b); break;
    case PRIM_EQ: return_bool(call, a == b); break;
    case PRIM_GT: return_bool(call, a > b); break;
    case PRIM_LT: return_bool(call, a < b); break;
    case PRIM_GE: return_bool(call, a >= b); break;
    case PRIM_LE: return_bool(call, a <= b); break;
    default: return not_for(call);
    }
    return MICA_OK;
}

static mica_status two_doubles(kernel_call *call, prim_op op, double a, double b) {
    switch (op) {
    case PRIM_ADD: return_double(call, a + b); break;
    case PRIM_SUB: return_double(call, a - b); break;
    case PRIM_MUL: return_double(call, a * b); break;
    case PRIM_TRUEDIV: return_double(call, a / b); break;
    case PRIM_FLOORDIV: return_double(call, b == 0 ? copysign((double)INFINITY, a) : floor(a / b)); break;
    case PRIM_EQ: return_bool(call, a == b); break;
    case PRIM_GT: return_bool(call, a > b); break;
    case PRIM_LT: return_bool(call, a < b); break;
    case PRIM_GE: return_bool(call, a >= b); break;
    case PRIM_LE: return_bool(call, a <= b); break;
    default: return not_for(call);
    }
    return MICA_OK;
}

/* a, b, result; op: prim_op */
mica_status prim_binary(kernel_call *call) {
    const prim_op op = (prim_op)call->kernel->op;
    const struct value *const a = call_value(call, 0), *const b = call_value(call, 1);
    if (a->tag == VALUE_DOUBLE || b->tag == VALUE_DOUBLE) {
        double x = 0, y = 0;
        TRY(call_double(call, 0, &x));
        TRY(call_double(call, 1, &y));
        return two_doubles(call, op, x, y);
    }
    int64_t x = 0, y = 0;
    TRY(call_int(call, 0, &x));
    TRY(call_int(call, 1, &y));
    return two_ints(call, op, x, y);
}

/* a, result; op: prim_op */
mica_status prim_unary(kernel_call *call) {
    double real = 0;
    TRY(call_double(call, 0, &real));
    const struct value value = *call_value(call, 0);
    const bool is_double = value.tag == VALUE_DOUBLE;
    int64_t integer = integer_of_real(real);
    if (!is_double) TRY(call_int(call, 0, &integer));
    switch (call->kernel->op) {
    case PRIM_NOT: return_bool(call, real == 0); break;
    case PRIM_FLOAT: return_double(call, real); break;
    case PRIM_INT: return_int(call, integer); break;
    case PRIM_CEIL: return_int(call, is_double ? integer_of_real(ceil(real)) : integer); break;
    case PRIM_ROUND: return_int(call, is_double ? integer_of_real(rint(real)) : integer); break;
    case PRIM_TRUNC: return_int(call, integer); break;
    default: /* PRIM_NEG */
        if (is_double) {
            return_double(call, -real);
        } else {
            return_int(call, (int64_t)((uint64_t)0 - (uint64_t)integer));
        }
    }
    return MICA_OK;
}

/* condition, if_true, if_false, result */
mica_status sym_ite(kernel_call *call) {
    bool condition;
    double number = 0;
    TRY(call_bool(call, 0, &condition));
    const size_t chosen = condition ? 1 : 2;
    TRY(call_double(call, chosen, &number)); /* that it is a number */
    *call_value(call, 3) = *call_value(call, chosen);
    return MICA_OK;
}
