/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool: every index exactly once, on threads that keep their numbers, whatever the counts, the pauses and the
 * threads that do the work. Worth its name only under TSan as well (preset tsan).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define MOST_ITEMS 1000
#define MOST_THREADS 9

struct record {
    size_t threads;
    int seen[MOST_ITEMS];            /* plain: two threads with one index are a race */
    atomic_int inside[MOST_THREADS]; /* tasks at work with this thread number */
    atomic_size_t wrong, calls;
};

static void record_item(void *argument, size_t index, size_t thread) {
    struct record *const record = argument;
    if (index >= MOST_ITEMS || thread >= record->threads) {
        atomic_fetch_add(&record->wrong, 1);
        return;
    }
    if (atomic_fetch_add(&record->inside[thread], 1) != 0) atomic_fetch_add(&record->wrong, 1);
    record->seen[index]++;
    atomic_fetch_add(&record->calls, 1);
    atomic_fetch_sub(&record->inside[thread], 1);
}

static void run_and_check(struct pool *pool, size_t threads, size_t count) {
    static struct record record;
    memset(&record, 0, sizeof record);
    const size_t most = min_size(threads, pool_threads(pool));
    record.threads = max_size(min_size(most, count), 1);
    pool_run(pool, threads, count, record_item, &record);
    assert_int_equal(record.wrong, 0);
    assert_int_equal(record.calls, count);
    for (size_t i = 0; i < count; i++) assert_int_equal(record.seen[i], 1);
}

static void every_index_runs_once(void **state) {
    (void)state;
    const size_t counts[] = {0, 1, 2, 3, 7, 8, 64, 127, MOST_ITEMS};
    for (size_t threads = 1; threads < MOST_THREADS; threads++) {
        struct pool *pool = NULL;
        assert_int_equal(pool_create(&memory_default, NULL, threads, &pool, NULL), MICA_OK);
        assert_int_equal(pool_threads(pool), threads);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            for (size_t asked = 1; asked <= threads + 1; asked++) run_and_check(pool, asked, counts[i]);
        }
        pool_destroy(pool);
    }
}

static void many_runs_in_a_row(void **state) {
    (void)state;
    struct pool *pool = NULL;
    assert_int_equal(pool_create(&memory_default, NULL, 3, &pool, NULL), MICA_OK);
    for (size_t i = 0; i < 10000; i++) run_and_check(pool, 1 + i % 3, i % 20);
    pool_destroy(pool);
}

/* Longer than threads spin: each run finds the workers parked, or on their way. */
static void runs_with_pauses(void **state) {
    (void)state;
    struct pool *pool = NULL;
    assert_int_equal(pool_create(&memory_default, NULL, 4, &pool, NULL), MICA_OK);
    for (long i = 0; i < 300; i++) {
        nanosleep(&(struct timespec){.tv_nsec = i * 1000}, NULL);
        run_and_check(pool, 4, 16);
    }
    pool_destroy(pool);
}

/* ---- threads that need each other: a lost wake-up would hang here ---- */

struct meeting {
    int guests;
    atomic_int arrived;
    atomic_int strays; /* items on another thread than the one that begins with them */
};

static void meet(void *argument, size_t index, size_t thread) {
    struct meeting *const meeting = argument;
    if (thread != index) atomic_fetch_add(&meeting->strays, 1);
    atomic_fetch_add(&meeting->arrived, 1);
    while (atomic_load(&meeting->arrived) < meeting->guests) sched_yield();
}

static void all_threads_take_part(void **state) {
    (void)state;
    struct pool *pool = NULL;
    assert_int_equal(pool_create(&memory_default, NULL, 4, &pool, NULL), MICA_OK);
    for (int i = 0; i < 1000; i++) {
        struct meeting meeting = {.guests = 2 + i % 3};
        if (i % 10 == 0) nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        pool_run(pool, (size_t)meeting.guests, (size_t)meeting.guests, meet, &meeting);
        assert_int_equal(meeting.arrived, meeting.guests);
        assert_int_equal(meeting.strays, 0);
    }
    pool_destroy(pool);
}

static void note_thread(void *argument, size_t index, size_t thread) {
    (void)index;
    size_t *const most = argument;
    *most = max_size(*most, thread);
}

static void brief_work_starts_no_threads(void **state) {
    (void)state;
    struct pool *pool = NULL;
    assert_int_equal(pool_create(&memory_default, NULL, 4, &pool, NULL), MICA_OK);
    size_t most = 0;
    pool_run_brief(pool, 4, 100, 64, note_thread, &most);
    assert_int_equal(most, 0);
    struct meeting meeting = {.guests = 4};
    pool_run_brief(pool, 4, 1e6, 4, meet, &meeting);
    assert_int_equal(meeting.arrived, 4);
    pool_destroy(pool);
}

static void resizing(void **state) {
    (void)state;
    struct pool *pool = NULL;
    assert_int_equal(pool_create(&memory_default, NULL, 1, &pool, NULL), MICA_OK);
    for (size_t i = 0; i < 100; i++) {
        const size_t threads = 1 + i * 7 % 8;
        assert_int_equal(pool_resize(pool, threads, NULL), MICA_OK);
        assert_int_equal(pool_threads(pool), threads);
        run_and_check(pool, 8, 50);
    }
    mica_error error;
    assert_int_equal(pool_resize(pool, SIZE_MAX / 2, &error), MICA_ERROR_LIMIT);
    run_and_check(pool, 8, 50);
    pool_destroy(pool);
}

/* ---- runs inside of runs ---- */

struct nest {
    struct pool *pool;
    struct record records[8];
    atomic_size_t strangers; /* inner items on another thread number than their outer one */
};
struct inner {
    struct nest *nest;
    size_t outer, thread;
};

static void inner_item(void *argument, size_t index, size_t thread) {
    const struct inner *const inner = argument;
    if (thread != inner->thread) atomic_fetch_add(&inner->nest->strangers, 1);
    record_item(&inner->nest->records[inner->outer], index, thread);
}

static void outer_item(void *argument, size_t index, size_t thread) {
    struct nest *const nest = argument;
    pool_run(nest->pool, 4, 10, inner_item, &(struct inner){nest, index, thread});
}

static void a_run_inside_a_run_stays_on_its_thread(void **state) {
    (void)state;
    static struct nest nest;
    assert_int_equal(pool_create(&memory_default, NULL, 4, &nest.pool, NULL), MICA_OK);
    for (size_t i = 0; i < 8; i++) nest.records[i].threads = 4;
    pool_run(nest.pool, 4, 8, outer_item, &nest);
    assert_int_equal(nest.strangers, 0);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(nest.records[i].wrong, 0);
        assert_int_equal(nest.records[i].calls, 10);
    }
    pool_destroy(nest.pool);
}

/* ---- a host's threads ---- */

struct host_item {
    void (*task)(void *argument, size_t index);
    void *argument;
    size_t index;
};

static void *host_thread(void *argument) {
    const struct host_item *const item = argument;
    item->task(item->argument, item->index);
    return NULL;
}

static void on_new_threads(void *user, size_t threads, size_t count, void (*task)(void *, size_t), void *argument) {
    pthread_t ids[MOST_THREADS];
    struct host_item items[MOST_THREADS];
    assert_true(count <= threads && threads <= MOST_THREADS);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct host_item){task, argument, i};
        assert_int_equal(pthread_create(&ids[i], NULL, host_thread, &items[i]), 0);
    }
    for (size_t i = 0; i < count; i++) pthread_join(ids[i], NULL);
    ++*(size_t *)user;
}

static void in_turns(void *user, size_t threads, size_t count, void (*task)(void *, size_t), void *argument) {
    (void)threads;
    for (size_t i = count; i-- > 0;) task(argument, i);
    ++*(size_t *)user;
}

static void a_host_lends_its_threads(void **state) {
    (void)state;
    size_t calls = 0;
    const mica_executor executors[] = {{on_new_threads, &calls}, {in_turns, &calls}};
    for (size_t e = 0; e < 2; e++) {
        struct pool *pool = NULL;
        assert_int_equal(pool_create(&memory_default, &executors[e], 4, &pool, NULL), MICA_OK);
        calls = 0;
        for (size_t count = 0; count < 40; count++) run_and_check(pool, 4, count);
        assert_int_equal(calls, 38); /* not for no item and not for one */
        run_and_check(pool, 1, 40);
        assert_int_equal(calls, 38);
        assert_int_equal(pool_resize(pool, 2, NULL), MICA_OK);
        run_and_check(pool, 4, 40);
        assert_int_equal(calls, 39);
        pool_destroy(pool);
    }
}

static void without_a_pool_the_caller_works_alone(void **state) {
    (void)state;
    assert_int_equal(pool_threads(NULL), 1);
    run_and_check(NULL, 4, 100);
    pool_destroy(NULL);
}

static void *no_memory(void *user, size_t size, size_t alignment) {
    (void)size;
    (void)alignment;
    size_t *const left = user;
    return *left && (*left)-- ? memory_default.allocate(NULL, size, alignment) : NULL;
}

static void memory_can_run_out(void **state) {
    (void)state;
    for (size_t given = 0; given < 2; given++) {
        size_t left = given;
        const mica_allocator allocator = {no_memory, memory_default.release, &left};
        struct pool *pool = NULL;
        assert_int_equal(pool_create(&allocator, NULL, 2, &pool, NULL), MICA_ERROR_MEMORY);
        assert_null(pool);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_runs_once),
        cmocka_unit_test(many_runs_in_a_row),
        cmocka_unit_test(runs_with_pauses),
        cmocka_unit_test(all_threads_take_part),
        cmocka_unit_test(brief_work_starts_no_threads),
        cmocka_unit_test(resizing),
        cmocka_unit_test(a_run_inside_a_run_stays_on_its_thread),
        cmocka_unit_test(a_host_lends_its_threads),
        cmocka_unit_test(without_a_pool_the_caller_works_alone),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
