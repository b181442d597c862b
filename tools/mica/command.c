/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "terminal.h"

static const char *const kernel_names[] = {"auto", "standard", "reference", NULL}; /* as mica_kernels */
static const char *const format_names[] = {"table", "tsv", "csv", "json", NULL};   /* as output_format */
static const char *const fuse_names[] = {"on", "off", NULL};

static bool choose_columns(struct settings *settings, const column *columns, size_t count, const char *list,
                           struct fault *fault) {
    char unknown[64];
    if (!list) {
        for (size_t c = 0; c < count; c++) settings->columns[c] = columns[c];
        settings->column_count = count;
        return true;
    }
    if (!columns) return usage(fault, "--columns: there is nothing to choose from here");
    if (columns_select(columns, count, list, settings->columns, &settings->column_count, unknown)) return true;
    char all[512] = "";
    for (size_t c = 0; c < count; c++) {
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", c ? ", " : "", columns[c].key);
    }
    return usage(fault, "--columns: '%s' is none of %s", unknown, all);
}

bool command_parse(const command_line *line, const column *columns, size_t column_count, struct settings *settings,
                   int argc, char **argv, bool *go, struct fault *fault) {
    const char *chosen = NULL;
    const struct option common[] = {
        SIZES("cpu-threads", "N", settings->threads,
              "threads that compute, the calling one included (default: the physical cores)"),
        TEXT("isa", "NAME", settings->isa, "cap the instruction set; 'mica cpu' lists the names"),
        CHOICE("kernels", kernel_names, settings->kernels,
               "auto dispatches, standard turns the accelerated path off, reference runs plain scalar kernels"),
        CHOICE("fuse", fuse_names, settings->fuse, "off: every node of a delegate runs by itself"),
        CHOICE("format", format_names, settings->format, "how results are printed"),
        TEXT("columns", "A,B,...", chosen, "only these columns of the result, by the names that tsv has"),
        FLAG("quiet", settings->quiet, "errors only on standard error"),
        FLAG("verbose", settings->verbose, "more on standard error"),
    };
    command_line whole = *line;
    whole.common = common;
    whole.common_count = COUNT(common);
    bool help = false;
    *go = false;
    if (!options_parse(&whole, argc, argv, &help, fault)) return fail_in(fault, line->name);
    if (help) {
        const size_t width = terminal_width(stdout);
        options_help(&whole, width ? width : 100, stdout);
    }
    *go = !help;
    return help || choose_columns(settings, columns, column_count, chosen, fault);
}

void print_rows(const struct settings *settings, const json_t *rows, void (*under)(const json_t *row, FILE *out)) {
    table_print(rows, settings->columns, settings->column_count, (output_format)settings->format, under, stdout);
}

bool one_model(const option_list *arguments, const char **model, struct fault *fault) {
    if (arguments->count == 0) return usage(fault, "which model? Give the path of a .pte file");
    if (arguments->count > 1) return usage(fault, "one model at a time, not also '%s'", arguments->items[1].text);
    *model = arguments->items[0].text;
    return true;
}

bool context_open(const struct settings *settings, mica_kernels kernels, const char *isa, mica_context **context,
                  struct fault *fault) {
    size_t threads = 0;
    for (size_t i = 0; i < settings->threads.count; i++) {
        if (settings->threads.items[i] > threads) threads = settings->threads.items[i];
    }
    const mica_context_options options = {
        .size = sizeof options, .threads = threads, .isa = isa, .kernels = kernels, .no_fusion = settings->fuse != 0};
    const mica_status status = mica_context_create(&options, context);
    if (status == MICA_OK) return true;
    if (status == MICA_ERROR_NOT_FOUND)
        return usage(fault, "--isa: no instruction set is called '%s' ('mica cpu' lists them)", isa);
    if (status == MICA_ERROR_UNSUPPORTED) return fail(fault, "--isa: this CPU lacks '%s'", isa);
    return fail(fault, "%s", mica_status_text(status));
}

bool program_open(mica_context *context, const char *path, const option_list *data_paths, const char *weights_cache,
                  mica_program **program, struct fault *fault) {
    const size_t count = data_paths ? data_paths->count : 0;
    const char **const paths = grow(NULL, count, sizeof *paths);
    for (size_t i = 0; i < count; i++) paths[i] = data_paths->items[i].text;
    const mica_program_options options = {
        .size = sizeof options, .data_paths = paths, .data_path_count = count, .weights_cache = weights_cache};
    const mica_status status = mica_program_open(context, path, &options, program);
    free(paths);
    return succeeded(fault, path, context, status);
}

bool method_find(const mica_program *program, const char *path, const char *name, size_t *index,
                 struct fault *fault) {
    const size_t count = mica_program_method_count(program);
    const char *const wanted = name ? name : "forward";
    for (*index = 0; *index < count; ++*index) {
        if (strcmp(mica_program_method_name(program, *index), wanted) == 0) return true;
    }
    *index = 0;
    if (!name && count == 1) return true;
    return fail(fault, "%s: it has no method '%s' ('mica info' lists its methods)", path, wanted);
}

static void print_shown(FILE *out, const char *format, va_list arguments) {
    char text[2048], shown[2048];
    vsnprintf(text, sizeof text, format, arguments);
    terminal_text(shown, sizeof shown, text, 0);
    fprintf(out, "%s\n", shown);
}

void note(const struct settings *settings, const char *format, ...) {
    if (settings->quiet) return;
    va_list arguments;
    va_start(arguments, format);
    print_shown(stderr, format, arguments);
    va_end(arguments);
}

void remark(const struct settings *settings, const char *format, ...) {
    if (settings->format != OUTPUT_TABLE) return;
    va_list arguments;
    va_start(arguments, format);
    print_shown(stdout, format, arguments);
    va_end(arguments);
}
