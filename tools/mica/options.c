/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"

bool parse_size(const char *text, size_t *value) {
    if (!isdigit((unsigned char)*text)) return false;
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (*end || errno || number > SIZE_MAX) return false;
    *value = (size_t)number;
    return true;
}

bool parse_real(const char *text, double *value) {
    char *end;
    if (!*text || isspace((unsigned char)*text)) return false;
    *value = strtod(text, &end);
    return !*end;
}

bool parse_shape(const char *text, size_t limit, size_t *sizes, size_t *rank) {
    size_t count = 0;
    for (const char *at = text; *at; count++) {
        char digits[24];
        const size_t length = strcspn(at, "x");
        if (count == limit || length >= sizeof digits) return false;
        memcpy(digits, at, length);
        digits[length] = 0;
        if (!parse_size(digits, &sizes[count])) return false;
        at += length;
        if (*at && !*++at) return false; /* an x at the end */
    }
    *rank = count;
    return true;
}

void option_list_add(option_list *list, const char *text, size_t group) {
    list->items = grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = (option_text){text, group};
}

void option_list_free(option_list *list) {
    free(list->items);
    *list = (option_list){0};
}

bool option_is_given(int argc, char **argv, const char *name) {
    const size_t length = strlen(name);
    for (int i = 0; i < argc; i++) {
        const char *const word = argv[i] + strspn(argv[i], "-");
        if (word > argv[i] && strncmp(word, name, length) == 0 && (!word[length] || word[length] == '=')) return true;
    }
    return false;
}

size_t option_list_group(const option_list *list, size_t group, const struct option_text **first) {
    size_t start = 0, count = 0;
    while (start < list->count && list->items[start].group < group) start++;
    while (start + count < list->count && list->items[start + count].group == group) count++;
    *first = list->items + start;
    return count;
}

/* ---- parsing ---- */

static bool same_name(const char *name, const char *given, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (name[i] != (given[i] == '_' ? '-' : given[i])) return false; /* also where `name` ends */
    }
    return !name[length];
}

/* The option called by the `length` characters at `given`; `negated` for the --no- form of a switch. */
static const struct option *find(const command_line *line, const char *given, size_t length, bool *negated) {
    const struct option *const lists[] = {line->options, line->common};
    const size_t counts[] = {line->option_count, line->common_count};
    for (size_t l = 0; l < 2; l++) {
        for (size_t i = 0; i < counts[l]; i++) {
            const struct option *const candidate = &lists[l][i];
            *negated = false;
            if (same_name(candidate->name, given, length)) return candidate;
            if (candidate->alias && same_name(candidate->alias, given, length)) return candidate;
            *negated = candidate->kind == KIND_SWITCH && length > 3 && same_name("no-", given, 3);
            if (*negated && same_name(candidate->name, given + 3, length - 3)) return candidate;
        }
    }
    return NULL;
}

static bool set_choice(const struct option *option, const char *value, struct fault *fault) {
    for (size_t i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            *(size_t *)option->target = i;
            return true;
        }
    }
    char all[256] = "";
    for (size_t i = 0; option->choices[i]; i++) {
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", option->choices[i]);
    }
    return usage(fault, "--%s is one of %s, not '%s'", option->name, all, value);
}

static bool set_sizes(const struct option *option, const char *value, struct fault *fault) {
    option_sizes *const sizes = option->target;
    sizes->count = 0;
    for (const char *at = value;;) {
        char digits[24] = "";
        const size_t length = strcspn(at, ",");
        if (length < sizeof digits) memcpy(digits, at, length);
        if (sizes->count == OPTION_MAX_SIZES || !parse_size(digits, &sizes->items[sizes->count]) ||
            sizes->items[sizes->count] == 0) {
            return usage(fault, "--%s takes positive whole numbers with commas between, not '%s'", option->name,
                         value);
        }
        sizes->count++;
        if (!at[length]) return true;
        at += length + 1;
    }
}

static bool set_value(const struct option *option, const char *value, size_t group, struct fault *fault) {
    switch (option->kind) {
    case KIND_SIZE:
        if (parse_size(value, option->target) && *(size_t *)option->target >= option->minimum) return true;
        return usage(fault, "--%s takes a whole number, %zu or more, not '%s'", option->name, option->minimum, value);
    case KIND_REAL:
        if (parse_real(value, option->target) && *(double *)option->target >= 0) return true;
        return usage(fault, "--%s takes a number, 0 or more, not '%s'", option->name, value);
    case KIND_CHOICE: return set_choice(option, value, fault);
    case KIND_SIZES: return set_sizes(option, value, fault);
    case KIND_LIST: option_list_add(option->target, value, group); return true;
    default: *(const char **)option->target = value; return true;
    }
}

bool options_parse(const command_line *line, int argc, char **argv, bool *help, struct fault *fault) {
    size_t group = 0;
    for (int i = 0; i < argc; i++) {
        const char *given = argv[i];
        if (strcmp(given, "--") == 0) {
            while (++i < argc) option_list_add(line->arguments, argv[i], group);
            return true;
        }
        if (given[0] != '-' || !given[1]) {
            option_list_add(line->arguments, given, group);
            continue;
        }
        given += given[1] == '-' ? 2 : 1;
        const size_t length = strcspn(given, "=");
        const char *value = given[length] ? given + length + 1 : NULL;
        if (same_name("help", given, length) || same_name("h", given, length)) {
            *help = true;
            return true;
        }
        bool negated;
        const struct option *const option = find(line, given, length, &negated);
        if (!option) {
            return usage(fault, "unknown option '%.*s' (mica %s --help lists them)",
                         (int)(given - argv[i] + (long)length), argv[i], line->name);
        }
        const bool flag = option->kind == KIND_FLAG || option->kind == KIND_SWITCH || option->kind == KIND_NEXT;
        if (flag && value) return usage(fault, "--%s takes no value", option->name);
        if (option->kind == KIND_NEXT) {
            *(size_t *)option->target = ++group;
        } else if (flag) {
            *(bool *)option->target = !negated;
        } else if (option->kind == KIND_MAYBE && !value) {
            *(const char **)option->target = "";
        } else {
            if (!value && ++i < argc) value = argv[i];
            if (!value) return usage(fault, "--%s needs a value", option->name);
            if (!set_value(option, value, group, fault)) return false;
        }
    }
    return true;
}

/* ---- help ---- */

/* Prints words from column `indent` on, where the cursor stands, breaking lines before `width`. */
static void wrap(const char *text, size_t indent, size_t width, FILE *out) {
    size_t column = indent;
    for (const char *at = text; *at; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        if (column > indent && column + 1 + length > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)length, at);
        column += length;
        at += length;
    }
    fputc('\n', out);
}

static void describe(const struct option *option, size_t width, FILE *out) {
    const size_t indent = 28;
    const char *const value = option->value ? option->value : "";
    char head[128];
    size_t length = (size_t)snprintf(head, sizeof head,
                                     option->kind == KIND_SWITCH  ? "  --[no-]%s%s"
                                     : option->kind == KIND_MAYBE ? "  --%s[=%s]"
                                     : option->value              ? "  --%s %s"
                                                                  : "  --%s%s",
                                     option->name, value);
    for (size_t i = 0; option->choices && option->choices[i]; i++) {
        length += (size_t)snprintf(head + length, sizeof head - length, "%c%s", i ? '|' : ' ', option->choices[i]);
    }
    fputs(head, out);
    if (length + 2 > indent) {
        fputc('\n', out);
        length = 0;
    }
    fprintf(out, "%*s", (int)(indent - length), "");
    wrap(option->help, indent, width, out);
}

void options_help(const command_line *line, size_t width, FILE *out) {
    const char *form = line->synopsis;
    for (size_t i = 0; *form; i++) {
        const size_t length = strcspn(form, "\n");
        fprintf(out, "%s mica %s %.*s\n", i ? "      " : "Usage:", line->name, (int)length, form);
        form += length + (form[length] == '\n');
    }
    fputc('\n', out);
    wrap(line->summary, 0, width, out);
    if (line->option_count) fputs("\nOptions:\n", out);
    for (size_t i = 0; i < line->option_count; i++) describe(&line->options[i], width, out);
    if (line->common_count) fputs("\nCommon options:\n", out);
    for (size_t i = 0; i < line->common_count; i++) describe(&line->common[i], width, out);
    if (line->notes) fprintf(out, "\n%s", line->notes);
}
