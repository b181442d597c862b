/* SPDX-License-Identifier: Apache-2.0
 *
 * mica info: what is in a program, also in one that cannot be loaded here.
 */
#include <string.h>

#include "command.h"
#include "info_memory.h"
#include "tensor.h"

struct info {
    struct settings settings;
    option_list arguments;
    option_list data_paths;
    bool memory;
};

static const column columns[] = {
    {"method", NULL, 0, 0},        {"item", NULL, 0, 0},     {"index", "index", 0, 0},
    {"name", "name", 0, 0},        {"type", "type", 0, 0},   {"shape", "shape", 0, 0},
    {"value", "value", -1, 0},     {"count", "count", 0, 0}, {"dynamic", "dynamic", 0, 0},
    {"dim_order", "layout", 0, 0}, {"calls", "calls", 0, 0}, {"available", "available", 0, 0},
    {"lack", "why not", 0, 0},     {"bytes", "bytes", 0, 0},
};

/* ---- the rows: one for each thing, told apart by "item" ---- */

static json_t *new_row(json_t *rows, const char *method, const char *item) {
    json_t *const row = row_add(rows);
    row_text(row, "method", method);
    row_text(row, "item", item);
    return row;
}

/* The value that an input must have, or an output has. */
static void add_constant(json_t *row, const mica_value *value) {
    switch (value->kind) {
    case MICA_INT: json_object_set_new(row, "value", json_integer(value->as.integer)); break;
    case MICA_DOUBLE: row_real(row, "value", value->as.real); break;
    case MICA_BOOLEAN: row_text(row, "value", value->as.boolean ? "true" : "false"); break;
    case MICA_STRING: row_text(row, "value", value->as.string); break;
    default: break;
    }
}

static void add_value(json_t *rows, const char *method, const char *item, size_t index, const mica_value_info *info) {
    json_t *const row = new_row(rows, method, item);
    row_count(row, "index", index);
    if (info->kind != MICA_TENSOR) {
        row_text(row, "type", kind_name(info->kind));
        add_constant(row, &info->constant);
        return;
    }
    char text[SHAPE_TEXT];
    row_text(row, "type", mica_type_name(info->type));
    row_text(row, "shape", shape_text(info->sizes, info->rank, text));
    row_flag(row, "dynamic", info->dynamic);
    bool permuted = false;
    size_t order[MICA_MAX_RANK];
    for (size_t d = 0; d < info->rank; d++) {
        order[d] = info->dim_order[d];
        permuted |= order[d] != d;
    }
    if (permuted) row_text(row, "dim_order", shape_text(order, info->rank, text));
}

static bool add_method(json_t *rows, const mica_program *program, size_t index, const char *path,
                       const mica_context *context, struct fault *fault) {
    const char *const method = mica_program_method_name(program, index);
    mica_value_info info;
    for (size_t i = 0; i < mica_program_input_count(program, index); i++) {
        if (!succeeded(fault, path, context, mica_program_input_info(program, index, i, &info))) return false;
        add_value(rows, method, "input", i, &info);
    }
    for (size_t i = 0; i < mica_program_output_count(program, index); i++) {
        if (!succeeded(fault, path, context, mica_program_output_info(program, index, i, &info))) return false;
        add_value(rows, method, "output", i, &info);
    }
    for (size_t i = 0; i < mica_program_operator_count(program, index); i++) {
        mica_operator_use use;
        if (!succeeded(fault, path, context, mica_program_operator(program, index, i, &use))) return false;
        json_t *const row = new_row(rows, method, use.delegate ? "delegate" : "operator");
        row_text(row, "name", use.name);
        row_count(row, "calls", use.calls);
        row_flag(row, "available", use.available);
        if (use.lack) row_text(row, "lack", use.lack);
    }
    const char *key;
    for (size_t i = 0; (key = mica_program_missing_data(program, index, i)); i++) {
        row_text(new_row(rows, method, "missing data"), "name", key);
    }
    row_count(new_row(rows, method, "planned memory"), "bytes", mica_program_planned_bytes(program, index));
    const size_t cases = mica_program_case_count(program, index);
    if (cases) row_count(new_row(rows, method, "test cases"), "count", cases);
    return true;
}

static void add_sizes(json_t *rows, const mica_program *program) {
    mica_program_sizes sizes;
    mica_program_query_sizes(program, &sizes);
    const struct {
        const char *name;
        size_t bytes;
    } parts[] = {
        {"file", sizes.file},           {"program", sizes.program},       {"constants", sizes.constants},
        {"delegates", sizes.delegates}, {"named data", sizes.named_data}, {"mutable data", sizes.mutable_data},
    };
    for (size_t i = 0; i < COUNT(parts); i++) {
        json_t *const row = new_row(rows, "", "size");
        row_text(row, "name", parts[i].name);
        row_count(row, "bytes", parts[i].bytes);
    }
}

/* ---- two ways to show them ---- */

/* {"sizes": {…}, "methods": [{"name", "inputs": [], "outputs": [], "operators": [], "delegates": [], "missing_data": [],
 * "planned_bytes"}], "missing_operators": []} */
static json_t *document(const json_t *rows, const char *path) {
    static const char *const plural[][2] = {{"input", "inputs"},
                                            {"output", "outputs"},
                                            {"operator", "operators"},
                                            {"delegate", "delegates"},
                                            {"missing data", "missing_data"}};
    json_t *const sizes = json_object(), *const methods = json_array(), *const missing = json_array();
    json_t *method = NULL;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        const char *const item = json_string_value(json_object_get(row, "item"));
        json_t *const name = json_object_get(row, "method");
        if (strcmp(item, "size") == 0) {
            json_object_set(sizes, json_string_value(json_object_get(row, "name")), json_object_get(row, "bytes"));
            continue;
        }
        if (!method || !json_equal(json_object_get(method, "name"), name)) {
            method = json_pack("{s:O}", "name", name);
            for (size_t p = 0; p < COUNT(plural); p++) json_object_set_new(method, plural[p][1], json_array());
            json_array_append_new(methods, method);
        }
        if (strcmp(item, "planned memory") == 0)
            json_object_set(method, "planned_bytes", json_object_get(row, "bytes"));
        if (strcmp(item, "test cases") == 0) json_object_set(method, "test_cases", json_object_get(row, "count"));
        for (size_t p = 0; p < COUNT(plural); p++) {
            if (strcmp(item, plural[p][0]) != 0) continue;
            json_t *const entry = json_copy(row);
            json_object_del(entry, "method");
            json_object_del(entry, "item");
            json_array_append_new(json_object_get(method, plural[p][1]), entry);
        }
        if (json_is_false(json_object_get(row, "available")))
            json_array_append(missing, json_object_get(row, "name"));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "file", json_text(path), "sizes", sizes, "methods", methods,
                     "missing_operators", missing);
}

/* A table below its heading, or behind it a single number. */
static void print_section(const json_t *rows, bool heading) {
    const json_t *const row = json_array_get(rows, 0);
    const json_t *const bytes = json_object_get(row, "bytes"), *const count = json_object_get(row, "count");
    if (count) {
        printf(": %lld\n", (long long)json_integer_value(count));
    } else if (heading && bytes) {
        printf(": %lld bytes\n", (long long)json_integer_value(bytes));
    } else {
        if (heading) putchar('\n');
        table_print(rows, columns, COUNT(columns), OUTPUT_TABLE, NULL, stdout);
    }
}

/* A heading and a table for each run of rows of the same method and item. */
static void print_sections(const json_t *rows) {
    json_t *section = json_array();
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *const row = json_array_get(rows, i), *const next = json_array_get(rows, i + 1);
        json_array_append(section, row);
        if (json_equal(json_object_get(row, "item"), json_object_get(next, "item")) &&
            json_equal(json_object_get(row, "method"), json_object_get(next, "method"))) {
            continue;
        }
        const char *const method = json_string_value(json_object_get(row, "method"));
        const char *const item = json_string_value(json_object_get(row, "item"));
        if (*method) printf("\n%s of %s", item, method);
        print_section(section, *method);
        json_array_clear(section);
    }
    json_decref(section);
}

/* What rows lack that are not available, and data that is in no file given, all in one line. */
static void note_missing(const struct info *info, const char *path, const json_t *rows) {
    char names[1024] = "";
    size_t i, keys = 0;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        const bool data = strcmp(json_string_value(json_object_get(row, "item")), "missing data") == 0;
        if (!data && !json_is_false(json_object_get(row, "available"))) continue;
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s%s", *names ? ", " : "",
                 data && !keys ? "external data " : "", json_string_value(json_object_get(row, "name")));
        keys += data;
    }
    if (*names) note(&info->settings, "%s: it cannot run, for want of %s", path, names);
}

static bool print_program(const struct info *info, const mica_context *context, const mica_program *program,
                          const char *path, struct fault *fault) {
    json_t *const rows = json_array();
    add_sizes(rows, program);
    bool good = true;
    for (size_t m = 0; good && m < mica_program_method_count(program); m++) {
        good = add_method(rows, program, m, path, context, fault);
    }
    json_t *const whole = document(rows, path);
    if (good && info->settings.format == OUTPUT_JSON)
        json_print(whole, stdout);
    else if (good && info->settings.format == OUTPUT_TABLE)
        print_sections(rows);
    else if (good)
        table_print(rows, columns, COUNT(columns), (output_format)info->settings.format, NULL, stdout);
    if (good) note_missing(info, path, rows);
    json_decref(whole);
    json_decref(rows);
    return good;
}

static bool start(const struct info *info, struct fault *fault) {
    const char *path;
    if (!one_model(&info->arguments, &path, fault)) return false;
    mica_context *context;
    mica_program *program = NULL;
    if (!context_open(&info->settings, (mica_kernels)info->settings.kernels, info->settings.isa, &context, fault))
        return false;
    const bool good = program_open(context, path, &info->data_paths, NULL, &program, fault) &&
                      (info->memory ? info_memory(context, program, path, &info->settings, fault)
                                    : print_program(info, context, program, path, fault));
    mica_program_close(program);
    mica_context_destroy(context);
    return good;
}

bool command_info(int argc, char **argv, struct fault *fault) {
    struct info info = {0};
    const struct option options[] = {
        LIST("model-path", "MODEL.pte", info.arguments, "the model"),
        FLAG("memory", info.memory,
             "the memory plan instead: each method's buffers and each delegate's workspace, and where in them, and "
             "from which step to which, every value lives"),
        LIST("data-path", "FILE.ptd", info.data_paths, "weights kept outside of the program; may be repeated"),
    };
    const command_line line = {
        .name = "info",
        .synopsis = "MODEL.pte [options]",
        .summary =
            "Shows a model's sizes, and for each method its inputs and outputs, the operators and delegates that it "
            "uses, whether each is available, and the memory that it plans.",
        .options = options,
        .option_count = COUNT(options),
        .arguments = &info.arguments,
    };
    bool go;
    const bool good =
        command_parse(&line, NULL, 0, &info.settings, argc, argv, &go, fault) && (!go || start(&info, fault));
    option_list_free(&info.arguments);
    option_list_free(&info.data_paths);
    return good;
}
