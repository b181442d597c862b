/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/elementwise/elementwise.h"

elementwise_function *const *const elementwise_kernels[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(elementwise_avx512), [KERNEL_AVX2] = KERNEL_X86(elementwise_avx2),
    [KERNEL_NEON] = KERNEL_ARM(elementwise_neon),     [KERNEL_C] = elementwise_c,
    [KERNEL_REFERENCE] = elementwise_reference,
};

#define NAMES(enumerator, function, operands) [enumerator] = KERNEL_NAMES(#function),
kernel_names elementwise_names[ELEMENTWISE_COUNT] = {ELEMENTWISE_OPERATIONS(NAMES)};
