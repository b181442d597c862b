/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"

enum {
    CASE,
    FOLDER,
    METHOD,
    CALL,
    INPUTS,
    OUTPUTS,
    ATOL,
    RTOL,
    VARIANT,
    DELEGATE_CALLS,
    EXTERNAL_DATA,
    TAGS,
    FIELDS
};

static bool none(const char *field) { return !field || !*field || strcmp(field, "-") == 0; }

/* "file:type:2x3;…" becomes "folder/file:2x3", …; the types are the program's business. */
static bool add_files(option_list *list, const char *folder, char *field) {
    if (none(field)) return true;
    for (char *spec; (spec = strsep(&field, ";"));) {
        const char *const file = strsep(&spec, ":"), *const type = strsep(&spec, ":");
        if (!type || !spec) return false;
        option_list_add(list, text_of("%s/%s%s%s", folder, file, *spec ? ":" : "", spec), 0);
    }
    return true;
}

static bool matches_one(const model_case *item, const char *pattern) {
    if (fnmatch(pattern, item->name, 0) == 0 || fnmatch(pattern, item->folder, 0) == 0) return true;
    bool tagged = false;
    char *const copy = text_of("%s", item->tags);
    for (char *rest = copy, *tag; !tagged && (tag = strsep(&rest, ","));) tagged = fnmatch(pattern, tag, 0) == 0;
    free(copy);
    return tagged;
}

static bool matches(const model_case *item, const option_list *patterns) {
    for (size_t i = 0; i < patterns->count; i++) {
        const char *const pattern = patterns->items[i].text;
        const bool unwanted = pattern[0] == '!';
        if (matches_one(item, pattern + unwanted) == unwanted) return false;
    }
    return true;
}

static void free_case(model_case *item) {
    option_list *const lists[] = {&item->inputs, &item->expected, &item->data_paths};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        for (size_t i = 0; i < lists[k]->count; i++) free((char *)lists[k]->items[i].text);
        option_list_free(lists[k]);
    }
    free(item->model);
}

/* One line; `root` is the index's directory. */
static bool parse_line(char *line, const char *root, model_case *item) {
    char *fields[FIELDS] = {NULL};
    for (size_t f = 0; f < FIELDS && line; f++) fields[f] = strsep(&line, "\t");
    if (!fields[RTOL]) return false;
    *item = (model_case){.name = fields[CASE],
                         .folder = fields[FOLDER],
                         .method = fields[METHOD],
                         .tags = fields[TAGS] ? fields[TAGS] : ""};
    char *const folder = text_of("%s/%s", root, item->folder);
    item->model = text_of("%s/model.pte", folder);
    for (char *files = none(fields[EXTERNAL_DATA]) ? NULL : fields[EXTERNAL_DATA]; files;) {
        option_list_add(&item->data_paths, text_of("%s/%s", folder, strsep(&files, ";")), 0);
    }
    const bool good = parse_size(fields[CALL], &item->call) && parse_real(fields[ATOL], &item->atol) &&
                      parse_real(fields[RTOL], &item->rtol) && add_files(&item->inputs, folder, fields[INPUTS]) &&
                      add_files(&item->expected, folder, fields[OUTPUTS]);
    free(folder);
    if (!good) free_case(item);
    return good;
}

bool cases_read(const char *path, const option_list *patterns, case_index *index, struct fault *fault) {
    *index = (case_index){0};
    FILE *const file = fopen(path, "r");
    if (!file) return fail(fault, "%s: %s", path, strerror(errno));
    size_t room = 0;
    const ssize_t length = getdelim(&index->text, &room, 0, file);
    fclose(file);
    if (length < 0) return fail(fault, "%s: it is empty or unreadable", path);

    const char *const slash = strrchr(path, '/');
    char *const root = slash ? text_of("%.*s", (int)(slash - path), path) : text_of(".");
    bool good = true;
    size_t number = 0;
    for (char *rest = index->text, *line; good && (line = strsep(&rest, "\n"));) {
        number++;
        line[strcspn(line, "\r")] = 0;
        if (!*line || *line == '#') continue;
        model_case item;
        good = parse_line(line, root, &item) || fail(fault, "%s: line %zu is no case", path, number);
        if (!good) break;
        if (!matches(&item, patterns)) {
            free_case(&item);
            continue;
        }
        index->items = grow(index->items, index->count + 1, sizeof *index->items);
        index->items[index->count++] = item;
    }
    free(root);
    if (good && !index->count) good = fail(fault, "%s: no case matches", path);
    return good;
}

void cases_free(case_index *index) {
    for (size_t i = 0; i < index->count; i++) free_case(&index->items[i]);
    free(index->items);
    free(index->text);
}

model_call case_call(const model_case *item) {
    return (model_call){.inputs = item->inputs.items,
                        .input_count = item->inputs.count,
                        .expected = item->expected.items,
                        .expected_count = item->expected.count,
                        .atol = item->atol,
                        .rtol = item->rtol};
}
