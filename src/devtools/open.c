/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening an inspection: every source of it in its turn.
 */
#include <stdlib.h>

#include "base/context.h"
#include "devtools/inspection.h"

static const struct {
    const char *name;
    double units; /* in a second */
} scales[] = {[MICA_NS] = {"ns", 1e9},
              [MICA_US] = {"us", 1e6},
              [MICA_MS] = {"ms", 1e3},
              [MICA_S] = {"s", 1},
              [MICA_CYCLES] = {"cycles", 1}};

const char *mica_time_scale_name(mica_time_scale scale) {
    return (size_t)scale < sizeof scales / sizeof *scales ? scales[scale].name : "?";
}

static mica_status check_options(const mica_inspect_options *options, mica_error *error) {
    const size_t known = sizeof scales / sizeof *scales;
    if ((size_t)options->source >= known || (size_t)options->target >= known)
        return error_set(error, MICA_ERROR_ARGUMENT, "no such time scale");
    if ((options->source == MICA_CYCLES) != (options->target == MICA_CYCLES))
        return error_set(error, MICA_ERROR_ARGUMENT, "cycles cannot be converted: both time scales must be cycles");
    return MICA_OK;
}

static mica_status open_record(mica_inspection *inspection, const mica_inspect_options *options, mica_error *error) {
    if (!options->record) return MICA_OK;
    const mica_status status =
        etrecord_open(options->record, options->method, &inspection->arena, &inspection->record, error);
    if (status == MICA_ERROR_MEMORY || status == MICA_ERROR_IO) return error_in(error, status, "%s", options->record);
    if (status != MICA_OK)
        return inspection_note(inspection, true, error, "%s: %s; shown without it", options->record, error->text);
    return arena_string(&inspection->arena, options->record, strlen(options->record), &inspection->record_path,
                        error);
}

static mica_status open_all(mica_inspection *inspection, const char *path, const mica_inspect_options *options,
                            mica_error *error) {
    TRY(check_options(options, error));
    TRY(arena_string(&inspection->arena, path, strlen(path), &inspection->path, error));
    TRY(file_map(path, &inspection->file, error));
    TRY(etdump_open(inspection->file.data, inspection->file.size, &inspection->arena, &inspection->dump, error));
    TRY(profile_fold(&inspection->dump, &inspection->arena, &inspection->blocks, &inspection->block_count, error));
    inspection->source = options->source;
    inspection->units = options->target == MICA_CYCLES ? 0 : scales[options->target].units;
    inspection->factor = scales[options->source].units / scales[options->target].units;
    inspection->summary = (mica_inspect_summary){.machine = "", .scale = options->target};
    for (size_t i = 0; i < options->limit_count; i++)
        for (size_t k = 0; k < MICA_LIMITS; k++)
            if (strcmp(options->limits[i].name, inspection_limits[k]) == 0)
                inspection->summary.limits[k] = options->limits[i].rate;
    TRY(inspection_rows(inspection, error));
    TRY(inspection_metadata(inspection, error));
    if (options->model) TRY(inspection_model(inspection, options->model, options->method, error));
    TRY(open_record(inspection, options, error));
    TRY(inspection_join(inspection, error));
    TRY(inspection_derive(inspection, error));
    return mica_inspection_select(inspection, &(mica_inspect_selection){0});
}

mica_status mica_inspection_open(mica_context *context, const char *path, const mica_inspect_options *options,
                                 mica_inspection **inspection) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    mica_inspect_options all = {.target = MICA_MS};
    if (options) memcpy(&all, options, min_size(options->size, sizeof all));
    if (!path || !inspection)
        return error_set(error, MICA_ERROR_ARGUMENT, "mica_inspection_open: an argument is NULL");
    mica_inspection *const made = calloc(1, sizeof *made);
    if (!made) return error_set(error, MICA_ERROR_MEMORY, "out of memory");
    made->context = context;
    arena_init(&made->arena, &context->allocator, context->memory_limit);
    const mica_status status = open_all(made, path, &all, error);
    if (status != MICA_OK) {
        mica_inspection_close(made);
        return status;
    }
    *inspection = made;
    return MICA_OK;
}
