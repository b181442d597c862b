/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mica/trace.h"

static bool utf8;

void terminal_init(void) {
    setlocale(LC_CTYPE, "");
    utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

size_t terminal_width(FILE *stream) {
    if (!isatty(fileno(stream))) return 0;
    const char *const columns = getenv("COLUMNS");
    const int wanted = columns ? atoi(columns) : 0;
    if (wanted > 0) return (size_t)wanted;
    struct winsize size;
    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

bool terminal_colour(FILE *stream) {
    const char *const no_colour = getenv("NO_COLOR");
    const char *const terminal = getenv("TERM");
    return isatty(fileno(stream)) && !(no_colour && *no_colour) && !(terminal && strcmp(terminal, "dumb") == 0);
}

/* Bytes of the well-formed UTF-8 character at `text`; 0 when there is none. Overlong forms do no harm here. */
static size_t character_length(const unsigned char *text) {
    const size_t length = text[0] < 0x80   ? 1
                          : text[0] < 0xc2 ? 0
                          : text[0] < 0xe0 ? 2
                          : text[0] < 0xf0 ? 3
                          : text[0] < 0xf5 ? 4
                                           : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
    }
    return length;
}

static const char *plain(const char *character, size_t length) {
    static const char *const table[][2] = {{"×", "x"},  {"µ", "u"}, {"–", "-"}, {"→", "->"}, {"≤", "<="},
                                           {"≥", ">="}, {"…", "~"}, {"·", "."}, {"±", "+-"}, {"−", "-"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strncmp(table[i][0], character, length) == 0 && !table[i][0][length]) return table[i][1];
    }
    return "?";
}

size_t terminal_text(char *out, size_t size, const char *text, size_t columns) {
    const char *const ellipsis = utf8 ? "…" : "~";
    size_t width = 0, used = 0, fits = 0; /* `fits`: bytes that leave one column for the ellipsis */
    while (*text) {
        const size_t length = character_length((const unsigned char *)text);
        const bool control = length == 1
                                 ? (unsigned char)*text < 0x20 || *text == 0x7f
                                 : length == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;
        const char *shown = control || !length ? "?" : text;
        size_t bytes = control || !length ? 1 : length;
        if (shown == text && length > 1 && !utf8) {
            shown = plain(text, length);
            bytes = strlen(shown);
        }
        const size_t wide = utf8 && bytes > 1 ? 1 : bytes;
        if (used + bytes + sizeof "…" > size) break;
        if (columns && width + wide > columns) {
            memcpy(out + fits, ellipsis, strlen(ellipsis) + 1);
            return columns;
        }
        memcpy(out + used, shown, bytes);
        used += bytes;
        width += wide;
        if (width < columns) fits = used;
        text += length ? length : 1;
    }
    out[used] = 0;
    return width;
}

/* ---- progress ---- */

#define SECOND 1000000000u
static uint64_t started, shown;

void progress(const char *label, double done, double total) {
    const uint64_t now = mica_clock();
    if (!started) started = now;
    if (now - started < SECOND || now - shown < SECOND / 10 || !isatty(STDERR_FILENO)) return;
    shown = now;
    const int width = 30, filled = total > 0 && done < total ? (int)(done / total * width) : width;
    fprintf(stderr, "\r\033[K[%.*s%*s] %s", filled, "##############################", width - filled, "", label);
    fflush(stderr);
}

void progress_end(void) {
    if (shown) fputs("\r\033[K", stderr);
    started = shown = 0;
}
