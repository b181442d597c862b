/* SPDX-License-Identifier: Apache-2.0
 *
 * Versions of the kernels outside the GEMM table: one for each instruction set, in families that are complete. A
 * family has an array of its versions; which one runs is a choice over names and features, for any CPU.
 */
#ifndef KERNEL_VERSION_H
#define KERNEL_VERSION_H

#include "base/cpu.h"

/* Best first within an architecture; every family ends with the portable version and the reference. */
typedef enum kernel_version {
    KERNEL_AVX512VNNI,
    KERNEL_AVX512,
    KERNEL_AVXVNNI,
    KERNEL_AVX2,
    KERNEL_NEON,
    KERNEL_C,
    KERNEL_REFERENCE,
    KERNEL_VERSIONS
} kernel_version;

/* The names of one kernel's versions, of all architectures; NULL where there is none. */
typedef const char *const kernel_names[KERNEL_VERSIONS];
#define KERNEL_NAMES(stem)                                                                                           \
    {[KERNEL_AVX512] = stem "_avx512",                                                                               \
     [KERNEL_AVX2] = stem "_avx2",                                                                                   \
     [KERNEL_NEON] = stem "_neon",                                                                                   \
     [KERNEL_C] = stem "_c",                                                                                         \
     [KERNEL_REFERENCE] = stem "_reference"}

/* What this build has: an entry of another architecture is NULL. */
#if defined(__x86_64__)
#define KERNEL_X86(entry) (entry)
#define KERNEL_ARM(entry) NULL
#elif defined(__aarch64__)
#define KERNEL_X86(entry) NULL
#define KERNEL_ARM(entry) (entry)
#else
#define KERNEL_X86(entry) NULL
#define KERNEL_ARM(entry) NULL
#endif

extern const cpu_features kernel_version_needs[KERNEL_VERSIONS];

/* The first version that there is and that `features` allow; the portable or the reference one at these levels. */
kernel_version kernel_version_select(const char *const *names, cpu_features features, mica_kernels level);

#endif
