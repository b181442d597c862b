/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that only move elements: each describes its result as a view of the input, and one copy does the work.
 */
#include "runtime/portable/complex.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

/* ---- what they share ---- */

static size_t out_arg(const kernel_call *call) { return (size_t)call->kernel->arg_count - 2; }

static mica_status input_view(kernel_call *call, size_t arg, view *v) {
    struct tensor *tensor = NULL;
    TRY(call_tensor(call, arg, &tensor));
    view_of(tensor, v);
    return MICA_OK;
}

static mica_status same_type(kernel_call *call, mica_type from, mica_type to) {
    if (from == to) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "the result is %s, its tensor %s", mica_type_name(from),
                     mica_type_name(to));
}

/* The result is what `from` shows. */
static mica_status copy_to(kernel_call *call, struct tensor *out, const view *from) {
    TRY(same_type(call, from->type, out->view.type));
    TRY(call_resize(call, out, from->rank, from->sizes));
    view to;
    view_of(out, &to);
    view_copy(call, &to, from);
    return MICA_OK;
}

static mica_status copy_out(kernel_call *call, const view *from) {
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    return copy_to(call, out, from);
}

static mica_status dim_arg(kernel_call *call, size_t arg, size_t rank, size_t *dim) {
    int64_t given = 0;
    TRY(call_int(call, arg, &given));
    return call_dim(call, given, rank, dim);
}

/* An index that may count from the end of `size` elements. */
static mica_status index_arg(kernel_call *call, size_t arg, size_t size, size_t *index) {
    int64_t given = 0;
    TRY(call_int(call, arg, &given));
    if (given < -(int64_t)size || given >= (int64_t)size) {
        return call_fail(call, MICA_ERROR_VALUE, "index %lld is outside of %zu elements", (long long)given, size);
    }
    *index = (size_t)(given < 0 ? given + (int64_t)size : given);
    return MICA_OK;
}

static mica_status at_least_rank(kernel_call *call, const view *v, size_t rank) {
    if (v->rank >= rank) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "takes a tensor of rank %zu at least, not %zu", rank, v->rank);
}

static mica_status room_for_a_dim(kernel_call *call, const view *v) {
    if (v->rank < MICA_MAX_RANK) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "the result would have more than %d dims", MICA_MAX_RANK);
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

/* ---- parts ---- */

/* Arguments dim, start, end, step from `arg` on, as Python slices. */
static mica_status slice_args(kernel_call *call, size_t arg, view *v) {
    size_t dim;
    int64_t start, end, step = 1;
    TRY(at_least_rank(call, v, 1));
    TRY(dim_arg(call, arg, v->rank, &dim));
    const int64_t size = (int64_t)v->sizes[dim];
    TRY(call_optional_int(call, arg + 1, 0, &start));
    TRY(call_optional_int(call, arg + 2, size, &end));
    TRY(call_int(call, arg + 3, &step));
    if (step < 1) return call_fail(call, MICA_ERROR_VALUE, "step %lld is not positive", (long long)step);
    if (start < 0) start = start < -size ? 0 : start + size;
    if (end < 0) end = end < -size ? 0 : end + size;
    if (start > size) start = size;
    if (end > size) end = size;
    const size_t count = start < end ? (size_t)((end - start - 1) / step + 1) : 0;
    view_range(v, dim, (size_t)start, count, count > 1 ? (ptrdiff_t)step : 1);
    return MICA_OK;
}

/* self, dim, start, end, step, out */
mica_status slice_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(slice_args(call, 1, &from));
    return copy_out(call, &from);
}

/* Arguments dim and index from `arg` on. */
static mica_status select_args(kernel_call *call, size_t arg, view *v) {
    size_t dim = 0, index = 0;
    TRY(at_least_rank(call, v, 1));
    TRY(dim_arg(call, arg, v->rank, &dim));
    TRY(index_arg(call, arg + 1, v->sizes[dim], &index));
    view_select(v, dim, index);
    return MICA_OK;
}

/* self, dim, index, out */
mica_status select_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(select_args(call, 1, &from));
    return copy_out(call, &from);
}

/* self, dim, start, length, out */
mica_status narrow_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 1));
    size_t dim;
    int64_t start = 0, length = 0;
    TRY(dim_arg(call, 1, from.rank, &dim));
    TRY(call_int(call, 2, &start));
    TRY(call_int(call, 3, &length));
    const int64_t size = (int64_t)from.sizes[dim];
    if (start < 0) start = start < -size ? -1 : start + size;
    if (start < 0 || start > size || length < 0 || length > size - start) {
        return call_fail(call, MICA_ERROR_VALUE, "%lld elements from %lld on are outside of %lld", (long long)length,
                         (long long)start, (long long)size);
    }
    view_range(&from, dim, (size_t)start, (size_t)length, 1);
    return copy_out(call, &from);
}

/* self, offset, dim1, dim2, out */
mica_status diagonal_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 2));
    int64_t offset = 0;
    size_t a, b;
    TRY(call_int(call, 1, &offset));
    TRY(dim_arg(call, 2, from.rank, &a));
    TRY(dim_arg(call, 3, from.rank, &b));
    if (a == b) return call_fail(call, MICA_ERROR_VALUE, "dim %zu stands twice", a);
    const size_t down = offset < 0 ? (size_t)0 - (size_t)offset : 0, right = offset > 0 ? (size_t)offset : 0;
    const size_t rows = from.sizes[a] > down ? from.sizes[a] - down : 0;
    const size_t columns = from.sizes[b] > right ? from.sizes[b] - right : 0;
    const size_t count = min_size(rows, columns);
    const ptrdiff_t stride_a = from.strides[a], stride_b = from.strides[b];
    if (count) from.data += (ptrdiff_t)down * stride_a + (ptrdiff_t)right * stride_b;
    view_select(&from, a > b ? a : b, 0);
    view_select(&from, a > b ? b : a, 0);
    view_insert(&from, from.rank, count, stride_a + stride_b);
    return copy_out(call, &from);
}

/* self, dimension, size, step, out: windows of `size`, as a new last dim */
mica_status unfold_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(room_for_a_dim(call, &from));
    size_t dim;
    int64_t size = 0, step = 0;
    TRY(dim_arg(call, 1, from.rank, &dim));
    TRY(call_int(call, 2, &size));
    TRY(call_int(call, 3, &step));
    if (from.rank == 0) view_insert(&from, 0, 1, 0);
    if (size < 0 || step < 1 || (size_t)size > from.sizes[dim]) {
        return call_fail(call, MICA_ERROR_VALUE, "windows of %lld every %lld do not fit %zu elements",
                         (long long)size, (long long)step, from.sizes[dim]);
    }
    const ptrdiff_t stride = from.strides[dim];
    const size_t count = (from.sizes[dim] - (size_t)size) / (size_t)step + 1;
    view_range(&from, dim, 0, count, count > 1 ? (ptrdiff_t)step : 1);
    view_insert(&from, from.rank, (size_t)size, stride);
    return copy_out(call, &from);
}

/* self, dims, out */
mica_status flip(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t given[MICA_MAX_RANK];
    size_t count;
    TRY(call_ints(call, 1, given, MICA_MAX_RANK, &count));
    uint32_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        size_t dim;
        TRY(call_dim(call, given[i], from.rank, &dim));
        if (seen >> dim & 1) return call_fail(call, MICA_ERROR_VALUE, "dim %zu stands twice", dim);
        seen |= (uint32_t)1 << dim;
        if (from.rank && from.sizes[dim]) view_range(&from, dim, from.sizes[dim] - 1, from.sizes[dim], -1);
    }
    return copy_out(call, &from);
}

/* self, size, stride, storage_offset, out */
mica_status as_strided_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t sizes[MICA_MAX_RANK], strides[MICA_MAX_RANK], offset = 0;
    size_t rank, stride_count;
    TRY(call_ints(call, 1, sizes, MICA_MAX_RANK, &rank));
    TRY(call_ints(call, 2, strides, MICA_MAX_RANK, &stride_count));
    TRY(call_optional_int(call, 3, 0, &offset));
    if (rank != stride_count) return call_fail(call, MICA_ERROR_SHAPE, "%zu sizes, %zu strides", rank, stride_count);
    if (offset < 0) return call_fail(call, MICA_ERROR_VALUE, "offset %lld", (long long)offset);
    const size_t element = mica_type_size(from.type);
    const size_t available = view_count(&from);
    view strided = {.type = from.type, .rank = rank, .data = from.data};
    size_t last = (size_t)offset; /* the farthest element that is read */
    bool empty = false, fits = true;
    for (size_t i = 0; i < rank; i++) {
        if (sizes[i] < 0 || strides[i] < 0) {
            return call_fail(call, MICA_ERROR_VALUE, "size %lld with stride %lld in dim %zu", (long long)sizes[i],
                             (long long)strides[i], i);
        }
        strided.sizes[i] = (size_t)sizes[i];
        empty |= sizes[i] == 0;
        size_t reach = 0;
        if (sizes[i] > 1) fits &= size_mul((size_t)sizes[i] - 1, (size_t)strides[i], &reach);
        fits &= size_add(last, reach, &last);
        strided.strides[i] = sizes[i] > 1 ? (ptrdiff_t)((size_t)strides[i] * element) : 0;
    }
    if (!empty) {
        if (!fits || last >= available) {
            return call_fail(call, MICA_ERROR_VALUE, "element %zu is outside of %zu", last, available);
        }
        strided.data += (size_t)offset * element;
    }
    return copy_out(call, &strided);
}

/* self, upscale_factor, out */
mica_status pixel_shuffle(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 3));
    int64_t given = 0;
    TRY(call_int(call, 1, &given));
    const size_t channels = from.rank - 3, rows = from.rank - 2, columns = from.rank - 1;
    const size_t factor = (size_t)given;
    if (given < 1 || given > INT32_MAX || from.sizes[channels] % (factor * factor) != 0) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu channels do not make blocks of %lld²", from.sizes[channels],
                         (long long)given);
    }
    size_t sizes[MICA_MAX_RANK];
    for (size_t i = 0; i < from.rank; i++) sizes[i] = from.sizes[i];
    sizes[channels] /= factor * factor;
    sizes[rows] *= factor;
    sizes[columns] *= factor;
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    TRY(same_type(call, from.type, out->view.type));
    TRY(call_resize(call, out, from.rank, sizes));

    /* Both as […, C, factor, factor, H, W]. */
    view to;
    view_of(out, &to);
    const ptrdiff_t channel = from.strides[channels];
    view_range(&from, channels, 0, sizes[channels], (ptrdiff_t)(factor * factor));
    view_insert(&from, rows, factor, channel);
    view_insert(&from, rows, factor, channel * (ptrdiff_t)factor);
    const ptrdiff_t row = to.strides[rows], column = to.strides[columns];
    view_range(&to, rows, 0, sizes[rows] / factor, (ptrdiff_t)factor);
    view_range(&to, columns, 0, sizes[columns] / factor, (ptrdiff_t)factor);
    view_insert(&to, rows, factor, column);
    view_insert(&to, rows, factor, row);
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* self, downscale_factor, out */
mica_status pixel_unshuffle(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 3));
    int64_t given = 0;
    TRY(call_int(call, 1, &given));
    const size_t channels = from.rank - 3, rows = from.rank - 2, columns = from.rank - 1;
    const size_t factor = (size_t)given;
    if (given < 1 || given > INT32_MAX || from.sizes[rows] % factor || from.sizes[columns] % factor) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu × %zu does not divide by %lld", from.sizes[rows],
                         from.sizes[columns], (long long)given);
    }
    /* As […, C, factor, factor, H, W], whose elements in order are the result. */
    const ptrdiff_t row = from.strides[rows], column = from.strides[columns];
    view_range(&from, rows, 0, from.sizes[rows] / factor, (ptrdiff_t)factor);
    view_range(&from, columns, 0, from.sizes[columns] / factor, (ptrdiff_t)factor);
    view_insert(&from, rows, factor, column);
    view_insert(&from, rows, factor, row);
    const void *data = NULL;
    TRY(view_read(call, &from, from.type, &data));
    size_t sizes[MICA_MAX_RANK];
    for (size_t i = 0; i < channels; i++) sizes[i] = from.sizes[i];
    sizes[channels] = from.sizes[channels] * factor * factor;
    sizes[rows] = from.sizes[rows + 2];
    sizes[columns] = from.sizes[columns + 2];
    const view shaped = view_dense(from.type, from.rank - 2, sizes, (void *)(uintptr_t)data);
    return copy_out(call, &shaped);
}

/* ---- several tensors ---- */

/* tensors, dim, out */
mica_status cat(kernel_call *call) {
    size_t count;
    TRY(call_list_count(call, 0, &count));
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    size_t sizes[MICA_MAX_RANK], rank = 0, dim = 0, total = 0;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        struct tensor *item = NULL;
        TRY(call_list_tensor(call, 0, i, &item));
        if (!item) return call_fail(call, MICA_ERROR_TYPE, "item %zu is none", i);
        const mica_tensor *const t = &item->view;
        if (t->rank == 1 && t->sizes[0] == 0) continue; /* an old custom: fits everything */
        if (!found) {
            rank = t->rank;
            for (size_t d = 0; d < rank; d++) sizes[d] = t->sizes[d];
            TRY(dim_arg(call, 1, rank, &dim));
            found = true;
        }
        if (t->rank != rank || rank == 0) {
            return call_fail(call, MICA_ERROR_SHAPE, "item %zu has rank %zu, another %zu", i, t->rank, rank);
        }
        for (size_t d = 0; d < rank; d++) {
            if (d == dim || t->sizes[d] == sizes[d]) continue;
            return call_fail(call, MICA_ERROR_SHAPE, "item %zu has size %zu in dim %zu, another %zu", i, t->sizes[d],
                             d, sizes[d]);
        }
        if (!size_add(total, t->sizes[dim], &total)) return call_fail(call, MICA_ERROR_SHAPE, "too many elements");
    }
    if (!found) {
        rank = 1;
        sizes[0] = 0;
    }
    sizes[dim] = total;
    TRY(call_resize(call, out, rank, sizes));

    size_t start = 0;
    for (size_t i = 0; i < count; i++) {
        struct tensor *item = NULL;
        TRY(call_list_tensor(call, 0, i, &item));
        view from;
        view_of(item, &from);
        if (view_count(&from) == 0) continue;
        view to;
        view_of(out, &to);
        view_range(&to, dim, start, from.sizes[dim], 1);
        view_copy(call, &to, &from);
        start += from.sizes[dim];
    }
    return MICA_OK;
}

/* tensors, dim, out */
mica_status stack(kernel_call *call) {
    size_t count;
    TRY(call_list_count(call, 0, &count));
    if (count == 0) return call_fail(call, MICA_ERROR_SHAPE, "there is nothing to stack");
    struct tensor *out = NULL, *first = NULL;
    TRY(call_out(call, out_arg(call), &out));
    TRY(call_list_tensor(call, 0, 0, &first));
    if (!first) return call_fail(call, MICA_ERROR_TYPE, "item 0 is none");
    view shape;
    view_of(first, &shape);
    TRY(room_for_a_dim(call, &shape));
    size_t dim;
    TRY(dim_arg(call, 1, shape.rank + 1, &dim));
    for (size_t i = 1; i < count; i++) {
        struct tensor *item = NULL;
        TRY(call_list_tensor(call, 0, i, &item));
        bool same = item && item->view.rank == shape.rank;
        for (size_t d = 0; same && d < shape.rank; d++) same = item->view.sizes[d] == shape.sizes[d];
        if (!same) return call_fail(call, MICA_ERROR_SHAPE, "item %zu has another shape than item 0", i);
    }
    view_insert(&shape, dim, count, 0);
    TRY(call_resize(call, out, shape.rank, shape.sizes));
    for (size_t i = 0; i < count; i++) {
        struct tensor *item = NULL;
        TRY(call_list_tensor(call, 0, i, &item));
        view from;
        view_of(item, &from);
        view to;
        view_of(out, &to);
        view_select(&to, dim, i);
        view_copy(call, &to, &from);
    }
    return MICA_OK;
}

/* Writes `count` consecutive parts of `from` along `dim` to the list of outs: all outs are resized before any is written. */
typedef size_t (*part_size)(const void *argument, size_t index);

static mica_status split_parts(kernel_call *call, const view *from, size_t dim, size_t count, part_size size_of,
                               const void *argument) {
    size_t outs;
    TRY(call_list_count(call, out_arg(call), &outs));
    if (outs != count) return call_fail(call, MICA_ERROR_SHAPE, "%zu parts, %zu outs", count, outs);
    for (size_t pass = 0; pass < 2; pass++) {
        size_t start = 0;
        for (size_t i = 0; i < count; i++) {
            struct tensor *out = NULL;
            TRY(call_list_out(call, out_arg(call), i, &out));
            view part = *from;
            view_range(&part, dim, start, size_of(argument, i), 1);
            start += part.sizes[dim];
            if (pass == 0) {
                TRY(same_type(call, part.type, out->view.type));
                TRY(call_resize(call, out, part.rank, part.sizes));
            } else {
                view to;
                view_of(out, &to);
                view_copy(call, &to, &part);
            }
        }
    }
    return MICA_OK;
}

typedef struct equal_parts {
    size_t each, total;
} equal_parts;

static size_t equal_part(const void *argument, size_t index) {
    const equal_parts *const parts = argument;
    return min_size(parts->each, parts->total - index * parts->each);
}

/* self, split_size, dim, out list */
mica_status split_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 1));
    int64_t each = 0;
    size_t dim;
    TRY(call_int(call, 1, &each));
    TRY(dim_arg(call, 2, from.rank, &dim));
    const size_t total = from.sizes[dim];
    if (each < 0 || (each == 0 && total != 0)) {
        return call_fail(call, MICA_ERROR_VALUE, "parts of %lld elements", (long long)each);
    }
    const equal_parts parts = {(size_t)each, total};
    const size_t count = total ? divide_up(total, parts.each) : 1;
    return split_parts(call, &from, dim, count, equal_part, &parts);
}

static size_t listed_part(const void *argument, size_t index) { return (size_t)((const int64_t *)argument)[index]; }

/* self, split_sizes, dim, out list */
mica_status split_with_sizes_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 1));
    size_t dim, count;
    TRY(dim_arg(call, 2, from.rank, &dim));
    const size_t items = call_value(call, 1)->tag == VALUE_INT_LIST ? call_value(call, 1)->as.list.count : 0;
    void *memory = NULL;
    TRY(call_scratch_array(call, items, sizeof(int64_t), &memory));
    int64_t *const sizes = memory;
    TRY(call_ints(call, 1, sizes, items, &count));
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] < 0 || !size_add(total, (size_t)sizes[i], &total)) {
            return call_fail(call, MICA_ERROR_VALUE, "part %zu has %lld elements", i, (long long)sizes[i]);
        }
    }
    if (total != from.sizes[dim]) {
        return call_fail(call, MICA_ERROR_SHAPE, "the parts have %zu of %zu elements", total, from.sizes[dim]);
    }
    return split_parts(call, &from, dim, count, listed_part, sizes);
}

/* self, dim, out list */
mica_status unbind_copy(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 1));
    size_t dim, outs;
    TRY(dim_arg(call, 1, from.rank, &dim));
    TRY(call_list_count(call, out_arg(call), &outs));
    if (outs != from.sizes[dim]) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu parts, %zu outs", from.sizes[dim], outs);
    }
    view part = from;
    if (outs) view_select(&part, dim, 0); /* all parts are alike */
    for (size_t i = 0; i < outs; i++) {
        struct tensor *out = NULL;
        TRY(call_list_out(call, out_arg(call), i, &out));
        TRY(same_type(call, part.type, out->view.type));
        TRY(call_resize(call, out, part.rank, part.sizes));
    }
    for (size_t i = 0; i < outs; i++) {
        struct tensor *out = NULL;
        TRY(call_list_out(call, out_arg(call), i, &out));
        part = from;
        view_select(&part, dim, i);
        TRY(copy_to(call, out, &part));
    }
    return MICA_OK;
}

/* ---- repeating, rolling, padding ---- */

/* self, repeats, out */
mica_status repeat(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t repeats[MICA_MAX_RANK];
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_ints(call, 1, repeats, MICA_MAX_RANK, &rank));
    if (rank < from.rank) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu repeats for a tensor of rank %zu", rank, from.rank);
    }
    while (from.rank < rank) view_insert(&from, 0, 1, 0);
    for (size_t i = 0; i < rank; i++) {
        if (repeats[i] < 0 || !size_mul(from.sizes[i], (size_t)repeats[i], &sizes[i])) {
            return call_fail(call, MICA_ERROR_VALUE, "%lld repeats in dim %zu", (long long)repeats[i], i);
        }
    }
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    TRY(same_type(call, from.type, out->view.type));
    TRY(call_resize(call, out, rank, sizes));
    /* Each dim as two: which repeat, and the element in it. */
    view to;
    view_of(out, &to);
    for (size_t i = rank; i-- > 0;) {
        const size_t size = from.sizes[i];
        view_insert(&from, i, (size_t)repeats[i], 0);
        to.sizes[i] = size;
        view_insert(&to, i, (size_t)repeats[i], to.strides[i] * (ptrdiff_t)size);
    }
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* self, shifts, dims, out */
mica_status roll(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t shifts[MICA_MAX_RANK], dims[MICA_MAX_RANK];
    size_t shift_count, dim_count;
    TRY(call_ints(call, 1, shifts, MICA_MAX_RANK, &shift_count));
    TRY(call_ints(call, 2, dims, MICA_MAX_RANK, &dim_count));
    const void *flat = NULL;
    view source = from; /* without dims: of the elements in a row */
    if (dim_count == 0 && shift_count == 1) {
        TRY(view_read(call, &from, from.type, &flat));
        const size_t count = view_count(&from);
        source = view_dense(from.type, 1, &count, (void *)(uintptr_t)flat);
        dims[0] = 0;
    } else if (shift_count != dim_count) {
        return call_fail(call, MICA_ERROR_VALUE, "%zu shifts for %zu dims", shift_count, dim_count);
    }
    size_t shift[MICA_MAX_RANK] = {0}; /* of each dim, less than its size */
    for (size_t i = 0; i < shift_count; i++) {
        size_t dim;
        TRY(call_dim(call, dims[i], source.rank, &dim));
        if (source.rank == 0 || source.sizes[dim] == 0) continue;
        const int64_t size = (int64_t)source.sizes[dim];
        shift[dim] = (shift[dim] + (size_t)((shifts[i] % size + size) % size)) % source.sizes[dim];
    }
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    TRY(same_type(call, from.type, out->view.type));
    TRY(call_resize(call, out, from.rank, from.sizes));
    view target;
    view_of(out, &target);
    void *rolled = NULL;
    if (flat) {
        TRY(call_scratch_array(call, source.sizes[0], mica_type_size(source.type), &rolled));
        target = view_dense(source.type, 1, source.sizes, rolled);
    }
    /* Each dim falls into what goes to the front and what goes to the back: a copy for each combination. */
    for (size_t corner = 0; corner < (size_t)1 << source.rank; corner++) {
        view part_from = source, part_to = target;
        bool empty = false;
        for (size_t d = 0; d < source.rank && !empty; d++) {
            const size_t size = source.sizes[d];
            const bool back = !(corner >> d & 1);
            const size_t count = back ? size - shift[d] : shift[d];
            empty = count == 0;
            if (empty) break;
            view_range(&part_from, d, back ? 0 : size - shift[d], count, 1);
            view_range(&part_to, d, back ? shift[d] : 0, count, 1);
        }
        if (!empty) view_copy(call, &part_to, &part_from);
    }
    if (rolled) {
        const view shaped = view_dense(from.type, from.rank, from.sizes, rolled);
        view to;
        view_of(out, &to);
        view_copy(call, &to, &shaped);
    }
    return MICA_OK;
}

/* self, pad, value, out: pad has pairs from the last dim on; negative ones cut */
mica_status constant_pad_nd(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    int64_t pads[2 * MICA_MAX_RANK];
    size_t count;
    TRY(call_ints(call, 1, pads, 2 * MICA_MAX_RANK, &count));
    if (count % 2 != 0 || count / 2 > from.rank) {
        return call_fail(call, MICA_ERROR_VALUE, "%zu paddings for a tensor of rank %zu", count, from.rank);
    }
    const struct value *const number = call_value(call, 2);
    double real = 0;
    TRY(call_double(call, 2, &real));
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    TRY(same_type(call, from.type, out->view.type));

    size_t sizes[MICA_MAX_RANK], start[MICA_MAX_RANK] = {0};
    for (size_t i = 0; i < from.rank; i++) sizes[i] = from.sizes[i];
    for (size_t i = 0; i < count / 2; i++) {
        const size_t dim = from.rank - 1 - i;
        const int64_t size = (int64_t)from.sizes[dim], before = pads[2 * i], after = pads[2 * i + 1];
        const int64_t limit = INT32_MAX;
        if (before < -size || after < -size || before > limit || after > limit || before + after < -size) {
            return call_fail(call, MICA_ERROR_VALUE, "paddings %lld and %lld of %lld elements", (long long)before,
                             (long long)after, (long long)size);
        }
        sizes[dim] = (size_t)(size + before + after);
        const size_t cut = before < 0 ? (size_t)-before : 0;
        const size_t kept = (size_t)(size + (before < 0 ? before : 0) + (after < 0 ? after : 0));
        view_range(&from, dim, cut, kept, 1);
        start[dim] = before > 0 ? (size_t)before : 0;
    }
    TRY(call_resize(call, out, from.rank, sizes));
    view to;
    view_of(out, &to);
    uint64_t element = 0;
    const bool integer = number->tag == VALUE_INT;
    element_convert(1, to.type, &element, 0, integer ? MICA_I64 : MICA_F64,
                    integer ? (const void *)&number->as.integer : (const void *)&real, 0);
    /* What lies before and behind in each dim, as far as the dims before it have left something. */
    for (size_t i = 0; i < from.rank; i++) {
        const size_t end = start[i] + from.sizes[i];
        view before = to, behind = to;
        view_range(&before, i, 0, start[i], 1);
        view_range(&behind, i, end, to.sizes[i] - end, 1);
        view_fill(call, &before, &element);
        view_fill(call, &behind, &element);
        view_range(&to, i, start[i], from.sizes[i], 1);
    }
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* ---- a part of the input replaced ---- */

/* The out gets all of self (argument 0), and then src (argument 1) where `part` of it says. */
static mica_status scatter_part(kernel_call *call, mica_status (*part)(kernel_call *, size_t, view *)) {
    view self, from;
    TRY(input_view(call, 0, &self));
    TRY(input_view(call, 1, &from));
    view shape = self;
    TRY(part(call, 2, &shape));
    bool same = shape.rank == from.rank;
    for (size_t i = 0; same && i < from.rank; i++) same = shape.sizes[i] == from.sizes[i];
    if (!same)
        return call_fail(call, MICA_ERROR_SHAPE, "the source has another shape than the part that it replaces");
    TRY(copy_out(call, &self));
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    view to;
    view_of(out, &to);
    TRY(part(call, 2, &to));
    view_copy(call, &to, &from);
    return MICA_OK;
}

/* self, src, dim, index, out */
mica_status select_scatter(kernel_call *call) { return scatter_part(call, select_args); }
/* self, src, dim, start, end, step, out */
mica_status slice_scatter(kernel_call *call) { return scatter_part(call, slice_args); }

/* self, diagonal, out: zero above the diagonal */
mica_status tril(kernel_call *call) {
    view from;
    TRY(input_view(call, 0, &from));
    TRY(at_least_rank(call, &from, 2));
    int64_t diagonal = 0;
    TRY(call_int(call, 1, &diagonal));
    TRY(copy_out(call, &from));
    struct tensor *out = NULL;
    TRY(call_out(call, out_arg(call), &out));
    view to;
    view_of(out, &to);
    const size_t rows = to.sizes[to.rank - 2], columns = to.sizes[to.rank - 1];
    for (size_t i = 0; i < rows; i++) {
        const int64_t first = diagonal > (int64_t)columns ? (int64_t)columns : (int64_t)i + 1 + diagonal;
        const size_t start = first < 0 ? 0 : min_size((size_t)first, columns);
        if (start == columns) continue;
        view above = to;
        view_range(&above, to.rank - 1, start, columns - start, 1);
        view_select(&above, to.rank - 2, i);
        const uint64_t zero = 0;
        view_fill(call, &above, &zero);
    }
    return MICA_OK;
}
