/* SPDX-License-Identifier: Apache-2.0
 *
 * Events of a foreign dump joined with the model. XNNPACK does not say which node an event is of, but it runs nodes in
 * the payload's order under names that tell their kind: events and nodes are two lists of one story, and are aligned.
 */
#include "base/context.h"
#include "devtools/align.h"
#include "devtools/inspection.h"
#include "mica/program.h"

/* Rows one behind the other, inside one delegate call, and the nodes of that call. */
typedef struct call {
    const mica_inspect_row *rows;
    size_t row_count;
    const mica_report *report;
    size_t first, node_count; /* in the report */
} call;

static unsigned same_node(const void *context, size_t i, size_t j) {
    const call *const c = context;
    return align_names(c->rows[i].name, mica_report_node(c->report, c->first + j)->name);
}

static mica_status describe(mica_inspection *inspection, size_t index, const mica_node_report *node,
                            mica_error *error) {
    mica_inspect_row *const row = &inspection->rows[index];
    TRY(inspection_text(inspection, node->node_type, &row->node_type, error));
    TRY(inspection_text(inspection, node->shapes, &row->shapes, error));
    TRY(inspection_text(inspection, node->types, &row->types, error));
    row->operations = node->operations;
    row->bytes = node->bytes;
    row->eligible_kind = node->eligible_kind;
    if (node->debug_handle != INSERTED_HANDLE) inspection->sources[index].handle = node->debug_handle;
    return MICA_OK;
}

/* Nodes of a report that belong to one instruction stand together. */
static void find_nodes(const mica_report *report, int64_t chain, int32_t instruction, size_t *first, size_t *count) {
    const mica_node_report *node;
    *first = *count = 0;
    for (size_t i = 0; (node = mica_report_node(report, i)); i++) {
        if (node->chain != chain || node->instruction != instruction) continue;
        if (!*count) *first = i;
        ++*count;
    }
}

/* Rows [first, end) are of one instruction, all inside a delegate or all not. `matched` counts those with a node. */
static mica_status join_rows(mica_inspection *inspection, const mica_report *report, size_t first, size_t end,
                             size_t *matched, mica_error *error) {
    struct arena scratch;
    void *memory = NULL;
    call c = {.rows = &inspection->rows[first], .row_count = end - first, .report = report};
    find_nodes(report, inspection->sources[first].event->chain, c.rows->instruction, &c.first, &c.node_count);
    arena_init(&scratch, inspection->arena.allocator, 0);
    mica_status status = arena_array(&scratch, c.row_count, sizeof(size_t), &memory, error);
    size_t *const partner = memory;
    if (status == MICA_OK)
        status = align_lists(c.row_count, c.node_count, same_node, &c, partner, scratch.allocator, error);
    for (size_t i = 0; i < c.row_count && status == MICA_OK; i++) {
        if (partner[i] == ALIGN_NONE) continue;
        ++*matched;
        if (*c.rows[i].node_type) continue; /* the dump itself has told */
        status = describe(inspection, first + i, mica_report_node(report, c.first + partner[i]), error);
    }
    arena_free(&scratch);
    return status;
}

static mica_status join_report(mica_inspection *inspection, const mica_report *report, const char *path,
                               mica_error *error) {
    size_t matched = 0, delegated = 0;
    for (size_t i = 0, end; i < inspection->row_count; i = end) {
        for (end = i + 1; end < inspection->row_count && inspection_same_call(inspection, i, end);) end++;
        TRY(join_rows(inspection, report, i, end, &matched, error));
        delegated += inspection->rows[i].delegated ? end - i : 0;
    }
    if (delegated && matched * 2 < delegated)
        return inspection_note(
            inspection, true, error,
            "%s is hardly the model that ran: only %zu of %zu events inside delegates have a node in it", path,
            matched, delegated);
    return MICA_OK;
}

mica_status inspection_model(mica_inspection *inspection, const char *path, const char *method, mica_error *error) {
    mica_context *const context = inspection->context;
    mica_program *program = NULL;
    mica_report *report = NULL;
    mica_status status = mica_program_open(context, path, NULL, &program);
    if (status == MICA_OK) status = mica_explain(context, program, method, NULL, &report);
    if (status == MICA_OK)
        status = join_report(inspection, report, path, error);
    else if (status == MICA_ERROR_MEMORY || status == MICA_ERROR_IO)
        error_in(error, status, "%s", path);
    else
        status =
            inspection_note(inspection, true, error, "%s: %s; shown without it", path, mica_context_error(context));
    mica_report_destroy(report);
    mica_program_close(program);
    return status;
}
