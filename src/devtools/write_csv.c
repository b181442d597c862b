/* SPDX-License-Identifier: Apache-2.0
 *
 * A row per event with all columns, for spreadsheets and scripts (RFC 4180).
 */
#include "base/number.h"
#include "devtools/columns.h"
#include "devtools/write.h"

static void put_text(const char *text, FILE *out) {
    const bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (quoted) putc('"', out);
    for (; *text; text++) {
        if (*text == '"') putc('"', out);
        putc(*text, out);
    }
    if (quoted) putc('"', out);
}

static void put_cell(cell value, FILE *out) {
    char number[NUMBER_TEXT];
    switch (value.kind) {
    case CELL_NONE: break;
    case CELL_TEXT: put_text(value.as.text, out); break;
    case CELL_REAL: fputs(number_repr(value.as.real, number), out); break;
    case CELL_WHOLE: fprintf(out, "%lld", (long long)value.as.whole); break;
    case CELL_TRUTH: fputs(value.as.truth ? "true" : "false", out); break;
    }
}

void write_csv(const mica_inspection *inspection, FILE *out) {
    for (size_t c = 0; c < column_count; c++) {
        fprintf(out, "%s%s", c ? "," : "", columns[c].name);
        if (columns[c].time) fprintf(out, "_%s", mica_time_scale_name(inspection->summary.scale));
    }
    fputs("\r\n", out);
    for (size_t i = 0; i < inspection->selected_count; i++) {
        for (size_t c = 0; c < column_count; c++) {
            if (c) putc(',', out);
            put_cell(column_cell(&columns[c], inspection->selected[i]), out);
        }
        fputs("\r\n", out);
    }
}
