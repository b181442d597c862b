/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#define SPIN_NS 50000u      /* how long a thread waits before it parks: the gap between two operators is shorter */
#define CHUNKS_PER_THREAD 8 /* the slowest core is late by at most one of so many parts */

/* ---- gates: what one thread opens for another ---- */

/* A gate holds at most one opening. Whoever takes it first has it: the thread that waits, or the opener, who thus
 * withdraws it. A thread that has waited too long parks, and the next opening wakes it. */
enum { CLOSED, OPEN, PARKED };
struct gate {
    _Alignas(MEMORY_ALIGNMENT) atomic_int state;
    pthread_mutex_t mutex;
    pthread_cond_t opened;
};

static void gate_init(struct gate *gate) {
    atomic_init(&gate->state, CLOSED);
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->opened, NULL);
}

static void gate_free(struct gate *gate) {
    pthread_cond_destroy(&gate->opened);
    pthread_mutex_destroy(&gate->mutex);
}

static void gate_open(struct gate *gate) {
    if (atomic_exchange(&gate->state, OPEN) != PARKED) return;
    pthread_mutex_lock(&gate->mutex); /* the waiter holds it until it sleeps */
    pthread_cond_signal(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}

static bool gate_take(struct gate *gate) {
    int expected = OPEN;
    return atomic_compare_exchange_strong(&gate->state, &expected, CLOSED);
}

/* Spins, then parks. False: it was woken too late, the opening had been withdrawn. */
static bool gate_wait(struct gate *gate, uint64_t spin_ns) {
    for (const uint64_t start = clock_now(); clock_now() - start < spin_ns;) {
        for (int i = 0; i < 16; i++) {
            if (atomic_load_explicit(&gate->state, memory_order_relaxed) == OPEN && gate_take(gate)) return true;
            cpu_relax();
        }
    }
    pthread_mutex_lock(&gate->mutex);
    int expected = CLOSED;
    if (atomic_compare_exchange_strong(&gate->state, &expected, PARKED) || expected == PARKED) {
        pthread_cond_wait(&gate->opened, &gate->mutex);
    }
    pthread_mutex_unlock(&gate->mutex);
    return gate_take(gate);
}

/* ---- jobs: the items of one run, taken in chunks ---- */

struct job {
    pool_task task;
    void *argument;
    size_t count, chunk;
    _Alignas(MEMORY_ALIGNMENT) atomic_size_t next;
};

/* What this thread is doing: a run from inside a task stays on the thread that it came from. */
static _Thread_local struct {
    bool busy;
    size_t thread;
} current;

static void work(struct job *job, size_t thread) {
    current.busy = true;
    current.thread = thread;
    for (;;) {
        const size_t first = atomic_fetch_add_explicit(&job->next, job->chunk, memory_order_relaxed);
        if (first >= job->count) break;
        const size_t end = first + min_size(job->chunk, job->count - first);
        for (size_t i = first; i < end; i++) job->task(job->argument, i, thread);
    }
    current.busy = false;
}

/* ---- the pool ---- */

struct worker {
    struct gate gate; /* opened for each run that the worker takes part in */
    struct pool *pool;
    size_t thread;
    pthread_t id;
    int avoided; /* the core that it keeps off; -1: none */
};

struct pool {
    mica_allocator allocator;
    mica_executor executor; /* parallel_for NULL: none */
    size_t threads, started;
    uint64_t spin_ns;
    bool stopping;          /* written while no worker is at work */
    struct worker *workers; /* of threads 1, 2, …, the caller being 0 */
    struct job job;
    struct gate done;         /* opened by the last to finish, when that is not the caller */
    atomic_size_t unfinished; /* threads that take part in the run, the caller included */
};

static void *worker_main(void *argument) {
    struct worker *const worker = argument;
    struct pool *const pool = worker->pool;
    for (;;) {
        if (!gate_wait(&worker->gate, pool->spin_ns)) continue;
        if (pool->stopping) return NULL;
        work(&pool->job, worker->thread);
        if (atomic_fetch_sub(&pool->unfinished, 1) == 1) gate_open(&pool->done);
    }
}

/* Has workers for threads 1 … threads-1, or as many as the system gives; signals stay with the host's own threads. */
static size_t start(struct pool *pool, size_t threads) {
    if (pool->started < threads - 1) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        while (pool->started < threads - 1) {
            struct worker *const worker = &pool->workers[pool->started];
            if (pthread_create(&worker->id, NULL, worker_main, worker) != 0) break;
            pool->started++;
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return min_size(threads, pool->started + 1);
}

/* Keeps a worker off the caller's core. In a virtual machine the system takes sleeping cores for lost ones: it wakes
 * the worker where the caller is busy and leaves it waiting there for milliseconds. */
static void keep_off(struct worker *worker, int cpu) {
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
    for (size_t i = 0; i < pool->started; i++) gate_open(&pool->workers[i].gate);
    for (size_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i].id, NULL);
    pool->started = 0;
    pool->stopping = false;
}

static void release_workers(struct pool *pool) {
    if (!pool->workers) return;
    for (size_t i = 0; i < pool->threads - 1; i++) gate_free(&pool->workers[i].gate);
    pool->allocator.release(pool->allocator.user, pool->workers, (pool->threads - 1) * sizeof(struct worker));
    pool->workers = NULL;
}

mica_status pool_resize(struct pool *pool, size_t threads, mica_error *error) {
    threads = max_size(threads, 1);
    struct worker *workers = NULL;
    if (threads > 1 && !pool->executor.parallel_for) {
        size_t size;
        if (!size_mul(threads - 1, sizeof *workers, &size)) {
            return error_set(error, MICA_ERROR_LIMIT, "%zu threads are too many", threads);
        }
        workers = pool->allocator.allocate(pool->allocator.user, size, MEMORY_ALIGNMENT);
        if (!workers) return error_set(error, MICA_ERROR_MEMORY, "out of memory for %zu threads", threads);
        for (size_t i = 0; i < threads - 1; i++) {
            workers[i] = (struct worker){.pool = pool, .thread = i + 1, .avoided = -1};
            gate_init(&workers[i].gate);
        }
    }
    stop(pool);
    release_workers(pool);
    pool->workers = workers;
    pool->threads = threads;
    /* With more than the hardware has, who spins keeps another from work. */
    pool->spin_ns = threads > 1 && threads <= cpu_hardware_threads() ? SPIN_NS : 0;
    return MICA_OK;
}

mica_status pool_create(const mica_allocator *allocator, const mica_executor *executor, size_t threads,
                        struct pool **pool, mica_error *error) {
    struct pool *const created = allocator->allocate(allocator->user, sizeof *created, MEMORY_ALIGNMENT);
    if (!created) return error_set(error, MICA_ERROR_MEMORY, "out of memory for a thread pool");
    *created = (struct pool){.allocator = *allocator, .threads = 1};
    if (executor) created->executor = *executor;
    gate_init(&created->done);
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
    release_workers(pool);
    gate_free(&pool->done);
    const mica_allocator allocator = pool->allocator;
    allocator.release(allocator.user, pool, sizeof *pool);
}

size_t pool_threads(const struct pool *pool) { return pool ? pool->threads : 1; }

static void alone(size_t count, pool_task task, void *argument) {
    const size_t thread = current.busy ? current.thread : 0;
    for (size_t i = 0; i < count; i++) task(argument, i, thread);
}

/* The host's threads: each of its items stands for one thread of ours, so that thread numbers stay unique. */
static void lent_task(void *argument, size_t index) { work(argument, index); }

void pool_run(struct pool *pool, size_t threads, size_t count, pool_task task, void *argument) {
    threads = min_size(min_size(threads, pool_threads(pool)), count);
    if (threads <= 1 || current.busy) {
        alone(count, task, argument);
        return;
    }
    struct job *const job = &pool->job;
    *job = (struct job){task, argument, count, max_size(count / (threads * CHUNKS_PER_THREAD), 1), 0};
    if (pool->executor.parallel_for) {
        pool->executor.parallel_for(pool->executor.user, threads, threads, lent_task, job);
        return;
    }
    threads = start(pool, threads);
    atomic_store(&pool->unfinished, threads);
    const int cpu = pool->spin_ns ? sched_getcpu() : -1;
    for (struct worker *worker = pool->workers; worker < pool->workers + threads - 1; worker++) {
        keep_off(worker, cpu);
        gate_open(&worker->gate);
    }
    work(job, 0);

    /* All items are taken. Workers that have not come yet need not come any more. */
    size_t finished = 1;
    for (size_t i = 0; i < threads - 1; i++) finished += gate_take(&pool->workers[i].gate);
    if (atomic_fetch_sub(&pool->unfinished, finished) == finished) return;
    while (!gate_wait(&pool->done, pool->spin_ns)) {
    }
}
