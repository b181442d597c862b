/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/portable/view.h"

#include "kernel/transpose/transpose.h"
#include "runtime/portable/element.h"

/* ---- views ---- */

void view_set(view *v, const mica_tensor *t) {
    v->type = t->type;
    v->rank = t->rank;
    v->data = t->data;
    ptrdiff_t stride = (ptrdiff_t)mica_type_size(t->type);
    for (size_t i = t->rank; i-- > 0;) {
        const size_t dim = t->dim_order[i];
        v->sizes[dim] = t->sizes[dim];
        v->strides[dim] = stride;
        stride *= (ptrdiff_t)max_size(t->sizes[dim], 1);
    }
}

void view_of(const struct tensor *tensor, view *v) { view_set(v, &tensor->view); }

view view_dense(mica_type type, size_t rank, const size_t *sizes, void *data) {
    view v;
    v.type = type;
    v.rank = rank;
    v.data = data;
    size_t stride = mica_type_size(type); /* wraps where sizes are a program's, and not checked yet */
    for (size_t i = rank; i-- > 0;) {
        v.sizes[i] = sizes[i];
        v.strides[i] = (ptrdiff_t)stride;
        stride *= max_size(sizes[i], 1);
    }
    return v;
}

size_t view_count(const view *v) {
    size_t count = 1;
    for (size_t i = 0; i < v->rank; i++) count *= v->sizes[i];
    return count;
}

bool view_is_dense(const view *v) {
    ptrdiff_t dense = (ptrdiff_t)mica_type_size(v->type);
    for (size_t i = v->rank; i-- > 0;) {
        if (v->sizes[i] > 1 && v->strides[i] != dense) return false;
        dense *= (ptrdiff_t)max_size(v->sizes[i], 1);
    }
    return true;
}

void view_permute(view *v, const size_t *dims) {
    const view old = *v;
    for (size_t i = 0; i < v->rank; i++) {
        v->sizes[i] = old.sizes[dims[i]];
        v->strides[i] = old.strides[dims[i]];
    }
}

static void remove_dim(view *v, size_t dim) {
    for (size_t i = dim; i + 1 < v->rank; i++) {
        v->sizes[i] = v->sizes[i + 1];
        v->strides[i] = v->strides[i + 1];
    }
    v->rank--;
}

void view_insert(view *v, size_t dim, size_t size, ptrdiff_t stride) {
    for (size_t i = v->rank; i > dim; i--) {
        v->sizes[i] = v->sizes[i - 1];
        v->strides[i] = v->strides[i - 1];
    }
    v->rank++;
    v->sizes[dim] = size;
    v->strides[dim] = stride;
}

void view_move_last(view *v, size_t dim) {
    const size_t size = v->sizes[dim];
    const ptrdiff_t stride = v->strides[dim];
    remove_dim(v, dim);
    view_insert(v, v->rank, size, stride);
}

void view_range(view *v, size_t dim, size_t start, size_t count, ptrdiff_t step) {
    v->data += count ? (ptrdiff_t)start * v->strides[dim] : 0;
    v->sizes[dim] = count;
    v->strides[dim] *= step;
}

void view_select(view *v, size_t dim, size_t index) {
    v->data += (ptrdiff_t)index * v->strides[dim];
    remove_dim(v, dim);
}

bool view_broadcast(view *v, size_t rank, const size_t *sizes) {
    if (v->rank > rank) return false;
    while (v->rank < rank) view_insert(v, 0, 1, 0);
    for (size_t i = 0; i < rank; i++) {
        if (v->sizes[i] == sizes[i]) continue;
        if (v->sizes[i] != 1) return false;
        v->sizes[i] = sizes[i];
        v->strides[i] = 0;
    }
    return true;
}

/* ---- walking ---- */

static size_t distance(ptrdiff_t stride) { return (size_t)(stride < 0 ? -stride : stride); }

/* Whether dim a of the walk belongs further out than dim b. */
static bool is_outer(const walk *w, size_t a, size_t b) {
    for (size_t k = 0; k < w->operands; k++) {
        const size_t far_a = distance(w->strides[k][a]), far_b = distance(w->strides[k][b]);
        if (far_a != far_b) return far_a > far_b;
    }
    return false;
}

static void swap_dims(walk *w, size_t a, size_t b) {
    const size_t size = w->sizes[a];
    w->sizes[a] = w->sizes[b];
    w->sizes[b] = size;
    for (size_t k = 0; k < w->operands; k++) {
        const ptrdiff_t stride = w->strides[k][a];
        w->strides[k][a] = w->strides[k][b];
        w->strides[k][b] = stride;
    }
}

static bool can_merge(const walk *w, size_t outer, size_t inner) {
    for (size_t k = 0; k < w->operands; k++) {
        if (w->strides[k][outer] != w->strides[k][inner] * (ptrdiff_t)w->sizes[inner]) return false;
    }
    return true;
}

static void drop_dim(walk *w, size_t dim) {
    for (; dim + 1 < w->rank; dim++) swap_dims(w, dim, dim + 1);
    w->rank--;
}

void walk_init(walk *w, const view *const *views, size_t operands) {
    w->operands = operands;
    w->rank = views[0]->rank;
    for (size_t i = 0; i < w->rank; i++) w->sizes[i] = views[0]->sizes[i];
    for (size_t k = 0; k < operands; k++) {
        w->data[k] = views[k]->data;
        for (size_t i = 0; i < w->rank; i++) w->strides[k][i] = views[k]->strides[i];
    }
    for (size_t i = w->rank; i-- > 0;) {
        if (w->sizes[i] == 1) drop_dim(w, i);
    }
    for (size_t i = 1; i < w->rank; i++) {
        for (size_t j = i; j > 0 && is_outer(w, j, j - 1); j--) swap_dims(w, j, j - 1);
    }
    for (size_t i = w->rank; i-- > 1;) {
        if (!can_merge(w, i - 1, i)) continue;
        w->sizes[i] *= w->sizes[i - 1];
        drop_dim(w, i - 1);
    }
    if (w->rank == 0) {
        w->rank = 1;
        w->sizes[0] = 1;
        for (size_t k = 0; k < operands; k++) w->strides[k][0] = 0;
    }
}

static size_t walk_count(const walk *w) {
    size_t count = 1;
    for (size_t i = 0; i < w->rank; i++) count *= w->sizes[i];
    return count;
}

/* Elements [begin, end) in the walk's order. */
static void walk_range(const walk *w, size_t begin, size_t end, walk_row row, const void *argument) {
    if (begin >= end) return;
    const size_t inner = w->rank - 1;
    size_t index[VIEW_MAX_RANK];
    ptrdiff_t inner_strides[WALK_OPERANDS] = {0};
    uint8_t *data[WALK_OPERANDS];
    size_t rest = begin;
    for (size_t i = w->rank; i-- > 0;) {
        /* Most walks begin at the beginning, and a division takes a while. */
        index[i] = rest ? rest % w->sizes[i] : 0;
        rest = rest ? rest / w->sizes[i] : 0;
    }
    for (size_t k = 0; k < w->operands; k++) {
        inner_strides[k] = w->strides[k][inner];
        data[k] = w->data[k];
        for (size_t i = 0; i < w->rank; i++) data[k] += (ptrdiff_t)index[i] * w->strides[k][i];
    }
    while (begin < end) {
        const size_t count = min_size(w->sizes[inner] - index[inner], end - begin);
        row(argument, count, data, inner_strides);
        begin += count;
        if (begin == end) return;
        for (size_t k = 0; k < w->operands; k++) data[k] -= (ptrdiff_t)index[inner] * inner_strides[k];
        index[inner] = 0;
        for (size_t i = inner; i-- > 0;) {
            const bool carry = ++index[i] == w->sizes[i];
            for (size_t k = 0; k < w->operands; k++) {
                data[k] += carry ? -(ptrdiff_t)(w->sizes[i] - 1) * w->strides[k][i] : w->strides[k][i];
            }
            if (!carry) break;
            index[i] = 0;
        }
    }
}

void walk_run(const walk *w, walk_row row, const void *argument) { walk_range(w, 0, walk_count(w), row, argument); }

typedef struct walk_job {
    const walk *w;
    walk_row row;
    const void *argument;
    size_t count, grain; /* elements in all and per task */
} walk_job;

static void walk_task(void *argument, size_t index, size_t thread) {
    (void)thread;
    const walk_job *const job = argument;
    const size_t begin = index * job->grain;
    walk_range(job->w, begin, min_size(begin + job->grain, job->count), job->row, job->argument);
}

enum { GRAIN = 16384, TASKS = 4 }; /* elements that are worth handing out, in so many tasks: some microseconds */
#define ELEMENT_NS 0.2

/* `cost`: what one element weighs, in plain elements. */
static void walk_costly(const kernel_call *call, const walk *w, size_t cost, walk_row row, const void *argument) {
    walk_job job = {w, row, argument, walk_count(w), max_size(cost > 1 ? GRAIN / cost : GRAIN, 1)};
    if (job.count <= job.grain) {
        walk_range(w, 0, job.count, row, argument);
        return;
    }
    job.grain = max_size(job.grain / TASKS, 1);
    const double ns = (double)job.count * (double)cost * ELEMENT_NS;
    pool_run_brief(call->pool, call->threads, ns, divide_up(job.count, job.grain), walk_task, &job);
}

void walk_parallel(const kernel_call *call, const walk *w, walk_row row, const void *argument) {
    walk_costly(call, w, 1, row, argument);
}

/* ---- rows ---- */

size_t view_rows(view *v, uint32_t dims) {
    size_t order[VIEW_MAX_RANK], count = 0, length = 1;
    for (size_t i = 0; i < v->rank; i++) {
        if (!(dims >> i & 1)) order[count++] = i;
    }
    for (size_t i = 0; i < v->rank; i++) {
        if (!(dims >> i & 1)) continue;
        order[count++] = i;
        length *= v->sizes[i];
    }
    view_permute(v, order);
    return length;
}

typedef struct rows_job {
    rows_work work;
    void *argument;
    size_t count, grain;
} rows_job;

static void rows_task(void *argument, size_t index, size_t thread) {
    (void)thread;
    const rows_job *const job = argument;
    const size_t begin = index * job->grain;
    job->work(job->argument, begin, min_size(begin + job->grain, job->count));
}

void rows_parallel(const kernel_call *call, size_t count, size_t cost, rows_work work, void *argument) {
    rows_job job = {work, argument, count, max_size(GRAIN / max_size(cost, 1), 1)};
    if (count <= job.grain) {
        if (count) work(argument, 0, count);
        return;
    }
    job.grain = max_size(job.grain / TASKS, 1);
    const double ns = (double)count * (double)cost * ELEMENT_NS;
    pool_run_brief(call->pool, call->threads, ns, divide_up(count, job.grain), rows_task, &job);
}

/* ---- copying ---- */

typedef struct copy_job {
    mica_type to, from;
    /* Of a transposition, in each plane: */
    size_t rows, columns;
    ptrdiff_t to_row, to_column, from_row, from_column;
    transpose_function *transpose; /* NULL: other types or strides than its */
} copy_job;

static void copy_row(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const copy_job *const job = argument;
    element_convert(count, job->to, data[0], strides[0], job->from, data[1], strides[1]);
}

/* Planes whose rows are dense in one operand and whose columns are dense in the other. */
static void transpose_planes(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const copy_job *const job = argument;
    for (size_t p = 0; p < count; p++) {
        job->transpose(&(transpose_call){.rows = job->columns,
                                         .columns = job->rows,
                                         .size = mica_type_size(job->to),
                                         .in = data[1] + (ptrdiff_t)p * strides[1],
                                         .in_stride = (size_t)job->from_column,
                                         .out = data[0] + (ptrdiff_t)p * strides[0],
                                         .out_stride = (size_t)job->to_row});
    }
}

/* The kernel for that, if the plane is one for it. */
static transpose_function *transpose_of(const kernel_call *call, const copy_job *job) {
    const ptrdiff_t size = (ptrdiff_t)mica_type_size(job->to);
    if (job->to != job->from || job->to_column != size || job->from_row != size) return NULL;
    if (job->to_row < 0 || job->from_column < 0) return NULL;
    const transpose_size sizes = transpose_size_of((size_t)size);
    return transpose_kernels[kernel_version_select(transpose_names[sizes], call->features, call->kernels)][sizes];
}

/* Planes whose rows are near in one operand and whose columns are near in the other, by tiles that fit the cache. */
static void copy_planes(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    enum { TILE = 16 };
    const copy_job *const job = argument;
    for (size_t p = 0; p < count; p++) {
        uint8_t *const to = data[0] + (ptrdiff_t)p * strides[0];
        const uint8_t *const from = data[1] + (ptrdiff_t)p * strides[1];
        for (size_t i0 = 0; i0 < job->rows; i0 += TILE) {
            const size_t i1 = min_size(i0 + TILE, job->rows);
            for (size_t j0 = 0; j0 < job->columns; j0 += TILE) {
                const size_t columns = min_size(TILE, job->columns - j0);
                for (size_t i = i0; i < i1; i++) {
                    element_convert(columns, job->to,
                                    to + (ptrdiff_t)i * job->to_row + (ptrdiff_t)j0 * job->to_column, job->to_column,
                                    job->from, from + (ptrdiff_t)i * job->from_row + (ptrdiff_t)j0 * job->from_column,
                                    job->from_column);
                }
            }
        }
    }
}

static bool are_one(const view *a, const view *b) {
    bool one = a->data == b->data && a->type == b->type;
    for (size_t i = 0; i < a->rank; i++) one &= a->sizes[i] <= 1 || a->strides[i] == b->strides[i];
    return one;
}

void view_copy(const kernel_call *call, const view *to, const view *from) {
    if (are_one(to, from)) return;
    walk w;
    walk_init(&w, (const view *const[]){to, from}, 2);
    copy_job job = {.to = to->type, .from = from->type};
    const size_t inner = w.rank - 1;
    size_t near = inner; /* the dim whose elements lie nearest in `from`, unless all of them are one */
    for (size_t i = 0; i < inner; i++) {
        if (w.strides[1][i] != 0 && distance(w.strides[1][i]) < distance(w.strides[1][near])) near = i;
    }
    if (near == inner || w.sizes[near] < 4 || w.sizes[inner] < 4) {
        walk_parallel(call, &w, copy_row, &job);
        return;
    }
    job.rows = w.sizes[near];
    job.columns = w.sizes[inner];
    job.to_row = w.strides[0][near];
    job.to_column = w.strides[0][inner];
    job.from_row = w.strides[1][near];
    job.from_column = w.strides[1][inner];
    job.transpose = transpose_of(call, &job);
    w.sizes[near] = w.sizes[inner] = 1;
    walk_costly(call, &w, job.rows * job.columns, job.transpose ? transpose_planes : copy_planes, &job);
}

void view_fill(const kernel_call *call, const view *to, const void *element) {
    view from = *to;
    from.data = (uint8_t *)(uintptr_t)element;
    for (size_t i = 0; i < from.rank; i++) from.strides[i] = 0;
    view_copy(call, to, &from);
}

mica_status view_read(kernel_call *call, const view *from, mica_type work, const void **data) {
    if (from->type == work && view_is_dense(from)) {
        *data = from->data;
        return MICA_OK;
    }
    void *memory = NULL;
    TRY(call_scratch_array(call, view_count(from), mica_type_size(work), &memory));
    const view dense = view_dense(work, from->rank, from->sizes, memory);
    view_copy(call, &dense, from);
    *data = memory;
    return MICA_OK;
}

mica_status view_write(kernel_call *call, const view *to, mica_type work, void **data) {
    if (to->type == work && view_is_dense(to)) {
        *data = to->data;
        return MICA_OK;
    }
    return call_scratch_array(call, view_count(to), mica_type_size(work), data);
}

void view_written(const kernel_call *call, const view *to, mica_type work, const void *data) {
    if (data == to->data) return;
    const view dense = view_dense(work, to->rank, to->sizes, (void *)(uintptr_t)data);
    view_copy(call, to, &dense);
}
