/* SPDX-License-Identifier: Apache-2.0
 *
 * One kernel call as a program of its own: numbers and constants stay, tensors that are computed elsewhere become
 * inputs, and what the kernel returns is the output.
 */
#include "author/extract.h"
#include "format/program_write.h"
#include "runtime/kernel_call.h"

#define PLAN_ALIGNMENT 16 /* bytes, of planned tensors */
#define NOWHERE (-1)

typedef struct extraction {
    const pte_method *from;
    struct arena *arena;
    int32_t *places;   /* of each old value among the new ones, or NOWHERE */
    bool *returned;    /* of each old value */
    pte_value *values; /* as many as the old ones at most */
    size_t count, planned;
    int32_t *inputs, *outputs; /* new values */
    size_t input_count, output_count;
    mica_error *error;
} extraction;

static mica_status add_value(extraction *x, int32_t old, int32_t *out);

static mica_status new_array(extraction *x, size_t count, size_t item, void **memory) {
    return arena_array(x->arena, count, item, memory, x->error);
}

/* ---- values ---- */

/* A tensor in memory of this program: an input, unless the call returns it. */
static mica_status add_tensor(extraction *x, int32_t old, int32_t place) {
    void *memory = NULL;
    const pte_tensor *const from = x->from->values[old].as.tensor;
    if (from->missing)
        return error_set(x->error, MICA_ERROR_NOT_FOUND, "no data file has the weights '%s'", from->missing);
    if (from->storage == PTE_CONSTANT) return MICA_OK;
    TRY(new_array(x, 1, sizeof(pte_tensor), &memory));
    pte_tensor *const tensor = memory;
    *tensor = *from;
    tensor->storage = PTE_PLANNED;
    tensor->buffer = 0;
    tensor->offset = x->planned;
    x->planned += round_up(from->bytes, PLAN_ALIGNMENT);
    x->values[place].as.tensor = tensor;
    if (x->returned[old])
        x->outputs[x->output_count++] = place;
    else
        x->inputs[x->input_count++] = place;
    return MICA_OK;
}

/* The items of a list are values; `wide`: i64. */
static mica_status add_items(extraction *x, bytes_span *list, bool wide) {
    void *memory = NULL;
    const size_t size = wide ? sizeof(int64_t) : sizeof(int32_t);
    TRY(new_array(x, list->count, size, &memory));
    for (size_t i = 0; i < list->count; i++) {
        const int32_t old = wide ? (int32_t)span_i64(*list, i) : span_i32(*list, i);
        int32_t item = NOWHERE;
        if (old >= 0) TRY(add_value(x, old, &item));
        if (wide)
            ((int64_t *)memory)[i] = item;
        else
            ((int32_t *)memory)[i] = item;
    }
    *list = (bytes_span){memory, list->count};
    return MICA_OK;
}

static mica_status add_value(extraction *x, int32_t old, int32_t *out) {
    if (x->places[old] == NOWHERE) {
        const int32_t place = (int32_t)x->count++;
        x->places[old] = place;
        x->values[place] = x->from->values[old];
        switch (x->values[place].tag) {
        case PTE_TENSOR: TRY(add_tensor(x, old, place)); break;
        case PTE_INT_LIST: TRY(add_items(x, &x->values[place].as.indices, true)); break;
        case PTE_TENSOR_LIST:
        case PTE_OPTIONAL_TENSOR_LIST: TRY(add_items(x, &x->values[place].as.indices, false)); break;
        default: break;
        }
    }
    *out = x->places[old];
    return MICA_OK;
}

/* ---- what can stand alone ---- */

/* What the kernel writes is its last argument, a tensor or a list of them. */
static mica_status mark_returned(extraction *x, const pte_instruction *call) {
    const int32_t last = span_i32(call->args, call->args.count - 1);
    const pte_value *const value = &x->from->values[last];
    x->returned[last] = true;
    if (value->tag == PTE_TENSOR) return MICA_OK;
    for (size_t i = 0; value->tag == PTE_TENSOR_LIST && i < value->as.indices.count; i++)
        x->returned[span_i32(value->as.indices, i)] = true;
    return value->tag == PTE_TENSOR_LIST ? MICA_OK
                                         : error_set(x->error, MICA_ERROR_UNSUPPORTED, "the call gives no tensor");
}

/* Numbers that other calls compute are not in the file. */
static mica_status check_numbers(const extraction *x) {
    for (size_t c = 0; c < x->from->chain_count; c++)
        for (size_t i = 0; i < x->from->chains[c].count; i++) {
            const pte_instruction *const other = &x->from->chains[c].instructions[i];
            const portable_kernel *const kernel =
                other->call == PTE_KERNEL_CALL ? portable_find(x->from->operators[other->index]) : NULL;
            const bool sets = kernel && kernel->effects & KERNEL_SETS;
            const int32_t set = sets                           ? span_i32(other->args, other->args.count - 1)
                                : other->call == PTE_MOVE_CALL ? (int32_t)other->target
                                                               : NOWHERE;
            if (set != NOWHERE && x->from->values[set].tag != PTE_TENSOR && x->places[set] != NOWHERE)
                return error_set(x->error, MICA_ERROR_UNSUPPORTED,
                                 "the call takes a number that another one computes at run time");
        }
    return MICA_OK;
}

static mica_status check_kernel(const extraction *x, const pte_instruction *call) {
    const char *const name = x->from->operators[call->index];
    const portable_kernel *const kernel = portable_find(name);
    if (!kernel) return error_set(x->error, MICA_ERROR_MISSING_OPERATOR, "there is no kernel %s", name);
    if (kernel->effects & KERNEL_SETS)
        return error_set(x->error, MICA_ERROR_UNSUPPORTED, "%s gives a number, which no model does", name);
    if (kernel->effects & KERNEL_ALIASES)
        return error_set(x->error, MICA_ERROR_UNSUPPORTED, "%s computes nothing: it gives memory another shape",
                         name);
    if (kernel->effects & (KERNEL_KEEPS | KERNEL_WRITES))
        return error_set(x->error, MICA_ERROR_UNSUPPORTED, "%s writes into what it is given", name);
    return MICA_OK;
}

/* ---- the whole ---- */

static mica_status write(const extraction *x, const pte_instruction *call, bytes_span args, bytes_span *file) {
    const char *input_tree = NULL, *output_tree = NULL;
    TRY(author_input_tree(x->input_count, x->arena, &input_tree, x->error));
    TRY(author_output_tree(x->output_count, x->arena, &output_tree, x->error));
    const pte_instruction alone = {.call = PTE_KERNEL_CALL, .args = args};
    const pte_chain chain = {&alone, 1};
    const pte_method method = {.name = "forward",
                               .input_tree = input_tree,
                               .output_tree = output_tree,
                               .values = x->values,
                               .value_count = x->count,
                               .inputs = {(const uint8_t *)x->inputs, x->input_count},
                               .outputs = {(const uint8_t *)x->outputs, x->output_count},
                               .chains = &chain,
                               .chain_count = 1,
                               .operators = &x->from->operators[call->index],
                               .operator_count = 1,
                               .buffer_sizes = &x->planned,
                               .buffer_count = 1};
    return pte_write(&(pte_program){.methods = &method, .method_count = 1}, x->arena, file, x->error);
}

mica_status extract_call(const pte_method *from, const pte_instruction *call, struct arena *arena, bytes_span *file,
                         mica_error *error) {
    extraction x = {.from = from, .arena = arena, .error = error};
    const size_t count = from->value_count;
    void *memory[5] = {NULL};
    TRY(check_kernel(&x, call));
    TRY(new_array(&x, count, sizeof *x.places, &memory[0]));
    TRY(new_array(&x, count, sizeof *x.returned, &memory[1]));
    TRY(new_array(&x, count, sizeof *x.values, &memory[2]));
    TRY(new_array(&x, count, sizeof *x.inputs, &memory[3]));
    TRY(new_array(&x, count, sizeof *x.outputs, &memory[4]));
    x.places = memory[0];
    x.returned = memory[1];
    x.values = memory[2];
    x.inputs = memory[3];
    x.outputs = memory[4];
    for (size_t i = 0; i < count; i++) x.places[i] = NOWHERE;
    TRY(mark_returned(&x, call));
    TRY(new_array(&x, call->args.count, sizeof(int32_t), &memory[0]));
    int32_t *const args = memory[0];
    for (size_t i = 0; i < call->args.count; i++) TRY(add_value(&x, span_i32(call->args, i), &args[i]));
    TRY(check_numbers(&x));
    return write(&x, call, (bytes_span){memory[0], call->args.count}, file);
}
