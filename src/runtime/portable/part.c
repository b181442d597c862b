/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels whose result is a part of their input, or their input with a part of it replaced.
 */
#include "runtime/portable/copy.h"
#include "runtime/portable/kernels.h"

/* ---- parts ---- */

/* Arguments dim, start, end, step from `arg` on, as Python slices. */
static mica_status slice_args(kernel_call *call, size_t arg, view *v) {
    size_t dim;
    int64_t start, end, step = 1;
    TRY(dim_of(call, arg, v, &dim));
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
    TRY(dim_of(call, arg, v, &dim));
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
    size_t dim;
    int64_t start = 0, length = 0;
    TRY(dim_of(call, 1, &from, &dim));
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
