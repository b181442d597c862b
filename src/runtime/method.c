/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a method: values, planned memory, kernels, delegates, report; and giving its memory back.
 */
#include "runtime/method.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"

/* ---- values ---- */

static void make_tensor(mica_method *method, size_t index) {
    const pte_tensor *const source = method->plan->values[index].as.tensor;
    struct tensor *const tensor = &method->tensors[index];
    *tensor = (struct tensor){.view = {.type = source->type, .rank = source->rank},
                              .capacity = source->bytes,
                              .dynamic = source->dynamic,
                              .constant = source->storage == PTE_CONSTANT};
    for (size_t i = 0; i < source->rank; i++) {
        tensor->view.sizes[i] = tensor->bounds[i] = source->sizes[i];
        tensor->view.dim_order[i] = source->dim_order[i];
    }
    switch (source->storage) {
    case PTE_CONSTANT: tensor->view.data = (void *)(uintptr_t)source->data; break; /* `constant` keeps it unwritten */
    case PTE_PLANNED:
    case PTE_INITIALISED: tensor->view.data = method->planned[source->buffer] + source->offset; break;
    case PTE_UNPLANNED: tensor->capacity = 0; break;
    }
    if (source->storage == PTE_INITIALISED) memcpy(tensor->view.data, source->data, source->bytes);
}

static mica_status make_values(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    void *memory = NULL;
    TRY(arena_array(&method->arena, plan->buffer_count, sizeof(uint8_t *), &memory, error));
    method->planned = memory;
    for (size_t i = 0; i < plan->buffer_count; i++) {
        TRY(arena_allocate(&method->arena, plan->buffer_sizes[i], &memory, error));
        method->planned[i] = memory;
    }
    TRY(arena_array(&method->arena, plan->value_count, sizeof(struct value), &memory, error));
    method->values = memory;
    TRY(arena_array(&method->arena, plan->value_count, sizeof(struct tensor), &memory, error));
    method->tensors = memory;
    for (size_t i = 0; i < plan->value_count; i++) {
        const pte_value *const source = &plan->values[i];
        struct value *const value = &method->values[i];
        switch (source->tag) {
        case PTE_NONE:
        case PTE_NULL: value->tag = VALUE_NONE; break;
        case PTE_INT: value->tag = VALUE_INT, value->as.integer = source->as.integer; break;
        case PTE_BOOL: value->tag = VALUE_BOOL, value->as.boolean = source->as.boolean; break;
        case PTE_DOUBLE: value->tag = VALUE_DOUBLE, value->as.real = source->as.real; break;
        case PTE_STRING: value->tag = VALUE_STRING, value->as.string = source->as.string; break;
        case PTE_INT_LIST: value->tag = VALUE_INT_LIST, value->as.list = source->as.indices; break;
        case PTE_DOUBLE_LIST: value->tag = VALUE_DOUBLE_LIST, value->as.list = source->as.literals; break;
        case PTE_BOOL_LIST: value->tag = VALUE_BOOL_LIST, value->as.list = source->as.literals; break;
        case PTE_TENSOR_LIST:
        case PTE_OPTIONAL_TENSOR_LIST: value->tag = VALUE_TENSOR_LIST, value->as.list = source->as.indices; break;
        case PTE_TENSOR:
            value->tag = VALUE_TENSOR;
            value->as.tensor = &method->tensors[i];
            make_tensor(method, i);
            break;
        }
    }
    return MICA_OK;
}

/* ---- inputs ---- */

static bool lists(const pte_value *list, int32_t index) {
    if (list->tag != PTE_TENSOR_LIST) return false;
    for (size_t i = 0; i < list->as.indices.count; i++) {
        if (span_i32(list->as.indices, i) == index) return true;
    }
    return false;
}

/* Whether an instruction writes a value: a kernel's last argument is what it returns, alone or in a list. */
static bool writes(const mica_method *method, const pte_instruction *instruction, int32_t index) {
    switch (instruction->call) {
    case PTE_MOVE_CALL: return instruction->target == (uint32_t)index;
    case PTE_KERNEL_CALL: {
        if (!instruction->args.count) return false;
        const int32_t last = span_i32(instruction->args, instruction->args.count - 1);
        return last == index || lists(&method->plan->values[last], index);
    }
    case PTE_DELEGATE_CALL: {
        const xnn_graph *const payload = method->delegates[instruction->index].payload;
        for (size_t i = 0; i < payload->value_count; i++) {
            const xnn_value *const value = &payload->values[i];
            if (value->is_output && span_i32(instruction->args, value->external) == index) return true;
        }
        return false;
    }
    default: return false;
    }
}

static bool is_written(const mica_method *method, int32_t index) {
    const pte_method *const plan = method->plan;
    for (size_t c = 0; c < plan->chain_count; c++) {
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            if (writes(method, &plan->chains[c].instructions[i], index)) return true;
        }
    }
    return false;
}

/* After the delegates: their outputs count as written. */
static mica_status make_inputs(mica_method *method, mica_error *error) {
    const bytes_span list = method->plan->inputs;
    void *memory = NULL;
    TRY(arena_array(&method->arena, list.count, sizeof(method_input), &memory, error));
    method->inputs = memory;
    for (size_t i = 0; i < list.count; i++) {
        const int32_t index = span_i32(list, i);
        method_input *const input = &method->inputs[i];
        input->given = method->values[index].tag != VALUE_TENSOR; /* others are constants of the export */
        if (input->given) continue;
        input->written = is_written(method, index);
        input->home = method->tensors[index].constant ? NULL : method->tensors[index].view.data;
    }
    return MICA_OK;
}

/* Outputs for which the program plans no memory get some; where they alias another tensor it stays unused. */
static mica_status make_outputs(mica_method *method, mica_error *error) {
    const bytes_span list = method->plan->outputs;
    for (size_t i = 0; i < list.count; i++) {
        const int32_t index = span_i32(list, i);
        const pte_value *const value = &method->plan->values[index];
        struct tensor *const tensor = &method->tensors[index];
        if (value->tag != PTE_TENSOR || value->as.tensor->storage != PTE_UNPLANNED || tensor->view.data) continue;
        TRY(arena_allocate(&method->arena, value->as.tensor->bytes, &tensor->view.data, error));
        tensor->capacity = value->as.tensor->bytes;
    }
    return MICA_OK;
}

/* ---- kernels ---- */

/* Every kernel at once; the names of all that are missing make the error. */
static mica_status find_kernels(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    void *memory = NULL;
    TRY(arena_array(&method->arena, plan->operator_count, sizeof(portable_kernel *), &memory, error));
    const portable_kernel **const kernels = memory;
    char missing[768] = "";
    size_t used = 0;
    for (size_t i = 0; i < plan->operator_count; i++) {
        kernels[i] = portable_find(plan->operators[i]);
        if (kernels[i] || used >= sizeof missing) continue;
        used += (size_t)snprintf(missing + used, sizeof missing - used, used ? ", %s" : "%s", plan->operators[i]);
    }
    if (used) return error_set(error, MICA_ERROR_MISSING_OPERATOR, "Mica has no kernel for %s", missing);

    TRY(arena_array(&method->arena, plan->chain_count, sizeof *method->instructions, &memory, error));
    method->instructions = memory;
    for (size_t c = 0; c < plan->chain_count; c++) {
        TRY(arena_array(&method->arena, plan->chains[c].count, sizeof(method_instruction), &memory, error));
        method->instructions[c] = memory;
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            const pte_instruction *const instruction = &plan->chains[c].instructions[i];
            if (instruction->call != PTE_KERNEL_CALL) continue;
            const portable_kernel *const kernel = kernels[instruction->index];
            if (instruction->args.count != kernel->arg_count) {
                return error_set(error, MICA_ERROR_FORMAT,
                                 "chain %zu, instruction %zu: %s has %zu arguments, %u are due", c, i, kernel->name,
                                 instruction->args.count, kernel->arg_count);
            }
            method->instructions[c][i].kernel = kernel;
        }
    }
    return MICA_OK;
}

/* ---- delegates ---- */

/* Bytes for intermediate values of one delegate when the caller sets no limit: generous for real models, whose values are
 * of the size of their inputs, outputs and weights. */
static size_t workspace_limit(const mica_method *method) {
    const size_t base = method->program->pte->file_size + method->plan->planned_bytes;
    const size_t generous = ((size_t)256 << 20) + (base > SIZE_MAX / 256 ? SIZE_MAX / 4 : base * 64);
    return method->context->memory_limit ? method->context->memory_limit : generous;
}

static mica_status open_payload(mica_method *method, size_t index, const xnn_graph **out, mica_error *error) {
    *out = method->program->payloads[method->index][index];
    if (*out) return MICA_OK;
    const pte_delegate *const delegate = &method->plan->delegates[index];
    if (strcmp(delegate->id, XNNPACK_BACKEND) != 0) {
        return error_set(error, MICA_ERROR_UNSUPPORTED, "Mica has no backend '%s'", delegate->id);
    }
    xnn_graph *graph = NULL; /* again, for the error's text */
    TRY(xnn_open(method->program->pte, delegate->payload, delegate->payload_size, &method->arena, &graph, error));
    *out = graph;
    return MICA_OK;
}

static mica_status load_delegate(mica_method *method, size_t index, mica_error *error) {
    mica_context *const context = method->context;
    method_delegate *const delegate = &method->delegates[index];
    TRY(open_payload(method, index, &delegate->payload, error));
    const size_t externals = max_size(delegate->payload->external_count, 1);
    void *memory = NULL;
    TRY(arena_array(&method->arena, externals, sizeof(op_shape), &memory, error));
    delegate->shapes = memory;
    TRY(arena_array(&method->arena, externals, sizeof(void *), &memory, error));
    delegate->memory = memory;
    const graph_options options = {.target = {context->features, context->kernels},
                                   .fuse = context->fuse,
                                   .memory_limit = workspace_limit(method),
                                   .pool = context->pool};
    return graph_create(delegate->payload, &options, &method->arena, &delegate->graph, error);
}

static bool types_agree(const xnn_value *value, mica_type type) {
    if (value->is_long_index) return type == MICA_I64;
    switch (value->operand.type) {
    case MICA_OPERAND_F32: return type == MICA_F32;
    case MICA_OPERAND_F16: return type == MICA_F16;
    case MICA_OPERAND_BF16: return type == MICA_BF16;
    case MICA_OPERAND_QINT8: return type == MICA_I8;
    case MICA_OPERAND_QUINT8: return type == MICA_U8;
    case MICA_OPERAND_QINT32:
    case MICA_OPERAND_INT32: return type == MICA_I32;
    default: return false;
    }
}

/* Every external value of a delegate meets a tensor of its type among the call's arguments, outputs one that may be
 * written. */
static mica_status check_delegate_call(const mica_method *method, const pte_instruction *instruction,
                                       mica_error *error) {
    const xnn_graph *const payload = method->delegates[instruction->index].payload;
    for (size_t i = 0; i < payload->value_count; i++) {
        const xnn_value *const value = &payload->values[i];
        if (value->external == XNN_NO_EXTERNAL) continue;
        if (value->external >= instruction->args.count) {
            return error_set(error, MICA_ERROR_FORMAT, "delegate %u: external value %u of %zu arguments",
                             instruction->index, value->external, instruction->args.count);
        }
        const int32_t arg = span_i32(instruction->args, value->external);
        const struct value *const actual = &method->values[arg];
        if (actual->tag != VALUE_TENSOR || !types_agree(value, actual->as.tensor->view.type)) {
            return error_set(error, MICA_ERROR_FORMAT,
                             "delegate %u: argument %u is no tensor of external value %u's type", instruction->index,
                             value->external, value->external);
        }
        if (max_size(actual->as.tensor->view.rank, 1) != max_size(value->operand.rank, 1)) {
            return error_set(error, MICA_ERROR_FORMAT,
                             "delegate %u: argument %u has rank %zu, its external value %zu", instruction->index,
                             value->external, actual->as.tensor->view.rank, value->operand.rank);
        }
        if (value->is_output && actual->as.tensor->constant) {
            return error_set(error, MICA_ERROR_FORMAT, "delegate %u: argument %u would be written and is constant",
                             instruction->index, value->external);
        }
    }
    return MICA_OK;
}

static mica_status load_delegates(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    void *memory = NULL;
    TRY(arena_array(&method->arena, plan->delegate_count, sizeof(method_delegate), &memory, error));
    method->delegates = memory;
    for (size_t i = 0; i < plan->delegate_count; i++) {
        const mica_status status = load_delegate(method, i, error);
        if (status != MICA_OK) return error_in(error, status, "delegate %zu", i);
    }
    for (size_t c = 0; c < plan->chain_count; c++) {
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            const pte_instruction *const instruction = &plan->chains[c].instructions[i];
            if (instruction->call != PTE_DELEGATE_CALL) continue;
            const mica_status status = check_delegate_call(method, instruction, error);
            if (status != MICA_OK) return error_in(error, status, "chain %zu, instruction %zu", c, i);
        }
    }
    return MICA_OK;
}

/* ---- the method ---- */

static mica_status load(mica_method *method, mica_error *error) {
    mica_context *const context = method->context;
    trace_sink sink = {.trace = context->trace, .chain = -1};
    trace_sink *const events = context->trace ? &sink : NULL;
    const uint64_t start = trace_start(events);
    if (events) trace_set_run(events->trace, 0);
    TRY(find_kernels(method, error));
    TRY(make_values(method, error));
    TRY(load_delegates(method, error));
    TRY(make_inputs(method, error));
    TRY(make_outputs(method, error));
    method->report.arena = &method->arena;
    const op_target target = {context->features, context->kernels};
    TRY(method_explain(method->program, method->index, &target, context->fuse, &method->report, method->instructions,
                       error));
    trace_end(events, MICA_EVENT_METHOD_INIT, -1, start);
    trace_end(events, MICA_EVENT_PROGRAM_LOAD, -1, start);
    return MICA_OK;
}

mica_status mica_method_load(mica_context *context, const mica_program *program, const char *name,
                             mica_method **out) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!program || !out) return error_set(error, MICA_ERROR_ARGUMENT, "mica_method_load: NULL was given");
    size_t index = 0;
    TRY(program_find_method(program, name, &index, error));
    mica_method *const method =
        context->allocator.allocate(context->allocator.user, sizeof *method, MEMORY_ALIGNMENT);
    if (!method) return error_set(error, MICA_ERROR_MEMORY, "out of memory for a method");
    *method = (mica_method){
        .context = context, .program = program, .plan = &program->pte->methods[index], .index = index, .random = 1};
    arena_init(&method->arena, &context->allocator, context->memory_limit);
    scratch_init(&method->scratch, &context->allocator, context->memory_limit);
    const mica_status status = load(method, error);
    if (status != MICA_OK) {
        error_in(error, status, "method %s", method->plan->name);
        mica_method_destroy(method);
        return status;
    }
    *out = method;
    return MICA_OK;
}

void mica_method_destroy(mica_method *method) {
    if (!method) return;
    const mica_allocator *const allocator = &method->context->allocator;
    for (size_t i = 0; method->delegates && i < method->plan->delegate_count; i++) {
        graph_destroy(method->delegates[i].graph);
    }
    for (size_t i = 0; method->inputs && i < method->plan->inputs.count; i++) {
        buffer_free(&method->inputs[i].buffer, allocator);
    }
    scratch_free(&method->scratch);
    arena_free(&method->arena);
    allocator->release(allocator->user, method, sizeof *method);
}

size_t mica_method_index(const mica_method *method) { return method->index; }

const mica_report *mica_method_report(const mica_method *method) { return &method->report; }

void mica_method_set_trace(mica_method *method, mica_trace *trace) {
    method->trace = trace;
    method->run_count = 0;
}

void mica_method_query_memory(const mica_method *method, mica_method_memory *memory) {
    *memory = (mica_method_memory){.planned = method->plan->planned_bytes};
    for (size_t i = 0; i < method->plan->delegate_count; i++) {
        memory->packed += graph_packed_bytes(method->delegates[i].graph);
        memory->workspace += graph_workspace_bytes(method->delegates[i].graph);
    }
}
