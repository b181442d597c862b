/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests: every number that a verified FlatBuffer holds, by its path in the schema, so that tests can change it.
 * "values[1].sizes" is the offset to a vector, "values[1].sizes.count" its length, "values[1].sizes[0]" an element, and
 * "values[1].sizes.slot" the entry in the vtable: 0 makes the field absent (in all tables of that vtable).
 * "name.text" is the first byte of a string.
 */
#ifndef TESTS_PLACES_H
#define TESTS_PLACES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "flatbuf/flatbuf.h"

struct path {
    char text[128];
};

struct place {
    struct path path;
    size_t at;
    size_t width; /* bytes */
};

struct places {
    struct place *list;
    size_t count, capacity;
    const uint8_t *data; /* places are offsets from here */
};

/* Elements of long vectors of scalars beyond this one are left out: they are payloads, not structure. */
#define PLACES_MAX_ELEMENTS 8

static inline struct path path_of(const char *format, ...) {
    struct path path;
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(path.text, sizeof path.text, format, list);
    va_end(list);
    assert_true(length < (int)sizeof path.text);
    return path;
}

static inline void places_add(struct places *places, struct path path, const uint8_t *at, size_t width) {
    if (places->count == places->capacity) {
        places->capacity = places->capacity * 2 + 256;
        places->list = realloc(places->list, places->capacity * sizeof(struct place));
        assert_non_null(places->list);
    }
    places->list[places->count++] = (struct place){path, (size_t)(at - places->data), width};
}

static inline void places_of_table(struct places *places, struct path path, fb_table table, const fb_schema *schema);

/* What the offset at `at` leads to. */
static inline void places_of_target(struct places *places, struct path path, const uint8_t *at, fb_kind kind,
                                    const fb_schema *schema) {
    const uint8_t *const target = at + bytes_u32(at);
    if (kind == FB_STRING) {
        places_add(places, path_of("%s.count", path.text), target, 4);
        places_add(places, path_of("%s.text", path.text), target + 4, 1);
    } else {
        places_of_table(places, path, (fb_table){target}, schema);
    }
}

static inline void places_of_vector(struct places *places, struct path path, const uint8_t *vector, size_t width,
                                    const fb_field *field) {
    const size_t count = bytes_u32(vector);
    const bool scalars = field->kind < FB_STRING;
    places_add(places, path_of("%s.count", path.text), vector, 4);
    for (size_t i = 0; i < count && !(scalars && i >= PLACES_MAX_ELEMENTS); i++) {
        const uint8_t *const element = vector + 4 + i * width;
        const struct path inner = path_of("%s[%zu]", path.text, i);
        places_add(places, inner, element, width);
        if (!scalars) places_of_target(places, inner, element, field->kind, field->table);
    }
}

static inline void places_of_table(struct places *places, struct path path, fb_table table, const fb_schema *schema) {
    static const uint8_t widths[] = {
        [FB_BOOL] = 1, [FB_U8] = 1,  [FB_I8] = 1,  [FB_U16] = 2, [FB_I16] = 2,    [FB_U32] = 4,   [FB_I32] = 4,
        [FB_U64] = 8,  [FB_I64] = 8, [FB_F32] = 4, [FB_F64] = 8, [FB_STRING] = 4, [FB_TABLE] = 4, [FB_UNION] = 4};
    places_add(places, path_of("%s.vtable", path.text), table.at, 4);
    uint8_t tag = 0;
    for (size_t id = 0; id < schema->field_count; id++) {
        const fb_field *const field = &schema->fields[id];
        if (!field->name || !fb_has(table, id)) continue;
        const struct path inner = path_of("%s%s%s", path.text, *path.text ? "." : "", field->name);
        const uint8_t *const entry = table.at - bytes_i32(table.at) + 4 + 2 * id;
        const uint8_t *const slot = table.at + bytes_u16(entry);
        const size_t width = widths[field->kind];
        places_add(places, path_of("%s.slot", inner.text), entry, 2);
        places_add(places, inner, slot, field->vector ? 4 : width);
        if (field->vector) {
            places_of_vector(places, inner, slot + bytes_u32(slot), width, field);
        } else if (field->kind == FB_UNION) {
            places_of_target(places, inner, slot, field->kind, field->members[tag]);
        } else if (field->kind >= FB_STRING) {
            places_of_target(places, inner, slot, field->kind, field->table);
        }
        tag = width == 1 ? *slot : 0;
    }
}

/* All places of a verified buffer at `flatbuffer`; offsets count from `data`. Free the list. */
static inline struct places places_find(const uint8_t *data, const uint8_t *flatbuffer, const fb_schema *root) {
    struct places places = {.data = data};
    places_of_table(&places, path_of(""), fb_root(flatbuffer, false), root);
    return places;
}

/* One change of a buffer: a path, or "@AT:WIDTH" for bytes that no schema describes; and the new value. */
struct edit {
    const char *path;
    uint64_t value;
};

/* The place of a path; the test fails when there is none. */
static inline const struct place *places_at(const struct places *places, const char *path) {
    for (size_t i = 0; i < places->count; i++) {
        if (strcmp(places->list[i].path.text, path) == 0) return &places->list[i];
    }
    fail_msg("no field %s", path);
    return NULL;
}

static inline void places_edit(const struct places *places, uint8_t *bytes, struct edit edit) {
    size_t at = 0, width = 0;
    if (sscanf(edit.path, "@%zu:%zu", &at, &width) != 2) {
        const struct place *const place = places_at(places, edit.path);
        at = place->at;
        width = place->width;
    }
    memcpy(bytes + at, &edit.value, width);
}

/* Visits copies of `size` bytes at places->data in which one place is 0, 1, its largest value, its sign bit, or random. Each
 * copy ends with its allocation, so that a sanitizer sees any read beyond it. */
static inline size_t places_damage(const struct places *places, size_t size, uint64_t seed,
                                   void (*visit)(uint8_t *bytes, size_t size, void *user), void *user) {
    size_t visits = 0;
    for (size_t i = 0; i < places->count; i++) {
        const struct place place = places->list[i];
        const uint64_t sign = (uint64_t)1 << (8 * place.width - 1);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const uint64_t values[] = {0, 1, UINT64_MAX, sign, sign - 1, seed >> 32, seed >> 40};
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            uint8_t *const copy = malloc(size);
            assert_non_null(copy);
            memcpy(copy, places->data, size);
            memcpy(copy + place.at, &values[k], place.width);
            visit(copy, size, user);
            free(copy);
            visits++;
        }
    }
    return visits;
}

#endif
