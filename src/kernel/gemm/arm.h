/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of AArch64, best first within a variant: symbol (which is the name), variant, needs, mr, nr, kr. This list
 * exists in every build; the kernels behind it only where they can run.
 */
#ifndef KERNEL_GEMM_ARM_H
#define KERNEL_GEMM_ARM_H

#define GEMM_ROWS_ARM(ROW)                                                                                           \
    ROW(pf32_gemm_12x8_neon, GEMM_PF32, CPU_NEON, 12, 8, 1)                                                          \
    ROW(pf32_gemv_1x8_neon, GEMM_PF32, CPU_NEON, 1, 8, 1)                                                            \
    ROW(pf16_gemm_12x8_neon, GEMM_PF16, CPU_NEON, 12, 8, 1)                                                          \
    ROW(pf16_gemv_1x8_neon, GEMM_PF16, CPU_NEON, 1, 8, 1)                                                            \
    ROW(qp8_f32_qc8w_gemm_12x8_i8mm, GEMM_QP8_F32_QC8W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 12, 8, 8)                 \
    ROW(qp8_f32_qc8w_gemv_1x8_i8mm, GEMM_QP8_F32_QC8W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 1, 8, 8)                   \
    ROW(qp8_f32_qc8w_gemm_12x8_dotprod, GEMM_QP8_F32_QC8W, CPU_NEON | CPU_DOTPROD, 12, 8, 4)                         \
    ROW(qp8_f32_qc8w_gemv_1x8_dotprod, GEMM_QP8_F32_QC8W, CPU_NEON | CPU_DOTPROD, 1, 8, 4)                           \
    ROW(qp8_f32_qc8w_gemm_8x8_neon, GEMM_QP8_F32_QC8W, CPU_NEON, 8, 8, 4)                                            \
    ROW(qp8_f32_qc8w_gemv_1x8_neon, GEMM_QP8_F32_QC8W, CPU_NEON, 1, 8, 4)                                            \
    ROW(qp8_f32_qc4w_gemm_12x8_i8mm, GEMM_QP8_F32_QC4W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 12, 8, 8)                 \
    ROW(qp8_f32_qc4w_gemv_1x8_i8mm, GEMM_QP8_F32_QC4W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 1, 8, 8)                   \
    ROW(qp8_f32_qc4w_gemm_12x8_dotprod, GEMM_QP8_F32_QC4W, CPU_NEON | CPU_DOTPROD, 12, 8, 4)                         \
    ROW(qp8_f32_qc4w_gemv_1x8_dotprod, GEMM_QP8_F32_QC4W, CPU_NEON | CPU_DOTPROD, 1, 8, 4)                           \
    ROW(qp8_f32_qc4w_gemm_8x8_neon, GEMM_QP8_F32_QC4W, CPU_NEON, 8, 8, 4)                                            \
    ROW(qp8_f32_qc4w_gemv_1x8_neon, GEMM_QP8_F32_QC4W, CPU_NEON, 1, 8, 4)                                            \
    ROW(qp8_f32_qb4w_gemm_12x8_i8mm, GEMM_QP8_F32_QB4W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 12, 8, 8)                 \
    ROW(qp8_f32_qb4w_gemv_1x8_i8mm, GEMM_QP8_F32_QB4W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 1, 8, 8)                   \
    ROW(qp8_f32_qb4w_gemm_12x8_dotprod, GEMM_QP8_F32_QB4W, CPU_NEON | CPU_DOTPROD, 12, 8, 4)                         \
    ROW(qp8_f32_qb4w_gemv_1x8_dotprod, GEMM_QP8_F32_QB4W, CPU_NEON | CPU_DOTPROD, 1, 8, 4)                           \
    ROW(qp8_f32_qb4w_gemm_8x8_neon, GEMM_QP8_F32_QB4W, CPU_NEON, 8, 8, 4)                                            \
    ROW(qp8_f32_qb4w_gemv_1x8_neon, GEMM_QP8_F32_QB4W, CPU_NEON, 1, 8, 4)                                            \
    ROW(pqs8_qc8w_gemm_12x8_i8mm, GEMM_PQS8_QC8W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 12, 8, 8)                       \
    ROW(pqs8_qc8w_gemv_1x8_i8mm, GEMM_PQS8_QC8W, CPU_NEON | CPU_DOTPROD | CPU_I8MM, 1, 8, 8)                         \
    ROW(pqs8_qc8w_gemm_12x8_dotprod, GEMM_PQS8_QC8W, CPU_NEON | CPU_DOTPROD, 12, 8, 4)                               \
    ROW(pqs8_qc8w_gemv_1x8_dotprod, GEMM_PQS8_QC8W, CPU_NEON | CPU_DOTPROD, 1, 8, 4)                                 \
    ROW(pqs8_qc8w_gemm_8x8_neon, GEMM_PQS8_QC8W, CPU_NEON, 8, 8, 4)                                                  \
    ROW(pqs8_qc8w_gemv_1x8_neon, GEMM_PQS8_QC8W, CPU_NEON, 1, 8, 4)

#endif
