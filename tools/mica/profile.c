/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include "mica/etdump.h"

/* Events of one execution: nodes, calls, and moves, frees and jumps between them. Loops may need more; what then is too
 * much is dropped, and said. */
static size_t events_of(size_t nodes) { return 4 * nodes + 64; }

bool profile_begin(struct profile *profile, mica_context *context, const char *model, const option_list *data_paths,
                   const char *method, size_t executions, struct fault *fault) {
    mica_program *program = NULL;
    mica_report *report = NULL;
    size_t index;
    if (!profile->path) return true;
    bool good = program_open(context, model, data_paths, NULL, &program, fault) &&
                method_find(program, model, method, &index, fault) &&
                succeeded(fault, model, context,
                          mica_explain(context, program, mica_program_method_name(program, index), NULL, &report)) &&
                succeeded(fault, model, context,
                          mica_trace_create(context, events_of(mica_report_count(report)) * (executions + 1),
                                            &profile->trace));
    mica_report_destroy(report);
    mica_program_close(program);
    if (good) mica_context_set_trace(context, profile->trace);
    return good;
}

static bool measure_limits(mica_context *context, mica_limit_info *limits, struct fault *fault) {
    for (size_t i = 0; i < MICA_LIMITS; i++) {
        if (mica_measure(context, (mica_limit)i, &limits[i]) != MICA_OK)
            return fail(fault, "%s", mica_context_error(context));
    }
    return true;
}

bool profile_end(struct profile *profile, mica_context *context, const mica_method *method, bool limits,
                 const struct settings *settings, struct fault *fault) {
    mica_limit_info measured[MICA_LIMITS];
    if (!profile->path) return true;
    if (limits && !measure_limits(context, measured, fault)) return false;
    const mica_etdump_options options = {
        .size = sizeof options, .limits = measured, .limit_count = limits ? MICA_LIMITS : 0};
    const mica_report *const report = mica_method_report(method);
    const size_t dropped = mica_trace_dropped(profile->trace);
    if (dropped)
        note(settings, "%s: %zu events had no room; the runs that lack some are left out", profile->path, dropped);
    return succeeded(fault, profile->path, context,
                     mica_etdump_write(context, profile->trace, report, &options, profile->path));
}

void profile_free(struct profile *profile) {
    mica_trace_destroy(profile->trace);
    profile->trace = NULL;
}
