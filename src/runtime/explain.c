/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of a method: its delegates' nodes and its kernel calls in order of instructions, for any CPU.
 */
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "kernel/gemm/gemm.h"
#include "runtime/method.h"

/* ---- kernel calls ---- */

/* "2x3" and "f32" of every tensor argument; the last argument is the return slot and repeats an out. */
static void describe_tensors(const pte_method *plan, bytes_span args, char *shapes, char *types, size_t size,
                             double *bytes) {
    size_t at[2] = {0, 0};
    for (size_t i = 0; i + 1 < args.count; i++) {
        const pte_value *const value = &plan->values[span_i32(args, i)];
        if (value->tag != PTE_TENSOR) continue;
        const pte_tensor *const tensor = value->as.tensor;
        const char *const join = !at[0] ? "" : i + 2 == args.count ? " -> " : ", ";
        char dims[128] = "scalar";
        for (size_t d = 0, used = 0; d < tensor->rank && used < sizeof dims; d++) {
            used += (size_t)snprintf(dims + used, sizeof dims - used, d ? "x%u" : "%u", (unsigned)tensor->sizes[d]);
        }
        if (at[0] < size) at[0] += (size_t)snprintf(shapes + at[0], size - at[0], "%s%s", join, dims);
        if (at[1] < size) {
            at[1] += (size_t)snprintf(types + at[1], size - at[1], "%s%s", join, mica_type_name(tensor->type));
        }
        *bytes += (double)tensor->bytes;
    }
}

static mica_status keep(mica_report *report, const char *text, const char **out, mica_error *error) {
    return arena_string(report->arena, text, strlen(text), out, error);
}

static mica_status explain_kernel(const pte_method *plan, const pte_instruction *instruction, const op_target *target,
                                  const report_place *place, mica_report *report, mica_error *error) {
    const char *const name = plan->operators[instruction->index];
    const char *const bare = strstr(name, "::");
    mica_node_report node = {.chain = place->chain,
                             .instruction = place->instruction,
                             .delegate = -1,
                             .node = -1,
                             .debug_handle = 65535,
                             .node_type = name,
                             .quantization = "",
                             .variant = target->kernels == MICA_KERNELS_REFERENCE ? "reference" : "standard",
                             .kernel = portable_find(name) ? "portable" : "missing",
                             .isa = "any",
                             .fused_into = "",
                             .peer = "portable kernel"};
    char text[256], shapes[256] = "", types[256] = "";
    snprintf(text, sizeof text, "native_call_%s", bare ? bare + 2 : name);
    describe_tensors(plan, instruction->args, shapes, types, sizeof shapes, &node.bytes);
    TRY(keep(report, text, &node.name, error));
    TRY(keep(report, shapes, &node.shapes, error));
    TRY(keep(report, types, &node.types, error));
    return report_append(report, &node, error);
}

/* ---- the whole ---- */

static mica_status explain_instruction(const mica_program *program, size_t method, const pte_instruction *instruction,
                                       const op_target *target, bool fuse, report_place place, mica_report *report,
                                       mica_error *error) {
    const pte_method *const plan = &program->pte->methods[method];
    if (instruction->call == PTE_KERNEL_CALL) {
        place.delegate = -1;
        return explain_kernel(plan, instruction, target, &place, report, error);
    }
    if (instruction->call != PTE_DELEGATE_CALL) return MICA_OK;
    place.delegate = (int)instruction->index;
    const xnn_graph *const payload = program->payloads[method][instruction->index];
    if (!payload) {
        return error_set(error, MICA_ERROR_UNSUPPORTED, "delegate %u: %s", instruction->index,
                         program->lacks[method][instruction->index]);
    }
    const mica_status status = graph_explain(payload, target, fuse, report, &place, error);
    return status == MICA_OK ? status : error_in(error, status, "delegate %u", instruction->index);
}

mica_status method_explain(const mica_program *program, size_t method, const op_target *target, bool fuse,
                           mica_report *report, method_instruction **instructions, mica_error *error) {
    const pte_method *const plan = &program->pte->methods[method];
    for (size_t c = 0; c < plan->chain_count; c++) {
        for (size_t i = 0; i < plan->chains[c].count; i++) {
            const report_place place = {.chain = (int)c, .instruction = (int)i};
            if (instructions) instructions[c][i].first_node = (int32_t)report->count;
            TRY(explain_instruction(program, method, &plan->chains[c].instructions[i], target, fuse, place, report,
                                    error));
        }
    }
    return MICA_OK;
}

/* ---- public ---- */

static mica_status find_target(const mica_context *context, const char *isa, op_target *target, mica_error *error) {
    *target = (op_target){context->features, context->kernels};
    if (!isa) return MICA_OK;
    if (!strcmp(isa, "auto")) {
        target->features = cpu_detect();
        return MICA_OK;
    }
    const cpu_level *const level = cpu_level_find(isa);
    if (!level) return error_set(error, MICA_ERROR_NOT_FOUND, "there is no instruction set '%s'", isa);
    target->features = level->features;
    return MICA_OK;
}

mica_status mica_explain(mica_context *context, const mica_program *program, const char *method, const char *isa,
                         mica_report **out) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!program || !out) return error_set(error, MICA_ERROR_ARGUMENT, "mica_explain: NULL was given");
    op_target target;
    TRY(find_target(context, isa, &target, error));
    size_t index = 0;
    TRY(program_find_method(program, method, &index, error));
    struct arena arena;
    arena_init(&arena, &context->allocator, context->memory_limit);
    void *memory = NULL;
    TRY(arena_allocate(&arena, sizeof(mica_report), &memory, error));
    mica_report *const report = memory;
    report->own = arena;
    report->arena = &report->own;
    const mica_status status = method_explain(program, index, &target, context->fuse, report, NULL, error);
    if (status != MICA_OK) {
        error_in(error, status, "method %s", program->pte->methods[index].name);
        mica_report_destroy(report);
        return status;
    }
    *out = report;
    return MICA_OK;
}

size_t mica_report_count(const mica_report *report) { return report->count; }

const mica_node_report *mica_report_node(const mica_report *report, size_t index) {
    return index < report->count ? &report->nodes[index] : NULL;
}

void mica_report_destroy(mica_report *report) {
    if (!report || report->arena != &report->own) return;
    struct arena arena = report->own; /* it holds the report too */
    arena_free(&arena);
}

/* ---- the kernel table ---- */

bool mica_kernel_query(size_t index, mica_kernel_info *info) {
    if (index >= gemm_kernel_name_count) return false;
    const gemm_kernel_name *const row = &gemm_kernel_names[index];
    const cpu_level *const level = cpu_level_needed(row->needs);
    *info = (mica_kernel_info){.name = row->name,
                               .variant = gemm_variant_names[row->variant],
                               .isa = level->name,
                               .architecture = level->architecture,
                               .mr = row->mr,
                               .nr = row->nr,
                               .kr = row->kr,
                               .available = row->kernel && !(row->needs & ~cpu_detect())};
    return true;
}
