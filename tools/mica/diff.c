/* SPDX-License-Identifier: Apache-2.0
 *
 * mica diff: two profiles of one model, event by event, and a verdict for CI.
 */
#include <math.h>
#include <string.h>

#include "command.h"
#include "inspect.h"
#include "terminal.h"

struct diff {
    struct settings settings;
    struct inspect_source source;
    option_list arguments;
    const char *limit; /* --fail-if-slower */
};

static const column columns[] = {
    {"event_block_name", "block", 0, COLUMN_OPTIONAL},
    {"event_name", "event", 0, 0},
    {"a", "A (%s)", -6, 0},
    {"b", "B (%s)", -6, 0},
    {"ratio", "B / A", 3, 0},
    {"low", "95 % from", 3, COLUMN_OPTIONAL},
    {"high", "to", 3, COLUMN_OPTIONAL},
    {"change", "change", 0, 0},
    {"kernel_a", "kernel A", 0, COLUMN_OPTIONAL},
    {"kernel_b", "kernel B", 0, COLUMN_OPTIONAL},
    {"name_a", "event A", 0, COLUMN_OPTIONAL},
};

/* "slower", "faster", "new", "vanished", and whether the kernel is another one. */
static json_t *change_of(const mica_diff_row *row) {
    const char *const time = !row->a           ? "new"
                             : !row->b         ? "vanished"
                             : row->low > 1    ? "slower"
                             : row->high < 1   ? "faster"
                             : isnan(row->low) ? ""
                                               : "same";
    return json_sprintf("%s%s%s", time, *time && row->kernel_changed ? ", " : "",
                        row->kernel_changed ? "kernel changed" : "");
}

static json_t *row_of(const mica_diff_row *row) {
    const mica_inspect_row *const a = row->a, *const b = row->b, *const any = b ? b : a;
    json_t *const made = json_object();
    json_object_set_new(made, "event_block_name", json_text(any->block));
    json_object_set_new(made, "event_name", json_text(any->name));
    json_object_set_new(made, "instruction", json_integer(any->instruction));
    json_object_set_new(made, "a", a && a->samples ? json_decimal(a->warm) : json_null());
    json_object_set_new(made, "b", b && b->samples ? json_decimal(b->warm) : json_null());
    json_object_set_new(made, "ratio", json_decimal(row->ratio));
    json_object_set_new(made, "low", json_decimal(row->low));
    json_object_set_new(made, "high", json_decimal(row->high));
    json_object_set_new(made, "change", change_of(row));
    json_object_set_new(made, "kernel_changed", json_boolean(row->kernel_changed));
    json_object_set_new(made, "kernel_a", json_text(a ? a->kernel : ""));
    json_object_set_new(made, "kernel_b", json_text(b ? b->kernel : ""));
    json_object_set_new(made, "name_a", json_text(a && b && strcmp(a->name, b->name) != 0 ? a->name : ""));
    return made;
}

static void print_diff(struct diff *diff, const mica_diff *found) {
    char headings[COLUMNS_MAX][32];
    const mica_diff_row *row;
    json_t *const rows = json_array();
    for (size_t i = 0; (row = mica_diff_at(found, i)); i++) json_array_append_new(rows, row_of(row));
    for (size_t c = 0; c < diff->settings.column_count; c++) {
        column *const shown = &diff->settings.columns[c];
        if (strcmp(shown->key, "a") != 0 && strcmp(shown->key, "b") != 0) continue;
        snprintf(headings[c], sizeof headings[c], "%s (%s)", *shown->key == 'a' ? "A" : "B",
                 inspect_scales[diff->source.to]);
        shown->heading = headings[c];
    }
    print_rows(&diff->settings, rows, NULL);
    json_decref(rows);
}

static bool judge(const mica_diff *found, double percent, const char *path, struct fault *fault) {
    const mica_diff_row *const slower = mica_diff_slower(found, percent);
    if (!slower) return true;
    char interval[64] = "";
    if (!isnan(slower->low)) snprintf(interval, sizeof interval, ", 95 %% %.3f to %.3f", slower->low, slower->high);
    return fail(fault, "%s: '%s' takes %.3f times as long%s; allowed are %g %% more", path, slower->b->name,
                slower->ratio, interval, percent);
}

static bool start(struct diff *diff, struct fault *fault) {
    const option_text *const paths = diff->arguments.items;
    mica_context *context;
    mica_inspection *sides[2] = {NULL, NULL};
    mica_diff *found = NULL;
    double percent = 0;
    bool good = true;
    if (diff->arguments.count != 2) return usage(fault, "which profiles? Give the paths of two .etdump files");
    if (diff->limit && !parse_real(diff->limit, &percent))
        return usage(fault, "--fail-if-slower: '%s' is no number", diff->limit);
    if (!context_open(&diff->settings, MICA_KERNELS_AUTO, NULL, &context, fault)) return false;
    for (size_t i = 0; i < 2 && good; i++)
        good = inspect_open(&diff->source, context, paths[i].text, &sides[i], fault);
    good = good && succeeded(fault, paths[1].text, context, mica_diff_create(context, sides[0], sides[1], &found));
    for (size_t i = 0; i < 2 && good; i++) inspect_notes(sides[i], &diff->settings, paths[i].text);
    if (good) print_diff(diff, found);
    good = good && (!diff->limit || judge(found, percent, paths[1].text, fault));
    mica_diff_destroy(found);
    for (size_t i = 0; i < 2; i++) mica_inspection_close(sides[i]);
    mica_context_destroy(context);
    return good;
}

bool command_diff(int argc, char **argv, struct fault *fault) {
    struct diff diff = {.source = INSPECT_SOURCE};
    const struct option options[] = {
        TEXT("fail-if-slower", "PCT", diff.limit,
             "exit 1 when an execution of B, or a node that takes 1 % of it, is slower by more percent: with the "
             "whole "
             "confidence interval, or with too few samples for one by the execution's median"),
        INSPECT_SOURCE_OPTIONS(diff.source),
    };
    const command_line line = {
        .name = "diff",
        .synopsis = "A.etdump B.etdump [options]",
        .summary = "Compares two profiles of one model: the medians of all runs but the first, their ratio with a "
                   "confidence "
                   "interval, which kernels changed, and which events are new or gone.",
        .options = options,
        .option_count = COUNT(options),
        .arguments = &diff.arguments,
    };
    bool go;
    const bool good = command_parse(&line, columns, COUNT(columns), &diff.settings, argc, argv, &go, fault) &&
                      (!go || start(&diff, fault));
    option_list_free(&diff.arguments);
    return good;
}
