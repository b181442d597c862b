/* SPDX-License-Identifier: Apache-2.0
 *
 * mica: runs ExecuTorch programs on CPUs, explains which kernel every operator took, and measures it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "terminal.h"

static const struct {
    const char *name;
    bool (*run)(int argc, char **argv, struct fault *fault);
    const char *summary;
} commands[] = {
    {"run", command_run, "run a method of a model, compare its outputs"},
    {"explain", command_explain, "which kernel each node takes, and why not a better one"},
    {"info", command_info, "what is in a model: methods, operators, sizes"},
    {"bench", command_bench, "measure models, their nodes, or one operator"},
    {"make", command_make, "benchmark models, quantized, without Python"},
    {"extract", command_extract, "one node of a model as a model of its own"},
    {"inspect", command_inspect, "profiles (ETDumps) as tables, pages and traces"},
    {"diff", command_diff, "two profiles of one model, event by event"},
    {"cpu", command_cpu, "what this CPU has, and the micro-kernels for it"},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void print_help(void) {
    puts("Usage: mica COMMAND [options]\n\nRuns ExecuTorch models (.pte) on CPUs, and says which kernel ran and "
         "why.\n");
    for (size_t i = 0; i < COMMANDS; i++) printf("  %-10s%s\n", commands[i].name, commands[i].summary);
    puts("\n'mica COMMAND --help' lists a command's options, 'man mica' describes all of them; 'mica --version'.\n"
         "A command line of ExecuTorch's runner works too: mica -model_path M.pte -num_executions 10");
}

static bool dispatch(int argc, char **argv, struct fault *fault) {
    if (argc < 2) return usage(fault, "which command? ('mica --help' lists them)");
    const char *const name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help();
        return true;
    }
    if (strcmp(name, "--version") == 0) {
        printf("mica %s\n", mica_version());
        return true;
    }
    if (name[0] == '-') return command_run(argc - 1, argv + 1, fault);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) return commands[i].run(argc - 2, argv + 2, fault);
    }
    return usage(fault, "no command is called '%s' ('mica --help' lists them)", name);
}

int main(int argc, char **argv) {
    terminal_init();
    struct fault fault = {0};
    bool good = dispatch(argc, argv, &fault);
    progress_end();
    if (fflush(stdout) != 0 || ferror(stdout)) good = good && fail(&fault, "standard output: %s", strerror(errno));
    if (good) return EXIT_DONE;
    char text[sizeof fault.text];
    terminal_text(text, sizeof text, fault.text, 0);
    fprintf(stderr, "mica: %s\n", text);
    return fault.exit;
}
