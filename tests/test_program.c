/* SPDX-License-Identifier: Apache-2.0
 *
 * The door opens: a hand-made program that has everything, and real ones.
 */
#include "sample.h"
#include "whole_program.h"

static void everything_is_decoded(void **state) {
    (void)state;
    const struct image image = whole_program();
    struct opened o;
    open_image(&o, image.data, image.size);
    assert_string_equal(o.error.text, "");
    assert_int_equal(o.status, MICA_OK);
    check_program(o.program);
    const uint8_t *const area = image.data + o.program->program_size;
    assert_int_equal(o.program->method_count, 1);
    const pte_method *const method = &o.program->methods[0];
    assert_string_equal(method->name, "forward");
    assert_int_equal(method->value_count, VALUES);
    assert_int_equal(method->buffer_count, 1);
    assert_int_equal(method->buffer_sizes[0], 256);
    assert_int_equal(method->planned_bytes, 256);

    const pte_tensor *const input = method->values[INPUT].as.tensor, *const output = method->values[OUTPUT].as.tensor;
    assert_int_equal(input->storage, PTE_PLANNED);
    assert_int_equal(input->bytes, 24);
    assert_false(input->dynamic);
    assert_true(output->dynamic);
    assert_int_equal(output->offset, 64);
    const pte_tensor *const constant = method->values[CONSTANT].as.tensor;
    assert_int_equal(constant->storage, PTE_CONSTANT);
    assert_ptr_equal(constant->data, area + 16);
    const pte_tensor *const initial = method->values[STATE].as.tensor;
    assert_int_equal(initial->storage, PTE_INITIALISED);
    assert_ptr_equal(initial->data, area + SEGMENT_STEP + 16);
    const pte_tensor *const weight = method->values[WEIGHT].as.tensor, *const cache = method->values[CACHE].as.tensor;
    assert_int_equal(weight->storage, PTE_CONSTANT);
    assert_true(*(const float *)weight->data == 1.5f);
    assert_int_equal(cache->storage, PTE_INITIALISED);
    assert_ptr_equal(cache->data, weight->data);

    assert_int_equal(method->values[SEVEN].as.integer, 7);
    assert_true(method->values[CONDITION].as.boolean);
    assert_true(method->values[REAL].as.real == 2.5);
    assert_string_equal(method->values[MODE].as.string, "floor");
    assert_int_equal(method->values[NOTHING].tag, PTE_NULL);
    assert_true(span_f64(method->values[REALS].as.literals, 1) == 1.5);
    assert_int_equal(span_u8(method->values[FLAGS].as.literals, 0), 1);
    assert_string_equal(method->operators[0], "aten::add.out");
    assert_string_equal(method->operators[1], "aten::copy_");
    assert_ptr_equal(method->delegates[0].payload, area + 2 * SEGMENT_STEP);
    assert_int_equal(method->delegates[0].payload_size, SEGMENT_SIZE);
    assert_int_equal(method->delegates[1].payload_size, 48);

    assert_int_equal(method->chain_count, 1);
    const pte_instruction *const instructions = method->chains[0].instructions;
    assert_int_equal(method->chains[0].count, 5);
    assert_int_equal(instructions[0].args.count, 5);
    assert_int_equal(span_i32(instructions[0].args, 1), CONSTANT);
    assert_int_equal(instructions[2].index, INPUT);
    assert_int_equal(instructions[2].target, OUTPUT);
    assert_int_equal(instructions[3].index, CONDITION);
    assert_int_equal(instructions[3].target, 5);

    size_t size = 0;
    assert_ptr_equal(pte_find_data(o.program, "first", 5, &size), area + 3 * SEGMENT_STEP);
    assert_int_equal(size, SEGMENT_SIZE);
    assert_non_null(pte_find_data(o.program, "second and more", 6, &size));
    assert_non_null(pte_find_data(o.program, "blob", 4, &size));
    assert_int_equal(size, 8);
    assert_null(pte_find_data(o.program, "fir", 3, &size));
    assert_null(pte_find_data(o.program, "zero", 4, &size));
    assert_int_equal(o.program->constant_bytes, SEGMENT_SIZE);
    assert_int_equal(o.program->mutable_bytes, SEGMENT_SIZE);
    assert_int_equal(o.program->delegate_bytes, SEGMENT_SIZE + 48);
    assert_int_equal(o.program->named_bytes, SEGMENT_SIZE);
    close_image(&o);
    free(image.data);
}

static void a_bundled_program_is_unwrapped(void **state) {
    (void)state;
    const struct image inner = whole_program();
    struct opened o;
    struct arena arena;
    bytes_span file = {NULL, 0};
    arena_init(&arena, &memory_default, 0);
    assert_int_equal(bundled_write((bytes_span){inner.data, inner.size}, NULL, 0, &arena, &file, NULL), MICA_OK);
    const size_t size = file.count;
    const struct image image = {malloc(size), size};
    memcpy(image.data, file.data, size);
    arena_free(&arena);
    open_image(&o, image.data, image.size);
    assert_string_equal(o.error.text, "");
    assert_int_equal(o.program->file_size, inner.size);
    check_program(o.program);
    close_image(&o);
    struct image shifted = {malloc(size + 4), size + 4};
    memcpy(shifted.data + 4, image.data, size);
    open_image(&o, shifted.data + 4, size);
    assert_int_equal(o.status, MICA_ERROR_FORMAT);
    assert_non_null(strstr(o.error.text, "program: not aligned to 16, at byte "));
    close_image(&o);
    free(shifted.data);
    memcpy(image.data + size - inner.size + 4, "ET99", 4); /* the program stands last */
    open_image(&o, image.data, image.size);
    assert_int_equal(o.status, MICA_ERROR_FORMAT);
    assert_non_null(strstr(o.error.text, "the bundled program at byte "));
    close_image(&o);
    free(image.data);
    free(inner.data);
}

/* Before segments had a stated size, and before constants had a segment. */
static void older_programs_open(void **state) {
    (void)state;
    const struct image image = program_of_age(true);
    memcpy(image.data + 12, &(uint32_t){24}, 4); /* the header's length */
    put64(image.data + 32, UINT64_MAX);          /* is not part of it */
    struct opened o;
    open_image(&o, image.data, image.size);
    assert_string_equal(o.error.text, "");
    check_program(o.program);
    assert_int_equal(o.program->methods[0].values[CONSTANT].as.tensor->storage, PTE_CONSTANT);
    assert_int_equal(o.program->constant_bytes, 16);
    close_image(&o);
    free(image.data);
}

/* A tensor that no file given has: the program opens, and says which. */
static void missing_external_data_is_named(void **state) {
    (void)state;
    const struct image image = whole_program();
    struct opened o;
    open_image(&o, image.data, image.size);
    assert_int_equal(pte_open(image.data, image.size, NULL, 0, &o.arena, &o.program, &o.error), MICA_OK);
    const pte_tensor *const tensor = o.program->methods[0].values[12].as.tensor;
    assert_string_equal(tensor->missing, "weight");
    assert_null(tensor->data);
    close_image(&o);
    free(image.data);
}

/* ---- real programs ---- */

static void opens_and_is_sound(const char *folder) {
    struct sample sample;
    sample_open(&sample, folder);
    check_program(sample.program);
    sample_close(&sample);
}

static void every_sample_opens(void **state) {
    (void)state;
    assert_true(for_each_case(MICA_TEST_DATA "/cases", opens_and_is_sound) > 100);
}

static void every_fixture_opens(void **state) {
    (void)state;
    const char *const root = getenv("MICA_FIXTURES");
    if (!root) skip();
    assert_true(for_each_case(root, opens_and_is_sound) > 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_decoded), cmocka_unit_test(a_bundled_program_is_unwrapped),
        cmocka_unit_test(older_programs_open),   cmocka_unit_test(missing_external_data_is_named),
        cmocka_unit_test(every_sample_opens),    cmocka_unit_test(every_fixture_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
