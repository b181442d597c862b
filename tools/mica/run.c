/* SPDX-License-Identifier: Apache-2.0
 *
 * mica run: runs a method with given or drawn inputs; writes, prints and compares what comes out.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cases.h"
#include "command.h"
#include "grow.h"
#include "model.h"
#include "profile.h"
#include "rounds.h"
#include "run_bundled.h"
#include "run_cases.h"
#include "run_check.h"
#include "terminal.h"

struct run {
    struct settings settings;
    option_list arguments, inputs, expected, match, data_paths;
    const char *method, *weights_cache, *output_dir, *cases;
    size_t output_format, executions, warmup, seed, calls;
    double atol, rtol;
    bool print_outputs, limits, check, bundled;
    struct profile profile;
};

static const column columns[] = {
    {"call", "call", 0, 0},     {"output", "output", 0, 0},
    {"type", "type", 0, 0},     {"shape", "shape", 0, 0},
    {"min", "min", 5, 0},       {"mean", "mean", 5, 0},
    {"max", "max", 5, 0},       {"largest_difference", "largest difference", -3, 0},
    {"inside", "inside", 0, 0}, {"file", "file", 0, 0},
};

/* ---- what came out ---- */

static void describe(json_t *row, const mica_tensor *tensor, bool values) {
    char shape[SHAPE_TEXT];
    row_text(row, "type", mica_type_name(tensor->type));
    row_text(row, "shape", shape_text(tensor->sizes, tensor->rank, shape));
    const size_t count = mica_tensor_count(tensor);
    double low = INFINITY, high = -INFINITY, sum = 0;
    json_t *const list = values ? json_array() : NULL;
    for (size_t i = 0; i < count; i++) {
        const double value = tensor_get(tensor, i);
        if (value < low) low = value;
        if (value > high) high = value;
        sum += value;
        if (list)
            json_array_append_new(list, tensor_is_whole(tensor->type) ? json_integer((json_int_t)value)
                                                                      : json_decimal(value));
    }
    row_real(row, "min", low);
    row_real(row, "mean", sum / (double)count);
    row_real(row, "max", high);
    if (list) {
        row_count(row, "row_length", tensor->rank ? tensor->sizes[tensor->rank - 1] : 1);
        json_object_set_new(row, "values", list);
    }
}

/* The values below an output's row, one line for each row of the last dimension. */
static void print_values(const json_t *row, FILE *out) {
    const json_t *const values = json_object_get(row, "values");
    const size_t length = (size_t)json_integer_value(json_object_get(row, "row_length"));
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *const value = json_array_get(values, i);
        if (json_is_integer(value))
            fprintf(out, " %lld", (long long)json_integer_value(value));
        else
            fprintf(out, " %.7g", json_is_real(value) ? json_real_value(value) : NAN);
        if (length && i % length == length - 1) fputc('\n', out);
    }
}

static bool write_output(const struct run *run, size_t call, size_t index, const mica_tensor *tensor, json_t *row,
                         struct fault *fault) {
    if (!run->output_dir) return true;
    char *const name = call ? text_of("call%zu_output_%zu", call, index) : text_of("output_%zu", index);
    char *const file = text_of("%s.%s", name, run->output_format ? "bin" : "npy");
    row_text(row, "file", file);
    const bool written = value_write(run->output_dir, name, run->output_format, tensor, fault);
    free(file);
    free(name);
    return written;
}

/* One row per output. Outputs that differ are a fault only after all of them are in the table. */
static bool report_outputs(const struct run *run, const struct model *model, const model_call *call, size_t number,
                           json_t *rows, struct fault *differs, struct fault *fault) {
    for (size_t i = 0; i < model->output_count; i++) {
        held_value output = {0};
        mica_value value;
        json_t *const row = row_add(rows);
        row_count(row, "call", number);
        row_count(row, "output", i);
        if (mica_method_output(model->method, i, &value) == MICA_OK &&
            (value.kind == MICA_NONE || value.kind == MICA_STRING)) {
            row_text(row, "type", kind_name(value.kind)); /* nothing to measure, compare or write */
            continue;
        }
        if (!model_output(model, i, &output, fault)) return false;
        const mica_tensor *const tensor = &output.value.as.tensor;
        describe(row, tensor, run->print_outputs);
        if (i < call->expected_count) {
            struct fault found = {0};
            double largest = 0;
            const bool inside = model_check_output(model, call, i, &output, &largest, &found);
            row_real(row, "largest_difference", largest);
            row_flag(row, "inside", inside);
            if (!inside && !differs->exit) *differs = found;
        }
        const bool written = write_output(run, number, i, tensor, row, fault);
        held_free(&output);
        if (!written) return false;
    }
    return true;
}

/* ---- running ---- */

static bool execute(const struct run *run, struct model *model, size_t number, struct fault *fault) {
    for (size_t i = 0; i < run->warmup; i++) {
        if (!model_run(model, fault)) return false;
    }
    mica_method_set_trace(model->method, run->profile.trace);
    struct samples times = {0};
    bool good = true;
    for (size_t i = 0; good && i < run->executions; i++) {
        const uint64_t start = mica_clock();
        good = model_run(model, fault);
        samples_add(&times, (double)(mica_clock() - start) * 1e-6);
        progress("running", (double)i, (double)run->executions);
    }
    progress_end();
    mica_method_set_trace(model->method, NULL);
    if (good) {
        const char *const method = mica_program_method_name(model->program, model->index);
        const double first = times.items[0];
        mica_summary summary;
        mica_summarise(times.items, times.count, &summary);
        remark(&run->settings, "call %zu of %s executed %zu times in %.3f ms (first %.3f, median %.3f)", number,
               method, times.count, summary.mean * (double)times.count, first, summary.p50);
    }
    samples_free(&times);
    return good;
}

static bool run_calls(const struct run *run, struct model *model, json_t *rows, struct fault *fault) {
    uint64_t seed = run->seed;
    struct fault differs = {0};
    for (size_t number = 0; number <= run->calls; number++) {
        model_call call = {.atol = run->atol, .rtol = run->rtol};
        call.input_count = option_list_group(&run->inputs, number, &call.inputs);
        call.expected_count = option_list_group(&run->expected, number, &call.expected);
        if (call.expected_count && call.expected_count != model->output_count) {
            return usage(fault, "%s: '%s' gives %zu outputs, --expect was given %zu times", model->path,
                         mica_program_method_name(model->program, model->index), model->output_count,
                         call.expected_count);
        }
        if (!model_set_inputs(model, &call, &seed, fault) || !execute(run, model, number, fault) ||
            !report_outputs(run, model, &call, number, rows, &differs, fault)) {
            return false;
        }
    }
    if (differs.exit) *fault = differs;
    return !differs.exit;
}

static bool run_model(struct run *run, mica_context *context, struct fault *fault) {
    const char *path;
    if (!one_model(&run->arguments, &path, fault)) return false;
    if (run->output_dir && mkdir(run->output_dir, 0777) != 0 && errno != EEXIST) {
        return fail(fault, "%s: %s", run->output_dir, strerror(errno));
    }
    struct model model = {0};
    json_t *const rows = json_array();
    const size_t recorded = run->executions * (run->calls + 1);
    const bool loaded = profile_begin(&run->profile, context, path, &run->data_paths, run->method, recorded, fault) &&
                        model_open(&model, context, path, &run->data_paths, run->weights_cache, run->method, fault);
    if (loaded && run->settings.verbose) {
        mica_method_memory memory;
        mica_method_query_memory(model.method, &memory);
        note(&run->settings, "%s: read in %.3f ms, loaded in %.3f ms; %zu bytes planned, %zu packed; %zu threads, %s",
             path, model.open_ms, model.load_ms, memory.planned, memory.packed, mica_context_threads(context),
             mica_context_isa(context));
        model_note_weights(&model, &run->settings, run->weights_cache);
    }
    mica_context_set_trace(context, NULL);
    const bool good = loaded && run_calls(run, &model, rows, fault) &&
                      profile_end(&run->profile, context, model.method, run->limits, &run->settings, fault);
    if (json_array_size(rows)) {
        print_rows(&run->settings, rows, print_values);
    }
    json_decref(rows);
    model_close(&model);
    profile_free(&run->profile);
    return good;
}

/* ---- the command line ---- */

static bool check_model(const struct run *run, mica_context *context, struct fault *fault) {
    struct check_plan plan = {.data_paths = &run->data_paths,
                              .method = run->method,
                              .inputs = &run->inputs,
                              .further_calls = run->calls,
                              .warmup = run->warmup,
                              .executions = run->executions,
                              .seed = run->seed};
    return one_model(&run->arguments, &plan.path, fault) && run_check(&plan, context, &run->settings, fault);
}

static bool run_own_cases(const struct run *run, mica_context *context, struct fault *fault) {
    struct bundled_plan plan = {
        .data_paths = &run->data_paths, .method = run->method, .atol = run->atol, .rtol = run->rtol};
    return one_model(&run->arguments, &plan.path, fault) && run_bundled(&plan, context, &run->settings, fault);
}

static bool start(struct run *run, struct fault *fault) {
    if (run->settings.threads.count > 1) return usage(fault, "--cpu-threads takes one number here");
    if (run->check &&
        (run->expected.count || run->output_dir || run->print_outputs || run->profile.path || run->cases))
        return usage(fault, "--check compares nodes with the reference: it takes inputs, and writes no outputs");
    mica_context *context;
    if (!context_open(&run->settings, (mica_kernels)run->settings.kernels, run->settings.isa, &context, fault))
        return false;
    const bool good = run->check     ? check_model(run, context, fault)
                      : run->bundled ? run_own_cases(run, context, fault)
                      : run->cases   ? run_cases(run->cases, &run->match, context, &run->settings, fault)
                                     : run_model(run, context, fault);
    mica_context_destroy(context);
    return good;
}

/* The columns of the result that is asked for. */
static const column *columns_of(int argc, char **argv, size_t *count) {
    const struct {
        const char *option;
        const column *columns;
        size_t count;
    } modes[] = {
        {"check", check_columns, check_column_count},
        {"bundled", bundled_columns, bundled_column_count},
        {"cases", case_columns, case_column_count},
    };
    for (size_t m = 0; m < COUNT(modes); m++) {
        if (!option_is_given(argc, argv, modes[m].option)) continue;
        *count = modes[m].count;
        return modes[m].columns;
    }
    *count = COUNT(columns);
    return columns;
}

bool command_run(int argc, char **argv, struct fault *fault) {
    static const char *const formats[] = {"npy", "bin", NULL};
    struct run run = {.executions = 1, .atol = 1e-4, .rtol = 1e-4};
    const struct option options[] = {
        LIST("model-path", "MODEL.pte", run.arguments, "the model, as ExecuTorch's runner takes it"),
        TEXT("method", "NAME", run.method, "what to run (default: forward, else the only method)"),
        LIST("input", "FILE", run.inputs,
             "one per input, in order: .npy, .bin, FILE.bin:2x3x4 to give a shape, or a literal for a number; "
             "without any, inputs are drawn from the seed: floats normal (0, 1), integers 0 or 1"),
        SIZE("seed", "N", 0, run.seed, "seed of drawn inputs (default 0)"),
        TEXT("output-dir", "DIR", run.output_dir, "write the outputs there as output_0.npy and so on"),
        CHOICE("output-format", formats, run.output_format, "of written outputs"),
        FLAG("print-outputs", run.print_outputs, "print every value"),
        LIST("expect", "FILE", run.expected,
             "one per output: compare with it, exit 1 where |got - want| > atol + rtol * |want|"),
        REAL("atol", "X", run.atol, "absolute tolerance (default 1e-4)"),
        REAL("rtol", "X", run.rtol, "relative tolerance (default 1e-4)"),
        SIZE("num-executions", "N", 1, run.executions, "how often to run (default 1)"),
        SIZE("warmup", "N", 0, run.warmup, "runs before those (default 0)"),
        TEXT("etdump-path", "FILE", run.profile.path, "record the executions there, as ExecuTorch's ETDump"),
        FLAG("limits", run.limits, "measure the machine's limits, too, for the roofline (takes a second)"),
        NEXT("call", run.calls, "what follows is a further call of the same loaded method"),
        LIST("data-path", "FILE.ptd", run.data_paths, "weights kept outside of the program; may be repeated"),
        TEXT("weights-cache", "FILE", run.weights_cache, WEIGHTS_CACHE_HELP),
        FLAG("check", run.check,
             "run beside the reference kernels, compare node by node, exit 1 where one is wrong; all methods unless "
             "one is named"),
        FLAG("bundled", run.bundled,
             "run the test cases of a bundled program (.bpte), of all methods unless one is named; exit 1 where an "
             "output is outside of --atol and --rtol"),
        TEXT("cases", "CASES.tsv", run.cases, "run an index of cases instead of a model"),
        LIST("match", "GLOB", run.match,
             "only cases whose name, folder or a tag matches; !GLOB: does not match; may be repeated"),
    };
    const command_line line = {
        .name = "run",
        .synopsis = "MODEL.pte [options]\nMODEL.pte --check [options]\nMODEL.bpte --bundled [options]\n--cases "
                    "CASES.tsv [--match GLOB] [options]",
        .summary = "Runs a method of a model and describes its outputs.",
        .options = options,
        .option_count = COUNT(options),
        .arguments = &run.arguments,
    };
    bool go;
    size_t column_count;
    const column *const shown = columns_of(argc, argv, &column_count);
    const bool good = command_parse(&line, shown, column_count, &run.settings, argc, argv, &go, fault) &&
                      (!go || start(&run, fault));
    option_list_free(&run.arguments);
    option_list_free(&run.data_paths);
    option_list_free(&run.inputs);
    option_list_free(&run.expected);
    option_list_free(&run.match);
    return good;
}
