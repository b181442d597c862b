/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/winograd/winograd.h"

const winograd_kernels *const winograd_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&winograd_avx512), [KERNEL_AVX2] = KERNEL_X86(&winograd_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&winograd_neon),     [KERNEL_C] = &winograd_c,
    [KERNEL_REFERENCE] = &winograd_reference,
};

kernel_names winograd_names = KERNEL_NAMES("winograd_2x2_3x3_f32");

/* G of one row or column: g0, (g0 + g1 + g2) / 2, (g0 − g1 + g2) / 2, g2. */
static void expand(float g0, float g1, float g2, float out[4]) {
    out[0] = g0;
    out[1] = 0.5f * (g0 + g2 + g1);
    out[2] = 0.5f * (g0 + g2 - g1);
    out[3] = g2;
}

void winograd_filter(const float *filter, size_t channels, float *out, size_t plane) {
    for (size_t c = 0; c < channels; c++) {
        float rows[3][4];
        for (size_t y = 0; y < 3; y++) {
            const float *const g = filter + 3 * y * channels + c;
            expand(g[0], g[channels], g[2 * channels], rows[y]);
        }
        for (size_t x = 0; x < 4; x++) {
            float column[4];
            expand(rows[0][x], rows[1][x], rows[2][x], column);
            for (size_t y = 0; y < 4; y++) out[(4 * y + x) * plane + c] = column[y];
        }
    }
}
