/* SPDX-License-Identifier: Apache-2.0
 *
 * The door refuses: each class of bug that has crashed a loader has its rows, named; then damage of every field.
 */
#include "places.h"
#include "whole_program.h"

#define PLAN "execution_plan[0]."
#define CALL(i) PLAN "chains[0].instructions[" #i "].instr_args."
#define VALUE(i) PLAN "values[" #i "]."

static const struct damage {
    const char *name;
    struct edit edits[3];
    const char *text; /* the error begins with it */
    mica_status status;
} damages[] = {
    /* 1: dims × element size */
    {"dims_times_element_size_overflow",
     {{VALUE(1) "val.sizes[0]", INT32_MAX},
      {VALUE(1) "val.sizes[1]", INT32_MAX},
      {VALUE(1) "val.sizes[2]", INT32_MAX}},
     VALUE(1) "val.sizes: more bytes than can be addressed",
     0},
    /* 2: offset + size */
    {"planned_offset_plus_bytes_overflow",
     {{VALUE(0) "val.allocation_info.memory_offset_low", UINT32_MAX - 15},
      {VALUE(0) "val.allocation_info.memory_offset_high", UINT32_MAX}},
     VALUE(0) "val.allocation_info.memory_offset_low: 24 bytes from 18446744073709551600 on end outside of the 256",
     0},
    {"segment_offset_plus_size_overflow",
     {{"segments[3].offset", UINT64_MAX - 31}},
     "segments[3].offset: 64 bytes from 18446744073709551584 on end outside the data area of 512 bytes",
     0},
    {"constant_offset_plus_bytes_overflow",
     {{"constant_segment.offsets[1]", UINT64_MAX - 7}},
     VALUE(1) "val.data_buffer_idx: 16 bytes from 18446744073709551608 on end outside of 64 bytes of constants",
     0},
    {"state_offset_plus_bytes_overflow",
     {{"mutable_data_segments[0].offsets[1]", UINT64_MAX - 7}},
     VALUE(11) "val.data_buffer_idx: 32 bytes from 18446744073709551608 on end outside of 64 bytes of initial state",
     0},
    {"segment_base_plus_size_overflow", {{"@32:8", UINT64_MAX}}, "header: segments of 18446744073709551615 bytes", 0},
    /* 3: indices */
    {"argument_index", {{CALL(0) "args[1]", VALUES}}, CALL(0) "args: [1] is value 16 of 16", 0},
    {"argument_index_negative", {{CALL(1) "args[0]", UINT32_MAX}}, CALL(1) "args: [0] is value -1 of 16", 0},
    {"operator_index", {{CALL(0) "op_index", 2}}, CALL(0) "op_index: operator 2 of 2", 0},
    {"delegate_index", {{CALL(1) "delegate_index", 2}}, CALL(1) "delegate_index: delegate 2 of 2", 0},
    {"move_from_index", {{CALL(2) "move_from", VALUES}}, CALL(2) "move_from: value 16 of 16", 0},
    {"move_to_index", {{CALL(2) "move_to", UINT32_MAX}}, CALL(2) "move_to: value -1 of 16", 0},
    {"move_between_types",
     {{CALL(2) "move_to", SEVEN}},
     CALL(2) "move_to: value 3 is of another type than value 0",
     0},
    {"move_between_element_types", {{CALL(2) "move_to", STATE}}, CALL(2) "move_to: value 11 is of another type", 0},
    {"condition_index", {{CALL(3) "cond_value_index", VALUES}}, CALL(3) "cond_value_index: value 16 of 16", 0},
    {"condition_type", {{CALL(3) "cond_value_index", SEVEN}}, CALL(3) "cond_value_index: value 3 is no boolean", 0},
    {"jump_target",
     {{CALL(3) "destination_instruction", 6}},
     CALL(3) "destination_instruction: instruction 6 of 6",
     0},
    {"jump_target_negative",
     {{CALL(3) "destination_instruction", UINT32_MAX}},
     CALL(3) "destination_instruction: ",
     0},
    {"freed_index", {{CALL(4) "value_index", VALUES}}, CALL(4) "value_index: value 16 of 16", 0},
    {"freed_type", {{CALL(4) "value_index", SEVEN}}, CALL(4) "value_index: value 3 is no tensor", 0},
    {"input_index", {{PLAN "inputs[0]", VALUES}}, PLAN "inputs: [0] is value 16 of 16", 0},
    {"input_is_constant", {{PLAN "inputs[0]", CONSTANT}}, PLAN "inputs: [0] is value 1, a constant", 0},
    {"output_index", {{PLAN "outputs[0]", UINT32_MAX}}, PLAN "outputs: [0] is value -1 of 16", 0},
    {"int_list_index", {{VALUE(4) "val.items[1]", UINT64_MAX}}, VALUE(4) "val.items: [1] is value -1 of 16", 0},
    {"int_list_type",
     {{VALUE(4) "val.items[1]", INPUT}},
     VALUE(4) "val.items: [1] is value 0, which is no integer",
     0},
    {"tensor_list_index", {{VALUE(5) "val.items[0]", VALUES}}, VALUE(5) "val.items: [0] is value 16 of 16", 0},
    {"tensor_list_type",
     {{VALUE(5) "val.items[0]", NOTHING}},
     VALUE(5) "val.items: [0] is value 7, which is no t",
     0},
    {"optional_list_index",
     {{VALUE(6) "val.items[0]", (uint32_t)-2}},
     VALUE(6) "val.items: [0] is value -2 of 16",
     0},
    {"optional_list_type",
     {{VALUE(6) "val.items[2]", SEVEN}},
     VALUE(6) "val.items: [2] is value 3, which is no t",
     0},
    {"constant_index", {{VALUE(1) "val.data_buffer_idx", 2}}, VALUE(1) "val.data_buffer_idx: constant 2 of 2", 0},
    {"state_index", {{VALUE(11) "val.data_buffer_idx", 2}}, VALUE(11) "val.data_buffer_idx: initial state 2 of 2", 0},
    {"memory_id",
     {{VALUE(0) "val.allocation_info.memory_id", 2}},
     VALUE(0) "val.allocation_info.memory_id: planned buffer 2, they are 1 to 1",
     0},
    {"memory_id_zero",
     {{VALUE(0) "val.allocation_info.memory_id", 0}},
     VALUE(0) "val.allocation_info.memory_id: planned buffer 0, they are 1 to 1",
     0},
    {"payload_segment",
     {{PLAN "delegates[0].processed.index", 4}},
     PLAN "delegates[0].processed.index: segment 4 of 4",
     0},
    {"payload_inline",
     {{PLAN "delegates[1].processed.index", 1}},
     PLAN "delegates[1].processed.index: inline data 1 of 1",
     0},
    {"named_data_segment", {{"named_data[1].segment_index", 4}}, "named_data[1].segment_index: segment 4 of 4", 0},
    {"constant_segment",
     {{"constant_segment.segment_index", 4}},
     "constant_segment.segment_index: segment 4 of 4",
     0},
    {"state_segment",
     {{"mutable_data_segments[0].segment_index", UINT32_MAX}},
     "mutable_data_segments[0].segment_index: segment 4294967295 of 4",
     0},
    /* 4: optional fields that are absent */
    {"absent_value", {{VALUE(3) "val.slot", 0}}, PLAN "values[0].val: a value without content", 0},
    {"absent_sizes", {{VALUE(1) "val.sizes.slot", 0}}, VALUE(1) "val.sizes: absent", 0},
    {"absent_dim_order",
     {{VALUE(1) "val.dim_order.slot", 0}},
     VALUE(1) "val.dim_order: 0 dimensions where sizes has 4",
     0},
    {"absent_plans", {{"execution_plan.slot", 0}}, "execution_plan: a program without methods", 0},
    {"absent_name", {{PLAN "name.slot", 0}}, PLAN "name: the field is required and absent", 0},
    {"absent_payload",
     {{PLAN "delegates[0].processed.slot", 0}},
     PLAN "delegates[0].processed: the field is required",
     0},
    {"absent_external_name",
     {{VALUE(12) "val.extra_tensor_info.fully_qualified_name.slot", 0}},
     VALUE(12) "val.extra_tensor_info.fully_qualified_name: not a name",
     0},
    /* 5: counts that disagree */
    {"dim_order_shorter_than_sizes",
     {{VALUE(0) "val.dim_order.count", 1}},
     VALUE(0) "val.dim_order: 1 dimensions where sizes has 2",
     0},
    /* 6: counts that would size an allocation */
    {"count_of_values",
     {{PLAN "values.count", UINT32_MAX}},
     PLAN "values: a vector of 4294967295 elements ends outside",
     0},
    {"count_of_rank", {{VALUE(1) "val.sizes.count", 17}}, VALUE(1) "val.sizes: 17 dimensions, at most 16", 0},
    /* 7: lengths larger than the file */
    {"program_larger_than_file", {{"@16:8", 1 << 20}}, "header: a program of 1048576 bytes in a file of", 0},
    {"segments_begin_outside", {{"@24:8", 1 << 20}}, "header: segments from byte 1048576 on", 0},
    {"segments_begin_inside_program", {{"@24:8", 64}}, "header: segments from byte 64 on", 0},
    {"segments_larger_than_file", {{"@32:8", 513}}, "header: segments of 513 bytes, of which 512 are there", 0},
    {"segment_larger_than_area",
     {{"segments[3].size", 129}},
     "segments[3].offset: 129 bytes from 384 on end outside",
     0},
    {"header_too_short", {{"@12:4", 23}}, "header: its length is 23 bytes, at byte 12", 0},
    {"header_too_long", {{"@12:4", UINT32_MAX}}, "header: its length is 4294967295 bytes, at byte 12", 0},
    /* 9: more than was planned */
    {"tensor_larger_than_its_buffer",
     {{VALUE(2) "val.sizes[0]", 17}},
     VALUE(2) "val.allocation_info.memory_offset_low: 204 bytes from 64 on end outside of the 256 planned",
     0},
    {"planned_size_negative",
     {{PLAN "non_const_buffer_sizes[1]", UINT64_MAX}},
     PLAN "non_const_buffer_sizes: [1] is -1 bytes",
     0},
    {"planned_offset_misaligned",
     {{VALUE(11) "val.allocation_info.memory_offset_low", 132}},
     VALUE(11) "val.allocation_info.memory_offset_low: 132 is not aligned for the type",
     0},
    {"constant_misaligned",
     {{"constant_segment.offsets[1]", 18}},
     VALUE(1) "val.data_buffer_idx: the constant is not aligned for its type",
     0},
    {"constant_shorter_than_its_shape",
     {{VALUE(1) "val.sizes[0]", 4}},
     VALUE(1) "val.data_buffer_idx: 64 bytes from 16 on end outside of 64 bytes of constants",
     0},
    /* 10: enums */
    {"element_type",
     {{VALUE(0) "val.scalar_type", 99}},
     VALUE(0) "val.scalar_type: the element type 99 is unknown",
     0},
    {"element_type_negative",
     {{VALUE(0) "val.scalar_type", 0xff}},
     VALUE(0) "val.scalar_type: the element type -1",
     0},
    {"value_type", {{VALUE(3) "val_type", 12}}, VALUE(3) "val: the type 12 is unknown", 0},
    {"value_type_none", {{VALUE(3) "val_type", 0}}, VALUE(3) "val: a value without a type", 0},
    {"instruction_type",
     {{PLAN "chains[0].instructions[0].instr_args_type", 6}},
     PLAN "chains[0].instructions[0].instr_args: the type 6 is unknown",
     0},
    {"location_of_tensor",
     {{VALUE(0) "val.extra_tensor_info.location", 2}},
     VALUE(0) "val.extra_tensor_info.location: 2 is unknown",
     0},
    {"location_of_payload",
     {{PLAN "delegates[0].processed.location", 2}},
     PLAN "delegates[0].processed.location: 2 is unknown",
     0},
    {"unbounded_shape",
     {{VALUE(0) "val.shape_dynamism", 2}},
     VALUE(0) "val.shape_dynamism: 2: only static and bounded",
     MICA_ERROR_UNSUPPORTED},
    {"device_of_tensor",
     {{VALUE(0) "val.extra_tensor_info.device_type", 1}},
     VALUE(0) "val.extra_tensor_info.device_type: device 1: only the CPU",
     MICA_ERROR_UNSUPPORTED},
    {"device_of_buffer",
     {{PLAN "non_const_buffer_device[0].device_type", 1}},
     PLAN "non_const_buffer_device: [0] is on device 1: only the CPU",
     MICA_ERROR_UNSUPPORTED},
    {"storage_offset", {{VALUE(0) "val.storage_offset", 4}}, VALUE(0) "val.storage_offset: 4, must be 0", 0},
    /* 11: dim_order */
    {"dim_order_repeats",
     {{VALUE(0) "val.dim_order[1]", 0}},
     VALUE(0) "val.dim_order: no permutation of dimensions",
     0},
    {"dim_order_out_of_range", {{VALUE(0) "val.dim_order[1]", 2}}, VALUE(0) "val.dim_order: no permutation", 0},
    {"dim_order_far_out_of_range", {{VALUE(0) "val.dim_order[1]", 255}}, VALUE(0) "val.dim_order: no permutation", 0},
    /* 13: what another file says */
    {"external_type",
     {{VALUE(12) "val.scalar_type", MICA_I32}},
     VALUE(12) "val.extra_tensor_info.fully_qualified_name: \"weight\" has another type or shape",
     0},
    {"external_shape",
     {{VALUE(12) "val.sizes[0]", 1}},
     VALUE(12) "val.extra_tensor_info.fully_qualified_name: \"weight\" has another type or shape",
     0},
    /* 14: dims */
    {"negative_size", {{VALUE(0) "val.sizes[0]", UINT32_MAX}}, VALUE(0) "val.sizes: [0] is -1", 0},
    /* names end up on terminals */
    {"method_name_moves_the_cursor", {{PLAN "name.text", 0x1b}}, PLAN "name: not a name", 0},
    {"operator_name_moves_the_cursor",
     {{PLAN "operators[1].name.text", '\n'}},
     PLAN "operators[1].name: not a name",
     0},
    {"overload_is_no_utf8", {{PLAN "operators[0].overload.text", 0xff}}, PLAN "operators[0].overload: not a name", 0},
    {"delegate_id_moves_the_cursor", {{PLAN "delegates[0].id.text", '\r'}}, PLAN "delegates[0].id: not a name", 0},
    {"key_moves_the_cursor", {{"named_data[0].key.text", 0x7f}}, "named_data[0].key: not a name", 0},
};

static void begins_with(const char *found, const char *expected) {
    if (strncmp(found, expected, strlen(expected)) != 0) fail_msg("%s\nwhere this was expected: %s", found, expected);
    assert_non_null(strstr(found, "at byte "));
}

static void a_damage_is_refused(void **state) {
    const struct damage *const damage = *state;
    const struct image image = whole_program();
    const struct places places = places_find(image.data, image.data, &pte_program_schema);
    for (size_t i = 0; i < 3 && damage->edits[i].path; i++) places_edit(&places, image.data, damage->edits[i]);
    struct opened o;
    open_image(&o, image.data, image.size);
    assert_int_equal(o.status, damage->status ? damage->status : MICA_ERROR_FORMAT);
    begins_with(o.error.text, damage->text);
    close_image(&o);
    free(places.list);
    free(image.data);
}

/* A size of zero is a size. */
static void zero_sizes_are_fine(void **state) {
    (void)state;
    const struct image image = whole_program();
    const struct places places = places_find(image.data, image.data, &pte_program_schema);
    places_edit(&places, image.data, (struct edit){VALUE(0) "val.sizes[0]", 0});
    places_edit(&places, image.data, (struct edit){VALUE(1) "val.sizes[3]", 0});
    struct opened o;
    open_image(&o, image.data, image.size);
    assert_string_equal(o.error.text, "");
    assert_int_equal(o.program->methods[0].values[0].as.tensor->bytes, 0);
    close_image(&o);
    free(places.list);
    free(image.data);
}

/* ---- damage of all kinds: an error with a place, or a program that is sound ---- */

static size_t sound, refused;

static void open_damaged(uint8_t *bytes, size_t size, void *user) {
    (void)user;
    struct opened o;
    open_image(&o, bytes, size);
    if (o.status == MICA_OK) {
        check_program(o.program);
        sound++;
    } else {
        assert_non_null(strstr(o.error.text, "at byte "));
        refused++;
    }
    close_image(&o);
}

static void every_field_may_be_anything(void **state) {
    (void)state;
    const struct image image = whole_program();
    const struct places places = places_find(image.data, image.data, &pte_program_schema);
    sound = refused = 0;
    assert_true(places_damage(&places, image.size, 1, open_damaged, NULL) > 3000);
    assert_true(refused > 1000 && sound > 100);
    free(places.list);
    free(image.data);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    const struct image image = whole_program();
    for (size_t size = 0; size < image.size; size++) {
        uint8_t *const cut = malloc(size + !size);
        memcpy(cut, image.data, size);
        struct opened o;
        open_image(&o, cut, size);
        assert_int_not_equal(o.status, MICA_OK);
        close_image(&o);
        free(cut);
    }
    free(image.data);
}

/* ---- external data ---- */

static const struct damage data_damages[] = {
    {"data_header_too_short", {{"@12:4", 39}}, "header: 39 bytes are too few, at byte 12", 0},
    {"data_flatbuffer_overflow",
     {{"@16:8", UINT64_MAX}},
     "header: the flatbuffer ends outside the file, at byte 16",
     0},
    {"data_segments_overflow", {{"@32:8", UINT64_MAX}}, "header: the segments end outside the file, at byte 32", 0},
    {"data_segments_too_long", {{"@40:8", 9}}, "header: the segments end outside the file, at byte 32", 0},
    {"data_identifier", {{"@5:1", 'X'}}, "not external tensor data: no FT01 and FH01 at byte 4", 0},
    {"data_segment_overflow", {{"segments[0].offset", UINT64_MAX}}, "segments[0].offset: 8 bytes from 1844", 0},
    {"data_segment_index", {{"named_data[0].segment_index", 1}}, "named_data[0].segment_index: segment 1 of 1", 0},
    {"data_key", {{"named_data[1].key.text", 0x1b}}, "named_data[1].key: not a name", 0},
    {"data_key_absent", {{"named_data[1].key.slot", 0}}, "named_data[1].key: the field is required and absent", 0},
    {"data_shorter_than_its_shape",
     {{"named_data[1].tensor_layout.sizes[0]", 3}},
     "named_data[1].tensor_layout: 12 bytes where the segment has 8",
     0},
    {"data_element_type",
     {{"named_data[1].tensor_layout.scalar_type", 99}},
     "named_data[1].tensor_layout.scalar_type: the element type 99 is unknown",
     0},
    {"data_misaligned",
     {{"segments[0].offset", 2}, {"segments[0].size", 6}, {"named_data[1].tensor_layout.sizes[0]", 1}},
     "named_data[1].tensor_layout: the data is not aligned for its type",
     0},
};

static void a_damage_of_data_is_refused(void **state) {
    const struct damage *const damage = *state;
    const struct image image = whole_data();
    const struct places places = places_find(image.data, image.data, &ptd_schema);
    for (size_t i = 0; i < 3 && damage->edits[i].path; i++) places_edit(&places, image.data, damage->edits[i]);
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    ptd_file file;
    mica_error error = {0};
    assert_int_equal(ptd_open(image.data, image.size, &arena, &file, &error), MICA_ERROR_FORMAT);
    begins_with(error.text, damage->text);
    arena_free(&arena);
    free(places.list);
    free(image.data);
}

static void open_damaged_data(uint8_t *bytes, size_t size, void *user) {
    (void)user;
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    ptd_file file;
    mica_error error = {0};
    if (ptd_open(bytes, size, &arena, &file, &error)) {
        assert_non_null(strstr(error.text, "at byte "));
        refused++;
    } else {
        for (size_t i = 0; i < file.entry_count; i++) touch(file.entries[i].data, file.entries[i].size);
        sound++;
    }
    arena_free(&arena);
}

static void every_field_of_data_may_be_anything(void **state) {
    (void)state;
    const struct image image = whole_data();
    struct places places = places_find(image.data, image.data, &ptd_schema);
    for (size_t at = 0; at < 48; at += 4) places_add(&places, path_of("header"), image.data + at, 4);
    sound = refused = 0;
    places_damage(&places, image.size, 2, open_damaged_data, NULL);
    assert_true(refused > 100 && sound > 10);
    for (size_t size = 0; size < image.size; size++) {
        uint8_t *const cut = malloc(size + !size);
        memcpy(cut, image.data, size);
        open_damaged_data(cut, size, NULL);
        free(cut);
    }
    free(places.list);
    free(image.data);
}

#define ROWS(table) (sizeof(table) / sizeof *(table))

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_sizes_are_fine),
        cmocka_unit_test(every_field_may_be_anything),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_field_of_data_may_be_anything),
    };
    struct CMUnitTest checklist[ROWS(damages) + ROWS(data_damages)];
    for (size_t i = 0; i < ROWS(damages); i++) {
        checklist[i] = (struct CMUnitTest){damages[i].name, a_damage_is_refused, NULL, NULL, (void *)&damages[i]};
    }
    for (size_t i = 0; i < ROWS(data_damages); i++) {
        checklist[ROWS(damages) + i] = (struct CMUnitTest){data_damages[i].name, a_damage_of_data_is_refused, NULL,
                                                           NULL, (void *)&data_damages[i]};
    }
    const int failures = cmocka_run_group_tests(checklist, NULL, NULL);
    return failures + cmocka_run_group_tests(tests, NULL, NULL);
}
