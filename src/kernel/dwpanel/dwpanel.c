/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/dwpanel/dwpanel.h"

const dwpanel_kernel *const dwpanel_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&dwpanel_avx512),
    [KERNEL_AVX2] = KERNEL_X86(&dwpanel_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&dwpanel_neon),
    [KERNEL_C] = &dwpanel_c,
};

kernel_names dwpanel_names = {
    [KERNEL_AVX512] = "dwpanel_f32_avx512",
    [KERNEL_AVX2] = "dwpanel_f32_avx2",
    [KERNEL_NEON] = "dwpanel_f32_neon",
    [KERNEL_C] = "dwpanel_f32_c",
};

void dwpanel_reference(const dwpanel_call *call, size_t width) {
    for (size_t y = 0; y < call->rows; y++) {
        for (size_t x = 0; x < call->columns; x++) {
            for (size_t c = 0; c < call->channels; c++) {
                double sum = (double)call->weights[c];
                for (size_t t = 0; t < call->filter * call->filter; t++) {
                    const size_t row = y * call->stride + t / call->filter,
                                 column = x * call->stride + t % call->filter;
                    const float in = call->in[row * call->in_row + column * width + c];
                    sum += (double)in * (double)call->weights[(1 + t) * width + c];
                }
                const float real = (float)sum;
                call->out[y * call->out_row + x * call->out_pixel + c] = real < call->min   ? call->min
                                                                         : real > call->max ? call->max
                                                                                            : real;
            }
        }
    }
}
