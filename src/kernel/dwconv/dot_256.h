/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of 256 bits for dot.h, but for v_dot.
 */
#include <immintrin.h>
#include <string.h>

typedef __m256i vector;
typedef __m256 floats;

#define v_load(from) _mm256_loadu_si256((const __m256i *)(const void *)(from))
#define v_store(to, x) _mm256_storeu_si256((__m256i *)(void *)(to), x)
#define v_xor _mm256_xor_si256
#define v_splat8 _mm256_set1_epi8
#define v_splat16 _mm256_set1_epi16
#define v_zip_low8 _mm256_unpacklo_epi8
#define v_zip_high8 _mm256_unpackhi_epi8
#define v_zip_low16 _mm256_unpacklo_epi16
#define v_zip_high16 _mm256_unpackhi_epi16
#define v_add16 _mm256_adds_epi16
#define v_max8 _mm256_max_epi8
#define v_min8 _mm256_min_epi8
#define v_narrow32 _mm256_packs_epi32
#define v_narrow16 _mm256_packs_epi16
#define v_splat_float _mm256_set1_ps
#define v_load_float _mm256_loadu_ps
#define v_to_float _mm256_cvtepi32_ps
#define v_mul_float _mm256_mul_ps
#define v_min_float _mm256_min_ps
#define v_round _mm256_cvtps_epi32

static inline vector v_load_part(const void *from, size_t n) {
    vector x = _mm256_setzero_si256();
    memcpy(&x, from, n);
    return x;
}
static inline void v_store_part(void *to, vector x, size_t n) { memcpy(to, &x, n); }

/* A vector of 32 / width parts, each of `n` bytes. */
static inline vector v_load_lanes(const char *const from[4], size_t width, size_t n) {
    if (width == 32) return n == 32 ? v_load(from[0]) : v_load_part(from[0], n);
    __m128i part[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
    memcpy(&part[0], from[0], n);
    memcpy(&part[1], from[1], n);
    return _mm256_set_m128i(part[1], part[0]);
}
static inline void v_store_lanes(char *to, const size_t lane[4], size_t width, size_t n, vector x) {
    const __m128i part = _mm256_extracti128_si256(x, 1);
    memcpy(to, &x, n);
    if (width == 16) memcpy(to + lane[1], &part, n);
}
