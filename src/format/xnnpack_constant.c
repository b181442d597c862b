/* SPDX-License-Identifier: Apache-2.0
 *
 * The constants of a payload: in the program's named data, in the payload behind the flatbuffer, or inside of it.
 */
#include <stdalign.h>

#include "format/text.h"
#include "format/xnnpack_parts.h"

alignas(16) const uint8_t xnn_absent[1] = {0};

/* Fails about the field that names a constant. */
#define BAD_CONSTANT(...) XNN_BAD(parts, table, *schema, field, __VA_ARGS__)

static mica_status note_missing(const xnn_parts *parts, const char *key) {
    void *memory = NULL;
    TRY(arena_allocate(parts->arena, sizeof(xnn_missing), &memory, parts->error));
    xnn_missing *const missing = memory;
    *missing = (xnn_missing){key, parts->graph->missing};
    parts->graph->missing = missing;
    return MICA_OK;
}

/* Constants with a key are in the program's named data, older ones in a region behind the flatbuffer. */
static mica_status find_data(const xnn_parts *parts, fb_table table, const fb_schema *schema, size_t field,
                             fb_table constant, bytes_span *out) {
    size_t length = 0;
    const char *const key = fb_string(constant, XCONSTANT_NAMED_KEY, &length);
    const uint64_t size = fb_u64(constant, XCONSTANT_SIZE, 0);
    if (!key) {
        const uint64_t offset = fb_u64(constant, XCONSTANT_OFFSET, 0);
        if (offset > parts->constant_data.count || size > parts->constant_data.count - offset) {
            return BAD_CONSTANT("%llu bytes from %llu on end outside of %zu bytes of constants",
                                (unsigned long long)size, (unsigned long long)offset, parts->constant_data.count);
        }
        *out = (bytes_span){parts->constant_data.data + offset, size};
        return MICA_OK;
    }
    if (!text_is_name(key, length)) return BAD_CONSTANT("the key of its data is not a name");
    bytes_span found = {NULL, 0};
    found.data = pte_find_data(parts->program, key, length, &found.count);
    if (!found.data) {
        *out = (bytes_span){xnn_absent, size};
        return note_missing(parts, key);
    }
    if (found.count != size) {
        return BAD_CONSTANT("%llu bytes, of which the named data has %zu", (unsigned long long)size, found.count);
    }
    *out = found;
    return MICA_OK;
}

mica_status xnn_find_constant(const xnn_parts *parts, fb_table table, const fb_schema *schema, size_t field,
                              size_t alignment, bytes_span *out) {
    const uint32_t index = fb_u32(table, field, 0);
    const bytes_span list = fb_vector(parts->root, parts->inlined ? XGRAPH_CONSTANT_BUFFER : XGRAPH_CONSTANT_DATA);
    if (index >= list.count) return BAD_CONSTANT("constant %u of %zu", index, list.count);
    bytes_span bytes = {NULL, 0};
    if (parts->inlined) {
        bytes = fb_vector(fb_at(list, index), XBUFFER_STORAGE);
    } else {
        TRY(find_data(parts, table, schema, field, fb_at(list, index), &bytes));
    }
    if ((uintptr_t)bytes.data % alignment != 0) return BAD_CONSTANT("the data is not aligned for its type");
    *out = bytes;
    return MICA_OK;
}
