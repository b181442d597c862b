/* SPDX-License-Identifier: Apache-2.0 */
#include "grow.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fault.h"

void *grow(void *memory, size_t count, size_t item) {
    void *const grown = reallocarray(memory, count ? count : 1, item ? item : 1);
    if (!grown) {
        fprintf(stderr, "mica: out of memory: %zu items of %zu bytes were asked for\n", count, item);
        exit(EXIT_FAILED);
    }
    return grown;
}

char *text_of(const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    char *const text = grow(NULL, (size_t)(length < 0 ? 0 : length) + 1, 1);
    vsnprintf(text, (size_t)(length < 0 ? 0 : length) + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}
