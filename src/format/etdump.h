/* SPDX-License-Identifier: Apache-2.0
 *
 * An ETDump, verified and decoded: runs of events in the order of the file. Strings and bytes are borrowed from it.
 * The tables that verify also write (profile/etdump_write.c).
 */
#ifndef FORMAT_ETDUMP_H
#define FORMAT_ETDUMP_H

#include "base/memory.h"
#include "flatbuf/flatbuf.h"

/* Field ids, by table. */
enum { ETDUMP_VERSION, ETDUMP_RUN_DATA };
enum { RUN_NAME, RUN_BUNDLED_INPUT, RUN_ALLOCATORS, RUN_EVENTS };
enum { EVENT_PROFILE, EVENT_ALLOCATION, EVENT_DEBUG };
enum {
    PROFILE_NAME,
    PROFILE_CHAIN,
    PROFILE_INSTRUCTION,
    PROFILE_DELEGATE_INT,
    PROFILE_DELEGATE_STRING,
    PROFILE_METADATA,
    PROFILE_START,
    PROFILE_END
};

extern const fb_schema etdump_schema, etdump_run_schema, etdump_event_schema, etdump_profile_schema;
extern const fb_options etdump_options; /* size-prefixed, "ED00" */

typedef enum etdump_kind {
    ETDUMP_PROFILE,
    ETDUMP_DEBUG,
    ETDUMP_OUTPUT
} etdump_kind; /* OUTPUT: a debug event of a run's output */

typedef struct etdump_event {
    etdump_kind kind;
    const char *name; /* NULL: absent */
    int64_t chain;    /* -1: outside of instructions */
    int32_t instruction;
    int32_t delegate_int;        /* -1: none */
    const char *delegate_string; /* NULL or "": none */
    bytes_span metadata;
    uint64_t start, end; /* ticks, as in the file: may wrap at 32 bits */
} etdump_event;

typedef struct etdump_run {
    const char *name; /* never NULL */
    int32_t bundled_input;
    const etdump_event *events;
    size_t count;
} etdump_run;

typedef struct etdump_file {
    const etdump_run *runs;
    size_t count;
} etdump_file;

/* Verifies `size` bytes at `data` and decodes them into `arena`. Allocation events are skipped. Errors: FORMAT,
 * LIMIT, MEMORY. */
mica_status etdump_open(const uint8_t *data, size_t size, struct arena *arena, etdump_file *out, mica_error *error);

#endif
