/* SPDX-License-Identifier: Apache-2.0
 *
 * Does one piece of a kernel's work a number of times, for counting its instructions: what a second time adds.
 *
 *   kernel NAME M N K multiply|left|right TIMES      (int4 weights with block scales: blocks of 32)
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "check_problem.h"

typedef struct work {
    const gemm_kernel *kernel;
    problem p;
    char *left, *right, *out;
    size_t left_panel, right_panel;
} work;

static void pack_left(const work *w) {
    const size_t mr = w->kernel->mr;
    for (size_t m = 0; m < w->p.m && w->kernel->lhs; m += mr) {
        w->kernel->lhs->pack(&w->p.lhs, m, min_size(mr, w->p.m - m), w->left + m / mr * w->left_panel);
    }
}

static void pack_right(const work *w) {
    w->kernel->rhs->pack(&w->p.rhs, 0, divide_up(w->p.n, w->kernel->nr), w->right);
}

static void multiply(const work *w) {
    const size_t mr = w->kernel->mr, stride = w->p.n * output_size(w->p.variant);
    const char *rows = w->kernel->lhs ? w->left : w->p.lhs.data;
    for (size_t m = 0; m < w->p.m; m += mr) {
        const gemm_tile tile = {.m = min_size(mr, w->p.m - m),
                                .n = w->p.n,
                                .k = w->p.k,
                                .block = w->p.rhs.block,
                                .lhs = rows + m / mr * w->left_panel,
                                .lhs_stride = w->p.lhs.row_stride,
                                .rhs = w->right,
                                .out = w->out + m * stride,
                                .out_stride = stride,
                                .min = w->p.min,
                                .max = w->p.max,
                                .qmin = -128,
                                .qmax = 127};
        w->kernel->run(&tile);
    }
}

static const gemm_kernel *find(const char *name) {
    for (size_t i = 0; i < gemm_kernel_count; i++) {
        if (strcmp(gemm_kernels[i]->name, name) == 0) return gemm_kernels[i];
    }
    return NULL;
}

int main(int argc, char **argv) {
    const gemm_kernel *kernel = argc == 7 ? find(argv[1]) : NULL;
    if (kernel == NULL || kernel->needs & ~cpu_detect()) return 2;
    const size_t m = strtoull(argv[2], NULL, 10), n = strtoull(argv[3], NULL, 10), k = strtoull(argv[4], NULL, 10);
    const size_t times = strtoull(argv[6], NULL, 10), tiles = divide_up(m, kernel->mr);
    random_state random = {1};
    work w = {.kernel = kernel};
    problem_make(&w.p, kernel, m, n, k, 32, true, &random);
    w.left_panel = kernel->lhs ? kernel->lhs->panel_size(k) : w.p.lhs.row_stride;
    w.right_panel = kernel->rhs->panel_size(k, w.p.rhs.block);
    w.left = aligned_alloc(MEMORY_ALIGNMENT, round_up(tiles * w.left_panel, MEMORY_ALIGNMENT));
    w.right = aligned_alloc(MEMORY_ALIGNMENT, divide_up(n, kernel->nr) * w.right_panel);
    w.out = aligned_alloc(MEMORY_ALIGNMENT, round_up(m * n * sizeof(float), MEMORY_ALIGNMENT));

    const char *what = argv[5];
    for (size_t i = 0; i < (strcmp(what, "left") ? 1 : times); i++) pack_left(&w);
    for (size_t i = 0; i < (strcmp(what, "right") ? 1 : times); i++) pack_right(&w);
    for (size_t i = 0; i < (strcmp(what, "multiply") ? 1 : times); i++) multiply(&w);
    return 0;
}
