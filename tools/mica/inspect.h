/* SPDX-License-Identifier: Apache-2.0
 *
 * What 'inspect' and 'diff' share: where a profile comes from.
 */
#ifndef TOOL_INSPECT_H
#define TOOL_INSPECT_H

#include "command.h"
#include "mica/inspect.h"

struct inspect_source {
    const char *record, *model, *method;
    size_t from, to; /* mica_time_scale */
};
#define INSPECT_SOURCE {.to = MICA_MS}

extern const char *const inspect_scales[]; /* as mica_time_scale; NULL past the end */

#define INSPECT_SOURCE_OPTIONS(source)                                                                               \
    TEXT("etrecord", "FILE", (source).record,                                                                        \
         "the exporter's record of the model: operators, modules, source lines"),                                    \
        TEXT("model-path", "MODEL.pte", (source).model,                                                              \
             "the model: names the nodes inside delegates, and their work"),                                         \
        TEXT("method", "NAME", (source).method, "in record and model (default: forward, else the only method)"),     \
        CHOICE("source-time-scale", inspect_scales, (source).from, "of the profile's ticks (default ns)"),           \
        CHOICE("target-time-scale", inspect_scales, (source).to, "of what is shown (default ms)")

bool inspect_open(const struct inspect_source *source, mica_context *context, const char *path,
                  mica_inspection **inspection, struct fault *fault);

/* What the reader should know, on standard error: warnings, and with --verbose the rest. */
void inspect_notes(const mica_inspection *inspection, const struct settings *settings, const char *path);

#endif
