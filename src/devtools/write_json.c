/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that an inspection knows, as docs/inspect.md describes it. The page is made of the same text.
 */
#include <math.h>
#include <stdlib.h>

#include "base/emit.h"
#include "devtools/columns.h"
#include "devtools/write.h"

static void put_cell(cell value, struct emitter *out) {
    switch (value.kind) {
    case CELL_NONE: emit_real(out, NAN); break;
    case CELL_TEXT: emit_text(out, value.as.text); break;
    case CELL_REAL: emit_real(out, value.as.real); break;
    case CELL_WHOLE: emit_whole(out, value.as.whole); break;
    case CELL_TRUTH: emit_truth(out, value.as.truth); break;
    }
}

static void put_reasons(const mica_inspect_row *row, struct emitter *out) {
    emit_key(out, "reasons");
    emit_begin(out, '[');
    for (size_t i = 0; i < row->reason_count; i++) {
        emit_begin(out, '{');
        emit_member_text(out, "variant", row->reasons[i].variant);
        emit_member_text(out, "code", row->reasons[i].code);
        emit_member_text(out, "message", row->reasons[i].message);
        emit_member_text(out, "remedy", row->reasons[i].remedy);
        emit_end(out, '}');
    }
    emit_end(out, ']');
}

static void put_row(const mica_inspect_row *row, size_t limit, struct emitter *out) {
    emit_begin(out, '{');
    for (size_t c = 0; c < column_count; c++) {
        emit_key(out, columns[c].name);
        put_cell(column_cell(&columns[c], row), out);
    }
    emit_key(out, "op_types");
    emit_begin(out, '[');
    for (size_t i = 0; i < row->op_type_count; i++) emit_text(out, row->op_types[i]);
    emit_end(out, ']');
    emit_member_text(out, "stack", row->stack);
    put_reasons(row, out);
    const size_t shown = row->samples < limit ? row->samples : limit; /* evenly spaced, with the first */
    emit_key(out, "raw");
    emit_begin(out, '[');
    for (size_t i = 0; i < shown; i++) emit_real(out, row->raw[i * row->samples / shown]);
    emit_end(out, ']');
    emit_key(out, "start");
    emit_begin(out, '[');
    for (size_t i = 0; i < shown; i++) emit_whole(out, (int64_t)row->start[i * row->samples / shown]);
    emit_end(out, ']');
    emit_end(out, '}');
    putc('\n', out->stream);
}

static void put_summary(const mica_inspect_summary *summary, struct emitter *out) {
    const struct {
        const char *key;
        double value;
    } reals[] = {
        {"p10", summary->execute.p10},
        {"p50", summary->execute.p50},
        {"p90", summary->execute.p90},
        {"avg", summary->execute.avg},
        {"min", summary->execute.min},
        {"max", summary->execute.max},
        {"warm_low", summary->execute_low},
        {"warm_high", summary->execute_high},
        {"first", summary->execute_first},
        {"warm", summary->execute_warm},
        {"load", summary->load},
        {"work_share", summary->work_share},
        {"accelerated_share", summary->accelerated_share},
    };
    emit_key(out, "summary");
    emit_begin(out, '{');
    emit_member_whole(out, "runs", (int64_t)summary->runs);
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) emit_member_real(out, reals[i].key, reals[i].value);
    emit_member_text(out, "machine", summary->machine);
    emit_key(out, "limits");
    emit_begin(out, '{');
    for (size_t i = 0; i < MICA_LIMITS; i++)
        if (summary->limits[i] > 0) emit_member_real(out, inspection_limits[i], summary->limits[i]);
    emit_end(out, '}');
    emit_end(out, '}');
}

/* The dump's own words, copied. Outside of strings JSON has no '<'. */
static void put_machine(const json_t *machine, struct emitter *out) {
    char *const text = machine ? json_dumps(machine, JSON_COMPACT) : NULL;
    emit_begin(out, '{');
    for (const char *at = text ? text + 1 : "}"; *at; at++)
        if (*at == '<')
            fputs("\\u003c", out->stream);
        else
            putc(*at, out->stream);
    out->comma = true;
    free(text);
}

void write_json(const mica_inspection *inspection, size_t limit, FILE *stream) {
    struct emitter emitter = {.stream = stream}, *const out = &emitter;
    emit_begin(out, '{');
    emit_member_whole(out, "mica", 1);
    emit_member_text(out, "dump", inspection->path);
    emit_member_text(out, "record", inspection->record_path ? inspection->record_path : "");
    emit_member_text(out, "scale", mica_time_scale_name(inspection->summary.scale));
    emit_member_real(out, "ticks", inspection->factor);
    put_summary(&inspection->summary, out);
    emit_key(out, "machine");
    put_machine(inspection->machine, out);
    emit_key(out, "notes");
    emit_begin(out, '[');
    for (size_t i = 0; i < inspection->note_count; i++) {
        emit_begin(out, '{');
        emit_member_truth(out, "warning", inspection->notes[i].warning);
        emit_member_text(out, "text", inspection->notes[i].text);
        emit_end(out, '}');
    }
    emit_end(out, ']');
    emit_key(out, "rows");
    emit_begin(out, '[');
    for (size_t i = 0; i < inspection->selected_count; i++) put_row(inspection->selected[i], limit, out);
    emit_end(out, ']');
    emit_end(out, '}');
    putc('\n', stream);
}
