/* SPDX-License-Identifier: Apache-2.0
 *
 * mica explain: which kernel each node takes here or on another CPU, and what would have to change for a better one.
 */
#include "command.h"
#include "require.h"
#include "terminal.h"

struct explain {
    struct settings settings;
    option_list arguments;
    const char *method, *required;
    option_list data_paths;
};

static const column columns[] = {
    {"index", "node", 0, 0},
    {"node_type", "type", 0, 0},
    {"name", NULL, 0, 0},
    {"shapes", "shapes", 0, 0},
    {"types", "types", 0, 0},
    {"quantization", "quantization", 0, COLUMN_OPTIONAL},
    {"variant", "variant", 0, COLUMN_ACCENT},
    {"kernel", "kernel", 0, COLUMN_ACCENT},
    {"isa", NULL, 0, 0},
    {"accelerated", NULL, 0, 0},
    {"fused_into", "fused into", 0, COLUMN_OPTIONAL},
    {"peer", "ExecuTorch takes", 0, COLUMN_OPTIONAL},
    {"operations", NULL, 0, 0},
    {"bytes", NULL, 0, 0},
    {"reasons", NULL, 0, 0},
};

static json_t *reasons_of(const mica_node_report *node) {
    json_t *const reasons = json_array();
    for (size_t i = 0; i < node->reason_count; i++) {
        const mica_reason *const reason = &node->reasons[i];
        json_t *const row = row_add(reasons);
        row_text(row, "code", reason->code);
        row_text(row, "message", reason->message);
        row_text(row, "remedy", reason->remedy);
        row_text(row, "variant", reason->variant);
    }
    return reasons;
}

static void add_row(json_t *rows, const mica_node_report *node) {
    json_t *const row = row_add(rows);
    const struct {
        const char *key;
        json_int_t number;
    } numbers[] = {
        {"index", (json_int_t)node->index}, {"chain", node->chain}, {"instruction", node->instruction},
        {"delegate", node->delegate},       {"node", node->node},   {"debug_handle", node->debug_handle},
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        json_object_set_new(row, numbers[i].key, json_integer(numbers[i].number));
    }
    const struct {
        const char *key, *text;
    } texts[] = {
        {"node_type", node->node_type},
        {"name", node->name},
        {"shapes", node->shapes},
        {"types", node->types},
        {"quantization", node->quantization},
        {"variant", node->variant},
        {"kernel", node->kernel},
        {"isa", node->isa},
        {"fused_into", node->fused_into},
        {"peer", node->peer},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        row_text(row, texts[i].key, texts[i].text);
    }
    row_flag(row, "accelerated", node->accelerated);
    row_flag(row, "eligible_kind", node->eligible_kind);
    row_real(row, "operations", node->operations);
    row_real(row, "bytes", node->bytes);
    json_object_set_new(row, "reasons", reasons_of(node));
}

static const char *member(const json_t *reason, const char *key) {
    return json_string_value(json_object_get(reason, key));
}

/* Below a node that could have a packed kernel and has none: why, and what to change. */
static void print_reasons(const json_t *row, FILE *out) {
    if (json_is_true(json_object_get(row, "accelerated")) || !json_is_true(json_object_get(row, "eligible_kind")))
        return;
    size_t i;
    const json_t *reason;
    json_array_foreach(json_object_get(row, "reasons"), i, reason) {
        const char *const remedy = member(reason, "remedy");
        char text[2048], shown[2048];
        snprintf(text, sizeof text, "not %s: %s [%s]%s%s", member(reason, "variant"), member(reason, "message"),
                 member(reason, "code"), *remedy ? "; remedy: " : "", remedy);
        terminal_text(shown, sizeof shown, text, 0);
        fprintf(out, "        %s\n", shown);
    }
}

static bool explain_program(const struct explain *explain, mica_context *context, const mica_program *program,
                            const char *path, struct fault *fault) {
    size_t index;
    mica_report *report = NULL;
    if (!method_find(program, path, explain->method, &index, fault)) return false;
    const char *const method = mica_program_method_name(program, index);
    if (!succeeded(fault, path, context, mica_explain(context, program, method, explain->settings.isa, &report)))
        return false;
    json_t *const rows = json_array();
    for (size_t i = 0; i < mica_report_count(report); i++) {
        add_row(rows, mica_report_node(report, i));
    }
    print_rows(&explain->settings, rows, print_reasons);
    json_decref(rows);
    const bool good = require_accelerated(report, explain->required, path, fault);
    mica_report_destroy(report);
    return good;
}

static bool start(const struct explain *explain, struct fault *fault) {
    const char *path;
    const char *const isa = explain->settings.isa;
    if (isa && !mica_isa_architecture(isa))
        return usage(fault, "--isa: no instruction set is called '%s' ('mica cpu' lists them)", isa);
    if (!one_model(&explain->arguments, &path, fault)) return false;
    mica_context *context;
    mica_program *program = NULL;
    if (!context_open(&explain->settings, (mica_kernels)explain->settings.kernels, NULL, &context, fault))
        return false;
    const bool good = program_open(context, path, &explain->data_paths, NULL, &program, fault) &&
                      explain_program(explain, context, program, path, fault);
    mica_program_close(program);
    mica_context_destroy(context);
    return good;
}

bool command_explain(int argc, char **argv, struct fault *fault) {
    struct explain explain = {0};
    const struct option options[] = {
        LIST("model-path", "MODEL.pte", explain.arguments, "the model"),
        TEXT("method", "NAME", explain.method, "which method (default: forward, else the only one)"),
        LIST("data-path", "FILE.ptd", explain.data_paths, "weights kept outside of the program; may be repeated"),
        MAYBE("require-accelerated", "PATTERN", explain.required, REQUIRE_HELP),
    };
    const command_line line = {
        .name = "explain",
        .synopsis = "MODEL.pte [options]",
        .summary =
            "Shows for each node of a model which variant and micro-kernel it takes, and where it takes none of the "
            "accelerated ones, every condition that failed and what would make it hold. With --isa NAME it predicts "
            "for any CPU, on any machine.",
        .options = options,
        .option_count = COUNT(options),
        .arguments = &explain.arguments,
    };
    bool go;
    const bool good = command_parse(&line, columns, COUNT(columns), &explain.settings, argc, argv, &go, fault) &&
                      (!go || start(&explain, fault));
    option_list_free(&explain.arguments);
    option_list_free(&explain.data_paths);
    return good;
}
