/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory plan of a loaded method, told: regions, residents, and what is alive at the same time.
 */
#include "mica/memory.h"

#include <stdlib.h>

#include "base/context.h"
#include "operator/dispatch.h"
#include "runtime/method.h"

struct mica_memory_plan {
    struct arena arena; /* the plan's own memory too */
    mica_memory_region *regions;
    size_t region_count;
    mica_memory_resident *residents;
    size_t resident_count;
};

/* ---- how long a planned value lives ---- */

typedef struct lifetime {
    size_t first, last; /* first > last: nothing touches it */
} lifetime;

static void touch(lifetime *lives, const pte_method *plan, int32_t index, size_t step) {
    if (index < 0) return;
    lifetime *const life = &lives[index];
    life->first = min_size(life->first, step);
    life->last = max_size(life->last, step);
    const pte_value *const value = &plan->values[index];
    if (value->tag != PTE_TENSOR_LIST && value->tag != PTE_OPTIONAL_TENSOR_LIST) return;
    for (size_t i = 0; i < value->as.indices.count; i++) touch(lives, plan, span_i32(value->as.indices, i), step);
}

/* A jump back makes everything live from where it leads to where it stands. */
static void stretch(lifetime *lives, size_t count, size_t from, size_t to) {
    for (size_t v = 0; v < count; v++) {
        if (lives[v].first > to || lives[v].last < from || lives[v].first > lives[v].last) continue;
        lives[v].first = min_size(lives[v].first, from);
        lives[v].last = max_size(lives[v].last, to);
    }
}

static void touch_instruction(lifetime *lives, const pte_method *plan, const pte_instruction *instruction,
                              size_t step, size_t chain_start) {
    switch (instruction->call) {
    case PTE_KERNEL_CALL:
    case PTE_DELEGATE_CALL:
        for (size_t i = 0; i < instruction->args.count; i++) {
            touch(lives, plan, span_i32(instruction->args, i), step);
        }
        break;
    case PTE_MOVE_CALL: touch(lives, plan, (int32_t)instruction->target, step); /* fall through */
    case PTE_FREE_CALL: touch(lives, plan, (int32_t)instruction->index, step); break;
    case PTE_JUMP_FALSE_CALL:
        touch(lives, plan, (int32_t)instruction->index, step);
        if (chain_start + instruction->target <= step) {
            stretch(lives, plan->value_count, chain_start + instruction->target, step);
        }
        break;
    }
}

static size_t count_steps(const pte_method *plan) {
    size_t steps = 0;
    for (size_t c = 0; c < plan->chain_count; c++) steps += plan->chains[c].count;
    return steps;
}

static void find_lives(const pte_method *plan, lifetime *lives) {
    const size_t steps = count_steps(plan);
    for (size_t v = 0; v < plan->value_count; v++) {
        const bool state = plan->values[v].tag == PTE_TENSOR && plan->values[v].as.tensor->storage == PTE_INITIALISED;
        lives[v] = state ? (lifetime){0, steps} : (lifetime){SIZE_MAX, 0};
    }
    for (size_t i = 0; i < plan->inputs.count; i++) touch(lives, plan, span_i32(plan->inputs, i), 0);
    size_t step = 0;
    for (size_t c = 0; c < plan->chain_count; c++) {
        const size_t start = step;
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            touch_instruction(lives, plan, &plan->chains[c].instructions[i], step++, start);
        }
    }
    for (size_t i = 0; i < plan->outputs.count; i++) touch(lives, plan, span_i32(plan->outputs, i), steps);
}

/* ---- the plan ---- */

static int by_offset(const void *left, const void *right) {
    const mica_memory_resident *const a = left, *const b = right;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

/* Ends a region whose residents have just been added: their order, and the most that is alive at one step. */
static mica_status close_region(mica_memory_plan *plan, mica_memory_region *region, mica_error *error) {
    region->resident_count = plan->resident_count - region->first_resident;
    mica_memory_resident *const all = plan->residents + region->first_resident;
    if (region->resident_count) qsort(all, region->resident_count, sizeof *all, by_offset);
    void *memory = NULL;
    TRY(arena_array(&plan->arena, region->steps + 2, sizeof(size_t), &memory, error));
    size_t *const change = memory; /* of bytes alive from one step to the next; wraps around */
    for (size_t i = 0; i < region->resident_count; i++) {
        change[all[i].first] += all[i].bytes;
        change[all[i].last + 1] -= all[i].bytes;
    }
    size_t alive = 0;
    for (size_t step = 0; step <= region->steps; step++) {
        alive += change[step];
        region->peak = max_size(region->peak, alive);
    }
    region->peak = min_size(region->peak, region->bytes); /* values that show the same bytes were counted twice */
    return MICA_OK;
}

static void add_planned(mica_memory_plan *plan, const pte_method *method, size_t buffer, const lifetime *lives) {
    for (size_t v = 0; v < method->value_count; v++) {
        const pte_tensor *const tensor = method->values[v].tag == PTE_TENSOR ? method->values[v].as.tensor : NULL;
        if (!tensor || tensor->buffer != buffer || lives[v].first > lives[v].last) continue;
        if (tensor->storage != PTE_PLANNED && tensor->storage != PTE_INITIALISED) continue;
        mica_memory_resident *const resident = &plan->residents[plan->resident_count++];
        *resident = (mica_memory_resident){.value = v,
                                           .type = mica_type_name(tensor->type),
                                           .rank = tensor->rank,
                                           .offset = tensor->offset,
                                           .bytes = tensor->bytes,
                                           .first = lives[v].first,
                                           .last = lives[v].last};
        for (size_t d = 0; d < tensor->rank; d++) resident->sizes[d] = tensor->sizes[d];
    }
}

static void add_internal(mica_memory_plan *plan, const method_delegate *delegate) {
    for (size_t v = 0; v < delegate->payload->value_count; v++) {
        const mica_operand *const operand = &delegate->payload->values[v].operand;
        plan_span span;
        op_shape shape;
        if (!graph_place_of(delegate->graph, v, &span, &shape)) continue;
        mica_memory_resident *const resident = &plan->residents[plan->resident_count++];
        *resident = (mica_memory_resident){.value = v,
                                           .type = operand_type_name(operand->type),
                                           .rank = shape.rank,
                                           .offset = span.offset,
                                           .bytes = span.bytes,
                                           .first = span.first,
                                           .last = span.last};
        for (size_t d = 0; d < shape.rank; d++) resident->sizes[d] = shape.dims[d];
    }
}

static mica_status make_room(mica_memory_plan *plan, const mica_method *method, mica_error *error) {
    size_t values = method->plan->value_count;
    for (size_t d = 0; d < method->plan->delegate_count; d++) values += method->delegates[d].payload->value_count;
    void *memory = NULL;
    TRY(arena_array(&plan->arena, method->plan->buffer_count + method->plan->delegate_count,
                    sizeof(mica_memory_region), &memory, error));
    plan->regions = memory;
    TRY(arena_array(&plan->arena, values, sizeof(mica_memory_resident), &memory, error));
    plan->residents = memory;
    return MICA_OK;
}

static mica_status fill(mica_memory_plan *plan, const mica_method *method, mica_error *error) {
    const pte_method *const program = method->plan;
    void *memory = NULL;
    TRY(make_room(plan, method, error));
    TRY(arena_array(&plan->arena, program->value_count, sizeof(lifetime), &memory, error));
    lifetime *const lives = memory;
    find_lives(program, lives);
    for (size_t b = 0; b < program->buffer_count; b++) {
        mica_memory_region *const region = &plan->regions[plan->region_count++];
        *region = (mica_memory_region){.delegate = -1,
                                       .buffer = b,
                                       .bytes = program->buffer_sizes[b],
                                       .steps = count_steps(program),
                                       .first_resident = plan->resident_count};
        add_planned(plan, program, b, lives);
        TRY(close_region(plan, region, error));
    }
    for (size_t d = 0; d < program->delegate_count; d++) {
        const method_delegate *const delegate = &method->delegates[d];
        mica_memory_region *const region = &plan->regions[plan->region_count++];
        *region = (mica_memory_region){.delegate = (int)d,
                                       .bytes = graph_workspace_bytes(delegate->graph),
                                       .scratch = graph_scratch_bytes(delegate->graph),
                                       .packed = graph_packed_bytes(delegate->graph),
                                       .steps = delegate->payload->node_count,
                                       .first_resident = plan->resident_count};
        add_internal(plan, delegate);
        TRY(close_region(plan, region, error));
    }
    return MICA_OK;
}

/* ---- public ---- */

mica_status mica_method_plan(const mica_method *method, mica_memory_plan **out) {
    if (!method) return MICA_ERROR_ARGUMENT;
    mica_context *const context = method->context;
    if (!out) return error_set(&context->error, MICA_ERROR_ARGUMENT, "mica_method_plan: NULL was given");
    struct arena arena;
    arena_init(&arena, &context->allocator, context->memory_limit);
    void *memory = NULL;
    TRY(arena_allocate(&arena, sizeof(mica_memory_plan), &memory, &context->error));
    mica_memory_plan *const plan = memory;
    plan->arena = arena;
    const mica_status status = fill(plan, method, &context->error);
    if (status != MICA_OK) {
        mica_memory_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return MICA_OK;
}

void mica_memory_plan_destroy(mica_memory_plan *plan) {
    if (!plan) return;
    struct arena arena = plan->arena; /* it holds the plan too */
    arena_free(&arena);
}

const mica_memory_region *mica_memory_plan_region(const mica_memory_plan *plan, size_t index) {
    return index < plan->region_count ? &plan->regions[index] : NULL;
}

const mica_memory_resident *mica_memory_plan_resident(const mica_memory_plan *plan, size_t index) {
    return index < plan->resident_count ? &plan->residents[index] : NULL;
}
