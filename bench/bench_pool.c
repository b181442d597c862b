/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run of the pool costs beyond its work, beside Debian's pthreadpool where it was there to build with. Both
 * run in turns, block by block, so that a change of the machine's mood meets both, and never while the threads of the
 * other still spin. Between 0.2 ms and tens of ms after a run pthreadpool's threads are awake and ours are not:
 * theirs answer sooner then, at the price of their cores.
 */
#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef MICA_PTHREADPOOL
#include <pthreadpool.h>
#endif

#define BLOCKS 15
#define MOST_RUNS 30
#define REST_MS 100 /* until threads have stopped spinning: pthreadpool's after tens of ms, ours after 0.2 ms */

struct shape {
    const char *name;
    size_t items;
    unsigned work;    /* steps of a dependent chain per item */
    size_t block;     /* runs of one pool in a row, after one that wakes its threads */
    unsigned rest_ms; /* before each run */
};

static const struct shape shapes[] = {
    {"2 empty items", 2, 0, MOST_RUNS, 0},
    {"1000 empty items", 1000, 0, MOST_RUNS, 0},
    {"64 items of 0.5 us", 64, 1000, MOST_RUNS, 0},
    {"8 items of 10 us", 8, 20000, MOST_RUNS, 0},
    {"8 items of 10 us, 1 ms apart", 8, 20000, MOST_RUNS, 1},
    {"8 items of 10 us, 100 ms apart", 8, 20000, 1, REST_MS},
};

static void item(void *argument, size_t index) {
    const struct shape *const shape = argument;
    volatile uint64_t sink = index;
    uint64_t value = index;
    for (unsigned i = 0; i < shape->work; i++) value = value * 3 + 1;
    sink = value;
    (void)sink;
}

static void pool_item(void *argument, size_t index, size_t thread) {
    (void)thread;
    item(argument, index);
}

static void rest(unsigned ms) { nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL); }

typedef void (*run_function)(void *pool, size_t threads, const struct shape *shape);

static void run_ours(void *pool, size_t threads, const struct shape *shape) {
    pool_run(pool, threads, shape->items, pool_item, (void *)(uintptr_t)shape);
}

#ifdef MICA_PTHREADPOOL
static void run_theirs(void *pool, size_t threads, const struct shape *shape) {
    (void)threads;
    pthreadpool_parallelize_1d(pool, item, (void *)(uintptr_t)shape, shape->items, 0);
}
#endif

static void time_block(run_function run, void *pool, size_t threads, const struct shape *shape, uint64_t *times) {
    rest(REST_MS);
    run(pool, threads, shape);
    for (size_t i = 0; i < shape->block; i++) {
        if (shape->rest_ms) rest(shape->rest_ms);
        const uint64_t start = clock_now();
        run(pool, threads, shape);
        times[i] = clock_now() - start;
    }
}

static int by_size(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double median_us(uint64_t *times, size_t count) {
    qsort(times, count, sizeof *times, by_size);
    return (double)times[count / 2] / 1e3;
}

int main(int argc, char **argv) {
    const size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : cpu_physical_cores();
    static uint64_t ours[BLOCKS * MOST_RUNS], theirs[BLOCKS * MOST_RUNS];
    struct pool *pool = NULL;
    if (pool_create(&memory_default, NULL, threads, &pool, NULL) != MICA_OK) return 1;
#ifdef MICA_PTHREADPOOL
    pthreadpool_t other = pthreadpool_create(threads);
    if (!other) return 1;
#endif
    printf("%zu threads; medians in us, %d blocks of runs of each pool in turns\n", threads, BLOCKS);
    printf("%-32s %10s %12s %12s\n", "run", "mica", "pthreadpool", "times faster");
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t runs = BLOCKS * shapes[s].block;
        for (size_t block = 0; block < BLOCKS; block++) {
            time_block(run_ours, pool, threads, &shapes[s], ours + block * shapes[s].block);
#ifdef MICA_PTHREADPOOL
            time_block(run_theirs, other, threads, &shapes[s], theirs + block * shapes[s].block);
#endif
        }
        const double mine = median_us(ours, runs), peer = median_us(theirs, runs);
        if (peer > 0)
            printf("%-32s %10.2f %12.2f %12.2f\n", shapes[s].name, mine, peer, peer / mine);
        else
            printf("%-32s %10.2f %12s %12s\n", shapes[s].name, mine, "not built in", "");
    }
    pool_destroy(pool);
#ifdef MICA_PTHREADPOOL
    pthreadpool_destroy(other);
#endif
    return 0;
}
