/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading profiles: an ETDump, of Mica or of ExecuTorch, joined with the exporter's ETRecord and with the model;
 * statistics; tables, pages and traces made of it; and the comparison of two.
 *
 * These functions are in a second library, mica_devtools, which needs jansson, minizip and zlib. The statistics
 * are those of ExecuTorch's Inspector to the last digit.
 */
#ifndef MICA_INSPECT_H
#define MICA_INSPECT_H

#include <stdio.h>

#include "mica/explain.h"
#include "mica/measure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ---- */

typedef enum mica_time_scale { MICA_NS, MICA_US, MICA_MS, MICA_S, MICA_CYCLES } mica_time_scale;

MICA_API const char *mica_time_scale_name(mica_time_scale scale); /* "ns"; "?" for an unknown one */

/* Set `size` to sizeof(mica_inspect_options) and the rest to zero for the defaults, but `target` to MICA_MS where
 * the Inspector's default is wanted. */
typedef struct mica_inspect_options {
    size_t size;
    const char *record; /* path of the ETRecord; NULL: none */
    const char *model;  /* path of the .pte: names the nodes inside delegates and their work; NULL: none */
    const char *method; /* in record and model; NULL: "forward", else the only one */
    mica_time_scale source, target; /* of the dump's ticks, of all times here; cycles on both sides or on none */
    const mica_limit_info
        *limits; /* of the machine that ran, from mica_measure; none: as the dump says, or unknown */
    size_t limit_count;
} mica_inspect_options;

typedef struct mica_inspection mica_inspection;

/* Reads everything. What does not fit together (a record of another model, a damaged record beside a good dump) is
 * no error but a note. Errors: ARGUMENT, IO, FORMAT (the dump), LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_inspection_open(mica_context *context, const char *path,
                                                        const mica_inspect_options *options,
                                                        mica_inspection **inspection);
MICA_API void mica_inspection_close(mica_inspection *inspection); /* NULL is fine */

/* What the reader should know of the result: one sentence each, the graver ones marked. NULL past the end. */
typedef struct mica_note {
    bool warning;
    const char *text;
} mica_note;
MICA_API const mica_note *mica_inspection_note(const mica_inspection *inspection, size_t index);

/* ---- rows ---- */

typedef struct mica_statistics {
    double p10, p50, p90, avg, min, max;
} mica_statistics;

typedef enum mica_row_role {
    MICA_ROW_FRAME, /* Method::execute and its like: contains others */
    MICA_ROW_CALL,  /* DELEGATE_CALL, OPERATOR_CALL: contains work, and what calling costs */
    MICA_ROW_WORK   /* a node or a kernel: what time is spent on */
} mica_row_role;

/* One event of one block: runs that did the same things in the same order are a block. Strings are never NULL, but
 * may be empty; everything lives as long as the inspection. */
typedef struct mica_inspect_row {
    /* as the Inspector has it */
    size_t index;      /* among all rows */
    const char *block; /* "Default", "Execute" */
    size_t block_index;
    const char *name;
    int32_t instruction; /* -1: none */
    bool delegated;
    const char *backend;
    size_t samples;        /* 0: an event that only holds values */
    const double *raw;     /* one time per run, in order */
    const uint64_t *start; /* ticks */
    mica_statistics time;
    const char *const *op_types;
    size_t op_type_count;

    /* where it comes from: needs the record; inside delegates also the model, or a dump of Mica's own */
    const char *operators;   /* "aten.linear.default, aten.relu.default" */
    const char *module;      /* "encoder.0.linear1" */
    const char *module_type; /* "torch.nn.modules.linear.Linear" */
    const char *source;      /* "model.py:12, in forward: x = self.linear(x)" */
    const char *stack;       /* the whole stack trace */

    /* what ran: needs a dump of Mica's own; the node also with the model */
    const char *node_type, *shapes, *types, *variant, *kernel, *isa;
    int accelerated;            /* 1, 0; -1: unknown */
    bool eligible_kind;         /* a kind that the operator table names */
    size_t threads;             /* 0: unknown */
    double operations, bytes;   /* of one execution; 0: unknown */
    const mica_reason *reasons; /* why it was not accelerated */
    size_t reason_count;

    /* what follows */
    mica_row_role role;
    double share;               /* of its block's execution, by medians; NAN for rows that are not work */
    double gops, gbps;          /* 10^9 operations, bytes in a second at the median; 0: unknown */
    double roof;                /* 10^9 operations a second that the machine could reach with this work; 0: unknown */
    double roof_share;          /* of it; 0: unknown */
    double first, warm;         /* the first run; the median of the others, or of the one */
    double warm_low, warm_high; /* 95 % confidence of `warm`; equal to it when there are too few samples */
    bool noisy;                 /* the sample is too small or too spread to trust `warm` within 5 % */
} mica_inspect_row;

/* The rows selected, in their order; NULL past the end. */
MICA_API const mica_inspect_row *mica_inspection_row(const mica_inspection *inspection, size_t index);

typedef struct mica_inspect_selection {
    const char *include, *exclude; /* POSIX extended regular expressions on names; NULL: none */
    const char *sort; /* "p50" or another number of a row, largest first; "name"; NULL, "order": as in the file */
    bool calls;       /* rows named OPERATOR_CALL too, which the Inspector's tables leave out */
} mica_inspect_selection;

/* Selects rows; at first all but OPERATOR_CALL are selected. Errors: ARGUMENT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_inspection_select(mica_inspection *inspection,
                                                          const mica_inspect_selection *selection);

/* Work that has something in common. */
typedef struct mica_inspect_group {
    const char *key;
    size_t rows;
    double time;  /* sum of medians */
    double share; /* of the execution */
    double operations, gops;
    double accelerated; /* of its time: packed micro-kernels; NAN: unknown */
} mica_inspect_group;

/* Groups the selected work by "name" (without its number), "op", "kernel" or "module", largest time first.
 * Groups live as long as the inspection. Errors: ARGUMENT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_inspection_group(mica_inspection *inspection, const char *by,
                                                         const mica_inspect_group **groups, size_t *count);

typedef struct mica_inspect_summary {
    size_t runs;             /* executions */
    mica_statistics execute; /* Method::execute of the block with the most runs */
    double execute_first, execute_warm, execute_low, execute_high; /* as in a row */
    double load;                                                   /* Program::load_method; 0: not recorded */
    double work_share;          /* of the execution: nodes and kernels; the rest is calling and waiting */
    double accelerated_share;   /* of the work's time: packed micro-kernels; NAN: unknown */
    double limits[MICA_LIMITS]; /* of the machine, as mica_limit_info.rate; 0: unknown */
    const char *machine;        /* "AMD EPYC …, avx512vnni, 2 threads"; "" when the dump does not say */
    mica_time_scale scale;      /* of all times */
} mica_inspect_summary;
MICA_API void mica_inspection_summary(const mica_inspection *inspection, mica_inspect_summary *summary);

/* ---- writing ---- */

typedef enum mica_inspect_format {
    MICA_INSPECT_TSV,   /* the Inspector's save_data_to_tsv */
    MICA_INSPECT_CSV,   /* a row per event with all columns */
    MICA_INSPECT_JSON,  /* everything; docs/inspect.md describes it */
    MICA_INSPECT_TRACE, /* Chrome trace events, which Perfetto opens */
    MICA_INSPECT_HTML   /* one page that needs no network */
} mica_inspect_format;

typedef struct mica_inspect_style {
    bool no_units;    /* TSV: "p50" instead of "p50 (ms)" */
    bool no_metadata; /* TSV: without delegate_debug_metadata */
} mica_inspect_style;

/* Writes the selected rows (the trace: all events). `style` may be NULL. Errors: IO, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_inspection_write(const mica_inspection *inspection,
                                                         mica_inspect_format format, const mica_inspect_style *style,
                                                         FILE *out);

/* ---- comparing ---- */

typedef struct mica_diff mica_diff;

/* A row of one dump and the one of the other that does the same; `a` or `b` is NULL when there is none. */
typedef struct mica_diff_row {
    const mica_inspect_row *a, *b;
    double ratio;     /* of the warm medians, b / a; NAN when one is missing or zero */
    double low, high; /* 95 % confidence; NAN when there are too few samples */
    bool kernel_changed;
} mica_diff_row;

/* Joins all rows but OPERATOR_CALL; both inspections must outlive the diff and be in the same scale. Errors:
 * ARGUMENT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_diff_create(mica_context *context, const mica_inspection *a,
                                                    const mica_inspection *b, mica_diff **diff);
MICA_API void mica_diff_destroy(mica_diff *diff); /* NULL is fine */
MICA_API const mica_diff_row *mica_diff_at(const mica_diff *diff,
                                           size_t index); /* in b's order, vanished ones last; NULL past the end */

/* The first row that is slower by more than `percent`: an execution, or work that takes at least 1 % of one. Where
 * there are enough samples the whole confidence interval has to be beyond; where not, the ratio of an execution.
 * NULL: none. */
MICA_API const mica_diff_row *mica_diff_slower(const mica_diff *diff, double percent);

#ifdef __cplusplus
}
#endif
#endif
