/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests of profiles: ETDumps written event by event, files in a temporary folder, and texts read whole.
 */
#ifndef TESTS_DUMP_H
#define TESTS_DUMP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "flatbuf/build.h"
#include "format/etdump.h"

/* An event of a run; a new `run` (not NULL) begins the next one. */
typedef struct dump_event {
    const char *run;
    const char *name;
    int chain, instruction;
    const char *id; /* of a delegate */
    uint64_t start, end;
    const char *metadata;
} dump_event;

typedef struct dump_bytes {
    uint8_t *data;
    size_t size;
} dump_bytes;

static inline fb_ref dump_put_event(struct fb_builder *b, const dump_event *event) {
    const fb_ref name = fb_build_string(b, event->name), id = fb_build_string(b, event->id);
    const fb_ref metadata = event->metadata ? fb_build_scalars(b, &etdump_profile_schema, PROFILE_METADATA,
                                                               event->metadata, strlen(event->metadata))
                                            : 0;
    fb_begin(b, &etdump_profile_schema);
    fb_set_ref(b, PROFILE_NAME, name);
    fb_set_int(b, PROFILE_CHAIN, event->chain);
    fb_set_int(b, PROFILE_INSTRUCTION, event->instruction);
    fb_set_ref(b, PROFILE_DELEGATE_STRING, id);
    fb_set_ref(b, PROFILE_METADATA, metadata);
    fb_set_int(b, PROFILE_START, (int64_t)event->start);
    fb_set_int(b, PROFILE_END, (int64_t)event->end);
    const fb_ref profile = fb_end(b);
    fb_begin(b, &etdump_event_schema);
    fb_set_ref(b, EVENT_PROFILE, profile);
    return fb_end(b);
}

/* The caller frees. */
static inline dump_bytes dump_build(const dump_event *events, size_t count) {
    struct fb_builder b;
    fb_ref runs[64], refs[256];
    size_t run_count = 0;
    fb_builder_init(&b, &memory_default);
    for (size_t i = 0, end; i < count; i = end) {
        size_t n = 0;
        for (end = i; end < count && (end == i || !events[end].run); end++)
            refs[n++] = dump_put_event(&b, &events[end]);
        const fb_ref name = fb_build_string(&b, events[i].run), list = fb_build_refs(&b, refs, n);
        fb_begin(&b, &etdump_run_schema);
        fb_set_ref(&b, RUN_NAME, name);
        fb_set_ref(&b, RUN_EVENTS, list);
        runs[run_count++] = fb_end(&b);
    }
    const fb_ref list = fb_build_refs(&b, runs, run_count);
    fb_begin(&b, &etdump_schema);
    fb_set_ref(&b, ETDUMP_RUN_DATA, list);
    const fb_ref root = fb_end(&b);
    const uint8_t *data = NULL;
    dump_bytes bytes = {0};
    mica_error error = {0};
    if (fb_finish(&b, root, &etdump_options, &data, &bytes.size, &error)) fail_msg("%s", error.text);
    bytes.data = malloc(bytes.size);
    memcpy(bytes.data, data, bytes.size);
    fb_builder_free(&b);
    return bytes;
}

/* A temporary file with these bytes; the caller removes it and frees its name. */
static inline char *dump_file(const void *data, size_t size) {
    const char *const folder = getenv("TMPDIR");
    char name[1024];
    snprintf(name, sizeof name, "%s/mica_test_XXXXXX", folder ? folder : "/tmp");
    const int handle = mkstemp(name);
    assert_true(handle >= 0);
    assert_int_equal(write(handle, data, size), size);
    close(handle);
    return strdup(name);
}

/* The whole text of a file or pipe, terminated; the caller frees. Not inlined: gcc 12 takes the stream's address of `text`
 * for one that is used later. */
__attribute__((noinline, unused)) static char *dump_read(FILE *from) {
    char *text = NULL;
    size_t size = 0;
    FILE *const to = open_memstream(&text, &size);
    char block[4096];
    rewind(from);
    for (size_t got; (got = fread(block, 1, sizeof block, from)) > 0;) fwrite(block, 1, got, to);
    fclose(to);
    return text;
}

#endif
