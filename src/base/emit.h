/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON written to a stream, one value after the other; commas come by themselves. The caller checks the stream for
 * errors.
 *
 * What is written may stand inside an HTML page: '<' is escaped in strings. Bytes that are no UTF-8 become '?'.
 */
#ifndef BASE_EMIT_H
#define BASE_EMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct emitter {
    FILE *stream;
    bool comma; /* before the next value */
};

void emit_begin(struct emitter *out, char bracket); /* '{' or '[' */
void emit_end(struct emitter *out, char bracket);   /* '}' or ']' */
void emit_key(struct emitter *out, const char *key);

void emit_text(struct emitter *out, const char *text);
void emit_real(struct emitter *out, double value); /* null when not finite */
void emit_whole(struct emitter *out, int64_t value);
void emit_truth(struct emitter *out, bool value);

/* Members of an object. */
void emit_member_text(struct emitter *out, const char *key, const char *text);
void emit_member_real(struct emitter *out, const char *key, double value);
void emit_member_whole(struct emitter *out, const char *key, int64_t value);
void emit_member_truth(struct emitter *out, const char *key, bool value);

/* Bytes of the UTF-8 character that starts at `text`; 0 when none does. */
size_t utf8_length(const char *text);

#endif
