/* SPDX-License-Identifier: Apache-2.0 */
#include "format/program_write.h"

#include "format/program_schema.h"
#include "format/segments_write.h"

#define CONSTANT_ALIGNMENT 16 /* of tensors inside the constant segment */

/* Data of tensors, laid one behind the other into one segment. */
typedef struct laid {
    uint64_t *offsets; /* the first one is reserved */
    size_t count;
    uint8_t *bytes;
    size_t size;
} laid;

typedef struct writer {
    struct fb_builder b;
    const pte_program *program;
    struct arena *arena;
    laid pools[2]; /* constants; initial state */
    bytes_span *segments;
    size_t segment_count;
    mica_error *error;
} writer;

enum { CONSTANTS, STATE };

static mica_status new_refs(writer *w, size_t count, fb_ref **refs) {
    void *memory = NULL;
    TRY(arena_array(w->arena, count, sizeof(fb_ref), &memory, w->error));
    *refs = memory;
    return MICA_OK;
}

/* ---- data of tensors ---- */

static bool has_data(const pte_tensor *tensor) {
    return tensor->storage == PTE_CONSTANT || tensor->storage == PTE_INITIALISED;
}

static mica_status reserve_pools(writer *w) {
    size_t counts[2] = {0}, sizes[2] = {0};
    for (size_t m = 0; m < w->program->method_count; m++) {
        const pte_method *const method = &w->program->methods[m];
        for (size_t v = 0; v < method->value_count; v++) {
            if (method->values[v].tag != PTE_TENSOR || !has_data(method->values[v].as.tensor)) continue;
            const pte_tensor *const tensor = method->values[v].as.tensor;
            const size_t which = tensor->storage == PTE_CONSTANT ? CONSTANTS : STATE;
            counts[which]++;
            if (!size_add(sizes[which], round_up(tensor->bytes, CONSTANT_ALIGNMENT), &sizes[which]))
                return error_set(w->error, MICA_ERROR_LIMIT, "more bytes of constants than can be addressed");
        }
    }
    for (size_t i = 0; i < 2; i++) {
        void *offsets = NULL, *bytes = NULL;
        TRY(arena_array(w->arena, counts[i] + 1, sizeof(uint64_t), &offsets, w->error));
        TRY(arena_allocate(w->arena, sizes[i], &bytes, w->error));
        w->pools[i] = (laid){offsets, 1, bytes, 0};
    }
    return MICA_OK;
}

static uint32_t store(writer *w, const pte_tensor *tensor) {
    if (!has_data(tensor)) return 0;
    laid *const pool = &w->pools[tensor->storage == PTE_CONSTANT ? CONSTANTS : STATE];
    const bool shared = tensor->storage == PTE_CONSTANT && tensor->bytes > 0;
    for (size_t i = 1; shared && i < pool->count; i++)
        if (tensor->bytes <= pool->size - pool->offsets[i] &&
            memcmp(pool->bytes + pool->offsets[i], tensor->data, tensor->bytes) == 0)
            return (uint32_t)i;
    if (tensor->bytes) memcpy(pool->bytes + pool->size, tensor->data, tensor->bytes);
    pool->offsets[pool->count] = pool->size;
    pool->size += round_up(tensor->bytes, CONSTANT_ALIGNMENT);
    return (uint32_t)pool->count++;
}

/* The same bytes are written once. */
static uint32_t add_segment(writer *w, bytes_span bytes) {
    for (size_t i = 0; i < w->segment_count && bytes.count; i++)
        if (w->segments[i].count == bytes.count && memcmp(w->segments[i].data, bytes.data, bytes.count) == 0)
            return (uint32_t)i;
    w->segments[w->segment_count] = bytes;
    return (uint32_t)w->segment_count++;
}

/* Constants have a segment and the reserved offset also where there are none: without, runtimes look for an older form. */
static fb_ref write_pool(writer *w, const laid *pool) {
    const uint32_t segment = add_segment(w, (bytes_span){pool->bytes, pool->size});
    const fb_ref offsets =
        fb_build_scalars(&w->b, &pte_subsegment_schema, SUBSEGMENT_OFFSETS, pool->offsets, pool->count);
    fb_begin(&w->b, &pte_subsegment_schema);
    fb_set_int(&w->b, SUBSEGMENT_SEGMENT_INDEX, segment);
    fb_set_ref(&w->b, SUBSEGMENT_OFFSETS, offsets);
    return fb_end(&w->b);
}

/* ---- values ---- */

static fb_ref write_tensor(writer *w, const pte_tensor *tensor) {
    int32_t sizes[MICA_MAX_RANK];
    for (size_t i = 0; i < tensor->rank; i++) sizes[i] = (int32_t)tensor->sizes[i];
    const bool planned = tensor->storage == PTE_PLANNED || tensor->storage == PTE_INITIALISED;
    fb_ref allocation = 0;
    if (planned) {
        fb_begin(&w->b, &pte_allocation_schema);
        fb_set_int(&w->b, ALLOCATION_MEMORY_ID, (int64_t)tensor->buffer + 1);
        fb_set_int(&w->b, ALLOCATION_MEMORY_OFFSET_LOW, tensor->offset & UINT32_MAX);
        fb_set_int(&w->b, ALLOCATION_MEMORY_OFFSET_HIGH, (int64_t)((uint64_t)tensor->offset >> 32));
        allocation = fb_end(&w->b);
    }
    const fb_ref lists[] = {
        fb_build_scalars(&w->b, &pte_tensor_schema, TENSOR_SIZES, sizes, tensor->rank),
        fb_build_scalars(&w->b, &pte_tensor_schema, TENSOR_DIM_ORDER, tensor->dim_order, tensor->rank),
    };
    const uint32_t index = store(w, tensor);
    fb_begin(&w->b, &pte_tensor_schema);
    fb_set_int(&w->b, TENSOR_SCALAR_TYPE, tensor->type);
    fb_set_ref(&w->b, TENSOR_SIZES, lists[0]);
    fb_set_ref(&w->b, TENSOR_DIM_ORDER, lists[1]);
    fb_set_int(&w->b, TENSOR_DATA_BUFFER_IDX, index);
    fb_set_ref(&w->b, TENSOR_ALLOCATION_INFO, allocation);
    fb_set_int(&w->b, TENSOR_SHAPE_DYNAMISM, tensor->dynamic ? SHAPE_DYNAMIC_BOUND : SHAPE_STATIC);
    return fb_end(&w->b);
}

static fb_ref write_list(writer *w, const fb_schema *schema, bytes_span items) {
    const fb_ref list = fb_build_scalars(&w->b, schema, VALUE_CONTENT, items.data, items.count);
    fb_begin(&w->b, schema);
    fb_set_ref(&w->b, VALUE_CONTENT, list);
    return fb_end(&w->b);
}

static fb_ref write_number(writer *w, const fb_schema *schema, int64_t number) {
    fb_begin(&w->b, schema);
    fb_set_int(&w->b, VALUE_CONTENT, number);
    return fb_end(&w->b);
}

static fb_ref write_content(writer *w, const pte_value *value) {
    fb_ref text;
    switch (value->tag) {
    case PTE_INT: return write_number(w, &pte_int_schema, value->as.integer);
    case PTE_BOOL: return write_number(w, &pte_bool_schema, value->as.boolean);
    case PTE_DOUBLE:
        fb_begin(&w->b, &pte_double_schema);
        fb_set_real(&w->b, VALUE_CONTENT, value->as.real);
        return fb_end(&w->b);
    case PTE_TENSOR: return write_tensor(w, value->as.tensor);
    case PTE_STRING:
        text = fb_build_string(&w->b, value->as.string);
        fb_begin(&w->b, &pte_string_schema);
        fb_set_ref(&w->b, VALUE_CONTENT, text);
        return fb_end(&w->b);
    case PTE_INT_LIST: return write_list(w, &pte_int_list_schema, value->as.indices);
    case PTE_DOUBLE_LIST: return write_list(w, &pte_double_list_schema, value->as.literals);
    case PTE_BOOL_LIST: return write_list(w, &pte_bool_list_schema, value->as.literals);
    case PTE_TENSOR_LIST:
    case PTE_OPTIONAL_TENSOR_LIST: return write_list(w, &pte_tensor_list_schema, value->as.indices);
    case PTE_NULL:
    case PTE_NONE: break;
    }
    fb_begin(&w->b, &pte_null_schema);
    return fb_end(&w->b);
}

static mica_status write_values(writer *w, const pte_method *method, fb_ref *list) {
    fb_ref *refs = NULL;
    TRY(new_refs(w, method->value_count, &refs));
    for (size_t i = 0; i < method->value_count; i++) {
        const pte_tag tag = method->values[i].tag;
        const fb_ref content = write_content(w, &method->values[i]);
        fb_begin(&w->b, &pte_evalue_schema);
        fb_set_int(&w->b, EVALUE_VAL_TYPE, tag == PTE_NONE ? PTE_NULL : tag);
        fb_set_ref(&w->b, EVALUE_VAL, content);
        refs[i] = fb_end(&w->b);
    }
    *list = fb_build_refs(&w->b, refs, method->value_count);
    return MICA_OK;
}

/* ---- instructions ---- */

/* The calls' tables begin with an index; then stand arguments, a target, or nothing. */
static fb_ref write_instruction(writer *w, const pte_instruction *instruction) {
    static const struct {
        const fb_schema *schema;
        bool args, target;
    } calls[] = {
        [PTE_KERNEL_CALL] = {&pte_kernel_call_schema, true, false},
        [PTE_DELEGATE_CALL] = {&pte_delegate_call_schema, true, false},
        [PTE_MOVE_CALL] = {&pte_move_call_schema, false, true},
        [PTE_JUMP_FALSE_CALL] = {&pte_jump_false_call_schema, false, true},
        [PTE_FREE_CALL] = {&pte_free_call_schema, false, false},
    };
    const fb_schema *const schema = calls[instruction->call].schema;
    fb_ref args = 0;
    if (calls[instruction->call].args)
        args = fb_build_scalars(&w->b, schema, KERNEL_CALL_ARGS, instruction->args.data, instruction->args.count);
    fb_begin(&w->b, schema);
    fb_set_int(&w->b, KERNEL_CALL_OP_INDEX, instruction->index);
    if (args) fb_set_ref(&w->b, KERNEL_CALL_ARGS, args);
    if (calls[instruction->call].target) fb_set_int(&w->b, MOVE_CALL_MOVE_TO, instruction->target);
    const fb_ref content = fb_end(&w->b);
    fb_begin(&w->b, &pte_instruction_schema);
    fb_set_int(&w->b, INSTRUCTION_ARGS_TYPE, instruction->call);
    fb_set_ref(&w->b, INSTRUCTION_ARGS, content);
    return fb_end(&w->b);
}

static mica_status write_chains(writer *w, const pte_method *method, fb_ref *list) {
    fb_ref *chains = NULL;
    TRY(new_refs(w, method->chain_count, &chains));
    for (size_t c = 0; c < method->chain_count; c++) {
        const pte_chain *const chain = &method->chains[c];
        fb_ref *refs = NULL;
        TRY(new_refs(w, chain->count, &refs));
        for (size_t i = 0; i < chain->count; i++) refs[i] = write_instruction(w, &chain->instructions[i]);
        const fb_ref lists[] = {fb_build_scalars(&w->b, &pte_chain_schema, CHAIN_INPUTS, NULL, 0),
                                fb_build_scalars(&w->b, &pte_chain_schema, CHAIN_OUTPUTS, NULL, 0),
                                fb_build_refs(&w->b, refs, chain->count)};
        fb_begin(&w->b, &pte_chain_schema);
        fb_set_ref(&w->b, CHAIN_INPUTS, lists[0]);
        fb_set_ref(&w->b, CHAIN_OUTPUTS, lists[1]);
        fb_set_ref(&w->b, CHAIN_INSTRUCTIONS, lists[2]);
        chains[c] = fb_end(&w->b);
    }
    *list = fb_build_refs(&w->b, chains, method->chain_count);
    return MICA_OK;
}

/* "aten::add.out" is name and overload. */
static mica_status write_operators(writer *w, const pte_method *method, fb_ref *list) {
    fb_ref *refs = NULL;
    TRY(new_refs(w, method->operator_count, &refs));
    for (size_t i = 0; i < method->operator_count; i++) {
        const char *const full = method->operators[i], *const dot = strchr(full, '.'), *name = NULL;
        TRY(arena_string(w->arena, full, dot ? (size_t)(dot - full) : strlen(full), &name, w->error));
        const fb_ref texts[] = {fb_build_string(&w->b, name), fb_build_string(&w->b, dot ? dot + 1 : "")};
        fb_begin(&w->b, &pte_operator_schema);
        fb_set_ref(&w->b, OPERATOR_NAME, texts[0]);
        fb_set_ref(&w->b, OPERATOR_OVERLOAD, texts[1]);
        refs[i] = fb_end(&w->b);
    }
    *list = fb_build_refs(&w->b, refs, method->operator_count);
    return MICA_OK;
}

static mica_status write_delegates(writer *w, const pte_method *method, fb_ref *list) {
    fb_ref *refs = NULL;
    TRY(new_refs(w, method->delegate_count, &refs));
    for (size_t i = 0; i < method->delegate_count; i++) {
        const pte_delegate *const delegate = &method->delegates[i];
        const uint32_t segment = add_segment(w, (bytes_span){delegate->payload, delegate->payload_size});
        fb_begin(&w->b, &pte_processed_schema);
        fb_set_int(&w->b, PROCESSED_LOCATION, LOCATION_ELSEWHERE);
        fb_set_int(&w->b, PROCESSED_INDEX, segment);
        const fb_ref processed = fb_end(&w->b), id = fb_build_string(&w->b, delegate->id);
        const fb_ref specs = fb_build_refs(&w->b, NULL, 0);
        fb_begin(&w->b, &pte_delegate_schema);
        fb_set_ref(&w->b, DELEGATE_ID, id);
        fb_set_ref(&w->b, DELEGATE_PROCESSED, processed);
        fb_set_ref(&w->b, DELEGATE_COMPILE_SPECS, specs);
        refs[i] = fb_end(&w->b);
    }
    *list = fb_build_refs(&w->b, refs, method->delegate_count);
    return MICA_OK;
}

/* ---- the whole ---- */

static fb_ref write_trees(writer *w, const pte_method *method) {
    const fb_ref input = fb_build_string(&w->b, method->input_tree),
                 output = fb_build_string(&w->b, method->output_tree);
    if (!input && !output) return 0;
    fb_begin(&w->b, &pte_container_schema);
    fb_set_ref(&w->b, CONTAINER_ENCODED_INP_STR, input);
    fb_set_ref(&w->b, CONTAINER_ENCODED_OUT_STR, output);
    return fb_end(&w->b);
}

static mica_status write_plan(writer *w, const pte_method *method, fb_ref *plan) {
    void *memory = NULL;
    fb_ref values = 0, chains = 0, operators = 0, delegates = 0;
    TRY(write_values(w, method, &values));
    TRY(write_chains(w, method, &chains));
    TRY(write_operators(w, method, &operators));
    TRY(write_delegates(w, method, &delegates));
    TRY(arena_array(w->arena, method->buffer_count + 1, sizeof(int64_t), &memory, w->error));
    int64_t *const sizes = memory; /* the first one is reserved */
    for (size_t i = 0; i < method->buffer_count; i++) sizes[i + 1] = (int64_t)method->buffer_sizes[i];
    const fb_schema *const schema = &pte_plan_schema;
    const fb_ref trees = write_trees(w, method);
    const fb_ref lists[] = {
        fb_build_scalars(&w->b, schema, PLAN_INPUTS, method->inputs.data, method->inputs.count),
        fb_build_scalars(&w->b, schema, PLAN_OUTPUTS, method->outputs.data, method->outputs.count),
        fb_build_scalars(&w->b, schema, PLAN_NON_CONST_BUFFER_SIZES, sizes, method->buffer_count + 1),
        fb_build_string(&w->b, method->name),
    };
    fb_begin(&w->b, schema);
    fb_set_ref(&w->b, PLAN_NAME, lists[3]);
    fb_set_ref(&w->b, PLAN_CONTAINER_META_TYPE, trees);
    fb_set_ref(&w->b, PLAN_VALUES, values);
    fb_set_ref(&w->b, PLAN_INPUTS, lists[0]);
    fb_set_ref(&w->b, PLAN_OUTPUTS, lists[1]);
    fb_set_ref(&w->b, PLAN_CHAINS, chains);
    fb_set_ref(&w->b, PLAN_OPERATORS, operators);
    fb_set_ref(&w->b, PLAN_DELEGATES, delegates);
    fb_set_ref(&w->b, PLAN_NON_CONST_BUFFER_SIZES, lists[2]);
    *plan = fb_end(&w->b);
    return MICA_OK;
}

static mica_status write_named(writer *w, fb_ref *list) {
    fb_ref *refs = NULL;
    TRY(new_refs(w, w->program->named_data_count, &refs));
    for (size_t i = 0; i < w->program->named_data_count; i++) {
        const pte_named_data *const named = &w->program->named_data[i];
        const uint32_t segment = add_segment(w, (bytes_span){named->data, named->size});
        const fb_ref key = fb_build_string(&w->b, named->key);
        fb_begin(&w->b, &pte_named_data_schema);
        fb_set_ref(&w->b, NAMED_DATA_KEY, key);
        fb_set_int(&w->b, NAMED_DATA_SEGMENT_INDEX, segment);
        refs[i] = fb_end(&w->b);
    }
    *list = fb_build_refs(&w->b, refs, w->program->named_data_count);
    return MICA_OK;
}

static mica_status write_program(writer *w, fb_ref *root) {
    const size_t methods = w->program->method_count;
    size_t segments = 2 + w->program->named_data_count;
    for (size_t i = 0; i < methods; i++) segments += w->program->methods[i].delegate_count;
    void *memory = NULL;
    fb_ref *plans = NULL, named = 0, list = 0, state = 0;
    TRY(arena_array(w->arena, segments, sizeof(bytes_span), &memory, w->error));
    w->segments = memory;
    TRY(reserve_pools(w));
    TRY(new_refs(w, methods, &plans));
    for (size_t i = 0; i < methods; i++) TRY(write_plan(w, &w->program->methods[i], &plans[i]));
    const fb_ref constants = write_pool(w, &w->pools[CONSTANTS]);
    if (w->pools[STATE].count > 1) state = write_pool(w, &w->pools[STATE]);
    TRY(write_named(w, &named));
    TRY(segments_list(&w->b, w->arena, w->segments, w->segment_count, &list, w->error));
    const fb_ref lists[] = {fb_build_refs(&w->b, plans, methods), state ? fb_build_refs(&w->b, &state, 1) : 0,
                            fb_build_refs(&w->b, NULL, 0)};
    fb_begin(&w->b, &pte_program_schema);
    fb_set_ref(&w->b, PROGRAM_EXECUTION_PLAN, lists[0]);
    fb_set_ref(&w->b, PROGRAM_CONSTANT_BUFFER, lists[2]);
    fb_set_ref(&w->b, PROGRAM_BACKEND_DELEGATE_DATA, lists[2]);
    fb_set_ref(&w->b, PROGRAM_SEGMENTS, list);
    fb_set_ref(&w->b, PROGRAM_CONSTANT_SEGMENT, constants);
    fb_set_ref(&w->b, PROGRAM_MUTABLE_DATA_SEGMENTS, lists[1]);
    fb_set_ref(&w->b, PROGRAM_NAMED_DATA, named);
    *root = fb_end(&w->b);
    return MICA_OK;
}

mica_status pte_write(const pte_program *program, struct arena *arena, bytes_span *file, mica_error *error) {
    writer w = {.program = program, .arena = arena, .error = error};
    fb_ref root = 0;
    fb_builder_init(&w.b, arena->allocator);
    mica_status status = write_program(&w, &root);
    if (status == MICA_OK)
        status = segments_write(&w.b, root, SEGMENTS_PROGRAM, w.segments, w.segment_count, arena, file, error);
    fb_builder_free(&w.b);
    return status;
}
