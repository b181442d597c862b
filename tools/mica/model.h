/* SPDX-License-Identifier: Apache-2.0
 *
 * A loaded model and calls of it: what 'run' and 'bench' do with a program.
 */
#ifndef TOOL_MODEL_H
#define TOOL_MODEL_H

#include "command.h"
#include "values.h"

/* One call as the command line or an index of cases describes it. Texts are as value_read takes them. */
typedef struct model_call {
    const struct option_text *inputs, *expected;
    size_t input_count, expected_count; /* 0 inputs: drawn from the seed; 0 expected: nothing is compared */
    double atol, rtol;
} model_call;

struct model {
    const char *path;
    mica_context *context;
    mica_program *program;
    mica_method *method;
    size_t index; /* of the method in the program */
    held_value *inputs;
    size_t input_count, output_count;
    double open_ms, load_ms; /* read and verify; build and pack */
};

#define WEIGHTS_CACHE_HELP                                                                                           \
    "keep packed weights in this file: what it holds is mapped and not packed again; written when something is "     \
    "missing"

/* Opens a program and loads a method with a context. On failure too, model_close releases what there is. */
bool model_open(struct model *model, mica_context *context, const char *path, const option_list *data_paths,
                const char *weights_cache, const char *method, struct fault *fault);
void model_close(struct model *model); /* not the context */

/* Tells where the packed weights came from, when asked to. */
void model_note_weights(const struct model *model, const struct settings *settings, const char *weights_cache);

/* Reads or draws the inputs of a call, and sets them. */
bool model_set_inputs(struct model *model, const model_call *call, uint64_t *seed, struct fault *fault);
bool model_run(struct model *model, struct fault *fault);
/* Output `index` of the last run as a tensor in C order. */
bool model_output(const struct model *model, size_t index, held_value *output, struct fault *fault);

/* Compares the outputs of the last run with what the call expects: the largest difference over all outputs. A fault
 * names the first output that is outside. */
bool model_check(const struct model *model, const model_call *call, double *largest, struct fault *fault);
/* The same for one output, which `output` holds. */
bool model_check_output(const struct model *model, const model_call *call, size_t index, const held_value *output,
                        double *largest, struct fault *fault);

#endif
