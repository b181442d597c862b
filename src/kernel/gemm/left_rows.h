/* SPDX-License-Identifier: Apache-2.0
 *
 * Left operands row by row: each row lies by itself, `stride` bytes after the one before it. Packed panels are such rows,
 * and so are the pixels of an image, which need no packing. Included after simd_*.h.
 */
#ifndef KERNEL_GEMM_LEFT_ROWS_H
#define KERNEL_GEMM_LEFT_ROWS_H

#include <string.h>

#include "base/memory.h"
#include "kernel/gemm/operand.h"

/* Where a tile's rows and their pieces are. */
typedef struct left_operand {
    const char *first;
    size_t stride;
    const size_t *taps; /* bytes from a row to its pieces */
    size_t tap_count, tap_length;
} left_operand;

/* The rows of a tile; those of a packed panel are `panel_stride` bytes apart. */
INLINE left_operand left_in_rows(const gemm_tile *tile, size_t panel_stride) {
    static const size_t one_piece = 0;
    if (!tile->direct) return (left_operand){tile->lhs, panel_stride, &one_piece, 1, tile->k};
    if (!tile->tap_count) return (left_operand){tile->lhs, tile->lhs_stride, &one_piece, 1, tile->k};
    return (left_operand){tile->lhs, tile->lhs_stride, tile->taps, tile->tap_count, tile->k / tile->tap_count};
}

/* A base serves as many rows as an address can reach with one index: base + {0, 1, 2}·stride. */
enum { ROWS_PER_BASE = 3, BASES = (ROWS + ROWS_PER_BASE - 1) / ROWS_PER_BASE };
typedef struct row_bases {
    const char *base[BASES];
    size_t stride;
} row_bases;

INLINE row_bases rows_from(const char *first, size_t stride, const size_t rows) {
    row_bases left = {.stride = stride};
    UNROLL for (size_t b = 0; b * ROWS_PER_BASE < rows; b++) left.base[b] = first + b * ROWS_PER_BASE * stride;
    return left;
}

INLINE const char *row_of(const row_bases *left, size_t m) {
    const size_t b = m / ROWS_PER_BASE;
    return left->base[b] + (m - b * ROWS_PER_BASE) * left->stride;
}

INLINE void rows_advance(row_bases *left, size_t bytes, const size_t rows) {
    UNROLL for (size_t b = 0; b * ROWS_PER_BASE < rows; b++) left->base[b] += bytes;
}

/* From row to row of a panel: an odd number of cache lines, lest rows fall on each other in the first cache. */
static inline size_t panel_stride(size_t row_bytes) {
    return (divide_up(row_bytes, MEMORY_ALIGNMENT) | 1) * MEMORY_ALIGNMENT;
}

#endif
