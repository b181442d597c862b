/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/dwconv/dwconv.h"

#include <string.h>

const dwconv_kernel *const dwconv_kernels[DWCONV_TYPES][KERNEL_VERSIONS] = {
    [DWCONV_F32] = {[KERNEL_AVX512] = KERNEL_X86(&dwconv_f32_avx512),
                    [KERNEL_AVX2] = KERNEL_X86(&dwconv_f32_avx2),
                    [KERNEL_NEON] = KERNEL_ARM(&dwconv_f32_neon),
                    [KERNEL_C] = &dwconv_f32_c,
                    [KERNEL_REFERENCE] = &dwconv_f32_reference},
    [DWCONV_F16] = {[KERNEL_AVX512] = KERNEL_X86(&dwconv_f16_avx512),
                    [KERNEL_AVX2] = KERNEL_X86(&dwconv_f16_avx2),
                    [KERNEL_NEON] = KERNEL_ARM(&dwconv_f16_neon),
                    [KERNEL_C] = &dwconv_f16_c,
                    [KERNEL_REFERENCE] = &dwconv_f16_reference},
    [DWCONV_I8] = {[KERNEL_AVX512VNNI] = KERNEL_X86(&dwconv_i8_avx512vnni),
                   [KERNEL_AVXVNNI] = KERNEL_X86(&dwconv_i8_avxvnni),
                   [KERNEL_AVX2] = KERNEL_X86(&dwconv_i8_avx2),
                   [KERNEL_NEON] = KERNEL_ARM(&dwconv_i8_neon),
                   [KERNEL_C] = &dwconv_i8_c,
                   [KERNEL_REFERENCE] = &dwconv_i8_reference},
};

kernel_names dwconv_names[DWCONV_TYPES] = {
    [DWCONV_F32] = KERNEL_NAMES("dwconv_f32"),
    [DWCONV_F16] = KERNEL_NAMES("dwconv_f16"),
    [DWCONV_I8] = {[KERNEL_AVX512VNNI] = "dwconv_i8_avx512vnni",
                   [KERNEL_AVXVNNI] = "dwconv_i8_avxvnni",
                   [KERNEL_AVX2] = "dwconv_i8_avx2",
                   [KERNEL_NEON] = "dwconv_i8_neon",
                   [KERNEL_C] = "dwconv_i8_c",
                   [KERNEL_REFERENCE] = "dwconv_i8_reference"},
};

size_t dwconv_rows_size(size_t channels, size_t tap_count) { return (tap_count + 1) * channels * sizeof(float); }

void dwconv_pack_rows(const dwconv_weights *weights, void *packed) {
    const size_t row = weights->channels * sizeof(float);
    memset(packed, 0, row);
    if (weights->bias) memcpy(packed, weights->bias, row);
    memcpy((char *)packed + row, weights->filter, weights->tap_count * row);
}

int32_t dwconv_folded_bias(const dwconv_weights *weights, size_t channel) {
    int64_t sum = 0;
    for (size_t t = 0; t < weights->tap_count; t++) sum += weights->filter_i8[t * weights->channels + channel];
    const int64_t bias = weights->bias_i32 ? weights->bias_i32[channel] : 0;
    return (int32_t)(uint32_t)(uint64_t)(bias - weights->zero_point * sum); /* wraps where the sum itself would */
}

size_t dwconv_rows_i8_size(size_t channels, size_t tap_count) {
    return channels * (sizeof(int32_t) + sizeof(float) + tap_count);
}

void dwconv_pack_rows_i8(const dwconv_weights *weights, void *packed) {
    const size_t channels = weights->channels;
    int32_t *const bias = packed;
    for (size_t c = 0; c < channels; c++) bias[c] = dwconv_folded_bias(weights, c);
    memcpy(bias + channels, weights->scale, channels * sizeof(float));
    memcpy(bias + 2 * channels, weights->filter_i8, weights->tap_count * channels);
}
