/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that only move elements describe their result as a view of the input, and one copy does the work. Here: the
 * input as it is, and in another shape. part.c, join.c and repeat.c have the others.
 */
#include "runtime/portable/copy.h"

#include "runtime/portable/complex.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

/* ---- what they share ---- */

size_t out_arg(const kernel_call *call) { return (size_t)call->kernel->arg_count - 2; }

mica_status input_view(kernel_call *call, size_t arg, view *v) {
    struct tensor *tensor = NULL;
    TRY(call_tensor(call, arg, &tensor));
    view_of(tensor, v);
    return MICA_OK;
}

mica_status same_type(kernel_call *call, mica_type from, mica_type to) {
    if (from == to) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "the result is %s, its tensor %s", mica_type_name(from),
                     mica_type_name(to));
}

mica_status copy_to(kernel_call *call, struct tensor *out, const view *from) {
    TRY(same_type(call, from->type, out->view.type));
    TRY(call_resize(call, out, from->rank, from->sizes));
    view to;
    view_of(out, &to);
    view_copy(call, &to, from);
    return MICA_OK;
}

mica_status copy_out(kernel_call *call, const view *from) {
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    return copy_to(call, out, from);
}

mica_status dim_arg(kernel_call *call, size_t arg, size_t rank, size_t *dim) {
    int64_t given = 0;
    TRY(call_int(call, arg, &given));
    return call_dim(call, given, rank, dim);
}

mica_status index_arg(kernel_call *call, size_t arg, size_t size, size_t *index) {
    int64_t given = 0;
    TRY(call_int(call, arg, &given));
    if (given < -(int64_t)size || given >= (int64_t)size) {
        return call_fail(call, MICA_ERROR_VALUE, "index %lld is outside of %zu elements", (long long)given, size);
    }
    *index = (size_t)(given < 0 ? given + (int64_t)size : given);
    return MICA_OK;
}

mica_status at_least_rank(kernel_call *call, const view *v, size_t rank) {
    if (v->rank >= rank) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "takes a tensor of rank %zu at least, not %zu", rank, v->rank);
}

mica_status room_for_a_dim(kernel_call *call, const view *v) {
    if (v->rank < MICA_MAX_RANK) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "the result would have more than %d dims", MICA_MAX_RANK);
}

mica_status dim_of(kernel_call *call, size_t arg, const view *v, size_t *dim) {
    TRY(at_least_rank(call, v, 1));
    return dim_arg(call, arg, v->rank, dim);
}

/* ---- the input as it is ---- */

/* Also between types: self, …, out. */
mica_status copy_whole(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    TRY(call_resize(call, out, from.rank, from.sizes));
    view to;
    view_of(out, &to);
    if (to.type != from.type && (type_is_complex(to.type) || type_is_complex(from.type))) {
        return complex_copy(call, &to, &from);
    }
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* self, src, non_blocking, out */
mica_status copy_into_shape(kernel_call *call) {
    view self, from;
    TRY(input_view(call, 0, &self));
    TRY(input_view(call, 1, &from));
    if (!view_broadcast(&from, self.rank, self.sizes)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the source does not broadcast to the first argument's shape");
    }
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    TRY(call_resize(call, out, self.rank, self.sizes));
    view to;
    view_of(out, &to);
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* self, src, non_blocking; self is written */
mica_status copy_in_place(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_out(call, 0, &self));
    view to;
    view_of(self, &to);
    view from;
    TRY(input_view(call, 1, &from));
    if (!view_broadcast(&from, to.rank, to.sizes)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the source does not broadcast to the first argument's shape");
    }
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* ---- other shapes of the same elements ---- */

/* Sizes from argument `arg`, one of which may be −1: what is left of `count` elements. */
static mica_status reshape_sizes(kernel_call *call, size_t arg, size_t count, size_t *rank, size_t *sizes) {
    int64_t given[MICA_MAX_RANK];
    TRY(call_ints(call, arg, given, MICA_MAX_RANK, rank));
    size_t product = 1, inferred = *rank;
    for (size_t i = 0; i < *rank; i++) {
        if (given[i] == -1 && inferred == *rank) {
            inferred = i;
            continue;
        }
        if (given[i] < 0 || !size_mul(product, (size_t)given[i], &product)) {
            return call_fail(call, MICA_ERROR_VALUE, "size %lld in dim %zu", (long long)given[i], i);
        }
        sizes[i] = (size_t)given[i];
    }
    if (inferred < *rank) {
        sizes[inferred] = product ? count / product : 0;
        product *= sizes[inferred];
    }
    if (product != count) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu elements do not take a shape of %zu", count, product);
    }
    return MICA_OK;
}

/* self, size, out */
mica_status view_copy_kernel(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(reshape_sizes(call, 1, view_count(&from), &rank, sizes));
    const void *data = NULL;
    TRY(view_read(call, &from, from.type, &data));
    const view shaped = view_dense(from.type, rank, sizes, (void *)(uintptr_t)data);
    return copy_out(call, &shaped);
}

/* self, size, out: out becomes another view of self's memory */
mica_status et_view(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    const struct value *const value = call_value(call, 2);
    if (value->tag != VALUE_TENSOR) return call_fail(call, MICA_ERROR_TYPE, "argument 2 is not a tensor");
    struct tensor *const out = value->as.tensor;
    TRY(same_type(call, self->view.type, out->view.type));
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(reshape_sizes(call, 1, mica_tensor_count(&self->view), &rank, sizes));
    struct tensor aliased = *out;
    aliased.view.data = self->view.data;
    aliased.capacity = self->capacity;
    aliased.constant = self->constant;
    TRY(call_resize(call, &aliased, rank, sizes));
    *out = aliased;
    return MICA_OK;
}

/* self, dims, out */
mica_status permute_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t given[MICA_MAX_RANK];
    size_t count, dims[MICA_MAX_RANK];
    TRY(call_ints(call, 1, given, MICA_MAX_RANK, &count));
    if (count != from.rank) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu dims permute a tensor of rank %zu", count, from.rank);
    }
    uint32_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        TRY(call_dim(call, given[i], from.rank, &dims[i]));
        if (seen >> dims[i] & 1) return call_fail(call, MICA_ERROR_VALUE, "dim %zu stands twice", dims[i]);
        seen |= (uint32_t)1 << dims[i];
    }
    view_permute(&from, dims);
    return copy_out(call, &from);
}

static void swap_view_dims(view *v, size_t a, size_t b) {
    size_t dims[MICA_MAX_RANK];
    for (size_t i = 0; i < v->rank; i++) dims[i] = i;
    dims[a] = b;
    dims[b] = a;
    view_permute(v, dims);
}

/* self, dim0, dim1, out */
mica_status transpose_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    size_t a, b;
    TRY(dim_arg(call, 1, from.rank, &a));
    TRY(dim_arg(call, 2, from.rank, &b));
    if (from.rank > 1) swap_view_dims(&from, a, b);
    return copy_out(call, &from);
}

/* self, out */
mica_status t_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    if (from.rank > 2)
        return call_fail(call, MICA_ERROR_SHAPE, "takes a matrix, not a tensor of rank %zu", from.rank);
    if (from.rank == 2) swap_view_dims(&from, 0, 1);
    return copy_out(call, &from);
}

/* self, dim, out */
mica_status unsqueeze_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(room_for_a_dim(call, &from));
    size_t dim;
    TRY(dim_arg(call, 1, from.rank + 1, &dim));
    view_insert(&from, dim, 1, 0);
    return copy_out(call, &from);
}

/* self, dim or dims, out */
mica_status squeeze_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t given[MICA_MAX_RANK];
    size_t count = 1;
    if (call_value(call, 1)->tag == VALUE_INT_LIST) {
        TRY(call_ints(call, 1, given, MICA_MAX_RANK, &count));
    } else {
        TRY(call_int(call, 1, &given[0]));
    }
    uint32_t remove = 0;
    for (size_t i = 0; i < count; i++) {
        size_t dim;
        TRY(call_dim(call, given[i], from.rank, &dim));
        remove |= (uint32_t)1 << dim;
    }
    for (size_t dim = from.rank; dim-- > 0;) {
        if (remove >> dim & 1 && from.sizes[dim] == 1) view_select(&from, dim, 0);
    }
    return copy_out(call, &from);
}

/* self, size, implicit, out; −1 keeps a dim */
mica_status expand_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t given[MICA_MAX_RANK];
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_ints(call, 1, given, MICA_MAX_RANK, &rank));
    for (size_t i = 0; i < rank; i++) {
        const bool keep = given[i] == -1 && from.rank + i >= rank;
        if (given[i] < 0 && !keep) {
            return call_fail(call, MICA_ERROR_VALUE, "size %lld in dim %zu", (long long)given[i], i);
        }
        sizes[i] = keep ? from.sizes[from.rank + i - rank] : (size_t)given[i];
    }
    if (!view_broadcast(&from, rank, sizes)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the input does not expand to the sizes asked for");
    }
    return copy_out(call, &from);
}
