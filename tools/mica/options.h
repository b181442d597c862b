/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, driven by tables: a command lists its options once, and parsing and --help both read the list.
 *
 * "--name value" and "--name=value" are the same; so are one dash and two, and '-' and '_' inside a name (the spellings
 * of ExecuTorch's runner); "--" ends the options.
 */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "fault.h"

/* The texts of an option that may be given again and again. `group` counts the KIND_NEXT options before it. */
typedef struct option_text {
    const char *text;
    size_t group;
} option_text;

typedef struct option_list {
    option_text *items;
    size_t count;
} option_list;

#define OPTION_MAX_SIZES 16
typedef struct option_sizes {
    size_t items[OPTION_MAX_SIZES];
    size_t count;
} option_sizes;

typedef enum option_kind {
    KIND_FLAG,   /* bool: set to true */
    KIND_SWITCH, /* bool: --name and --no-name */
    KIND_TEXT,   /* const char * */
    KIND_MAYBE,  /* const char *: --name alone gives "", a value comes only with '=' */
    KIND_SIZE,   /* size_t, at least `minimum` */
    KIND_REAL,   /* double, not negative */
    KIND_CHOICE, /* size_t: index in `choices` */
    KIND_SIZES,  /* option_sizes: "1,2,4", each at least 1 */
    KIND_LIST,   /* option_list */
    KIND_NEXT    /* size_t: counts, and starts the next group of lists */
} option_kind;

struct option {
    const char *name;  /* "num-executions" */
    const char *alias; /* another spelling, or NULL */
    option_kind kind;
    void *target;
    const char *value; /* what --help calls the value, "N" */
    const char *help;
    const char *const *choices; /* KIND_CHOICE: NULL-terminated */
    size_t minimum;             /* KIND_SIZE */
};

/* The rows of a table of options. */
#define OPTION(kind_, name_, value_, target_, ...)                                                                   \
    {.kind = kind_, .name = name_, .value = value_, .target = &(target_), __VA_ARGS__}
#define FLAG(name, target, text) OPTION(KIND_FLAG, name, NULL, target, .help = text)
#define SWITCH(name, target, text) OPTION(KIND_SWITCH, name, NULL, target, .help = text)
#define NEXT(name, target, text) OPTION(KIND_NEXT, name, NULL, target, .help = text)
#define TEXT(name, value, target, text) OPTION(KIND_TEXT, name, value, target, .help = text)
#define MAYBE(name, value, target, text) OPTION(KIND_MAYBE, name, value, target, .help = text)
#define REAL(name, value, target, text) OPTION(KIND_REAL, name, value, target, .help = text)
#define SIZES(name, value, target, text) OPTION(KIND_SIZES, name, value, target, .help = text)
#define LIST(name, value, target, text) OPTION(KIND_LIST, name, value, target, .help = text)
#define SIZE(name, value, least, target, text) OPTION(KIND_SIZE, name, value, target, .help = text, .minimum = least)
#define CHOICE(name, list, target, text) OPTION(KIND_CHOICE, name, NULL, target, .help = text, .choices = list)

typedef struct command_line {
    const char *name;     /* "run" */
    const char *synopsis; /* "MODEL.pte [options]"; lines after the first are further forms */
    const char *summary;  /* what it does, a paragraph */
    const struct option *options;
    size_t option_count;
    const struct option *common; /* listed after its own */
    size_t common_count;
    option_list *arguments; /* what is no option, in order */
    const char *notes;      /* stands at the end of --help as it is, or NULL */
} command_line;

/* Fills the targets. `help` becomes true when --help was asked for, and the rest is then not looked at.
 * Lists are released with option_list_free. */
bool options_parse(const command_line *line, int argc, char **argv, bool *help, struct fault *fault);
void options_help(const command_line *line, size_t width, FILE *out);

void option_list_add(option_list *list, const char *text, size_t group);
void option_list_free(option_list *list);
/* Whether an option stands among the arguments, before they are parsed. */
bool option_is_given(int argc, char **argv, const char *name);
/* How many items belong to a group, and the first of them: groups ascend, so they stand together. */
size_t option_list_group(const option_list *list, size_t group, const struct option_text **first);

/* Whole decimal numbers and reals; false when anything else is in the text. */
bool parse_size(const char *text, size_t *value);
bool parse_real(const char *text, double *value);
/* "2x3x4" up to `limit` sizes; "" is none. */
bool parse_shape(const char *text, size_t limit, size_t *sizes, size_t *rank);

#endif
