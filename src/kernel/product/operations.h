/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of product.h, once, for the vectors included before. Tiles of four rows by two vectors of columns (rows)
 * or by two columns (dots): eight sums hide the latency of one. A single row takes four vectors.
 *
 * Rows of b may lie far apart, as those of a cache with many heads do, where no hardware foresees the next: the first
 * rows of out ask for what is read a little later: as many rows on as memory answers in.
 */
#include "kernel/product/product.h"

enum { ROWS = 4, COLUMNS = 2, COLUMNS_OF_ONE = 4, ROWS_AHEAD = 32 };

INLINE void ask_for(const float *from, size_t count) {
    enum { LINE = 64 / sizeof(float) };
    for (size_t i = 0; i < count; i += LINE) __builtin_prefetch(from + i);
}

/* What is read ROWS_AHEAD rows of b after this one, of `count`. */
INLINE const float *row_ahead(const product_call *p, size_t row, size_t count) {
    const size_t ahead = row + ROWS_AHEAD;
    return ahead < count || !p->next ? p->b + ahead * p->b_stride : p->next + (ahead - count) * p->b_stride;
}

/* `rows` by `columns` vectors of out; of the last vector, `last` lanes. */
INLINE void rows_tile(const product_call *p, size_t i0, size_t j0, size_t rows, size_t columns, size_t last) {
    vec sums[ROWS][COLUMNS_OF_ONE];
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) sums[i][j] = v_splat(0);
    }
    const float *const a = p->a + i0 * p->a_stride;
    for (size_t k = 0; k < p->k; k++) {
        const float *const b = p->b + k * p->b_stride + j0;
        vec right[COLUMNS_OF_ONE];
        if (i0 == 0) ask_for(row_ahead(p, k, p->k) + j0, columns * VEC);
        for (size_t j = 0; j < columns; j++) {
            right[j] = j + 1 < columns || last == VEC ? v_load(b + j * VEC) : v_load_part(b + j * VEC, last);
        }
        for (size_t i = 0; i < rows; i++) {
            const vec left = v_splat(a[i * p->a_stride + k]);
            for (size_t j = 0; j < columns; j++) sums[i][j] = v_fma(left, right[j], sums[i][j]);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            float *const out = p->out + (i0 + i) * p->out_stride + j0 + j * VEC;
            if (j + 1 < columns || last == VEC) {
                v_store(out, v_add(v_load(out), sums[i][j]));
            } else {
                v_store_part(out, v_add(v_load_part(out, last), sums[i][j]), last);
            }
        }
    }
}

/* Elements from k on: a whole vector, or what is left. */
INLINE vec load_some(const float *from, size_t k, size_t whole, size_t end) {
    return k < whole ? v_load(from + k) : v_load_part(from + k, end - k);
}

/* `rows` by `columns` elements of out. */
INLINE void dots_tile(const product_call *p, size_t i0, size_t j0, size_t rows, size_t columns) {
    vec sums[ROWS][COLUMNS];
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) sums[i][j] = v_splat(0);
    }
    const float *const a = p->a + i0 * p->a_stride, *const b = p->b + j0 * p->b_stride;
    const size_t whole = p->k / VEC * VEC;
    for (size_t j = 0; i0 == 0 && j < columns; j++) ask_for(row_ahead(p, j0 + j, p->n), p->k);
    for (size_t k = 0; k < p->k; k += VEC) {
        vec right[COLUMNS];
        for (size_t j = 0; j < columns; j++) right[j] = load_some(b + j * p->b_stride, k, whole, p->k);
        for (size_t i = 0; i < rows; i++) {
            const vec left = load_some(a + i * p->a_stride, k, whole, p->k);
            for (size_t j = 0; j < columns; j++) sums[i][j] = v_fma(left, right[j], sums[i][j]);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) p->out[(i0 + i) * p->out_stride + j0 + j] += v_sum(sums[i][j]);
    }
}

/* Whole tiles first, then single rows; in each, whole tiles of columns, then single ones. */
INLINE void rows_band(const product_call *p, size_t i, size_t rows) {
    const size_t one = COLUMNS_OF_ONE * VEC;
    size_t j = 0;
    for (; rows == 1 && j + one <= p->n; j += one) rows_tile(p, i, j, 1, COLUMNS_OF_ONE, VEC);
    for (; j + COLUMNS * VEC <= p->n; j += COLUMNS * VEC) rows_tile(p, i, j, rows, COLUMNS, VEC);
    for (; j + VEC <= p->n; j += VEC) rows_tile(p, i, j, rows, 1, VEC);
    if (j < p->n) rows_tile(p, i, j, rows, 1, p->n - j);
}

INLINE void dots_band(const product_call *p, size_t i, size_t rows) {
    size_t j = 0;
    for (; j + COLUMNS <= p->n; j += COLUMNS) dots_tile(p, i, j, rows, COLUMNS);
    for (; j < p->n; j++) dots_tile(p, i, j, rows, 1);
}

static void product_rows(const product_call *p) {
    size_t i = 0;
    for (; i + ROWS <= p->m; i += ROWS) rows_band(p, i, ROWS);
    for (; i < p->m; i++) rows_band(p, i, 1);
}

static void product_dots(const product_call *p) {
    size_t i = 0;
    for (; i + ROWS <= p->m; i += ROWS) dots_band(p, i, ROWS);
    for (; i < p->m; i++) dots_band(p, i, 1);
}

#define PRODUCT_FUNCTIONS {product_rows, product_dots}
