/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"
#include "terminal.h"

const char *const inspect_scales[] = {"ns", "us", "ms", "s", "cycles", NULL};

bool inspect_open(const struct inspect_source *source, mica_context *context, const char *path,
                  mica_inspection **inspection, struct fault *fault) {
    const mica_inspect_options options = {
        .size = sizeof options,
        .record = source->record,
        .model = source->model,
        .method = source->method,
        .source = (mica_time_scale)source->from,
        .target = (mica_time_scale)source->to,
    };
    if ((options.source == MICA_CYCLES) != (options.target == MICA_CYCLES))
        return usage(fault, "cycles cannot be converted: both time scales must be cycles, or none");
    return succeeded(fault, path, context, mica_inspection_open(context, path, &options, inspection));
}

void inspect_notes(const mica_inspection *inspection, const struct settings *settings, const char *path) {
    const mica_note *said;
    for (size_t i = 0; (said = mica_inspection_note(inspection, i)); i++) {
        char text[1024];
        terminal_text(text, sizeof text, said->text, 0);
        if (said->warning || settings->verbose)
            note(settings, "%s: %s%s", path, said->warning ? "warning: " : "", text);
    }
}
