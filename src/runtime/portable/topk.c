/* SPDX-License-Identifier: Apache-2.0
 *
 * The k largest or smallest elements of rows. Of equal elements, any could be the answer; the real runtime's comes from the
 * C++ library that it was built with (GNU's std::partial_sort, std::nth_element and std::sort), so the same steps are
 * taken here, and indices agree.
 */
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

typedef union number {
    double real;
    int64_t integer;
} number;

/* A row, and the order wanted of its positions. */
typedef struct order {
    const number *values;
    bool real, largest;
} order;

static bool less(const order *o, size_t a, size_t b) {
    const number x = o->values[a], y = o->values[b];
    if (!o->real) return x.integer < y.integer;
    return x.real < y.real || (isnan(y.real) && !isnan(x.real)); /* NaN is larger than every number */
}

static bool before(const order *o, size_t a, size_t b) { return o->largest ? less(o, b, a) : less(o, a, b); }

static void swap(size_t *a, size_t *b) {
    const size_t c = *a;
    *a = *b;
    *b = c;
}

/* ---- heaps: the last in order stands first ---- */

/* Fills the hole at `at` of a heap with `position`: down along the later children, then up to where it belongs. */
static void heap_put(const order *o, size_t *heap, size_t count, size_t at, size_t position) {
    const size_t top = at;
    for (size_t child; (child = 2 * at + 2) <= count; at = child) {
        if (child == count || before(o, heap[child], heap[child - 1])) child--;
        heap[at] = heap[child];
    }
    for (; at > top && before(o, heap[(at - 1) / 2], position); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = position;
}

/* The first `k` in order of `count` positions become a heap. */
static void heap_select(const order *o, size_t *p, size_t k, size_t count) {
    for (size_t i = k / 2; i-- > 0;) heap_put(o, p, k, i, p[i]);
    for (size_t i = k; i < count; i++) {
        if (!before(o, p[i], p[0])) continue;
        const size_t position = p[i];
        p[i] = p[0];
        heap_put(o, p, k, 0, position);
    }
}

static void heap_sort(const order *o, size_t *heap, size_t count) {
    while (count-- > 1) {
        const size_t position = heap[count];
        heap[count] = heap[0];
        heap_put(o, heap, count, 0, position);
    }
}

/* ---- partitions ---- */

static void insertion_sort(const order *o, size_t *p, size_t count) {
    for (size_t i = 1; i < count; i++) {
        const size_t position = p[i];
        size_t at = i;
        for (; at > 0 && before(o, position, p[at - 1]); at--) p[at] = p[at - 1];
        p[at] = position;
    }
}

/* Parts at the median of three, which goes to p[0]; the length of the first part. */
static size_t part(const order *o, size_t *p, size_t count) {
    size_t *const a = p + 1, *const b = p + count / 2, *const c = p + count - 1;
    if (before(o, *a, *b)) {
        swap(p, before(o, *b, *c) ? b : before(o, *a, *c) ? c : a);
    } else {
        swap(p, before(o, *a, *c) ? a : before(o, *b, *c) ? c : b);
    }
    for (size_t low = 1, high = count;; low++) {
        while (before(o, p[low], p[0])) low++;
        do high--;
        while (before(o, p[0], p[high]));
        if (low >= high) return low;
        swap(p + low, p + high);
    }
}

/* After so many parts without an end, a heap takes over. */
static size_t most_parts(size_t count) {
    size_t parts = 0;
    for (; count > 1; count /= 2) parts += 2;
    return parts;
}

/* The first k in order stand before all others, and p[k − 1] is the last of them. */
static void select_nth(const order *o, size_t *p, size_t k, size_t count) {
    size_t begin = 0, end = count;
    for (size_t left = most_parts(count); end - begin > 3; left--) {
        if (left == 0) {
            heap_select(o, p + begin, k - begin, end - begin);
            swap(p + begin, p + k - 1);
            return;
        }
        const size_t middle = begin + part(o, p + begin, end - begin);
        if (middle < k) {
            begin = middle;
        } else {
            end = middle;
        }
    }
    insertion_sort(o, p + begin, end - begin);
}

enum { SHORT = 16 };

/* Sorts but for runs of SHORT; `left`: parts until a heap takes over. */
static void sort_roughly(const order *o, size_t *p, size_t count, size_t left) {
    for (; count > SHORT; left--) {
        if (left == 0) {
            heap_select(o, p, count, count);
            heap_sort(o, p, count);
            return;
        }
        const size_t middle = part(o, p, count);
        sort_roughly(o, p + middle, count - middle, left - 1);
        count = middle;
    }
}

/* The first `k` of `count` positions, in order. */
static void take_first(const order *o, size_t *p, size_t k, size_t count, bool sorted) {
    if (k == 0) return;
    if (k * 64 <= count) {
        heap_select(o, p, k, count);
        heap_sort(o, p, k);
        return;
    }
    select_nth(o, p, k, count);
    if (!sorted) return;
    sort_roughly(o, p, k - 1, most_parts(k - 1));
    insertion_sort(o, p, k - 1);
}

/* self, k, dim, largest, sorted, values, indices */
mica_status topk(kernel_call *call) {
    struct tensor *self = NULL, *values = NULL, *indices = NULL;
    int64_t k = 0, given = 0;
    size_t dim;
    bool largest, sorted;
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 1, &k));
    TRY(call_int(call, 2, &given));
    TRY(call_bool(call, 3, &largest));
    TRY(call_bool(call, 4, &sorted));
    TRY(call_out(call, 5, &values));
    TRY(call_out(call, 6, &indices));
    TRY(call_dim(call, given, self->view.rank, &dim));
    view from;
    view_of(self, &from);
    if (from.rank == 0) view_insert(&from, 0, 1, 0);
    if (k < 0 || (size_t)k > from.sizes[dim]) {
        return call_fail(call, MICA_ERROR_VALUE, "the first %lld of %zu elements", (long long)k, from.sizes[dim]);
    }
    if (values->view.type != from.type || indices->view.type != MICA_I64) {
        return call_fail(call, MICA_ERROR_TYPE, "values are %s and indices i64", mica_type_name(from.type));
    }
    size_t sizes[MICA_MAX_RANK];
    for (size_t i = 0; i < from.rank; i++) sizes[i] = i == dim ? (size_t)k : from.sizes[i];
    TRY(call_resize(call, values, self->view.rank, sizes));
    TRY(call_resize(call, indices, self->view.rank, sizes));

    const size_t length = view_rows(&from, (uint32_t)1 << dim);
    const size_t rows = length ? view_count(&from) / length : 0, taken = (size_t)k;
    order row = {.real = type_is_float(from.type), .largest = largest};
    const mica_type work = row.real ? MICA_F64 : MICA_I64;
    void *loaded = NULL, *memory = NULL, *best = NULL, *best_at = NULL;
    TRY(call_scratch_array(call, view_count(&from), sizeof(number), &loaded));
    TRY(call_scratch_array(call, length, sizeof(size_t), &memory));
    TRY(call_scratch_array(call, rows * taken, sizeof(number), &best));
    TRY(call_scratch_array(call, rows * taken, sizeof(int64_t), &best_at));
    const view dense = view_dense(work, from.rank, from.sizes, loaded);
    view_copy(call, &dense, &from);
    size_t *const positions = memory;
    for (size_t r = 0; r < rows; r++) {
        row.values = (const number *)loaded + r * length;
        for (size_t i = 0; i < length; i++) positions[i] = i;
        take_first(&row, positions, taken, length, sorted);
        for (size_t i = 0; i < taken; i++) {
            ((number *)best)[r * taken + i] = row.values[positions[i]];
            ((int64_t *)best_at)[r * taken + i] = (int64_t)positions[i];
        }
    }
    view to_values, to_indices;
    view_of(values, &to_values);
    view_of(indices, &to_indices);
    if (self->view.rank) {
        view_move_last(&to_values, dim);
        view_move_last(&to_indices, dim);
    }
    view found = view_dense(work, to_values.rank, to_values.sizes, best);
    view_copy(call, &to_values, &found);
    found = view_dense(MICA_I64, to_indices.rank, to_indices.sizes, best_at);
    view_copy(call, &to_indices, &found);
    return MICA_OK;
}
