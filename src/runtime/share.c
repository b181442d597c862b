/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/share.h"

#include "base/context.h"

/* The bytes that a value shows; empty for what is no tensor or has no memory yet. */
typedef struct region {
    const uint8_t *begin, *end;
} region;

typedef struct sharing {
    mica_method *method;
    const pte_instruction *instructions; /* of the only chain: they run in order */
    const method_instruction *own;
    size_t count;
    region *regions;     /* per value, as shared so far */
    size_t *first, *end; /* per value: the first instruction that names it, and the one after the last */
    bool *written;       /* per value, also by the caller */
    bool *joined;        /* per value: another one lies where it is */
} sharing;

/* ---- who names what ---- */

bool instruction_writes(const mica_method *method, const pte_instruction *instruction, const method_instruction *own,
                        size_t arg) {
    switch (instruction->call) {
    case PTE_KERNEL_CALL:
        return arg + 1 == instruction->args.count || (own->kernel->effects & KERNEL_WRITES) >> arg & 1;
    case PTE_DELEGATE_CALL: {
        const method_delegate *const delegate = &method->delegates[instruction->index];
        for (size_t i = 0; i < delegate->external_count; i++) {
            if (delegate->externals[i].id == arg) return delegate->externals[i].is_output;
        }
        return false;
    }
    default: return false;
    }
}

typedef bool value_test(const sharing *s, size_t value, const void *argument);

/* Whether the test holds for a tensor that an argument names, itself or in a list. */
static bool any_tensor(const sharing *s, int32_t value, value_test *test, const void *argument) {
    const pte_value *const source = &s->method->plan->values[value];
    if (source->tag == PTE_TENSOR) return test(s, (size_t)value, argument);
    if (source->tag != PTE_TENSOR_LIST && source->tag != PTE_OPTIONAL_TENSOR_LIST) return false;
    for (size_t i = 0; i < source->as.indices.count; i++) {
        const int32_t item = span_i32(source->as.indices, i);
        if (item >= 0 && s->method->plan->values[item].tag == PTE_TENSOR && test(s, (size_t)item, argument))
            return true;
    }
    return false;
}

static bool any_argument(const sharing *s, size_t at, bool only_written, value_test *test, const void *argument) {
    const pte_instruction *const instruction = &s->instructions[at];
    for (size_t i = 0; i < instruction->args.count; i++) {
        if (only_written && !instruction_writes(s->method, instruction, &s->own[at], i)) continue;
        if (any_tensor(s, span_i32(instruction->args, i), test, argument)) return true;
    }
    return false;
}

static bool is_value(const sharing *s, size_t value, const void *wanted) {
    (void)s;
    return value == *(const size_t *)wanted;
}

static bool overlaps(const sharing *s, size_t value, const void *wanted) {
    const region *const a = &s->regions[value], *const b = wanted;
    return a->begin < b->end && b->begin < a->end;
}

static bool note_use(const sharing *s, size_t value, const void *at) {
    const size_t instruction = *(const size_t *)at;
    s->first[value] = min_size(s->first[value], instruction);
    s->end[value] = max_size(s->end[value], instruction + 1);
    return false;
}

static bool note_write(const sharing *s, size_t value, const void *argument) {
    (void)argument;
    s->written[value] = true;
    return false;
}

static size_t argument_value(const sharing *s, size_t at, size_t arg) {
    return (size_t)span_i32(s->instructions[at].args, arg);
}

static size_t result_value(const sharing *s, size_t at) {
    return argument_value(s, at, s->instructions[at].args.count - 1);
}

static uint16_t effects(const sharing *s, size_t at) {
    return s->instructions[at].call == PTE_KERNEL_CALL ? s->own[at].kernel->effects : 0;
}

/* The argument whose memory the result may share. */
static size_t source_argument(const sharing *s, size_t at) { return effects(s, at) & KERNEL_CHOOSES ? 2 : 0; }

/* ---- whether anything could tell ---- */

static bool is_listed(bytes_span list, size_t value) {
    for (size_t i = 0; i < list.count; i++) {
        if ((size_t)span_i32(list, i) == value) return true;
    }
    return false;
}

/* A tensor of fixed shape in plain order. */
static const pte_tensor *plain_tensor(const sharing *s, size_t value) {
    const pte_value *const source = &s->method->plan->values[value];
    if (source->tag != PTE_TENSOR || source->as.tensor->dynamic) return NULL;
    return tensor_is_contiguous(&s->method->tensors[value].view) ? source->as.tensor : NULL;
}

static bool is_viewed(const sharing *s, size_t value) {
    for (size_t i = s->first[value]; i < s->end[value]; i++) {
        const bool views = (effects(s, i) & KERNEL_ALIASES) != 0;
        if (views && (argument_value(s, i, 0) == value || result_value(s, i) == value)) return true;
    }
    return false;
}

static const uint8_t *planned_place(const sharing *s, const pte_tensor *tensor) {
    return s->method->planned[tensor->buffer] + tensor->offset;
}

/* Whether a value that no instruction writes shows a planned tensor's memory after instruction `at` has written it: an
 * exporter gives some views of a tensor the same memory and no instruction. */
static bool is_seen_through_another(const sharing *s, size_t at, const pte_tensor *tensor) {
    const uint8_t *const begin = planned_place(s, tensor);
    for (size_t v = 0; v < s->method->plan->value_count; v++) {
        if (s->written[v] || s->end[v] <= at + 1) continue;
        if (overlaps(s, v, &(region){begin, begin + tensor->bytes})) return true;
    }
    return false;
}

/* Whether `result` is a value of its own that repeats all of `source`. */
static bool are_alike(const sharing *s, size_t at, size_t source, size_t result) {
    const pte_method *const plan = s->method->plan;
    const pte_tensor *const from = plain_tensor(s, source), *const to = plain_tensor(s, result);
    return from && to && from->type == to->type && from->bytes == to->bytes && to->storage == PTE_PLANNED &&
           s->regions[source].begin && s->first[result] == at && !is_listed(plan->outputs, result) &&
           !is_listed(plan->inputs, source) && !is_viewed(s, source) && !is_viewed(s, result) &&
           !is_seen_through_another(s, at, to);
}

/* Nothing but instruction `at` writes the result, nor the source's memory as long as the result is used. */
static bool stays(const sharing *s, size_t at, size_t source, size_t result) {
    for (size_t i = at + 1; i < s->end[result]; i++) {
        if (any_argument(s, i, true, is_value, &result)) return false;
        if (any_argument(s, i, true, overlaps, &s->regions[source])) return false;
    }
    return true;
}

/* Whether `later` puts at the same indices into a tensor of the same shape: it fails only where the first does. */
static bool puts_alike(const sharing *s, size_t at, size_t later) {
    if (s->own[later].kernel != s->own[at].kernel) return false;
    const pte_value *const values = s->method->plan->values;
    const pte_value *const first = &values[argument_value(s, at, 1)], *const next =
                                                                          &values[argument_value(s, later, 1)];
    if (first->tag != PTE_OPTIONAL_TENSOR_LIST || next->tag != first->tag) return false;
    const bytes_span a = first->as.indices, b = next->as.indices;
    const mica_tensor *const x = &s->method->tensors[argument_value(s, at, 0)].view,
                             *const y = &s->method->tensors[argument_value(s, later, 0)].view;
    bool same = x->rank == y->rank && a.count == b.count;
    for (size_t i = 0; same && i < x->rank; i++) same = x->sizes[i] == y->sizes[i];
    for (size_t i = 0; same && i < a.count; i++) same = span_i32(a, i) == span_i32(b, i);
    return same;
}

/* The copy_ that stores an updated tensor back. Until then nothing looks at the old one, and nothing may fail for what
 * the inputs hold, so that a run that fails leaves it as it was. `at` when there is no such copy. */
static size_t stored_back(const sharing *s, size_t at, size_t source, size_t result) {
    for (size_t i = at + 1; i < s->end[result]; i++) {
        const uint16_t effect = effects(s, i);
        if (effect & KERNEL_STORES && argument_value(s, i, 0) == source && argument_value(s, i, 1) == result)
            return i;
        if (effect & KERNEL_CHECKS && !puts_alike(s, at, i)) break;
        if (any_argument(s, i, false, overlaps, &s->regions[source])) break;
        if (any_argument(s, i, true, is_value, &result)) break;
    }
    return at;
}

/* Whether a source that this run has made is of no more use when the result is there. */
static bool is_last_use(const sharing *s, size_t at, size_t source) {
    const pte_tensor *const tensor = s->method->plan->values[source].as.tensor;
    const size_t made = s->first[source];
    return tensor->storage == PTE_PLANNED && made < at && s->end[source] == at + 1 && !s->joined[source] &&
           s->method->tensors[source].view.data == planned_place(s, tensor) &&
           any_argument(s, made, true, is_value, &source) && !is_seen_through_another(s, made, tensor);
}

/* Whether the result may lie where the source is. */
static bool may_follow(const sharing *s, size_t at, size_t source, size_t result) {
    if (effects(s, at) & KERNEL_RENAMES) return stays(s, at, source, result);
    if (s->method->tensors[source].constant) return false;
    for (size_t i = 0; i + 2 < s->instructions[at].args.count; i++) { /* what is put is not the tensor itself */
        if (i == source_argument(s, at)) continue;
        if (any_tensor(s, (int32_t)argument_value(s, at, i), overlaps, &s->regions[source])) return false;
    }
    if (effects(s, at) & KERNEL_CHOOSES) return is_last_use(s, at, source) && stays(s, at, source, result);
    const size_t back = stored_back(s, at, source, result);
    return back != at && stays(s, back, source, result);
}

/* Whether a renamed source may lie where its result will be: nothing uses that memory from the moment it is made. */
static bool may_lead(const sharing *s, size_t at, size_t source, size_t result) {
    const pte_tensor *const from = s->method->plan->values[source].as.tensor;
    const size_t made = s->first[source];
    if (!(effects(s, at) & KERNEL_RENAMES) || from->storage != PTE_PLANNED ||
        is_listed(s->method->plan->outputs, source) ||
        s->method->tensors[source].view.data != planned_place(s, from) ||
        !any_argument(s, made, true, is_value, &source) || is_seen_through_another(s, made, from)) {
        return false;
    }
    for (size_t i = made; i < at; i++) {
        if (any_argument(s, i, false, overlaps, &s->regions[result])) return false;
    }
    for (size_t i = made + 1; i < s->end[source]; i++) {
        if (any_argument(s, i, true, is_value, &source)) return false;
        if (i > at && any_argument(s, i, true, overlaps, &s->regions[result])) return false;
    }
    for (size_t i = at + 1; i < s->end[result]; i++) {
        if (any_argument(s, i, true, is_value, &result)) return false;
    }
    return true;
}

/* ---- the pass ---- */

static mica_status survey(sharing *s, mica_error *error) {
    const pte_method *const plan = s->method->plan;
    struct arena *const arena = &s->method->arena;
    void *memory = NULL;
    TRY(arena_array(arena, plan->value_count, sizeof(region), &memory, error));
    s->regions = memory;
    TRY(arena_array(arena, plan->value_count, sizeof(size_t), &memory, error));
    s->first = memory;
    TRY(arena_array(arena, plan->value_count, sizeof(size_t), &memory, error));
    s->end = memory;
    TRY(arena_array(arena, plan->value_count, sizeof(bool), &memory, error));
    s->written = memory;
    TRY(arena_array(arena, plan->value_count, sizeof(bool), &memory, error));
    s->joined = memory;
    for (size_t i = 0; i < plan->inputs.count; i++) s->written[span_i32(plan->inputs, i)] = true;
    for (size_t v = 0; v < plan->value_count; v++) {
        s->first[v] = s->count;
        const uint8_t *const data = plan->values[v].tag == PTE_TENSOR ? s->method->tensors[v].view.data : NULL;
        if (data) s->regions[v] = (region){data, data + plan->values[v].as.tensor->bytes};
    }
    for (size_t i = 0; i < plan->outputs.count; i++) s->end[span_i32(plan->outputs, i)] = s->count;
    for (size_t i = 0; i < s->count; i++) {
        any_argument(s, i, false, note_use, &i);
        any_argument(s, i, true, note_write, NULL);
        if (effects(s, i) & KERNEL_ALIASES) s->regions[result_value(s, i)] = s->regions[argument_value(s, i, 0)];
    }
    return MICA_OK;
}

static void move_to(sharing *s, size_t value, size_t where) {
    s->joined[where] = true;
    s->regions[value] = s->regions[where];
    s->method->tensors[value].view.data = (void *)(uintptr_t)s->regions[where].begin;
}

mica_status values_share(mica_method *method, mica_error *error) {
    const pte_method *const plan = method->plan;
    if (!method->context->fuse || plan->chain_count != 1) return MICA_OK;
    sharing s = {.method = method,
                 .instructions = plan->chains[0].instructions,
                 .own = method->instructions[0],
                 .count = plan->chains[0].count};
    for (size_t i = 0; i < s.count; i++) {
        const pte_call call = s.instructions[i].call;
        if (call != PTE_KERNEL_CALL && call != PTE_DELEGATE_CALL) return MICA_OK;
    }
    TRY(survey(&s, error));
    for (size_t i = 0; i < s.count; i++) {
        if (!(effects(&s, i) & (KERNEL_RENAMES | KERNEL_UPDATES | KERNEL_CHOOSES))) continue;
        const size_t source = argument_value(&s, i, source_argument(&s, i)), result = result_value(&s, i);
        if (!are_alike(&s, i, source, result)) continue;
        if (may_follow(&s, i, source, result)) {
            move_to(&s, result, source);
        } else if (may_lead(&s, i, source, result)) {
            move_to(&s, source, result);
        }
    }
    return MICA_OK;
}
