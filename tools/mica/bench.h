/* SPDX-License-Identifier: Apache-2.0
 *
 * mica bench, its parts: bench.c reads the command line and prints, bench_model.c and bench_operator.c measure, and
 * bench_row.c turns times into rows.
 */
#ifndef TOOL_BENCH_H
#define TOOL_BENCH_H

#include "cases.h"
#include "command.h"
#include "rounds.h"

#define BENCH_ALONE SIZE_MAX

struct bench {
    struct settings settings;
    option_list arguments, inputs, expected, match, shapes, data_paths;
    const char *method, *weights_cache, *cases, *required;
    size_t compare; /* BENCH_ALONE, or index in "standard", "reference" */
    size_t warmup, executions, seed;
    double seconds, atol, rtol;
    bool per_node;
    size_t op, variant; /* of --op, see bench_operator.c */
    size_t kernel, stride, padding, dilation, groups, block;
    mica_context *context, *other; /* with the chosen kernels; with those to compare with, or NULL */
    mica_context *machine;         /* for the limits: no cap */
    json_t *rows;
};

typedef struct bench_model_spec {
    const char *name, *path, *weights_cache, *method;
    const option_list *data_paths;
    model_call call;
} bench_model_spec;

bool bench_model(struct bench *bench, const bench_model_spec *spec, struct fault *fault);

extern const char *const bench_ops[];      /* linear, conv2d, matmul, NULL */
extern const char *const bench_variants[]; /* pf32_gemm, …, NULL */
bool bench_operator(struct bench *bench, const char *shape, struct fault *fault);

/* ---- rows (bench_row.c) ---- */

/* Thread counts to measure with: calls `body` once for each, with the contexts set to it. */
bool bench_for_threads(struct bench *bench, bool (*body)(struct bench *bench, void *self, struct fault *fault),
                       void *self, struct fault *fault);

/* Seconds that a node's operations take at the machine's limit with the threads in use; 0 when it has no arithmetic to
 * speak of. */
bool bench_ideal(const struct bench *bench, const mica_node_report *node, double *seconds, struct fault *fault);

/* Appends a row. `other` is what the times are compared with, or NULL. */
json_t *bench_row(const struct bench *bench, const char *model, const char *name, const struct series *times,
                  const struct series *other, double operations, double ideal);
void bench_row_node(json_t *row, const mica_node_report *node);

#endif
