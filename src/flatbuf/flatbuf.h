/* SPDX-License-Identifier: Apache-2.0
 *
 * FlatBuffers without a code generator: verifier and reader, driven by tables that describe a schema. Knows no schema.
 *
 * A buffer is verified once, whole, against its root schema; then reading follows offsets without checks. Numbers
 * may stand at any address: all access is by copy. Structs are not supported, no schema of ours has any.
 */
#ifndef FLATBUF_FLATBUF_H
#define FLATBUF_FLATBUF_H

#include "base/bytes.h"
#include "base/error.h"

typedef enum fb_kind {
    FB_BOOL,
    FB_U8,
    FB_I8,
    FB_U16,
    FB_I16,
    FB_U32,
    FB_I32,
    FB_U64,
    FB_I64,
    FB_F32,
    FB_F64,
    FB_STRING,
    FB_TABLE,
    FB_UNION /* the field before it holds the tag, an FB_U8 */
} fb_kind;

typedef struct fb_schema fb_schema;

/* One field of a table; its position in fb_schema.fields is its field id. */
typedef struct fb_field {
    const char *name; /* NULL: a field that nobody reads; it is not verified */
    fb_kind kind;
    bool vector; /* [kind] */
    bool required;
    const fb_schema *table;          /* FB_TABLE: of what */
    const fb_schema *const *members; /* FB_UNION: by tag; member 0 (none) and unused tags are NULL */
    size_t member_count;             /* one past the largest tag */
    size_t align;                    /* of a vector's first element in bytes when more than its own; builder only */
} fb_field;

struct fb_schema {
    const char *name;
    const fb_field *fields;
    size_t field_count;
};

/* Shorthand for tables of fields: FB_SCALAR("offset", FB_U64), FB_CHILDREN("segments", &pte_data_segment), … */
#define FB_SCALAR(name_, kind_) {.name = (name_), .kind = (kind_)}
#define FB_SCALARS(name_, kind_) {.name = (name_), .kind = (kind_), .vector = true}
#define FB_TEXT(name_) {.name = (name_), .kind = FB_STRING}
#define FB_CHILD(name_, table_) {.name = (name_), .kind = FB_TABLE, .table = (table_)}
#define FB_CHILDREN(name_, table_) {.name = (name_), .kind = FB_TABLE, .vector = true, .table = (table_)}
#define FB_CHOICE(name_, members_)                                                                                   \
    {.name = (name_), .kind = FB_UNION, .members = (members_), .member_count = sizeof(members_) / sizeof *(members_)}
#define FB_UNREAD {.name = NULL}
#define FB_SCHEMA(name_, fields_) {(name_), (fields_), sizeof(fields_) / sizeof *(fields_)}

/* ---- verifying ---- */

typedef struct fb_options {
    const char *identifier; /* four characters at bytes 4..7 of the buffer; NULL: not looked at */
    bool size_prefixed;     /* a u32 length stands before the buffer */
    size_t origin;          /* where the buffer stands in its file: added to the byte offsets of error texts */
} fb_options;

#define FB_MAX_DEPTH 64
#define FB_SHARING 8     /* what is reachable, counted once for each way to it, is at most so many times `size` … */
#define FB_TABLE_COST 32 /* … where a table counts as so many bytes: so at most size / 4 tables are visited */

/* Checks that every offset, vtable, vector and string reachable from the root is inside `size` bytes at `data`,
 * strings are terminated, nesting is at most FB_MAX_DEPTH deep, union tags are known, and that following everything takes
 * time linear in `size` (FB_SHARING). FORMAT errors name field path and byte offset: "values[3].val.sizes: a vector of
 * 70000 elements ends outside the buffer, at byte 1234". */
mica_status fb_verify(const uint8_t *data, size_t size, const fb_options *options, const fb_schema *root,
                      mica_error *error);

/* ---- reading a verified buffer ---- */

typedef struct fb_table {
    const uint8_t *at; /* NULL: absent */
} fb_table;

fb_table fb_root(const uint8_t *data, bool size_prefixed);
bool fb_has(fb_table table, size_t field);

/* Scalars by field id; `fallback` when the field is absent. A NULL table has no field. */
uint8_t fb_u8(fb_table table, size_t field, uint8_t fallback);
int8_t fb_i8(fb_table table, size_t field, int8_t fallback);
uint16_t fb_u16(fb_table table, size_t field, uint16_t fallback);
int16_t fb_i16(fb_table table, size_t field, int16_t fallback);
uint32_t fb_u32(fb_table table, size_t field, uint32_t fallback);
int32_t fb_i32(fb_table table, size_t field, int32_t fallback);
uint64_t fb_u64(fb_table table, size_t field, uint64_t fallback);
int64_t fb_i64(fb_table table, size_t field, int64_t fallback);
float fb_f32(fb_table table, size_t field, float fallback);
double fb_f64(fb_table table, size_t field, double fallback);

/* A string's bytes, terminated; `length` may be NULL. NULL when absent. */
const char *fb_string(fb_table table, size_t field, size_t *length);
/* A table or union member; absent: {NULL}. */
fb_table fb_child(fb_table table, size_t field);
/* A vector of scalars, or of offsets: read those with fb_at and fb_string_at. Absent: {NULL, 0}. */
bytes_span fb_vector(fb_table table, size_t field);
fb_table fb_at(bytes_span vector, size_t index);
const char *fb_string_at(bytes_span vector, size_t index, size_t *length);

/* ---- error texts: "path: sentence, at byte N" ---- */

/* Fails about a field of a verified table, with its name and place: of a scalar, of what an offset leads to, or of the
 * table where the field is absent; counted from `data`. */
mica_status fb_bad(mica_error *error, mica_status status, const uint8_t *data, fb_table table,
                   const fb_schema *schema, size_t field, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* Puts a step of the path before the text of a failed inner step: "values[3]" and "sizes: …" make "values[3].sizes: …". */
mica_status fb_in(mica_error *error, mica_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
