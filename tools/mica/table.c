/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "terminal.h"

#define CELL 1024 /* bytes of a cell's text, more is cut */

json_t *json_text(const char *text) {
    if (!text) return json_null();
    json_t *const valid = json_string(text);
    if (valid) return valid;
    char *const copy = grow(NULL, strlen(text) + 1, 1);
    strcpy(copy, text);
    for (char *at = copy; *at; at++) {
        if ((unsigned char)*at >= 0x80) *at = '?';
    }
    json_t *const made = json_string(copy);
    free(copy);
    return made;
}

json_t *json_decimal(double value) { return isfinite(value) ? json_real(value) : json_null(); }
json_t *json_count(size_t value) { return json_integer((json_int_t)value); }

json_t *row_add(json_t *rows) {
    json_t *const row = json_object();
    json_array_append_new(rows, row);
    return row;
}

void row_text(json_t *row, const char *key, const char *text) { json_object_set_new(row, key, json_text(text)); }
void row_real(json_t *row, const char *key, double value) { json_object_set_new(row, key, json_decimal(value)); }
void row_count(json_t *row, const char *key, size_t value) { json_object_set_new(row, key, json_count(value)); }
void row_flag(json_t *row, const char *key, bool value) { json_object_set_new(row, key, json_boolean(value)); }

void json_print(const json_t *value, FILE *out) {
    json_dumpf(value, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
}

/* A member as text; a list becomes "a; b", an object in it is shown by its first member. `decimals`: see column. */
static void cell_text(const json_t *value, int decimals, char *text, size_t size) {
    *text = 0;
    if (json_is_string(value)) snprintf(text, size, "%s", json_string_value(value));
    if (json_is_integer(value)) snprintf(text, size, "%lld", (long long)json_integer_value(value));
    if (json_is_real(value))
        snprintf(text, size, decimals < 0 ? "%.*g" : "%.*f", decimals == -1 ? 9 : abs(decimals),
                 json_real_value(value));
    if (json_is_boolean(value)) snprintf(text, size, "%s", json_is_true(value) ? "yes" : "no");
    if (json_is_object(value))
        cell_text(json_object_iter_value(json_object_iter((json_t *)value)), decimals, text, size);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const size_t used = strlen(text);
        if (used + 3 > size) return;
        if (i) strcpy(text + used, "; ");
        cell_text(json_array_get(value, i), decimals, text + strlen(text), size - strlen(text));
    }
}

/* ---- TSV and CSV ---- */

static void print_field(const char *text, bool csv, FILE *out) {
    const bool quote = csv && strpbrk(text, ",\"\r\n");
    if (quote) fputc('"', out);
    for (; *text; text++) {
        if (csv && *text == '"') fputc('"', out);
        fputc(!csv && strchr("\t\r\n", *text) ? ' ' : *text, out);
    }
    if (quote) fputc('"', out);
}

static void print_separated(const json_t *rows, const column *columns, size_t count, bool csv, FILE *out) {
    for (size_t r = 0; r <= json_array_size(rows); r++) {
        for (size_t c = 0; c < count; c++) {
            char text[CELL];
            if (r) cell_text(json_object_get(json_array_get(rows, r - 1), columns[c].key), -1, text, sizeof text);
            if (c) fputc(csv ? ',' : '\t', out);
            print_field(r ? text : columns[c].key, csv, out);
        }
        fputc('\n', out);
    }
}

/* ---- the table for people ---- */

static size_t total_width(const size_t *widths, size_t count) {
    size_t total = 0;
    for (size_t c = 0; c < count; c++) total += widths[c] ? widths[c] + 2 : 0;
    return total ? total - 2 : 0;
}

#define NARROW 12 /* columns of text are not cut below this */

/* Makes the table fit `limit`: leaves optional columns out, the last first, then cuts the widest columns of text. */
static void fit(const column *columns, size_t *widths, const bool *numeric, size_t count, size_t limit) {
    for (size_t c = count; c-- > 0 && total_width(widths, count) > limit;) {
        if (columns[c].style & COLUMN_OPTIONAL) widths[c] = 0;
    }
    while (total_width(widths, count) > limit) {
        size_t widest = count;
        for (size_t c = 0; c < count; c++) {
            if (!numeric[c] && (widest == count || widths[c] > widths[widest])) widest = c;
        }
        if (widest == count || widths[widest] <= NARROW) return;
        widths[widest]--;
    }
}

static void print_cell(const char *text, size_t width, bool right, const char *colour, bool last, FILE *out) {
    char shown[CELL];
    const size_t used = terminal_text(shown, sizeof shown, text, width);
    const int gap = (int)(width > used ? width - used : 0);
    if (right) fprintf(out, "%*s", gap, "");
    if (*colour)
        fprintf(out, "%s%s\033[0m", colour, shown);
    else
        fputs(shown, out);
    if (!last) fprintf(out, "%*s", (right ? 0 : gap) + 2, "");
}

/* Green: a packed kernel; yellow: none, where there could be one. */
static const char *shade_of(const json_t *row) {
    if (json_is_true(json_object_get(row, "accelerated"))) return "\033[32m";
    return json_is_true(json_object_get(row, "eligible_kind")) ? "\033[33m" : "";
}

/* What stands in a cell; a nested row's name is moved in. */
static void shown_text(const json_t *row, const column *how, char *text, size_t size) {
    const bool nested = how->style & COLUMN_NESTED && json_is_integer(json_object_get(row, "node"));
    if (nested) strcpy(text, "  ");
    const size_t used = nested ? 2 : 0;
    cell_text(json_object_get(row, how->key), how->decimals, text + used, size - used);
}

/* The width of a column, 0 where no row has anything to show; whether all that it shows are numbers. */
static size_t column_width(const json_t *rows, const column *how, bool *numeric) {
    char text[CELL], shown[CELL];
    *numeric = true;
    if (!how->heading) return 0;
    size_t widest = 0;
    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *const row = json_array_get(rows, r);
        shown_text(row, how, text, sizeof text);
        const size_t width = terminal_text(shown, sizeof shown, text, 0);
        if (width > widest) widest = width;
        if (width && !json_is_number(json_object_get(row, how->key))) *numeric = false;
    }
    const size_t heading = terminal_text(shown, sizeof shown, how->heading, 0);
    return widest && heading > widest ? heading : widest;
}

static void print_aligned(const json_t *rows, const column *columns, size_t count,
                          void (*under)(const json_t *row, FILE *out), FILE *out) {
    size_t widths[COLUMNS_MAX], last = 0;
    bool numeric[COLUMNS_MAX];
    for (size_t c = 0; c < count; c++) widths[c] = column_width(rows, &columns[c], &numeric[c]);
    const size_t limit = terminal_width(out);
    if (limit) fit(columns, widths, numeric, count, limit);
    for (size_t c = 0; c < count; c++) last = widths[c] ? c : last;

    const bool colour = terminal_colour(out);
    for (size_t c = 0; json_array_size(rows) && c < count; c++) {
        if (widths[c]) print_cell(columns[c].heading, widths[c], numeric[c], colour ? "\033[1m" : "", c == last, out);
        if (c == last) fputc('\n', out);
    }
    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *const row = json_array_get(rows, r);
        for (size_t c = 0; c < count; c++) {
            char text[CELL];
            if (!widths[c]) continue;
            shown_text(row, &columns[c], text, sizeof text);
            const bool accent = colour && columns[c].style & COLUMN_ACCENT;
            print_cell(text, widths[c], numeric[c], accent ? shade_of(row) : "", c == last, out);
        }
        fputc('\n', out);
        if (under) under(row, out);
    }
}

bool columns_select(const column *columns, size_t count, const char *list, column selected[COLUMNS_MAX],
                    size_t *selected_count, char unknown[64]) {
    for (*selected_count = 0; *list; ++*selected_count) {
        const size_t length = strcspn(list, ",");
        size_t c = 0;
        while (c < count && (strncmp(columns[c].key, list, length) != 0 || columns[c].key[length])) c++;
        if (c == count || *selected_count == COLUMNS_MAX) {
            snprintf(unknown, 64, "%.*s", (int)length, list);
            return false;
        }
        column *const chosen = &selected[*selected_count];
        *chosen = columns[c];
        if (!chosen->heading) chosen->heading = chosen->key;
        chosen->style &= ~COLUMN_OPTIONAL;
        list += length + (list[length] == ',');
    }
    return true;
}

void table_print(const json_t *rows, const column *columns, size_t count, output_format format,
                 void (*under)(const json_t *row, FILE *out), FILE *out) {
    switch (format) {
    case OUTPUT_TABLE: print_aligned(rows, columns, count, under, out); break;
    case OUTPUT_TSV: print_separated(rows, columns, count, false, out); break;
    case OUTPUT_CSV: print_separated(rows, columns, count, true, out); break;
    case OUTPUT_JSON: json_print(rows, out); break;
    }
}
