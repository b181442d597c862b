/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/transpose/transpose.h"

#include <string.h>

transpose_function *const *const transpose_kernels[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(transpose_avx512),
    [KERNEL_AVX2] = KERNEL_X86(transpose_avx2),
    [KERNEL_C] = transpose_c,
    [KERNEL_REFERENCE] = transpose_reference,
};

#define NAMES(stem)                                                                                                  \
    {[KERNEL_AVX512] = stem "_avx512",                                                                               \
     [KERNEL_AVX2] = stem "_avx2",                                                                                   \
     [KERNEL_C] = stem "_c",                                                                                         \
     [KERNEL_REFERENCE] = stem "_reference"}
kernel_names transpose_names[TRANSPOSE_SIZES] = {
    [TRANSPOSE_X8] = NAMES("transpose_x8"),   [TRANSPOSE_X16] = NAMES("transpose_x16"),
    [TRANSPOSE_X32] = NAMES("transpose_x32"), [TRANSPOSE_X64] = NAMES("transpose_x64"),
    [TRANSPOSE_ANY] = NAMES("transpose_any"),
};

transpose_size transpose_size_of(size_t bytes) {
    switch (bytes) {
    case 1: return TRANSPOSE_X8;
    case 2: return TRANSPOSE_X16;
    case 4: return TRANSPOSE_X32;
    case 8: return TRANSPOSE_X64;
    default: return TRANSPOSE_ANY;
    }
}

void transpose_any(const transpose_call *call) {
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t c = 0; c < call->columns; c++) {
            memcpy((char *)call->out + c * call->out_stride + r * call->size,
                   (const char *)call->in + r * call->in_stride + c * call->size, call->size);
        }
    }
}

transpose_function *const transpose_reference[TRANSPOSE_SIZES] = {
    transpose_any, transpose_any, transpose_any, transpose_any, transpose_any,
};
