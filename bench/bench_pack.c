/* SPDX-License-Identifier: Apache-2.0
 *
 * Packing of weights: source bytes per second for each layout that a kernel of this CPU reads, beside a plain copy of
 * as many bytes. Arguments: columns and depth (default 2048 2048). Sources lie column by column ("n") or, where a
 * kernel takes it, row by row ("k").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kernel/gemm/gemm.h"

#define ROUNDS 7

static size_t source_bytes(gemm_type type, size_t count) {
    return type == GEMM_F32 ? count * 4 : type == GEMM_F16 ? count * 2 : type == GEMM_I8 ? count : count / 2;
}

static double copy_seconds(const void *source, void *packed, size_t bytes) {
    double best = 1e9;
    for (size_t round = 0; round < ROUNDS; round++) {
        const uint64_t start = clock_now();
        memcpy(packed, source, bytes);
        const double seconds = (double)(clock_now() - start) * 1e-9;
        best = seconds < best ? seconds : best;
    }
    return best;
}

static void measure(const gemm_kernel *kernel, gemm_rhs rhs, const char *order, void *packed) {
    const size_t panels = divide_up(rhs.n, kernel->rhs->nr), bytes = source_bytes(rhs.type, rhs.n * rhs.k);
    double best = 1e9;
    for (size_t round = 0; round < ROUNDS; round++) {
        const uint64_t start = clock_now();
        kernel->rhs->pack(&rhs, 0, panels, packed);
        const double seconds = (double)(clock_now() - start) * 1e-9;
        best = seconds < best ? seconds : best;
    }
    printf("%-36s %s %8.2f GB/s  copy %6.2f GB/s\n", kernel->name, order, (double)bytes / best * 1e-9,
           (double)bytes / copy_seconds(rhs.data, packed, bytes) * 1e-9);
}

int main(int argc, char **argv) {
    static const gemm_type types[GEMM_VARIANTS] = {GEMM_F32, GEMM_F16, GEMM_I8, GEMM_I4, GEMM_I4, GEMM_I8};
    const size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 2048, k = argc > 2 ? strtoul(argv[2], NULL, 10) : 2048;
    const size_t room = 8 * n * k + 65536 * n;
    void *source = NULL, *packed = NULL, *scales = NULL;
    if (posix_memalign(&source, 4096, room) || posix_memalign(&packed, 4096, room) ||
        posix_memalign(&scales, 4096, 8 * n * k)) {
        return 1;
    }
    memset(source, 1, room);
    memset(packed, 1, room);
    memset(scales, 0, 8 * n * k);
    for (size_t i = 0; i < gemm_kernel_count; i++) {
        const gemm_kernel *const kernel = gemm_kernels[i];
        if ((kernel->needs & ~cpu_detect()) || strstr(kernel->name, "gemv")) continue;
        gemm_rhs rhs = {
            .type = types[kernel->variant], .data = source, .n = n, .k = k, .k_stride = 1, .scale = scales};
        rhs.n_stride = rhs.type == GEMM_I4 ? k / 2 : k;
        if (kernel->variant == GEMM_QP8_F32_QB4W) {
            rhs.block = 32;
            rhs.block_scale = scales;
        }
        measure(kernel, rhs, "n", packed);
        if (rhs.type == GEMM_I4) continue;
        rhs.n_stride = 1;
        rhs.k_stride = n;
        measure(kernel, rhs, "k", packed);
    }
    return 0;
}
