/* SPDX-License-Identifier: Apache-2.0
 *
 * PF32 and PF16 with AVX2, FMA and F16C.
 */
#include "kernel/gemm/simd_avx2.h"

#include "kernel/gemm/float_kernels.h"

#define NEEDS (CPU_AVX2)
const gemm_kernel pf32_gemm_6x16_avx2 = {
    "pf32_gemm_6x16_avx2", GEMM_PF32, NEEDS, ROWS, COLUMNS, 1, &right_f32, &left, run_f32};
const gemm_kernel pf32_gemv_1x16_avx2 = {
    "pf32_gemv_1x16_avx2", GEMM_PF32, NEEDS, 1, COLUMNS, 1, &right_f32, NULL, run_row_f32};
const gemm_kernel pf16_gemm_6x16_avx2 = {
    "pf16_gemm_6x16_avx2", GEMM_PF16, NEEDS, ROWS, COLUMNS, 1, &right_f16, &left, run_f16};
const gemm_kernel pf16_gemv_1x16_avx2 = {
    "pf16_gemv_1x16_avx2", GEMM_PF16, NEEDS, 1, COLUMNS, 1, &right_f16, &left_row, run_row_f16};
