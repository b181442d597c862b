/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>
#include <stdint.h>

typedef __m256i vector;
typedef __m256 floats;

#define v_splat16 _mm256_set1_epi16
#define v_splat32 _mm256_set1_epi32
#define v_splat_float _mm256_set1_ps
#define v_repeat _mm256_broadcastsi128_si256
#define v_load_float _mm256_loadu_ps
#define v_store_float _mm256_storeu_ps
#define v_mul_float _mm256_mul_ps
#define v_min_float _mm256_min_ps
#define v_round _mm256_cvtps_epi32
#define v_to_float _mm256_cvtepi32_ps
#define v_sub32 _mm256_sub_epi32
#define v_add16 _mm256_adds_epi16
#define v_narrow32 _mm256_packs_epi32
#define v_narrow16 _mm256_packs_epi16
#define v_shuffle8 _mm256_shuffle_epi8
#define v_shift_left32(x, n) _mm256_slli_epi32(x, (int)(n))
#define v_shift_right32 _mm256_srai_epi32
#define v_zip_low32 _mm256_unpacklo_epi32
#define v_zip_high32 _mm256_unpackhi_epi32
#define v_zip_low64 _mm256_unpacklo_epi64
#define v_zip_high64 _mm256_unpackhi_epi64

static inline vector v_load_lanes(const int8_t *from, size_t step) {
    return _mm256_loadu2_m128i((const void *)(from + step), (const void *)from);
}
static inline void v_store_lanes(int8_t *to, size_t step, vector x) {
    _mm256_storeu2_m128i((void *)(to + step), (void *)to, x);
}

#include "kernel/turn/tiles.h"

const turn_kernels turn_avx2 = {quantize, dequantize};
