/* SPDX-License-Identifier: Apache-2.0
 *
 * The value table of a method: made at load, with the memory that the program plans; set back before each run; and
 * which inputs may be read where the caller has them.
 */
#include <string.h>

#include "base/context.h"
#include "runtime/method.h"
#include "runtime/share.h"

/* ---- making ---- */

static bool is_planned(const pte_tensor *tensor) {
    return tensor->storage == PTE_PLANNED || tensor->storage == PTE_INITIALISED;
}

/* The planned arenas, zeroed; only as much of each as tensors use. */
static mica_status make_arenas(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    void *memory = NULL;
    TRY(arena_array(&method->arena, plan->buffer_count, sizeof(uint8_t *), &memory, error));
    method->planned = memory;
    for (size_t i = 0; i < plan->buffer_count; i++) {
        size_t used = 0;
        for (size_t v = 0; v < plan->value_count; v++) {
            if (plan->values[v].tag != PTE_TENSOR) continue;
            const pte_tensor *const tensor = plan->values[v].as.tensor;
            if (is_planned(tensor) && tensor->buffer == i) used = max_size(used, tensor->offset + tensor->bytes);
        }
        TRY(arena_allocate(&method->arena, used, &memory, error));
        method->planned[i] = memory;
    }
    return MICA_OK;
}

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

mica_status values_make(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    void *memory = NULL;
    TRY(make_arenas(method, error));
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

/* Outputs for which the program plans no memory get some; where they alias another tensor it stays unused. */
mica_status values_make_outputs(mica_method *method, mica_error *error) {
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

/* ---- what instructions change ---- */

/* The value that an instruction makes another number or a view of other memory; −1: none. */
static int32_t changed_value(const pte_instruction *instruction, const method_instruction *own) {
    switch (instruction->call) {
    case PTE_MOVE_CALL: return (int32_t)instruction->target;
    case PTE_FREE_CALL: return (int32_t)instruction->index;
    case PTE_KERNEL_CALL:
        if (!(own->kernel->effects & (KERNEL_SETS | KERNEL_ALIASES))) return -1;
        return span_i32(instruction->args, instruction->args.count - 1);
    default: return -1;
    }
}

mica_status values_keep_initial(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    for (size_t pass = 0; pass < 2; pass++) { /* count, then keep */
        size_t count = 0;
        for (size_t c = 0; c < plan->chain_count; c++) {
            for (size_t i = 0; i < plan->chains[c].count; i++) {
                const int32_t index = changed_value(&plan->chains[c].instructions[i], &method->instructions[c][i]);
                if (index < 0) continue;
                if (pass == 1) {
                    method->initial[count] = (method_initial){index, method->values[index], method->tensors[index]};
                }
                count++;
            }
        }
        if (pass == 1) break;
        void *memory = NULL;
        TRY(arena_array(&method->arena, count, sizeof(method_initial), &memory, error));
        method->initial = memory;
        method->initial_count = count;
    }
    return MICA_OK;
}

void values_restore(mica_method *method) {
    for (size_t i = 0; i < method->initial_count; i++) {
        const method_initial *const initial = &method->initial[i];
        method->values[initial->index] = initial->value;
        method->tensors[initial->index] = initial->tensor;
    }
}

/* ---- inputs ---- */

static void mark(const mica_method *method, int32_t index, bool *written) {
    const pte_value *const value = &method->plan->values[index];
    written[index] = true;
    if (value->tag != PTE_TENSOR_LIST) return;
    for (size_t i = 0; i < value->as.indices.count; i++) {
        const int32_t item = span_i32(value->as.indices, i);
        if (item >= 0) written[item] = true;
    }
}

static void mark_instruction(const mica_method *method, const pte_instruction *instruction,
                             const method_instruction *own, bool *written) {
    if (instruction->call == PTE_MOVE_CALL) written[instruction->target] = true;
    for (size_t i = 0; i < instruction->args.count; i++) {
        if (instruction_writes(method, instruction, own, i)) mark(method, span_i32(instruction->args, i), written);
    }
}

/* Whether another value shows a planned input's memory: an exporter gives a view of a tensor the same memory and no
 * instruction. Values that merely use the memory after it are written before they are read. */
static bool is_seen_through_another(const mica_method *method, int32_t index, const bool *written) {
    const pte_method *const plan = method->plan;
    const pte_tensor *const input = plan->values[index].as.tensor;
    for (size_t v = 0; v < plan->value_count; v++) {
        if (v == (size_t)index || written[v] || plan->values[v].tag != PTE_TENSOR) continue;
        const pte_tensor *const other = plan->values[v].as.tensor;
        if (is_planned(other) && other->buffer == input->buffer && other->offset < input->offset + input->bytes &&
            input->offset < other->offset + other->bytes) {
            return true;
        }
    }
    return false;
}

mica_status values_make_inputs(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    void *memory = NULL;
    TRY(arena_array(&method->arena, plan->inputs.count, sizeof(method_input), &memory, error));
    method->inputs = memory;
    TRY(arena_array(&method->arena, plan->value_count, sizeof(bool), &memory, error));
    bool *const written = memory;
    for (size_t c = 0; c < plan->chain_count; c++) {
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            mark_instruction(method, &plan->chains[c].instructions[i], &method->instructions[c][i], written);
        }
    }
    for (size_t i = 0; i < plan->inputs.count; i++) {
        const int32_t index = span_i32(plan->inputs, i);
        method_input *const input = &method->inputs[i];
        input->given = method->values[index].tag != VALUE_TENSOR; /* others are constants of the export */
        if (input->given) continue;
        const pte_tensor *const tensor = plan->values[index].as.tensor;
        input->home = is_planned(tensor) ? method->tensors[index].view.data : NULL;
        input->lendable = !written[index] && (!input->home || !is_seen_through_another(method, index, written));
    }
    return MICA_OK;
}
