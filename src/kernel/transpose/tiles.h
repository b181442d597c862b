/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of transpose.h, once, in vectors of 16 bytes that compilers turn into each machine's exchanges of lanes.
 *
 * Square tiles of 16-byte rows, inside blocks of a cache line by a cache line so that every line is used whole. A
 * tile of n rows turns in log2 n rounds: each interleaves row i with row i + n/2 into rows 2i and 2i + 1. Up to four
 * rows (the colours of an image) are woven into one dense row instead.
 */
#include <stdint.h>
#include <string.h>

#include "kernel/transpose/transpose.h"

#define LINE 64 /* bytes */
#define AHEAD 2 /* blocks of rows whose lines are asked for early: strided reads are not foreseen by the CPU */

typedef uint8_t lanes8 __attribute__((vector_size(16)));
typedef uint16_t lanes16 __attribute__((vector_size(16)));
typedef uint32_t lanes32 __attribute__((vector_size(16)));
typedef uint64_t lanes64 __attribute__((vector_size(16)));

#define INTERLEAVE8(a, b, s)                                                                                         \
    __builtin_shufflevector(a, b, s, s + 16, s + 1, s + 17, s + 2, s + 18, s + 3, s + 19, s + 4, s + 20, s + 5,      \
                            s + 21, s + 6, s + 22, s + 7, s + 23)
#define INTERLEAVE16(a, b, s) __builtin_shufflevector(a, b, s, s + 8, s + 1, s + 9, s + 2, s + 10, s + 3, s + 11)
#define INTERLEAVE32(a, b, s) __builtin_shufflevector(a, b, s, s + 4, s + 1, s + 5)
#define INTERLEAVE64(a, b, s) __builtin_shufflevector(a, b, s, s + 2)

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static inline bool aligned(const transpose_call *call, size_t size) {
    return ((uintptr_t)call->in | (uintptr_t)call->out) % size == 0;
}

#define TRANSPOSE(name, element, lanes, interleave)                                                                  \
    static inline void name##_tile(const char *in, size_t in_stride, char *out, size_t out_stride) {                 \
        enum { N = sizeof(lanes) / sizeof(element) };                                                                \
        lanes a[N], b[N];                                                                                            \
        for (size_t i = 0; i < N; i++) memcpy(&a[i], in + i * in_stride, sizeof *a);                                 \
        for (size_t round = N; round > 1; round /= 2) {                                                              \
            for (size_t i = 0; i < N / 2; i++) {                                                                     \
                b[2 * i] = interleave(a[i], a[i + N / 2], 0);                                                        \
                b[2 * i + 1] = interleave(a[i], a[i + N / 2], N / 2);                                                \
            }                                                                                                        \
            for (size_t i = 0; i < N; i++) a[i] = b[i];                                                              \
        }                                                                                                            \
        for (size_t i = 0; i < N; i++) memcpy(out + i * out_stride, &a[i], sizeof *a);                               \
    }                                                                                                                \
    /* Elements one by one: what no tile covers. */                                                                  \
    static inline void name##_rest(const char *in, size_t in_stride, size_t rows, size_t columns, char *out,         \
                                   size_t out_stride) {                                                              \
        for (size_t c = 0; c < columns; c++) {                                                                       \
            for (size_t r = 0; r < rows; r++) {                                                                      \
                memcpy(out + c * out_stride + r * sizeof(element), in + r * in_stride + c * sizeof(element),         \
                       sizeof(element));                                                                             \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static inline void name##_woven(const transpose_call *call, size_t rows) {                                       \
        const element *restrict in = call->in;                                                                       \
        element *restrict out = call->out;                                                                           \
        const size_t stride = call->in_stride / sizeof(element);                                                     \
        for (size_t c = 0; c < call->columns; c++) {                                                                 \
            for (size_t r = 0; r < rows; r++) out[c * rows + r] = in[r * stride + c];                                \
        }                                                                                                            \
    }                                                                                                                \
    static void name(const transpose_call *call) {                                                                   \
        enum { N = sizeof(lanes) / sizeof(element), BLOCK = LINE / sizeof(element) };                                \
        const size_t size = sizeof(element), in_stride = call->in_stride, out_stride = call->out_stride;             \
        const bool dense = out_stride == call->rows * size && in_stride % size == 0 && aligned(call, size);          \
        if (dense && call->rows == 2) return name##_woven(call, 2);                                                  \
        if (dense && call->rows == 3) return name##_woven(call, 3);                                                  \
        if (dense && call->rows == 4) return name##_woven(call, 4);                                                  \
        const char *const in = call->in;                                                                             \
        char *const out = call->out;                                                                                 \
        const size_t rows = call->rows / N * N, columns = call->columns / N * N;                                     \
        for (size_t r0 = 0; r0 < rows; r0 += BLOCK) {                                                                \
            for (size_t c0 = 0; c0 < columns; c0 += BLOCK) {                                                         \
                for (size_t r = r0 + AHEAD * BLOCK; r < smaller(r0 + (AHEAD + 1) * BLOCK, rows); r++) {              \
                    __builtin_prefetch(in + r * in_stride + c0 * size);                                              \
                }                                                                                                    \
                for (size_t r = r0; r < smaller(r0 + BLOCK, rows); r += N) {                                         \
                    for (size_t c = c0; c < smaller(c0 + BLOCK, columns); c += N) {                                  \
                        name##_tile(in + r * in_stride + c * size, in_stride, out + c * out_stride + r * size,       \
                                    out_stride);                                                                     \
                    }                                                                                                \
                }                                                                                                    \
            }                                                                                                        \
        }                                                                                                            \
        name##_rest(in + columns * size, in_stride, rows, call->columns - columns, out + columns * out_stride,       \
                    out_stride);                                                                                     \
        name##_rest(in + rows * in_stride, in_stride, call->rows - rows, call->columns, out + rows * size,           \
                    out_stride);                                                                                     \
    }

TRANSPOSE(transpose_x8, uint8_t, lanes8, INTERLEAVE8)
TRANSPOSE(transpose_x16, uint16_t, lanes16, INTERLEAVE16)
TRANSPOSE(transpose_x32, uint32_t, lanes32, INTERLEAVE32)
TRANSPOSE(transpose_x64, uint64_t, lanes64, INTERLEAVE64)

#define TRANSPOSE_FUNCTIONS {transpose_x8, transpose_x16, transpose_x32, transpose_x64, transpose_any}
