/* SPDX-License-Identifier: Apache-2.0
 *
 * What a Mica call returns.
 *
 * Every function that can fail returns a mica_status; results go through pointers and are untouched
 * on failure. The numbers are part of the ABI: they are never reused or renumbered.
 */
#ifndef MICA_STATUS_H
#define MICA_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#if defined(MICA_SHARED) && defined(__GNUC__)
#define MICA_API __attribute__((visibility("default")))
#else
#define MICA_API
#endif

#if defined(__GNUC__)
#define MICA_MUST_USE __attribute__((warn_unused_result))
#else
#define MICA_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mica_status {
    MICA_OK = 0,
    MICA_ERROR_ARGUMENT = 1,         /* the caller broke the call's contract (NULL, out of range) */
    MICA_ERROR_MEMORY = 2,           /* the allocator returned NULL */
    MICA_ERROR_IO = 3,               /* a file could not be opened, read or written */
    MICA_ERROR_FORMAT = 4,           /* a file says something impossible; the text names the place */
    MICA_ERROR_UNSUPPORTED = 5,      /* valid, but Mica does not implement it */
    MICA_ERROR_MISSING_OPERATOR = 6, /* the method calls kernels that Mica lacks; the text lists all of them */
    MICA_ERROR_SHAPE = 7,            /* an input or an inferred shape does not fit its bound */
    MICA_ERROR_TYPE = 8,             /* a value has another type than the program declares */
    MICA_ERROR_LIMIT = 9,            /* a limit set by the caller would be exceeded */
    MICA_ERROR_STATE = 10,           /* called in the wrong order (run before all inputs are set, …) */
    MICA_ERROR_NOT_FOUND = 11,       /* no method, key or instruction set of that name */
    MICA_ERROR_VALUE = 12            /* a value met at run time is out of range (an index, a size) */
} mica_status;

/* A short constant sentence for a status; never NULL, also for unknown numbers. */
MICA_API const char *mica_status_text(mica_status status);

#ifdef __cplusplus
}
#endif
#endif
