/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests: a hand-made program that has one of everything, the external data it names, and a look at all that the door
 * promises of a decoded program.
 */
#ifndef TESTS_WHOLE_PROGRAM_H
#define TESTS_WHOLE_PROGRAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "flatbuf/build.h"
#include "format/program.h"
#include "format/program_schema.h"
#include "format/tensor_data_schema.h"

#define ALL(array) (array), sizeof(array) / sizeof *(array)

struct image {
    uint8_t *data;
    size_t size;
};

typedef struct fb_builder builder;

static inline fb_ref build_one(builder *b, const fb_schema *schema, fb_ref ref) {
    fb_begin(b, schema);
    fb_set_ref(b, 0, ref);
    return fb_end(b);
}

static inline fb_ref build_int(builder *b, const fb_schema *schema, int64_t value) {
    fb_begin(b, schema);
    fb_set_int(b, 0, value);
    return fb_end(b);
}

static inline fb_ref build_value(builder *b, pte_tag tag, fb_ref content) {
    fb_begin(b, &pte_evalue_schema);
    fb_set_int(b, EVALUE_VAL_TYPE, tag);
    fb_set_ref(b, EVALUE_VAL, content);
    return fb_end(b);
}

static inline fb_ref build_list(builder *b, pte_tag tag, const fb_schema *schema, const void *items, size_t count) {
    return build_value(b, tag, build_one(b, schema, fb_build_scalars(b, schema, VALUE_CONTENT, items, count)));
}

/* What distinguishes the tensors of the program. */
typedef struct tensor_of {
    mica_type type;
    int32_t sizes[4];
    size_t rank;
    uint32_t index;       /* data_buffer_idx */
    int planned;          /* offset in planned buffer 1; −1: not planned */
    const char *external; /* name of data in another file */
    bool dynamic;
} tensor_of;

static inline fb_ref build_tensor(builder *b, const tensor_of *of) {
    static const uint8_t order[] = {0, 1, 2, 3};
    fb_ref allocation = 0;
    if (of->planned >= 0) {
        fb_begin(b, &pte_allocation_schema);
        fb_set_int(b, ALLOCATION_MEMORY_ID, 1);
        fb_set_int(b, ALLOCATION_MEMORY_OFFSET_LOW, of->planned);
        fb_set_int(b, ALLOCATION_MEMORY_OFFSET_HIGH, 0);
        allocation = fb_end(b);
    }
    const fb_ref name = fb_build_string(b, of->external);
    fb_begin(b, &pte_extra_schema);
    fb_set_int(b, EXTRA_MUTABLE_DATA_SEGMENTS_IDX, 0);
    fb_set_ref(b, EXTRA_FULLY_QUALIFIED_NAME, name);
    fb_set_int(b, EXTRA_LOCATION, of->external ? LOCATION_ELSEWHERE : LOCATION_HERE);
    fb_set_int(b, EXTRA_DEVICE_TYPE, DEVICE_CPU);
    const fb_ref extra = fb_end(b);
    const fb_ref sizes = fb_build_scalars(b, &pte_tensor_schema, TENSOR_SIZES, of->sizes, of->rank);
    const fb_ref dims = fb_build_scalars(b, &pte_tensor_schema, TENSOR_DIM_ORDER, order, of->rank);
    fb_begin(b, &pte_tensor_schema);
    fb_set_int(b, TENSOR_SCALAR_TYPE, of->type);
    fb_set_int(b, TENSOR_STORAGE_OFFSET, 0);
    fb_set_ref(b, TENSOR_SIZES, sizes);
    fb_set_ref(b, TENSOR_DIM_ORDER, dims);
    fb_set_int(b, TENSOR_DATA_BUFFER_IDX, of->index);
    fb_set_ref(b, TENSOR_ALLOCATION_INFO, allocation);
    fb_set_int(b, TENSOR_SHAPE_DYNAMISM, of->dynamic ? SHAPE_DYNAMIC_BOUND : SHAPE_STATIC);
    fb_set_ref(b, TENSOR_EXTRA_TENSOR_INFO, extra);
    return build_value(b, PTE_TENSOR, fb_end(b));
}

enum {
    INPUT,
    CONSTANT,
    OUTPUT,
    SEVEN,
    INTS,
    TENSORS,
    OPTIONAL_TENSORS,
    NOTHING,
    CONDITION,
    REAL,
    MODE,
    STATE,
    WEIGHT,
    CACHE,
    REALS,
    FLAGS,
    VALUES
};

static inline fb_ref build_values(builder *b) {
    static const int64_t ints[] = {SEVEN, SEVEN};
    static const int32_t tensors[] = {INPUT, OUTPUT}, optional[] = {-1, NOTHING, INPUT};
    static const double reals[] = {0.5, 1.5};
    static const uint8_t flags[] = {1, 0};
    static const tensor_of of[] = {
        [INPUT] = {MICA_F32, {2, 3}, 2, .planned = 0},
        [CONSTANT] = {MICA_F32, {1, 2, 1, 2}, 4, .index = 1, .planned = -1},
        [OUTPUT] = {MICA_F32, {2, 3}, 2, .planned = 64, .dynamic = true},
        [STATE] = {MICA_I64, {4}, 1, .index = 1, .planned = 128},
        [WEIGHT] = {MICA_F32, {2}, 1, .planned = -1, .external = "weight"},
        [CACHE] = {MICA_F32, {2}, 1, .planned = 192, .external = "weight"},
    };
    fb_ref values[VALUES];
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        if (of[i].rank) values[i] = build_tensor(b, &of[i]);
    }
    fb_begin(b, &pte_double_schema);
    fb_set_real(b, VALUE_CONTENT, 2.5);
    values[REAL] = build_value(b, PTE_DOUBLE, fb_end(b));
    values[SEVEN] = build_value(b, PTE_INT, build_int(b, &pte_int_schema, 7));
    values[CONDITION] = build_value(b, PTE_BOOL, build_int(b, &pte_bool_schema, 1));
    values[MODE] = build_value(b, PTE_STRING, build_one(b, &pte_string_schema, fb_build_string(b, "floor")));
    values[NOTHING] = build_value(b, PTE_NULL, 0);
    values[INTS] = build_list(b, PTE_INT_LIST, &pte_int_list_schema, ALL(ints));
    values[TENSORS] = build_list(b, PTE_TENSOR_LIST, &pte_tensor_list_schema, ALL(tensors));
    values[OPTIONAL_TENSORS] = build_list(b, PTE_OPTIONAL_TENSOR_LIST, &pte_tensor_list_schema, ALL(optional));
    values[REALS] = build_list(b, PTE_DOUBLE_LIST, &pte_double_list_schema, ALL(reals));
    values[FLAGS] = build_list(b, PTE_BOOL_LIST, &pte_bool_list_schema, ALL(flags));
    return fb_build_refs(b, values, VALUES);
}

/* A call with an index and arguments, or with two numbers. */
static inline fb_ref build_call(builder *b, pte_call call, const fb_schema *schema, int64_t first, int64_t second,
                                const int32_t *args, size_t count) {
    const fb_ref list = args ? fb_build_scalars(b, schema, 1, args, count) : 0;
    fb_begin(b, schema);
    fb_set_int(b, 0, first);
    if (args) fb_set_ref(b, 1, list);
    if (!args && schema->field_count > 1) fb_set_int(b, 1, second);
    const fb_ref arguments = fb_end(b);
    fb_begin(b, &pte_instruction_schema);
    fb_set_int(b, INSTRUCTION_ARGS_TYPE, call);
    fb_set_ref(b, INSTRUCTION_ARGS, arguments);
    return fb_end(b);
}

static inline fb_ref build_chains(builder *b) {
    static const int32_t add[] = {INPUT, CONSTANT, SEVEN, OUTPUT, OUTPUT}, passed[] = {INPUT, OUTPUT};
    const fb_ref instructions[] = {
        build_call(b, PTE_KERNEL_CALL, &pte_kernel_call_schema, 0, 0, ALL(add)),
        build_call(b, PTE_DELEGATE_CALL, &pte_delegate_call_schema, 0, 0, ALL(passed)),
        build_call(b, PTE_MOVE_CALL, &pte_move_call_schema, INPUT, OUTPUT, NULL, 0),
        build_call(b, PTE_JUMP_FALSE_CALL, &pte_jump_false_call_schema, CONDITION, 5, NULL, 0),
        build_call(b, PTE_FREE_CALL, &pte_free_call_schema, OUTPUT, 0, NULL, 0),
    };
    const fb_ref list = fb_build_refs(b, ALL(instructions));
    fb_begin(b, &pte_chain_schema);
    fb_set_ref(b, CHAIN_INSTRUCTIONS, list);
    const fb_ref chain = fb_end(b);
    return fb_build_refs(b, &chain, 1);
}

static inline fb_ref build_operator(builder *b, const char *name, const char *overload) {
    const fb_ref texts[] = {fb_build_string(b, name), fb_build_string(b, overload)};
    fb_begin(b, &pte_operator_schema);
    fb_set_ref(b, OPERATOR_NAME, texts[0]);
    fb_set_ref(b, OPERATOR_OVERLOAD, texts[1]);
    return fb_end(b);
}

static inline fb_ref build_delegate(builder *b, int location, int index) {
    fb_begin(b, &pte_processed_schema);
    fb_set_int(b, PROCESSED_LOCATION, location);
    fb_set_int(b, PROCESSED_INDEX, index);
    const fb_ref processed = fb_end(b), id = fb_build_string(b, "XnnpackBackend");
    fb_begin(b, &pte_delegate_schema);
    fb_set_ref(b, DELEGATE_ID, id);
    fb_set_ref(b, DELEGATE_PROCESSED, processed);
    return fb_end(b);
}

static inline fb_ref build_plan(builder *b) {
    static const int32_t inputs[] = {INPUT, SEVEN}, outputs[] = {OUTPUT};
    static const int64_t sizes[] = {0, 256};
    const fb_ref values = build_values(b), chains = build_chains(b), name = fb_build_string(b, "forward");
    const fb_ref operators[] = {build_operator(b, "aten::add", "out"), build_operator(b, "aten::copy_", "")};
    const fb_ref delegates[] = {build_delegate(b, LOCATION_ELSEWHERE, 2), build_delegate(b, LOCATION_HERE, 0)};
    fb_begin(b, &pte_buffer_device_schema);
    fb_set_int(b, BUFFER_DEVICE_BUFFER_IDX, 1);
    fb_set_int(b, BUFFER_DEVICE_DEVICE_TYPE, DEVICE_CPU);
    const fb_ref device = fb_end(b);
    const fb_ref lists[] = {
        fb_build_scalars(b, &pte_plan_schema, PLAN_INPUTS, ALL(inputs)),
        fb_build_scalars(b, &pte_plan_schema, PLAN_OUTPUTS, ALL(outputs)),
        fb_build_refs(b, ALL(operators)),
        fb_build_refs(b, ALL(delegates)),
        fb_build_scalars(b, &pte_plan_schema, PLAN_NON_CONST_BUFFER_SIZES, ALL(sizes)),
        fb_build_refs(b, &device, 1),
    };
    fb_begin(b, &pte_plan_schema);
    fb_set_ref(b, PLAN_NAME, name);
    fb_set_ref(b, PLAN_VALUES, values);
    fb_set_ref(b, PLAN_CHAINS, chains);
    fb_set_ref(b, PLAN_INPUTS, lists[0]);
    fb_set_ref(b, PLAN_OUTPUTS, lists[1]);
    fb_set_ref(b, PLAN_OPERATORS, lists[2]);
    fb_set_ref(b, PLAN_DELEGATES, lists[3]);
    fb_set_ref(b, PLAN_NON_CONST_BUFFER_SIZES, lists[4]);
    fb_set_ref(b, PLAN_NON_CONST_BUFFER_DEVICE, lists[5]);
    const fb_ref plan = fb_end(b);
    return fb_build_refs(b, &plan, 1);
}

/* Segments: constants, initial state, a delegate's payload, named data; 64 bytes each, 128 apart. */
enum { SEGMENT_COUNT = 4, SEGMENT_STEP = 128, SEGMENT_SIZE = 64 };

static inline fb_ref build_segment(builder *b, uint64_t offset, uint64_t size) {
    fb_begin(b, &data_segment_schema);
    fb_set_int(b, DATA_SEGMENT_OFFSET, (int64_t)offset);
    fb_set_int(b, DATA_SEGMENT_SIZE, (int64_t)size);
    return fb_end(b);
}

static inline fb_ref build_parts(builder *b, int segment) {
    static const uint64_t offsets[] = {0, 16};
    const fb_ref list = fb_build_scalars(b, &pte_subsegment_schema, SUBSEGMENT_OFFSETS, ALL(offsets));
    fb_begin(b, &pte_subsegment_schema);
    fb_set_int(b, SUBSEGMENT_SEGMENT_INDEX, segment);
    fb_set_ref(b, SUBSEGMENT_OFFSETS, list);
    return fb_end(b);
}

static inline fb_ref build_named(builder *b, const char *key, int segment) {
    const fb_ref text = fb_build_string(b, key);
    fb_begin(b, &pte_named_data_schema);
    fb_set_ref(b, NAMED_DATA_KEY, text);
    fb_set_int(b, NAMED_DATA_SEGMENT_INDEX, segment);
    return fb_end(b);
}

/* `old`: constants stand in the flatbuffer, as exporters wrote them before segments. */
static inline fb_ref build_program(builder *b, bool old) {
    static const uint8_t blob[48] = {0};
    const fb_ref plans = build_plan(b), constants = build_parts(b, 0), state = build_parts(b, 1);
    fb_ref segments[SEGMENT_COUNT];
    for (size_t i = 0; i < SEGMENT_COUNT; i++) segments[i] = build_segment(b, i * SEGMENT_STEP, SEGMENT_SIZE);
    const fb_ref named[] = {build_named(b, "second", 3), build_named(b, "first", 3)};
    const fb_ref inlined = build_one(b, &pte_inline_data_schema,
                                     fb_build_scalars(b, &pte_inline_data_schema, BUFFER_STORAGE, ALL(blob)));
    const fb_ref lists[] = {fb_build_refs(b, ALL(segments)), fb_build_refs(b, ALL(named)),
                            fb_build_refs(b, &state, 1), fb_build_refs(b, &inlined, 1)};
    fb_ref buffers[2];
    for (size_t i = 0; i < 2; i++) {
        buffers[i] =
            build_one(b, &pte_buffer_schema, fb_build_scalars(b, &pte_buffer_schema, BUFFER_STORAGE, blob, i * 16));
    }
    const fb_ref inlined_constants = fb_build_refs(b, ALL(buffers));
    fb_begin(b, &pte_program_schema);
    fb_set_int(b, PROGRAM_VERSION, 0);
    if (old) fb_set_ref(b, PROGRAM_CONSTANT_BUFFER, inlined_constants);
    fb_set_ref(b, PROGRAM_EXECUTION_PLAN, plans);
    if (!old) fb_set_ref(b, PROGRAM_CONSTANT_SEGMENT, constants);
    fb_set_ref(b, PROGRAM_SEGMENTS, lists[0]);
    fb_set_ref(b, PROGRAM_NAMED_DATA, lists[1]);
    fb_set_ref(b, PROGRAM_MUTABLE_DATA_SEGMENTS, lists[2]);
    fb_set_ref(b, PROGRAM_BACKEND_DELEGATE_DATA, lists[3]);
    return fb_end(b);
}

/* Inserts `gap` bytes behind the identifier: the root moves, all other offsets are relative. */
static inline struct image open_gap(const uint8_t *flatbuffer, size_t size, size_t gap, size_t tail) {
    struct image image = {calloc(1, size + gap + tail), size + gap + tail};
    assert_non_null(image.data);
    const uint32_t root = bytes_u32(flatbuffer) + (uint32_t)gap;
    memcpy(image.data, &root, 4);
    memcpy(image.data + 4, flatbuffer + 4, 4);
    memcpy(image.data + 8 + gap, flatbuffer + 8, size - 8);
    return image;
}

static inline void put64(uint8_t *at, uint64_t value) { memcpy(at, &value, 8); }

static inline struct image program_of_age(bool old) {
    builder b;
    fb_builder_init(&b, &memory_default);
    const uint8_t *data = NULL;
    size_t size = 0;
    assert_int_equal(fb_finish(&b, build_program(&b, old), &(fb_options){.identifier = "ET12"}, &data, &size, NULL),
                     MICA_OK);
    const size_t program = round_up(size + 32, 16);
    const struct image image = open_gap(data, size, 32, program - size - 32 + SEGMENT_COUNT * SEGMENT_STEP);
    memcpy(image.data + 8, "eh00\x20\0\0\0", 8);
    put64(image.data + 16, program);
    put64(image.data + 24, program);
    put64(image.data + 32, SEGMENT_COUNT * SEGMENT_STEP);
    for (size_t i = 0; i < SEGMENT_COUNT * SEGMENT_STEP; i++) image.data[program + i] = (uint8_t)i;
    fb_builder_free(&b);
    return image;
}

static inline struct image whole_program(void) { return program_of_age(false); }

/* The external data that the program names: f32 [2] "weight"; and a "blob" of the same bytes. */
static inline struct image whole_data(void) {
    static const int32_t sizes[] = {2};
    static const uint8_t order[] = {0};
    builder b;
    fb_builder_init(&b, &memory_default);
    const fb_ref lists[] = {fb_build_scalars(&b, &ptd_layout_schema, LAYOUT_SIZES, ALL(sizes)),
                            fb_build_scalars(&b, &ptd_layout_schema, LAYOUT_DIM_ORDER, ALL(order))};
    fb_begin(&b, &ptd_layout_schema);
    fb_set_int(&b, LAYOUT_SCALAR_TYPE, MICA_F32);
    fb_set_ref(&b, LAYOUT_SIZES, lists[0]);
    fb_set_ref(&b, LAYOUT_DIM_ORDER, lists[1]);
    const fb_ref layout = fb_end(&b);
    fb_ref entries[2];
    for (size_t i = 0; i < 2; i++) {
        const fb_ref key = fb_build_string(&b, i ? "weight" : "blob");
        fb_begin(&b, &ptd_entry_schema);
        fb_set_ref(&b, ENTRY_KEY, key);
        fb_set_int(&b, ENTRY_SEGMENT_INDEX, 0);
        if (i) fb_set_ref(&b, ENTRY_TENSOR_LAYOUT, layout);
        entries[i] = fb_end(&b);
    }
    const fb_ref segment = build_segment(&b, 0, 8), segments = fb_build_refs(&b, &segment, 1);
    const fb_ref named = fb_build_refs(&b, ALL(entries));
    fb_begin(&b, &ptd_schema);
    fb_set_ref(&b, FLAT_TENSOR_SEGMENTS, segments);
    fb_set_ref(&b, FLAT_TENSOR_NAMED_DATA, named);
    const uint8_t *data = NULL;
    size_t size = 0;
    assert_int_equal(fb_finish(&b, fb_end(&b), &(fb_options){.identifier = "FT01"}, &data, &size, NULL), MICA_OK);
    const size_t base = round_up(size + 48, 16);
    const struct image image = open_gap(data, size, 48, base - size - 48 + 8);
    memcpy(image.data + 8, "FH01\x28\0\0\0", 8);
    put64(image.data + 16, 48);
    put64(image.data + 24, size);
    put64(image.data + 32, base);
    put64(image.data + 40, 8);
    memcpy(image.data + base, (float[]){1.5f, -2}, 8);
    fb_builder_free(&b);
    return image;
}

/* ---- opening, and looking at all that was decoded ---- */

struct opened {
    struct arena arena;
    struct image data;
    ptd_file external;
    pte_program *program;
    mica_error error;
    mica_status status;
};

static inline void open_image(struct opened *o, const uint8_t *data, size_t size) {
    *o = (struct opened){.data = whole_data()};
    arena_init(&o->arena, &memory_default, 0);
    assert_int_equal(ptd_open(o->data.data, o->data.size, &o->arena, &o->external, &o->error), MICA_OK);
    o->status = pte_open(data, size, &o->external, 1, &o->arena, &o->program, &o->error);
}

static inline void close_image(struct opened *o) {
    arena_free(&o->arena);
    free(o->data.data);
}

/* Reads every byte, for sanitizers. */
static inline unsigned touch(const void *data, size_t size) {
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) sum += ((const uint8_t *)data)[i];
    return sum;
}

static inline void check_tensor(const pte_method *method, const pte_tensor *tensor) {
    assert_true(tensor->rank <= MICA_MAX_RANK);
    size_t bytes = mica_type_size(tensor->type), seen = 0;
    for (size_t i = 0; i < tensor->rank; i++) {
        bytes *= tensor->sizes[i];
        seen |= (size_t)1 << tensor->dim_order[i];
    }
    assert_int_equal(bytes, tensor->bytes);
    assert_int_equal(seen, ((size_t)1 << tensor->rank) - 1);
    if (tensor->storage == PTE_PLANNED || tensor->storage == PTE_INITIALISED) {
        assert_true(tensor->buffer < method->buffer_count);
        assert_true(tensor->offset + tensor->bytes <= method->buffer_sizes[tensor->buffer]);
        assert_int_equal(tensor->offset % mica_type_size(tensor->type), 0);
    }
    if (tensor->storage == PTE_CONSTANT) assert_int_equal((uintptr_t)tensor->data % mica_type_size(tensor->type), 0);
    if (tensor->missing) {
        assert_null(tensor->data);
        touch(tensor->missing, strlen(tensor->missing));
    } else if (tensor->storage == PTE_CONSTANT || tensor->storage == PTE_INITIALISED) {
        touch(tensor->data, tensor->bytes);
    }
}

static inline void check_indices(const pte_method *method, bytes_span indices) {
    for (size_t i = 0; i < indices.count; i++) {
        assert_in_range(span_i32(indices, i), 0, method->value_count - 1);
    }
}

static inline void check_value(const pte_method *method, const pte_value *value) {
    switch (value->tag) {
    case PTE_TENSOR: check_tensor(method, value->as.tensor); break;
    case PTE_STRING: touch(value->as.string, strlen(value->as.string)); break;
    case PTE_INT_LIST:
        for (size_t i = 0; i < value->as.indices.count; i++) {
            assert_in_range(span_i64(value->as.indices, i), 0, method->value_count - 1);
            assert_int_equal(method->values[span_i64(value->as.indices, i)].tag, PTE_INT);
        }
        break;
    case PTE_TENSOR_LIST: check_indices(method, value->as.indices); break;
    case PTE_OPTIONAL_TENSOR_LIST:
        for (size_t i = 0; i < value->as.indices.count; i++) {
            assert_true(span_i32(value->as.indices, i) >= -1);
            assert_true(span_i32(value->as.indices, i) < (int64_t)method->value_count);
        }
        break;
    case PTE_DOUBLE_LIST: touch(value->as.literals.data, 8 * value->as.literals.count); break;
    case PTE_BOOL_LIST: touch(value->as.literals.data, value->as.literals.count); break;
    default: assert_in_range(value->tag, PTE_NULL, PTE_DOUBLE);
    }
}

static inline void check_instruction(const pte_method *method, const pte_chain *chain,
                                     const pte_instruction *instruction) {
    const size_t limits[] = {[PTE_KERNEL_CALL] = method->operator_count,
                             [PTE_DELEGATE_CALL] = method->delegate_count,
                             [PTE_MOVE_CALL] = method->value_count,
                             [PTE_JUMP_FALSE_CALL] = method->value_count,
                             [PTE_FREE_CALL] = method->value_count};
    assert_in_range(instruction->call, PTE_KERNEL_CALL, PTE_FREE_CALL);
    assert_true(instruction->index < limits[instruction->call]);
    check_indices(method, instruction->args);
    if (instruction->call == PTE_MOVE_CALL) {
        assert_true(instruction->target < method->value_count);
        assert_int_equal(method->values[instruction->index].tag, method->values[instruction->target].tag);
    }
    if (instruction->call == PTE_JUMP_FALSE_CALL) assert_true(instruction->target <= chain->count);
}

static inline void check_program(const pte_program *program) {
    assert_true(program->method_count > 0);
    for (size_t m = 0; m < program->method_count; m++) {
        const pte_method *const method = &program->methods[m];
        touch(method->name, strlen(method->name));
        for (size_t i = 0; i < method->value_count; i++) check_value(method, &method->values[i]);
        check_indices(method, method->inputs);
        check_indices(method, method->outputs);
        for (size_t i = 0; i < method->operator_count; i++) assert_true(strlen(method->operators[i]) < 2000);
        for (size_t i = 0; i < method->delegate_count; i++) {
            touch(method->delegates[i].payload, method->delegates[i].payload_size);
            assert_int_equal((uintptr_t)method->delegates[i].payload % 16, 0);
        }
        for (size_t c = 0; c < method->chain_count; c++) {
            const pte_chain *const chain = &method->chains[c];
            for (size_t i = 0; i < chain->count; i++) check_instruction(method, chain, &chain->instructions[i]);
        }
    }
    for (size_t i = 0; i < program->named_data_count; i++) {
        touch(program->named_data[i].data, program->named_data[i].size);
        if (i > 0) assert_true(strcmp(program->named_data[i - 1].key, program->named_data[i].key) <= 0);
    }
}

#endif
