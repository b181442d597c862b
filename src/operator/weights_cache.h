/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of packed weights, mapped, so that a later load packs nothing and processes share its pages.
 *
 *   header    magic, version, counts, file size, a hash of header and tables
 *   sources   identity of each file that constants came from
 *   entries   key (how the weights were packed), where in which source they lie and a hash of these contents, where the
 *             packed bytes are and a hash of them
 *   bytes     packed, each entry's aligned to 64
 *
 * Nothing in it is believed. Header and tables must match their hash, and packed bytes theirs, whenever they are used.
 * An entry serves weights whose key and place are the same and whose contents have the same hash; reading them for that is
 * spared where the source is, by device, inode, size and times, the very file that the entry was made of. The hashes
 * guard against damage and mix-ups, not against somebody who writes the file on purpose: it belongs where the model does.
 */
#ifndef OPERATOR_WEIGHTS_CACHE_H
#define OPERATOR_WEIGHTS_CACHE_H

#include "operator/weights.h"

struct cache_header;

struct weights_cache {
    struct file file;
    const struct cache_header *header; /* of it; NULL: not usable */
    bool stale;                        /* sources have another identity by now, the same contents though */
};

/* Opens origin->cache and finds in it what items lack: sets their `packed` and cached_bytes. What is wrong with the file
 * goes into the note. */
void weights_cache_read(struct weights_cache *cache, struct weights *weights);

/* Writes the file anew when it lacks something that the items have now, or is stale; entries of other methods are
 * kept. The file that was read is still mapped, by `cache` or by the block that uses it. */
void weights_cache_write(const struct weights_cache *cache, struct weights *weights);

#endif
