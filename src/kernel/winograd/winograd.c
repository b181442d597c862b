/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/winograd/winograd.h"

#include <string.h>

const winograd_kernels *const winograd_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&winograd_avx512), [KERNEL_AVX2] = KERNEL_X86(&winograd_avx2),
    [KERNEL_NEON] = KERNEL_ARM(&winograd_neon),     [KERNEL_C] = &winograd_c,
    [KERNEL_REFERENCE] = &winograd_reference,
};

kernel_names winograd_names = KERNEL_NAMES("winograd_2x2_3x3_f32");

enum { BLOCK = 16 }; /* channels at a time: a loop that compilers take as vectors */

/* G of a row or column of three: g0, (g0 + g1 + g2) / 2, (g0 − g1 + g2) / 2, g2. */
static void expand(const float *g0, const float *g1, const float *g2, float *out, size_t step) {
    for (size_t c = 0; c < BLOCK; c++) {
        const float outer = g0[c] + g2[c];
        out[c] = g0[c];
        out[step + c] = 0.5f * (outer + g1[c]);
        out[2 * step + c] = 0.5f * (outer - g1[c]);
        out[3 * step + c] = g2[c];
    }
}

static void transform(const float *filter, size_t channels, float *out, size_t plane) {
    float rows[3][4][BLOCK];
    for (size_t y = 0; y < 3; y++) {
        const float *const g = filter + 3 * y * channels;
        expand(g, g + channels, g + 2 * channels, rows[y][0], BLOCK);
    }
    for (size_t x = 0; x < 4; x++) expand(rows[0][x], rows[1][x], rows[2][x], out + x * plane, 4 * plane);
}

void winograd_filter(const float *filter, size_t channels, float *out, size_t plane) {
    size_t c = 0;
    for (; c + BLOCK <= channels; c += BLOCK) transform(filter + c, channels, out + c, plane);
    if (c == channels) return;
    float taps[9][BLOCK] = {0}, planes[WINOGRAD_PLANES][BLOCK];
    const size_t size = (channels - c) * sizeof(float);
    for (size_t tap = 0; tap < 9; tap++) memcpy(taps[tap], filter + tap * channels + c, size);
    transform(taps[0], BLOCK, planes[0], BLOCK);
    for (size_t p = 0; p < WINOGRAD_PLANES; p++) memcpy(out + p * plane + c, planes[p], size);
}
