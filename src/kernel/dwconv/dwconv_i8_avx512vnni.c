/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512i vector;
typedef __m512 floats;

#define v_load(from) _mm512_loadu_si512(from)
#define v_store(to, x) _mm512_storeu_si512(to, x)
#define v_load_part(from, n) _mm512_maskz_loadu_epi8(((__mmask64)1 << (n)) - 1, from)
#define v_store_part(to, x, n) _mm512_mask_storeu_epi8(to, ((__mmask64)1 << (n)) - 1, x)
#define v_xor _mm512_xor_si512
#define v_splat8 _mm512_set1_epi8
#define v_splat16 _mm512_set1_epi16
#define v_zip_low8 _mm512_unpacklo_epi8
#define v_zip_high8 _mm512_unpackhi_epi8
#define v_zip_low16 _mm512_unpacklo_epi16
#define v_zip_high16 _mm512_unpackhi_epi16
#define v_dot _mm512_dpbusd_epi32
#define v_add16 _mm512_adds_epi16
#define v_max8 _mm512_max_epi8
#define v_min8 _mm512_min_epi8
#define v_narrow32 _mm512_packs_epi32
#define v_narrow16 _mm512_packs_epi16
#define v_splat_float _mm512_set1_ps
#define v_load_float _mm512_loadu_ps
#define v_to_float _mm512_cvtepi32_ps
#define v_mul_float _mm512_mul_ps
#define v_min_float _mm512_min_ps
#define v_round _mm512_cvtps_epi32

/* A vector of 64 / width parts, each of `n` bytes. */
static inline vector v_load_lanes(const char *const from[4], size_t width, size_t n) {
    const __mmask64 mask = UINT64_MAX >> (64 - n);
    if (width == 64) return n == 64 ? v_load(from[0]) : _mm512_maskz_loadu_epi8(mask, from[0]);
    if (width == 32) {
        return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_maskz_loadu_epi8((__mmask32)mask, from[0])),
                                  _mm256_maskz_loadu_epi8((__mmask32)mask, from[1]), 1);
    }
    vector x = _mm512_castsi128_si512(_mm_maskz_loadu_epi8((__mmask16)mask, from[0]));
    x = _mm512_inserti32x4(x, _mm_maskz_loadu_epi8((__mmask16)mask, from[1]), 1);
    x = _mm512_inserti32x4(x, _mm_maskz_loadu_epi8((__mmask16)mask, from[2]), 2);
    return _mm512_inserti32x4(x, _mm_maskz_loadu_epi8((__mmask16)mask, from[3]), 3);
}
static inline void v_store_lanes(char *to, const size_t lane[4], size_t width, size_t n, vector x) {
    const __mmask64 mask = UINT64_MAX >> (64 - n);
    if (n == 64) {
        v_store(to, x);
    } else if (width == 64) {
        _mm512_mask_storeu_epi8(to, mask, x);
    } else if (width == 32) {
        _mm256_mask_storeu_epi8(to, (__mmask32)mask, _mm512_castsi512_si256(x));
        _mm256_mask_storeu_epi8(to + lane[1], (__mmask32)mask, _mm512_extracti64x4_epi64(x, 1));
    } else {
        _mm_mask_storeu_epi8(to, (__mmask16)mask, _mm512_castsi512_si128(x));
        _mm_mask_storeu_epi8(to + lane[1], (__mmask16)mask, _mm512_extracti32x4_epi32(x, 1));
        _mm_mask_storeu_epi8(to + lane[2], (__mmask16)mask, _mm512_extracti32x4_epi32(x, 2));
        _mm_mask_storeu_epi8(to + lane[3], (__mmask16)mask, _mm512_extracti32x4_epi32(x, 3));
    }
}

#include "kernel/dwconv/dot.h"

#include "kernel/dwconv/dot_lines.h"

const dwconv_kernel dwconv_i8_avx512vnni = {packed_size, pack, run, tiles};
