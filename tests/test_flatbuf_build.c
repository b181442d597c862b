/* SPDX-License-Identifier: Apache-2.0
 *
 * FlatBuffers written by the tables and read back through the verifier.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "flatbuf/build.h"

enum { BOOL, U8, I8, U16, I16, U32, I32, U64, I64, F32, F64, TEXT, BYTES, WIDE, KIDS, NAMES, TAG, CHOICE, FIELDS };

static const fb_schema node;
static const fb_field leaf_fields[] = {{.name = "label", .kind = FB_STRING, .required = true}};
static const fb_schema leaf = FB_SCHEMA("Leaf", leaf_fields);
static const fb_schema *const choices[] = {NULL, &leaf, &node};
static const fb_field node_fields[FIELDS] = {
    [BOOL] = FB_SCALAR("bool", FB_BOOL),
    [U8] = FB_SCALAR("u8", FB_U8),
    [I8] = FB_SCALAR("i8", FB_I8),
    [U16] = FB_SCALAR("u16", FB_U16),
    [I16] = FB_SCALAR("i16", FB_I16),
    [U32] = FB_SCALAR("u32", FB_U32),
    [I32] = FB_SCALAR("i32", FB_I32),
    [U64] = FB_SCALAR("u64", FB_U64),
    [I64] = FB_SCALAR("i64", FB_I64),
    [F32] = FB_SCALAR("f32", FB_F32),
    [F64] = FB_SCALAR("f64", FB_F64),
    [TEXT] = FB_TEXT("text"),
    [BYTES] = {.name = "bytes", .kind = FB_U8, .vector = true, .align = 16},
    [WIDE] = FB_SCALARS("wide", FB_I64),
    [KIDS] = FB_CHILDREN("kids", &node),
    [NAMES] = {.name = "names", .kind = FB_STRING, .vector = true},
    [TAG] = FB_SCALAR("choice_type", FB_U8),
    [CHOICE] = FB_CHOICE("choice", choices),
};
static const fb_schema node = FB_SCHEMA("Node", node_fields);
static const fb_options plain = {.identifier = "TEST"}, prefixed = {.identifier = "TEST", .size_prefixed = true};

typedef struct written {
    struct fb_builder builder;
    const uint8_t *data;
    size_t size;
    mica_error error;
} written;

static void begin(written *w) {
    *w = (written){0};
    fb_builder_init(&w->builder, &memory_default);
}

static fb_table finish(written *w, fb_ref root, const fb_options *options) {
    mica_error *const error = &w->error;
    assert_int_equal(fb_finish(&w->builder, root, options, &w->data, &w->size, error), MICA_OK);
    if (fb_verify(w->data, w->size, options, &node, error)) fail_msg("%s", error->text);
    return fb_root(w->data, options->size_prefixed);
}

static void assert_aligned(const written *w, const uint8_t *at, size_t align) {
    assert_int_equal((size_t)(at - w->data) % align, 0);
}

static void every_kind_reads_back(void **state) {
    (void)state;
    for (size_t extra = 0; extra < 9; extra++) { /* other bytes in between: alignment must not depend on luck */
        for (size_t p = 0; p < 2; p++) {
            const fb_options *const options = p ? &prefixed : &plain;
            written w;
            begin(&w);
            struct fb_builder *const b = &w.builder;
            fb_build_string(b, &"12345678"[extra]);
            const fb_ref bytes = fb_build_scalars(b, &node, BYTES, "abcde", 5);
            fb_build_string(b, &"12345678"[extra]);
            const int64_t wide[] = {-1, INT64_MAX, INT64_MIN};
            const fb_ref numbers = fb_build_scalars(b, &node, WIDE, wide, 3);
            const fb_ref text = fb_build_string(b, "text");
            fb_begin(b, &leaf);
            fb_set_ref(b, 0, text);
            const fb_ref choice = fb_end(b);
            fb_begin(b, &node);
            fb_set_int(b, U8, 200);
            const fb_ref kid = fb_end(b);
            const fb_ref kids = fb_build_refs(b, (const fb_ref[]){kid, kid}, 2);
            const fb_ref names = fb_build_refs(b, (const fb_ref[]){text, fb_build_string(b, "")}, 2);
            fb_begin(b, &node);
            fb_set_int(b, BOOL, 1);
            fb_set_int(b, U8, UINT8_MAX);
            fb_set_int(b, I8, INT8_MIN);
            fb_set_int(b, U16, UINT16_MAX);
            fb_set_int(b, I16, INT16_MIN);
            fb_set_int(b, U32, UINT32_MAX);
            fb_set_int(b, I32, INT32_MIN);
            fb_set_int(b, U64, (int64_t)UINT64_MAX);
            fb_set_int(b, I64, INT64_MIN);
            fb_set_real(b, F32, 0.1);
            fb_set_real(b, F64, 0.1);
            fb_set_ref(b, TEXT, text);
            fb_set_ref(b, BYTES, bytes);
            fb_set_ref(b, WIDE, numbers);
            fb_set_ref(b, KIDS, kids);
            fb_set_ref(b, NAMES, names);
            fb_set_int(b, TAG, 1);
            fb_set_ref(b, CHOICE, choice);
            const fb_table root = finish(&w, fb_end(b), options);

            assert_int_equal(fb_u8(root, BOOL, 0), 1);
            assert_int_equal(fb_u8(root, U8, 0), UINT8_MAX);
            assert_int_equal(fb_i8(root, I8, 0), INT8_MIN);
            assert_int_equal(fb_u16(root, U16, 0), UINT16_MAX);
            assert_int_equal(fb_i16(root, I16, 0), INT16_MIN);
            assert_int_equal(fb_u32(root, U32, 0), UINT32_MAX);
            assert_int_equal(fb_i32(root, I32, 0), INT32_MIN);
            assert_true(fb_u64(root, U64, 0) == UINT64_MAX);
            assert_true(fb_i64(root, I64, 0) == INT64_MIN);
            assert_true(fb_f32(root, F32, 0) == 0.1f);
            assert_true(fb_f64(root, F64, 0) == 0.1);
            assert_string_equal(fb_string(root, TEXT, NULL), "text");
            const bytes_span span = fb_vector(root, BYTES), longs = fb_vector(root, WIDE);
            assert_int_equal(span.count, 5);
            assert_memory_equal(span.data, "abcde", 5);
            assert_aligned(&w, span.data, 16);
            assert_int_equal(longs.count, 3);
            for (size_t i = 0; i < 3; i++) assert_true(span_i64(longs, i) == wide[i]);
            assert_aligned(&w, longs.data, 8);
            assert_int_equal(fb_vector(root, KIDS).count, 2);
            assert_int_equal(fb_u8(fb_at(fb_vector(root, KIDS), 1), U8, 0), 200);
            assert_string_equal(fb_string_at(fb_vector(root, NAMES), 0, NULL), "text");
            assert_string_equal(fb_string_at(fb_vector(root, NAMES), 1, NULL), "");
            assert_string_equal(fb_string(fb_child(root, CHOICE), 0, NULL), "text");
            assert_memory_equal(w.data + (p ? 8 : 4), "TEST", 4);
            if (p) assert_int_equal(bytes_u32(w.data), w.size - 4);
            fb_builder_free(b);
        }
    }
}

static void absent_fields_take_no_room(void **state) {
    (void)state;
    written w;
    begin(&w);
    fb_begin(&w.builder, &node);
    fb_set_ref(&w.builder, TEXT, fb_build_string(&w.builder, NULL));
    const fb_table root = finish(&w, fb_end(&w.builder), &plain);
    for (size_t i = 0; i < FIELDS; i++) assert_false(fb_has(root, i));
    assert_int_equal(w.size, 16); /* root offset, identifier, vtable of 4, table of 4 */
    fb_builder_free(&w.builder);
}

/* Tables with the same fields share a vtable, and a buffer grows many times over without losing one. */
static void a_thousand_tables_share_their_vtables(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    written w;
    fb_ref refs[COUNT];
    begin(&w);
    for (int64_t i = 0; i < COUNT; i++) {
        fb_begin(&w.builder, &node);
        fb_set_int(&w.builder, I64, i);
        if (i % 2) fb_set_int(&w.builder, I32, (int32_t)-i);
        refs[i] = fb_end(&w.builder);
    }
    const fb_ref kids = fb_build_refs(&w.builder, refs, COUNT);
    fb_begin(&w.builder, &node);
    fb_set_ref(&w.builder, KIDS, kids);
    const bytes_span list = fb_vector(finish(&w, fb_end(&w.builder), &prefixed), KIDS);
    assert_int_equal(w.builder.vtable_count, 3);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(fb_i64(fb_at(list, i), I64, -1), i);
        assert_int_equal(fb_i32(fb_at(list, i), I32, 0), i % 2 ? -(int)i : 0);
        assert_aligned(&w, fb_at(list, i).at + 4, 8);
    }
    fb_builder_free(&w.builder);
}

/* Forty kinds of table: the list of vtables grows, too. */
static void many_vtables_are_told_apart(void **state) {
    (void)state;
    written w;
    fb_ref refs[2 * I64];
    begin(&w);
    for (size_t i = 0; i < 2 * I64; i++) {
        fb_begin(&w.builder, &node);
        fb_set_int(&w.builder, i % I64, 1);
        if (i >= I64) fb_set_real(&w.builder, F64, 2);
        refs[i] = fb_end(&w.builder);
    }
    const fb_ref kids = fb_build_refs(&w.builder, refs, 2 * I64);
    fb_begin(&w.builder, &node);
    fb_set_ref(&w.builder, KIDS, kids);
    const bytes_span list = fb_vector(finish(&w, fb_end(&w.builder), &plain), KIDS);
    for (size_t i = 0; i < 2 * I64; i++)
        for (size_t k = 0; k < I64; k++) assert_int_equal(fb_has(fb_at(list, i), k), k == i % I64);
    fb_builder_free(&w.builder);
}

static void assert_refused(written *w, mica_status status, const char *text) {
    const uint8_t *data = NULL;
    size_t size = 0;
    assert_int_equal(fb_finish(&w->builder, fb_end(&w->builder), &plain, &data, &size, &w->error), status);
    assert_non_null(strstr(w->error.text, text));
    assert_null(data);
    fb_builder_free(&w->builder);
}

static void the_first_failure_sticks(void **state) {
    (void)state;
    written w;
    begin(&w);
    fb_begin(&w.builder, &node);
    fb_set_int(&w.builder, U8, 256);
    fb_set_int(&w.builder, BOOL, 7);
    assert_refused(&w, MICA_ERROR_ARGUMENT, "Node.u8 cannot hold its value");

    begin(&w);
    fb_begin(&w.builder, &node);
    fb_set_int(&w.builder, F32, 1);
    assert_refused(&w, MICA_ERROR_ARGUMENT, "Node.f32 is no integer");

    begin(&w);
    fb_begin(&w.builder, &node);
    fb_set_real(&w.builder, I32, 1);
    assert_refused(&w, MICA_ERROR_ARGUMENT, "Node.i32 is no floating-point number");

    begin(&w);
    fb_begin(&w.builder, &node);
    fb_set_ref(&w.builder, I32, 4);
    assert_refused(&w, MICA_ERROR_ARGUMENT, "Node.i32 holds a number");

    begin(&w);
    fb_begin(&w.builder, &leaf);
    assert_refused(&w, MICA_ERROR_ARGUMENT, "Leaf.label is required");

    begin(&w);
    const fb_ref too_large = fb_build_scalars(&w.builder, &node, WIDE, "", SIZE_MAX / 4);
    assert_int_equal(too_large, 0);
    fb_begin(&w.builder, &node);
    assert_refused(&w, MICA_ERROR_LIMIT, "2 GiB");
}

/* ---- memory that runs out ---- */

static size_t allocations_left;

static void *scarce_allocate(void *user, size_t size, size_t alignment) {
    return allocations_left-- ? memory_default.allocate(user, size, alignment) : NULL;
}
static void scarce_release(void *user, void *memory, size_t size) { memory_default.release(user, memory, size); }

static void every_allocation_may_fail(void **state) {
    (void)state;
    const mica_allocator scarce = {scarce_allocate, scarce_release, NULL};
    bool done = false;
    for (size_t allowed = 0; !done; allowed++) {
        assert_true(allowed < 100);
        struct fb_builder b;
        const uint8_t *data = NULL;
        size_t size = 0;
        mica_error error = {0};
        allocations_left = allowed;
        fb_builder_init(&b, &scarce);
        for (size_t i = 0; i < I64 * 20; i++) {
            fb_begin(&b, &node);
            fb_set_int(&b, i % I64, 1);
            if (i / I64 % 2) fb_set_real(&b, F64, 1);
            if (i / I64 % 3) fb_set_real(&b, F32, 1);
            fb_set_ref(&b, TEXT, fb_build_string(&b, "some text that takes room"));
            fb_end(&b);
        }
        fb_begin(&b, &node);
        const mica_status status = fb_finish(&b, fb_end(&b), &plain, &data, &size, &error);
        done = status == MICA_OK;
        if (!done) assert_int_equal(status, MICA_ERROR_MEMORY);
        fb_builder_free(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_reads_back),
        cmocka_unit_test(absent_fields_take_no_room),
        cmocka_unit_test(a_thousand_tables_share_their_vtables),
        cmocka_unit_test(many_vtables_are_told_apart),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
