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
#define v_load_halves(low, high, n)                                                                                  \
    _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_maskz_loadu_epi8((__mmask32)(((uint64_t)1 << (n)) - 1), low)),  \
                       _mm256_maskz_loadu_epi8((__mmask32)(((uint64_t)1 << (n)) - 1), high), 1)
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

static inline void v_store_halves(char *low, char *high, vector x, size_t n) {
    const __mmask32 first = (__mmask32)(((uint64_t)1 << n) - 1);
    _mm256_mask_storeu_epi8(low, first, _mm512_castsi512_si256(x));
    _mm256_mask_storeu_epi8(high, first, _mm512_extracti64x4_epi64(x, 1));
}

#define PAIRS 1
#include "kernel/dwconv/dot.h"

#define TOGETHER 2
#include "kernel/dwconv/dot_tiles.h"

const dwconv_kernel dwconv_i8_avx512vnni = {packed_size, pack, run, tiles};
