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
    bool direct; /* rows as they are */
    problem p;
    const char *left;
    char *packed_left, *right, *out;
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
                                    .direct = b->direct,
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

static bool in_place(const bench *b) { return b->direct || b->kernel->lhs == NULL; }

static void pack_left(const bench *b) {
    for (size_t m = 0; m < b->p.m && !in_place(b); m += b->rows) {
        b->kernel->lhs->pack(&b->p.lhs, m, min_size(b->rows, b->p.m - m),
                             b->packed_left + m / b->rows * b->left_panel);
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

static int compare_times(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of one call: the median of at least 3 repetitions, which take `seconds` in all. */
static double median(void (*work)(const bench *), const bench *b, double seconds) {
    enum { REPETITIONS = 1000 };
    const uint64_t begin = busy_now(), limit = (uint64_t)(seconds * 1e9);
    double times[REPETITIONS];
    uint64_t calls = 1;
    size_t count = 0;
    while (count < REPETITIONS && (count < 3 || busy_now() - begin < limit)) {
        const uint64_t start = busy_now();
        for (uint64_t c = 0; c < calls; c++) work(b);
        const uint64_t elapsed = busy_now() - start;
        if (elapsed < 20000) { /* too short to time well */
            calls *= 2;
        } else {
            times[count++] = (double)elapsed * 1e-9 / (double)calls;
        }
    }
    qsort(times, count, sizeof *times, compare_times);
    return times[count / 2];
}

static void print_row(const bench_options *o, const bench *b, double peak, double run, double right, double left) {
    static bool first = true;
    static const char *const formats[] = {
        [FORMAT_TABLE] = "%-40s %-7s%5zu %5zu %5zu %10.2f %9.1f %7.1f %10.1f %10.2f %10.2f\n",
        [FORMAT_TSV] = "%s\t%s\t%zu\t%zu\t%zu\t%.3f\t%.2f\t%.2f\t%.2f\t%.3f\t%.3f\n",
        [FORMAT_JSON] =
            "{\"name\": \"%s\", \"left\": \"%s\", \"m\": %zu, \"k\": %zu, \"n\": %zu, \"us\": %.3f, \"gops\": %.2f, "
            "\"peak_percent\": %.2f, \"weights_gbps\": %.2f, \"pack_right_gbps\": %.3f, "
            "\"pack_left_gbps\": %.3f}"};
    const problem *p = &b->p;
    if (first && o->format == FORMAT_TABLE) {
        printf("%-40s %-7s%5s %5s %5s %10s %9s %7s %10s %10s %10s\n", "kernel", "left", "M", "K", "N", "us", "GOP/s",
               "% peak", "right GB/s", "packR GB/s", "packL GB/s");
    } else if (first && o->format == FORMAT_TSV) {
        printf("name\tleft\tm\tk\tn\tus\tgops\tpeak_percent\tweights_gbps\tpack_right_gbps\tpack_left_gbps\n");
    } else if (o->format == FORMAT_JSON) {
        printf("%s", first ? "[" : ",\n ");
    }
    first = false;
    static const double sizes[] = {[GEMM_F32] = 4, [GEMM_F16] = 2, [GEMM_I8] = 1, [GEMM_I4] = 0.5};
    const double gops = 2e-9 * (double)p->m * (double)p->n * (double)p->k / run;
    const double right_bytes = (double)p->n * (double)p->k * sizes[p->rhs.type];
    const double left_bytes = (double)p->m * (double)p->k * sizes[p->lhs.type];
    printf(formats[o->format], b->kernel->name, in_place(b) ? "direct" : "packed", p->m, p->k, p->n, run * 1e6, gops,
           100e9 * gops / peak, 1e-9 * (double)divide_up(p->n, b->kernel->nr) * (double)b->right_panel / run,
           1e-9 * right_bytes / right, in_place(b) ? 0.0 : 1e-9 * left_bytes / left);
    fflush(stdout);
}

static bool worth_measuring(const gemm_kernel *kernel, const shape *s) {
    if (kernel->variant == GEMM_QP8_F32_QB4W && s->k % 32) return false;
    if (!kernel->needs) return (double)s->m * (double)s->n * (double)s->k < 4e7; /* slow ones */
    return (kernel->mr == 1) == (s->m == 1);                                     /* one row is the gemv's */
}

static void bench_shape(const bench_options *o, const gemm_kernel *kernel, bool direct, const shape *s, double peak) {
    random_state random = {1};
    bench b = {.kernel = kernel, .direct = direct, .rows = gemm_even_rows(s->m, kernel->mr)};
    problem_make(&b.p, kernel, s->m, s->n, s->k, 32, true, &random);
    b.left_panel = in_place(&b) ? b.rows * b.p.lhs.row_stride : kernel->lhs->panel_size(s->k);
    b.right_panel = kernel->rhs->panel_size(s->k, b.p.rhs.block);
    b.panels_per_chunk = max_size(1, cpu_cache_bytes(2) / 2 / b.right_panel);
    char *packed = aligned_alloc(64, round_up(divide_up(s->m, b.rows) * b.left_panel, 64));
    b.left = in_place(&b) ? b.p.lhs.data : packed;
    b.right = aligned_alloc(64, divide_up(s->n, kernel->nr) * b.right_panel);
    b.out = aligned_alloc(64, round_up(s->m * s->n * 4, 64));
    b.packed_left = packed;
    const double right = median(pack_right, &b, o->seconds / 4);
    const double left = in_place(&b) ? 0 : median(pack_left, &b, o->seconds / 4);
    const double run = median(multiply, &b, o->seconds);
    print_row(o, &b, peak, run, right, left);
    free(packed);
    free(b.right);
    free(b.out);
}

static void bench_kernel(const bench_options *o, const gemm_kernel *kernel, double peak) {
    const int ways = kernel->store && kernel->variant == GEMM_PF32 ? 2 : 1; /* others want their rows stored anew */
    for (int direct = 0; direct < ways; direct++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            if (worth_measuring(kernel, &shapes[s])) bench_shape(o, kernel, direct, &shapes[s], peak);
        }
    }
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
        bench_kernel(o, kernel, last_peak[kind]);
    }
    if (o->format == FORMAT_JSON) printf("]\n");
    return 0;
}
