/* SPDX-License-Identifier: Apache-2.0
 *
 * With 32 registers; bytes in tiles of 16 rows by 64 columns, four of the others side by side.
 */
#include <immintrin.h>

#include "kernel/transpose/tiles.h"

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

static void wide_bytes(const transpose_call *call) {
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

transpose_function *const transpose_avx512[TRANSPOSE_SIZES] = {wide_bytes, transpose_x16, transpose_x32,
                                                               transpose_x64, transpose_any};
