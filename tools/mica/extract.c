/* SPDX-License-Identifier: Apache-2.0
 *
 * mica extract: one node of a model as a model of its own, to benchmark or to attach to a bug report.
 */
#include <stdint.h>
#include <stdlib.h>

#include "make.h"

struct extract {
    struct settings settings;
    option_list arguments;
    const char *path, *method;
    option_list data_paths;
    size_t node;
};

static bool run(const struct extract *extract, const char *model, mica_context *context, struct fault *fault) {
    mica_program *program;
    if (!program_open(context, model, &extract->data_paths, NULL, &program, fault)) return false;
    char *const record = make_beside(extract->path, ".etrecord");
    const mica_status status =
        mica_extract_node(context, program, extract->method, extract->node, extract->path, record);
    free(record);
    mica_program_close(program);
    if (status == MICA_ERROR_IO) return fail(fault, "%s", mica_context_error(context));
    return succeeded(fault, model, context, status);
}

static bool start(const struct extract *extract, struct fault *fault) {
    const char *model;
    mica_context *context;
    if (!one_model(&extract->arguments, &model, fault)) return false;
    if (extract->node == SIZE_MAX)
        return usage(fault, "which node? Give its number with --node ('mica explain' lists)");
    if (!extract->path) return usage(fault, "where to? Give a path with -o");
    if (!context_open(&extract->settings, (mica_kernels)extract->settings.kernels, extract->settings.isa, &context,
                      fault))
        return false;
    const bool good = run(extract, model, context, fault);
    mica_context_destroy(context);
    return good;
}

bool command_extract(int argc, char **argv, struct fault *fault) {
    struct extract extract = {.node = SIZE_MAX};
    const struct option options[] = {
        SIZE("node", "N", 0, extract.node, "its number in 'mica explain'"),
        {.name = "output",
         .alias = "o",
         .kind = KIND_TEXT,
         .target = &extract.path,
         .value = "ONE.pte",
         .help = "the new model; ONE.etrecord is written beside it"},
        TEXT("method", "NAME", extract.method, "where the node is (default: forward, else the only method)"),
        LIST("data-path", "FILE.ptd", extract.data_paths, "weights kept outside of the program; may be repeated"),
    };
    const command_line line = {
        .name = "extract",
        .synopsis = "MODEL.pte --node N -o ONE.pte",
        .summary = "Writes one node of a model, with its weights and shapes, as a model of its own.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .arguments = &extract.arguments,
    };
    bool go;
    const bool good =
        command_parse(&line, NULL, 0, &extract.settings, argc, argv, &go, fault) && (!go || start(&extract, fault));
    option_list_free(&extract.arguments);
    option_list_free(&extract.data_paths);
    return good;
}
