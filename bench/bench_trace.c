/* SPDX-License-Identifier: Apache-2.0
 *
 * What recording costs: one event that nobody asked for, one that is recorded, and whole runs of the models given as
 * arguments, with and without, in turns.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "mica/mica.h"
#include "profile/trace.h"

#define EVENTS 1000
#define RUNS 3000

static double event_ns(trace_sink *sink, mica_trace *trace) {
    double best = 1e9;
    for (size_t round = 0; round < 200; round++) {
        mica_trace_clear(trace);
        const uint64_t begin = clock_now();
        uint64_t start = trace_start(sink);
        for (int32_t i = 0; i < EVENTS; i++) start = trace_end(sink, MICA_EVENT_NODE, i, start);
        const double ns = (double)(clock_now() - begin) / EVENTS;
        best = ns < best ? ns : best;
    }
    return best;
}

static bool set_zeros(mica_method *method, const mica_program *program, size_t index) {
    for (size_t i = 0; i < mica_program_input_count(program, index); i++) {
        mica_value_info info;
        if (mica_program_input_info(program, index, i, &info) != MICA_OK) return false;
        mica_value value = info.constant;
        if (info.kind == MICA_TENSOR) {
            mica_tensor *const tensor = &value.as.tensor;
            value.kind = MICA_TENSOR;
            *tensor = (mica_tensor){.type = info.type, .rank = info.rank};
            for (size_t d = 0; d < info.rank; d++) {
                tensor->sizes[d] = info.sizes[d];
                tensor->dim_order[d] = info.dim_order[d];
            }
            tensor->data = calloc(1, mica_tensor_bytes(tensor) + 1); /* the process ends with it */
        }
        if (mica_method_set_input(method, i, &value) != MICA_OK) return false;
    }
    return true;
}

static bool measure(mica_method *method, mica_trace *trace, mica_summary *off, mica_summary *on) {
    static double times[2][RUNS];
    for (size_t i = 0; i < RUNS; i++)
        for (size_t turn = 0; turn < 2; turn++) {
            const size_t recorded = (i + turn) % 2;
            mica_trace_clear(trace);
            mica_method_set_trace(method, recorded ? trace : NULL);
            const uint64_t start = mica_clock();
            if (mica_method_run(method) != MICA_OK) return false;
            times[recorded][i] = (double)(mica_clock() - start) * 1e-3;
        }
    mica_method_set_trace(method, trace);
    mica_trace_clear(trace);
    if (mica_method_run(method) != MICA_OK) return false;
    mica_summarise(times[0], RUNS, off);
    mica_summarise(times[1], RUNS, on);
    return true;
}

static bool measure_model(mica_context *context, const char *path, mica_trace *trace) {
    mica_program *program = NULL;
    mica_method *method = NULL;
    mica_summary off, on;
    const bool good = mica_program_open(context, path, NULL, &program) == MICA_OK &&
                      mica_method_load(context, program, NULL, &method) == MICA_OK &&
                      set_zeros(method, program, mica_method_index(method)) && measure(method, trace, &off, &on);
    if (good)
        printf("%s: median %.2f us without, %.2f us with %zu events: %+.2f %%\n", path, off.p50, on.p50,
               mica_trace_count(trace), 100 * (on.p50 / off.p50 - 1));
    else
        fprintf(stderr, "%s: %s\n", path, mica_context_error(context));
    mica_method_destroy(method);
    mica_program_close(program);
    return good;
}

int main(int argc, char **argv) {
    const mica_context_options options = {.size = sizeof options, .threads = 1};
    mica_context *context = NULL;
    mica_trace *trace = NULL;
    bool good = true;
    if (mica_context_create(&options, &context) || mica_trace_create(context, 1 << 16, &trace)) return 1;
    printf("an event: %.1f ns when nobody records, %.1f ns recorded\n", event_ns(NULL, trace),
           event_ns(&(trace_sink){.trace = trace}, trace));
    for (int i = 1; i < argc; i++) good = measure_model(context, argv[i], trace) && good;
    mica_trace_destroy(trace);
    mica_context_destroy(context);
    return good ? 0 : 1;
}
