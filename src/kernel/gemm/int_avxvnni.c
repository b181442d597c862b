/* SPDX-License-Identifier: Apache-2.0
 *
 * The integer variants with AVX-VNNI.
 */
#include "kernel/gemm/simd_avx2.h"

INLINE vsum byte_dot(vsum sums, vint left, vint right) {
    return (vsum)_mm256_dpbusd_avx_epi32((vint)sums, left, right);
}

#include "kernel/gemm/dot_vnni.h"
#include "kernel/gemm/int_kernels.h"

#include "kernel/gemm/int_apart.h"
#include "kernel/gemm/int_static.h"

#define NEEDS (CPU_AVX2 | CPU_AVXVNNI)
#define GEMM(symbol, variant, right, left, run, store, element)                                                      \
    const gemm_kernel symbol = {#symbol, variant, NEEDS, ROWS, COLUMNS, KR, &(right), &(left), run, store, element};
#define GEMV(symbol, variant, right, left, run)                                                                      \
    const gemm_kernel symbol = {#symbol, variant, NEEDS, 1, COLUMNS, KR, &(right), &(left), run, NULL, 0};
GEMM(qp8_f32_qc8w_gemm_6x16_avxvnni, GEMM_QP8_F32_QC8W, right_i8, left_rows, run_i8_or_stored, store_static, STORED)
GEMV(qp8_f32_qc8w_gemv_1x16_avxvnni, GEMM_QP8_F32_QC8W, right_i8, left_row, run_i8)
GEMM(qp8_f32_qc4w_gemm_6x16_avxvnni, GEMM_QP8_F32_QC4W, right_i4, left_rows, run_i4, NULL, 0)
GEMV(qp8_f32_qc4w_gemv_1x16_avxvnni, GEMM_QP8_F32_QC4W, right_i4, left_row, run_i4)
GEMM(qp8_f32_qb4w_gemm_6x16_avxvnni, GEMM_QP8_F32_QB4W, right_block, left_rows, run_block, NULL, 0)
GEMV(qp8_f32_qb4w_gemv_1x16_avxvnni, GEMM_QP8_F32_QB4W, right_block, left_row, run_row_block)
GEMM(pqs8_qc8w_gemm_6x16_avxvnni, GEMM_PQS8_QC8W, right_static, static_panel, run_static, store_static, STORED)
GEMV(pqs8_qc8w_gemv_1x16_avxvnni, GEMM_PQS8_QC8W, right_static, static_row, run_static_row)
