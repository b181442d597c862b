/* SPDX-License-Identifier: Apache-2.0
 *
 * A hash of bytes as fast as memory, for telling contents apart and finding damage. Any change within one word of 8
 * bytes changes it; other changes go unseen once in 2^64. Not a signature: who wants to make two alike can.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hash128 {
    uint64_t low, high;
} hash128;

/* `seed` is the hash of what comes before, or zeros. `data` may be NULL when size is 0. */
hash128 hash_bytes(const void *data, size_t size, hash128 seed);

static inline bool hash_equal(hash128 a, hash128 b) { return a.low == b.low && a.high == b.high; }

#endif
