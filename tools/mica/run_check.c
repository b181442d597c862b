/* SPDX-License-Identifier: Apache-2.0 */
#include "run_check.h"

#include "check.h"

const column check_columns[] = {
    {"method", NULL, 0, 0},
    {"call", NULL, 0, 0},
    {"node", "node", 0, 0},
    {"node_type", "type", 0, 0},
    {"kernel", "kernel", 0, 0},
    {"shapes", "shapes", 0, COLUMN_OPTIONAL},
    {"fused_into", "fused into", 0, COLUMN_OPTIONAL},
    {"difference", "difference", -3, 0},
    {"tolerance", "tolerance", -3, 0},
    {"ulp", "ULP", -3, 0},
    {"steps", "steps", -3, 0},
    {"accumulated", "accumulated", -3, 0},
    {"us", "time (µs)", 1, 0},
    {"reference_us", "reference (µs)", 1, 0},
    {"inside", "inside", 0, 0},
    {"element", NULL, 0, 0},
    {"got", NULL, 0, 0},
    {"want", NULL, 0, 0},
};
const size_t check_column_count = COUNT(check_columns);

static void row_time(json_t *row, const char *key, uint64_t ns) {
    if (ns != UINT64_MAX) row_real(row, key, (double)ns * 1e-3);
}

static void add_row(const struct check *check, size_t index, size_t call, json_t *rows) {
    const mica_report *const report = mica_method_report(check->subject->method);
    const struct checked_node *const node = &check->nodes[index];
    const mica_node_report *const about = mica_report_node(report, index);
    json_t *const row = row_add(rows);
    row_text(row, "method", check->method);
    row_count(row, "call", call);
    row_count(row, "node", index);
    row_text(row, "node_type", about->node_type);
    row_text(row, "kernel", node->seen ? mica_report_node(report, node->runner)->kernel : about->kernel);
    row_text(row, "shapes", about->shapes);
    row_text(row, "fused_into", about->fused_into);
    row_time(row, "us", node->ns);
    row_time(row, "reference_us", node->reference_ns);
    if (!node->seen) return; /* fused, on a way not taken, or without a tensor as its result */
    row_real(row, "difference", node->own.largest);
    row_real(row, "tolerance", node->own.tolerance);
    row_real(row, "ulp", node->own.ulp);
    row_real(row, "steps", node->own.steps);
    row_real(row, "accumulated", node->accumulated.largest);
    row_flag(row, "inside", node->own.inside);
    row_count(row, "element", node->own.where);
    row_real(row, "got", node->own.got);
    row_real(row, "want", node->own.want);
}

/* `wrong` becomes the first verdict against a node; what keeps the check from going on is the fault. */
static bool check_method(const struct check_plan *plan, const char *method, mica_context *context,
                         const struct settings *settings, json_t *rows, struct fault *wrong, struct fault *fault) {
    struct model model = {0};
    struct check check = {0};
    uint64_t seed = plan->seed;
    bool good = model_open(&model, context, plan->path, plan->data_paths, NULL, method, fault) &&
                check_open(&check, settings, &model, fault);
    for (size_t number = 0; good && number <= plan->further_calls; number++) {
        model_call call = {0};
        call.input_count = option_list_group(plan->inputs, number, &call.inputs);
        good = model_set_inputs(&model, &call, &seed, fault) &&
               check_call(&check, plan->warmup, plan->executions, fault);
        for (size_t n = 0; good && n < check.node_count; n++) add_row(&check, n, number, rows);
        if (good && !wrong->exit) check_verdict(&check, wrong);
    }
    check_close(&check);
    model_close(&model);
    return good;
}

/* The names of all methods belong to the program, which therefore stays open. */
static bool check_methods(const struct check_plan *plan, mica_context *context, const struct settings *settings,
                          json_t *rows, struct fault *wrong, struct fault *fault) {
    mica_program *program = NULL;
    if (!program_open(context, plan->path, plan->data_paths, NULL, &program, fault)) return false;
    bool good = true;
    for (size_t m = 0; good && m < mica_program_method_count(program); m++) {
        good = check_method(plan, mica_program_method_name(program, m), context, settings, rows, wrong, fault);
    }
    mica_program_close(program);
    return good;
}

bool run_check(const struct check_plan *plan, mica_context *context, const struct settings *settings,
               struct fault *fault) {
    json_t *const rows = json_array();
    struct fault wrong = {0};
    const bool all = !plan->method && plan->inputs->count == 0;
    const bool good = all ? check_methods(plan, context, settings, rows, &wrong, fault)
                          : check_method(plan, plan->method, context, settings, rows, &wrong, fault);
    if (json_array_size(rows)) print_rows(settings, rows, NULL);
    json_decref(rows);
    if (good && wrong.exit) *fault = wrong;
    return good && !wrong.exit;
}
