/* SPDX-License-Identifier: Apache-2.0
 *
 * Contiguous chunks of left operands along k, for packers that load whole vectors: a chunk that lies in one piece is
 * read in place, others are put together in `stage` and filled up with zeros past the end. So no byte outside an
 * operand is read, and no packer knows about taps, strides or tails. Included after simd_*.h.
 */
#ifndef KERNEL_GEMM_LEFT_CHUNKS_H
#define KERNEL_GEMM_LEFT_CHUNKS_H

#include "kernel/gemm/chunks.h"

/* A place in every row of a left operand: byte `at` of piece `tap`. */
typedef struct lhs_cursor {
    size_t tap, at;
} lhs_cursor;

static inline void lhs_advance(const gemm_lhs *lhs, lhs_cursor *cursor, size_t size) {
    const size_t piece_size = lhs->tap_length * type_size(lhs->type);
    for (cursor->at += size; cursor->at >= piece_size && cursor->tap < lhs->tap_count; cursor->at -= piece_size) {
        cursor->tap++;
    }
}

/* Pieces of one size, one after the other; faster where the compiler knows it. */
INLINE char *copy_pieces(char *to, const void *const *pieces, size_t count, const size_t size) {
    for (size_t i = 0; i < count; i++, to += size) copy_bytes(to, pieces[i], size);
    return to;
}

/* `size` bytes of row m from the cursor on, put together. */
static inline void lhs_stage(const gemm_lhs *lhs, size_t m, lhs_cursor cursor, size_t size, char *stage) {
    const size_t piece_size = lhs->tap_length * type_size(lhs->type), left = lhs->tap_count - cursor.tap;
    const void *const row = lhs_piece(lhs, m, 0), *const *pieces = &row;
    if (lhs->taps) pieces = lhs->taps + m * lhs->tap_count + cursor.tap;
    for (size_t i = 0; i < size; i += sizeof(vint)) int_store(stage + i, int_splat(0));
    if (left == 0) return;

    const size_t head = min_size(piece_size - cursor.at, size);
    const size_t count = min_size(left - 1, (size - head) / piece_size);
    copy_bytes(stage, (const char *)*pieces++ + cursor.at, head);
    char *to = stage + head;
    switch (piece_size) { /* of three channels, as images have, and two */
    case 3: to = copy_pieces(to, pieces, count, 3); break;
    case 6: to = copy_pieces(to, pieces, count, 6); break;
    case 12: to = copy_pieces(to, pieces, count, 12); break;
    default: to = copy_pieces(to, pieces, count, piece_size);
    }
    if (count + 1 < left) copy_bytes(to, pieces[count], size - (size_t)(to - stage));
}

/* Where `size` bytes of each of rows [first, first + count) are, from the cursor on; zeros for the rest of `rows`. */
__attribute__((noinline)) static void lhs_chunks(const gemm_lhs *lhs, size_t first, size_t count, size_t rows,
                                                 lhs_cursor cursor, size_t size, char stage[][CHUNK_BYTES],
                                                 const char **chunks) {
    static const char zeros[CHUNK_BYTES];
    const bool whole = cursor.tap < lhs->tap_count && cursor.at + size <= lhs->tap_length * type_size(lhs->type);
    if (whole && lhs->taps == NULL) {
        const char *row = (const char *)lhs->data + first * lhs->row_stride + cursor.at;
        for (size_t m = 0; m < count; m++, row += lhs->row_stride) chunks[m] = row;
    } else if (whole) {
        const void *const *taps = lhs->taps + first * lhs->tap_count + cursor.tap;
        for (size_t m = 0; m < count; m++, taps += lhs->tap_count) chunks[m] = (const char *)*taps + cursor.at;
    } else {
        for (size_t m = 0; m < count; m++) {
            lhs_stage(lhs, first + m, cursor, size, stage[m]);
            chunks[m] = stage[m];
        }
    }
    for (size_t m = count; m < rows; m++) chunks[m] = zeros;
}

#endif
