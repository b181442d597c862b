/* SPDX-License-Identifier: Apache-2.0
 *
 * Little-endian numbers in a file's bytes, at any alignment, and spans of them. A span was range-checked when made.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct bytes_span {
    const uint8_t *data;
    size_t count; /* elements */
} bytes_span;

#define BYTES_READ(name, type)                                                 \
    static inline type bytes_##name(const uint8_t *at) {                      \
        type value;                                                            \
        memcpy(&value, at, sizeof value);                                      \
        return value;                                                          \
    }                                                                          \
    static inline type span_##name(bytes_span span, size_t index) {           \
        return bytes_##name(span.data + index * sizeof(type));                 \
    }
BYTES_READ(u8, uint8_t)
BYTES_READ(u16, uint16_t)
BYTES_READ(u32, uint32_t)
BYTES_READ(u64, uint64_t)
BYTES_READ(i8, int8_t)
BYTES_READ(i16, int16_t)
BYTES_READ(i32, int32_t)
BYTES_READ(i64, int64_t)
BYTES_READ(f32, float)
BYTES_READ(f64, double)
#undef BYTES_READ

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Mica reads its files in place and needs a little-endian machine"
#endif

#endif
