/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/norm/norm.h"

const norm_kernels *const norm_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&norm_avx512), [KERNEL_AVX2] = KERNEL_X86(&norm_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&norm_neon),     [KERNEL_C] = &norm_c,
    [KERNEL_REFERENCE] = &norm_reference,
};

kernel_names norm_names = KERNEL_NAMES("norm_f32");
