/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>
#include <stdint.h>

typedef __m512i vector;
typedef __m512 floats;

#define v_splat16 _mm512_set1_epi16
#define v_splat32 _mm512_set1_epi32
#define v_splat_float _mm512_set1_ps
#define v_repeat _mm512_broadcast_i32x4
#define v_load_float _mm512_loadu_ps
#define v_store_float _mm512_storeu_ps
#define v_mul_float _mm512_mul_ps
#define v_min_float _mm512_min_ps
#define v_round _mm512_cvtps_epi32
#define v_to_float _mm512_cvtepi32_ps
#define v_sub32 _mm512_sub_epi32
#define v_add16 _mm512_adds_epi16
#define v_narrow32 _mm512_packs_epi32
#define v_narrow16 _mm512_packs_epi16
#define v_shuffle8 _mm512_shuffle_epi8
#define v_shift_left32 _mm512_slli_epi32
#define v_shift_right32 _mm512_srai_epi32
#define v_zip_low32 _mm512_unpacklo_epi32
#define v_zip_high32 _mm512_unpackhi_epi32
#define v_zip_low64 _mm512_unpacklo_epi64
#define v_zip_high64 _mm512_unpackhi_epi64

static inline __m128i load_lane(const int8_t *from) { return _mm_loadu_si128((const void *)from); }
static inline void store_lane(int8_t *to, __m128i x) { _mm_storeu_si128((void *)to, x); }

static inline vector v_load_lanes(const int8_t *from, size_t step) {
    vector x = _mm512_castsi128_si512(load_lane(from));
    x = _mm512_inserti32x4(x, load_lane(from + step), 1);
    x = _mm512_inserti32x4(x, load_lane(from + 2 * step), 2);
    return _mm512_inserti32x4(x, load_lane(from + 3 * step), 3);
}
static inline void v_store_lanes(int8_t *to, size_t step, vector x) {
    store_lane(to, _mm512_castsi512_si128(x));
    store_lane(to + step, _mm512_extracti32x4_epi32(x, 1));
    store_lane(to + 2 * step, _mm512_extracti32x4_epi32(x, 2));
    store_lane(to + 3 * step, _mm512_extracti32x4_epi32(x, 3));
}

#include "kernel/turn/tiles.h"

const turn_kernels turn_avx512 = {quantize, dequantize};
