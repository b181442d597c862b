/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors: a status, one sentence for a human, and the place. A function that can fail takes a mica_error *
 * as its last argument and ends with `return error_set(error, MICA_ERROR_…, "sentence", …)`.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "mica/status.h"

typedef struct mica_error {
    mica_status status;
    char text[1024]; /* one line, cut at a character's end */
} mica_error;

/* Writes status and text; gives the status back. `error` may be NULL. Never called with MICA_OK. */
mica_status error_set(mica_error *error, mica_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text: callers add where they were ("method forward: delegate 0: …"). */
mica_status error_in(mica_error *error, mica_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define TRY(call)                          \
    do {                                   \
        const mica_status try_ = (call);   \
        if (try_ != MICA_OK) return try_;  \
    } while (0)

#endif
