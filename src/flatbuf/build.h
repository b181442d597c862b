/* SPDX-License-Identifier: Apache-2.0
 *
 * FlatBuffers written by the same tables that verify them. A buffer grows from its end: children first, the root
 * last; what was written is named by a reference, which may be used any number of times (strings and vectors shared).
 *
 * Nothing here returns a status but the end: the first failure (memory, 2 GiB, a value that its field cannot hold,
 * a required field left out) sticks, later calls do nothing, and fb_finish tells it.
 */
#ifndef FLATBUF_BUILD_H
#define FLATBUF_BUILD_H

#include "base/memory.h"
#include "flatbuf/flatbuf.h"

#define FB_MAX_FIELDS 64 /* of one table */

typedef uint32_t fb_ref; /* bytes from the buffer's end; 0: absent */

struct fb_builder {
    const mica_allocator *allocator;
    uint8_t *memory;
    size_t capacity, used; /* the bytes in use are the last ones */
    size_t align;          /* largest one met */
    fb_ref *vtables;
    size_t vtable_count, vtable_capacity;
    const fb_schema *schema; /* of the table between fb_begin and fb_end */
    struct fb_slot {
        uint64_t bits;
        fb_ref ref;
        uint8_t size; /* 0: not set */
    } slots[FB_MAX_FIELDS];
    mica_error failure;
};

void fb_builder_init(struct fb_builder *builder, const mica_allocator *allocator);
void fb_builder_free(struct fb_builder *builder);

fb_ref fb_build_string(struct fb_builder *builder, const char *text); /* NULL: absent */
/* The vector of scalars for `field` of `schema`, aligned as it says. */
fb_ref fb_build_scalars(struct fb_builder *builder, const fb_schema *schema, size_t field, const void *items,
                        size_t count);
/* A vector of strings or tables; none of them absent. */
fb_ref fb_build_refs(struct fb_builder *builder, const fb_ref *refs, size_t count);

/* One table at a time: begin, set fields in any order, end. Fields not set are absent, which means their default. */
void fb_begin(struct fb_builder *builder, const fb_schema *schema);
void fb_set_int(struct fb_builder *builder, size_t field, int64_t value); /* integers and bool; u64 by its bits */
void fb_set_real(struct fb_builder *builder, size_t field, double value);
void fb_set_ref(struct fb_builder *builder, size_t field, fb_ref ref); /* 0 leaves the field absent */
fb_ref fb_end(struct fb_builder *builder);

/* Ends the buffer, which stays the builder's. Of `options` both members count. */
mica_status fb_finish(struct fb_builder *builder, fb_ref root, const fb_options *options, const uint8_t **data,
                      size_t *size, mica_error *error);

#endif
