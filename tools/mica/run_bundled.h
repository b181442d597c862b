/* SPDX-License-Identifier: Apache-2.0
 *
 * mica run --bundled: the test cases that a bundled program brings along.
 */
#ifndef TOOL_RUN_BUNDLED_H
#define TOOL_RUN_BUNDLED_H

#include "command.h"

struct bundled_plan {
    const char *path;
    const option_list *data_paths;
    const char *method; /* NULL: all */
    double atol, rtol;
};

extern const column bundled_columns[];
extern const size_t bundled_column_count;

/* Runs every case on a method loaded anew, as ExecuTorch's runner does; prints a row per output, and a count; a fault when
 * any is outside, or there are no cases. */
bool run_bundled(const struct bundled_plan *plan, mica_context *context, const struct settings *settings,
                 struct fault *fault);

#endif
