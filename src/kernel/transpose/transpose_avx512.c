/* SPDX-License-Identifier: Apache-2.0
 *
 * With 32 registers; bytes in tiles of 16 rows by 64 columns, floats in tiles of 16 by 16, the others as everywhere. The
 * three colours of an image of bytes are woven 64 pixels at a time.
 */
#include <immintrin.h>

#include "kernel/transpose/tiles.h"
#include "kernel/vector/square_avx512.h"

static void turn_bytes(const char *in, size_t in_stride, char *out, size_t out_stride) {
    __m512i a[16], b[16];
    for (size_t i = 0; i < 16; i++) a[i] = _mm512_loadu_si512(in + i * in_stride);
    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < 8; i++) {
            b[2 * i] = _mm512_unpacklo_epi8(a[i], a[i + 8]);
            b[2 * i + 1] = _mm512_unpackhi_epi8(a[i], a[i + 8]);
        }
        for (size_t i = 0; i < 16; i++) a[i] = b[i];
    }
    for (size_t i = 0; i < 16; i++, out += out_stride) {
        _mm_storeu_si128((void *)out, _mm512_castsi512_si128(a[i]));
        _mm_storeu_si128((void *)(out + 16 * out_stride), _mm512_extracti32x4_epi32(a[i], 1));
        _mm_storeu_si128((void *)(out + 32 * out_stride), _mm512_extracti32x4_epi32(a[i], 2));
        _mm_storeu_si128((void *)(out + 48 * out_stride), _mm512_extracti32x4_epi32(a[i], 3));
    }
}

/* Where byte `at` of three rows woven into one comes from in each of them; 128: not from there. */
#define FROM(row, at) (at) % 3 == (row) ? (at) / 3 : 128
#define FROM_FIRST(at) FROM(0, at)
#define FROM_SECOND(at) FROM(1, at)
#define FROM_THIRD(at) FROM(2, at)

static void weave_bytes(const char *in, size_t in_stride, char *out) {
    static const uint8_t orders[3][3][16] = {
        {{SIXTEEN(FROM_FIRST, 0)}, {SIXTEEN(FROM_SECOND, 0)}, {SIXTEEN(FROM_THIRD, 0)}},
        {{SIXTEEN(FROM_FIRST, 16)}, {SIXTEEN(FROM_SECOND, 16)}, {SIXTEEN(FROM_THIRD, 16)}},
        {{SIXTEEN(FROM_FIRST, 32)}, {SIXTEEN(FROM_SECOND, 32)}, {SIXTEEN(FROM_THIRD, 32)}},
    };
    __m512i row[3];
    for (size_t i = 0; i < 3; i++) row[i] = _mm512_loadu_si512(in + i * in_stride);
    for (size_t part = 0; part < 3; part++, out += 16) {
        __m512i woven = _mm512_setzero_si512();
        for (size_t i = 0; i < 3; i++) {
            const __m512i order = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)orders[part][i]));
            woven = _mm512_or_si512(woven, _mm512_shuffle_epi8(row[i], order));
        }
        _mm_storeu_si128((void *)out, _mm512_castsi512_si128(woven));
        _mm_storeu_si128((void *)(out + 48), _mm512_extracti32x4_epi32(woven, 1));
        _mm_storeu_si128((void *)(out + 96), _mm512_extracti32x4_epi32(woven, 2));
        _mm_storeu_si128((void *)(out + 144), _mm512_extracti32x4_epi32(woven, 3));
    }
}

static void wide_bytes(const transpose_call *call) {
    if (call->rows == 3 && call->columns >= 64 && call->out_stride == 3) {
        for (size_t c = 0; c < call->columns; c += 64) {
            const size_t column = smaller(c, call->columns - 64);
            weave_bytes((const char *)call->in + column, call->in_stride, (char *)call->out + 3 * column);
        }
        return;
    }
    if (call->rows < 16 || call->columns < 64) {
        transpose_x8(call);
        return;
    }
    for (size_t c = 0; c < call->columns; c += 64) { /* the last tiles begin earlier than where the whole ones end */
        const size_t column = smaller(c, call->columns - 64);
        for (size_t r = 0; r < call->rows; r += 16) {
            const size_t row = smaller(r, call->rows - 16);
            turn_bytes((const char *)call->in + row * call->in_stride + column, call->in_stride,
                       (char *)call->out + column * call->out_stride + row, call->out_stride);
        }
    }
}

static inline void whole_tile(const char *in, size_t in_stride, char *out, size_t out_stride) {
    __m512i a[16];
    for (size_t i = 0; i < 16; i++) a[i] = _mm512_loadu_si512(in + i * in_stride);
    square_transpose(a);
    for (size_t i = 0; i < 16; i++) _mm512_storeu_si512(out + i * out_stride, a[i]);
}

static inline __mmask16 first_words(size_t count) { return (__mmask16)((1u << count) - 1); }

/* 1 to 16 rows and columns. */
static void part_tile(const char *in, size_t in_stride, size_t rows, size_t columns, char *out, size_t out_stride) {
    const __mmask16 wide = first_words(columns), high = first_words(rows);
    __m512i a[16];
    for (size_t i = 0; i < 16; i++) {
        const __mmask16 there = i < rows ? wide : 0;
        a[i] = _mm512_maskz_loadu_epi32(there, in + (i < rows ? i : 0) * in_stride);
    }
    square_transpose(a);
    for (size_t i = 0; i < 16; i++) {
        const __mmask16 there = i < columns ? high : 0;
        _mm512_mask_storeu_epi32(out + (i < columns ? i : 0) * out_stride, there, a[i]);
    }
}

static void wide_words(const transpose_call *call) {
    if (call->rows < 5 || call->columns < 5) { /* colours are woven, and small tiles have room to spare */
        transpose_x32(call);
        return;
    }
    const size_t in_stride = call->in_stride, out_stride = call->out_stride;
    for (size_t r = 0; r < call->rows; r += 16) {
        const size_t rows = smaller(16, call->rows - r);
        for (size_t c = 0; c < call->columns; c += 16) {
            const size_t columns = smaller(16, call->columns - c);
            const char *const in = (const char *)call->in + r * in_stride + c * 4;
            char *const out = (char *)call->out + c * out_stride + r * 4;
            for (size_t i = r + 16; i < smaller(r + 32, call->rows); i++)
                __builtin_prefetch(in + (i - r) * in_stride);
            if (rows == 16 && columns == 16) {
                whole_tile(in, in_stride, out, out_stride);
            } else {
                part_tile(in, in_stride, rows, columns, out, out_stride);
            }
        }
    }
}

transpose_function *const transpose_avx512[TRANSPOSE_SIZES] = {wide_bytes, transpose_x16, wide_words, transpose_x64,
                                                               transpose_any};
