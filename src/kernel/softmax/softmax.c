/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/softmax/softmax.h"

const softmax_kernels *const softmax_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&softmax_avx512), [KERNEL_AVX2] = KERNEL_X86(&softmax_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&softmax_neon),     [KERNEL_C] = &softmax_c,
    [KERNEL_REFERENCE] = &softmax_reference,
};

kernel_names softmax_names = KERNEL_NAMES("softmax_f32");
