/* SPDX-License-Identifier: Apache-2.0
 *
 * A small thread pool: workers started once, which spin briefly and then park. A thread begins with the same share of the
 * items in every run, so that what it reads is mostly what it wrote, and then takes chunks from the others, so that unequal
 * cores finish together. A result never depends on which thread computed it, nor on how many there were.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/error.h"
#include "mica/context.h"

struct pool;

/* One item of work: index in [0, count), and the thread that does it, in [0, threads). */
typedef void (*pool_task)(void *argument, size_t index, size_t thread);

/* A pool for up to `threads` threads, the caller's included; threads start at the first run that needs them.
 * With `executor` the host's threads do the work. */
mica_status pool_create(const mica_allocator *allocator, const mica_executor *executor, size_t threads,
                        struct pool **pool, mica_error *error);
void pool_destroy(struct pool *pool); /* NULL is fine */
mica_status pool_resize(struct pool *pool, size_t threads, mica_error *error);
size_t pool_threads(const struct pool *pool); /* 1 for NULL */

/* Calls task(argument, i, thread) once for each i in [0, count), in any order, on at most min(threads, count) threads;
 * returns when all are done. With a NULL pool, one thread or one item the caller does it alone and nothing wakes. */
void pool_run(struct pool *pool, size_t threads, size_t count, pool_task task, void *argument);

/* The same for work that takes about `ns` nanoseconds on one thread, if they are few: parked threads are not woken unless
 * more work has just gone before it. */
void pool_run_brief(struct pool *pool, size_t threads, double ns, size_t count, pool_task task, void *argument);

#endif
