/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory: the caller's allocator with a limit, arenas that are freed as one, and arithmetic on sizes from files.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/error.h"
#include "mica/context.h"

#define MEMORY_ALIGNMENT 64 /* bytes: a cache line and the widest vector */

/* ---- checked arithmetic: false on overflow ---- */
static inline bool size_add(size_t a, size_t b, size_t *sum) { return !__builtin_add_overflow(a, b, sum); }
static inline bool size_mul(size_t a, size_t b, size_t *product) { return !__builtin_mul_overflow(a, b, product); }

static inline size_t round_up(size_t size, size_t multiple) { return (size + multiple - 1) / multiple * multiple; }
static inline size_t divide_up(size_t a, size_t b) { return a / b + (a % b != 0); }
static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

extern const mica_allocator memory_default; /* malloc; huge pages for large memory where they are had */

/* ---- arena: allocations that live and die together ---- */
typedef struct arena_block arena_block;
struct arena {
    const mica_allocator *allocator; /* outlives the arena */
    size_t limit;                    /* bytes in all; 0: none */
    size_t used;                     /* bytes given out */
    arena_block *blocks;             /* newest first */
};

void arena_init(struct arena *arena, const mica_allocator *allocator, size_t limit);
void arena_free(struct arena *arena); /* releases everything; the arena may be used again */

/* `size` zeroed bytes aligned to MEMORY_ALIGNMENT (size 0 gives a valid pointer). Fails with LIMIT or MEMORY. */
mica_status arena_allocate(struct arena *arena, size_t size, void **memory, mica_error *error);
/* The same for `count` items of `item` bytes, checked. */
mica_status arena_array(struct arena *arena, size_t count, size_t item, void **memory, mica_error *error);
/* Not zeroed: for packed weights and workspaces that are written before they are read. */
mica_status arena_raw(struct arena *arena, size_t size, void **memory, mica_error *error);
/* A copy of a string of `length` bytes, terminated. */
mica_status arena_string(struct arena *arena, const char *text, size_t length, const char **copy, mica_error *error);

/* ---- one growing buffer: keeps its memory when asked for less ---- */
struct buffer {
    void *data;
    size_t size;
};
mica_status buffer_reserve(struct buffer *buffer, const mica_allocator *allocator, size_t size, size_t limit,
                           mica_error *error); /* contents are lost when it grows */
void buffer_free(struct buffer *buffer, const mica_allocator *allocator);

#endif
