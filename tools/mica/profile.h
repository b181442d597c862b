/* SPDX-License-Identifier: Apache-2.0
 *
 * --etdump-path: a run recorded into a trace, and written as an ETDump.
 */
#ifndef TOOL_PROFILE_H
#define TOOL_PROFILE_H

#include "command.h"

struct profile {
    const char *path; /* of the ETDump; NULL: nothing is recorded */
    mica_trace *trace;
};

/* Makes room for `executions` of the model's method, and records its load, which follows. */
bool profile_begin(struct profile *profile, mica_context *context, const char *model, const option_list *data_paths,
                   const char *method, size_t executions, struct fault *fault);
/* Writes what was recorded; `limits`: measures the machine's and adds them. */
bool profile_end(struct profile *profile, mica_context *context, const mica_method *method, bool limits,
                 const struct settings *settings, struct fault *fault);
void profile_free(struct profile *profile); /* zeros are fine */

#endif
