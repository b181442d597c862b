/* SPDX-License-Identifier: Apache-2.0
 *
 * Strided views of elements, as in NumPy: what portable kernels are made of. Slicing, transposing, broadcasting, flipping
 * are changes of a view; then one copy, one element-wise walk or one walk over rows does the work for all of
 * them, for every type and every dim order.
 */
#ifndef PORTABLE_VIEW_H
#define PORTABLE_VIEW_H

#include "runtime/kernel_call.h"

#define VIEW_MAX_RANK (2 * MICA_MAX_RANK) /* repeat splits each dim in two */

typedef struct view {
    mica_type type;
    size_t rank;
    size_t sizes[VIEW_MAX_RANK];
    ptrdiff_t strides[VIEW_MAX_RANK]; /* bytes; 0: the same element again */
    uint8_t *data;                    /* of element 0, 0, … */
} view;

/* Made in place: a view is half a kilobyte, of which only what the rank reaches is set, and operators of a few elements
 * feel every copy of one. */
void view_set(view *v, const mica_tensor *tensor);
void view_of(const struct tensor *tensor, view *v);
/* Dense in C order over `data`. */
view view_dense(mica_type type, size_t rank, const size_t *sizes, void *data);
size_t view_count(const view *v);
bool view_is_dense(const view *v); /* C order without gaps */

/* Changes in place; dims and ranges were checked by the caller. */
void view_permute(view *v, const size_t *dims); /* new dim i is the old dims[i] */
void view_move_last(view *v, size_t dim);
void view_range(view *v, size_t dim, size_t start, size_t count,
                ptrdiff_t step);                                      /* elements start, start + step, … */
void view_select(view *v, size_t dim, size_t index);                  /* removes the dim */
void view_insert(view *v, size_t dim, size_t size, ptrdiff_t stride); /* a new dim before `dim` */
/* The shape that views broadcast to. */
mica_status call_broadcast(kernel_call *call, const view *views, size_t operands, size_t *rank, size_t *sizes);
/* To `rank` dims of `sizes`, right-aligned; false when a size is neither equal nor 1. */
bool view_broadcast(view *v, size_t rank, const size_t *sizes);

/* ---- copying ---- */

/* to[…] = from[…], converted; both have the same sizes. The memory may overlap only when both are the same view. */
void view_copy(const kernel_call *call, const view *to, const view *from);
/* Every element of `to` becomes `*element`, of the same type. */
void view_fill(const kernel_call *call, const view *to, const void *element);

/* to[…] = the element at base[…] plus offsets[…] bytes (i64); all three have the same sizes. In index.c. */
void view_take(const kernel_call *call, const view *to, const view *offsets, const view *base);

/* The same elements as `work` in C order: the view's own memory when it is that already, else a copy in scratch. */
mica_status view_read(kernel_call *call, const view *from, mica_type work, const void **data);
/* Memory to compute `work` elements in, in C order; view_written moves them to the view. */
mica_status view_write(kernel_call *call, const view *to, mica_type work, void **data);
void view_written(const kernel_call *call, const view *to, mica_type work, const void *data);

/* ---- rows ---- */

/* Moves the dims whose bits are set to the end, in their order. Returns how many elements they make: with the view then
 * in C order, the length of a row. */
size_t view_rows(view *v, uint32_t dims);

/* Calls work(argument, begin, end) on all threads so that the ranges cover [0, count); a row weighs `cost` elements. */
typedef void (*rows_work)(void *argument, size_t begin, size_t end);
void rows_parallel(const kernel_call *call, size_t count, size_t cost, rows_work work, void *argument);

/* ---- walking ---- */

#define WALK_OPERANDS 5

/* Operands of one shape, their dims sorted so that the last is the nearest in memory, and merged where dense. */
typedef struct walk {
    size_t operands, rank;
    size_t sizes[VIEW_MAX_RANK];
    ptrdiff_t strides[WALK_OPERANDS][VIEW_MAX_RANK];
    uint8_t *data[WALK_OPERANDS];
} walk;

/* `count` elements in a row: operand i at data[i], then every strides[i] bytes. */
typedef void (*walk_row)(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides);

void walk_init(walk *w, const view *const *views, size_t operands); /* order of memory: that of views[0] */
void walk_run(const walk *w, walk_row row, const void *argument);
/* The same on all threads of the call; rows of different elements must be independent. */
void walk_parallel(const kernel_call *call, const walk *w, walk_row row, const void *argument);

#endif
