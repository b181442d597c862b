/* SPDX-License-Identifier: Apache-2.0
 *
 * mica run --check: every node of a method, or of all methods, beside the reference.
 */
#ifndef TOOL_RUN_CHECK_H
#define TOOL_RUN_CHECK_H

#include "command.h"

struct check_plan {
    const char *path;
    const option_list *data_paths;
    const char *method;        /* NULL: all of them where inputs are drawn, else as for a run */
    const option_list *inputs; /* a group for each call */
    size_t further_calls, warmup, executions;
    uint64_t seed;
};

extern const column check_columns[];
extern const size_t check_column_count;

/* Prints a row per node and call; a fault names the first node that is wrong. */
bool run_check(const struct check_plan *plan, mica_context *context, const struct settings *settings,
               struct fault *fault);

#endif
