/* SPDX-License-Identifier: Apache-2.0
 *
 * The limits of the machine, reached with the kernels that models run on: a tile whose operands fit the first cache for
 * arithmetic, one row times panels as large as half a level of memory for its bandwidth.
 */
#include "mica/measure.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/memory.h"
#include "kernel/gemm/gemm.h"
#include "profile/statistics.h"

#include <math.h>
#include <string.h>

#define DEFAULT_SECONDS 0.1
#define RUN_NS 20000               /* one timed run: long beside the clock, short beside an interruption */
#define DRAM_MAX ((size_t)1 << 29) /* bytes */

static const struct {
    const char *name;
    gemm_variant variant;
    unsigned level; /* of memory, from 1; 0: a limit of arithmetic */
} limits[MICA_LIMITS] = {
    [MICA_LIMIT_F32] = {"f32", GEMM_PF32, 0},
    [MICA_LIMIT_F16] = {"f16", GEMM_PF16, 0},
    [MICA_LIMIT_INT8] = {"int8", GEMM_QP8_F32_QC8W, 0},
    [MICA_LIMIT_L1] = {"L1", GEMM_PF32, 1},
    [MICA_LIMIT_L2] = {"L2", GEMM_PF32, 2},
    [MICA_LIMIT_L3] = {"L3", GEMM_PF32, 3},
    [MICA_LIMIT_DRAM] = {"DRAM", GEMM_PF32, 4},
};

/* One thread's work: the same call of a kernel, again and again. */
struct work {
    const gemm_kernel *kernel;
    gemm_tile tile;       /* its operands are thread 0's */
    size_t lhs, rhs, out; /* bytes of the operands, which follow each other */
    size_t repeats;
};

static size_t work_bytes(const struct work *work) { return work->lhs + work->rhs + work->out; }

static void run_work(void *argument, size_t index, size_t thread) {
    const struct work *const work = argument;
    const size_t offset = index * work_bytes(work);
    gemm_tile tile = work->tile;
    tile.lhs = (const char *)tile.lhs + offset;
    tile.rhs = (const char *)tile.rhs + offset;
    tile.out = (char *)tile.out + offset;
    (void)thread;
    for (size_t i = 0; i < work->repeats; i++) work->kernel->run(&tile);
}

static size_t panel_bytes(const gemm_kernel *kernel, size_t k) {
    return kernel->rhs->panel_size(k, 0) +
           (kernel->lhs ? kernel->lhs->panel_size(k) : kernel->mr * k * sizeof(float));
}

/* The level's share that the operands take: most of the first cache, half of the others, and more than there is cache. */
static size_t working_set(unsigned level) {
    if (level == 0) return cpu_cache_bytes(1) / 4 * 3;
    if (level <= 3) return cpu_cache_bytes(level) / 2;
    return min_size(4 * cpu_cache_bytes(3), DRAM_MAX);
}

static struct work plan(const mica_context *context, unsigned level, gemm_variant variant) {
    const size_t bytes = working_set(level);
    struct work work = {.kernel = gemm_select(variant, context->features, GEMM_AUTO, level ? 1 : SIZE_MAX, NULL),
                        .repeats = 1};
    const gemm_kernel *const kernel = work.kernel;
    gemm_tile *const tile = &work.tile;
    tile->k = 64;
    while (tile->k < 1024 && panel_bytes(kernel, 2 * tile->k) <= bytes) tile->k *= 2;
    const size_t panel = kernel->rhs->panel_size(tile->k, 0);
    const size_t panels = level ? max_size(bytes / panel, 1) : 1;
    tile->m = level ? 1 : kernel->mr;
    tile->n = panels * kernel->nr;
    tile->lhs_stride = tile->k * sizeof(float);
    tile->out_stride = tile->n * sizeof(float);
    tile->min = -INFINITY;
    tile->max = INFINITY;
    work.lhs =
        round_up(kernel->lhs ? kernel->lhs->panel_size(tile->k) : tile->m * tile->lhs_stride, MEMORY_ALIGNMENT);
    work.rhs = panels * panel;
    work.out = round_up(tile->m * tile->out_stride, MEMORY_ALIGNMENT);
    return work;
}

/* Nanoseconds of the best run of `repeats` calls on all threads at once. */
static uint64_t best_run(const mica_context *context, struct work *work, double seconds) {
    uint64_t best = UINT64_MAX;
    const uint64_t end = clock_now() + (uint64_t)(seconds * 1e9);
    for (size_t runs = 0; runs < 3 || best == UINT64_MAX || clock_now() < end; runs++) {
        const uint64_t start = clock_now();
        pool_run(context->pool, context->threads, context->threads, run_work, work);
        const uint64_t taken = clock_now() - start;
        if (taken < best) best = taken;
        if (taken < RUN_NS) { /* still finding how many repeats make a run */
            work->repeats *= 2;
            best = UINT64_MAX;
        }
    }
    return max_size(best, 1);
}

mica_status mica_measure(mica_context *context, mica_limit limit, double seconds, mica_limit_info *info) {
    if (!context) return MICA_ERROR_ARGUMENT;
    if ((size_t)limit >= MICA_LIMITS || !info || !(seconds >= 0)) {
        return error_set(&context->error, MICA_ERROR_ARGUMENT,
                         "mica_measure: a limit, seconds and a result are needed");
    }
    const unsigned level = limits[limit].level;
    struct work work = plan(context, level, limits[limit].variant);
    struct arena arena;
    arena_init(&arena, &context->allocator, context->memory_limit);
    void *memory = NULL;
    size_t bytes;
    if (!size_mul(work_bytes(&work), context->threads, &bytes)) bytes = SIZE_MAX;
    TRY(arena_raw(&arena, bytes, &memory, &context->error));
    memset(memory, 0x3c, bytes); /* small positive numbers in every type */
    work.tile.lhs = memory;
    work.tile.rhs = (char *)memory + work.lhs;
    work.tile.out = (char *)memory + work.lhs + work.rhs;
    const uint64_t best = best_run(context, &work, seconds > 0 ? seconds : DEFAULT_SECONDS);
    arena_free(&arena);

    const double once =
        level ? (double)work.rhs : 2.0 * (double)work.tile.m * (double)work.tile.n * (double)work.tile.k;
    *info = (mica_limit_info){
        .name = limits[limit].name,
        .kernel = work.kernel->name,
        .threads = context->threads,
        .bytes = work_bytes(&work),
        .rate = once * (double)work.repeats * (double)context->threads / ((double)best * 1e-9),
    };
    return MICA_OK;
}

void mica_summarise(double *samples, size_t count, mica_summary *summary) {
    *summary = (mica_summary){.count = count, .mean = stat_mean(samples, count)};
    stat_sort(samples, count);
    summary->min = samples[0];
    summary->p10 = stat_percentile(samples, count, 10);
    summary->p50 = stat_percentile(samples, count, 50);
    summary->p90 = stat_percentile(samples, count, 90);
    summary->p99 = stat_percentile(samples, count, 99);
    summary->max = samples[count - 1];
}

bool mica_ratio_interval(double *a, size_t a_count, double *b, size_t b_count, double *low, double *high) {
    stat_sort(a, a_count);
    stat_sort(b, b_count);
    stat_interval interval;
    if (!stat_ratio_interval(a, a_count, b, b_count, &interval)) return false;
    *low = interval.low;
    *high = interval.high;
    return true;
}
