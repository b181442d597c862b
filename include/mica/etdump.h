/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a profile: a trace, with the report of the method that ran, as an ETDump. ExecuTorch's Inspector loads
 * it, with and without the ETRecord, and so does `mica inspect`.
 *
 * The metadata of a node's first event say as JSON what ran: variant, kernel, instruction set, threads, work, and
 * why it was not accelerated; those of Method::init describe the machine. docs/etdump.md has the members.
 */
#ifndef MICA_ETDUMP_H
#define MICA_ETDUMP_H

#include "mica/measure.h"
#include "mica/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Set `size` to sizeof(mica_etdump_options) and the rest to zero for the defaults. */
typedef struct mica_etdump_options {
    size_t size;
    const mica_limit_info *limits; /* of this machine, from mica_measure: a reader can then show shares of them */
    size_t limit_count;
} mica_etdump_options;

/* Takes the file's bytes, in order; false: they cannot be taken, and the call ends with IO. */
typedef bool (*mica_sink)(void *user, const void *data, size_t size);

/* Encodes a trace of a method whose report is `report` (mica_method_report). Runs that a full trace cut off are
 * left out. `options` may be NULL. Errors: ARGUMENT, IO, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_etdump_encode(mica_context *context, const mica_trace *trace,
                                                      const mica_report *report, const mica_etdump_options *options,
                                                      mica_sink sink, void *user);
/* The same into a file. */
MICA_API MICA_MUST_USE mica_status mica_etdump_write(mica_context *context, const mica_trace *trace,
                                                     const mica_report *report, const mica_etdump_options *options,
                                                     const char *path);

#ifdef __cplusplus
}
#endif
#endif
