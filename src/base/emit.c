/* SPDX-License-Identifier: Apache-2.0 */
#include "base/emit.h"

#include <inttypes.h>
#include <math.h>

#include "base/number.h"

size_t utf8_length(const char *text) {
    const uint8_t *const at = (const uint8_t *)text, lead = at[0];
    if (lead < 0x80) return 1;
    const size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    const bool overlong = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xf0 && at[1] < 0x90);
    const bool beyond = (lead == 0xed && at[1] >= 0xa0) || (lead == 0xf4 && at[1] >= 0x90);
    return overlong || beyond ? 0 : length;
}

static void begin_value(struct emitter *out) {
    if (out->comma) putc(',', out->stream);
    out->comma = true;
}

static void put_string(FILE *stream, const char *text) {
    putc('"', stream);
    while (*text) {
        const unsigned char c = (unsigned char)*text;
        const size_t length = utf8_length(text);
        if (c == '"' || c == '\\')
            fprintf(stream, "\\%c", c);
        else if (c < ' ' || c == '<' || c == 0x7f)
            fprintf(stream, "\\u%04x", c);
        else if (length)
            fwrite(text, 1, length, stream);
        else
            putc('?', stream);
        text += length ? length : 1;
    }
    putc('"', stream);
}

void emit_begin(struct emitter *out, char bracket) {
    begin_value(out);
    putc(bracket, out->stream);
    out->comma = false;
}

void emit_end(struct emitter *out, char bracket) {
    putc(bracket, out->stream);
    out->comma = true;
}

void emit_key(struct emitter *out, const char *key) {
    emit_text(out, key);
    putc(':', out->stream);
    out->comma = false;
}

void emit_text(struct emitter *out, const char *text) {
    begin_value(out);
    put_string(out->stream, text);
}

void emit_real(struct emitter *out, double value) {
    char text[NUMBER_TEXT];
    begin_value(out);
    fputs(isfinite(value) ? number_repr(value, text) : "null", out->stream);
}

void emit_whole(struct emitter *out, int64_t value) {
    begin_value(out);
    fprintf(out->stream, "%" PRId64, value);
}

void emit_truth(struct emitter *out, bool value) {
    begin_value(out);
    fputs(value ? "true" : "false", out->stream);
}

void emit_member_text(struct emitter *out, const char *key, const char *text) {
    emit_key(out, key);
    emit_text(out, text);
}

void emit_member_real(struct emitter *out, const char *key, double value) {
    emit_key(out, key);
    emit_real(out, value);
}

void emit_member_whole(struct emitter *out, const char *key, int64_t value) {
    emit_key(out, key);
    emit_whole(out, value);
}

void emit_member_truth(struct emitter *out, const char *key, bool value) {
    emit_key(out, key);
    emit_truth(out, value);
}
