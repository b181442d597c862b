/* SPDX-License-Identifier: Apache-2.0
 *
 * mica cpu: what this CPU has, what it reaches, and which micro-kernels there are for it.
 */
#include <string.h>

#include "command.h"
#include "terminal.h"

struct cpu {
    struct settings settings;
    option_list arguments;
    bool measure;
};

static const column kernel_columns[] = {
    {"variant", "variant", 0, 0},
    {"kernel", "kernel", 0, 0},
    {"isa", "instruction set", 0, 0},
    {"architecture", NULL, 0, 0},
    {"mr", "rows", 0, 0},
    {"nr", "columns", 0, 0},
    {"kr", "depth", 0, 0},
    {"available", "available", 0, 0},
};
static const column limit_columns[] = {
    {"name", "limit", 0, 0},
    {"threads", "threads", 0, 0},
    {"bytes", "memory (bytes)", 0, 0},
    {"giga_per_second", "10^9/s", 1, 0},
    {"unit", "of", 0, 0},
};

static json_t *kernels(void) {
    json_t *const rows = json_array();
    mica_kernel_info info;
    for (size_t i = 0; mica_kernel_query(i, &info); i++) {
        json_t *const row = row_add(rows);
        row_text(row, "variant", info.variant);
        row_text(row, "kernel", info.name);
        row_text(row, "isa", info.isa);
        row_text(row, "architecture", info.architecture);
        row_count(row, "mr", info.mr);
        row_count(row, "nr", info.nr);
        row_count(row, "kr", info.kr);
        row_flag(row, "available", info.available);
    }
    return rows;
}

static json_t *levels(void) {
    json_t *const names = json_array();
    for (size_t i = 0; mica_isa_name(i); i++) {
        const char *const name = mica_isa_name(i);
        json_t *const row = row_add(names);
        row_text(row, "name", name);
        row_text(row, "architecture", mica_isa_architecture(name));
        row_flag(row, "available", mica_isa_available(name));
    }
    return names;
}

static json_t *machine(void) {
    mica_cpu_info info;
    mica_cpu_query(&info);
    json_t *const row = json_object();
    row_text(row, "model", info.model);
    row_text(row, "architecture", info.architecture);
    row_text(row, "isa", info.isa);
    row_text(row, "features", info.features);
    row_count(row, "cores", info.cores);
    row_count(row, "cache_l1d", info.cache_l1d);
    row_count(row, "cache_l2", info.cache_l2);
    row_count(row, "cache_l3", info.cache_l3);
    row_count(row, "vector_bits", info.vector_bits);
    return row;
}

static bool measure(mica_context *context, json_t *rows, struct fault *fault) {
    for (size_t i = 0; i < MICA_LIMITS; i++) {
        mica_limit_info info;
        if (mica_measure(context, (mica_limit)i, &info) != MICA_OK)
            return fail(fault, "%s", mica_context_error(context));
        json_t *const row = row_add(rows);
        row_text(row, "name", info.name);
        row_count(row, "threads", info.threads);
        row_count(row, "bytes", info.bytes);
        row_real(row, "giga_per_second", info.rate * 1e-9);
        row_text(row, "unit", i < MICA_LIMIT_L1 ? "operations" : "bytes read");
    }
    return true;
}

static void print_machine(const json_t *machine, const json_t *isas) {
    static const struct {
        const char *key, *label;
    } lines[] = {{"model", "CPU"},           {"architecture", "architecture"},  {"features", "features"},
                 {"cores", "cores"},         {"cache_l1d", "L1 data (bytes)"},  {"cache_l2", "L2 (bytes)"},
                 {"cache_l3", "L3 (bytes)"}, {"vector_bits", "vectors (bits)"}, {"isa", "instruction set"}};
    for (size_t i = 0; i < COUNT(lines); i++) {
        const json_t *const value = json_object_get(machine, lines[i].key);
        char text[512];
        if (json_is_integer(value))
            printf("%-17s%lld\n", lines[i].label, (long long)json_integer_value(value));
        else if (terminal_text(text, sizeof text, json_string_value(value), 0))
            printf("%-17s%s\n", lines[i].label, text);
    }
    printf("%-17s", "names for --isa");
    size_t i;
    const json_t *isa;
    json_array_foreach(isas, i, isa) printf("%s%s", i ? " " : "", json_string_value(json_object_get(isa, "name")));
    fputs("\n\n", stdout);
}

static bool start(const struct cpu *cpu, struct fault *fault) {
    if (cpu->arguments.count)
        return usage(fault, "'%s' is too much: it takes no arguments", cpu->arguments.items[0].text);
    mica_context *context;
    if (!context_open(&cpu->settings, (mica_kernels)cpu->settings.kernels, cpu->settings.isa, &context, fault))
        return false;
    json_t *const document = machine(), *const rows = kernels(), *const isas = levels(), *const limits = json_array();
    const bool good = !cpu->measure || measure(context, limits, fault);
    const output_format format = (output_format)cpu->settings.format;
    if (good && format == OUTPUT_JSON) {
        json_object_set(document, "isas", isas);
        json_object_set(document, "kernels", rows);
        if (cpu->measure) json_object_set(document, "limits", limits);
        json_print(document, stdout);
    } else if (good) {
        if (format == OUTPUT_TABLE) print_machine(document, isas);
        if (cpu->measure) table_print(limits, limit_columns, COUNT(limit_columns), format, NULL, stdout);
        if (cpu->measure) putchar('\n');
        table_print(rows, kernel_columns, COUNT(kernel_columns), format, NULL, stdout);
    }
    json_decref(document);
    json_decref(rows);
    json_decref(isas);
    json_decref(limits);
    mica_context_destroy(context);
    return good;
}

bool command_cpu(int argc, char **argv, struct fault *fault) {
    struct cpu cpu = {0};
    const struct option options[] = {
        FLAG("measure", cpu.measure,
             "measure the limits: arithmetic in f32, f16 and int8, bandwidth of each cache and of memory"),
    };
    const command_line line = {
        .name = "cpu",
        .synopsis = "[options]",
        .summary = "Shows the features, caches and cores of this CPU, and the micro-kernels that there are for each "
                   "variant.",
        .options = options,
        .option_count = COUNT(options),
        .arguments = &cpu.arguments,
    };
    bool go;
    const bool good =
        command_parse(&line, NULL, 0, &cpu.settings, argc, argv, &go, fault) && (!go || start(&cpu, fault));
    option_list_free(&cpu.arguments);
    return good;
}
