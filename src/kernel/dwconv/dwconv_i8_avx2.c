/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/dwconv/dot_256.h"

/* Even and odd bytes by themselves, in 16 bits: four products never saturate. */
static inline vector v_dot(vector sum, vector x, vector w) {
    const vector even =
        _mm256_madd_epi16(_mm256_and_si256(x, _mm256_set1_epi16(255)), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
    const vector odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
    return _mm256_add_epi32(_mm256_add_epi32(even, odd), sum);
}

#include "kernel/dwconv/dot.h"

#include "kernel/dwconv/dot_lines.h"

const dwconv_kernel dwconv_i8_avx2 = {packed_size, pack, run, tiles};
