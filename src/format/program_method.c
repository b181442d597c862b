/* SPDX-License-Identifier: Apache-2.0
 *
 * One method of a program: values, instructions, operators, delegates. Every index is checked against what it names.
 */
#include "format/program_parts.h"
#include "format/text.h"

#define ALIGNMENT 16 /* bytes: of what is used in place */

typedef struct reader {
    pte_parts *parts;
    pte_method *method;
    pte_value *values;
} reader;

static mica_status new_array(const reader *r, size_t count, size_t item, void **memory) {
    return arena_array(r->parts->arena, count, item, memory, r->parts->error);
}

/* ---- tensors ---- */

/* Bytes of a program's constant: a part of the constant segment, or of old programs a Buffer. */
static mica_status find_constant(const reader *r, fb_table table, uint32_t index, pte_tensor *tensor) {
    const pte_subsegments *const constants = &r->parts->constants;
    const bytes_span inlined = fb_vector(r->parts->root, PROGRAM_CONSTANT_BUFFER);
    const size_t count = constants->offsets.count ? constants->offsets.count : inlined.count;
    if (index >= count) {
        return PTE_BAD(r->parts, table, pte_tensor_schema, TENSOR_DATA_BUFFER_IDX, "constant %u of %zu", index,
                       count);
    }
    bytes_span bytes = constants->bytes;
    uint64_t offset = 0;
    if (constants->offsets.count) {
        offset = span_u64(constants->offsets, index);
    } else {
        bytes = fb_vector(fb_at(inlined, index), BUFFER_STORAGE);
    }
    if (offset > bytes.count || tensor->bytes > bytes.count - offset) {
        return PTE_BAD(r->parts, table, pte_tensor_schema, TENSOR_DATA_BUFFER_IDX,
                       "%zu bytes from %llu on end outside of %zu bytes of constants", tensor->bytes,
                       (unsigned long long)offset, bytes.count);
    }
    tensor->storage = PTE_CONSTANT;
    if (tensor->bytes == 0) return MICA_OK;
    tensor->data = bytes.data + offset;
    if ((uintptr_t)tensor->data % mica_type_size(tensor->type) != 0) {
        return PTE_BAD(r->parts, table, pte_tensor_schema, TENSOR_DATA_BUFFER_IDX,
                       "the constant is not aligned for its type");
    }
    return MICA_OK;
}

/* Data outside of the program, by name; it must have the tensor's layout. */
static mica_status find_external(const reader *r, fb_table extra, pte_tensor *tensor) {
    size_t length = 0;
    const char *const name = fb_string(extra, EXTRA_FULLY_QUALIFIED_NAME, &length);
    if (!name || !text_is_name(name, length)) {
        return PTE_BAD(r->parts, extra, pte_extra_schema, EXTRA_FULLY_QUALIFIED_NAME, "not a name");
    }
    const ptd_entry *entry = NULL;
    for (size_t i = 0; i < r->parts->external_count && !entry; i++) {
        entry = ptd_find(&r->parts->external[i], name, length);
    }
    if (!entry) {
        return fb_bad(r->parts->error, MICA_ERROR_NOT_FOUND, r->parts->file, extra, &pte_extra_schema,
                      EXTRA_FULLY_QUALIFIED_NAME, "\"%s\" is in none of %zu files with external data", name,
                      r->parts->external_count);
    }
    const tensor_layout *const layout = &entry->layout;
    if (!entry->has_layout || layout->type != tensor->type || layout->rank != tensor->rank ||
        memcmp(layout->sizes, tensor->sizes, sizeof tensor->sizes) != 0 ||
        memcmp(layout->dim_order, tensor->dim_order, sizeof tensor->dim_order) != 0) {
        return PTE_BAD(r->parts, extra, pte_extra_schema, EXTRA_FULLY_QUALIFIED_NAME,
                       "\"%s\" has another type or shape in the external data", name);
    }
    tensor->data = entry->data;
    return MICA_OK;
}

/* Start values of planned memory. */
static mica_status find_state(const reader *r, fb_table table, uint32_t index, pte_tensor *tensor) {
    const pte_subsegments *const state = &r->parts->state;
    if (index >= state->offsets.count) {
        return PTE_BAD(r->parts, table, pte_tensor_schema, TENSOR_DATA_BUFFER_IDX, "initial state %u of %zu", index,
                       state->offsets.count);
    }
    const uint64_t offset = span_u64(state->offsets, index);
    if (offset > state->bytes.count || tensor->bytes > state->bytes.count - offset) {
        return PTE_BAD(r->parts, table, pte_tensor_schema, TENSOR_DATA_BUFFER_IDX,
                       "%zu bytes from %llu on end outside of %zu bytes of initial state", tensor->bytes,
                       (unsigned long long)offset, state->bytes.count);
    }
    tensor->storage = PTE_INITIALISED;
    tensor->data = state->bytes.data + offset;
    return MICA_OK;
}

static mica_status place(const reader *r, fb_table allocation, pte_tensor *tensor) {
    const uint32_t id = fb_u32(allocation, ALLOCATION_MEMORY_ID, 0);
    const uint64_t offset = (uint64_t)fb_u32(allocation, ALLOCATION_MEMORY_OFFSET_HIGH, 0) << 32 |
                            fb_u32(allocation, ALLOCATION_MEMORY_OFFSET_LOW, 0);
    if (id == 0 || id > r->method->buffer_count) {
        return PTE_BAD(r->parts, allocation, pte_allocation_schema, ALLOCATION_MEMORY_ID,
                       "planned buffer %u, they are 1 to %zu", id, r->method->buffer_count);
    }
    const size_t size = r->method->buffer_sizes[id - 1];
    if (offset > size || tensor->bytes > size - offset) {
        return PTE_BAD(r->parts, allocation, pte_allocation_schema, ALLOCATION_MEMORY_OFFSET_LOW,
                       "%zu bytes from %llu on end outside of the %zu planned", tensor->bytes,
                       (unsigned long long)offset, size);
    }
    if (offset % mica_type_size(tensor->type) != 0) {
        return PTE_BAD(r->parts, allocation, pte_allocation_schema, ALLOCATION_MEMORY_OFFSET_LOW,
                       "%llu is not aligned for the type", (unsigned long long)offset);
    }
    tensor->storage = PTE_PLANNED;
    tensor->buffer = id - 1;
    tensor->offset = offset;
    return MICA_OK;
}

static mica_status read_tensor(const reader *r, fb_table table, pte_tensor *tensor) {
    static const tensor_layout_fields fields = {&pte_tensor_schema, TENSOR_SCALAR_TYPE, TENSOR_SIZES,
                                                TENSOR_DIM_ORDER};
    tensor_layout layout;
    TRY(tensor_layout_read(table, &fields, r->parts->file, &layout, r->parts->error));
    *tensor = (pte_tensor){.type = layout.type, .rank = layout.rank, .bytes = layout.bytes, .storage = PTE_UNPLANNED};
    memcpy(tensor->sizes, layout.sizes, sizeof tensor->sizes);
    memcpy(tensor->dim_order, layout.dim_order, sizeof tensor->dim_order);

    const int32_t storage_offset = fb_i32(table, TENSOR_STORAGE_OFFSET, 0);
    const int8_t dynamism = fb_i8(table, TENSOR_SHAPE_DYNAMISM, SHAPE_STATIC);
    if (storage_offset != 0) {
        return PTE_BAD(r->parts, table, pte_tensor_schema, TENSOR_STORAGE_OFFSET, "%d, must be 0", storage_offset);
    }
    if (dynamism != SHAPE_STATIC && dynamism != SHAPE_DYNAMIC_BOUND) {
        return fb_bad(r->parts->error, MICA_ERROR_UNSUPPORTED, r->parts->file, table, &pte_tensor_schema,
                      TENSOR_SHAPE_DYNAMISM, "%d: only static and bounded shapes", dynamism);
    }
    tensor->dynamic = dynamism == SHAPE_DYNAMIC_BOUND;

    const fb_table extra = fb_child(table, TENSOR_EXTRA_TENSOR_INFO);
    const fb_table allocation = fb_child(table, TENSOR_ALLOCATION_INFO);
    const uint32_t index = fb_u32(table, TENSOR_DATA_BUFFER_IDX, 0);
    const int8_t location = fb_i8(extra, EXTRA_LOCATION, LOCATION_HERE);
    const int8_t device = fb_i8(extra, EXTRA_DEVICE_TYPE, DEVICE_CPU);
    if (device != DEVICE_CPU) {
        return fb_bad(r->parts->error, MICA_ERROR_UNSUPPORTED, r->parts->file, extra, &pte_extra_schema,
                      EXTRA_DEVICE_TYPE, "device %d: only the CPU", device);
    }
    if (location != LOCATION_HERE && location != LOCATION_ELSEWHERE) {
        return PTE_BAD(r->parts, extra, pte_extra_schema, EXTRA_LOCATION, "%d is unknown", location);
    }
    if (allocation.at) {
        const mica_status status = place(r, allocation, tensor);
        if (status) return fb_in(r->parts->error, status, "allocation_info");
    }
    if (location == LOCATION_ELSEWHERE) {
        const mica_status status = find_external(r, extra, tensor);
        if (status) return fb_in(r->parts->error, status, "extra_tensor_info");
        tensor->storage = allocation.at ? PTE_INITIALISED : PTE_CONSTANT;
        return MICA_OK;
    }
    if (index == 0) return MICA_OK;
    return allocation.at ? find_state(r, table, index, tensor) : find_constant(r, table, index, tensor);
}

/* ---- values ---- */

static mica_status read_value(const reader *r, fb_table table, pte_tensor *tensor, pte_value *value) {
    const fb_table content = fb_child(table, EVALUE_VAL);
    value->tag = (pte_tag)fb_u8(table, EVALUE_VAL_TYPE, PTE_NONE);
    if (value->tag == PTE_NONE || (!content.at && value->tag != PTE_NULL)) {
        return PTE_BAD(r->parts, table, pte_evalue_schema, EVALUE_VAL, "a value without content");
    }
    mica_status status = MICA_OK;
    size_t length = 0;
    switch (value->tag) {
    case PTE_NONE:
    case PTE_NULL: break;
    case PTE_INT: value->as.integer = fb_i64(content, VALUE_CONTENT, 0); break;
    case PTE_BOOL: value->as.boolean = fb_u8(content, VALUE_CONTENT, 0) != 0; break;
    case PTE_DOUBLE: value->as.real = fb_f64(content, VALUE_CONTENT, 0); break;
    case PTE_STRING: value->as.string = fb_string(content, VALUE_CONTENT, &length); break;
    case PTE_TENSOR:
        status = read_tensor(r, content, tensor);
        value->as.tensor = tensor;
        break;
    case PTE_DOUBLE_LIST:
    case PTE_BOOL_LIST: value->as.literals = fb_vector(content, VALUE_CONTENT); break;
    case PTE_INT_LIST:
    case PTE_TENSOR_LIST:
    case PTE_OPTIONAL_TENSOR_LIST: value->as.indices = fb_vector(content, VALUE_CONTENT); break;
    }
    return status ? fb_in(r->parts->error, status, "val") : MICA_OK;
}

/* Items of lists name values, and values of the right kind. Runs when all values are read. */
static mica_status check_list(const reader *r, fb_table table, const pte_value *list) {
    const fb_table content = fb_child(table, EVALUE_VAL);
    const bool integers = list->tag == PTE_INT_LIST;
    const bool optional = list->tag == PTE_OPTIONAL_TENSOR_LIST;
    for (size_t i = 0; i < list->as.indices.count; i++) {
        const int64_t index = integers ? span_i64(list->as.indices, i) : span_i32(list->as.indices, i);
        if (optional && index == -1) continue;
        mica_status status = MICA_OK;
        if (index < 0 || (uint64_t)index >= r->method->value_count) {
            status = PTE_BAD(r->parts, content, pte_int_list_schema, VALUE_CONTENT, "[%zu] is value %lld of %zu", i,
                             (long long)index, r->method->value_count);
        } else {
            const pte_tag tag = r->values[index].tag;
            const bool fits = integers ? tag == PTE_INT : tag == PTE_TENSOR || (optional && tag == PTE_NULL);
            if (fits) continue;
            status =
                PTE_BAD(r->parts, content, pte_int_list_schema, VALUE_CONTENT, "[%zu] is value %lld, which is no %s",
                        i, (long long)index, integers ? "integer" : "tensor");
        }
        return fb_in(r->parts->error, status, "val");
    }
    return MICA_OK;
}

static mica_status read_values(reader *r, fb_table plan) {
    const bytes_span tables = fb_vector(plan, PLAN_VALUES);
    size_t tensor_count = 0;
    for (size_t i = 0; i < tables.count; i++) {
        tensor_count += fb_u8(fb_at(tables, i), EVALUE_VAL_TYPE, PTE_NONE) == PTE_TENSOR;
    }
    void *memory = NULL;
    TRY(new_array(r, tensor_count, sizeof(pte_tensor), &memory));
    pte_tensor *tensor = memory;
    TRY(new_array(r, tables.count, sizeof(pte_value), &memory));
    r->method->values = r->values = memory;
    r->method->value_count = tables.count;
    for (size_t i = 0; i < tables.count; i++) {
        const mica_status status = read_value(r, fb_at(tables, i), tensor, &r->values[i]);
        if (status) return fb_in(r->parts->error, status, "values[%zu]", i);
        tensor += r->values[i].tag == PTE_TENSOR;
    }
    for (size_t i = 0; i < tables.count; i++) {
        const pte_value *const value = &r->values[i];
        const bool list =
            value->tag == PTE_INT_LIST || value->tag == PTE_TENSOR_LIST || value->tag == PTE_OPTIONAL_TENSOR_LIST;
        const mica_status status = list ? check_list(r, fb_at(tables, i), value) : MICA_OK;
        if (status) return fb_in(r->parts->error, status, "values[%zu]", i);
    }
    return MICA_OK;
}

/* A vector of value indices. */
static mica_status read_indices(const reader *r, fb_table table, const fb_schema *schema, size_t field,
                                bytes_span *out) {
    const bytes_span indices = fb_vector(table, field);
    for (size_t i = 0; i < indices.count; i++) {
        const int32_t index = span_i32(indices, i);
        if (index < 0 || (size_t)index >= r->method->value_count) {
            return PTE_BAD(r->parts, table, *schema, field, "[%zu] is value %d of %zu", i, index,
                           r->method->value_count);
        }
    }
    *out = indices;
    return MICA_OK;
}

/* ---- instructions ---- */

/* An index below `count`, of a "thing". */
static mica_status read_index(const reader *r, fb_table table, const fb_schema *schema, size_t field,
                              const char *thing, size_t count, uint32_t *out) {
    const int32_t index = fb_i32(table, field, 0);
    if (index < 0 || (size_t)index >= count) {
        return PTE_BAD(r->parts, table, *schema, field, "%s %d of %zu", thing, index, count);
    }
    *out = (uint32_t)index;
    return MICA_OK;
}

static mica_status read_move(const reader *r, fb_table call, pte_instruction *out) {
    const size_t values = r->method->value_count;
    TRY(read_index(r, call, &pte_move_call_schema, MOVE_CALL_MOVE_FROM, "value", values, &out->index));
    TRY(read_index(r, call, &pte_move_call_schema, MOVE_CALL_MOVE_TO, "value", values, &out->target));
    const pte_value *const from = &r->values[out->index], *const to = &r->values[out->target];
    if (from->tag != to->tag || (to->tag == PTE_TENSOR && from->as.tensor->type != to->as.tensor->type)) {
        return PTE_BAD(r->parts, call, pte_move_call_schema, MOVE_CALL_MOVE_TO,
                       "value %u is of another type than value %u", out->target, out->index);
    }
    return MICA_OK;
}

static mica_status read_jump(const reader *r, fb_table call, size_t instructions, pte_instruction *out) {
    TRY(read_index(r, call, &pte_jump_false_call_schema, JUMP_FALSE_CALL_COND_VALUE_INDEX, "value",
                   r->method->value_count, &out->index));
    TRY(read_index(r, call, &pte_jump_false_call_schema, JUMP_FALSE_CALL_DESTINATION_INSTRUCTION, "instruction",
                   instructions + 1, &out->target));
    const pte_value *const condition = &r->values[out->index];
    const bool boolean =
        condition->tag == PTE_BOOL || (condition->tag == PTE_TENSOR && condition->as.tensor->type == MICA_BOOL);
    if (!boolean) {
        return PTE_BAD(r->parts, call, pte_jump_false_call_schema, JUMP_FALSE_CALL_COND_VALUE_INDEX,
                       "value %u is no boolean", out->index);
    }
    return MICA_OK;
}

static mica_status read_call(const reader *r, fb_table call, size_t instructions, pte_instruction *out) {
    const pte_method *const method = r->method;
    switch (out->call) {
    case PTE_KERNEL_CALL:
        TRY(read_index(r, call, &pte_kernel_call_schema, KERNEL_CALL_OP_INDEX, "operator", method->operator_count,
                       &out->index));
        return read_indices(r, call, &pte_kernel_call_schema, KERNEL_CALL_ARGS, &out->args);
    case PTE_DELEGATE_CALL:
        TRY(read_index(r, call, &pte_delegate_call_schema, DELEGATE_CALL_DELEGATE_INDEX, "delegate",
                       method->delegate_count, &out->index));
        return read_indices(r, call, &pte_delegate_call_schema, DELEGATE_CALL_ARGS, &out->args);
    case PTE_MOVE_CALL: return read_move(r, call, out);
    case PTE_JUMP_FALSE_CALL: return read_jump(r, call, instructions, out);
    case PTE_FREE_CALL:
        TRY(read_index(r, call, &pte_free_call_schema, FREE_CALL_VALUE_INDEX, "value", method->value_count,
                       &out->index));
        if (r->values[out->index].tag == PTE_TENSOR) return MICA_OK;
        return PTE_BAD(r->parts, call, pte_free_call_schema, FREE_CALL_VALUE_INDEX, "value %u is no tensor",
                       out->index);
    }
    return MICA_OK;
}

static mica_status read_chain(const reader *r, fb_table table, pte_chain *chain) {
    const bytes_span tables = fb_vector(table, CHAIN_INSTRUCTIONS);
    void *memory = NULL;
    TRY(new_array(r, tables.count, sizeof(pte_instruction), &memory));
    pte_instruction *const instructions = memory;
    for (size_t i = 0; i < tables.count; i++) {
        const fb_table instruction = fb_at(tables, i);
        const fb_table call = fb_child(instruction, INSTRUCTION_ARGS);
        mica_status status = MICA_OK;
        if (call.at) {
            instructions[i].call = (pte_call)fb_u8(instruction, INSTRUCTION_ARGS_TYPE, 0);
            status = read_call(r, call, tables.count, &instructions[i]);
            if (status) status = fb_in(r->parts->error, status, "instr_args");
        } else {
            status = PTE_BAD(r->parts, instruction, pte_instruction_schema, INSTRUCTION_ARGS, "absent");
        }
        if (status) return fb_in(r->parts->error, status, "instructions[%zu]", i);
    }
    *chain = (pte_chain){instructions, tables.count};
    return MICA_OK;
}

static mica_status read_chains(const reader *r, fb_table plan) {
    const bytes_span tables = fb_vector(plan, PLAN_CHAINS);
    void *memory = NULL;
    TRY(new_array(r, tables.count, sizeof(pte_chain), &memory));
    pte_chain *const chains = memory;
    for (size_t i = 0; i < tables.count; i++) {
        const mica_status status = read_chain(r, fb_at(tables, i), &chains[i]);
        if (status) return fb_in(r->parts->error, status, "chains[%zu]", i);
    }
    r->method->chains = chains;
    r->method->chain_count = tables.count;
    return MICA_OK;
}

/* ---- the rest of a plan ---- */

/* "name" or "name.overload". */
static mica_status read_operator(const reader *r, fb_table table, const char **out) {
    size_t name_length = 0, overload_length = 0;
    const char *const name = fb_string(table, OPERATOR_NAME, &name_length);
    const char *const overload = fb_string(table, OPERATOR_OVERLOAD, &overload_length);
    if (!text_is_name(name, name_length)) {
        return PTE_BAD(r->parts, table, pte_operator_schema, OPERATOR_NAME, "not a name");
    }
    if (overload_length == 0) {
        *out = name;
        return MICA_OK;
    }
    if (!text_is_name(overload, overload_length)) {
        return PTE_BAD(r->parts, table, pte_operator_schema, OPERATOR_OVERLOAD, "not a name");
    }
    void *memory = NULL;
    TRY(arena_raw(r->parts->arena, name_length + overload_length + 2, &memory, r->parts->error));
    char *const joined = memory;
    memcpy(joined, name, name_length);
    joined[name_length] = '.';
    memcpy(joined + name_length + 1, overload, overload_length + 1);
    *out = joined;
    return MICA_OK;
}

static mica_status read_operators(const reader *r, fb_table plan) {
    const bytes_span tables = fb_vector(plan, PLAN_OPERATORS);
    void *memory = NULL;
    TRY(new_array(r, tables.count, sizeof(char *), &memory));
    const char **const operators = memory;
    for (size_t i = 0; i < tables.count; i++) {
        const mica_status status = read_operator(r, fb_at(tables, i), &operators[i]);
        if (status) return fb_in(r->parts->error, status, "operators[%zu]", i);
    }
    r->method->operators = operators;
    r->method->operator_count = tables.count;
    return MICA_OK;
}

static mica_status find_payload(const reader *r, fb_table processed, bytes_span *payload) {
    const int8_t location = fb_i8(processed, PROCESSED_LOCATION, LOCATION_HERE);
    const uint32_t index = fb_u32(processed, PROCESSED_INDEX, 0);
    const bytes_span inlined = fb_vector(r->parts->root, PROGRAM_BACKEND_DELEGATE_DATA);
    if (location != LOCATION_HERE && location != LOCATION_ELSEWHERE) {
        return PTE_BAD(r->parts, processed, pte_processed_schema, PROCESSED_LOCATION, "%d is unknown", location);
    }
    const size_t count = location == LOCATION_HERE ? inlined.count : r->parts->segments.list.count;
    if (index >= count) {
        return PTE_BAD(r->parts, processed, pte_processed_schema, PROCESSED_INDEX, "%s %u of %zu",
                       location == LOCATION_HERE ? "inline data" : "segment", index, count);
    }
    if (location == LOCATION_HERE) {
        *payload = fb_vector(fb_at(inlined, index), BUFFER_STORAGE);
        r->parts->program->delegate_bytes += payload->count;
    } else {
        *payload = pte_claim_segment(r->parts, index, &r->parts->program->delegate_bytes);
    }
    if ((uintptr_t)payload->data % ALIGNMENT != 0) {
        return PTE_BAD(r->parts, processed, pte_processed_schema, PROCESSED_INDEX, "the payload is not aligned to %d",
                       ALIGNMENT);
    }
    return MICA_OK;
}

static mica_status read_delegate(const reader *r, fb_table table, pte_delegate *delegate) {
    size_t length = 0;
    delegate->id = fb_string(table, DELEGATE_ID, &length);
    if (!text_is_name(delegate->id, length)) {
        return PTE_BAD(r->parts, table, pte_delegate_schema, DELEGATE_ID, "not a name");
    }
    bytes_span payload = {NULL, 0};
    const mica_status status = find_payload(r, fb_child(table, DELEGATE_PROCESSED), &payload);
    if (status) return fb_in(r->parts->error, status, "processed");
    delegate->payload = payload.data;
    delegate->payload_size = payload.count;
    return MICA_OK;
}

static mica_status read_delegates(const reader *r, fb_table plan) {
    const bytes_span tables = fb_vector(plan, PLAN_DELEGATES);
    void *memory = NULL;
    TRY(new_array(r, tables.count, sizeof(pte_delegate), &memory));
    pte_delegate *const delegates = memory;
    for (size_t i = 0; i < tables.count; i++) {
        const mica_status status = read_delegate(r, fb_at(tables, i), &delegates[i]);
        if (status) return fb_in(r->parts->error, status, "delegates[%zu]", i);
    }
    r->method->delegates = delegates;
    r->method->delegate_count = tables.count;
    return MICA_OK;
}

/* Sizes of the planned buffers. Entry 0 stands for constants and has no meaning. */
static mica_status read_buffers(const reader *r, fb_table plan) {
    const bytes_span sizes = fb_vector(plan, PLAN_NON_CONST_BUFFER_SIZES);
    const size_t count = sizes.count > 0 ? sizes.count - 1 : 0;
    void *memory = NULL;
    TRY(new_array(r, count, sizeof(size_t), &memory));
    size_t *const buffers = memory;
    for (size_t i = 0; i < count; i++) {
        const int64_t size = span_i64(sizes, i + 1);
        if (size < 0 || !size_add(r->method->planned_bytes, (size_t)size, &r->method->planned_bytes)) {
            return PTE_BAD(r->parts, plan, pte_plan_schema, PLAN_NON_CONST_BUFFER_SIZES, "[%zu] is %lld bytes", i + 1,
                           (long long)size);
        }
        buffers[i] = (size_t)size;
    }
    r->method->buffer_sizes = buffers;
    r->method->buffer_count = count;
    const bytes_span devices = fb_vector(plan, PLAN_NON_CONST_BUFFER_DEVICE);
    for (size_t i = 0; i < devices.count; i++) {
        const int8_t device = fb_i8(fb_at(devices, i), BUFFER_DEVICE_DEVICE_TYPE, DEVICE_CPU);
        if (device == DEVICE_CPU) continue;
        return fb_bad(r->parts->error, MICA_ERROR_UNSUPPORTED, r->parts->file, plan, &pte_plan_schema,
                      PLAN_NON_CONST_BUFFER_DEVICE, "[%zu] is on device %d: only the CPU", i, device);
    }
    return MICA_OK;
}

static mica_status read_inputs(const reader *r, fb_table plan) {
    TRY(read_indices(r, plan, &pte_plan_schema, PLAN_INPUTS, &r->method->inputs));
    for (size_t i = 0; i < r->method->inputs.count; i++) {
        const int32_t index = span_i32(r->method->inputs, i);
        const pte_value *const value = &r->values[index];
        if (value->tag == PTE_TENSOR && value->as.tensor->storage == PTE_CONSTANT) {
            return PTE_BAD(r->parts, plan, pte_plan_schema, PLAN_INPUTS, "[%zu] is value %d, a constant", i, index);
        }
    }
    return MICA_OK;
}

mica_status pte_read_method(pte_parts *parts, fb_table plan, pte_method *method) {
    reader r = {parts, method, NULL};
    size_t length = 0;
    method->name = fb_string(plan, PLAN_NAME, &length);
    if (!text_is_name(method->name, length)) return PTE_BAD(parts, plan, pte_plan_schema, PLAN_NAME, "not a name");
    TRY(read_buffers(&r, plan));
    TRY(read_values(&r, plan));
    TRY(read_inputs(&r, plan));
    TRY(read_indices(&r, plan, &pte_plan_schema, PLAN_OUTPUTS, &method->outputs));
    TRY(read_operators(&r, plan));
    TRY(read_delegates(&r, plan));
    return read_chains(&r, plan);
}
