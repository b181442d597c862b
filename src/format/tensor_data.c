/* SPDX-License-Identifier: Apache-2.0 */
#include "format/tensor_data.h"

#include "format/tensor_data_schema.h"
#include "format/text.h"

/* The header that stands behind the identifier; positions in the file, in bytes. */
enum {
    HEADER_MAGIC = 8,
    HEADER_LENGTH = 12,
    HEADER_FLATBUFFER_OFFSET = 16,
    HEADER_FLATBUFFER_SIZE = 24,
    HEADER_SEGMENT_BASE = 32,
    HEADER_SEGMENT_SIZE = 40,
    HEADER_END = 48
};

#define BAD(table, schema, field, ...)                                                                               \
    fb_bad(error, MICA_ERROR_FORMAT, file, (table), &(schema), (field), __VA_ARGS__)

static mica_status read_entry(const uint8_t *file, const struct segments *segments, fb_table table, ptd_entry *entry,
                              mica_error *error) {
    size_t length = 0;
    entry->key = fb_string(table, ENTRY_KEY, &length);
    if (!text_is_name(entry->key, length)) return BAD(table, ptd_entry_schema, ENTRY_KEY, "not a name");
    const uint32_t index = fb_u32(table, ENTRY_SEGMENT_INDEX, 0);
    if (index >= segments->list.count) {
        return BAD(table, ptd_entry_schema, ENTRY_SEGMENT_INDEX, "segment %u of %zu", index, segments->list.count);
    }
    const bytes_span bytes = segments_at(segments, index);
    entry->data = bytes.data;
    entry->size = bytes.count;
    const fb_table described = fb_child(table, ENTRY_TENSOR_LAYOUT);
    if (!described.at) return MICA_OK;
    static const tensor_layout_fields fields = {&ptd_layout_schema, LAYOUT_SCALAR_TYPE, LAYOUT_SIZES,
                                                LAYOUT_DIM_ORDER};
    entry->has_layout = true;
    const mica_status status = tensor_layout_read(described, &fields, file, &entry->layout, error);
    if (status) return fb_in(error, status, "tensor_layout");
    if (entry->layout.bytes > entry->size) {
        return BAD(table, ptd_entry_schema, ENTRY_TENSOR_LAYOUT, "%zu bytes where the segment has %zu",
                   entry->layout.bytes, entry->size);
    }
    if ((uintptr_t)entry->data % mica_type_size(entry->layout.type) != 0) {
        return BAD(table, ptd_entry_schema, ENTRY_TENSOR_LAYOUT, "the data is not aligned for its type");
    }
    return MICA_OK;
}

mica_status ptd_open(const uint8_t *file, size_t size, struct arena *arena, ptd_file *out, mica_error *error) {
    if (size < HEADER_END || memcmp(file + 4, "FT01FH01", 8) != 0) {
        return error_set(error, MICA_ERROR_FORMAT, "not external tensor data: no FT01 and FH01 at byte 4");
    }
    const uint32_t header = bytes_u32(file + HEADER_LENGTH);
    if (header < HEADER_END - HEADER_MAGIC) {
        return error_set(error, MICA_ERROR_FORMAT, "header: %u bytes are too few, at byte 12", header);
    }
    size_t end = 0, data_end = 0;
    const uint64_t base = bytes_u64(file + HEADER_SEGMENT_BASE), data_size = bytes_u64(file + HEADER_SEGMENT_SIZE);
    if (!size_add(bytes_u64(file + HEADER_FLATBUFFER_OFFSET), bytes_u64(file + HEADER_FLATBUFFER_SIZE), &end) ||
        end > size) {
        return error_set(error, MICA_ERROR_FORMAT, "header: the flatbuffer ends outside the file, at byte 16");
    }
    if (!size_add(base, data_size, &data_end) || data_end > size) {
        return error_set(error, MICA_ERROR_FORMAT, "header: the segments end outside the file, at byte 32");
    }
    TRY(fb_verify(file, end, &(fb_options){.identifier = "FT01"}, &ptd_schema, error));
    const fb_table root = fb_root(file, false);
    const struct segments segments = {file + base, data_size, fb_vector(root, FLAT_TENSOR_SEGMENTS)};
    TRY(segments_check(&segments, file, error));
    const bytes_span named = fb_vector(root, FLAT_TENSOR_NAMED_DATA);
    void *memory = NULL;
    TRY(arena_array(arena, named.count, sizeof(ptd_entry), &memory, error));
    ptd_entry *const entries = memory;
    for (size_t i = 0; i < named.count; i++) {
        const mica_status status = read_entry(file, &segments, fb_at(named, i), &entries[i], error);
        if (status) return fb_in(error, status, "named_data[%zu]", i);
    }
    text_sort(entries, named.count, sizeof *entries);
    *out = (ptd_file){file, size, entries, named.count};
    return MICA_OK;
}

const ptd_entry *ptd_find(const ptd_file *file, const char *key, size_t key_length) {
    return text_find(key, key_length, file->entries, file->entry_count, sizeof(ptd_entry));
}
