/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#define SPIN_NS 200000u /* how long a thread waits before it parks: what stays on one thread is mostly shorter */
#define WAKE_NS 20000.0 /* work that is worth waking threads for: it takes 10 us of the caller's time */
#define CHUNKS 8        /* of each thread's share: the slowest core is late by at most one */

/* What threads hand to each other, in one cache line for each: that line is all that moves from core to core. */
typedef struct member {
    /* A gate that is opened for each run that a worker takes part in; the caller's by the last to finish. */
    _Alignas(MEMORY_ALIGNMENT) atomic_int gate;
    /* The items [first, end) that it begins with, in chunks. Each run shares out alike, so that what a thread reads is
     * mostly what it wrote. Its own chunks a thread takes from the front; others take theirs from the back. */
    atomic_int left; /* chunks nobody has; below 0 when someone asked in vain */
    atomic_int back; /* chunks before those that others took */
    int front;
    atomic_int unfinished; /* the caller's: threads that take part in the run, the caller included */
    int threads;           /* in the run */
    size_t first, end, chunk;
    pool_task task;
    void *argument;

    _Alignas(MEMORY_ALIGNMENT) struct pool *pool;
    size_t thread;
    pthread_mutex_t mutex; /* who has parked holds it until it sleeps */
    pthread_cond_t opened;
    pthread_t id;
    int avoided; /* the core that it keeps off; -1: none */
} member;

struct pool {
    mica_allocator allocator;
    mica_executor executor; /* parallel_for NULL: none */
    size_t threads, started;
    uint64_t spin_ns;
    double brief_ns;     /* work in quick succession that parked workers were not woken for */
    uint64_t brief_time; /* its last */
    bool stopping;       /* written while no worker is at work */
    member *members;     /* the caller, then workers; NULL: one thread */
};

/* ---- gates: what one thread opens for another ---- */

/* A gate holds at most one opening. Whoever takes it first has it: the thread that waits, or the opener, who thus
 * withdraws it. A thread that has waited too long parks, and the next opening wakes it. */
enum { CLOSED, OPEN, PARKED };

static void gate_open(member *to) {
    if (atomic_exchange(&to->gate, OPEN) != PARKED) return;
    pthread_mutex_lock(&to->mutex);
    pthread_cond_signal(&to->opened);
    pthread_mutex_unlock(&to->mutex);
}

static bool gate_take(member *to) {
    int expected = OPEN;
    return atomic_load_explicit(&to->gate, memory_order_relaxed) == OPEN &&
           atomic_compare_exchange_strong(&to->gate, &expected, CLOSED);
}

/* Spins, then parks. False: it was woken too late, the opening had been withdrawn. */
static bool gate_wait(member *self) {
    const uint64_t start = clock_now();
    do {
        for (int i = 0; i < 16; i++) {
            if (gate_take(self)) return true;
            cpu_relax();
        }
    } while (clock_now() - start < self->pool->spin_ns);
    pthread_mutex_lock(&self->mutex);
    int expected = CLOSED;
    if (atomic_compare_exchange_strong(&self->gate, &expected, PARKED) || expected == PARKED) {
        pthread_cond_wait(&self->opened, &self->mutex);
    }
    pthread_mutex_unlock(&self->mutex);
    return gate_take(self);
}

/* ---- runs ---- */

/* What this thread is doing: a run from inside a task stays on the thread that it came from. */
static _Thread_local struct {
    bool busy;
    size_t thread;
} current;

static void share_out(struct pool *pool, size_t threads, size_t count, pool_task task, void *argument) {
    for (size_t i = 0; i < threads; i++) {
        member *const to = &pool->members[i];
        const size_t each = count / threads, more = count % threads;
        const size_t items = each + (i < more), chunk = max_size(1, items / CHUNKS);
        const int chunks = (int)divide_up(items, chunk);
        to->first = each * i + min_size(more, i);
        to->end = to->first + items;
        to->chunk = chunk;
        to->front = 0;
        to->threads = (int)threads;
        to->task = task;
        to->argument = argument;
        atomic_store_explicit(&to->back, chunks, memory_order_relaxed);
        atomic_store_explicit(&to->left, chunks, memory_order_relaxed);
    }
}

static void work_off(member *share, size_t thread) {
    const bool own = share->thread == thread;
    while (atomic_load_explicit(&share->left, memory_order_relaxed) > 0 && atomic_fetch_sub(&share->left, 1) > 0) {
        const int chunk = own ? share->front++ : atomic_fetch_sub(&share->back, 1) - 1;
        const size_t begin = share->first + (size_t)chunk * share->chunk;
        const size_t end = begin + min_size(share->chunk, share->end - begin);
        for (size_t i = begin; i < end; i++) share->task(share->argument, i, thread);
    }
}

static void work(member *self) {
    const size_t thread = self->thread, threads = (size_t)self->threads;
    current.busy = true;
    current.thread = thread;
    for (size_t i = thread; i < threads; i++) work_off(self->pool->members + i, thread);
    for (size_t i = 0; i < thread; i++) work_off(self->pool->members + i, thread);
    current.busy = false;
}

static void *worker_main(void *argument) {
    member *const self = argument, *const caller = self->pool->members;
    for (;;) {
        if (!gate_wait(self)) continue;
        if (self->pool->stopping) return NULL;
        work(self);
        if (atomic_fetch_sub(&caller->unfinished, 1) == 1) gate_open(caller);
    }
}

/* ---- the pool ---- */

/* Has workers for threads 1 … threads-1, or as many as the system gives; signals stay with the host's own threads. */
static size_t start(struct pool *pool, size_t threads) {
    if (pool->started < threads - 1) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        while (pool->started < threads - 1) {
            member *const worker = &pool->members[pool->started + 1];
            if (pthread_create(&worker->id, NULL, worker_main, worker) != 0) break;
            pool->started++;
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return min_size(threads, pool->started + 1);
}

/* Keeps a worker off the caller's core. In a virtual machine the system takes sleeping cores for lost ones: it wakes
 * the worker where the caller is busy and leaves it waiting there for milliseconds. */
static void keep_off(member *worker, int cpu) {
    if (worker->avoided == cpu || cpu < 0) return;
    cpu_set_t allowed;
    if (pthread_getaffinity_np(worker->id, sizeof allowed, &allowed) != 0) return;
    if (worker->avoided >= 0) CPU_SET((unsigned)worker->avoided, &allowed);
    CPU_CLR((unsigned)cpu, &allowed);
    pthread_setaffinity_np(worker->id, sizeof allowed, &allowed); /* fails, and may, when that is its only core */
    worker->avoided = cpu;
}

static void stop(struct pool *pool) {
    pool->stopping = true;
    for (size_t i = 1; i <= pool->started; i++) gate_open(&pool->members[i]);
    for (size_t i = 1; i <= pool->started; i++) pthread_join(pool->members[i].id, NULL);
    pool->started = 0;
    pool->stopping = false;
}

static void release_members(struct pool *pool) {
    if (!pool->members) return;
    for (size_t i = 0; i < pool->threads; i++) {
        pthread_cond_destroy(&pool->members[i].opened);
        pthread_mutex_destroy(&pool->members[i].mutex);
    }
    pool->allocator.release(pool->allocator.user, pool->members, pool->threads * sizeof(member));
    pool->members = NULL;
}

mica_status pool_resize(struct pool *pool, size_t threads, mica_error *error) {
    threads = max_size(threads, 1);
    member *members = NULL;
    if (threads > 1) {
        size_t size;
        if (threads > INT_MAX || !size_mul(threads, sizeof *members, &size)) {
            return error_set(error, MICA_ERROR_LIMIT, "%zu threads are too many", threads);
        }
        members = pool->allocator.allocate(pool->allocator.user, size, MEMORY_ALIGNMENT);
        if (!members) return error_set(error, MICA_ERROR_MEMORY, "out of memory for %zu threads", threads);
        for (size_t i = 0; i < threads; i++) {
            members[i] = (member){.pool = pool, .thread = i, .avoided = -1};
            pthread_mutex_init(&members[i].mutex, NULL);
            pthread_cond_init(&members[i].opened, NULL);
        }
    }
    stop(pool);
    release_members(pool);
    pool->members = members;
    pool->threads = threads;
    /* With more than the hardware has, who spins keeps another from work. */
    pool->spin_ns = threads <= cpu_hardware_threads() ? SPIN_NS : 0;
    return MICA_OK;
}

mica_status pool_create(const mica_allocator *allocator, const mica_executor *executor, size_t threads,
                        struct pool **pool, mica_error *error) {
    struct pool *const created = allocator->allocate(allocator->user, sizeof *created, MEMORY_ALIGNMENT);
    if (!created) return error_set(error, MICA_ERROR_MEMORY, "out of memory for a thread pool");
    *created = (struct pool){.allocator = *allocator, .threads = 1};
    if (executor) created->executor = *executor;
    const mica_status status = pool_resize(created, threads, error);
    if (status != MICA_OK) {
        pool_destroy(created);
        return status;
    }
    *pool = created;
    return MICA_OK;
}

void pool_destroy(struct pool *pool) {
    if (!pool) return;
    stop(pool);
    release_members(pool);
    const mica_allocator allocator = pool->allocator;
    allocator.release(allocator.user, pool, sizeof *pool);
}

size_t pool_threads(const struct pool *pool) { return pool ? pool->threads : 1; }

static void alone(size_t count, pool_task task, void *argument) {
    const size_t thread = current.busy ? current.thread : 0;
    for (size_t i = 0; i < count; i++) task(argument, i, thread);
}

/* The host's threads: each of its items stands for one thread of ours, so that thread numbers stay unique. */
static void lent_task(void *argument, size_t index) { work((member *)argument + index); }

void pool_run(struct pool *pool, size_t threads, size_t count, pool_task task, void *argument) {
    threads = min_size(min_size(threads, pool_threads(pool)), count);
    if (threads <= 1 || current.busy) {
        alone(count, task, argument);
        return;
    }
    member *const members = pool->members;
    if (pool->executor.parallel_for) {
        share_out(pool, threads, count, task, argument);
        pool->executor.parallel_for(pool->executor.user, threads, threads, lent_task, members);
        return;
    }
    threads = start(pool, threads);
    share_out(pool, threads, count, task, argument);
    atomic_store_explicit(&members->unfinished, (int)threads, memory_order_relaxed);
    const int cpu = pool->spin_ns ? sched_getcpu() : -1;
    for (size_t i = 1; i < threads; i++) {
        keep_off(&members[i], cpu);
        gate_open(&members[i]);
    }
    work(members);

    /* All items are taken. Workers that have not come yet need not come any more. */
    int finished = 1;
    for (size_t i = 1; i < threads; i++) finished += gate_take(&members[i]);
    if (atomic_fetch_sub(&members->unfinished, finished) == finished) return;
    while (!gate_wait(members)) {
    }
}

static bool all_awake(const struct pool *pool, size_t threads) {
    if (pool->executor.parallel_for) return true;
    bool awake = pool->started >= threads - 1;
    for (size_t i = 1; i < threads && awake; i++) {
        awake = atomic_load_explicit(&pool->members[i].gate, memory_order_relaxed) != PARKED;
    }
    return awake;
}

static bool worth_waking(struct pool *pool, double ns) {
    const uint64_t now = clock_now();
    if (now - pool->brief_time > SPIN_NS) pool->brief_ns = 0;
    pool->brief_time = now;
    pool->brief_ns += ns;
    if (pool->brief_ns < WAKE_NS) return false;
    pool->brief_ns = 0;
    return true;
}

void pool_run_brief(struct pool *pool, size_t threads, double ns, size_t count, pool_task task, void *argument) {
    threads = min_size(min_size(threads, pool_threads(pool)), count);
    if (threads > 1 && !current.busy && !all_awake(pool, threads) && !worth_waking(pool, ns)) threads = 1;
    pool_run(pool, threads, count, task, argument);
}
