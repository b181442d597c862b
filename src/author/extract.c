/* SPDX-License-Identifier: Apache-2.0
 *
 * One node of a model as a model of its own.
 */
#include "author/extract.h"
#include "mica/explain.h"
#include "runtime/program.h"

/* What `index` counts in the method's report. */
static mica_status find_node(mica_context *context, const mica_program *program, const char *method, size_t index,
                             mica_node_report *found) {
    mica_report *report;
    TRY(mica_explain(context, program, method, NULL, &report));
    const size_t count = mica_report_count(report);
    const mica_node_report *const node = mica_report_node(report, index);
    if (node) *found = *node;
    mica_report_destroy(report); /* of `found` only numbers stay */
    return node ? MICA_OK : error_set(&context->error, MICA_ERROR_NOT_FOUND, "node: %zu of %zu", index, count);
}

static bool takes_dynamic(const pte_method *method) {
    bool dynamic = false;
    for (size_t i = 0; i < method->inputs.count; i++) {
        const pte_value *const value = &method->values[span_i32(method->inputs, i)];
        dynamic |= value->tag == PTE_TENSOR && value->as.tensor->dynamic;
    }
    return dynamic;
}

static mica_status extract(const mica_program *program, size_t which, const mica_node_report *node,
                           struct arena *arena, bytes_span *file, bytes_span *record, mica_error *error) {
    const pte_method *const method = &program->pte->methods[which];
    if (node->node < 0)
        return extract_call(method, &method->chains[node->chain].instructions[node->instruction], arena, file, error);
    const xnn_graph *const from = program->payloads[which][node->delegate];
    if (from->missing)
        return error_set(error, MICA_ERROR_NOT_FOUND, "no data file has the weights '%s'", from->missing->key);
    xnn_graph graph = {0};
    TRY(extract_node(from, (size_t)node->node, arena, &graph, error));
    TRY(author_record(&graph, arena, record, error));
    return author_encode(&graph, takes_dynamic(method), arena, file, NULL, error);
}

mica_status mica_extract_node(mica_context *context, const mica_program *program, const char *method, size_t index,
                              const char *path, const char *record) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    if (!program || !path) return error_set(error, MICA_ERROR_ARGUMENT, "mica_extract_node: an argument is NULL");
    size_t which = 0;
    mica_node_report node = {0};
    TRY(program_find_method(program, method, &which, error));
    TRY(find_node(context, program, method, index, &node));
    struct arena arena;
    bytes_span file = {NULL, 0}, notes = {NULL, 0};
    const mica_author_files files = {sizeof files, path, record, NULL};
    arena_init(&arena, &context->allocator, 0);
    mica_status status = extract(program, which, &node, &arena, &file, &notes, error);
    if (status == MICA_OK) status = author_publish(&files, file, notes, (bytes_span){NULL, 0}, error);
    arena_free(&arena);
    return status;
}
