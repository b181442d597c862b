/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/weights.h"

#include "operator/weights_cache.h"

#define TASK_BYTES ((size_t)512 * 1024)   /* packed by one thread before it gives source pages back */
#define SERIAL_BYTES ((size_t)256 * 1024) /* less than this is packed before other threads are awake */

/* Packed weights in one piece of memory or one file, and what they were made of, for other methods to find. */
struct weights_block {
    weights_block *next;
    size_t users;
    const mica_allocator *allocator;
    uint8_t *memory;
    size_t size;
    struct file cache;
    size_t head; /* bytes of this, with room for all entries */
    size_t entry_count;
    struct entry {
        const uint8_t *source, *packed;
        size_t source_bytes, bytes;
        hash128 key;
    } entries[];
};

struct weights_use {
    weights_use *next;
    weights_block *block;
};

void weights_init(struct weights *weights, const mica_allocator *allocator, struct arena *arena, struct pool *pool,
                  const weights_origin *origin, weights_block **blocks) {
    *weights =
        (struct weights){.allocator = allocator, .arena = arena, .pool = pool, .origin = origin, .blocks = blocks};
    arena_init(&weights->transient, allocator, arena->limit);
}

mica_status weights_ask(struct weights *weights, const weights_request *request, mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(weights->arena, sizeof(weights_item), &memory, error));
    weights_item *const item = memory;
    item->request = *request;
    if (!size_mul(request->piece_count, request->piece_bytes, &item->bytes) || item->bytes > SIZE_MAX / 2) {
        return error_set(error, MICA_ERROR_LIMIT, "the packed weights are too large");
    }
    if (!weights->items) weights->end = &weights->items;
    *weights->end = item;
    weights->end = &item->next;
    weights->count++;
    weights->asked_bytes += item->bytes;
    return MICA_OK;
}

/* ---- what is there already ---- */

static bool same_weights(const weights_item *item, const uint8_t *source, size_t source_bytes, size_t bytes,
                         hash128 key) {
    return item->request.source == source && item->request.source_bytes == source_bytes && item->bytes == bytes &&
           hash_equal(item->request.key, key);
}

static mica_status use_block(struct weights *weights, weights_block *block, mica_error *error) {
    for (const weights_use *use = weights->uses; use; use = use->next) {
        if (use->block == block) return MICA_OK;
    }
    void *memory = NULL;
    TRY(arena_allocate(weights->arena, sizeof(weights_use), &memory, error));
    weights_use *const use = memory;
    *use = (weights_use){weights->uses, block};
    weights->uses = use;
    block->users++;
    return MICA_OK;
}

/* Constants stay where they are as long as a method lives that was made of them: their address tells them apart. */
static mica_status share(struct weights *weights, weights_item *item, mica_error *error) {
    for (const weights_item *other = weights->items; other != item; other = other->next) {
        const weights_request *const request = &other->request;
        if (!same_weights(item, request->source, request->source_bytes, other->bytes, request->key)) continue;
        item->same = other;
        return MICA_OK;
    }
    for (weights_block *block = *weights->blocks; block; block = block->next) {
        for (size_t i = 0; i < block->entry_count; i++) {
            const struct entry *const entry = &block->entries[i];
            if (!same_weights(item, entry->source, entry->source_bytes, entry->bytes, entry->key)) continue;
            item->packed = entry->packed;
            weights->shared_bytes += item->bytes;
            return use_block(weights, block, error);
        }
    }
    return MICA_OK;
}

/* ---- packing ---- */

struct packing {
    const struct weights *weights;
    weights_item **items; /* in order of their tasks */
    size_t count, tasks;
};

static size_t room(const weights_item *item) { return round_up(max_size(item->bytes, 1), MEMORY_ALIGNMENT); }

static size_t task_pieces(const weights_item *item) {
    return max_size(1, TASK_BYTES / max_size(item->request.piece_bytes, 1));
}

/* The last item whose tasks do not start after `task`. */
static const weights_item *item_of(const struct packing *packing, size_t task) {
    size_t low = 0, high = packing->count;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (packing->items[middle]->first_task <= task) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return packing->items[low];
}

static void pack_task(void *argument, size_t index, size_t thread) {
    (void)thread;
    const struct packing *const packing = argument;
    const weights_item *const item = item_of(packing, index);
    const weights_request *const request = &item->request;
    const size_t step = task_pieces(item), first = (index - item->first_task) * step;
    const size_t count = min_size(step, request->piece_count - first);
    request->pack(request->packer, first, count, (uint8_t *)(uintptr_t)item->packed + first * request->piece_bytes);
    if (!request->in_order) return;
    const size_t from = request->source_bytes / request->piece_count * first;
    weights_forget(packing->weights, request->source + from, request->source_bytes / request->piece_count * count);
}

static void free_block(weights_block *block) {
    const mica_allocator *const allocator = block->allocator;
    if (block->memory) allocator->release(allocator->user, block->memory, block->size);
    file_unmap(&block->cache);
    allocator->release(allocator->user, block, block->head);
}

static mica_status new_block(struct weights *weights, size_t size, weights_block **out, mica_error *error) {
    const mica_allocator *const allocator = weights->allocator;
    if (weights->arena->limit && size > weights->arena->limit - weights->arena->used) {
        return error_set(error, MICA_ERROR_LIMIT, "%zu bytes of packed weights exceed the memory limit of %zu", size,
                         weights->arena->limit);
    }
    if (size > SIZE_MAX / 2) return error_set(error, MICA_ERROR_LIMIT, "the packed weights are too large");
    const size_t head = sizeof(weights_block) + weights->count * sizeof(struct entry);
    weights_block *const block = allocator->allocate(allocator->user, head, MEMORY_ALIGNMENT);
    if (!block) return error_set(error, MICA_ERROR_MEMORY, "out of memory for %zu weights", weights->count);
    *block = (weights_block){.allocator = allocator, .head = head, .size = size};
    if (size) block->memory = allocator->allocate(allocator->user, size, MEMORY_ALIGNMENT);
    if (size && !block->memory) {
        free_block(block);
        return error_set(error, MICA_ERROR_MEMORY, "out of memory: %zu bytes of packed weights", size);
    }
    *out = block;
    return MICA_OK;
}

static mica_status pack_items(struct weights *weights, weights_block *block, size_t count, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(weights->arena, count, sizeof(weights_item *), &memory, error));
    struct packing packing = {.weights = weights, .items = memory};
    uint8_t *to = block->memory;
    for (weights_item *item = weights->items; item; item = item->next) {
        if (item->packed || item->same) continue;
        item->packed = to;
        item->fresh = true;
        item->first_task = packing.tasks;
        packing.tasks += divide_up(item->request.piece_count, task_pieces(item));
        packing.items[packing.count++] = item;
        to += room(item);
    }
    pool_run(weights->pool, block->size < SERIAL_BYTES ? 1 : pool_threads(weights->pool), packing.tasks, pack_task,
             &packing);
    return MICA_OK;
}

/* Memory and items for what nobody has yet, and the cache file's mapping where something is in it. */
static mica_status make_block(struct weights *weights, struct weights_cache *cache, weights_block **out,
                              mica_error *error) {
    size_t missing = 0;
    for (const weights_item *item = weights->items; item; item = item->next) {
        if (item->packed || item->same) continue;
        missing++;
        if (!size_add(weights->packed_bytes, room(item), &weights->packed_bytes)) {
            return error_set(error, MICA_ERROR_LIMIT, "the packed weights are too large");
        }
    }
    if (!missing && !weights->cached_bytes) return MICA_OK;
    weights_block *block = NULL;
    TRY(new_block(weights, weights->packed_bytes, &block, error));
    const mica_status status = use_block(weights, block, error);
    if (status != MICA_OK) {
        free_block(block);
        return status;
    }
    if (weights->cached_bytes) {
        block->cache = cache->file;
        cache->file = (struct file){0};
    }
    *out = block;
    return missing ? pack_items(weights, block, missing, error) : MICA_OK;
}

static bool inside(const uint8_t *at, const uint8_t *data, size_t size) {
    return (uintptr_t)at - (uintptr_t)data < size;
}

/* Lets other methods of the context find what is in the block. */
static void publish(struct weights *weights, weights_block *block) {
    struct entry *entry = block->entries;
    for (const weights_item *item = weights->items; item; item = item->next) {
        const weights_request *const request = &item->request;
        if (item->same || !(inside(item->packed, block->memory, block->size) ||
                            inside(item->packed, block->cache.data, block->cache.size))) {
            continue;
        }
        *entry++ = (struct entry){request->source, item->packed, request->source_bytes, item->bytes, request->key};
    }
    block->entry_count = (size_t)(entry - block->entries);
    block->next = *weights->blocks;
    *weights->blocks = block;
}

mica_status weights_pack(struct weights *weights, mica_error *error) {
    const bool caches = weights->origin && weights->origin->cache && weights->items;
    struct weights_cache cache = {0};
    weights_block *block = NULL;
    for (weights_item *item = weights->items; item && weights->origin; item = item->next) {
        TRY(share(weights, item, error));
    }
    if (caches) weights_cache_read(&cache, weights);
    const mica_status status = make_block(weights, &cache, &block, error);
    if (status == MICA_OK && caches) weights_cache_write(&cache, weights);
    file_unmap(&cache.file);
    arena_free(&weights->transient);
    TRY(status);
    if (block && weights->origin) publish(weights, block);
    for (weights_item *item = weights->items; item; item = item->next) {
        *item->request.packed = item->same ? item->same->packed : item->packed;
        weights_forget(weights, item->request.source, item->request.source_bytes);
        weights_forget(weights, item->request.scales, item->request.scale_bytes);
    }
    return MICA_OK;
}

void weights_free(struct weights *weights) {
    for (weights_use *use = weights->uses; use; use = use->next) {
        if (--use->block->users) continue;
        for (weights_block **at = weights->blocks; at && *at; at = &(*at)->next) {
            if (*at != use->block) continue;
            *at = use->block->next;
            break;
        }
        free_block(use->block);
    }
    weights->uses = NULL;
    arena_free(&weights->transient);
}

void weights_forget(const struct weights *weights, const void *data, size_t size) {
    for (size_t i = 0; weights->origin && i < weights->origin->count; i++) {
        const weights_source *const source = &weights->origin->sources[i];
        if (!source->mapped || !inside(data, source->file.data, source->file.size)) continue;
        file_forget(&source->file, data, size);
        return;
    }
}
