/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a node of the edge program comes from: the module and the line of source that the exporter noted.
 */
#include "devtools/inspection.h"

/* The innermost module of "key,path,type;key,path,type"; the wrappers that exporting puts around a model are none. */
static mica_status read_module(mica_inspection *inspection, const char *modules, mica_inspect_row *row,
                               mica_error *error) {
    const char *const last = strrchr(modules, ';'), *const entry = last ? last + 1 : modules;
    const char *const path = strchr(entry, ','), *const type = strrchr(entry, ',');
    if (!path || path == type || strstr(entry, "<locals>") || entry[0] == '_') return MICA_OK;
    TRY(arena_string(&inspection->arena, path + 1, (size_t)(type - path - 1), &row->module, error));
    TRY(inspection_text(inspection, row->module, &row->module, error));
    return inspection_text(inspection, type + 1, &row->module_type, error);
}

/* A frame of a stack trace: 'File "model.py", line 12, in forward', and the code on the line below. */
typedef struct frame {
    const char *file, *line, *function, *code;
    int file_length, line_length, function_length, code_length;
} frame;

static int length_until(const char *text, const char *stops) { return (int)strcspn(text, stops); }

static bool next_frame(const char **at, frame *out) {
    const char *const file = strstr(*at, "File \"");
    if (!file) return false;
    *out = (frame){
        .file = file + 6, .file_length = length_until(file + 6, "\"\n"), .line = "", .function = "", .code = ""};
    const char *rest = out->file + out->file_length;
    *at = rest;
    if (strncmp(rest, "\", line ", 8) != 0) return true;
    out->line = rest + 8;
    out->line_length = length_until(out->line, ",\n");
    rest = out->line + out->line_length;
    if (strncmp(rest, ", in ", 5) == 0) {
        out->function = rest + 5;
        out->function_length = length_until(out->function, "\n");
        rest = out->function + out->function_length;
    }
    *at = rest;
    if (*rest != '\n') return true;
    rest += strspn(rest, "\n ");
    if (strncmp(rest, "File \"", 6) != 0) {
        out->code = rest;
        out->code_length = length_until(rest, "\n");
    }
    return true;
}

/* The innermost line of the user's own code; of the library's where there is no other. */
static mica_status read_source(mica_inspection *inspection, const char *stack, mica_inspect_row *row,
                               mica_error *error) {
    frame chosen = {0}, next;
    bool own = false;
    for (const char *at = stack; next_frame(&at, &next);) {
        char file[512];
        snprintf(file, sizeof file, "/%.*s", next.file_length, next.file);
        const bool library = strstr(file, "/torch/") != NULL;
        if (library && own) continue;
        own = !library;
        chosen = next;
    }
    if (!chosen.file) return MICA_OK;
    char line[1024];
    snprintf(line, sizeof line, "%.*s:%.*s%s%.*s%s%.*s", chosen.file_length, chosen.file, chosen.line_length,
             chosen.line, chosen.function_length ? ", in " : "", chosen.function_length, chosen.function,
             chosen.code_length ? ": " : "", chosen.code_length, chosen.code);
    TRY(inspection_text(inspection, line, &row->source, error));
    return inspection_text(inspection, stack, &row->stack, error);
}

/* Module and source from the node that says most: no conversion, and one that has them. */
mica_status inspection_origin(mica_inspection *inspection, const record_node *nodes, size_t count,
                              mica_inspect_row *row, mica_error *error) {
    const record_node *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (!best || (record_is_quantization(best->op) && !record_is_quantization(nodes[i].op))) best = &nodes[i];
    if (!best) return MICA_OK;
    if (best->modules) TRY(read_module(inspection, best->modules, row, error));
    if (best->stack) TRY(read_source(inspection, best->stack, row, error));
    return MICA_OK;
}
