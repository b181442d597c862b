/* SPDX-License-Identifier: Apache-2.0
 *
 * mica bench: measures models, their nodes, or one operator without any model.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "require.h"
#include "terminal.h"

static const column columns[] = {
    {"model", NULL, 0, 0},
    {"name", "name", 0, COLUMN_NESTED},
    {"node", "node", 0, 0},
    {"shapes", NULL, 0, 0},
    {"variant", "variant", 0, COLUMN_ACCENT},
    {"kernel", "kernel", 0, COLUMN_ACCENT},
    {"threads", "threads", 0, COLUMN_OPTIONAL},
    {"executions", NULL, 0, 0},
    {"min_us", "min (us)", 2, COLUMN_OPTIONAL},
    {"p50_us", "p50 (us)", 2, 0},
    {"p90_us", "p90 (us)", 2, 0},
    {"p99_us", "p99 (us)", 2, COLUMN_OPTIONAL},
    {"mean_us", "mean (us)", 2, COLUMN_OPTIONAL},
    {"gops", "GOP/s", 1, 0},
    {"peak_percent", "of peak (%)", 0, 0},
    {"standard_us", "standard (us)", 2, 0},
    {"reference_us", "reference (us)", 2, 0},
    {"ratio", "ratio", 2, 0},
    {"ratio_low", "from", 2, COLUMN_OPTIONAL},
    {"ratio_high", "to", 2, COLUMN_OPTIONAL},
    {"difference", "largest difference", -3, 0},
    {"open_ms", NULL, 0, 0},
    {"load_ms", "load (ms)", 2, COLUMN_OPTIONAL},
    {"first_ms", "first (ms)", 3, COLUMN_OPTIONAL},
    {"added_rss_mb", "added (MB)", 2, COLUMN_OPTIONAL},
};

/* ---- what to measure ---- */

static bool bench_arguments(struct bench *bench, struct fault *fault) {
    if (!bench->arguments.count) return usage(fault, "what? Give models, --cases or --op");
    if (bench->arguments.count > 1 && (bench->inputs.count || bench->expected.count)) {
        return usage(fault, "--input and --expect are for one model");
    }
    for (size_t i = 0; i < bench->arguments.count; i++) {
        const char *const path = bench->arguments.items[i].text;
        const bench_model_spec spec = {
            .name = path,
            .path = path,
            .data_paths = &bench->data_paths,
            .weights_cache = bench->weights_cache,
            .method = bench->method,
            .call = {bench->inputs.items, bench->expected.items, bench->inputs.count, bench->expected.count,
                     bench->atol, bench->rtol},
        };
        if (!bench_model(bench, &spec, fault)) return false;
    }
    return true;
}

/* The first call of each case and method. */
static bool bench_cases(struct bench *bench, struct fault *fault) {
    case_index index;
    bool good = cases_read(bench->cases, &bench->match, &index, fault);
    for (size_t i = 0; good && i < index.count; i++) {
        const model_case *const item = &index.items[i];
        if (item->call) continue;
        const bench_model_spec spec = {.name = item->folder,
                                       .path = item->model,
                                       .data_paths = &item->data_paths,
                                       .method = item->method,
                                       .call = case_call(item)};
        good = bench_model(bench, &spec, fault);
    }
    cases_free(&index);
    return good;
}

static bool bench_shapes(struct bench *bench, struct fault *fault) {
    if (!bench->shapes.count) return usage(fault, "--op needs at least one --shape");
    for (size_t i = 0; i < bench->shapes.count; i++) {
        if (!bench_operator(bench, bench->shapes.items[i].text, fault)) return false;
    }
    return true;
}

/* ---- around it ---- */

static bool open_contexts(struct bench *bench, struct fault *fault) {
    const struct settings *const settings = &bench->settings;
    if (!context_open(settings, (mica_kernels)settings->kernels, settings->isa, &bench->context, fault)) return false;
    if (!context_open(settings, MICA_KERNELS_AUTO, NULL, &bench->machine, fault)) return false;
    if (bench->compare == BENCH_ALONE) return true;
    const mica_kernels kernels = bench->compare == 0 ? MICA_KERNELS_STANDARD : MICA_KERNELS_REFERENCE;
    return context_open(settings, kernels, settings->isa, &bench->other, fault);
}

static bool start(struct bench *bench, struct fault *fault) {
    const bool single = bench->op != BENCH_ALONE;
    if (single + (bench->cases != NULL) + (bench->arguments.count > 0) > 1) {
        return usage(fault, "models, --cases and --op exclude each other");
    }
    if (!bench->executions && bench->seconds < 0) bench->seconds = 0.5;
    if (bench->seconds < 0) bench->seconds = 0;
    bench->rows = json_array();
    const bool good = open_contexts(bench, fault) && (single         ? bench_shapes(bench, fault)
                                                      : bench->cases ? bench_cases(bench, fault)
                                                                     : bench_arguments(bench, fault));
    progress_end();
    if (json_array_size(bench->rows)) {
        print_rows(&bench->settings, bench->rows, NULL);
    }
    json_decref(bench->rows);
    mica_context_destroy(bench->context);
    mica_context_destroy(bench->other);
    mica_context_destroy(bench->machine);
    return good;
}

bool command_bench(int argc, char **argv, struct fault *fault) {
    static const char *const others[] = {"standard", "reference", NULL};
    struct bench bench = {.compare = BENCH_ALONE,
                          .op = BENCH_ALONE,
                          .warmup = 3,
                          .seconds = -1,
                          .atol = 1e-4,
                          .rtol = 1e-4,
                          .stride = 1,
                          .dilation = 1,
                          .groups = 1,
                          .block = 32};
    const struct option options[] = {
        LIST("model-path", "MODEL.pte", bench.arguments, "a model; may be repeated"),
        FLAG("per-node", bench.per_node, "a row for each node as well"),
        CHOICE("compare", others, bench.compare,
               "run these kernels in turns with the chosen ones; ratio: how many times slower they are, with its 95 "
               "% confidence interval"),
        SIZE("warmup", "N", 0, bench.warmup, "runs before any is timed (default 3)"),
        SIZE("num-executions", "N", 1, bench.executions, "timed runs, at least (default: by time)"),
        REAL("min-seconds", "S", bench.seconds,
             "timed seconds of each side, at least (default 0.5, or 0 with --num-executions)"),
        TEXT("method", "NAME", bench.method, "what to run (default: forward, else the only method)"),
        LIST("input", "FILE", bench.inputs, "one per input, as for 'mica run' (default: drawn)"),
        SIZE("seed", "N", 0, bench.seed, "seed of drawn inputs and of --op (default 0)"),
        LIST("data-path", "FILE.ptd", bench.data_paths, "weights kept outside of the program; may be repeated"),
        TEXT("weights-cache", "FILE", bench.weights_cache, WEIGHTS_CACHE_HELP),
        LIST("expect", "FILE", bench.expected, "one per output: compare the first run's with it"),
        REAL("atol", "X", bench.atol, "absolute tolerance (default 1e-4)"),
        REAL("rtol", "X", bench.rtol, "relative tolerance (default 1e-4)"),
        TEXT("cases", "CASES.tsv", bench.cases, "measure and compare an index of cases"),
        LIST("match", "GLOB", bench.match,
             "only cases whose name, folder or a tag matches; !GLOB: does not match; may be repeated"),
        MAYBE("require-accelerated", "PATTERN", bench.required, REQUIRE_HELP),
        CHOICE("op", bench_ops, bench.op, "one operator with random operands, without any model"),
        CHOICE("variant", bench_variants, bench.variant, "its types (default pf32_gemm)"),
        LIST("shape", "SHAPE", bench.shapes, "linear MxKxN, matmul BxMxKxN, conv2d BxCxHxWxOC; may be repeated"),
        SIZE("group-size", "N", 1, bench.block, "of qb4w weights along K (default 32)"),
        SIZE("kernel", "N", 1, bench.kernel, "conv2d: filter size (default 1, for pqs8 3)"),
        SIZE("stride", "N", 1, bench.stride, "conv2d (default 1)"),
        SIZE("padding", "N", 0, bench.padding, "conv2d, on each side (default 0)"),
        SIZE("dilation", "N", 1, bench.dilation, "conv2d (default 1)"),
        SIZE("groups", "N", 1, bench.groups, "conv2d (default 1)"),
    };
    const command_line line = {
        .name = "bench",
        .synopsis = "MODEL.pte... [options]\n--cases CASES.tsv [--match GLOB] [options]\n"
                    "--op linear|conv2d|matmul --variant V --shape SHAPE [options]",
        .summary =
            "Measures load, first run and steady state of models, their nodes, or one operator. --cpu-threads 1,2 "
            "measures with each count.",
        .options = options,
        .option_count = COUNT(options),
        .arguments = &bench.arguments,
    };
    bool go;
    const bool good = command_parse(&line, columns, COUNT(columns), &bench.settings, argc, argv, &go, fault) &&
                      (!go || start(&bench, fault));
    option_list *const lists[] = {&bench.arguments, &bench.inputs, &bench.expected,
                                  &bench.match,     &bench.shapes, &bench.data_paths};
    for (size_t i = 0; i < COUNT(lists); i++) option_list_free(lists[i]);
    return good;
}
