/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a verified buffer: a field is found through its table's vtable, an offset counts from where it stands.
 * And the texts of errors about what was read.
 */
#include "flatbuf/flatbuf.h"

#include <stdarg.h>
#include <stdio.h>

/* A table begins with the signed distance back to its vtable; that holds its own size, the table's, and for each field
 * the distance from the table, 0 for an absent one. */
static const uint8_t *field_at(fb_table table, size_t field) {
    if (!table.at) return NULL;
    const uint8_t *const vtable = table.at - bytes_i32(table.at);
    const size_t slot = 4 + 2 * field;
    if (slot + 2 > bytes_u16(vtable)) return NULL;
    const uint16_t distance = bytes_u16(vtable + slot);
    return distance ? table.at + distance : NULL;
}

static const uint8_t *follow(const uint8_t *at) { return at ? at + bytes_u32(at) : NULL; }

static const char *string_at(const uint8_t *at, size_t *length) {
    if (length) *length = at ? bytes_u32(at) : 0;
    return at ? (const char *)at + 4 : NULL;
}

fb_table fb_root(const uint8_t *data, bool size_prefixed) {
    return (fb_table){follow(data + (size_prefixed ? 4 : 0))};
}

bool fb_has(fb_table table, size_t field) { return field_at(table, field) != NULL; }

#define FB_READ(name, type)                                                                                          \
    type fb_##name(fb_table table, size_t field, type fallback) {                                                    \
        const uint8_t *const at = field_at(table, field);                                                            \
        return at ? bytes_##name(at) : fallback;                                                                     \
    }
FB_READ(u8, uint8_t)
FB_READ(i8, int8_t)
FB_READ(u16, uint16_t)
FB_READ(i16, int16_t)
FB_READ(u32, uint32_t)
FB_READ(i32, int32_t)
FB_READ(u64, uint64_t)
FB_READ(i64, int64_t)
FB_READ(f32, float)
FB_READ(f64, double)

const char *fb_string(fb_table table, size_t field, size_t *length) {
    return string_at(follow(field_at(table, field)), length);
}

fb_table fb_child(fb_table table, size_t field) { return (fb_table){follow(field_at(table, field))}; }

bytes_span fb_vector(fb_table table, size_t field) {
    const uint8_t *const at = follow(field_at(table, field));
    return at ? (bytes_span){at + 4, bytes_u32(at)} : (bytes_span){NULL, 0};
}

fb_table fb_at(bytes_span vector, size_t index) { return (fb_table){follow(vector.data + 4 * index)}; }

const char *fb_string_at(bytes_span vector, size_t index, size_t *length) {
    return string_at(follow(vector.data + 4 * index), length);
}

mica_status fb_bad(mica_error *error, mica_status status, const uint8_t *data, fb_table table,
                   const fb_schema *schema, size_t field, const char *format, ...) {
    char sentence[640];
    va_list list;
    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    const fb_field *const what = &schema->fields[field];
    const uint8_t *at = field_at(table, field);
    if (at && (what->vector || what->kind >= FB_STRING)) at = follow(at);
    return error_set(error, status, "%s: %s, at byte %zu", what->name, sentence,
                     (size_t)((at ? at : table.at) - data));
}

mica_status fb_in(mica_error *error, mica_status status, const char *format, ...) {
    char step[128];
    va_list list;
    va_start(list, format);
    vsnprintf(step, sizeof step, format, list);
    va_end(list);
    if (!error) return status;
    char inner[sizeof error->text];
    memcpy(inner, error->text, sizeof inner);
    const bool joined = inner[0] == ':' || inner[0] == '[';
    return error_set(error, status, "%s%s%s", step, joined ? "" : ".", inner);
}
