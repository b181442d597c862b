/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/quantize/quantize.h"

const quantize_kernels *const quantize_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&quantize_avx512), [KERNEL_AVX2] = KERNEL_X86(&quantize_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&quantize_neon),     [KERNEL_C] = &quantize_c,
    [KERNEL_REFERENCE] = &quantize_reference,
};

kernel_names f32_to_i8_names = KERNEL_NAMES("f32_to_i8");
kernel_names i8_to_f32_names = KERNEL_NAMES("i8_to_f32");
kernel_names f16_to_f32_names = KERNEL_NAMES("f16_to_f32");
kernel_names f32_to_f16_names = KERNEL_NAMES("f32_to_f16");
kernel_names add_i8_names = KERNEL_NAMES("add_i8");
kernel_names multiply_i8_names = KERNEL_NAMES("multiply_i8");

void map_i8(size_t count, const int8_t *in, int8_t *out, const int8_t table[256]) {
    for (size_t i = 0; i < count; i++) out[i] = table[in[i] + 128];
}
