/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that show their input several times, turned round its ends, or with a border.
 */
#include "runtime/portable/copy.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"

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
