/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of x86-64, best first within a variant: symbol (which is the name), variant, needs, mr, nr, kr. This list
 * exists in every build; the kernels behind it only where they can run.
 */
#ifndef KERNEL_GEMM_X86_H
#define KERNEL_GEMM_X86_H

#define GEMM_AVXVNNI (CPU_AVX2 | CPU_AVXVNNI)
#define GEMM_AVX512 (CPU_AVX2 | CPU_AVX512)
#define GEMM_AVX512VNNI (CPU_AVX2 | CPU_AVX512 | CPU_AVX512VNNI)
#define GEMM_AVX512FP16 (CPU_AVX2 | CPU_AVX512 | CPU_AVX512FP16)

#define GEMM_ROWS_X86(ROW)                                                                                           \
    ROW(pf32_gemm_14x32_avx512, GEMM_PF32, GEMM_AVX512, 14, 32, 1)                                                   \
    ROW(pf32_gemv_1x32_avx512, GEMM_PF32, GEMM_AVX512, 1, 32, 1)                                                     \
    ROW(pf32_gemm_6x16_avx2, GEMM_PF32, CPU_AVX2, 6, 16, 1)                                                          \
    ROW(pf32_gemv_1x16_avx2, GEMM_PF32, CPU_AVX2, 1, 16, 1)                                                          \
    ROW(pf16_gemm_14x32_avx512fp16, GEMM_PF16, GEMM_AVX512FP16, 14, 32, 1)                                           \
    ROW(pf16_gemv_1x32_avx512fp16, GEMM_PF16, GEMM_AVX512FP16, 1, 32, 1)                                             \
    ROW(pf16_gemm_14x32_avx512, GEMM_PF16, GEMM_AVX512, 14, 32, 1)                                                   \
    ROW(pf16_gemv_1x32_avx512, GEMM_PF16, GEMM_AVX512, 1, 32, 1)                                                     \
    ROW(pf16_gemm_6x16_avx2, GEMM_PF16, CPU_AVX2, 6, 16, 1)                                                          \
    ROW(pf16_gemv_1x16_avx2, GEMM_PF16, CPU_AVX2, 1, 16, 1)                                                          \
    ROW(qp8_f32_qc8w_gemm_14x32_avx512vnni, GEMM_QP8_F32_QC8W, GEMM_AVX512VNNI, 14, 32, 4)                           \
    ROW(qp8_f32_qc8w_gemv_1x32_avx512vnni, GEMM_QP8_F32_QC8W, GEMM_AVX512VNNI, 1, 32, 4)                             \
    ROW(qp8_f32_qc8w_gemm_14x32_avx512, GEMM_QP8_F32_QC8W, GEMM_AVX512, 14, 32, 2)                                   \
    ROW(qp8_f32_qc8w_gemv_1x32_avx512, GEMM_QP8_F32_QC8W, GEMM_AVX512, 1, 32, 2)                                     \
    ROW(qp8_f32_qc8w_gemm_6x16_avxvnni, GEMM_QP8_F32_QC8W, GEMM_AVXVNNI, 6, 16, 4)                                   \
    ROW(qp8_f32_qc8w_gemv_1x16_avxvnni, GEMM_QP8_F32_QC8W, GEMM_AVXVNNI, 1, 16, 4)                                   \
    ROW(qp8_f32_qc8w_gemm_6x16_avx2, GEMM_QP8_F32_QC8W, CPU_AVX2, 6, 16, 2)                                          \
    ROW(qp8_f32_qc8w_gemv_1x16_avx2, GEMM_QP8_F32_QC8W, CPU_AVX2, 1, 16, 2)                                          \
    ROW(qp8_f32_qc4w_gemm_14x32_avx512vnni, GEMM_QP8_F32_QC4W, GEMM_AVX512VNNI, 14, 32, 4)                           \
    ROW(qp8_f32_qc4w_gemv_1x32_avx512vnni, GEMM_QP8_F32_QC4W, GEMM_AVX512VNNI, 1, 32, 4)                             \
    ROW(qp8_f32_qc4w_gemm_14x32_avx512, GEMM_QP8_F32_QC4W, GEMM_AVX512, 14, 32, 2)                                   \
    ROW(qp8_f32_qc4w_gemv_1x32_avx512, GEMM_QP8_F32_QC4W, GEMM_AVX512, 1, 32, 2)                                     \
    ROW(qp8_f32_qc4w_gemm_6x16_avxvnni, GEMM_QP8_F32_QC4W, GEMM_AVXVNNI, 6, 16, 4)                                   \
    ROW(qp8_f32_qc4w_gemv_1x16_avxvnni, GEMM_QP8_F32_QC4W, GEMM_AVXVNNI, 1, 16, 4)                                   \
    ROW(qp8_f32_qc4w_gemm_6x16_avx2, GEMM_QP8_F32_QC4W, CPU_AVX2, 6, 16, 2)                                          \
    ROW(qp8_f32_qc4w_gemv_1x16_avx2, GEMM_QP8_F32_QC4W, CPU_AVX2, 1, 16, 2)                                          \
    ROW(qp8_f32_qb4w_gemm_14x32_avx512vnni, GEMM_QP8_F32_QB4W, GEMM_AVX512VNNI, 14, 32, 4)                           \
    ROW(qp8_f32_qb4w_gemv_1x32_avx512vnni, GEMM_QP8_F32_QB4W, GEMM_AVX512VNNI, 1, 32, 4)                             \
    ROW(qp8_f32_qb4w_gemm_14x32_avx512, GEMM_QP8_F32_QB4W, GEMM_AVX512, 14, 32, 2)                                   \
    ROW(qp8_f32_qb4w_gemv_1x32_avx512, GEMM_QP8_F32_QB4W, GEMM_AVX512, 1, 32, 2)                                     \
    ROW(qp8_f32_qb4w_gemm_6x16_avxvnni, GEMM_QP8_F32_QB4W, GEMM_AVXVNNI, 6, 16, 4)                                   \
    ROW(qp8_f32_qb4w_gemv_1x16_avxvnni, GEMM_QP8_F32_QB4W, GEMM_AVXVNNI, 1, 16, 4)                                   \
    ROW(qp8_f32_qb4w_gemm_6x16_avx2, GEMM_QP8_F32_QB4W, CPU_AVX2, 6, 16, 2)                                          \
    ROW(qp8_f32_qb4w_gemv_1x16_avx2, GEMM_QP8_F32_QB4W, CPU_AVX2, 1, 16, 2)                                          \
    ROW(pqs8_qc8w_gemm_14x32_avx512vnni, GEMM_PQS8_QC8W, GEMM_AVX512VNNI, 14, 32, 4)                                 \
    ROW(pqs8_qc8w_gemv_1x32_avx512vnni, GEMM_PQS8_QC8W, GEMM_AVX512VNNI, 1, 32, 4)                                   \
    ROW(pqs8_qc8w_gemm_14x32_avx512, GEMM_PQS8_QC8W, GEMM_AVX512, 14, 32, 2)                                         \
    ROW(pqs8_qc8w_gemv_1x32_avx512, GEMM_PQS8_QC8W, GEMM_AVX512, 1, 32, 2)                                           \
    ROW(pqs8_qc8w_gemm_6x16_avxvnni, GEMM_PQS8_QC8W, GEMM_AVXVNNI, 6, 16, 4)                                         \
    ROW(pqs8_qc8w_gemv_1x16_avxvnni, GEMM_PQS8_QC8W, GEMM_AVXVNNI, 1, 16, 4)                                         \
    ROW(pqs8_qc8w_gemm_6x16_avx2, GEMM_PQS8_QC8W, CPU_AVX2, 6, 16, 2)                                                \
    ROW(pqs8_qc8w_gemv_1x16_avx2, GEMM_PQS8_QC8W, CPU_AVX2, 1, 16, 2)

#endif
