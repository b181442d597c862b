/* SPDX-License-Identifier: Apache-2.0
 *
 * FlatBuffers: hand-made buffers, read back when they are good and refused with path and byte when they are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "flatbuf/flatbuf.h"

/* ---- a schema: a node with scalars, a name, children of its own kind, and a choice of two ---- */

enum { NODE_BYTE, NODE_NUMBER, NODE_NAME, NODE_ITEMS, NODE_CHILDREN, NODE_NAMES, NODE_TAG, NODE_CHOICE, NODE_FIELDS };

static const fb_schema node;
static const fb_field leaf_fields[] = {FB_SCALAR("value", FB_F64),
                                       {.name = "label", .kind = FB_STRING, .required = true}};
static const fb_schema leaf = FB_SCHEMA("Leaf", leaf_fields);
static const fb_schema *const choices[] = {NULL, &leaf, NULL, &node};
static const fb_field node_fields[] = {
    [NODE_BYTE] = FB_SCALAR("byte", FB_U8),
    [NODE_NUMBER] = FB_SCALAR("number", FB_I64),
    [NODE_NAME] = FB_TEXT("name"),
    [NODE_ITEMS] = FB_SCALARS("items", FB_I32),
    [NODE_CHILDREN] = FB_CHILDREN("children", &node),
    [NODE_NAMES] = {.name = "names", .kind = FB_STRING, .vector = true},
    [NODE_TAG] = FB_SCALAR("choice_type", FB_U8),
    [NODE_CHOICE] = FB_CHOICE("choice", choices),
};
static const fb_schema node = FB_SCHEMA("Node", node_fields);

/* ---- writing: everything grows upwards, each field of a table takes eight bytes ---- */

typedef struct image {
    uint8_t bytes[8192];
    size_t size;
} image;

static size_t put(image *to, const void *bytes, size_t count) {
    const size_t at = to->size;
    assert_true(at + count <= sizeof to->bytes);
    memcpy(to->bytes + at, bytes, count);
    to->size += count;
    return at;
}

static void set32(image *to, size_t at, uint32_t value) { memcpy(to->bytes + at, &value, 4); }
static void set16(image *to, size_t at, uint16_t value) { memcpy(to->bytes + at, &value, 2); }
static void lead(image *to, size_t from, size_t target) { set32(to, from, (uint32_t)(target - from)); }

/* Right after its vtable; bit k of `present` says whether field k is there. */
static size_t put_table(image *to, size_t fields, unsigned present) {
    static const uint8_t zeros[256];
    const size_t vtable = put(to, zeros, 4 + 2 * fields);
    const size_t at = put(to, zeros, 4 + 8 * fields);
    set16(to, vtable, (uint16_t)(4 + 2 * fields));
    set16(to, vtable + 2, (uint16_t)(4 + 8 * fields));
    for (size_t k = 0; k < fields; k++) {
        if (present >> k & 1) set16(to, vtable + 4 + 2 * k, (uint16_t)(4 + 8 * k));
    }
    set32(to, at, (uint32_t)(at - vtable));
    return at;
}

static size_t field(size_t table, size_t id) { return table + 4 + 8 * id; }

static size_t put_string(image *to, const char *text) {
    const uint32_t length = (uint32_t)strlen(text);
    const size_t at = put(to, &length, 4);
    put(to, text, length + 1);
    return at;
}

/* `count` elements of `size` bytes, zeroed. */
static size_t put_vector(image *to, uint32_t count, size_t size) {
    static const uint8_t zeros[4096];
    const size_t at = put(to, &count, 4);
    put(to, zeros, count * size);
    return at;
}

static size_t begin(image *to, unsigned present) {
    to->size = 0;
    put(to, "\0\0\0\0TEST", 8);
    const size_t root = put_table(to, NODE_FIELDS, present);
    lead(to, 0, root);
    return root;
}

/* Verifies a copy that ends with its allocation, so that ASan sees any read beyond it. */
static mica_status verify(const image *from, const fb_schema *root, mica_error *error) {
    uint8_t *const copy = malloc(from->size);
    memcpy(copy, from->bytes, from->size);
    const mica_status status = fb_verify(copy, from->size, &(fb_options){.identifier = "TEST"}, root, error);
    free(copy);
    return status;
}

static void refused(const image *from, const char *text) {
    mica_error error = {0};
    assert_int_equal(verify(from, &node, &error), MICA_ERROR_FORMAT);
    assert_string_equal(error.text, text);
}

/* ---- tests ---- */

static image whole(void) {
    image b;
    const size_t root = begin(&b, 0xff);
    b.bytes[field(root, NODE_BYTE)] = 200;
    memcpy(b.bytes + field(root, NODE_NUMBER), &(int64_t){-5}, 8);
    lead(&b, field(root, NODE_NAME), put_string(&b, "root"));
    const size_t items = put_vector(&b, 3, 4);
    lead(&b, field(root, NODE_ITEMS), items);
    for (uint32_t i = 0; i < 3; i++) set32(&b, items + 4 + 4 * i, 10 * i);
    const size_t children = put_vector(&b, 2, 4);
    lead(&b, field(root, NODE_CHILDREN), children);
    for (size_t i = 0; i < 2; i++) lead(&b, children + 4 + 4 * i, put_table(&b, i, 0));
    const size_t names = put_vector(&b, 2, 4);
    lead(&b, field(root, NODE_NAMES), names);
    lead(&b, names + 4, put_string(&b, ""));
    lead(&b, names + 8, put_string(&b, "second"));
    b.bytes[field(root, NODE_TAG)] = 1;
    const size_t chosen = put_table(&b, 2, 3);
    lead(&b, field(root, NODE_CHOICE), chosen);
    memcpy(b.bytes + field(chosen, 0), &(double){0.25}, 8);
    lead(&b, field(chosen, 1), put_string(&b, "leaf"));
    return b;
}

static void a_good_buffer_reads_back(void **state) {
    (void)state;
    const image b = whole();
    mica_error error = {0};
    assert_int_equal(verify(&b, &node, &error), MICA_OK);
    const fb_table root = fb_root(b.bytes, false);
    assert_int_equal(fb_u8(root, NODE_BYTE, 0), 200);
    assert_int_equal(fb_i64(root, NODE_NUMBER, 0), -5);
    size_t length;
    assert_string_equal(fb_string(root, NODE_NAME, &length), "root");
    assert_int_equal(length, 4);
    const bytes_span items = fb_vector(root, NODE_ITEMS);
    assert_int_equal(items.count, 3);
    assert_int_equal(span_i32(items, 2), 20);
    const bytes_span children = fb_vector(root, NODE_CHILDREN);
    assert_int_equal(children.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fb_i64(fb_at(children, i), NODE_NUMBER, 77), 77);
        assert_false(fb_has(fb_at(children, i), NODE_BYTE));
    }
    assert_string_equal(fb_string_at(fb_vector(root, NODE_NAMES), 1, NULL), "second");
    const fb_table chosen = fb_child(root, NODE_CHOICE);
    assert_true(fb_f64(chosen, 0, 0) == 0.25);
    assert_string_equal(fb_string(chosen, 1, NULL), "leaf");
}

static void absent_things_read_as_nothing(void **state) {
    (void)state;
    image b;
    begin(&b, 0);
    assert_int_equal(verify(&b, &node, NULL), MICA_OK);
    const fb_table root = fb_root(b.bytes, false);
    assert_int_equal(fb_i64(root, NODE_NUMBER, 42), 42);
    assert_null(fb_string(root, NODE_NAME, NULL));
    assert_int_equal(fb_vector(root, NODE_ITEMS).count, 0);
    const fb_table none = fb_child(root, NODE_CHOICE);
    assert_null(none.at);
    assert_false(fb_has(none, 0));
    assert_int_equal(fb_u32(fb_child(none, 3), 1, 9), 9);
}

static void errors_name_path_and_byte(void **state) {
    (void)state;
    image b;
    size_t root = begin(&b, 1u << NODE_CHILDREN);
    const size_t children = put_vector(&b, 4, 4);
    lead(&b, field(root, NODE_CHILDREN), children);
    size_t child = 0;
    for (size_t i = 0; i < 4; i++)
        lead(&b, children + 4 + 4 * i, child = put_table(&b, NODE_FIELDS, i == 3 ? 0xff : 0));
    lead(&b, field(child, NODE_NAME), put_string(&b, "x"));
    const size_t items = put_vector(&b, 70000, 0);
    lead(&b, field(child, NODE_ITEMS), items);
    char text[128];
    snprintf(text, sizeof text, "children[3].items: a vector of 70000 elements ends outside the buffer, at byte %zu",
             items);
    refused(&b, text);

    root = begin(&b, 1u << NODE_NAME);
    lead(&b, field(root, NODE_NAME), put(&b, "\3\0\0\0abcd", 8));
    refused(&b, "name: a string of 3 bytes is not terminated, at byte 96");
    set32(&b, 96, UINT32_MAX);
    refused(&b, "name: a string of 4294967295 bytes ends outside the buffer, at byte 96");
    set32(&b, field(root, NODE_NAME), 0);
    refused(&b, "name: the offset is zero, at byte 48");
    set32(&b, field(root, NODE_NAME), UINT32_MAX);
    refused(&b, "name: the offset 4294967295 leads outside the buffer of 104 bytes, at byte 48");
    b.bytes[4] = 'B';
    refused(&b, "root: the identifier is not TEST, at byte 4");
    b.size = 7;
    refused(&b, "root: 7 bytes are too few, at byte 0");
}

static void vtables_are_checked(void **state) {
    (void)state;
    image b;
    const size_t root = begin(&b, 1u << NODE_NUMBER);
    const size_t vtable = 8;
    set16(&b, vtable + 4 + 2 * NODE_NUMBER, 61); /* eight bytes from 61 leave a table of 68 */
    refused(&b, "number: the field is outside its table of 68 bytes, at byte 28");
    set16(&b, vtable + 4 + 2 * NODE_NUMBER, 3);
    refused(&b, "number: the field is outside its table of 68 bytes, at byte 28");
    set16(&b, vtable + 2, 69);
    refused(&b, "root: the table Node has an impossible size of 69 bytes, at byte 28");
    set16(&b, vtable, 7);
    refused(&b, "root: the vtable of Node has an impossible size of 7 bytes, at byte 8");
    set16(&b, vtable, 2);
    refused(&b, "root: the vtable of Node has an impossible size of 2 bytes, at byte 8");
    set32(&b, root, 29);
    refused(&b, "root: the vtable of Node is outside, at byte 28");
    set32(&b, root, (uint32_t)-66);
    refused(&b, "root: the vtable of Node is outside, at byte 28");
}

static void unions_are_checked(void **state) {
    (void)state;
    image b;
    const size_t root = begin(&b, 3u << NODE_TAG);
    lead(&b, field(root, NODE_CHOICE), put_table(&b, 0, 0));
    b.bytes[field(root, NODE_TAG)] = 3;
    assert_int_equal(verify(&b, &node, NULL), MICA_OK);
    b.bytes[field(root, NODE_TAG)] = 1;
    refused(&b, "choice.label: the field is required and absent, at byte 100");
    b.bytes[field(root, NODE_TAG)] = 2;
    refused(&b, "choice: the type 2 is unknown, at byte 28");
    b.bytes[field(root, NODE_TAG)] = 4;
    refused(&b, "choice: the type 4 is unknown, at byte 28");
    b.bytes[field(root, NODE_TAG)] = 0;
    refused(&b, "choice: a value without a type, at byte 88");
}

/* A chain of children: `depth` tables in all. */
static image chain(size_t depth) {
    image b;
    size_t at = begin(&b, 1u << NODE_CHILDREN);
    for (size_t i = 1; i < depth; i++) {
        const size_t children = put_vector(&b, 1, 4);
        lead(&b, field(at, NODE_CHILDREN), children);
        at = put_table(&b, NODE_FIELDS, i + 1 < depth ? 1u << NODE_CHILDREN : 0);
        lead(&b, children + 4, at);
    }
    if (depth == 1) lead(&b, field(at, NODE_CHILDREN), put_vector(&b, 0, 4));
    return b;
}

static void nesting_is_limited(void **state) {
    (void)state;
    const image deep = chain(FB_MAX_DEPTH), deeper = chain(FB_MAX_DEPTH + 1);
    mica_error error = {0};
    assert_int_equal(verify(&deep, &node, &error), MICA_OK);
    assert_int_equal(verify(&deeper, &node, &error), MICA_ERROR_FORMAT);
    assert_non_null(strstr(error.text, "tables are nested more than 64 deep"));
}

/* Forty levels whose two children are the same table: 2^40 visits if nobody counted. */
static void sharing_is_limited(void **state) {
    (void)state;
    image b;
    size_t at = begin(&b, 1u << NODE_CHILDREN);
    for (size_t i = 0; i < 40; i++) {
        const size_t children = put_vector(&b, 2, 4);
        lead(&b, field(at, NODE_CHILDREN), children);
        at = put_table(&b, NODE_FIELDS, i < 39 ? 1u << NODE_CHILDREN : 0);
        lead(&b, children + 4, at);
        lead(&b, children + 8, at);
    }
    mica_error error = {0};
    assert_int_equal(verify(&b, &node, &error), MICA_ERROR_FORMAT);
    assert_non_null(strstr(error.text, "visited too often"));
}

static void size_prefixes_are_obeyed(void **state) {
    (void)state;
    const image b = whole();
    image prefixed = {.size = 0};
    put(&prefixed, &(uint32_t){(uint32_t)b.size}, 4);
    put(&prefixed, b.bytes, b.size);
    const fb_options options = {.identifier = "TEST", .size_prefixed = true};
    assert_int_equal(fb_verify(prefixed.bytes, prefixed.size, &options, &node, NULL), MICA_OK);
    assert_string_equal(fb_string(fb_root(prefixed.bytes, true), NODE_NAME, NULL), "root");
    set32(&prefixed, 0, (uint32_t)b.size + 1);
    mica_error error;
    assert_int_equal(fb_verify(prefixed.bytes, prefixed.size, &options, &node, &error), MICA_ERROR_FORMAT);
    set32(&prefixed, 0, 40); /* the root's table is cut */
    assert_int_equal(fb_verify(prefixed.bytes, prefixed.size, &options, &node, &error), MICA_ERROR_FORMAT);
}

/* Everything that a verified buffer leads to, read; the sum keeps the reads alive. */
static size_t read_all(fb_table table, size_t depth) {
    size_t sum = fb_u8(table, NODE_BYTE, 0) + (size_t)fb_i64(table, NODE_NUMBER, 0), length = 0;
    const char *const name = fb_string(table, NODE_NAME, &length);
    if (name) sum += strlen(name) + length;
    const bytes_span items = fb_vector(table, NODE_ITEMS), names = fb_vector(table, NODE_NAMES);
    for (size_t i = 0; i < items.count; i++) sum += (size_t)span_i32(items, i);
    for (size_t i = 0; i < names.count; i++) sum += strlen(fb_string_at(names, i, NULL));
    const bytes_span children = fb_vector(table, NODE_CHILDREN);
    for (size_t i = 0; i < children.count && depth < FB_MAX_DEPTH; i++)
        sum += read_all(fb_at(children, i), depth + 1);
    const uint8_t tag = fb_u8(table, NODE_TAG, 0);
    const fb_table chosen = fb_child(table, NODE_CHOICE);
    if (tag == 1 && chosen.at) sum += strlen(fb_string(chosen, 1, NULL));
    if (tag == 3 && chosen.at) sum += read_all(chosen, depth + 1);
    return sum;
}

/* Every byte set to each of these, every truncation: refused, or safe to read. */
static void damage_is_refused_or_harmless(void **state) {
    (void)state;
    const image good = whole();
    static const uint8_t values[] = {0, 1, 2, 3, 4, 7, 8, 0x7f, 0x80, 0xfe, 0xff};
    size_t refusals = 0, sum = 0;
    for (size_t at = 0; at < good.size; at++) {
        for (size_t k = 0; k < sizeof values; k++) {
            uint8_t *const copy = malloc(good.size);
            memcpy(copy, good.bytes, good.size);
            copy[at] = values[k];
            mica_error error = {0};
            if (fb_verify(copy, good.size, &(fb_options){.identifier = "TEST"}, &node, &error)) {
                refusals++;
                assert_non_null(strstr(error.text, ", at byte "));
            } else {
                sum += read_all(fb_root(copy, false), 1);
            }
            free(copy);
        }
        image cut = good;
        cut.size = at;
        assert_int_equal(verify(&cut, &node, NULL), MICA_ERROR_FORMAT);
    }
    assert_true(refusals > good.size);
    assert_true(sum > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_buffer_reads_back),
        cmocka_unit_test(absent_things_read_as_nothing),
        cmocka_unit_test(errors_name_path_and_byte),
        cmocka_unit_test(vtables_are_checked),
        cmocka_unit_test(unions_are_checked),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(sharing_is_limited),
        cmocka_unit_test(size_prefixes_are_obeyed),
        cmocka_unit_test(damage_is_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
