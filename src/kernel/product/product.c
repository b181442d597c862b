/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/product/product.h"

product_function *const *const product_kernels[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(product_avx512), [KERNEL_AVX2] = KERNEL_X86(product_avx2),
    [KERNEL_NEON] = KERNEL_ARM(product_neon),     [KERNEL_C] = product_c,
    [KERNEL_REFERENCE] = product_reference,
};

kernel_names product_names[PRODUCT_KINDS] = {
    [PRODUCT_ROWS] = KERNEL_NAMES("product_rows_f32"),
    [PRODUCT_DOTS] = KERNEL_NAMES("product_dots_f32"),
};
