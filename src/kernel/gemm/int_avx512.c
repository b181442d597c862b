/* SPDX-License-Identifier: Apache-2.0
 *
 * The integer variants with AVX-512.
 */
#include "kernel/gemm/simd_avx512.h"

#include "kernel/gemm/dot_madd.h"
#include "kernel/gemm/int_kernels.h"

#define NEEDS (CPU_AVX2 | CPU_AVX512)
#define GEMM(symbol, variant, right, run)                                                                            \
    const gemm_kernel symbol = {#symbol, variant, NEEDS, ROWS, COLUMNS, KR, &(right), &left_rows, run, false};
#define GEMV(symbol, variant, right, run)                                                                            \
    const gemm_kernel symbol = {#symbol, variant, NEEDS, 1, COLUMNS, KR, &(right), &left_row, run, false};
GEMM(qp8_f32_qc8w_gemm_14x32_avx512, GEMM_QP8_F32_QC8W, right_i8, run_i8)
GEMV(qp8_f32_qc8w_gemv_1x32_avx512, GEMM_QP8_F32_QC8W, right_i8, run_i8)
GEMM(qp8_f32_qc4w_gemm_14x32_avx512, GEMM_QP8_F32_QC4W, right_i4, run_i4)
GEMV(qp8_f32_qc4w_gemv_1x32_avx512, GEMM_QP8_F32_QC4W, right_i4, run_i4)
GEMM(qp8_f32_qb4w_gemm_14x32_avx512, GEMM_QP8_F32_QB4W, right_block, run_block)
GEMV(qp8_f32_qb4w_gemv_1x32_avx512, GEMM_QP8_F32_QB4W, right_block, run_block)
GEMM(pqs8_qc8w_gemm_14x32_avx512, GEMM_PQS8_QC8W, right_static, run_static)
GEMV(pqs8_qc8w_gemv_1x32_avx512, GEMM_PQS8_QC8W, right_static, run_static)
