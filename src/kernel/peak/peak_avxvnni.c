/* SPDX-License-Identifier: Apache-2.0
 *
 * Peak of AVX-VNNI: int8.
 */
#include "kernel/gemm/simd_avx2.h"

INLINE vsum byte_dot(vsum sums, vint left, vint right) {
    return (vsum)_mm256_dpbusd_avx_epi32((vint)sums, left, right);
}

#include "kernel/gemm/dot_vnni.h"
#include "kernel/peak/loops.h"
#include "kernel/peak/loops_i8.h"

size_t peak_i8_avxvnni(size_t rounds) { return loop_i8(rounds); }
