/* SPDX-License-Identifier: Apache-2.0
 *
 * Benchmark mode of the check harness: every kernel on one thread at shapes whose packed weights lie in each cache,
 * against the peak of the instructions that it may use. Multiplying, packing the right and packing the left operand
 * are timed apart; of several repetitions the fastest counts.
 */
#include "check_problem.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "kernel/peak/peak.h"

typedef struct shape {
    size_t m, k, n;
} shape;

static const shape shapes[] = {
    {1, 256, 256},  {1, 1024, 1024}, {1, 4096, 4096}, {4, 1024, 1024},   {8, 1024, 1024},
    {32, 256, 256}, {33, 129, 257},  {128, 64, 64},   {128, 1024, 1024}, {256, 768, 3072},
};

typedef struct bench {
    const gemm_kernel *kernel;
    problem p;
    char *left, *right, *out;
    size_t left_panel, right_panel, rows, panels_per_chunk;
} bench;

/* As an operator would: a chunk of right panels that stays in the second cache, then all rows over it. */
static void multiply(const bench *b) {
    const problem *p = &b->p;
    const size_t nr = b->kernel->nr, width = output_size(p->variant), chunk = b->panels_per_chunk * nr;
    for (size_t n = 0; n < p->n; n += chunk) {
        for (size_t m = 0; m < p->m; m += b->rows) {
            const gemm_tile tile = {.m = min_size(b->rows, p->m - m),
                                    .n = min_size(chunk, p->n - n),
                                    .k = p->k,
                                    .block = p->rhs.block,
                                    .lhs = b->left + m / b->rows * b->left_panel,
                                    .lhs_stride = p->lhs.row_stride,
                                    .rhs = b->right + n / nr * b->right_panel,
                                    .out = b->out + (m * p->n + n) * width,
                                    .out_stride = p->n * width,
                                    .min = p->min,
                                    .max = p->max,
                                    .qmin = -128,
                                    .qmax = 127};
            b->kernel->run(&tile);
        }
    }
}

static void pack_left(const bench *b) {
    for (size_t m = 0; m < b->p.m && b->kernel->lhs; m += b->rows) {
        b->kernel->lhs->pack(&b->p.lhs, m, min_size(b->rows, b->p.m - m), b->left + m / b->rows * b->left_panel);
    }
}

static void pack_right(const bench *b) {
    b->kernel->rhs->pack(&b->p.rhs, 0, divide_up(b->p.n, b->kernel->nr), b->right);
}

/* Processor time of this thread in nanoseconds: a busy machine disturbs it less than the clock on the wall. */
static uint64_t busy_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Seconds of one call: the fastest of repetitions that take `seconds` in all, 3 at least. */
static double fastest(void (*work)(const bench *), const bench *b, double seconds) {
    const uint64_t begin = busy_now(), limit = (uint64_t)(seconds * 1e9);
    uint64_t calls = 1;
    double best = 1e30;
    for (size_t i = 0; i < 3 || busy_now() - begin < limit; i++) {
        const uint64_t start = busy_now();
        for (uint64_t c = 0; c < calls; c++) work(b);
        const uint64_t elapsed = busy_now() - start;
        const double each = (double)elapsed * 1e-9 / (double)calls;
        if (each < best) best = each;
        if (elapsed < 20000) calls *= 2; /* too short to time well */
    }
    return best;
}

static void print_row(const bench_options *o, const bench *b, double peak, double run, double right, double left) {
    static bool first = true;
    static const char *const formats[] = {
        [FORMAT_TABLE] = "%-40s %5zu %5zu %5zu %10.2f %9.1f %7.1f %10.1f %10.2f %10.2f\n",
        [FORMAT_TSV] = "%s\t%zu\t%zu\t%zu\t%.3f\t%.2f\t%.2f\t%.2f\t%.3f\t%.3f\n",
        [FORMAT_JSON] = "{\"name\": \"%s\", \"m\": %zu, \"k\": %zu, \"n\": %zu, \"us\": %.3f, \"gops\": %.2f, "
                        "\"peak_percent\": %.2f, \"weights_gbps\": %.2f, \"pack_right_gbps\": %.3f, "
                        "\"pack_left_gbps\": %.3f}"};
    const problem *p = &b->p;
    if (first && o->format == FORMAT_TABLE) {
        printf("%-40s %5s %5s %5s %10s %9s %7s %10s %10s %10s\n", "kernel", "M", "K", "N", "us", "GOP/s", "% peak",
               "right GB/s", "packR GB/s", "packL GB/s");
    } else if (first && o->format == FORMAT_TSV) {
        printf("name\tm\tk\tn\tus\tgops\tpeak_percent\tweights_gbps\tpack_right_gbps\tpack_left_gbps\n");
    } else if (o->format == FORMAT_JSON) {
        printf("%s", first ? "[" : ",\n ");
    }
    first = false;
    static const double sizes[] = {[GEMM_F32] = 4, [GEMM_F16] = 2, [GEMM_I8] = 1, [GEMM_I4] = 0.5};
    const double gops = 2e-9 * (double)p->m * (double)p->n * (double)p->k / run;
    const double right_bytes = (double)p->n * (double)p->k * sizes[p->rhs.type];
    const double left_bytes = (double)p->m * (double)p->k * sizes[p->lhs.type];
    printf(formats[o->format], b->kernel->name, p->m, p->k, p->n, run * 1e6, gops, 100e9 * gops / peak,
           1e-9 * (double)divide_up(p->n, b->kernel->nr) * (double)b->right_panel / run, 1e-9 * right_bytes / right,
           b->kernel->lhs ? 1e-9 * left_bytes / left : 0.0);
    fflush(stdout);
}

static void bench_shape(const bench_options *o, const gemm_kernel *kernel, const shape *s, double peak) {
    if (kernel->mr > 1 && s->m == 1 && kernel->needs) return; /* a gemv does it */
    if (kernel->mr == 1 && s->m > 1 && kernel->needs) return;
    if (!kernel->needs && (double)s->m * (double)s->n * (double)s->k > 4e7) return; /* slow ones */
    random_state random = {1};
    bench b = {.kernel = kernel};
    if (kernel->variant == GEMM_QP8_F32_QB4W && s->k % 32) return;
    problem_make(&b.p, kernel, s->m, s->n, s->k, 32, true, &random);
    b.rows = gemm_even_rows(s->m, kernel->mr);
    b.left_panel = kernel->lhs ? kernel->lhs->panel_size(s->k) : b.rows * b.p.lhs.row_stride;
    b.right_panel = kernel->rhs->panel_size(s->k, b.p.rhs.block);
    b.panels_per_chunk = max_size(1, cpu_cache_bytes(2) / 2 / b.right_panel);
    if (kernel->lhs) b.left = aligned_alloc(64, divide_up(s->m, b.rows) * b.left_panel + 64);
    b.right = aligned_alloc(64, divide_up(s->n, kernel->nr) * b.right_panel);
    b.out = aligned_alloc(64, round_up(s->m * s->n * 4, 64));
    if (kernel->lhs == NULL) memcpy(&b.left, &b.p.lhs.data, sizeof b.left);
    const double right = fastest(pack_right, &b, o->seconds / 4);
    const double left = fastest(pack_left, &b, o->seconds / 4);
    const double run = fastest(multiply, &b, o->seconds);
    print_row(o, &b, peak, run, right, left);
    if (kernel->lhs) free(b.left);
    free(b.right);
    free(b.out);
}

int bench_kernels(const bench_options *o) {
    double last_peak[PEAK_KINDS] = {0};
    cpu_features last[PEAK_KINDS] = {~(cpu_features)0, ~(cpu_features)0};
    for (size_t i = 0; i < gemm_kernel_count; i++) {
        const gemm_kernel *kernel = gemm_kernels[i];
        if (kernel->needs & ~o->features || !name_matches(kernel->name, o->filter)) continue;
        const peak_kind kind = kernel->variant <= GEMM_PF16 ? PEAK_F32 : PEAK_I8;
        if (last[kind] != kernel->needs) last_peak[kind] = peak_operations(kind, kernel->needs);
        last[kind] = kernel->needs;
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            bench_shape(o, kernel, &shapes[s], last_peak[kind]);
    }
    if (o->format == FORMAT_JSON) printf("]\n");
    return 0;
}
