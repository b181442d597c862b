/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool set(struct fault *fault, int exit, const char *format, va_list arguments) {
    fault->exit = exit;
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    return false;
}

bool fail(struct fault *fault, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set(fault, EXIT_FAILED, format, arguments);
    va_end(arguments);
    return false;
}

bool usage(struct fault *fault, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set(fault, EXIT_USAGE, format, arguments);
    va_end(arguments);
    return false;
}

bool fail_in(struct fault *fault, const char *subject) {
    char inner[sizeof fault->text];
    memcpy(inner, fault->text, sizeof inner);
    const int length = snprintf(fault->text, sizeof fault->text, "%s: ", subject);
    if (length >= 0 && (size_t)length < sizeof fault->text) {
        snprintf(fault->text + length, sizeof fault->text - (size_t)length, "%s", inner);
    }
    return false;
}

bool succeeded(struct fault *fault, const char *file, const mica_context *context, mica_status status) {
    if (status == MICA_OK) return true;
    return fail(fault, "%s: %s", file, mica_context_error(context));
}
