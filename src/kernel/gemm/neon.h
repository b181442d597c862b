/* SPDX-License-Identifier: Apache-2.0
 *
 * What the AArch64 kernels share. A GEMM tile is 8 or 12 rows × NEON_NR columns, held in registers as quads of four
 * rows by two vectors of four columns; a tile of fewer rows computes only the quads it needs. The one-row kernels
 * read the same right panels, some of them side by side to keep enough sums in flight. The columns' sums do not
 * depend on any of that, so that a row gives the same bits in every kernel of an instruction set.
 * All of it is ASIMD of armv8-a, usable in the files of every instruction set.
 */
#ifndef KERNEL_GEMM_NEON_H
#define KERNEL_GEMM_NEON_H

#include <arm_neon.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/gemm/gemm.h"

enum { NEON_MAX_MR = 12, NEON_NR = 8 };

/* A kernel is written once, with the number of quads or panels a constant argument. The loops over registers must be
 * unrolled for that: arrays of vectors live in memory otherwise. */
#define NEON_INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 16") for

/* Keeps an array where it is: compilers would carry its elements in registers that are not there, and spill. */
#define NEON_IN_MEMORY(array) __asm__ volatile("" : : "r"(array) : "memory")

/* Where the rows of a tile are written: to the output, or, where its right edge cuts the tile, to a buffer first.
 * Rows below its bottom edge, which are computed along, go to the buffer as well. */
typedef struct neon_out {
    char *at, *edge;
    size_t stride, rows; /* bytes; rows that are stored at `at` */
} neon_out;
#define NEON_EDGE_BYTES (NEON_MAX_MR * NEON_NR * sizeof(float))

NEON_INLINE neon_out neon_open(const gemm_tile *tile, size_t n, size_t element, char *edge) {
    if (n + NEON_NR > tile->n) return (neon_out){edge, edge, NEON_NR * element, NEON_MAX_MR};
    return (neon_out){(char *)tile->out + n * element, edge, tile->out_stride, tile->m};
}

/* Row i of quad q; all quads but the last are full. */
NEON_INLINE char *neon_row(const neon_out *out, size_t q, size_t i, size_t quads) {
    const size_t m = 4 * q + i;
    return q + 1 < quads || i == 0 || m < out->rows ? out->at + m * out->stride : out->edge;
}

NEON_INLINE void neon_close(const gemm_tile *tile, size_t n, size_t element, const neon_out *out) {
    if (out->at != out->edge) return;
    for (size_t m = 0; m < tile->m; m++) {
        memcpy((char *)tile->out + m * tile->out_stride + n * element, out->edge + m * out->stride,
               (tile->n - n) * element);
    }
}

/* Loaded once per tile: what a kernel stores might be what the compiler would have to load again. */
typedef struct neon_range {
    float32x4_t min, max;
} neon_range;

NEON_INLINE neon_range neon_load_range(const gemm_tile *tile) {
    return (neon_range){vdupq_n_f32(tile->min), vdupq_n_f32(tile->max)};
}

/* NaN stays, as in every kernel. */
NEON_INLINE float32x4_t neon_clamp(float32x4_t x, neon_range range) {
    return vminq_f32(vmaxq_f32(x, range.min), range.max);
}

NEON_INLINE void neon_store_f32(char *at, float32x4_t a, float32x4_t b) {
    vst1q_f32((float *)at, a);
    vst1q_f32((float *)at + 4, b);
}

#endif
