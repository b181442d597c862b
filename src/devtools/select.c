/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows are shown, and in what order.
 */
#include <math.h>
#include <regex.h>
#include <stdlib.h>

#include "base/context.h"
#include "devtools/columns.h"
#include "devtools/inspection.h"

const mica_inspect_row *mica_inspection_row(const mica_inspection *inspection, size_t index) {
    return index < inspection->selected_count ? inspection->selected[index] : NULL;
}

/* The column of numbers called so; NULL: none is. */
static const column *find_column(const char *name) {
    for (size_t i = 0; i < column_count; i++)
        if ((columns[i].kind == COLUMN_REAL || columns[i].kind == COLUMN_RATE) && strcmp(columns[i].name, name) == 0)
            return &columns[i];
    return NULL;
}

static double number_in(const column *key, const mica_inspect_row *row) {
    const cell value = column_cell(key, row);
    return value.kind == CELL_REAL ? value.as.real : -INFINITY;
}

static int by_position(const mica_inspect_row *x, const mica_inspect_row *y) {
    return (x->index > y->index) - (x->index < y->index);
}

static int by_name(const void *a, const void *b) {
    const mica_inspect_row *const x = *(const mica_inspect_row *const *)a, *const y =
                                                                               *(const mica_inspect_row *const *)b;
    const int names = strcmp(x->name, y->name);
    return names ? names : by_position(x, y);
}

/* Largest first; unknown ones last. */
static int by_number(const void *a, const void *b, void *key) {
    const mica_inspect_row *const x = *(const mica_inspect_row *const *)a, *const y =
                                                                               *(const mica_inspect_row *const *)b;
    const double u = number_in(key, x), v = number_in(key, y);
    return u != v ? (u < v) - (u > v) : by_position(x, y);
}

static mica_status compile(const char *pattern, regex_t *compiled, bool *given, mica_error *error) {
    *given = false;
    if (!pattern) return MICA_OK;
    const int code = regcomp(compiled, pattern, REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        char reason[128];
        regerror(code, compiled, reason, sizeof reason);
        return error_set(error, MICA_ERROR_ARGUMENT, "'%s' is no regular expression: %s", pattern, reason);
    }
    *given = true;
    return MICA_OK;
}

static bool takes(const mica_inspect_selection *selection, const mica_inspect_row *row, const regex_t *include,
                  const regex_t *exclude) {
    return (selection->calls || !strstr(row->name, OPERATOR_CALL)) &&
           (!include || regexec(include, row->name, 0, NULL, 0) == 0) &&
           (!exclude || regexec(exclude, row->name, 0, NULL, 0) != 0);
}

mica_status mica_inspection_select(mica_inspection *inspection, const mica_inspect_selection *selection) {
    mica_error *const error = &inspection->context->error;
    const char *const wanted = selection->sort ? selection->sort : "order";
    const column *const key = find_column(wanted);
    const bool named = strcmp(wanted, "name") == 0;
    bool includes = false, excludes = false;
    regex_t include, exclude;
    if (!key && !named && strcmp(wanted, "order") != 0)
        return error_set(error, MICA_ERROR_ARGUMENT, "rows cannot be sorted by '%s'", wanted);
    TRY(compile(selection->include, &include, &includes, error));
    const mica_status status = compile(selection->exclude, &exclude, &excludes, error);
    if (status == MICA_OK) {
        const mica_inspect_row **const rows = inspection->selected;
        size_t count = 0;
        for (size_t i = 0; i < inspection->row_count; i++)
            if (takes(selection, &inspection->rows[i], includes ? &include : NULL, excludes ? &exclude : NULL))
                rows[count++] = &inspection->rows[i];
        if (named) qsort(rows, count, sizeof *rows, by_name);
        if (key) qsort_r(rows, count, sizeof *rows, by_number, (void *)key);
        inspection->selected_count = count;
    }
    if (includes) regfree(&include);
    if (excludes) regfree(&exclude);
    return status;
}
