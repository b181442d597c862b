/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a method: inputs in, instructions one by one, outputs out. Nothing here allocates in steady state.
 */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "runtime/method.h"
#include "runtime/portable/element.h"
#include "runtime/portable/view.h"

/* A loop in a program is a backward jump: this many instructions in one run mean that it does not end. */
#define MAX_INSTRUCTIONS 10000000u

/* ---- inputs ---- */

static mica_status check_constant(size_t index, const struct value *traced, const mica_value *given,
                                  mica_error *error) {
    bool same = false;
    switch (traced->tag) {
    case VALUE_NONE: same = given->kind == MICA_NONE; break;
    case VALUE_INT: same = given->kind == MICA_INT && given->as.integer == traced->as.integer; break;
    case VALUE_BOOL: same = given->kind == MICA_BOOLEAN && given->as.boolean == traced->as.boolean; break;
    case VALUE_DOUBLE:
        same = given->kind == MICA_DOUBLE &&
               fabs(given->as.real - traced->as.real) <= 1e-4 + 1e-5 * fabs(traced->as.real);
        break;
    case VALUE_STRING:
        same = given->kind == MICA_STRING && given->as.string && !strcmp(given->as.string, traced->as.string);
        break;
    default: break;
    }
    if (same) return MICA_OK;
    return error_set(error, MICA_ERROR_VALUE, "input %zu is no tensor and must be the value that the export traced",
                     index);
}

static bool same_order(const mica_tensor *a, const struct tensor *b) {
    return memcmp(a->dim_order, b->view.dim_order, a->rank) == 0 ||
           (tensor_is_contiguous(a) && tensor_is_contiguous(&b->view));
}

static mica_status check_tensor(size_t index, const struct tensor *tensor, const mica_tensor *given,
                                mica_error *error) {
    if (given->type != tensor->view.type) {
        return error_set(error, MICA_ERROR_TYPE, "input %zu is %s, the program takes %s", index,
                         mica_type_name(given->type), mica_type_name(tensor->view.type));
    }
    if (given->rank != tensor->view.rank) {
        return error_set(error, MICA_ERROR_SHAPE, "input %zu has rank %zu, the program takes %zu", index, given->rank,
                         tensor->view.rank);
    }
    uint32_t seen = 0;
    for (size_t i = 0; i < given->rank; i++) {
        const bool fits =
            tensor->dynamic ? given->sizes[i] <= tensor->bounds[i] : given->sizes[i] == tensor->bounds[i];
        if (!fits) {
            return error_set(error, MICA_ERROR_SHAPE, "input %zu has size %zu in dim %zu, the program takes %s%u",
                             index, given->sizes[i], i, tensor->dynamic ? "at most " : "",
                             (unsigned)tensor->bounds[i]);
        }
        if (given->dim_order[i] < given->rank) seen |= 1u << given->dim_order[i];
    }
    if (seen != (1u << given->rank) - 1) {
        return error_set(error, MICA_ERROR_ARGUMENT, "the dim order of input %zu is no permutation", index);
    }
    if (!given->data && mica_tensor_count(given) > 0) {
        return error_set(error, MICA_ERROR_ARGUMENT, "input %zu has no data", index);
    }
    return MICA_OK;
}

mica_status mica_method_set_input(mica_method *method, size_t index, const mica_value *value) {
    if (!method) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &method->context->error;
    if (!value || index >= method->plan->inputs.count) {
        return error_set(error, MICA_ERROR_ARGUMENT, "there is no input %zu; the method takes %zu", index,
                         method->plan->inputs.count);
    }
    const int32_t slot = span_i32(method->plan->inputs, index);
    const struct value *const traced = &method->values[slot];
    if (traced->tag != VALUE_TENSOR) return check_constant(index, traced, value, error);
    if (value->kind != MICA_TENSOR) {
        return error_set(error, MICA_ERROR_TYPE, "input %zu is a tensor of the program", index);
    }
    struct tensor *const tensor = &method->tensors[slot];
    TRY(check_tensor(index, tensor, &value->as.tensor, error));
    method_input *const input = &method->inputs[index];
    const bool aligned = (uintptr_t)value->as.tensor.data % mica_type_size(tensor->view.type) == 0;
    const bool lent = aligned && input->lendable && same_order(&value->as.tensor, tensor);
    if (!lent && !input->home) {
        const size_t bytes = method->plan->values[slot].as.tensor->bytes;
        TRY(buffer_reserve(&input->buffer, &method->context->allocator, max_size(bytes, 1),
                           method->context->memory_limit, error));
    }
    input->view = value->as.tensor;
    input->lent = lent;
    input->given = true;
    return MICA_OK;
}

static void take_input(mica_method *method, size_t index) {
    method_input *const input = &method->inputs[index];
    const int32_t slot = span_i32(method->plan->inputs, index);
    if (method->values[slot].tag != VALUE_TENSOR) return;
    struct tensor *const tensor = &method->tensors[slot];
    memcpy(tensor->view.sizes, input->view.sizes, sizeof tensor->view.sizes);
    tensor->capacity = method->plan->values[slot].as.tensor->bytes;
    tensor->constant = input->lent;
    if (input->lent) {
        tensor->view.data = input->view.data;
        return;
    }
    tensor->view.data = input->home ? input->home : input->buffer.data;
    if (same_order(&input->view, tensor)) {
        memcpy(tensor->view.data, input->view.data, mica_tensor_bytes(&input->view));
    } else {
        const kernel_call call = {.pool = method->context->pool, .threads = method->context->threads};
        view from, to;
        view_set(&from, &input->view);
        view_of(tensor, &to);
        view_copy(&call, &to, &from);
    }
}

/* ---- instructions ---- */

static mica_status call_kernel(mica_method *method, const pte_instruction *instruction, const method_instruction *own,
                               mica_error *error) {
    mica_context *const context = method->context;
    kernel_call call = {.kernel = own->kernel,
                        .values = method->values,
                        .args = instruction->args,
                        .pool = context->pool,
                        .threads = context->threads,
                        .scratch = &method->scratch,
                        .random = &method->random,
                        .features = context->features,
                        .kernels = context->kernels,
                        .error = error};
    const mica_status status = own->kernel->run(&call);
    scratch_reset(&method->scratch);
    return status;
}

static struct tensor *argument(const mica_method *method, const pte_instruction *instruction, uint32_t external) {
    return method->values[span_i32(instruction->args, external)].as.tensor;
}

/* Dims of a tensor in the order of its memory, as the delegate sees it; a scalar has one element. */
static void shape_of(const mica_tensor *tensor, op_shape *shape) {
    shape->rank = max_size(tensor->rank, 1);
    shape->dims[0] = 1;
    for (size_t i = 0; i < tensor->rank; i++) shape->dims[i] = tensor->sizes[tensor->dim_order[i]];
}

static mica_status resize_output(struct tensor *tensor, const op_shape *shape, mica_error *error) {
    size_t sizes[MICA_MAX_RANK];
    for (size_t i = 0; i < tensor->view.rank; i++) sizes[tensor->view.dim_order[i]] = shape->dims[i];
    return tensor_resize(tensor, tensor->view.rank, sizes, error);
}

static mica_status call_delegate(mica_method *method, const pte_instruction *instruction, trace_sink *events,
                                 mica_error *error) {
    const method_delegate *const delegate = &method->delegates[instruction->index];
    TRY(method_check_call(method, instruction, error));
    for (size_t i = 0; i < delegate->external_count; i++) {
        const method_external *const external = &delegate->externals[i];
        const struct tensor *const tensor = argument(method, instruction, external->id);
        if (!tensor->view.data && mica_tensor_count(&tensor->view)) {
            return error_set(error, MICA_ERROR_STATE, "argument %u has no memory", external->id);
        }
        if (!external->is_output) shape_of(&tensor->view, &delegate->shapes[external->id]);
    }
    TRY(graph_resize(delegate->graph, delegate->shapes, error));
    for (size_t i = 0; i < delegate->external_count; i++) {
        const method_external *const external = &delegate->externals[i];
        struct tensor *const tensor = argument(method, instruction, external->id);
        if (external->is_output) TRY(resize_output(tensor, &delegate->shapes[external->id], error));
        delegate->memory[external->id] = tensor->view.data;
    }
    graph_run(delegate->graph, delegate->memory, method->context->threads, events);
    return MICA_OK;
}

static double largest_magnitude(const mica_tensor *tensor) {
    double largest = 0, number;
    const size_t size = mica_type_size(tensor->type), count = mica_tensor_count(tensor);
    if (type_is_complex(tensor->type)) return 0;
    for (size_t i = 0; i < count; i++) {
        element_convert(1, MICA_F64, &number, 0, tensor->type, (const char *)tensor->data + i * size, 0);
        if (isfinite(number)) largest = fmax(largest, fabs(number));
    }
    return largest;
}

/* Shows the observer what a kernel call has written: its last argument and those that the kernel's row names, each a
 * tensor or a list of them. */
static void show_results(const mica_method *method, const pte_instruction *instruction, const portable_kernel *kernel,
                         const trace_sink *events) {
    const size_t node = (size_t)events->first_node;
    for (size_t a = 0; a < instruction->args.count; a++) {
        const bool last = a + 1 == instruction->args.count;
        if (last ? kernel->effects & KERNEL_KEEPS : !((kernel->effects & KERNEL_WRITES) >> a & 1)) continue;
        const struct value *const result = &method->values[span_i32(instruction->args, a)];
        const bool is_list = result->tag == VALUE_TENSOR_LIST;
        for (size_t i = 0; i < (is_list ? result->as.list.count : 1); i++) {
            const int32_t index = is_list ? span_i32(result->as.list, i) : -1;
            const struct value *const one = is_list ? (index < 0 ? NULL : &method->values[index]) : result;
            if (!one || one->tag != VALUE_TENSOR) continue;
            mica_observation out = {.node = node, .tensor = one->as.tensor->view, .runner = node};
            if (kernel->effects & KERNEL_SUMS && (i == 1 || !is_list)) {
                out.summed = largest_magnitude(&method->values[span_i32(instruction->args, 0)].as.tensor->view);
            }
            events->observer(events->user, &out);
        }
    }
}

/* False when any element of a condition is. */
static mica_status read_condition(const struct value *value, bool *condition, mica_error *error) {
    if (value->tag == VALUE_BOOL) {
        *condition = value->as.boolean;
        return MICA_OK;
    }
    if (value->tag != VALUE_TENSOR || value->as.tensor->view.type != MICA_BOOL) {
        return error_set(error, MICA_ERROR_TYPE, "the condition is neither a bool nor a tensor of bools");
    }
    const mica_tensor *const flags = &value->as.tensor->view;
    *condition = true;
    const size_t count = mica_tensor_count(flags);
    if (!flags->data && count) return error_set(error, MICA_ERROR_STATE, "the condition has no memory");
    for (size_t i = 0; i < count; i++) *condition &= ((const uint8_t *)flags->data)[i] != 0;
    return MICA_OK;
}

/* `clock` is the end of the instruction before, and becomes that of this one. */
static mica_status run_instruction(mica_method *method, const pte_instruction *instruction,
                                   const method_instruction *own, trace_sink *events, uint64_t *clock, size_t *next,
                                   mica_error *error) {
    mica_event_kind kind = MICA_EVENT_KERNEL_CALL;
    int32_t node = -1;
    switch (instruction->call) {
    case PTE_KERNEL_CALL:
        TRY(call_kernel(method, instruction, own, error));
        node = own->first_node;
        break;
    case PTE_DELEGATE_CALL:
        kind = MICA_EVENT_DELEGATE_CALL;
        TRY(call_delegate(method, instruction, events, error));
        break;
    case PTE_MOVE_CALL:
        kind = MICA_EVENT_MOVE;
        method->values[instruction->target] = method->values[instruction->index];
        break;
    case PTE_JUMP_FALSE_CALL: {
        bool condition = false;
        kind = MICA_EVENT_JUMP;
        TRY(read_condition(&method->values[instruction->index], &condition, error));
        if (!condition) *next = instruction->target;
        break;
    }
    case PTE_FREE_CALL:
        kind = MICA_EVENT_FREE;
        if (method->values[instruction->index].tag == VALUE_TENSOR) {
            method->values[instruction->index].as.tensor->view.data = NULL;
        }
        break;
    }
    *clock = trace_end(events, kind, node, *clock);
    if (events && events->observer && instruction->call == PTE_KERNEL_CALL) {
        show_results(method, instruction, own->kernel, events);
        *clock = trace_start(events);
    }
    return MICA_OK;
}

static mica_status run_chain(mica_method *method, size_t chain, size_t *budget, mica_error *error) {
    const pte_chain *const plan = &method->plan->chains[chain];
    trace_sink sink = {
        .trace = method->trace, .observer = method->observer, .user = method->observer_user, .chain = (int32_t)chain};
    trace_sink *const events = method->trace || method->observer ? &sink : NULL;
    uint64_t clock = trace_start(events);
    for (size_t at = 0; at < plan->count;) {
        if ((*budget)-- == 0) {
            return error_set(error, MICA_ERROR_LIMIT, "more than %u instructions ran: the program loops",
                             MAX_INSTRUCTIONS);
        }
        const method_instruction *const own = &method->instructions[chain][at];
        sink.instruction = (int32_t)at;
        sink.first_node = own->first_node;
        size_t next = at + 1;
        const mica_status status =
            run_instruction(method, &plan->instructions[at], own, events, &clock, &next, error);
        if (status != MICA_OK) return error_in(error, status, "chain %zu, instruction %zu", chain, at);
        at = next;
    }
    return MICA_OK;
}

mica_status mica_method_run(mica_method *method) {
    if (!method) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &method->context->error;
    for (size_t i = 0; i < method->plan->inputs.count; i++) {
        if (!method->inputs[i].given) return error_set(error, MICA_ERROR_STATE, "input %zu was not set", i);
    }
    trace_sink sink = {.trace = method->trace, .chain = -1};
    trace_sink *const events = method->trace ? &sink : NULL;
    if (events) trace_set_run(method->trace, ++method->run_count);
    const uint64_t start = trace_start(events);
    method->has_run = false;
    values_restore(method);
    for (size_t i = 0; i < method->plan->inputs.count; i++) take_input(method, i);
    size_t budget = MAX_INSTRUCTIONS;
    for (size_t i = 0; i < method->plan->chain_count; i++) {
        const mica_status status = run_chain(method, i, &budget, error);
        if (status != MICA_OK) return error_in(error, status, "method %s", method->plan->name);
    }
    method->has_run = true;
    trace_end(events, MICA_EVENT_EXECUTE, -1, start);
    return MICA_OK;
}

/* ---- outputs ---- */

mica_status mica_method_output(const mica_method *method, size_t index, mica_value *out) {
    if (!method) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &method->context->error;
    if (!out || index >= method->plan->outputs.count) {
        return error_set(error, MICA_ERROR_ARGUMENT, "there is no output %zu; the method gives %zu", index,
                         method->plan->outputs.count);
    }
    if (!method->has_run) return error_set(error, MICA_ERROR_STATE, "the method has not run");
    const struct value *const value = &method->values[span_i32(method->plan->outputs, index)];
    *out = (mica_value){.kind = MICA_NONE};
    switch (value->tag) {
    case VALUE_TENSOR: out->kind = MICA_TENSOR, out->as.tensor = value->as.tensor->view; break;
    case VALUE_INT: out->kind = MICA_INT, out->as.integer = value->as.integer; break;
    case VALUE_DOUBLE: out->kind = MICA_DOUBLE, out->as.real = value->as.real; break;
    case VALUE_BOOL: out->kind = MICA_BOOLEAN, out->as.boolean = value->as.boolean; break;
    case VALUE_STRING: out->kind = MICA_STRING, out->as.string = value->as.string; break;
    case VALUE_NONE: break;
    default: return error_set(error, MICA_ERROR_UNSUPPORTED, "output %zu is a list", index);
    }
    return MICA_OK;
}
