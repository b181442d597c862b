/* SPDX-License-Identifier: Apache-2.0
 *
 * Bundled programs: what was written is read, a damaged one is refused with a place, and a method runs its cases.
 */
#include "places.h"
#include "whole_program.h"

#include <unistd.h>

#include "base/file.h"
#include "format/bundled_schema.h"
#include "mica/author.h"
#include "mica/context.h"

/* What the method of whole_program takes and gives. */
static float numbers[] = {1, 2, 3, 4, 5, 6};
static const mica_value inputs[] = {
    {MICA_TENSOR, {.tensor = {MICA_F32, 2, {2, 3}, {0, 1}, numbers}}},
    {MICA_INT, {.integer = 7}},
};
static const bundled_case cases[] = {{inputs, inputs, 2, 1}, {inputs, NULL, 2, 0}};
static const bundled_suite forward = {"forward", cases, 2};

static struct image image_of(bytes_span file) {
    const struct image image = {malloc(file.count), file.count};
    memcpy(image.data, file.data, file.count);
    return image;
}

static struct image bundle(struct image program, const bundled_suite *suites, size_t count) {
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    bytes_span file = {NULL, 0};
    mica_error error = {0};
    if (bundled_write((bytes_span){program.data, program.size}, suites, count, &arena, &file, &error))
        fail_msg("%s", error.text);
    const struct image image = image_of(file);
    arena_free(&arena);
    return image;
}

static struct image whole_bundle(void) {
    const struct image program = whole_program(), image = bundle(program, &forward, 1);
    free(program.data);
    return image;
}

/* ---- reading what was written ---- */

static void what_is_bundled_is_read(void **state) {
    (void)state;
    const struct image image = whole_bundle(), program = whole_program();
    struct opened o;
    open_image(&o, image.data, image.size);
    assert_string_equal(o.error.text, "");
    assert_int_equal(o.program->file_size, program.size);
    assert_memory_equal(o.program->file, program.data, program.size);
    check_program(o.program);
    const bytes_span got = bundled_cases(&o.program->bundle, "forward");
    assert_int_equal(got.count, 2);
    assert_int_equal(bundled_cases(&o.program->bundle, "backward").count, 0);
    assert_int_equal(bundled_count(got, 0, BUNDLED_INPUTS), 2);
    assert_int_equal(bundled_count(got, 0, BUNDLED_OUTPUTS), 1);
    assert_int_equal(bundled_count(got, 1, BUNDLED_OUTPUTS), 0);
    const mica_value value = bundled_value(got, 0, BUNDLED_OUTPUTS, 0);
    const mica_tensor *const tensor = &value.as.tensor;
    assert_int_equal(value.kind, MICA_TENSOR);
    assert_int_equal(tensor->type, MICA_F32);
    assert_int_equal(tensor->rank, 2);
    assert_memory_equal(tensor->sizes, inputs[0].as.tensor.sizes, sizeof tensor->sizes);
    assert_memory_equal(tensor->data, numbers, sizeof numbers);
    assert_int_equal((uintptr_t)tensor->data % 16, 0);
    assert_true(bundled_value(got, 1, BUNDLED_INPUTS, 1).as.integer == 7);
    close_image(&o);
    free(program.data);
    free(image.data);
}

static void all_kinds_of_values_are_kept(void **state) {
    (void)state;
    const mica_value values[] = {{MICA_INT, {.integer = INT64_MIN}},
                                 {MICA_BOOLEAN, {.boolean = true}},
                                 {MICA_DOUBLE, {.real = -0.5}},
                                 {MICA_TENSOR, {.tensor = {MICA_I8, 0, {0}, {0}, "\x7f"}}},
                                 {MICA_TENSOR, {.tensor = {MICA_F32, 2, {3, 0}, {1, 0}, NULL}}}};
    const bundled_case test = {values, NULL, 5, 0};
    const bundled_suite suite = {"any", &test, 1};
    const struct image program = whole_program(), image = bundle(program, &suite, 1);
    bundled_file file;
    assert_int_equal(bundled_open(image.data, image.size, &file, NULL), MICA_OK);
    const bytes_span any = bundled_cases(&file, "any");
    mica_value got[5];
    for (size_t i = 0; i < 5; i++) {
        got[i] = bundled_value(any, 0, BUNDLED_INPUTS, i);
        assert_int_equal(got[i].kind, values[i].kind);
    }
    assert_true(got[0].as.integer == INT64_MIN);
    assert_true(got[1].as.boolean);
    assert_true(got[2].as.real == -0.5);
    assert_int_equal(*(int8_t *)got[3].as.tensor.data, 127);
    assert_int_equal(got[4].as.tensor.sizes[0], 3);
    assert_int_equal(got[4].as.tensor.dim_order[0], 1);
    free(image.data);
    free(program.data);
}

/* ---- damage ---- */

#define SUITE "method_test_suites[0]."
#define TEST SUITE "test_cases[0]."
#define VALUE TEST "inputs[0]."

static const struct damage {
    const char *name;
    struct edit edits[2];
    const char *text; /* the error begins with it */
} damages[] = {
    {"method_unknown", {{SUITE "method_name.text", 'g'}}, SUITE "method_name: the program has no method gorward"},
    {"method_moves_the_cursor", {{SUITE "method_name.text", 0x1b}}, SUITE "method_name: not a name"},
    {"method_absent", {{SUITE "method_name.slot", 0}}, SUITE "method_name: the field is required and absent"},
    {"fewer_inputs", {{TEST "inputs.count", 0}}, TEST "inputs: 0 values where the method takes 2"},
    {"value_without_content", {{VALUE "val.slot", 0}}, VALUE "val: a value without content"},
    {"value_type", {{VALUE "val_type", 5}}, VALUE "val: the type 5 is unknown"},
    {"value_type_none", {{VALUE "val_type", 0}}, VALUE "val: a value without a type"},
    {"element_type", {{VALUE "val.scalar_type", 99}}, VALUE "val.scalar_type: the element type 99 is unknown"},
    {"sizes_absent", {{VALUE "val.sizes.slot", 0}}, VALUE "val.sizes: absent"},
    {"negative_size", {{VALUE "val.sizes[0]", UINT32_MAX}}, VALUE "val.sizes: [0] is -1"},
    {"sizes_overflow",
     {{VALUE "val.scalar_type", MICA_F64}, {VALUE "val.sizes[1]", INT32_MAX}},
     VALUE "val.data: 24 bytes, the shape needs 34359738352"},
    {"data_shorter_than_its_shape", {{VALUE "val.sizes[0]", 3}}, VALUE "val.data: 24 bytes, the shape needs 36"},
    {"data_absent", {{VALUE "val.data.slot", 0}}, VALUE "val.data: 0 bytes, the shape needs 24"},
    {"data_count", {{VALUE "val.data.count", UINT32_MAX}}, VALUE "val.data: a vector of 4294967295 elements ends"},
    {"dim_order", {{VALUE "val.dim_order[1]", 0}}, VALUE "val.dim_order: no permutation of dimensions"},
    {"program_absent", {{"program.slot", 0}}, "program: the field is required and absent"},
    {"program_too_long", {{"program.count", UINT32_MAX}}, "program: a vector of 4294967295 elements ends outside"},
    {"program_is_no_program", {{"program[5]", 'X'}}, "the bundled program at byte "},
};

static void a_damage_is_refused(void **state) {
    const struct damage *const damage = *state;
    const struct image image = whole_bundle();
    const struct places places = places_find(image.data, image.data, &bundled_schema);
    for (size_t i = 0; i < 2 && damage->edits[i].path; i++) places_edit(&places, image.data, damage->edits[i]);
    struct opened o;
    open_image(&o, image.data, image.size);
    assert_int_equal(o.status, MICA_ERROR_FORMAT);
    if (strncmp(o.error.text, damage->text, strlen(damage->text)) != 0) fail_msg("%s", o.error.text);
    assert_non_null(strstr(o.error.text, "at byte "));
    close_image(&o);
    free(places.list);
    free(image.data);
}

static void suites_are_one_per_method(void **state) {
    (void)state;
    const bundled_case more = {inputs, inputs, 2, 2};
    const struct {
        bundled_suite suites[2];
        size_t count;
        const char *text;
    } wrong[] = {
        {{forward, {"forward", &more, 1}}, 2, "method_test_suites[1].method_name: forward has an earlier"},
        {{{"forward", &more, 1}}, 1, TEST "expected_outputs: 2 values where the method gives 1"},
    };
    const struct image program = whole_program();
    for (size_t i = 0; i < 2; i++) {
        const struct image image = bundle(program, wrong[i].suites, wrong[i].count);
        struct opened o;
        open_image(&o, image.data, image.size);
        assert_int_equal(o.status, MICA_ERROR_FORMAT);
        if (!strstr(o.error.text, wrong[i].text)) fail_msg("%s", o.error.text);
        close_image(&o);
        free(image.data);
    }
    free(program.data);
}

static size_t sound, refused;

static void open_damaged(uint8_t *bytes, size_t size, void *user) {
    (void)user;
    struct opened o;
    open_image(&o, bytes, size);
    if (o.status == MICA_OK) {
        check_program(o.program);
        const bytes_span found = bundled_cases(&o.program->bundle, "forward");
        for (size_t i = 0; i < found.count; i++) {
            for (bundled_side side = BUNDLED_INPUTS; side <= BUNDLED_OUTPUTS; side++) {
                for (size_t v = 0; v < bundled_count(found, i, side); v++) {
                    const mica_value value = bundled_value(found, i, side, v);
                    if (value.kind == MICA_TENSOR) touch(value.as.tensor.data, mica_tensor_bytes(&value.as.tensor));
                }
            }
        }
        sound++;
    } else {
        assert_non_null(strstr(o.error.text, "at byte "));
        refused++;
    }
    close_image(&o);
}

static void every_field_may_be_anything(void **state) {
    (void)state;
    const struct image image = whole_bundle();
    const struct places places = places_find(image.data, image.data, &bundled_schema);
    sound = refused = 0;
    places_damage(&places, image.size, 3, open_damaged, NULL);
    assert_true(refused > 100 && sound > 20);
    for (size_t size = 0; size < image.size; size++) {
        uint8_t *const cut = malloc(size + !size);
        memcpy(cut, image.data, size);
        open_damaged(cut, size, NULL);
        free(cut);
    }
    free(places.list);
    free(image.data);
}

/* ---- through the public interface ---- */

static void cases_are_asked_for(void **state) {
    (void)state;
    mica_context *context;
    mica_author *author;
    mica_author_value x, y;
    mica_program *program;
    char path[] = "/tmp/mica-bundled-XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_int_equal(mica_author_create(context, &author), MICA_OK);
    assert_int_equal(mica_author_input(author, MICA_F32, 2, (size_t[]){2, 3}, false, &x), MICA_OK);
    assert_int_equal(mica_author_unary(author, MICA_NEGATE, x, &y), MICA_OK);
    assert_int_equal(mica_author_output(author, y), MICA_OK);
    assert_int_equal(mica_author_write(author, path, NULL), MICA_OK);
    mica_author_destroy(author);
    struct file file = {0};
    assert_int_equal(file_map(path, &file, NULL), MICA_OK);
    const bundled_case test = {inputs, inputs, 1, 1};
    const bundled_suite suite = {"forward", &test, 1};
    const struct image plain = image_of((bytes_span){file.data, file.size}), image = bundle(plain, &suite, 1);
    assert_int_equal(mica_program_open_memory(context, plain.data, plain.size, NULL, &program), MICA_OK);
    assert_int_equal(mica_program_case_count(program, 0), 0);
    mica_program_close(program);
    assert_int_equal(mica_program_open_memory(context, image.data, image.size, NULL, &program), MICA_OK);
    assert_int_equal(mica_program_case_count(program, 0), 1);
    assert_int_equal(mica_program_case_count(program, 1), 0);
    assert_int_equal(mica_program_case_output_count(program, 0, 0), 1);
    assert_int_equal(mica_program_case_output_count(program, 0, 1), 0);
    mica_value value, given;
    assert_int_equal(mica_program_case_input(program, 0, 1, 0, &value), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_program_case_input(program, 0, 0, 1, &value), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_program_case_output(program, 0, 0, 0, &value), MICA_OK);
    assert_memory_equal(value.as.tensor.data, numbers, sizeof numbers);
    const mica_value text = {MICA_STRING, {.string = "x"}};
    const mica_case good = {&value, NULL}, bad = {&text, NULL};
    assert_int_equal(mica_bundle_write(context, program, NULL, &bad, 1, path), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_bundle_write(context, program, "backward", &good, 1, path), MICA_ERROR_NOT_FOUND);
    assert_int_equal(mica_bundle_write(context, program, NULL, &good, 1, "/nowhere/x.bpte"), MICA_ERROR_IO);
    assert_non_null(strstr(mica_context_error(context), "/nowhere/x.bpte: cannot be written"));
    mica_method *method;
    assert_int_equal(mica_program_case_input(program, 0, 0, 0, &given), MICA_OK);
    assert_int_equal(mica_method_load(context, program, NULL, &method), MICA_OK);
    assert_int_equal(mica_method_set_input(method, 0, &given), MICA_OK);
    assert_int_equal(mica_method_run(method), MICA_OK);
    assert_int_equal(mica_method_output(method, 0, &value), MICA_OK);
    for (size_t i = 0; i < 6; i++) assert_true(((float *)value.as.tensor.data)[i] == -numbers[i]);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
    file_unmap(&file);
    unlink(path);
    free(image.data);
    free(plain.data);
}

#define ROWS(table) (sizeof(table) / sizeof *(table))

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_bundled_is_read),   cmocka_unit_test(all_kinds_of_values_are_kept),
        cmocka_unit_test(suites_are_one_per_method), cmocka_unit_test(every_field_may_be_anything),
        cmocka_unit_test(cases_are_asked_for),
    };
    struct CMUnitTest checklist[ROWS(damages)];
    for (size_t i = 0; i < ROWS(damages); i++)
        checklist[i] = (struct CMUnitTest){damages[i].name, a_damage_is_refused, NULL, NULL, (void *)&damages[i]};
    const int failures = cmocka_run_group_tests(checklist, NULL, NULL);
    return failures + cmocka_run_group_tests(tests, NULL, NULL);
}
