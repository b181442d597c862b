/* SPDX-License-Identifier: Apache-2.0
 *
 * What the subcommands share: their list, the common options and what they make.
 *
 * A subcommand is one function in one file: it describes its command line, does its work, prints results to standard
 * output, and returns false with a fault when it fails.
 */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

#include "mica/mica.h"
#include "options.h"
#include "table.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool command_bench(int argc, char **argv, struct fault *fault);
bool command_cpu(int argc, char **argv, struct fault *fault);
bool command_diff(int argc, char **argv, struct fault *fault);
bool command_explain(int argc, char **argv, struct fault *fault);
bool command_extract(int argc, char **argv, struct fault *fault);
bool command_info(int argc, char **argv, struct fault *fault);
bool command_inspect(int argc, char **argv, struct fault *fault);
bool command_make(int argc, char **argv, struct fault *fault);
bool command_run(int argc, char **argv, struct fault *fault);

/* The common options; zero is their default. */
struct settings {
    option_sizes threads; /* --cpu-threads */
    const char *isa;
    size_t kernels; /* a mica_kernels */
    size_t format;  /* an output_format */
    size_t fuse;    /* 0: on, 1: off */
    bool quiet, verbose;
    column columns[COLUMNS_MAX]; /* of the result, those that --columns chose or all */
    size_t column_count;
};

/* Parses a subcommand's arguments. `columns` are those of its result, NULL where --columns has nothing to choose from.
 * Prints its help instead when asked to: `*go` is then false. */
bool command_parse(const command_line *line, const column *columns, size_t column_count, struct settings *settings,
                   int argc, char **argv, bool *go, struct fault *fault);

/* Prints rows with the settings' columns and format. */
void print_rows(const struct settings *settings, const json_t *rows, void (*under)(const json_t *row, FILE *out));

/* True when there is exactly one argument, the model; or a usage fault. */
bool one_model(const option_list *arguments, const char **model, struct fault *fault);

bool context_open(const struct settings *settings, mica_kernels kernels, const char *isa, mica_context **context,
                  struct fault *fault);

/* Opens a program; `data_paths`, searched in order, and `weights_cache` may be NULL. */
bool program_open(mica_context *context, const char *path, const option_list *data_paths, const char *weights_cache,
                  mica_program **program, struct fault *fault);

/* The method called `name`, or with NULL "forward", else the only one. */
bool method_find(const mica_program *program, const char *path, const char *name, size_t *index, struct fault *fault);

/* A line on standard error, unless --quiet. */
void note(const struct settings *settings, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line beside a table on standard output; nothing in the other formats. */
void remark(const struct settings *settings, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
