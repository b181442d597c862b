/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening and verifying a program, and what can be asked of it without loading a method.
 */
#include "runtime/program.h"

#include <string.h>

#include "base/context.h"
#include "runtime/kernel_call.h"

/* ---- opening ---- */

static mica_status map_data(mica_program *program, const mica_program_options *options, ptd_file **out,
                            mica_error *error) {
    const size_t count = options ? options->data_path_count : 0;
    void *memory = NULL;
    TRY(arena_array(&program->arena, count, sizeof(struct file), &memory, error));
    program->data_files = memory;
    TRY(arena_array(&program->arena, count, sizeof(ptd_file), &memory, error));
    *out = memory;
    for (size_t i = 0; i < count; i++) {
        const char *const path = options->data_paths[i];
        struct file *const file = &program->data_files[i];
        mica_status status = file_map(path, file, error);
        if (status == MICA_OK) {
            program->data_file_count = i + 1;
            status = ptd_open(file->data, file->size, &program->arena, &(*out)[i], error);
        }
        if (status != MICA_OK) return error_in(error, status, "%s", path);
    }
    return MICA_OK;
}

/* Decoded tables may take this many times the file's size: real files stay under 8, and a file whose delegates
 * share their bytes cannot make us decode them for ever. */
#define DECODED_FACTOR 64

/* The graph of a payload that an earlier delegate has too; NULL when it is new. */
static const xnn_graph *decoded_before(const mica_program *program, size_t methods, const uint8_t *payload) {
    for (size_t m = 0; m < methods; m++) {
        const pte_method *const method = &program->pte->methods[m];
        for (size_t d = 0; d < method->delegate_count; d++) {
            if (method->delegates[d].payload == payload && program->payloads[m][d]) return program->payloads[m][d];
        }
    }
    return NULL;
}

/* The graph of a delegate, or why Mica does not run it, which is no fault of the file: loading the method will tell. */
static mica_status open_payload(mica_program *program, const pte_delegate *delegate, const xnn_graph **graph,
                                const char **lack, mica_error *error) {
    mica_status status = MICA_ERROR_UNSUPPORTED;
    if (strcmp(delegate->id, XNNPACK_BACKEND) != 0) {
        error_set(error, status, "Mica has no backend '%s'", delegate->id);
    } else {
        xnn_graph *decoded = NULL;
        status = xnn_open(program->pte, delegate->payload, delegate->payload_size, &program->arena, &decoded, error);
        *graph = decoded;
    }
    if (status != MICA_ERROR_UNSUPPORTED) return status;
    return arena_string(&program->arena, error->text, strlen(error->text), lack, error);
}

static mica_status open_payloads(mica_program *program, mica_error *error) {
    const pte_program *const pte = program->pte;
    void *memory = NULL;
    TRY(arena_array(&program->arena, pte->method_count, sizeof *program->payloads, &memory, error));
    program->payloads = memory;
    TRY(arena_array(&program->arena, pte->method_count, sizeof *program->lacks, &memory, error));
    program->lacks = memory;
    for (size_t m = 0; m < pte->method_count; m++) {
        const pte_method *const method = &pte->methods[m];
        TRY(arena_array(&program->arena, method->delegate_count, sizeof(xnn_graph *), &memory, error));
        const xnn_graph **const graphs = memory;
        program->payloads[m] = graphs;
        TRY(arena_array(&program->arena, method->delegate_count, sizeof(char *), &memory, error));
        const char **const lacks = memory;
        program->lacks[m] = lacks;
        for (size_t d = 0; d < method->delegate_count; d++) {
            const pte_delegate *const delegate = &method->delegates[d];
            graphs[d] = decoded_before(program, m + 1, delegate->payload);
            if (graphs[d]) continue;
            const mica_status status = open_payload(program, delegate, &graphs[d], &lacks[d], error);
            if (status != MICA_OK) return error_in(error, status, "method %s: delegate %zu", method->name, d);
            if (program->arena.used / DECODED_FACTOR > pte->file_size + (1 << 16)) {
                return error_set(error, MICA_ERROR_LIMIT, "method %s: delegate %zu: payloads overlap too often",
                                 method->name, d);
            }
        }
    }
    return MICA_OK;
}

/* ---- external data that was not given ---- */

static void note_missing(struct program_missing *missing, const char *key) {
    if (missing->keys) missing->keys[missing->count] = key;
    missing->count++;
}

/* Counts the keys, or notes them where there is room. */
static void find_missing(const mica_program *program, size_t index, struct program_missing *missing) {
    const pte_method *const method = &program->pte->methods[index];
    missing->count = 0;
    for (size_t v = 0; v < method->value_count; v++) {
        const pte_value *const value = &method->values[v];
        if (value->tag == PTE_TENSOR && value->as.tensor->missing) note_missing(missing, value->as.tensor->missing);
    }
    for (size_t d = 0; d < method->delegate_count; d++) {
        const xnn_graph *const graph = program->payloads[index][d];
        for (const xnn_missing *m = graph ? graph->missing : NULL; m; m = m->next) note_missing(missing, m->key);
    }
}

static mica_status list_missing(mica_program *program, mica_error *error) {
    const size_t methods = program->pte->method_count;
    void *memory = NULL;
    TRY(arena_array(&program->arena, methods, sizeof *program->missing, &memory, error));
    program->missing = memory;
    for (size_t m = 0; m < methods; m++) {
        struct program_missing *const missing = &program->missing[m];
        find_missing(program, m, missing);
        if (missing->count == 0) continue;
        TRY(arena_array(&program->arena, missing->count, sizeof(char *), &memory, error));
        missing->keys = memory;
        find_missing(program, m, missing);
    }
    return MICA_OK;
}

/* The bytes of the program, then of each data file. */
static mica_status list_sources(mica_program *program, const uint8_t *data, size_t size,
                                const mica_program_options *options, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(&program->arena, program->data_file_count + 1, sizeof(weights_source), &memory, error));
    weights_source *const sources = memory;
    const bool mapped = program->file.size > 0;
    sources[0] = (weights_source){mapped ? program->file : (struct file){.data = data, .size = size}, mapped};
    for (size_t i = 0; i < program->data_file_count; i++) {
        sources[i + 1] = (weights_source){program->data_files[i], true};
    }
    program->origin = (weights_origin){.sources = sources, .count = program->data_file_count + 1};
    if (!options || !options->weights_cache) return MICA_OK;
    return arena_string(&program->arena, options->weights_cache, strlen(options->weights_cache),
                        &program->origin.cache, error);
}

static mica_status open_bytes(mica_program *program, const uint8_t *data, size_t size,
                              const mica_program_options *options, mica_error *error) {
    ptd_file *external = NULL;
    TRY(map_data(program, options, &external, error));
    TRY(list_sources(program, data, size, options, error));
    TRY(pte_open(data, size, external, program->data_file_count, &program->arena, &program->pte, error));
    TRY(open_payloads(program, error));
    return list_missing(program, error);
}

/* The caller's options, whose struct may be an older and shorter one. */
static mica_status read_options(const mica_program_options *given, mica_program_options *options, mica_error *error) {
    *options = (mica_program_options){.size = sizeof *options};
    if (!given) return MICA_OK;
    const bool sized = given->size >= sizeof given->size && given->size <= sizeof *options;
    if (sized) memcpy(options, given, given->size);
    if (!sized || (options->data_path_count && !options->data_paths)) {
        return error_set(error, MICA_ERROR_ARGUMENT, "the program options are not valid");
    }
    return MICA_OK;
}

static mica_status new_program(mica_context *context, const mica_program_options *given,
                               mica_program_options *options, mica_program **program) {
    mica_error *const error = &context->error;
    TRY(read_options(given, options, error));
    mica_program *const made = context->allocator.allocate(context->allocator.user, sizeof *made, MEMORY_ALIGNMENT);
    if (!made) return error_set(error, MICA_ERROR_MEMORY, "out of memory for a program");
    *made = (mica_program){.allocator = context->allocator};
    arena_init(&made->arena, &made->allocator, context->memory_limit);
    *program = made;
    return MICA_OK;
}

mica_status mica_program_open(mica_context *context, const char *path, const mica_program_options *given,
                              mica_program **program) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!path || !program) return error_set(error, MICA_ERROR_ARGUMENT, "mica_program_open: NULL was given");
    mica_program_options options;
    mica_program *made = NULL;
    TRY(new_program(context, given, &options, &made));
    mica_status status = file_map(path, &made->file, error);
    if (status == MICA_OK) status = open_bytes(made, made->file.data, made->file.size, &options, error);
    if (status != MICA_OK) {
        mica_program_close(made);
        return status;
    }
    *program = made;
    return MICA_OK;
}

mica_status mica_program_open_memory(mica_context *context, const void *data, size_t size,
                                     const mica_program_options *given, mica_program **program) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!data || !program) return error_set(error, MICA_ERROR_ARGUMENT, "mica_program_open_memory: NULL was given");
    mica_program_options options;
    mica_program *made = NULL;
    TRY(new_program(context, given, &options, &made));
    void *copy = NULL;
    mica_status status = MICA_OK;
    if ((uintptr_t)data % 16 != 0) {
        status = arena_raw(&made->arena, size, &copy, error);
        if (status == MICA_OK) memcpy(copy, data, size);
    }
    if (status == MICA_OK) status = open_bytes(made, copy ? copy : data, size, &options, error);
    if (status != MICA_OK) {
        mica_program_close(made);
        return status;
    }
    *program = made;
    return MICA_OK;
}

void mica_program_close(mica_program *program) {
    if (!program) return;
    for (size_t i = 0; i < program->data_file_count; i++) file_unmap(&program->data_files[i]);
    arena_free(&program->arena);
    file_unmap(&program->file);
    const mica_allocator allocator = program->allocator;
    allocator.release(allocator.user, program, sizeof *program);
}

/* ---- asking ---- */

size_t mica_program_method_count(const mica_program *program) { return program->pte->method_count; }

const char *mica_program_method_name(const mica_program *program, size_t index) {
    return index < program->pte->method_count ? program->pte->methods[index].name : NULL;
}

mica_status program_find_method(const mica_program *program, const char *name, size_t *index, mica_error *error) {
    const char *const wanted = name ? name : "forward";
    const size_t count = program->pte->method_count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(program->pte->methods[i].name, wanted) != 0) continue;
        *index = i;
        return MICA_OK;
    }
    if (!name && count == 1) {
        *index = 0;
        return MICA_OK;
    }
    char known[256] = "";
    for (size_t i = 0; i < count && strlen(known) < 200; i++) {
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, program->pte->methods[i].name, sizeof known - strlen(known) - 1);
    }
    return error_set(error, MICA_ERROR_NOT_FOUND, "there is no method '%s'; the program has %s", wanted, known);
}

static const pte_method *method_at(const mica_program *program, size_t method) {
    return method < program->pte->method_count ? &program->pte->methods[method] : NULL;
}

size_t mica_program_input_count(const mica_program *program, size_t method) {
    const pte_method *const found = method_at(program, method);
    return found ? found->inputs.count : 0;
}

size_t mica_program_output_count(const mica_program *program, size_t method) {
    const pte_method *const found = method_at(program, method);
    return found ? found->outputs.count : 0;
}

static void describe(const pte_value *value, mica_value_info *info) {
    *info = (mica_value_info){.kind = MICA_NONE};
    switch (value->tag) {
    case PTE_TENSOR:
        info->kind = MICA_TENSOR;
        info->type = value->as.tensor->type;
        info->rank = value->as.tensor->rank;
        info->dynamic = value->as.tensor->dynamic;
        for (size_t i = 0; i < info->rank; i++) {
            info->sizes[i] = value->as.tensor->sizes[i];
            info->dim_order[i] = value->as.tensor->dim_order[i];
        }
        break;
    case PTE_INT: info->constant.as.integer = value->as.integer, info->kind = MICA_INT; break;
    case PTE_BOOL: info->constant.as.boolean = value->as.boolean, info->kind = MICA_BOOLEAN; break;
    case PTE_DOUBLE: info->constant.as.real = value->as.real, info->kind = MICA_DOUBLE; break;
    case PTE_STRING: info->constant.as.string = value->as.string, info->kind = MICA_STRING; break;
    case PTE_TENSOR_LIST:
    case PTE_OPTIONAL_TENSOR_LIST: info->kind = MICA_TENSOR_LIST; break;
    default: break;
    }
    if (info->kind != MICA_TENSOR) info->constant.kind = info->kind;
}

static mica_status value_info(const mica_program *program, size_t method, bool input, size_t index,
                              mica_value_info *info) {
    const pte_method *const found = method_at(program, method);
    if (!found || !info) return MICA_ERROR_ARGUMENT;
    const bytes_span list = input ? found->inputs : found->outputs;
    if (index >= list.count) return MICA_ERROR_ARGUMENT;
    describe(&found->values[span_i32(list, index)], info);
    return MICA_OK;
}

mica_status mica_program_input_info(const mica_program *program, size_t method, size_t index, mica_value_info *info) {
    return value_info(program, method, true, index, info);
}

mica_status mica_program_output_info(const mica_program *program, size_t method, size_t index,
                                     mica_value_info *info) {
    return value_info(program, method, false, index, info);
}

void mica_program_query_sizes(const mica_program *program, mica_program_sizes *sizes) {
    const pte_program *const pte = program->pte;
    *sizes = (mica_program_sizes){.file = program->origin.sources[0].file.size,
                                  .program = pte->program_size,
                                  .constants = pte->constant_bytes,
                                  .delegates = pte->delegate_bytes,
                                  .named_data = pte->named_bytes,
                                  .mutable_data = pte->mutable_bytes};
}

const char *mica_program_missing_data(const mica_program *program, size_t method, size_t index) {
    if (!method_at(program, method) || index >= program->missing[method].count) return NULL;
    return program->missing[method].keys[index];
}

size_t mica_program_planned_bytes(const mica_program *program, size_t method) {
    const pte_method *const found = method_at(program, method);
    return found ? found->planned_bytes : 0;
}

/* ---- operators used: kernels first, then delegates by backend, each name once ---- */

static size_t count_calls(const pte_method *method, pte_call call, size_t index) {
    size_t calls = 0;
    for (size_t c = 0; c < method->chain_count; c++) {
        for (size_t i = 0; i < method->chains[c].count; i++) {
            const pte_instruction *const instruction = &method->chains[c].instructions[i];
            calls += instruction->call == call && instruction->index == index;
        }
    }
    return calls;
}

static bool same_backend_before(const pte_method *method, size_t delegate) {
    for (size_t i = 0; i < delegate; i++) {
        if (!strcmp(method->delegates[i].id, method->delegates[delegate].id)) return true;
    }
    return false;
}

size_t mica_program_operator_count(const mica_program *program, size_t method) {
    const pte_method *const found = method_at(program, method);
    if (!found) return 0;
    size_t count = found->operator_count;
    for (size_t i = 0; i < found->delegate_count; i++) count += !same_backend_before(found, i);
    return count;
}

static mica_operator_use backend_use(const mica_program *program, size_t method, size_t first) {
    const pte_method *const found = &program->pte->methods[method];
    mica_operator_use use = {.name = found->delegates[first].id, .available = true, .delegate = true};
    for (size_t i = first; i < found->delegate_count; i++) {
        if (strcmp(found->delegates[i].id, use.name) != 0) continue;
        use.calls += count_calls(found, PTE_DELEGATE_CALL, i);
        use.available &= program->payloads[method][i] != NULL;
        if (!use.lack) use.lack = program->lacks[method][i];
    }
    return use;
}

mica_status mica_program_operator(const mica_program *program, size_t method, size_t index, mica_operator_use *use) {
    const pte_method *const found = method_at(program, method);
    if (!found || !use) return MICA_ERROR_ARGUMENT;
    if (index < found->operator_count) {
        const char *const name = found->operators[index];
        *use = (mica_operator_use){.name = name,
                                   .calls = count_calls(found, PTE_KERNEL_CALL, index),
                                   .available = portable_find(name) != NULL};
        return MICA_OK;
    }
    index -= found->operator_count;
    for (size_t i = 0; i < found->delegate_count; i++) {
        if (same_backend_before(found, i) || index-- > 0) continue;
        *use = backend_use(program, method, i);
        return MICA_OK;
    }
    return MICA_ERROR_ARGUMENT;
}
