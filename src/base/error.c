/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *mica_status_text(mica_status status) {
    static const char *const texts[] = {
        [MICA_OK] = "done",
        [MICA_ERROR_ARGUMENT] = "an argument breaks the call's contract",
        [MICA_ERROR_MEMORY] = "out of memory",
        [MICA_ERROR_IO] = "a file could not be opened, read or written",
        [MICA_ERROR_FORMAT] = "the file is malformed",
        [MICA_ERROR_UNSUPPORTED] = "not supported",
        [MICA_ERROR_MISSING_OPERATOR] = "the method needs operators that are missing",
        [MICA_ERROR_SHAPE] = "a shape does not fit",
        [MICA_ERROR_TYPE] = "a value has the wrong type",
        [MICA_ERROR_LIMIT] = "a limit would be exceeded",
        [MICA_ERROR_STATE] = "called in the wrong order",
        [MICA_ERROR_NOT_FOUND] = "not found",
        [MICA_ERROR_VALUE] = "a value is out of range",
    };
    const size_t index = (size_t)status;
    return index < sizeof texts / sizeof *texts ? texts[index] : "unknown status";
}

/* Cuts at a character's end when `needed` bytes did not fit. */
static void cut(mica_error *error, int needed) {
    if (needed < (int)sizeof error->text) return;
    size_t end = sizeof error->text - 1;
    while (end > 0 && ((unsigned char)error->text[end - 1] & 0xc0u) == 0x80u) end--;
    if (end > 0 && (unsigned char)error->text[end - 1] >= 0xc0u) end--;
    error->text[end] = 0;
}

mica_status error_set(mica_error *error, mica_status status, const char *format, ...) {
    if (!error) return status;
    error->status = status;
    va_list list;
    va_start(list, format);
    cut(error, vsnprintf(error->text, sizeof error->text, format, list));
    va_end(list);
    return status;
}

mica_status error_in(mica_error *error, mica_status status, const char *format, ...) {
    if (!error) return status;
    char inner[sizeof error->text];
    memcpy(inner, error->text, sizeof inner);
    va_list list;
    va_start(list, format);
    const int prefix = vsnprintf(error->text, sizeof error->text, format, list);
    va_end(list);
    if (prefix >= 0 && (size_t)prefix < sizeof error->text) {
        const size_t room = sizeof error->text - (size_t)prefix;
        cut(error, prefix + snprintf(error->text + prefix, room, ": %s", inner));
    }
    return status;
}
