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
    size_t instructions; /* of the chain being read */
} reader;

/* NULL for no items: a file with many empty lists takes no memory for them. */
static mica_status new_array(const reader *r, size_t count, size_t item, void **memory) {
    *memory = NULL;
    return count > 0 ? arena_array(r->parts->arena, count, item, memory, r->parts->error) : MICA_OK;
}

typedef mica_status read_item(reader *r, fb_table table, void *item);

/* Decodes a field that is a vector of tables into an array of items of `size` bytes each. */
static mica_status read_all(reader *r, fb_table table, const fb_schema *schema, size_t field, size_t size,
                            read_item *read, const void **items, size_t *count) {
    const bytes_span tables = fb_vector(table, field);
    void *memory = NULL;
    TRY(new_array(r, tables.count, size, &memory));
    for (size_t i = 0; i < tables.count; i++) {
        const mica_status status = read(r, fb_at(tables, i), (char *)memory + i * size);
        if (status) return fb_in(r->parts->error, status, "%s[%zu]", schema->fields[field].name, i);
    }
    *items = memory;
    *count = tables.count;
    return MICA_OK;
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
        status = pte_read_tensor(r->parts, r->method, content, tensor);
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

static bool is_list(pte_tag tag) {
    return tag == PTE_INT_LIST || tag == PTE_TENSOR_LIST || tag == PTE_OPTIONAL_TENSOR_LIST;
}

/* Items of lists name values, and values of the right kind. Runs when all values are read. */
static mica_status check_list(const reader *r, fb_table content, const pte_value *list) {
    const bool integers = list->tag == PTE_INT_LIST;
    const bool optional = list->tag == PTE_OPTIONAL_TENSOR_LIST;
    for (size_t i = 0; i < list->as.indices.count; i++) {
        const int64_t index = integers ? span_i64(list->as.indices, i) : span_i32(list->as.indices, i);
        if (optional && index == -1) continue;
        if (index < 0 || (uint64_t)index >= r->method->value_count) {
            return PTE_BAD(r->parts, content, pte_int_list_schema, VALUE_CONTENT, "[%zu] is value %lld of %zu", i,
                           (long long)index, r->method->value_count);
        }
        const pte_tag tag = r->values[index].tag;
        if (tag == (integers ? PTE_INT : PTE_TENSOR) || (optional && tag == PTE_NULL)) continue;
        return PTE_BAD(r->parts, content, pte_int_list_schema, VALUE_CONTENT, "[%zu] is value %lld, which is no %s",
                       i, (long long)index, integers ? "integer" : "tensor");
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
        if (!is_list(r->values[i].tag)) continue;
        const mica_status status = check_list(r, fb_child(fb_at(tables, i), EVALUE_VAL), &r->values[i]);
        if (status) return fb_in(r->parts->error, status, "values[%zu].val", i);
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

static mica_status read_jump(const reader *r, fb_table call, pte_instruction *out) {
    TRY(read_index(r, call, &pte_jump_false_call_schema, JUMP_FALSE_CALL_COND_VALUE_INDEX, "value",
                   r->method->value_count, &out->index));
    TRY(read_index(r, call, &pte_jump_false_call_schema, JUMP_FALSE_CALL_DESTINATION_INSTRUCTION, "instruction",
                   r->instructions + 1, &out->target));
    const pte_value *const condition = &r->values[out->index];
    const bool boolean =
        condition->tag == PTE_BOOL || (condition->tag == PTE_TENSOR && condition->as.tensor->type == MICA_BOOL);
    if (!boolean) {
        return PTE_BAD(r->parts, call, pte_jump_false_call_schema, JUMP_FALSE_CALL_COND_VALUE_INDEX,
                       "value %u is no boolean", out->index);
    }
    return MICA_OK;
}

static mica_status read_call(const reader *r, fb_table call, pte_instruction *out) {
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
    case PTE_JUMP_FALSE_CALL: return read_jump(r, call, out);
    case PTE_FREE_CALL:
        TRY(read_index(r, call, &pte_free_call_schema, FREE_CALL_VALUE_INDEX, "value", method->value_count,
                       &out->index));
        if (r->values[out->index].tag == PTE_TENSOR) return MICA_OK;
        return PTE_BAD(r->parts, call, pte_free_call_schema, FREE_CALL_VALUE_INDEX, "value %u is no tensor",
                       out->index);
    }
    return MICA_OK;
}

static mica_status read_instruction(reader *r, fb_table table, void *item) {
    pte_instruction *const instruction = item;
    const fb_table call = fb_child(table, INSTRUCTION_ARGS);
    if (!call.at) return PTE_BAD(r->parts, table, pte_instruction_schema, INSTRUCTION_ARGS, "absent");
    instruction->call = (pte_call)fb_u8(table, INSTRUCTION_ARGS_TYPE, 0);
    const mica_status status = read_call(r, call, instruction);
    return status ? fb_in(r->parts->error, status, "instr_args") : MICA_OK;
}

static mica_status read_chain(reader *r, fb_table table, void *item) {
    pte_chain *const chain = item;
    const void *instructions = NULL;
    r->instructions = fb_vector(table, CHAIN_INSTRUCTIONS).count;
    TRY(read_all(r, table, &pte_chain_schema, CHAIN_INSTRUCTIONS, sizeof(pte_instruction), read_instruction,
                 &instructions, &chain->count));
    chain->instructions = instructions;
    return MICA_OK;
}

/* ---- the rest of a plan ---- */

/* "name" or "name.overload". */
static mica_status read_operator(reader *r, fb_table table, void *item) {
    const char **const out = item;
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

static mica_status read_delegate(reader *r, fb_table table, void *item) {
    pte_delegate *const delegate = item;
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
    reader r = {.parts = parts, .method = method};
    size_t length = 0;
    method->name = fb_string(plan, PLAN_NAME, &length);
    if (!text_is_name(method->name, length)) return PTE_BAD(parts, plan, pte_plan_schema, PLAN_NAME, "not a name");
    const fb_table containers = fb_child(plan, PLAN_CONTAINER_META_TYPE);
    method->input_tree = fb_string(containers, CONTAINER_ENCODED_INP_STR, NULL);
    method->output_tree = fb_string(containers, CONTAINER_ENCODED_OUT_STR, NULL);
    TRY(read_buffers(&r, plan));
    TRY(read_values(&r, plan));
    TRY(read_inputs(&r, plan));
    TRY(read_indices(&r, plan, &pte_plan_schema, PLAN_OUTPUTS, &method->outputs));
    const void *operators = NULL, *delegates = NULL, *chains = NULL;
    TRY(read_all(&r, plan, &pte_plan_schema, PLAN_OPERATORS, sizeof(char *), read_operator, &operators,
                 &method->operator_count));
    method->operators = operators;
    TRY(read_all(&r, plan, &pte_plan_schema, PLAN_DELEGATES, sizeof(pte_delegate), read_delegate, &delegates,
                 &method->delegate_count));
    method->delegates = delegates;
    TRY(read_all(&r, plan, &pte_plan_schema, PLAN_CHAINS, sizeof(pte_chain), read_chain, &chains,
                 &method->chain_count));
    method->chains = chains;
    return MICA_OK;
}
