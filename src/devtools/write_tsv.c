/* SPDX-License-Identifier: Apache-2.0
 *
 * The Inspector's save_data_to_tsv, byte for byte: a pandas frame as its to_csv writes it, with Python's texts of
 * lists, numbers and bytes inside.
 */
#include "base/number.h"
#include "devtools/write.h"

#include <stdlib.h>

/* One field grows here, since only its whole text says whether it needs quotes. */
struct field {
    char *text;
    size_t size;
    FILE *stream;
};

static void open_field(struct field *field) { field->stream = open_memstream(&field->text, &field->size); }

/* Quotes as Python's csv module does where it must. */
static void end_field(struct field *field, FILE *out) {
    bool quoted = false;
    fflush(field->stream);
    for (size_t i = 0; i < field->size && !quoted; i++) quoted = strchr("\t\"\n", field->text[i]) && field->text[i];
    if (quoted) putc('"', out);
    for (size_t i = 0; i < field->size; i++) {
        if (field->text[i] == '"') putc('"', out);
        putc(field->text[i], out);
    }
    if (quoted) putc('"', out);
    rewind(field->stream);
}

static void put_text(struct field *field, const char *text, FILE *out) {
    fputs(text, field->stream);
    end_field(field, out);
}

/* repr() of a str or of bytes: quoted by ' unless there is one inside and no ". */
static void put_repr(FILE *stream, const char *bytes, size_t size, bool is_bytes) {
    const bool turned = size > 0 && memchr(bytes, '\'', size) && !memchr(bytes, '"', size);
    const char quote = turned ? '"' : '\'';
    if (is_bytes) putc('b', stream);
    putc(quote, stream);
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (c == (unsigned char)quote || c == '\\')
            fprintf(stream, "\\%c", c);
        else if (c == '\t' || c == '\n' || c == '\r')
            fprintf(stream, "\\%c", c == '\t' ? 't' : c == '\n' ? 'n' : 'r');
        else if (c < ' ' || c == 0x7f || (is_bytes && c > 0x7f))
            fprintf(stream, "\\x%02x", c);
        else
            putc(c, stream);
    }
    putc(quote, stream);
}

/* Lists of five and more are shortened, and then no list any more. */
static void put_op_types(struct field *field, const mica_inspect_row *row, FILE *out) {
    const char *const *const ops = row->op_types;
    const size_t count = row->op_type_count;
    if (count >= 5) {
        fprintf(field->stream, "['%s', '%s' ... '%s'] (%zu total)", ops[0], ops[1], ops[count - 1], count);
    } else {
        putc('[', field->stream);
        for (size_t i = 0; i < count; i++) {
            if (i) fputs(", ", field->stream);
            put_repr(field->stream, ops[i], strlen(ops[i]), false);
        }
        putc(']', field->stream);
    }
    end_field(field, out);
}

static void put_starts(struct field *field, const mica_inspect_row *row, FILE *out) {
    if (row->samples > 0) {
        for (size_t i = 0; i < row->samples; i++)
            fprintf(field->stream, "%s%llu", i ? ", " : "[", (unsigned long long)row->start[i]);
        putc(']', field->stream);
    }
    end_field(field, out);
}

static bool has_metadata(const profile_event *event) {
    for (size_t i = 0; i < event->count; i++)
        if (event->samples[i]->metadata.count) return true;
    return false;
}

static void put_metadata(struct field *field, const profile_event *event, FILE *out) {
    if (has_metadata(event)) {
        for (size_t i = 0; i < event->count; i++) {
            const bytes_span bytes = event->samples[i]->metadata;
            fputs(i ? ", " : "[", field->stream);
            put_repr(field->stream, bytes.count ? (const char *)bytes.data : "", bytes.count, bytes.count > 0);
        }
        putc(']', field->stream);
    }
    end_field(field, out);
}

void write_tsv(const mica_inspection *inspection, const mica_inspect_style *style, FILE *out) {
    static const char *const statistics[] = {"p10", "p50", "p90", "avg", "min", "max"};
    char number[NUMBER_TEXT];
    struct field field;
    bool metadata = false;
    open_field(&field);
    for (size_t i = 0; i < inspection->row_count && !metadata && !style->no_metadata; i++)
        metadata = has_metadata(inspection->sources[i].event);
    fputs("\tevent_block_name\tevent_name", out);
    for (size_t i = 0; i < 6; i++) {
        fprintf(out, "\t%s", statistics[i]);
        if (!style->no_units) fprintf(out, " (%s)", mica_time_scale_name(inspection->summary.scale));
    }
    fputs("\top_types\tis_delegated_op\tdelegate_backend_name\tstart_time", out);
    if (metadata) fputs("\tdelegate_debug_metadata", out);
    putc('\n', out);
    for (size_t i = 0; i < inspection->selected_count; i++) {
        const mica_inspect_row *const row = inspection->selected[i];
        const double times[] = {row->time.p10, row->time.p50, row->time.p90,
                                row->time.avg, row->time.min, row->time.max};
        fprintf(out, "%zu\t", i);
        put_text(&field, row->block, out);
        putc('\t', out);
        put_text(&field, row->name, out);
        for (size_t k = 0; k < 6; k++) fprintf(out, "\t%s", row->samples ? number_repr(times[k], number) : "");
        putc('\t', out);
        put_op_types(&field, row, out);
        fprintf(out, "\t%s\t", row->delegated ? "True" : "False");
        put_text(&field, row->backend, out);
        putc('\t', out);
        put_starts(&field, row, out);
        if (metadata) {
            putc('\t', out);
            put_metadata(&field, inspection->sources[row->index].event, out);
        }
        putc('\n', out);
    }
    fclose(field.stream);
    free(field.text);
}
