/* SPDX-License-Identifier: Apache-2.0
 *
 * mica inspect: a profile as the Inspector's table and what it does not say; as TSV, CSV, JSON, a trace or a page.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "command.h"
#include "inspect.h"
#include "terminal.h"

struct inspect {
    struct settings settings;
    struct inspect_source source;
    option_list arguments;
    const char *files[5]; /* by mica_inspect_format */
    const char *group_by;
    mica_inspect_selection selection;
    bool metadata, units;
    bool chosen; /* --columns */
};

/* The Inspector's columns, then those that it has not. */
static const column columns[] = {
    {"event_block_name", "block", 0, COLUMN_OPTIONAL},
    {"event_name", "event", 0, 0},
    {"p10", "p10", -6, COLUMN_OPTIONAL},
    {"p50", "p50", -6, 0},
    {"p90", "p90", -6, COLUMN_OPTIONAL},
    {"avg", "avg", -6, COLUMN_OPTIONAL},
    {"min", "min", -6, COLUMN_OPTIONAL},
    {"max", "max", -6, COLUMN_OPTIONAL},
    {"op_types", "op_types", 0, COLUMN_OPTIONAL},
    {"is_delegated_op", "delegated", 0, COLUMN_OPTIONAL},
    {"delegate_backend_name", "backend", 0, COLUMN_OPTIONAL},
    {"start_time", "start_time", 0, COLUMN_OPTIONAL},
    {"instruction", "instruction", 0, COLUMN_OPTIONAL},
    {"share", "share (%)", 1, 0},
    {"bar", "", 0, 0},
    {"kernel", "kernel", 0, COLUMN_ACCENT},
    {"gops", "Gop/s", 1, COLUMN_OPTIONAL},
    {"gbps", "GB/s", 1, COLUMN_OPTIONAL},
    {"roof_share", "of roof (%)", 1, COLUMN_OPTIONAL},
    {"operators", "operators", 0, COLUMN_OPTIONAL},
    {"module", "module", 0, COLUMN_OPTIONAL},
    {"source", "source", 0, COLUMN_OPTIONAL},
};
/* On a terminal, which is too narrow for all, the telling ones come first. */
static const char *const telling[] = {"event_name", "p50",        "share",     "bar",    "kernel",
                                      "gops",       "roof_share", "operators", "module", "min",
                                      "p90",        "p10",        "max",       "avg",    "source"};

static const column group_columns[] = {
    {"key", "what", 0, 0},
    {"rows", "events", 0, 0},
    {"time", "p50, summed", -6, 0},
    {"share", "share (%)", 1, 0},
    {"bar", "", 0, 0},
    {"gops", "Gop/s", 1, COLUMN_OPTIONAL},
    {"accelerated", "accelerated (%)", 1, 0},
};

/* ---- rows ---- */

#define BAR 16 /* characters */

static json_t *bar(double share) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    char text[BAR * 3 + 4] = "";
    const int filled = (int)(fmin(fmax(share, 0), 1) * BAR * 8 + 0.5);
    for (int i = 0; i < filled / 8; i++) strcat(text, "█");
    strcat(text, eighths[filled % 8]);
    return json_text(text);
}

static json_t *positive(double value) { return json_decimal(value > 0 ? value : NAN); }

static json_t *row_of(const mica_inspect_row *row) {
    const double *const times[] = {&row->time.p10, &row->time.p50, &row->time.p90,
                                   &row->time.avg, &row->time.min, &row->time.max};
    static const char *const statistics[] = {"p10", "p50", "p90", "avg", "min", "max"};
    json_t *const made = json_object(), *const ops = json_array(), *const starts = json_array();
    json_object_set_new(made, "event_block_name", json_text(row->block));
    json_object_set_new(made, "event_name", json_text(row->name));
    for (size_t i = 0; i < COUNT(times); i++)
        json_object_set_new(made, statistics[i], row->samples ? json_decimal(*times[i]) : json_null());
    for (size_t i = 0; i < row->op_type_count; i++) json_array_append_new(ops, json_text(row->op_types[i]));
    for (size_t i = 0; i < row->samples; i++) json_array_append_new(starts, json_integer((json_int_t)row->start[i]));
    json_object_set_new(made, "op_types", ops);
    json_object_set_new(made, "is_delegated_op", json_boolean(row->delegated));
    json_object_set_new(made, "delegate_backend_name", json_text(row->backend));
    json_object_set_new(made, "start_time", starts);
    json_object_set_new(made, "instruction", json_integer(row->instruction));
    json_object_set_new(made, "share", json_decimal(100 * row->share));
    if (!isnan(row->share)) json_object_set_new(made, "bar", bar(row->share));
    json_object_set_new(made, "kernel", json_text(row->kernel));
    json_object_set_new(made, "gops", positive(row->gops));
    json_object_set_new(made, "gbps", positive(row->gbps));
    json_object_set_new(made, "roof_share", positive(100 * row->roof_share));
    json_object_set_new(made, "operators", json_text(row->operators));
    json_object_set_new(made, "module", json_text(row->module));
    json_object_set_new(made, "source", json_text(row->source));
    if (row->accelerated >= 0) json_object_set_new(made, "accelerated", json_boolean(row->accelerated));
    json_object_set_new(made, "eligible_kind", json_boolean(row->eligible_kind));
    return made;
}

static json_t *group_of(const mica_inspect_group *group) {
    json_t *const made =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "key", json_text(group->key), "rows", json_count(group->rows),
                  "time", json_decimal(group->time), "share", json_decimal(100 * group->share), "bar",
                  bar(group->share), "gops", positive(group->gops));
    json_object_set_new(made, "accelerated", json_decimal(100 * group->accelerated));
    return made;
}

/* ---- printing ---- */

static void prefer_telling(struct settings *settings) {
    settings->column_count = 0;
    for (size_t i = 0; i < COUNT(telling); i++)
        for (size_t c = 0; c < COUNT(columns); c++)
            if (strcmp(telling[i], columns[c].key) == 0) settings->columns[settings->column_count++] = columns[c];
}

/* Statistics say their unit in the heading. */
static void add_units(struct settings *settings, const char *unit, char headings[COLUMNS_MAX][32]) {
    static const char *const times[] = {"p10", "p50", "p90", "avg", "min", "max", "time"};
    for (size_t c = 0; c < settings->column_count; c++)
        for (size_t i = 0; i < COUNT(times); i++) {
            if (strcmp(settings->columns[c].key, times[i]) != 0) continue;
            snprintf(headings[c], 32, "%s (%s)", settings->columns[c].heading, unit);
            settings->columns[c].heading = headings[c];
        }
}

static void print_summary(const mica_inspect_summary *summary) {
    const char *const unit = mica_time_scale_name(summary->scale);
    if (!summary->runs) return;
    printf("\n%zu execution%s: median %.4g %s", summary->runs, summary->runs == 1 ? "" : "s", summary->execute_warm,
           unit);
    if (summary->execute_high > summary->execute_low)
        printf(" (95 %%: %.4g to %.4g)", summary->execute_low, summary->execute_high);
    if (summary->runs > 1) printf(", the first %.4g", summary->execute_first);
    if (summary->load > 0) printf("; load %.4g %s", summary->load, unit);
    printf("\n%.1f %% of it inside nodes and kernels", 100 * summary->work_share);
    if (!isnan(summary->accelerated_share))
        printf(", %.1f %% of that in packed micro-kernels", 100 * summary->accelerated_share);
    putchar('\n');
    char machine[512];
    if (terminal_text(machine, sizeof machine, summary->machine, 0)) printf("%s\n", machine);
}

static void print_table(struct inspect *inspect, const mica_inspection *inspection) {
    char headings[COLUMNS_MAX][32];
    mica_inspect_summary summary;
    const mica_inspect_row *row;
    json_t *const rows = json_array();
    const bool table = inspect->settings.format == OUTPUT_TABLE;
    mica_inspection_summary(inspection, &summary);
    for (size_t i = 0; (row = mica_inspection_row(inspection, i)); i++) json_array_append_new(rows, row_of(row));
    if (table && inspect->units) add_units(&inspect->settings, mica_time_scale_name(summary.scale), headings);
    print_rows(&inspect->settings, rows, NULL);
    json_decref(rows);
    if (table) print_summary(&summary);
}

static bool print_groups(struct inspect *inspect, mica_context *context, mica_inspection *inspection,
                         const char *path, struct fault *fault) {
    char headings[COLUMNS_MAX][32];
    mica_inspect_summary summary;
    const mica_inspect_group *groups = NULL;
    size_t count = 0;
    if (!succeeded(fault, path, context, mica_inspection_group(inspection, inspect->group_by, &groups, &count)))
        return false;
    mica_inspection_summary(inspection, &summary);
    json_t *const rows = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(rows, group_of(&groups[i]));
    if (inspect->settings.format == OUTPUT_TABLE && inspect->units)
        add_units(&inspect->settings, mica_time_scale_name(summary.scale), headings);
    print_rows(&inspect->settings, rows, NULL);
    json_decref(rows);
    if (inspect->settings.format == OUTPUT_TABLE) print_summary(&summary);
    return true;
}

/* ---- files ---- */

static bool write_file(const struct inspect *inspect, mica_context *context, const mica_inspection *inspection,
                       mica_inspect_format format, const char *path, struct fault *fault) {
    const mica_inspect_style style = {.no_units = !inspect->units, .no_metadata = !inspect->metadata};
    const bool printed = !path || strcmp(path, "-") == 0;
    FILE *const out = printed ? stdout : fopen(path, "wb");
    if (!out) return fail(fault, "%s: %s", path, strerror(errno));
    bool good = succeeded(fault, printed ? "standard output" : path, context,
                          mica_inspection_write(inspection, format, &style, out));
    if (!printed && fclose(out) != 0 && good) good = fail(fault, "%s: %s", path, strerror(errno));
    return good;
}

static bool show(struct inspect *inspect, mica_context *context, mica_inspection *inspection, const char *path,
                 struct fault *fault) {
    static const mica_inspect_format printed[] = {
        [OUTPUT_TSV] = MICA_INSPECT_TSV, [OUTPUT_CSV] = MICA_INSPECT_CSV, [OUTPUT_JSON] = MICA_INSPECT_JSON};
    bool written = false;
    for (size_t i = 0; i < COUNT(inspect->files); i++) {
        if (!inspect->files[i]) continue;
        written = true;
        if (!write_file(inspect, context, inspection, (mica_inspect_format)i, inspect->files[i], fault)) return false;
    }
    if (inspect->group_by) return print_groups(inspect, context, inspection, path, fault);
    const output_format format = (output_format)inspect->settings.format;
    if (format != OUTPUT_TABLE && (!inspect->chosen || format == OUTPUT_JSON))
        return write_file(inspect, context, inspection, printed[format], NULL, fault);
    if (!written || inspect->chosen) print_table(inspect, inspection);
    return true;
}

static bool start(struct inspect *inspect, struct fault *fault) {
    if (inspect->arguments.count != 1) return usage(fault, "which profile? Give the path of one .etdump file");
    const char *const path = inspect->arguments.items[0].text;
    mica_context *context;
    mica_inspection *inspection = NULL;
    if (!context_open(&inspect->settings, MICA_KERNELS_AUTO, NULL, &context, fault)) return false;
    bool good = inspect_open(&inspect->source, context, path, &inspection, fault);
    if (good && mica_inspection_select(inspection, &inspect->selection) != MICA_OK)
        good = usage(fault, "%s", mica_context_error(context));
    if (good) inspect_notes(inspection, &inspect->settings, path);
    good = good && show(inspect, context, inspection, path, fault);
    mica_inspection_close(inspection);
    mica_context_destroy(context);
    return good;
}

bool command_inspect(int argc, char **argv, struct fault *fault) {
    struct inspect inspect = {.metadata = true, .units = true, .source = INSPECT_SOURCE};
    const struct option options[] = {
        INSPECT_SOURCE_OPTIONS(inspect.source),
        TEXT("tsv", "FILE", inspect.files[MICA_INSPECT_TSV], "write the Inspector's table there ('-': print it)"),
        TEXT("csv", "FILE", inspect.files[MICA_INSPECT_CSV], "write a row per event with all columns"),
        TEXT("json", "FILE", inspect.files[MICA_INSPECT_JSON], "write everything that is known"),
        TEXT("trace", "FILE", inspect.files[MICA_INSPECT_TRACE], "write trace events for Chrome and Perfetto"),
        TEXT("html", "FILE", inspect.files[MICA_INSPECT_HTML], "write a page that opens offline"),
        SWITCH("include-delegate-debug-data", inspect.metadata,
               "in TSV: what delegates said of their nodes (default on)"),
        SWITCH("include-units", inspect.units, "in headings (default on)"),
        TEXT("include", "REGEX", inspect.selection.include, "only events whose name matches"),
        TEXT("exclude", "REGEX", inspect.selection.exclude, "no events whose name matches"),
        FLAG("calls", inspect.selection.calls, "the OPERATOR_CALL events too"),
        TEXT("sort", "KEY", inspect.selection.sort,
             "order, name, or largest first by p10, p50, p90, avg, min, max, first, warm, share, gops, gbps, "
             "operations, bytes "
             "or roof_share"),
        TEXT("group-by", "KEY", inspect.group_by, "sum up work by name, op, kernel or module"),
    };
    const command_line line = {
        .name = "inspect",
        .synopsis = "FILE.etdump [--etrecord FILE] [options]",
        .summary = "Shows a profile, of Mica or of ExecuTorch: the table of ExecuTorch's Inspector with the same "
                   "statistics, "
                   "and which kernel ran, where each node comes from, what share of the time it took and how near it "
                   "came to "
                   "what the machine can do. Several files may be written at once.",
        .options = options,
        .option_count = COUNT(options),
        .arguments = &inspect.arguments,
    };
    bool go, grouped = false;
    for (int i = 0; i < argc; i++) grouped |= strncmp(argv[i] + strspn(argv[i], "-"), "group", 5) == 0;
    bool good =
        command_parse(&line, grouped ? group_columns : columns, grouped ? COUNT(group_columns) : COUNT(columns),
                      &inspect.settings, argc, argv, &go, fault);
    inspect.chosen = good && go && !grouped && memcmp(inspect.settings.columns, columns, sizeof columns) != 0;
    if (!grouped && !inspect.chosen && terminal_width(stdout)) prefer_telling(&inspect.settings);
    good = good && (!go || start(&inspect, fault));
    option_list_free(&inspect.arguments);
    return good;
}
