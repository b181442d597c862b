/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that take or put elements where index tensors say. Indices are checked first and become byte offsets in
 * scratch memory; what is read or written afterwards is a base view plus an offset, and nothing that the program's own
 * memory could change meanwhile.
 */
#include "runtime/portable/complex.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

/* ---- offsets ---- */

/* Whether negative indices count from the end. */
typedef enum index_from { FROM_START, FROM_END_TOO } index_from;

static mica_status index_type(kernel_call *call, mica_type type) {
    if (type_is_integer(type)) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "indices are %s, not integers", mica_type_name(type));
}

/* The byte offset of each index into a dim of `size` elements that are `stride` bytes apart: a dense view of i64. */
static mica_status index_offsets(kernel_call *call, const struct tensor *index, size_t size, ptrdiff_t stride,
                                 index_from from, view *offsets) {
    TRY(index_type(call, index->view.type));
    view given;
    view_of(index, &given);
    const size_t count = view_count(&given);
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(int64_t), &memory));
    *offsets = view_dense(MICA_I64, given.rank, given.sizes, memory);
    view_copy(call, offsets, &given);
    int64_t *const values = memory;
    for (size_t i = 0; i < count; i++) {
        const int64_t counted = values[i] < 0 && from == FROM_END_TOO ? values[i] + (int64_t)size : values[i];
        if (counted < 0 || counted >= (int64_t)size) {
            return call_fail(call, MICA_ERROR_VALUE, "index %lld at position %zu is outside of %zu elements",
                             (long long)values[i], i, size);
        }
        values[i] = counted * stride;
    }
    return MICA_OK;
}

/* The byte offsets of the true elements of a mask over dims [dim, dim + rank) of `self`: a dense vector of i64. */
static mica_status mask_offsets(kernel_call *call, const struct tensor *mask, const view *self, size_t dim,
                                view *offsets) {
    view given;
    view_of(mask, &given);
    for (size_t i = 0; i < given.rank; i++) {
        if (dim + i >= self->rank || given.sizes[i] != self->sizes[dim + i]) {
            return call_fail(call, MICA_ERROR_SHAPE, "a mask has another shape than the dims that it selects from");
        }
    }
    const void *data = NULL;
    TRY(view_read(call, &given, given.type, &data));
    const uint8_t *const flags = data;
    const size_t count = view_count(&given);
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) chosen += flags[i] != 0;
    void *memory = NULL;
    TRY(call_scratch_array(call, chosen, sizeof(int64_t), &memory));
    *offsets = view_dense(MICA_I64, 1, &chosen, memory);
    int64_t *values = memory;
    for (size_t i = 0; i < count; i++) {
        if (!flags[i]) continue;
        int64_t offset = 0;
        size_t rest = i;
        for (size_t d = given.rank; d-- > 0; rest /= given.sizes[d]) {
            offset += (int64_t)(rest % given.sizes[d]) * self->strides[dim + d];
        }
        *values++ = offset;
    }
    return MICA_OK;
}

/* ---- taking and putting ---- */

#define TAKE(size, item)                                                                                             \
    case size:                                                                                                       \
        for (size_t i = 0; i < count; i++, to += strides[0], at += strides[1], base += strides[2]) {                 \
            *(item *)to = *(const item *)(base + *(const int64_t *)at);                                              \
        }                                                                                                            \
        return;
#define PUT(size, item)                                                                                              \
    case size:                                                                                                       \
        for (size_t i = 0; i < count; i++, from += strides[0], at += strides[1], base += strides[2]) {               \
            *(item *)(base + *(const int64_t *)at) = *(const item *)from;                                            \
        }                                                                                                            \
        return;

/* Operands: to, offset, base. */
static void take_row(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const mica_type type = *(const mica_type *)argument;
    uint8_t *to = data[0];
    const uint8_t *at = data[1], *base = data[2];
    if (strides[1] == 0) {
        element_convert(count, type, to, strides[0], type, base + *(const int64_t *)at, strides[2]);
        return;
    }
    switch (mica_type_size(type)) {
        TAKE(1, uint8_t)
        TAKE(2, uint16_t)
        TAKE(4, uint32_t)
        TAKE(8, uint64_t)
        TAKE(16, complex_number)
    }
}

/* Operands: from, offset, base. */
static void put_row(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const mica_type type = *(const mica_type *)argument;
    const uint8_t *from = data[0], *at = data[1];
    uint8_t *base = data[2];
    if (strides[1] == 0) {
        element_convert(count, type, base + *(const int64_t *)at, strides[2], type, from, strides[0]);
        return;
    }
    switch (mica_type_size(type)) {
        PUT(1, uint8_t)
        PUT(2, uint16_t)
        PUT(4, uint32_t)
        PUT(8, uint64_t)
    }
}

/* The same, adding to what is there. */
static void add_row(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const mica_type type = *(const mica_type *)argument;
    const bool real = type_is_float(type);
    const mica_type work = real ? MICA_F64 : MICA_I64;
    for (size_t i = 0; i < count; i++) {
        const ptrdiff_t n = (ptrdiff_t)i;
        uint8_t *const to = data[2] + n * strides[2] + *(const int64_t *)(data[1] + n * strides[1]);
        union {
            double real;
            int64_t integer;
        } old, more;
        element_convert(1, work, &old, 0, type, to, 0);
        element_convert(1, work, &more, 0, type, data[0] + n * strides[0], 0);
        if (real) {
            old.real += more.real;
        } else {
            old.integer = (int64_t)((uint64_t)old.integer + (uint64_t)more.integer);
        }
        element_convert(1, type, to, 0, work, &old, 0);
    }
}

void view_take(const kernel_call *call, const view *to, const view *offsets, const view *base) {
    walk w;
    walk_init(&w, (const view *const[]){to, offsets, base}, 3);
    walk_parallel(call, &w, take_row, &to->type);
}

/* In order, so that of several elements put into one place the last stays. */
static void put(const view *base, const view *offsets, const view *from, bool accumulate) {
    walk w;
    walk_init(&w, (const view *const[]){from, offsets, base}, 3);
    walk_run(&w, accumulate ? add_row : put_row, &base->type);
}

/* ---- one index tensor ---- */

static mica_status same_type(kernel_call *call, const struct tensor *a, const struct tensor *b) {
    if (a->view.type == b->view.type) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "%s and %s, which should be one type", mica_type_name(a->view.type),
                     mica_type_name(b->view.type));
}

/* weight, indices, padding_idx, scale_grad_by_freq, sparse, out */
mica_status embedding(kernel_call *call) {
    struct tensor *weight = NULL, *indices = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &weight));
    TRY(call_tensor(call, 1, &indices));
    TRY(call_out(call, 5, &out));
    TRY(same_type(call, weight, out));
    const size_t rank = indices->view.rank;
    if (weight->view.rank != 2 || rank == MICA_MAX_RANK) {
        return call_fail(call, MICA_ERROR_SHAPE, "weights of rank %zu, indices of rank %zu", weight->view.rank, rank);
    }
    view base, offsets;
    view_of(weight, &base);
    TRY(index_offsets(call, indices, base.sizes[0], base.strides[0], FROM_START, &offsets));
    view_range(&base, 0, 0, min_size(1, base.sizes[0]), 1);
    const size_t width = base.sizes[1];
    const ptrdiff_t element = base.strides[1];
    base.rank = 0;
    for (size_t i = 0; i < rank; i++) view_insert(&base, i, offsets.sizes[i], 0);
    view_insert(&base, rank, width, element);
    view_insert(&offsets, rank, width, 0);
    TRY(call_resize(call, out, base.rank, base.sizes));
    view to;
    view_of(out, &to);
    view_take(call, &to, &offsets, &base);
    return MICA_OK;
}

/* self, dim, index, out */
mica_status index_select(kernel_call *call) {
    struct tensor *self = NULL, *index = NULL, *out = NULL;
    int64_t given = 0;
    size_t dim;
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 1, &given));
    TRY(call_tensor(call, 2, &index));
    TRY(call_out(call, 3, &out));
    TRY(same_type(call, self, out));
    TRY(call_dim(call, given, self->view.rank, &dim));
    if (index->view.rank > 1) return call_fail(call, MICA_ERROR_SHAPE, "the index has rank %zu", index->view.rank);
    view base, chosen;
    view_of(self, &base);
    const bool scalar = base.rank == 0;
    if (scalar) view_insert(&base, 0, 1, 0);
    TRY(index_offsets(call, index, base.sizes[dim], base.strides[dim], FROM_START, &chosen));
    const size_t count = view_count(&chosen);
    base.sizes[dim] = count;
    base.strides[dim] = 0;
    view offsets = base;
    offsets.data = chosen.data;
    offsets.type = MICA_I64;
    for (size_t i = 0; i < base.rank; i++) offsets.strides[i] = i == dim ? (ptrdiff_t)sizeof(int64_t) : 0;
    if (scalar && count == 1) base.rank = offsets.rank = 0;
    TRY(call_resize(call, out, base.rank, base.sizes));
    view to;
    view_of(out, &to);
    view_take(call, &to, &offsets, &base);
    return MICA_OK;
}

/* Arguments of gather and scatter: self, dim, index. Positions are those of the index tensor, except along dim. */
static mica_status along_dim(kernel_call *call, const struct tensor *self, view *base, view *offsets) {
    struct tensor *index = NULL;
    int64_t given = 0;
    size_t dim;
    TRY(call_int(call, 1, &given));
    TRY(call_dim(call, given, self->view.rank, &dim));
    TRY(call_tensor(call, 2, &index));
    view_of(self, base);
    view shape;
    view_of(index, &shape);
    if (base->rank == 0) view_insert(base, 0, 1, 0);
    if (shape.rank == 0) view_insert(&shape, 0, 1, 0);
    if (shape.rank != base->rank) {
        return call_fail(call, MICA_ERROR_SHAPE, "the index has rank %zu, the tensor %zu", shape.rank, base->rank);
    }
    TRY(index_offsets(call, index, base->sizes[dim], base->strides[dim], FROM_START, offsets));
    if (offsets->rank == 0) view_insert(offsets, 0, 1, 0);
    for (size_t i = 0; i < base->rank; i++) {
        if (i != dim && shape.sizes[i] > base->sizes[i] && view_count(&shape) != 0) {
            return call_fail(call, MICA_ERROR_SHAPE, "the index has size %zu in dim %zu, the tensor %zu",
                             shape.sizes[i], i, base->sizes[i]);
        }
        base->sizes[i] = shape.sizes[i];
    }
    base->strides[dim] = 0;
    return MICA_OK;
}

/* self, dim, index, sparse_grad, out */
mica_status gather(kernel_call *call) {
    struct tensor *self = NULL, *index = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_tensor(call, 2, &index));
    TRY(call_out(call, 4, &out));
    TRY(same_type(call, self, out));
    view base, offsets;
    TRY(along_dim(call, self, &base, &offsets));
    TRY(call_resize(call, out, index->view.rank, index->view.sizes));
    view to;
    view_of(out, &to);
    if (to.rank == 0) view_insert(&to, 0, 1, 0);
    view_take(call, &to, &offsets, &base);
    return MICA_OK;
}

/* Into a copy of self: `from` at the positions of argument 2. */
static mica_status scatter_from(kernel_call *call, const view *from, bool accumulate) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    TRY(same_type(call, self, out));
    view base, offsets, part = *from;
    TRY(along_dim(call, self, &base, &offsets)); /* checks the indices before anything is written */
    for (size_t i = 0; i < part.rank; i++) {
        if (part.strides[i] != 0 && part.sizes[i] < base.sizes[i]) {
            return call_fail(call, MICA_ERROR_SHAPE, "the source has size %zu in dim %zu, the index %zu",
                             part.sizes[i], i, base.sizes[i]);
        }
        part.sizes[i] = base.sizes[i];
    }
    TRY(call_resize(call, out, self->view.rank, self->view.sizes));
    view to, all;
    view_of(out, &to);
    view_of(self, &all);
    view_copy(call, &to, &all);
    TRY(along_dim(call, out, &base, &offsets));
    put(&base, &offsets, &part, accumulate);
    return MICA_OK;
}

static mica_status scatter_tensor(kernel_call *call, bool accumulate) {
    struct tensor *self = NULL, *source = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_tensor(call, 3, &source));
    TRY(same_type(call, self, source));
    view from;
    view_of(source, &from);
    if (from.rank == 0) view_insert(&from, 0, 1, 0);
    if (from.rank != max_size(self->view.rank, 1)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the source has rank %zu, the tensor %zu", from.rank,
                         self->view.rank);
    }
    return scatter_from(call, &from, accumulate);
}

/* self, dim, index, src, out */
mica_status scatter(kernel_call *call) { return scatter_tensor(call, false); }
mica_status scatter_add(kernel_call *call) { return scatter_tensor(call, true); }

/* self, dim, index, value, out */
mica_status scatter_value(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    double value = 0;
    TRY(call_double(call, 3, &value));
    uint64_t element = 0;
    element_convert(1, self->view.type, &element, 0, MICA_F64, &value, 0);
    view from = {.type = self->view.type, .rank = max_size(self->view.rank, 1), .data = (uint8_t *)&element};
    return scatter_from(call, &from, false);
}

/* ---- several index tensors ---- */

/* What self[indices] selects: its shape, and for each position of it a base and an offset. */
typedef struct selection {
    view base, offsets;
} selection;

/* Argument `arg` is the list of indices, some of them none. */
static mica_status select_indexed(kernel_call *call, size_t arg, const struct tensor *self, selection *selected) {
    view whole;
    view_of(self, &whole);
    size_t entries;
    TRY(call_list_count(call, arg, &entries));
    if (entries > MICA_MAX_RANK) return call_fail(call, MICA_ERROR_SHAPE, "%zu indices", entries);

    view parts[MICA_MAX_RANK]; /* offsets of each index tensor */
    size_t part_count = 0, dim = 0, first = 0, last = 0;
    bool indexed[MICA_MAX_RANK] = {false};
    for (size_t i = 0; i < entries; i++) {
        struct tensor *index = NULL;
        TRY(call_list_tensor(call, arg, i, &index));
        if (!index) {
            dim++;
            continue;
        }
        const bool mask = index->view.type == MICA_BOOL || index->view.type == MICA_U8;
        const size_t taken = mask ? index->view.rank : 1;
        if (dim + taken > whole.rank) {
            return call_fail(call, MICA_ERROR_SHAPE, "more indices than the %zu dims", whole.rank);
        }
        if (mask) {
            TRY(mask_offsets(call, index, &whole, dim, &parts[part_count]));
        } else {
            TRY(index_offsets(call, index, whole.sizes[dim], whole.strides[dim], FROM_END_TOO, &parts[part_count]));
        }
        if (part_count == 0) first = dim;
        part_count++;
        for (size_t d = dim; d < dim + taken; d++) indexed[d] = true;
        dim += taken;
        last = dim;
    }
    bool adjacent = true;
    for (size_t d = first; d < last; d++) adjacent &= indexed[d];

    /* The index tensors broadcast to one shape; their offsets add up. */
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_broadcast(call, parts, part_count, &rank, sizes));
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) count *= sizes[i];
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(int64_t), &memory));
    int64_t *const sum = memory;
    for (size_t i = 0; i < count; i++) sum[i] = 0;
    for (size_t p = 0; p < part_count; p++) {
        (void)view_broadcast(&parts[p], rank, sizes);
        const void *data = NULL;
        TRY(view_read(call, &parts[p], MICA_I64, &data));
        for (size_t i = 0; i < count; i++) sum[i] += ((const int64_t *)data)[i];
    }

    /* Their shape takes the place of the indexed dims, or goes to the front when others stand between these. */
    view base = {.type = whole.type, .data = whole.data}, offsets = {.type = MICA_I64, .data = memory};
    for (size_t d = 0; d < whole.rank; d++) {
        if (indexed[d]) continue;
        view_insert(&base, base.rank, whole.sizes[d], whole.strides[d]);
        view_insert(&offsets, offsets.rank, whole.sizes[d], 0);
    }
    if (base.rank + rank > MICA_MAX_RANK) {
        return call_fail(call, MICA_ERROR_SHAPE, "the result would have %zu dims", base.rank + rank);
    }
    const view common = view_dense(MICA_I64, rank, sizes, sum);
    const size_t place = adjacent ? first : 0;
    for (size_t i = 0; i < rank; i++) {
        view_insert(&base, place + i, sizes[i], 0);
        view_insert(&offsets, place + i, sizes[i], common.strides[i]);
    }
    selected->base = base;
    selected->offsets = offsets;
    return MICA_OK;
}

/* self, indices, out */
mica_status index_tensor(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 2, &out));
    TRY(same_type(call, self, out));
    selection selected;
    TRY(select_indexed(call, 1, self, &selected));
    TRY(call_resize(call, out, selected.base.rank, selected.base.sizes));
    view to;
    view_of(out, &to);
    view_take(call, &to, &selected.offsets, &selected.base);
    return MICA_OK;
}

/* Arguments self, indices, values, accumulate: the values as the selection's shape. */
static mica_status put_values(kernel_call *call, const struct tensor *self, view *values, selection *selected,
                              bool *accumulate) {
    struct tensor *given = NULL;
    TRY(call_tensor(call, 2, &given));
    TRY(call_bool(call, 3, accumulate));
    TRY(same_type(call, self, given));
    TRY(select_indexed(call, 1, self, selected));
    view_of(given, values);
    if (view_broadcast(values, selected->base.rank, selected->base.sizes)) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "the values do not broadcast to the shape that the indices select");
}

/* self, indices, values, accumulate, out */
mica_status index_put(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 4, &out));
    TRY(same_type(call, self, out));
    view values;
    selection selected;
    bool accumulate;
    TRY(put_values(call, self, &values, &selected, &accumulate)); /* all checks before anything is written */
    TRY(call_resize(call, out, self->view.rank, self->view.sizes));
    view to, from;
    view_of(out, &to);
    view_of(self, &from);
    view_copy(call, &to, &from);
    TRY(put_values(call, out, &values, &selected, &accumulate));
    put(&selected.base, &selected.offsets, &values, accumulate);
    return MICA_OK;
}

/* self, indices, values, accumulate; self is written */
mica_status index_put_in_place(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_out(call, 0, &self));
    view values;
    selection selected;
    bool accumulate;
    TRY(put_values(call, self, &values, &selected, &accumulate));
    put(&selected.base, &selected.offsets, &values, accumulate);
    return MICA_OK;
}
