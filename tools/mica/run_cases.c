/* SPDX-License-Identifier: Apache-2.0 */
#include "run_cases.h"

#include <string.h>

#include "cases.h"
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

/* Runs one line; `model` stays loaded from line to line of the same case and method, for the state it may keep. */
static bool run_line(struct model *model, const model_case *item, const model_case *before, mica_context *context,
                     double *largest, struct fault *fault) {
    if (!before || strcmp(before->model, item->model) != 0 || strcmp(before->method, item->method) != 0) {
        model_close(model);
        if (!model_open(model, context, item->model, &item->data_paths, NULL, item->method, fault)) return false;
    }
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
    struct model model = {0};
    json_t *const rows = json_array();
    size_t failed = 0;
    const bool good = cases_read(path, match, &index, fault);
    for (size_t i = 0; good && i < index.count; i++) {
        const model_case *const item = &index.items[i];
        struct fault found = {0};
        double largest = 0;
        progress(item->folder, (double)i, (double)index.count);
        const bool passed = run_line(&model, item, i ? item - 1 : NULL, context, &largest, &found);
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
    model_close(&model);
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
