/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/weights_cache.h"

#include <stdio.h>
#include <string.h>

#define MAGIC "MicaWts"
#define VERSION 2 /* of the tables and of how kernels pack: raised with either */
#define MAX_PARTS 64                 /* that one hash is made of, by several threads */
#define PART_BYTES ((size_t)1 << 20) /* at least */

struct cache_header {
    char magic[8];
    uint64_t version, source_count, entry_count, file_size;
    hash128 hash; /* of header and tables, this being zeros */
};

typedef struct cache_entry {
    hash128 key;
    uint64_t source, source_offset, source_size;
    hash128 content; /* of the source's bytes */
    uint64_t offset, size;
    hash128 packed;
} cache_entry;

static size_t tables_size(size_t sources, size_t entries) {
    return sizeof(struct cache_header) + sources * sizeof(file_identity) + entries * sizeof(cache_entry);
}

static const file_identity *identities(const struct cache_header *header) {
    return (const file_identity *)(header + 1);
}

static const cache_entry *entries(const struct cache_header *header) {
    return (const cache_entry *)(identities(header) + header->source_count);
}

/* ---- hashing ---- */

struct hashing {
    const struct file *file; /* that the bytes may be mapped from */
    const uint8_t *data;
    size_t size, part;
    hash128 parts[MAX_PARTS];
};

static void hash_part(void *argument, size_t index, size_t thread) {
    (void)thread;
    struct hashing *const hashing = argument;
    const uint8_t *const data = hashing->data + index * hashing->part;
    const size_t size = min_size(hashing->part, hashing->size - index * hashing->part);
    file_expect(hashing->file, data, size);
    hashing->parts[index] = hash_bytes(data, size, (hash128){0});
}

static hash128 hash_of(struct pool *pool, const struct file *file, const uint8_t *data, size_t size) {
    const size_t count = max_size(1, min_size(MAX_PARTS, size / PART_BYTES));
    struct hashing hashing = {
        .file = file, .data = data, .size = size, .part = round_up(divide_up(size, count), MEMORY_ALIGNMENT)};
    pool_run(pool, pool_threads(pool), count, hash_part, &hashing);
    return hash_bytes(hashing.parts, count * sizeof *hashing.parts, (hash128){size, 0});
}

static hash128 hash_tables(const struct cache_header *header) {
    struct cache_header plain = *header;
    plain.hash = (hash128){0};
    const hash128 head = hash_bytes(&plain, sizeof plain, (hash128){0});
    const size_t size = tables_size(header->source_count, header->entry_count) - sizeof plain;
    return hash_bytes(header + 1, size, head);
}

/* ---- where constants are ---- */

/* The source that holds a request's constant; NULL: none, it lies in memory of its own. */
static const weights_source *source_of(const struct weights *weights, const weights_request *request) {
    for (size_t i = 0; i < weights->origin->count; i++) {
        const weights_source *const source = &weights->origin->sources[i];
        const uintptr_t offset = (uintptr_t)request->source - (uintptr_t)source->file.data;
        if (offset < source->file.size && request->source_bytes <= source->file.size - offset) return source;
    }
    return NULL;
}

static hash128 content_of(const struct weights *weights, const weights_source *source,
                          const weights_request *request) {
    const hash128 hash = hash_of(weights->pool, &source->file, request->source, request->source_bytes);
    weights_forget(weights, request->source, request->source_bytes);
    return hash;
}

static bool same_identity(const file_identity *a, const file_identity *b) {
    return a->known && memcmp(a, b, sizeof *a) == 0;
}

/* ---- reading ---- */

/* What is wrong with a file; NULL: nothing that header and tables could tell. */
static const char *check(const struct file *file, size_t sources) {
    if (file->size < sizeof(struct cache_header)) return "is too short";
    const struct cache_header *const header = (const void *)file->data;
    if (memcmp(header->magic, MAGIC, sizeof header->magic) != 0) return "holds no packed weights";
    if (header->version != VERSION) return "has another version";
    if (header->file_size != file->size) return "is not complete";
    if (header->source_count > file->size / sizeof(file_identity) ||
        header->entry_count > file->size / sizeof(cache_entry) ||
        tables_size(header->source_count, header->entry_count) > file->size ||
        !hash_equal(hash_tables(header), header->hash)) {
        return "is damaged";
    }
    for (size_t i = 0; i < header->entry_count; i++) {
        const cache_entry *const entry = &entries(header)[i];
        if (entry->source >= header->source_count || entry->offset % MEMORY_ALIGNMENT || entry->offset > file->size ||
            entry->size > file->size - entry->offset) {
            return "is damaged";
        }
    }
    if (header->source_count != sources) return "was made of other files";
    return NULL;
}

static void note(struct weights *weights, const char *text) {
    snprintf(weights->note, sizeof weights->note, "%s", text);
}

static const cache_entry *find(const struct cache_header *header, const struct weights *weights,
                               const weights_source *source, const weights_item *item) {
    const weights_request *const request = &item->request;
    for (size_t i = 0; i < header->entry_count; i++) {
        const cache_entry *const entry = &entries(header)[i];
        if (hash_equal(entry->key, request->key) && entry->source == (size_t)(source - weights->origin->sources) &&
            entry->source_offset == (size_t)(request->source - source->file.data) &&
            entry->source_size == request->source_bytes && entry->size == item->bytes) {
            return entry;
        }
    }
    return NULL;
}

static void read_item(struct weights_cache *cache, struct weights *weights, weights_item *item) {
    const weights_source *const source = source_of(weights, &item->request);
    const cache_entry *const entry = source ? find(cache->header, weights, source, item) : NULL;
    if (!entry) return;
    if (!same_identity(&identities(cache->header)[entry->source], &source->file.identity)) {
        if (!hash_equal(content_of(weights, source, &item->request), entry->content)) {
            note(weights, "was made of other weights");
            return;
        }
        cache->stale |= source->file.identity.known != 0;
    }
    const uint8_t *const packed = cache->file.data + entry->offset;
    if (!hash_equal(hash_of(weights->pool, &cache->file, packed, entry->size), entry->packed)) {
        note(weights, "is damaged");
        return;
    }
    item->packed = packed;
    weights->cached_bytes += item->bytes;
}

void weights_cache_read(struct weights_cache *cache, struct weights *weights) {
    mica_error error = {0};
    const mica_status status = file_map(weights->origin->cache, &cache->file, &error);
    const char *const fault = status == MICA_OK ? check(&cache->file, weights->origin->count) : error.text;
    if (fault) {
        note(weights, fault);
        file_unmap(&cache->file);
        return;
    }
    cache->header = (const void *)cache->file.data;
    for (weights_item *item = weights->items; item; item = item->next) {
        if (!item->packed && !item->same && item->bytes) read_item(cache, weights, item);
    }
}

/* ---- writing ---- */

/* The file to be: its tables, and where the packed bytes of each entry are now. */
struct image {
    struct cache_header *header; /* with room for all tables */
    cache_entry *entries;
    const void **bytes;
};

static mica_status new_image(const struct weights *weights, size_t most, struct arena *arena, struct image *image,
                             mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(arena, tables_size(weights->origin->count, most) + MEMORY_ALIGNMENT, &memory, error));
    image->header = memory;
    memcpy(image->header->magic, MAGIC, sizeof image->header->magic);
    image->header->version = VERSION;
    image->header->source_count = weights->origin->count;
    file_identity *const sources = (file_identity *)(image->header + 1);
    for (size_t i = 0; i < weights->origin->count; i++) sources[i] = weights->origin->sources[i].file.identity;
    image->entries = (cache_entry *)(sources + weights->origin->count);
    TRY(arena_array(arena, most, sizeof *image->bytes, &memory, error));
    image->bytes = memory;
    return MICA_OK;
}

static void add_entry(struct image *image, const cache_entry *entry, const void *bytes) {
    const size_t i = image->header->entry_count++;
    image->entries[i] = *entry;
    image->bytes[i] = bytes;
}

static void add_item(struct image *image, const struct weights *weights, const weights_source *source,
                     const weights_item *item) {
    const weights_request *const request = &item->request;
    const cache_entry entry = {.key = request->key,
                               .source = (size_t)(source - weights->origin->sources),
                               .source_offset = (size_t)(request->source - source->file.data),
                               .source_size = request->source_bytes,
                               .content = content_of(weights, source, request),
                               .size = item->bytes,
                               .packed = hash_of(weights->pool, &source->file, item->packed, item->bytes)};
    add_entry(image, &entry, item->packed);
}

static mica_status write_image(const struct image *image, const char *path, mica_error *error) {
    static const uint8_t padding[MEMORY_ALIGNMENT];
    struct cache_header *const header = image->header;
    const size_t tables = round_up(tables_size(header->source_count, header->entry_count), MEMORY_ALIGNMENT);
    header->file_size = tables;
    for (size_t i = 0; i < header->entry_count; i++) {
        image->entries[i].offset = header->file_size;
        header->file_size += round_up(image->entries[i].size, MEMORY_ALIGNMENT);
    }
    header->hash = hash_tables(header);
    struct file_draft draft;
    TRY(file_draft(path, header, tables, &draft, error));
    for (size_t i = 0; i < header->entry_count; i++) {
        const size_t size = image->entries[i].size;
        TRY(file_append(&draft, image->bytes[i], size, error));
        TRY(file_append(&draft, padding, round_up(size, MEMORY_ALIGNMENT) - size, error));
    }
    return file_publish(&draft, error);
}

/* What the items have, then what the old file has of the same sources for other methods. */
static mica_status fill(struct image *image, const struct cache_header *old, const struct weights *weights,
                        bool *changed, struct arena *arena, mica_error *error) {
    void *memory = NULL;
    const size_t old_count = old ? old->entry_count : 0;
    TRY(new_image(weights, weights->count + old_count, arena, image, error));
    TRY(arena_array(arena, old_count, sizeof(bool), &memory, error));
    bool *const used = memory;
    for (const weights_item *item = weights->items; item; item = item->next) {
        const weights_source *const source = source_of(weights, &item->request);
        if (!source || item->same || !item->bytes) continue;
        const cache_entry *const before = old ? find(old, weights, source, item) : NULL;
        if (before) used[before - entries(old)] = true;
        if (before && !item->fresh) {
            add_entry(image, before, (const uint8_t *)old + before->offset);
        } else {
            add_item(image, weights, source, item);
            *changed = true;
        }
    }
    for (size_t i = 0; i < old_count; i++) {
        const cache_entry *const entry = &entries(old)[i];
        if (!used[i] &&
            same_identity(&identities(old)[entry->source], &weights->origin->sources[entry->source].file.identity)) {
            add_entry(image, entry, (const uint8_t *)old + entry->offset);
        }
    }
    return MICA_OK;
}

void weights_cache_write(const struct weights_cache *cache, struct weights *weights) {
    mica_error error = {0};
    struct arena arena;
    struct image image = {0};
    bool changed = cache->stale;
    arena_init(&arena, weights->allocator, 0);
    mica_status status = fill(&image, cache->header, weights, &changed, &arena, &error);
    if (status == MICA_OK && changed) {
        status = write_image(&image, weights->origin->cache, &error);
        weights->cache_written = status == MICA_OK;
    }
    if (status != MICA_OK) note(weights, error.text);
    arena_free(&arena);
}
