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

/* 0 to 16 bytes, the rest being zeros. */
static inline lanes64 load_part(const char *from, size_t count) {
    uint64_t low = 0, high = 0;
    uint32_t first, last;
    if (count == 16) {
        memcpy(&low, from, 8);
        memcpy(&high, from + 8, 8);
    } else if (count >= 8) {
        memcpy(&low, from, 8);
        memcpy(&high, from + count - 8, 8);
        high = count > 8 ? high >> 8 * (16 - count) : 0;
    } else if (count >= 4) {
        memcpy(&first, from, 4);
        memcpy(&last, from + count - 4, 4);
        low = first | (uint64_t)last << 8 * (count - 4);
    } else {
        for (size_t i = 0; i < count; i++) low |= (uint64_t)(uint8_t)from[i] << 8 * i;
    }
    return (lanes64){low, high};
}

static inline void store_part(char *to, lanes8 v, size_t count) {
    const char *from = (const char *)&v;
    if (count == 16) memcpy(to, from, 16);
    if (count & 8) memcpy(to, from, 8), to += 8, from += 8;
    if (count & 4) memcpy(to, from, 4), to += 4, from += 4;
    if (count & 2) memcpy(to, from, 2), to += 2, from += 2;
    if (count & 1) *to = *from;
}

static inline bool aligned(const transpose_call *call, size_t size) {
    return ((uintptr_t)call->in | (uintptr_t)call->out) % size == 0;
}

/* Three rows of bytes. Byte `at` of what they become is number at / 3 of row at % 3. */
#define TWO(at) (at) % 3 == 0 ? (at) / 3 : (at) % 3 == 1 ? 16 + (at) / 3 : 0
#define THIRD(at) (at) % 3 == 2 ? 16 + (at) / 3 : (at) % 16
#define SIXTEEN(of, first)                                                                                           \
    of(first), of(first + 1), of(first + 2), of(first + 3), of(first + 4), of(first + 5), of(first + 6),             \
        of(first + 7), of(first + 8), of(first + 9), of(first + 10), of(first + 11), of(first + 12), of(first + 13), \
        of(first + 14), of(first + 15)
#define WEAVE(a, b, c, first)                                                                                        \
    __builtin_shufflevector(__builtin_shufflevector(a, b, SIXTEEN(TWO, first)), c, SIXTEEN(THIRD, first))

static void weave_colours(const transpose_call *call) {
    const char *const in = call->in;
    char *out = call->out;
    for (size_t column = 0; column < call->columns; column += 16, out += 48) {
        const size_t count = smaller(16, call->columns - column);
        lanes8 rows[3], woven[3];
        for (size_t i = 0; i < 3; i++) rows[i] = (lanes8)load_part(in + i * call->in_stride + column, count);
        woven[0] = WEAVE(rows[0], rows[1], rows[2], 0);
        woven[1] = WEAVE(rows[0], rows[1], rows[2], 16);
        woven[2] = WEAVE(rows[0], rows[1], rows[2], 32);
        memcpy(out, woven, 3 * count);
    }
}

#define TRANSPOSE(name, element, lanes, interleave)                                                                  \
    static inline void name##_rounds(lanes *a, lanes *b) {                                                           \
        enum { N = sizeof(lanes) / sizeof(element) };                                                                \
        for (size_t round = N; round > 1; round /= 2) {                                                              \
            for (size_t i = 0; i < N / 2; i++) {                                                                     \
                b[2 * i] = interleave(a[i], a[i + N / 2], 0);                                                        \
                b[2 * i + 1] = interleave(a[i], a[i + N / 2], N / 2);                                                \
            }                                                                                                        \
            for (size_t i = 0; i < N; i++) a[i] = b[i];                                                              \
        }                                                                                                            \
    }                                                                                                                \
    static inline void name##_tile(const char *in, size_t in_stride, char *out, size_t out_stride) {                 \
        enum { N = sizeof(lanes) / sizeof(element) };                                                                \
        lanes a[N], b[N];                                                                                            \
        for (size_t i = 0; i < N; i++) memcpy(&a[i], in + i * in_stride, sizeof *a);                                 \
        name##_rounds(a, b);                                                                                         \
        for (size_t i = 0; i < N; i++) memcpy(out + i * out_stride, &a[i], sizeof *a);                               \
    }                                                                                                                \
    /* Fewer rows or columns than a tile has: 1 to N of each. */                                                     \
    static inline void name##_part(const char *in, size_t in_stride, size_t rows, size_t columns, char *out,         \
                                   size_t out_stride) {                                                              \
        enum { N = sizeof(lanes) / sizeof(element) };                                                                \
        lanes a[N] = {0}, b[N];                                                                                      \
        for (size_t i = 0; i < rows; i++) a[i] = (lanes)load_part(in + i * in_stride, columns * sizeof(element));    \
        name##_rounds(a, b);                                                                                         \
        for (size_t i = 0; i < columns; i++) store_part(out + i * out_stride, (lanes8)a[i], rows * sizeof(element)); \
    }                                                                                                                \
    static void name##_narrow(const transpose_call *call) {                                                          \
        enum { N = sizeof(lanes) / sizeof(element) };                                                                \
        const size_t size = sizeof(element), height = smaller(N, call->rows), width = smaller(N, call->columns);     \
        for (size_t r = 0; r < call->rows; r += N) {                                                                 \
            for (size_t c = 0; c < call->columns; c += N) {                                                          \
                const size_t row = smaller(r, call->rows - height), column = smaller(c, call->columns - width);      \
                name##_part((const char *)call->in + row * call->in_stride + column * size, call->in_stride, height, \
                            width, (char *)call->out + column * call->out_stride + row * size, call->out_stride);    \
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
        if (dense && call->rows == 3) return size == 1 ? weave_colours(call) : name##_woven(call, 3);                \
        if (dense && call->rows == 4) return name##_woven(call, 4);                                                  \
        const char *const in = call->in;                                                                             \
        char *const out = call->out;                                                                                 \
        if (call->rows < N || call->columns < N) return name##_narrow(call);                                         \
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
        /* The last tiles begin earlier than where the whole ones end. */                                            \
        const size_t row = call->rows - N, column = call->columns - N;                                               \
        for (size_t r = 0; r < call->rows && columns < call->columns; r += N) {                                      \
            name##_tile(in + smaller(r, row) * in_stride + column * size, in_stride,                                 \
                        out + column * out_stride + smaller(r, row) * size, out_stride);                             \
        }                                                                                                            \
        for (size_t c = 0; c < columns && rows < call->rows; c += N) {                                               \
            name##_tile(in + row * in_stride + c * size, in_stride, out + c * out_stride + row * size, out_stride);  \
        }                                                                                                            \
    }

TRANSPOSE(transpose_x8, uint8_t, lanes8, INTERLEAVE8)
TRANSPOSE(transpose_x16, uint16_t, lanes16, INTERLEAVE16)
TRANSPOSE(transpose_x32, uint32_t, lanes32, INTERLEAVE32)
TRANSPOSE(transpose_x64, uint64_t, lanes64, INTERLEAVE64)

#define TRANSPOSE_FUNCTIONS {transpose_x8, transpose_x16, transpose_x32, transpose_x64, transpose_any}
