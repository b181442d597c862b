/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a method: kernels, values, delegates, report; and giving its memory back.
 */
#include "runtime/method.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "runtime/portable/element.h"
#include "runtime/share.h"

/* ---- what is missing ---- */

/* A list for an error's text, with as many items as there is room for. */
struct list {
    char text[768];
    size_t count;
};

static void add_item(struct list *list, const char *format, const char *item) {
    const size_t used = strlen(list->text), room = sizeof list->text - used;
    const int join = list->count++ ? snprintf(list->text + used, room, ", ") : 0;
    if ((size_t)join < room) snprintf(list->text + used + join, room - (size_t)join, format, item);
}

/* All kernels and delegates that Mica lacks, at once; then all external data that was not given. */
static mica_status check_needs(const mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    const struct program_missing *const missing = &method->program->missing[method->index];
    struct list kernels = {{0}, 0}, delegates = {{0}, 0}, keys = {{0}, 0};
    for (size_t i = 0; i < plan->operator_count; i++) {
        if (!portable_find(plan->operators[i])) add_item(&kernels, "'%s'", plan->operators[i]);
    }
    const char *told = "";
    for (size_t i = 0; i < plan->delegate_count; i++) {
        const char *const lack = method->program->lacks[method->index][i];
        if (!lack || strcmp(lack, told) == 0) continue;
        add_item(&delegates, "%s", lack);
        told = lack;
    }
    for (size_t i = 0; i < missing->count; i++) add_item(&keys, "'%s'", missing->keys[i]);
    if (kernels.count) {
        return error_set(error, MICA_ERROR_MISSING_OPERATOR, "Mica has no kernel for %s%s%s", kernels.text,
                         delegates.count ? "; " : "", delegates.text);
    }
    if (delegates.count) return error_set(error, MICA_ERROR_UNSUPPORTED, "%s", delegates.text);
    if (keys.count) {
        return error_set(error, MICA_ERROR_NOT_FOUND, "external data is missing: %s (of %zu .ptd files, none has it)",
                         keys.text, method->program->data_file_count);
    }
    return MICA_OK;
}

/* ---- kernels ---- */

static mica_status find_kernels(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    void *memory = NULL;
    TRY(arena_array(&method->arena, plan->chain_count, sizeof *method->instructions, &memory, error));
    method->instructions = memory;
    for (size_t c = 0; c < plan->chain_count; c++) {
        TRY(arena_array(&method->arena, plan->chains[c].count, sizeof(method_instruction), &memory, error));
        method->instructions[c] = memory;
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            const pte_instruction *const instruction = &plan->chains[c].instructions[i];
            if (instruction->call != PTE_KERNEL_CALL) continue;
            const portable_kernel *const kernel = portable_find(plan->operators[instruction->index]);
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

/* The type of the tensors that a delegate takes or gives for a value; false for one that no tensor has. */
static bool external_type(const xnn_value *value, mica_type *type) {
    switch (value->operand.type) {
    case MICA_OPERAND_F32: *type = MICA_F32; return true;
    case MICA_OPERAND_F16: *type = MICA_F16; return true;
    case MICA_OPERAND_BF16: *type = MICA_BF16; return true;
    case MICA_OPERAND_QINT8: *type = MICA_I8; return true;
    case MICA_OPERAND_QUINT8: *type = MICA_U8; return true;
    case MICA_OPERAND_QINT32:
    case MICA_OPERAND_INT32: *type = value->is_long_index ? MICA_I64 : MICA_I32; return true;
    default: return false;
    }
}

static mica_status list_externals(mica_method *method, method_delegate *delegate, mica_error *error) {
    const xnn_graph *const payload = delegate->payload;
    void *memory = NULL;
    TRY(arena_array(&method->arena, payload->external_count, sizeof(method_external), &memory, error));
    delegate->externals = memory;
    for (size_t i = 0; i < payload->value_count; i++) {
        const xnn_value *const value = &payload->values[i];
        if (value->external == XNN_NO_EXTERNAL) continue;
        method_external *const external = &delegate->externals[delegate->external_count++];
        *external = (method_external){value->external, value->is_output, MICA_F32, max_size(value->operand.rank, 1)};
        if (!external_type(value, &external->type)) {
            return error_set(error, MICA_ERROR_FORMAT, "external value %u has a type that no tensor has",
                             value->external);
        }
    }
    return MICA_OK;
}

static mica_status load_delegate(mica_method *method, size_t index, mica_error *error) {
    mica_context *const context = method->context;
    method_delegate *const delegate = &method->delegates[index];
    delegate->payload = method->program->payloads[method->index][index];
    TRY(list_externals(method, delegate, error));
    const size_t externals = max_size(delegate->payload->external_count, 1);
    void *memory = NULL;
    TRY(arena_array(&method->arena, externals, sizeof(op_shape), &memory, error));
    delegate->shapes = memory;
    TRY(arena_array(&method->arena, externals, sizeof(void *), &memory, error));
    delegate->memory = memory;
    const graph_options options = {.target = {context->features, context->kernels},
                                   .fuse = context->fuse,
                                   .memory_limit = workspace_limit(method),
                                   .workspace = &method->workspace,
                                   .pool = context->pool,
                                   .weights = &method->weights};
    return graph_create(delegate->payload, &options, &method->arena, &delegate->graph, error);
}

mica_status method_check_call(const mica_method *method, const pte_instruction *instruction, mica_error *error) {
    const method_delegate *const delegate = &method->delegates[instruction->index];
    for (size_t i = 0; i < delegate->external_count; i++) {
        const method_external *const external = &delegate->externals[i];
        if (external->id >= instruction->args.count) {
            return error_set(error, MICA_ERROR_FORMAT, "delegate %u: external value %u of %zu arguments",
                             instruction->index, external->id, instruction->args.count);
        }
        const struct value *const value = &method->values[span_i32(instruction->args, external->id)];
        const struct tensor *const tensor = value->tag == VALUE_TENSOR ? value->as.tensor : NULL;
        if (!tensor || tensor->view.type != external->type || max_size(tensor->view.rank, 1) != external->rank) {
            return error_set(error, MICA_ERROR_FORMAT, "delegate %u: argument %u is no tensor of %s with rank %zu",
                             instruction->index, external->id, mica_type_name(external->type), external->rank);
        }
        if (external->is_output && tensor->constant) {
            return error_set(error, MICA_ERROR_FORMAT,
                             "delegate %u: argument %u would be written, and is a constant or an input",
                             instruction->index, external->id);
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
    TRY(weights_pack(&method->weights, error));
    for (size_t c = 0; c < plan->chain_count; c++) {
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            const pte_instruction *const instruction = &plan->chains[c].instructions[i];
            if (instruction->call != PTE_DELEGATE_CALL) continue;
            const mica_status status = method_check_call(method, instruction, error);
            if (status != MICA_OK) return error_in(error, status, "chain %zu, instruction %zu", c, i);
        }
    }
    return MICA_OK;
}

/* ---- the method ---- */

/* The values that a caller gives or gets. */
static mica_status refuse_complex(const mica_method *method, bytes_span list, const char *what, mica_error *error) {
    for (size_t i = 0; i < list.count; i++) {
        const struct value *const value = &method->values[span_i32(list, i)];
        if (value->tag != VALUE_TENSOR || !type_is_complex(value->as.tensor->view.type)) continue;
        return error_set(error, MICA_ERROR_UNSUPPORTED, "%s %zu has complex numbers", what, i);
    }
    return MICA_OK;
}

static mica_status load(mica_method *method, mica_error *error) {
    mica_context *const context = method->context;
    trace_sink sink = {.trace = context->trace, .chain = -1};
    trace_sink *const events = context->trace ? &sink : NULL;
    const uint64_t start = trace_start(events);
    if (events) trace_set_run(events->trace, 0);
    TRY(check_needs(method, error));
    TRY(find_kernels(method, error));
    TRY(values_make(method, error));
    TRY(refuse_complex(method, method->plan->inputs, "input", error));
    TRY(refuse_complex(method, method->plan->outputs, "output", error));
    TRY(load_delegates(method, error));
    TRY(values_share(method, error));
    TRY(values_make_inputs(method, error));
    TRY(values_make_outputs(method, error));
    TRY(values_keep_initial(method, error));
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
    weights_init(&method->weights, &context->allocator, &method->arena, context->pool, &program->origin,
                 &context->weights);
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
    buffer_free(&method->workspace, allocator);
    for (size_t i = 0; method->inputs && i < method->plan->inputs.count; i++) {
        buffer_free(&method->inputs[i].buffer, allocator);
    }
    scratch_free(&method->scratch);
    weights_free(&method->weights);
    arena_free(&method->arena);
    allocator->release(allocator->user, method, sizeof *method);
}

size_t mica_method_index(const mica_method *method) { return method->index; }

const mica_report *mica_method_report(const mica_method *method) { return &method->report; }

void mica_method_set_trace(mica_method *method, mica_trace *trace) {
    method->trace = trace;
    method->run_count = 0;
}

void mica_method_set_observer(mica_method *method, mica_observer observer, void *user) {
    method->observer = observer;
    method->observer_user = user;
}

void mica_method_query_memory(const mica_method *method, mica_method_memory *memory) {
    *memory = (mica_method_memory){.planned = method->plan->planned_bytes, .workspace = method->workspace.size};
    for (size_t i = 0; i < method->plan->delegate_count; i++) {
        memory->packed += graph_packed_bytes(method->delegates[i].graph);
    }
}

void mica_method_query_weights(const mica_method *method, mica_method_weights *out) {
    const struct weights *const weights = &method->weights;
    *out = (mica_method_weights){.packed = weights->packed_bytes,
                                 .cached = weights->cached_bytes,
                                 .shared = weights->shared_bytes,
                                 .cache_written = weights->cache_written,
                                 .cache_fault = weights->note};
}
