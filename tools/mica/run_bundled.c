/* SPDX-License-Identifier: Apache-2.0 */
#include "run_bundled.h"

#include "model.h"

const column bundled_columns[] = {
    {"method", "method", 0, 0}, {"case", "case", 0, 0},   {"output", "output", 0, 0},
    {"type", "type", 0, 0},     {"shape", "shape", 0, 0}, {"largest_difference", "largest difference", -3, 0},
    {"inside", "inside", 0, 0}, {"error", "error", 0, 0},
};
const size_t bundled_column_count = COUNT(bundled_columns);

struct tally {
    size_t cases, failed;
};

static bool set_inputs(const struct model *model, size_t index, struct fault *fault) {
    for (size_t i = 0; i < mica_program_input_count(model->program, model->index); i++) {
        mica_value value;
        if (!succeeded(fault, model->path, model->context,
                       mica_program_case_input(model->program, model->index, index, i, &value)) ||
            !succeeded(fault, model->path, model->context, mica_method_set_input(model->method, i, &value)))
            return false;
    }
    return true;
}

/* One output beside the expected one; what cannot be compared is outside. */
static bool check_output(const struct bundled_plan *plan, const struct model *model, size_t index, size_t output,
                         json_t *row, struct fault *fault) {
    held_value got = {0}, want = {0};
    mica_value expected;
    difference found;
    char shape[SHAPE_TEXT];
    bool inside = false;
    const bool good = model_output(model, output, &got, fault) &&
                      succeeded(fault, model->path, model->context,
                                mica_program_case_output(model->program, model->index, index, output, &expected)) &&
                      value_copy(&expected, &want, fault);
    if (good) {
        const mica_tensor *const tensor = &got.value.as.tensor;
        row_text(row, "type", mica_type_name(tensor->type));
        row_text(row, "shape", shape_text(tensor->sizes, tensor->rank, shape));
        if (tensor_compare(tensor, &want.value.as.tensor, plan->atol, plan->rtol, &found, fault)) {
            row_real(row, "largest_difference", found.largest);
            inside = found.inside;
        }
    }
    row_flag(row, "inside", inside);
    held_free(&got);
    held_free(&want);
    return inside;
}

static bool run_case(const struct bundled_plan *plan, mica_context *context, const char *method, size_t index,
                     json_t *rows, bool *inside, struct fault *fault) {
    struct model model = {0};
    bool good = model_open(&model, context, plan->path, plan->data_paths, NULL, method, fault) &&
                set_inputs(&model, index, fault) && model_run(&model, fault);
    const size_t outputs = good ? mica_program_case_output_count(model.program, model.index, index) : 0;
    for (size_t i = 0; i < outputs; i++) {
        json_t *const row = row_add(rows);
        struct fault differs = {0};
        row_text(row, "method", method);
        row_count(row, "case", index);
        row_count(row, "output", i);
        *inside &= check_output(plan, &model, index, i, row, &differs);
        if (differs.exit) row_text(row, "error", differs.text);
    }
    model_close(&model);
    return good;
}

static bool run_methods(const struct bundled_plan *plan, mica_context *context, const mica_program *program,
                        json_t *rows, struct tally *tally, struct fault *fault) {
    size_t first = 0, end = mica_program_method_count(program);
    if (plan->method) {
        if (!method_find(program, plan->path, plan->method, &first, fault)) return false;
        end = first + 1;
    }
    for (size_t m = first; m < end; m++) {
        const char *const method = mica_program_method_name(program, m);
        for (size_t i = 0; i < mica_program_case_count(program, m); i++) {
            bool inside = true;
            if (!run_case(plan, context, method, i, rows, &inside, fault)) return false;
            tally->cases++;
            tally->failed += !inside;
        }
    }
    return true;
}

bool run_bundled(const struct bundled_plan *plan, mica_context *context, const struct settings *settings,
                 struct fault *fault) {
    mica_program *program = NULL;
    struct tally tally = {0};
    if (!program_open(context, plan->path, plan->data_paths, NULL, &program, fault)) return false;
    json_t *const rows = json_array();
    const bool good = run_methods(plan, context, program, rows, &tally, fault);
    mica_program_close(program);
    if (json_array_size(rows)) print_rows(settings, rows, NULL);
    json_decref(rows);
    if (!good) return false;
    if (!tally.cases) return fail(fault, "%s: it has no test cases", plan->path);
    remark(settings, "%zu cases, %zu passed, %zu failed", tally.cases, tally.cases - tally.failed, tally.failed);
    return !tally.failed || fail(fault, "%s: %zu of %zu test cases failed", plan->path, tally.failed, tally.cases);
}
