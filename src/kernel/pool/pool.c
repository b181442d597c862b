/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/pool/pool.h"

const pool_kernels *const pool_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&pool_avx512), [KERNEL_AVX2] = KERNEL_X86(&pool_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&pool_neon),     [KERNEL_C] = &pool_c,
    [KERNEL_REFERENCE] = &pool_reference,
};

kernel_names maximum_names[POOL_TYPES] = {KERNEL_NAMES("maximum_f32"), KERNEL_NAMES("maximum_f16"),
                                          KERNEL_NAMES("maximum_i8")};
kernel_names average_names[POOL_TYPES] = {KERNEL_NAMES("average_f32"), KERNEL_NAMES("average_f16"),
                                          KERNEL_NAMES("average_i8")};
kernel_names largest_names[POOL_TYPES] = {KERNEL_NAMES("largest_f32"), KERNEL_NAMES("largest_f16")};
kernel_names blend_names[POOL_TYPES] = {KERNEL_NAMES("blend_f32"), KERNEL_NAMES("blend_f16"),
                                        KERNEL_NAMES("blend_i8")};
