/* SPDX-License-Identifier: Apache-2.0 */
#include "run_cases.h"

#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "grow.h"
#include "terminal.h"

const column case_columns[] = {
    {"result", "result", 0, 0},
    {"case", "case", 0, 0},
    {"method", "method", 0, 0},
    {"call", "call", 0, 0},
    {"largest_difference", "largest difference", -3, 0},
    {"atol", "atol", -1, 0},
    {"error", "error", 0, 0},
};
const size_t case_column_count = COUNT(case_columns);

static bool run_call(struct model *model, const model_case *item, double *largest, struct fault *fault) {
    const model_call call = case_call(item);
    uint64_t seed = 0;
    return model_set_inputs(model, &call, &seed, fault) && model_run(model, fault) &&
           model_check(model, &call, largest, fault);
}

/* The methods of one model that its lines have named; all stay loaded from line to line, for the state they may keep. */
typedef struct loaded {
    struct model *models;
    const model_case **items; /* that named each first */
    size_t count;
} loaded;

static void close_all(loaded *all) {
    for (size_t i = 0; i < all->count; i++) model_close(&all->models[i]);
    free(all->models);
    free(all->items);
    *all = (loaded){0};
}

static struct model *find_model(loaded *all, const model_case *item, mica_context *context, struct fault *fault) {
    if (all->count && strcmp(all->items[0]->model, item->model) != 0) close_all(all);
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->items[i]->method, item->method) == 0) return &all->models[i];
    }
    all->models = grow(all->models, all->count + 1, sizeof *all->models);
    all->items = grow(all->items, all->count + 1, sizeof *all->items);
    all->items[all->count] = item;
    struct model *const model = &all->models[all->count++];
    *model = (struct model){0};
    const bool opened = model_open(model, context, item->model, &item->data_paths, NULL, item->method, fault);
    return opened ? model : NULL;
}

static bool run_line(loaded *all, const model_case *item, mica_context *context, double *largest,
                     struct fault *fault) {
    struct model *const model = find_model(all, item, context, fault);
    if (!model) return false;
    return model->method ? run_call(model, item, largest, fault) : fail(fault, "%s: it was not loaded", item->model);
}

/* The row names the case already. */
static const char *without_path(const char *text, const char *path) {
    const size_t length = strlen(path);
    return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0 ? text + length + 2 : text;
}

bool run_cases(const char *path, const option_list *match, mica_context *context, const struct settings *settings,
               struct fault *fault) {
    case_index index;
    loaded all = {0};
    json_t *const rows = json_array();
    size_t failed = 0;
    const bool good = cases_read(path, match, &index, fault);
    for (size_t i = 0; good && i < index.count; i++) {
        const model_case *const item = &index.items[i];
        struct fault found = {0};
        double largest = 0;
        progress(item->folder, (double)i, (double)index.count);
        const bool passed = run_line(&all, item, context, &largest, &found);
        failed += !passed;
        if (passed && !settings->verbose) continue;
        json_t *const row = row_add(rows);
        row_text(row, "result", passed ? "pass" : "FAIL");
        row_text(row, "case", item->folder);
        row_text(row, "method", item->method);
        row_count(row, "call", item->call);
        row_real(row, "largest_difference", largest);
        row_real(row, "atol", item->atol);
        row_text(row, "error", without_path(found.text, item->model));
    }
    progress_end();
    close_all(&all);
    if (good) {
        print_rows(settings, rows, NULL);
        const size_t passed = index.count - failed;
        remark(settings, "%zu calls, %zu passed, %zu failed", index.count, passed, failed);
        if (settings->format != OUTPUT_TABLE)
            note(settings, "%zu calls, %zu passed, %zu failed", index.count, passed, failed);
    }
    json_decref(rows);
    if (good && failed) fail(fault, "%s: %zu of %zu calls failed", path, failed, index.count);
    cases_free(&index);
    return good && !failed;
}
