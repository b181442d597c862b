/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/planar/planar.h"

const planar_kernels *const planar_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&planar_avx512), [KERNEL_AVX2] = KERNEL_X86(&planar_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&planar_neon),     [KERNEL_C] = &planar_c,
    [KERNEL_REFERENCE] = &planar_reference,
};

kernel_names planar_spread_names = KERNEL_NAMES("planar_spread_f32");
kernel_names planar_depthwise_names = KERNEL_NAMES("planar_dwconv_f32");
kernel_names planar_columns_names = KERNEL_NAMES("planar_columns_f32");
