/* SPDX-License-Identifier: Apache-2.0
 *
 * Events joined with the record of the export. The columns that the Inspector has are filled by its rules; then,
 * which it cannot, every node inside a delegate is led back by its own debug handle to its operators, module and
 * source line.
 */
#include "devtools/inspection.h"

#include <stdlib.h>

#define OP_TYPE_LIMIT (1 << 24) /* of all rows: a small file may name many operators many times */

/* ---- the Inspector's rules ---- */

typedef struct handle_list {
    const int64_t *items;
    size_t count;
} handle_list;

/* The handles of a row: its instruction's, or inside a delegate what the delegate's own map has for its id, by
 * that id or by any key that is a part of it, the last one winning. */
static handle_list handles_of(const mica_inspect_row *row, const record_instruction *at) {
    handle_list found = {at->handles, at->handle_count};
    if (!row->delegated || !at->backend) return found;
    found = (handle_list){0};
    for (size_t i = 0; i < at->id_count; i++)
        if (strcmp(at->ids[i].key, row->name) == 0) found = (handle_list){at->ids[i].handles, at->ids[i].count};
    for (size_t i = 0; i < at->id_count; i++)
        if (strstr(row->name, at->ids[i].key)) found = (handle_list){at->ids[i].handles, at->ids[i].count};
    return found;
}

/* The record's word on a row's instruction; NULL where it has none. The map counts what stands outside of all chains
 * to instruction 0. */
static const record_instruction *instruction_of(const mica_inspection *inspection, const mica_inspect_row *row) {
    const record_instruction *const at = etrecord_find(&inspection->record, row->instruction);
    return at && at->handles ? at : NULL;
}

static mica_status join_row(mica_inspection *inspection, const record_instruction *at, mica_inspect_row *row,
                            mica_error *error) {
    size_t count = 0, total = 0;
    void *memory = NULL;
    if (at->backend && (row->delegated || strcmp(row->name, DELEGATE_CALL) == 0))
        TRY(inspection_text(inspection, at->backend, &row->backend, error));
    if (strcmp(row->name, "Method::init") == 0 || strcmp(row->name, "Program::load_method") == 0 ||
        strcmp(row->name, EXECUTE) == 0)
        return MICA_OK;
    const handle_list handles = handles_of(row, at);
    for (size_t i = 0; i < handles.count; i++) {
        etrecord_nodes(&inspection->record, handles.items[i], &count);
        total += count;
    }
    if (total > OP_TYPE_LIMIT - inspection->op_type_count)
        return error_set(error, MICA_ERROR_LIMIT, "the record gives more than %d operators to the events",
                         OP_TYPE_LIMIT);
    inspection->op_type_count += total;
    TRY(arena_array(&inspection->arena, total, sizeof(char *), &memory, error));
    const char **const ops = memory;
    for (size_t i = 0; i < handles.count; i++) {
        const record_node *const nodes = etrecord_nodes(&inspection->record, handles.items[i], &count);
        for (size_t k = 0; k < count; k++) ops[row->op_type_count++] = nodes[k].op;
    }
    row->op_types = ops;
    return MICA_OK;
}

/* ---- beyond them ---- */

/* Names of operators, each once, in order; the conversions around them only where there is nothing else. */
struct name_list {
    const char *items[8];
    size_t count, more;
};

static void add_names(struct name_list *list, const record_node *nodes, size_t count, bool quantization) {
    for (size_t i = 0; i < count; i++) {
        bool known = record_is_quantization(nodes[i].op) != quantization;
        for (size_t k = 0; k < list->count && !known; k++) known = strcmp(list->items[k], nodes[i].op) == 0;
        if (known) continue;
        if (list->count < sizeof list->items / sizeof *list->items)
            list->items[list->count++] = nodes[i].op;
        else
            list->more++;
    }
}

static mica_status join_names(mica_inspection *inspection, const struct name_list *list, const char **text,
                              mica_error *error) {
    char line[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < list->count && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", i ? ", " : "", list->items[i]);
    if (list->more && used < sizeof line) snprintf(line + used, sizeof line - used, ", and %zu more", list->more);
    return inspection_text(inspection, line, text, error);
}

/* ---- nodes inside delegates ---- */

/* An operator without a node of its own, and the node that it was fused into: the one before it in graph order. */
typedef struct fusion {
    int64_t into, handle;
    size_t position;
} fusion;

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_target(const void *a, const void *b) {
    const fusion *const x = a, *const y = b;
    if (x->into != y->into) return x->into < y->into ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* `rows` were recorded inside one delegate call, whose handles `at` lists. */
static mica_status find_fusions(mica_inspection *inspection, const row_source *sources, size_t rows,
                                const record_instruction *at, fusion **fusions, size_t *count, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(&inspection->arena, rows, sizeof(int64_t), &memory, error));
    int64_t *const anchors = memory, current = NO_HANDLE;
    TRY(arena_array(&inspection->arena, at->handle_count, sizeof(fusion), &memory, error));
    *fusions = memory;
    *count = 0;
    for (size_t i = 0; i < rows; i++) anchors[i] = sources[i].handle;
    qsort(anchors, rows, sizeof *anchors, by_number);
    for (size_t i = 0; i < at->handle_count; i++) {
        if (bsearch(&at->handles[i], anchors, rows, sizeof *anchors, by_number))
            current = at->handles[i];
        else if (current != NO_HANDLE)
            (*fusions)[(*count)++] = (fusion){current, at->handles[i], i};
    }
    qsort(*fusions, *count, sizeof **fusions, by_target);
    return MICA_OK;
}

static mica_status describe_node(mica_inspection *inspection, const fusion *fusions, size_t fusion_count,
                                 mica_inspect_row *row, mica_error *error) {
    const int64_t handle = inspection->sources[row->index].handle;
    struct name_list names = {0};
    size_t count = 0, fused_count = 0;
    const record_node *const nodes = etrecord_nodes(&inspection->record, handle, &count);
    if (!nodes) return MICA_OK;
    TRY(inspection_origin(inspection, nodes, count, row, error));
    add_names(&names, nodes, count, false);
    const fusion wanted = {.into = handle};
    size_t low = 0, high = fusion_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (by_target(&fusions[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < fusion_count && fusions[low].into == handle; low++) {
        const record_node *const fused = etrecord_nodes(&inspection->record, fusions[low].handle, &fused_count);
        add_names(&names, fused, fused_count, false);
    }
    if (names.count == 0) add_names(&names, nodes, count, true);
    return join_names(inspection, &names, &row->operators, error);
}

/* ---- calls ---- */

/* All operators of the instruction; outside of delegates, which have many, also where they come from. */
static mica_status describe_call(mica_inspection *inspection, const record_instruction *at, mica_inspect_row *row,
                                 mica_error *error) {
    struct name_list names = {0};
    for (int quantization = 0; quantization < 2 && names.count == 0; quantization++)
        for (size_t i = 0; i < at->handle_count; i++) {
            size_t count = 0;
            const record_node *const nodes = etrecord_nodes(&inspection->record, at->handles[i], &count);
            add_names(&names, nodes, count, quantization);
            if (!at->backend && !*row->source) TRY(inspection_origin(inspection, nodes, count, row, error));
        }
    return join_names(inspection, &names, &row->operators, error);
}

/* ---- does the record belong to the dump? ---- */

static bool is_call_of(const mica_inspection *inspection, size_t row, const char *name) {
    return inspection->sources[row].event->chain >= 0 && strcmp(inspection->rows[row].name, name) == 0;
}

/* The first thing in the dump that cannot be of the model that the record describes; false: none. */
static bool find_mismatch(const mica_inspection *inspection, char *text, size_t size) {
    bool executed = false, delegated = false, expected = false;
    for (size_t i = 0; i < inspection->row_count; i++) {
        const mica_inspect_row *const row = &inspection->rows[i];
        const record_instruction *const at = etrecord_find(&inspection->record, row->instruction);
        const bool delegate = is_call_of(inspection, i, DELEGATE_CALL),
                   kernel = is_call_of(inspection, i, OPERATOR_CALL);
        executed |= strcmp(row->name, EXECUTE) == 0;
        delegated |= delegate;
        if ((delegate && !(at && at->backend)) || (kernel && at && at->backend)) {
            snprintf(text, size, "instruction %d calls a %s in the dump, but not in the record", row->instruction,
                     delegate ? "delegate" : "kernel");
            return true;
        }
    }
    for (size_t i = 0; i < inspection->record.instruction_count; i++)
        expected |= inspection->record.instructions[i].backend != NULL;
    if (executed && expected && !delegated)
        snprintf(text, size, "no delegate is called in the dump, but in the record");
    return executed && expected && !delegated;
}

/* ---- the whole ---- */

static mica_status join_rows(mica_inspection *inspection, const record_instruction *at, size_t first, size_t end,
                             mica_error *error) {
    fusion *fusions = NULL;
    size_t fusion_count = 0;
    if (inspection->rows[first].delegated)
        TRY(find_fusions(inspection, inspection->sources + first, end - first, at, &fusions, &fusion_count, error));
    for (size_t i = first; i < end; i++) {
        mica_inspect_row *const row = &inspection->rows[i];
        TRY(join_row(inspection, at, row, error));
        if (inspection->sources[i].event->chain < 0 || row->role == MICA_ROW_FRAME) continue;
        TRY(row->delegated ? describe_node(inspection, fusions, fusion_count, row, error)
                           : describe_call(inspection, at, row, error));
    }
    return MICA_OK;
}

mica_status inspection_join(mica_inspection *inspection, mica_error *error) {
    char mismatch[256];
    if (!inspection->record_path) return MICA_OK;
    if (find_mismatch(inspection, mismatch, sizeof mismatch)) {
        TRY(inspection_note(inspection, true, error, "%s is the record of another model: %s; shown without it",
                            inspection->record_path, mismatch));
        inspection->record_path = NULL;
        return MICA_OK;
    }
    if (inspection->record.node_count == 0)
        TRY(inspection_note(inspection, true, error, "%s holds no edge program: operators are not known",
                            inspection->record_path));
    for (size_t i = 0, end; i < inspection->row_count; i = end) {
        const record_instruction *const at = instruction_of(inspection, &inspection->rows[i]);
        for (end = i + 1; end < inspection->row_count && inspection_same_call(inspection, i, end);) end++;
        if (at) TRY(join_rows(inspection, at, i, end, error));
    }
    return MICA_OK;
}
