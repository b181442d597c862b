/* SPDX-License-Identifier: Apache-2.0 */
#include "format/etdump.h"

/* ---- values of debug events ---- */

enum { VALUE_OUTPUT = 7, BOOL_VALUE = 0 };
enum { DEBUG_CHAIN, DEBUG_INSTRUCTION, DEBUG_ENTRY, DEBUG_DELEGATE_INT, DEBUG_DELEGATE_STRING, DEBUG_NAME };

static const fb_field tensor_fields[] = {
    FB_SCALAR("scalar_type", FB_I8),
    FB_SCALARS("sizes", FB_I64),
    FB_SCALARS("strides", FB_I64),
    FB_SCALAR("offset", FB_I64),
};
static const fb_schema tensor_schema = FB_SCHEMA("Tensor", tensor_fields);
static const fb_field tensor_list_fields[] = {
    FB_CHILDREN("tensors", &tensor_schema),
};
static const fb_schema tensor_list_schema = FB_SCHEMA("TensorList", tensor_list_fields);
static const fb_field int_fields[] = {FB_SCALAR("int_val", FB_I64)};
static const fb_schema int_schema = FB_SCHEMA("Int", int_fields);
static const fb_field float_fields[] = {FB_SCALAR("float_val", FB_F32)};
static const fb_schema float_schema = FB_SCHEMA("Float", float_fields);
static const fb_field double_fields[] = {FB_SCALAR("double_val", FB_F64)};
static const fb_schema double_schema = FB_SCHEMA("Double", double_fields);
static const fb_field bool_fields[] = {[BOOL_VALUE] = FB_SCALAR("bool_val", FB_BOOL)};
static const fb_schema bool_schema = FB_SCHEMA("Bool", bool_fields);
static const fb_field value_fields[] = {
    FB_SCALAR("val", FB_I8),
    FB_CHILD("tensor", &tensor_schema),
    FB_CHILD("tensor_list", &tensor_list_schema),
    FB_CHILD("int_value", &int_schema),
    FB_CHILD("float_value", &float_schema),
    FB_CHILD("double_value", &double_schema),
    FB_CHILD("bool_value", &bool_schema),
    [VALUE_OUTPUT] = FB_CHILD("output", &bool_schema),
};
static const fb_schema value_schema = FB_SCHEMA("Value", value_fields);

/* ---- events ---- */

static const fb_field profile_fields[] = {
    [PROFILE_NAME] = FB_TEXT("name"),
    [PROFILE_CHAIN] = FB_SCALAR("chain_index", FB_I32),
    [PROFILE_INSTRUCTION] = FB_SCALAR("instruction_id", FB_I32),
    [PROFILE_DELEGATE_INT] = FB_SCALAR("delegate_debug_id_int", FB_I32),
    [PROFILE_DELEGATE_STRING] = FB_TEXT("delegate_debug_id_str"),
    [PROFILE_METADATA] = FB_SCALARS("delegate_debug_metadata", FB_U8),
    [PROFILE_START] = FB_SCALAR("start_time", FB_U64),
    [PROFILE_END] = FB_SCALAR("end_time", FB_U64),
};
const fb_schema etdump_profile_schema = FB_SCHEMA("ProfileEvent", profile_fields);
static const fb_field debug_fields[] = {
    [DEBUG_CHAIN] = FB_SCALAR("chain_index", FB_U64),
    [DEBUG_INSTRUCTION] = FB_SCALAR("instruction_id", FB_I32),
    [DEBUG_ENTRY] = FB_CHILD("debug_entry", &value_schema),
    [DEBUG_DELEGATE_INT] = FB_SCALAR("delegate_debug_id_int", FB_I32),
    [DEBUG_DELEGATE_STRING] = FB_TEXT("delegate_debug_id_str"),
    [DEBUG_NAME] = FB_TEXT("name"),
};
static const fb_schema debug_schema = FB_SCHEMA("DebugEvent", debug_fields);
static const fb_field allocation_fields[] = {
    FB_SCALAR("allocator_id", FB_I32),
    FB_SCALAR("allocation_size", FB_U64),
};
static const fb_schema allocation_schema = FB_SCHEMA("AllocationEvent", allocation_fields);
static const fb_field event_fields[] = {
    [EVENT_PROFILE] = FB_CHILD("profile_event", &etdump_profile_schema),
    [EVENT_ALLOCATION] = FB_CHILD("allocation_event", &allocation_schema),
    [EVENT_DEBUG] = FB_CHILD("debug_event", &debug_schema),
};
const fb_schema etdump_event_schema = FB_SCHEMA("Event", event_fields);
static const fb_field allocator_fields[] = {FB_TEXT("name")};
static const fb_schema allocator_schema = FB_SCHEMA("Allocator", allocator_fields);
static const fb_field run_fields[] = {
    [RUN_NAME] = FB_TEXT("name"),
    [RUN_BUNDLED_INPUT] = FB_SCALAR("bundled_input_index", FB_I32),
    [RUN_ALLOCATORS] = FB_CHILDREN("allocators", &allocator_schema),
    [RUN_EVENTS] = FB_CHILDREN("events", &etdump_event_schema),
};
const fb_schema etdump_run_schema = FB_SCHEMA("RunData", run_fields);
static const fb_field etdump_fields[] = {
    [ETDUMP_VERSION] = FB_SCALAR("version", FB_U32),
    [ETDUMP_RUN_DATA] = FB_CHILDREN("run_data", &etdump_run_schema),
};
const fb_schema etdump_schema = FB_SCHEMA("ETDump", etdump_fields);
const fb_options etdump_options = {.identifier = "ED00", .size_prefixed = true};

/* ---- decoding ---- */

static etdump_event profile_event(fb_table at) {
    return (etdump_event){
        .kind = ETDUMP_PROFILE,
        .name = fb_string(at, PROFILE_NAME, NULL),
        .chain = fb_i32(at, PROFILE_CHAIN, 0),
        .instruction = fb_i32(at, PROFILE_INSTRUCTION, -1),
        .delegate_int = fb_i32(at, PROFILE_DELEGATE_INT, -1),
        .delegate_string = fb_string(at, PROFILE_DELEGATE_STRING, NULL),
        .metadata = fb_vector(at, PROFILE_METADATA),
        .start = fb_u64(at, PROFILE_START, 0),
        .end = fb_u64(at, PROFILE_END, 0),
    };
}

static etdump_event debug_event(fb_table at) {
    const fb_table output = fb_child(fb_child(at, DEBUG_ENTRY), VALUE_OUTPUT);
    return (etdump_event){
        .kind = fb_u8(output, BOOL_VALUE, 0) ? ETDUMP_OUTPUT : ETDUMP_DEBUG,
        .name = fb_string(at, DEBUG_NAME, NULL),
        .chain = (int64_t)fb_u64(at, DEBUG_CHAIN, 0),
        .instruction = fb_i32(at, DEBUG_INSTRUCTION, -1),
        .delegate_int = fb_i32(at, DEBUG_DELEGATE_INT, -1),
        .delegate_string = fb_string(at, DEBUG_DELEGATE_STRING, NULL),
    };
}

static mica_status decode_run(fb_table table, size_t index, struct arena *arena, etdump_run *run, mica_error *error) {
    const bytes_span list = fb_vector(table, RUN_EVENTS);
    const char *const name = fb_string(table, RUN_NAME, NULL);
    void *memory = NULL;
    TRY(arena_array(arena, list.count, sizeof(etdump_event), &memory, error));
    etdump_event *const events = memory;
    size_t count = 0;
    for (size_t i = 0; i < list.count; i++) {
        const fb_table event = fb_at(list, i), profile = fb_child(event, EVENT_PROFILE),
                       debug = fb_child(event, EVENT_DEBUG);
        if (profile.at)
            events[count++] = profile_event(profile);
        else if (debug.at)
            events[count++] = debug_event(debug);
        else if (!fb_has(event, EVENT_ALLOCATION))
            return error_set(error, MICA_ERROR_FORMAT, "run_data[%zu].events[%zu] holds no event", index, i);
    }
    *run = (etdump_run){
        .name = name ? name : "",
        .bundled_input = fb_i32(table, RUN_BUNDLED_INPUT, -1),
        .events = events,
        .count = count,
    };
    return MICA_OK;
}

mica_status etdump_open(const uint8_t *data, size_t size, struct arena *arena, etdump_file *out, mica_error *error) {
    TRY(fb_verify(data, size, &etdump_options, &etdump_schema, error));
    const bytes_span list = fb_vector(fb_root(data, true), ETDUMP_RUN_DATA);
    void *memory = NULL;
    TRY(arena_array(arena, list.count, sizeof(etdump_run), &memory, error));
    etdump_run *const runs = memory;
    for (size_t i = 0; i < list.count; i++) TRY(decode_run(fb_at(list, i), i, arena, &runs[i], error));
    *out = (etdump_file){.runs = runs, .count = list.count};
    return MICA_OK;
}
