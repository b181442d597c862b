/* SPDX-License-Identifier: Apache-2.0
 *
 * Contiguous chunks of right operands along k, as left_chunks.h has them of left ones.
 */
#ifndef KERNEL_GEMM_RIGHT_CHUNKS_H
#define KERNEL_GEMM_RIGHT_CHUNKS_H

#include "kernel/gemm/chunks.h"

/* Bytes from the weights in use to those that are asked for, unless the tile says: streams that the hardware foresees end
 * with a page, and what one row of activations takes in the time that memory needs to answer is twice a page. */
enum { AHEAD = 4096 };
INLINE size_t ahead_of(size_t of_tile, const size_t rows) {
    if (rows == 1) return 2 * AHEAD;
    return of_tile ? of_tile : AHEAD;
}

/* Asks for what is `ahead` of the `size` bytes in use. */
INLINE void ask_ahead(const char *weights, const size_t size, size_t ahead) {
    enum { LINE = 64 };
    UNROLL for (size_t i = 0; i < size; i += LINE) __builtin_prefetch(weights + ahead + i);
}

/* `count` elements (of I4 an even number of nibbles) of column n from element k on, put together. */
static inline void rhs_stage(const gemm_rhs *rhs, size_t n, size_t k, size_t count, char *stage) {
    const size_t here = k < rhs->k ? min_size(count, rhs->k - k) : 0, size = type_size(rhs->type);
    if (rhs->type == GEMM_I4) {
        memset(stage, 0x88, count / 2);
        memcpy(stage, (const char *)rhs->data + n * rhs->n_stride + k / 2, (here + 1) / 2);
        if (here % 2) stage[here / 2] = (char)((stage[here / 2] & 0x0f) | 0x80);
        return;
    }
    const char *from = (const char *)rhs->data + (n * rhs->n_stride + k * rhs->k_stride) * size;
    memset(stage, 0, count * size);
    for (size_t i = 0; i < here; i++) copy_bytes(stage + i * size, from + i * rhs->k_stride * size, size);
}

/* Where `count` elements of each of columns [n, n + columns) are, from element k on; zeros for the rest of LANES, which
 * are put there at k 0 and stay for the calls that follow with the same `stage` and `chunks`. */
__attribute__((noinline)) static void rhs_chunks(const gemm_rhs *rhs, size_t n, size_t columns, size_t k,
                                                 size_t count, char stage[][CHUNK_BYTES], const char **chunks) {
    const bool nibble = rhs->type == GEMM_I4;
    if (k + count <= rhs->k && rhs->k_stride == 1) {
        const size_t size = type_size(rhs->type), stride = rhs->n_stride * size;
        const char *column = (const char *)rhs->data + n * stride + (nibble ? k / 2 : k * size);
        for (size_t c = 0; c < columns; c++, column += stride) chunks[c] = column;
    } else {
        for (size_t c = 0; c < columns; c++) {
            rhs_stage(rhs, n + c, k, count, stage[c]);
            chunks[c] = stage[c];
        }
    }
    for (size_t c = columns; c < LANES && k == 0; c++) {
        memset(stage[c], nibble ? 0x88 : 0, CHUNK_BYTES);
        chunks[c] = stage[c];
    }
}

#endif
