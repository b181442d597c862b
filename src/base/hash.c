/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <string.h>

enum { LANES = 8 }; /* independent chains hide the multiplication's latency */

static const uint64_t odd = 0x9e3779b97f4a7c15u; /* 2^64 by the golden ratio */

static uint64_t rotate(uint64_t x, unsigned bits) { return x << bits | x >> (64 - bits); }

/* One to one in either argument. */
static uint64_t add_word(uint64_t lane, uint64_t word) { return (rotate(lane, 29) ^ word) * odd; }

static uint64_t avalanche(uint64_t x) {
    x = (x ^ x >> 32) * odd;
    x = (x ^ x >> 29) * odd;
    return x ^ x >> 32;
}

static void add_block(uint64_t lanes[LANES], const uint8_t *block) {
    uint64_t words[LANES];
    memcpy(words, block, sizeof words);
    for (size_t i = 0; i < LANES; i++) lanes[i] = add_word(lanes[i], words[i]);
}

hash128 hash_bytes(const void *data, size_t size, hash128 seed) {
    uint64_t lanes[LANES];
    for (size_t i = 0; i < LANES; i++) lanes[i] = avalanche(seed.low + i) ^ seed.high;
    const uint8_t *bytes = data;
    size_t left = size;
    for (; left >= sizeof lanes; left -= sizeof lanes, bytes += sizeof lanes) add_block(lanes, bytes);
    if (left) {
        uint8_t last[sizeof lanes] = {0};
        memcpy(last, bytes, left);
        add_block(lanes, last);
    }
    hash128 hash = {size, ~(uint64_t)size};
    for (size_t i = 0; i < LANES; i++) {
        hash.low = add_word(hash.low, avalanche(lanes[i]));
        hash.high = add_word(hash.high, avalanche(lanes[i] + odd));
    }
    return (hash128){avalanche(hash.low), avalanche(hash.high)};
}
