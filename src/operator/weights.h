/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed weights of one method or lone operator. Operators ask for them while they are created; when all have asked,
 * weights_pack does it at once: what the context's methods hold already is shared, what a cache file holds is mapped,
 * the rest is packed into one block of memory, by all threads, and pages of the model that were only read for it are
 * given back to the system on the way.
 */
#ifndef OPERATOR_WEIGHTS_H
#define OPERATOR_WEIGHTS_H

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/pool.h"

/* Bytes that constants come from; they last as long as what is made of them. */
typedef struct weights_source {
    struct file file;
    bool mapped; /* pages that are given back can be had again */
} weights_source;

typedef struct weights_origin {
    const weights_source *sources;
    size_t count;
    const char *cache; /* path of a file to keep packed weights in; NULL: none */
} weights_origin;

/* What an operator wants packed: pieces of equal size that follow each other. */
typedef struct weights_request {
    const uint8_t **packed; /* set by weights_pack; aligned to 64 */
    size_t piece_count, piece_bytes;
    void (*pack)(const void *packer, size_t first, size_t count, uint8_t *packed); /* on any thread */
    const void *packer;                                                            /* lasts until weights_pack */
    const uint8_t *source; /* what is packed: with its contents and the key, the packed bytes are determined */
    size_t source_bytes;
    const void *scales; /* of blocks: read for packing and for the key, and not again */
    size_t scale_bytes;
    bool in_order; /* piece i comes from about the i-th part of the source */
    hash128 key;
} weights_request;

typedef struct weights_item {
    struct weights_item *next;
    weights_request request;
    size_t bytes;                    /* piece_count pieces */
    const uint8_t *packed;           /* NULL until somebody has it */
    const struct weights_item *same; /* an earlier item that wants the same */
    bool fresh;                      /* packed by this load */
    size_t first_task;
} weights_item;

typedef struct weights_block weights_block;
typedef struct weights_use weights_use;

struct weights {
    const mica_allocator *allocator;
    struct arena *arena;    /* for the list; its limit holds for packed bytes too */
    struct arena transient; /* what is only needed for packing */
    struct pool *pool;
    const weights_origin *origin; /* NULL: weights of a lone operator, which are nobody else's */
    weights_block **blocks;       /* of the context, which its methods share */
    weights_item *items, **end;
    size_t count;
    size_t asked_bytes;                              /* of all, packed */
    weights_use *uses;                               /* of blocks, for as long as this lives */
    size_t packed_bytes, cached_bytes, shared_bytes; /* packed here, found in the cache file, another method's */
    bool cache_written;
    char note[sizeof((mica_error *)0)->text]; /* what kept the cache file from being used or written; "": nothing */
};

void weights_init(struct weights *weights, const mica_allocator *allocator, struct arena *arena, struct pool *pool,
                  const weights_origin *origin, weights_block **blocks);

/* Copies the request. Fails with LIMIT or MEMORY. */
mica_status weights_ask(struct weights *weights, const weights_request *request, mica_error *error);

/* Makes all that was asked for. A cache file that cannot be used or written is no failure. */
mica_status weights_pack(struct weights *weights, mica_error *error);

void weights_free(struct weights *weights); /* what nobody else uses */

/* The operator will not read these constants any more. */
void weights_forget(const struct weights *weights, const void *data, size_t size);

#endif
