/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Large memory is mapped by itself, so that what is released goes back to the system. Where there is much of it huge
 * pages can back all but its end: small ones cost more to get than to fill. The end takes small ones, so that nothing is
 * held that nobody asked for. */
#define LARGE ((size_t)1 << 20)
#define HUGE_PAGE ((size_t)2 << 20)
#define SLOW 1000000 /* ns for one huge page: ten times what filling it takes */

/* A virtual machine may have given its free huge pages back to the host, which is slow to return them, while small ones
 * are there: the first one tells. */
static void choose_pages(uint8_t *memory, size_t size) {
    madvise(memory, size, MADV_HUGEPAGE); /* a kernel without them gives small ones */
    const uint64_t start = clock_now();
    *(volatile uint8_t *)memory = 0;
    if (clock_now() - start > SLOW) madvise(memory + HUGE_PAGE, size - HUGE_PAGE, MADV_NOHUGEPAGE);
}

static void *map_large(size_t size) {
    size_t room;
    if (!size_add(size, HUGE_PAGE, &room)) return NULL;
    uint8_t *const start = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    uint8_t *const memory = start + (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
    uint8_t *const end = memory + round_up(size, (size_t)sysconf(_SC_PAGESIZE));
    if (memory > start) munmap(start, (size_t)(memory - start));
    if (end < start + room) munmap(end, (size_t)(start + room - end));
    if (size >= HUGE_PAGE) choose_pages(memory, size);
    return memory;
}

static void *default_allocate(void *user, size_t size, size_t alignment) {
    (void)user;
    if (size >= LARGE) return map_large(size);
    void *memory = NULL;
    return posix_memalign(&memory, max_size(alignment, sizeof(void *)), size) == 0 ? memory : NULL;
}

static void default_release(void *user, void *memory, size_t size) {
    (void)user;
    if (size >= LARGE) {
        munmap(memory, size);
    } else {
        free(memory);
    }
}

const mica_allocator memory_default = {default_allocate, default_release, NULL};

/* A block's header takes one alignment unit; its memory follows. */
struct arena_block {
    arena_block *next;
    size_t size; /* bytes after the header */
    size_t used;
};
#define ARENA_BLOCK ((size_t)16 * 1024) /* small allocations share blocks of this size */

void arena_init(struct arena *arena, const mica_allocator *allocator, size_t limit) {
    *arena = (struct arena){.allocator = allocator, .limit = limit};
}

void arena_free(struct arena *arena) {
    for (arena_block *block = arena->blocks; block;) {
        arena_block *const next = block->next;
        arena->allocator->release(arena->allocator->user, block, block->size + MEMORY_ALIGNMENT);
        block = next;
    }
    arena->blocks = NULL;
    arena->used = 0;
}

mica_status arena_raw(struct arena *arena, size_t size, void **memory, mica_error *error) {
    if (size > SIZE_MAX / 2)
        return error_set(error, MICA_ERROR_LIMIT, "an allocation of %zu bytes is too large", size);
    const size_t rounded = round_up(max_size(size, 1), MEMORY_ALIGNMENT);
    if (arena->limit && (rounded > arena->limit || arena->used > arena->limit - rounded)) {
        return error_set(error, MICA_ERROR_LIMIT, "%zu bytes more than the %zu in use exceed the memory limit of %zu",
                         size, arena->used, arena->limit);
    }
    arena_block *block = arena->blocks;
    if (!block || block->size - block->used < rounded) {
        const size_t room = max_size(rounded, ARENA_BLOCK - MEMORY_ALIGNMENT);
        block = arena->allocator->allocate(arena->allocator->user, room + MEMORY_ALIGNMENT, MEMORY_ALIGNMENT);
        if (!block) return error_set(error, MICA_ERROR_MEMORY, "out of memory: %zu bytes were asked for", size);
        block->size = room;
        block->used = 0;
        /* A large block goes behind the one that small allocations still fill. */
        if (arena->blocks && rounded == room) {
            block->next = arena->blocks->next;
            arena->blocks->next = block;
        } else {
            block->next = arena->blocks;
            arena->blocks = block;
        }
    }
    *memory = (char *)block + MEMORY_ALIGNMENT + block->used;
    block->used += rounded;
    arena->used += rounded;
    return MICA_OK;
}

mica_status arena_allocate(struct arena *arena, size_t size, void **memory, mica_error *error) {
    void *raw = NULL;
    TRY(arena_raw(arena, size, &raw, error));
    memset(raw, 0, size);
    *memory = raw;
    return MICA_OK;
}

mica_status arena_array(struct arena *arena, size_t count, size_t item, void **memory, mica_error *error) {
    size_t size;
    if (!size_mul(count, item, &size)) {
        return error_set(error, MICA_ERROR_LIMIT, "%zu items of %zu bytes are too many", count, item);
    }
    return arena_allocate(arena, size, memory, error);
}

mica_status arena_string(struct arena *arena, const char *text, size_t length, const char **copy, mica_error *error) {
    void *memory = NULL;
    TRY(arena_raw(arena, length + 1, &memory, error));
    memcpy(memory, text, length);
    ((char *)memory)[length] = 0;
    *copy = memory;
    return MICA_OK;
}

mica_status buffer_reserve(struct buffer *buffer, const mica_allocator *allocator, size_t size, size_t limit,
                           mica_error *error) {
    if (size <= buffer->size) return MICA_OK;
    if (limit && size > limit) {
        return error_set(error, MICA_ERROR_LIMIT, "a workspace of %zu bytes exceeds the memory limit of %zu", size,
                         limit);
    }
    if (size > SIZE_MAX / 2) return error_set(error, MICA_ERROR_LIMIT, "a workspace of %zu bytes is too large", size);
    void *const data = allocator->allocate(allocator->user, size, MEMORY_ALIGNMENT);
    if (!data) return error_set(error, MICA_ERROR_MEMORY, "out of memory: %zu bytes were asked for", size);
    buffer_free(buffer, allocator);
    buffer->data = data;
    buffer->size = size;
    return MICA_OK;
}

void buffer_free(struct buffer *buffer, const mica_allocator *allocator) {
    if (buffer->data) allocator->release(allocator->user, buffer->data, buffer->size);
    *buffer = (struct buffer){0};
}
