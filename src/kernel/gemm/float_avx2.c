/* SPDX-License-Identifier: Apache-2.0
 *
 * PF32 and PF16 with AVX2, FMA and F16C.
 */
#include "kernel/gemm/simd_avx2.h"

#include "kernel/gemm/float_kernels.h"

static const gemm_rhs_packing right_f16 = {"f16", COLUMNS, 1, right_size_f16, pack_right_f16};

#define NEEDS CPU_AVX2
#define GEMM(symbol, variant, right, run, store)                                                                     \
    const gemm_kernel symbol = {#symbol,  variant,     NEEDS, ROWS,  COLUMNS,      1,                                \
                                &(right), &left_panel, run,   store, sizeof(float)};
#define GEMV(symbol, variant, right, left, run)                                                                      \
    const gemm_kernel symbol = {#symbol, variant, NEEDS, 1, COLUMNS, 1, &(right), left, run, NULL, 0};
GEMM(pf32_gemm_6x16_avx2, GEMM_PF32, right_f32, run_f32, store_f32)
GEMV(pf32_gemv_1x16_avx2, GEMM_PF32, right_f32, NULL, run_row_f32)
GEMM(pf16_gemm_6x16_avx2, GEMM_PF16, right_f16, run_f16, store_f16)
GEMV(pf16_gemv_1x16_avx2, GEMM_PF16, right_f16, &left_row, run_row_f16)
