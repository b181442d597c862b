/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels of AVX512-FP16 take from those of AVX-512: weights packed alike, and the one-row form.
 */
#ifndef KERNEL_GEMM_FLOAT_AVX512_H
#define KERNEL_GEMM_FLOAT_AVX512_H

#include "kernel/gemm/gemm.h"

extern const gemm_rhs_packing float_right_f16_avx512; /* bias[32] f32, then [k][32] f16 */
extern const gemm_kernel pf16_gemv_1x32_avx512;

#endif
