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

/* Where the rows of a tile are written: to the output, or, where its edge cuts the tile, to a buffer first. */
typedef struct neon_out {
    char *at;
    size_t stride; /* bytes */
} neon_out;
#define NEON_EDGE_BYTES (NEON_MAX_MR * NEON_NR * sizeof(float))

NEON_INLINE neon_out neon_open(const gemm_tile *tile, size_t n, size_t rows, size_t element, char *edge) {
    if (rows > tile->m || n + NEON_NR > tile->n) return (neon_out){edge, NEON_NR * element};
    return (neon_out){(char *)tile->out + n * element, tile->out_stride};
}

NEON_INLINE void neon_close(const gemm_tile *tile, size_t n, size_t element, const neon_out *out, const char *edge) {
    if (out->at != edge) return;
    const size_t bytes = min_size(NEON_NR, tile->n - n) * element;
    for (size_t m = 0; m < tile->m; m++) {
        memcpy((char *)tile->out + m * tile->out_stride + n * element, edge + m * out->stride, bytes);
    }
}

/* Loaded once per tile: what a kernel stores might be what the compiler would have to load again. */
typedef struct neon_range {
    float32x4_t min, max;
} neon_range;

NEON_INLINE neon_range neon_load_range(const gemm_tile *tile) {
    return (neon_range){vdupq_n_f32(tile->min), vdupq_n_f32(tile->max)};
}

/* NaN becomes the lower bound, as in every kernel. */
NEON_INLINE float32x4_t neon_clamp(float32x4_t x, neon_range range) {
    return vminq_f32(vmaxnmq_f32(x, range.min), range.max);
}

NEON_INLINE void neon_store_f32(char *at, float32x4_t a, float32x4_t b) {
    vst1q_f32((float *)at, a);
    vst1q_f32((float *)at + 4, b);
}

#endif
