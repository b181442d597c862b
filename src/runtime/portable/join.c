/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that join a list of tensors, or take one apart into a list.
 */
#include "runtime/portable/copy.h"
#include "runtime/portable/kernels.h"

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
    size_t dim, count;
    TRY(dim_of(call, 2, &from, &dim));
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
    size_t dim, outs;
    TRY(dim_of(call, 1, &from, &dim));
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
