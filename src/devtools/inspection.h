/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of an inspection. Opening (open.c) fills it in this order: rows and their times (rows.c), what a dump of
 * Mica's own says of its nodes (metadata.c), what the model says (model.c), what the record says (join.c), and what
 * follows from all of it (derive.c).
 */
#ifndef DEVTOOLS_INSPECTION_H
#define DEVTOOLS_INSPECTION_H

#include "base/file.h"
#include "devtools/etrecord.h"
#include "mica/inspect.h"
#include "profile/blocks.h"

#define NO_HANDLE (-1)        /* a node that the exporter inserted, or that nobody knows */
#define INSERTED_HANDLE 65535 /* what the exporter gives to nodes that it inserts */

/* What a row is made from, and knows of its place; in the order of the file, as the rows are. */
typedef struct row_source {
    const profile_event *event;
    const profile_block *block;
    int64_t handle; /* of a node inside a delegate */
} row_source;

struct mica_inspection {
    mica_context *context;
    struct arena arena;
    struct file file;
    const char *path;
    etdump_file dump;
    const profile_block *blocks;
    size_t block_count;
    mica_inspect_row *rows; /* all, in the file's order */
    row_source *sources;
    size_t row_count;
    const mica_inspect_row **selected;
    size_t selected_count;
    mica_note *notes;
    size_t note_count, note_capacity;
    mica_inspect_summary summary;
    const char *record_path; /* NULL: none, or none that fits */
    json_t *machine;         /* what the dump says of the machine that ran; may be NULL */
    double caches[3];        /* bytes of its first, second and third; 0: unknown */
    double factor;           /* ticks in a unit of the target scale */
    double units;            /* of the target scale in a second; 0: cycles */
    mica_time_scale source;
    etrecord record;
    size_t op_type_count; /* of all rows */
};

#define EXECUTE "Method::execute"
#define DELEGATE_CALL "DELEGATE_CALL"
#define OPERATOR_CALL "OPERATOR_CALL"

/* A sentence for the reader. */
mica_status inspection_note(mica_inspection *inspection, bool warning, mica_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A copy of a text with what is no UTF-8 replaced: jansson and browsers take nothing else. */
mica_status inspection_text(mica_inspection *inspection, const char *text, const char **copy, mica_error *error);

/* Makes the rows, with their times. */
mica_status inspection_rows(mica_inspection *inspection, mica_error *error);

/* Whether a 95 % interval says less than the median within 5 %. */
static inline bool inspection_too_spread(double low, double high, double median) {
    return !(high - low <= 0.1 * median);
}

static inline bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Fills in what the metadata of Mica's own events says. */
mica_status inspection_metadata(mica_inspection *inspection, mica_error *error);

/* Fills in what a model says of nodes and work, or notes that it is another one. */
mica_status inspection_model(mica_inspection *inspection, const char *path, const char *method, mica_error *error);

/* Module and source line of a row, from the most telling of some nodes. */
mica_status inspection_origin(mica_inspection *inspection, const record_node *nodes, size_t count,
                              mica_inspect_row *row, mica_error *error);

/* Fills in what follows from all of it, and the summary. */
mica_status inspection_derive(mica_inspection *inspection, mica_error *error);

/* Fills in what the record says, or notes that it is of something else. */
mica_status inspection_join(mica_inspection *inspection, mica_error *error);

/* Whether two rows are of one instruction of one block, both inside a delegate or both not. */
bool inspection_same_call(const mica_inspection *inspection, size_t a, size_t b);

/* Frames contain calls, and calls work. */
mica_row_role inspection_role(const char *name, bool delegated);

extern const char *const inspection_limits[MICA_LIMITS]; /* by mica_limit */

/* Work in a second of the target scale's `time`, by 10^9; 0: unknown. */
double inspection_rate(const mica_inspection *inspection, double work, double time);

#endif
