/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/version.h"

const cpu_features kernel_version_needs[KERNEL_VERSIONS] = {
    [KERNEL_AVX512VNNI] = CPU_AVX2 | CPU_AVX512 | CPU_AVX512VNNI,
    [KERNEL_AVX512] = CPU_AVX2 | CPU_AVX512,
    [KERNEL_AVXVNNI] = CPU_AVX2 | CPU_AVXVNNI,
    [KERNEL_AVX2] = CPU_AVX2,
    [KERNEL_NEON] = CPU_NEON,
};

kernel_version kernel_version_select(const char *const *names, cpu_features features, mica_kernels level) {
    if (level == MICA_KERNELS_REFERENCE) return KERNEL_REFERENCE;
    int version = level == MICA_KERNELS_STANDARD ? KERNEL_C : 0;
    while (!names[version] || (kernel_version_needs[version] & ~features)) version++;
    return (kernel_version)version;
}
