/* SPDX-License-Identifier: Apache-2.0
 *
 * mica run --cases: runs an index of cases and prints those that fail.
 */
#ifndef TOOL_RUN_CASES_H
#define TOOL_RUN_CASES_H

#include "command.h"

extern const column case_columns[];
extern const size_t case_column_count;

/* A row for each failing call (with --verbose for every one) and a count; a fault when any fails. */
bool run_cases(const char *path, const option_list *match, mica_context *context, const struct settings *settings,
               struct fault *fault);

#endif
