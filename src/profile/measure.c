/* SPDX-License-Identifier: Apache-2.0
 *
 * The limits of the machine, measured on all threads at once: what each of them reaches meanwhile, added up.
 */
#include "mica/measure.h"

#include "base/context.h"
#include "base/memory.h"
#include "kernel/peak/peak.h"
#include "profile/statistics.h"

#include <string.h>

#define READ_UNIT 512              /* bytes: peak_bandwidth reads multiples of it */
#define DRAM_MAX ((size_t)1 << 28) /* bytes of each thread */

static const struct {
    const char *name;
    peak_kind kind; /* of arithmetic */
    unsigned level; /* of memory, from 1; 0: arithmetic */
} limits[MICA_LIMITS] = {
    [MICA_LIMIT_F32] = {.name = "f32", .kind = PEAK_F32},  [MICA_LIMIT_F16] = {.name = "f16", .kind = PEAK_F16},
    [MICA_LIMIT_INT8] = {.name = "int8", .kind = PEAK_I8}, [MICA_LIMIT_L1] = {.name = "L1", .level = 1},
    [MICA_LIMIT_L2] = {.name = "L2", .level = 2},          [MICA_LIMIT_L3] = {.name = "L3", .level = 3},
    [MICA_LIMIT_DRAM] = {.name = "DRAM", .level = 4},
};

/* Half of a cache for each thread that has one of its own, a part of that where all share it, or more than any cache. */
static size_t working_set(unsigned level, size_t threads) {
    const size_t bytes = level == 0   ? 0
                         : level <= 2 ? cpu_cache_bytes(level) / 2
                         : level == 3 ? cpu_cache_bytes(3) / 2 / threads
                                      : min_size(4 * cpu_cache_bytes(3), DRAM_MAX);
    return round_up(bytes, READ_UNIT);
}

struct work {
    cpu_features features;
    peak_kind kind;
    const char *memory; /* of thread 0; the others' follows */
    size_t bytes;       /* of each thread */
    double *rates;      /* what each reaches */
};

static void run_work(void *argument, size_t index, size_t thread) {
    const struct work *const work = argument;
    (void)thread;
    work->rates[index] = work->bytes ? peak_bandwidth(work->memory + index * work->bytes, work->bytes, work->features)
                                     : peak_operations(work->kind, work->features);
}

mica_status mica_measure(mica_context *context, mica_limit limit, mica_limit_info *info) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if ((size_t)limit >= MICA_LIMITS || !info) {
        return error_set(error, MICA_ERROR_ARGUMENT, "mica_measure: no limit has number %d", (int)limit);
    }
    const size_t threads = context->threads;
    struct work work = {.features = context->features,
                        .kind = limits[limit].kind,
                        .bytes = working_set(limits[limit].level, threads)};
    struct arena arena;
    arena_init(&arena, &context->allocator, context->memory_limit);
    void *rates = NULL, *memory = NULL;
    mica_status status = arena_array(&arena, threads, sizeof(double), &rates, error);
    if (status == MICA_OK) status = arena_array(&arena, threads, work.bytes, &memory, error);
    if (status == MICA_OK) {
        memset(memory, 1, threads * work.bytes); /* pages of its own, not the one of zeros */
        work.rates = rates;
        work.memory = memory;
        pool_run(context->pool, threads, threads, run_work, &work);
        *info = (mica_limit_info){.name = limits[limit].name, .threads = threads, .bytes = work.bytes};
        for (size_t i = 0; i < threads; i++) info->rate += work.rates[i];
    }
    arena_free(&arena);
    return status;
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
