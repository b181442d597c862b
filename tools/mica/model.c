/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <math.h>
#include <stdlib.h>

#include "grow.h"

bool model_open(struct model *model, mica_context *context, const char *path, const option_list *data_paths,
                const char *weights_cache, const char *method, struct fault *fault) {
    *model = (struct model){.path = path, .context = context};
    const uint64_t start = mica_clock();
    if (!program_open(context, path, data_paths, weights_cache, &model->program, fault)) return false;
    const uint64_t opened = mica_clock();
    if (!method_find(model->program, path, method, &model->index, fault)) return false;
    const char *const name = mica_program_method_name(model->program, model->index);
    if (!succeeded(fault, path, context, mica_method_load(context, model->program, name, &model->method)))
        return false;
    model->open_ms = (double)(opened - start) * 1e-6;
    model->load_ms = (double)(mica_clock() - opened) * 1e-6;
    model->output_count = mica_program_output_count(model->program, model->index);
    return true;
}

void model_note_weights(const struct model *model, const struct settings *settings, const char *weights_cache) {
    mica_method_weights weights;
    if (!settings->verbose) return;
    mica_method_query_weights(model->method, &weights);
    note(settings, "%s: weights: %.2f MB packed, %.2f MB from the cache", model->path, (double)weights.packed * 1e-6,
         (double)weights.cached * 1e-6);
    if (*weights.cache_fault) note(settings, "%s: %s", weights_cache, weights.cache_fault);
    if (weights.cache_written) note(settings, "%s: written", weights_cache);
}

static void free_inputs(struct model *model) {
    for (size_t i = 0; i < model->input_count; i++) held_free(&model->inputs[i]);
    free(model->inputs);
    model->inputs = NULL;
    model->input_count = 0;
}

void model_close(struct model *model) {
    mica_method_destroy(model->method);
    mica_program_close(model->program);
    free_inputs(model);
    model->method = NULL;
    model->program = NULL;
}

static bool set_input(struct model *model, const model_call *call, size_t index, uint64_t *seed,
                      struct fault *fault) {
    mica_value_info info;
    held_value *const held = &model->inputs[index];
    return succeeded(fault, model->path, model->context,
                     mica_program_input_info(model->program, model->index, index, &info)) &&
           (call->input_count ? value_read(call->inputs[index].text, &info, held, fault)
                              : value_generate(&info, seed, held, fault)) &&
           succeeded(fault, model->path, model->context, mica_method_set_input(model->method, index, &held->value));
}

bool model_set_inputs(struct model *model, const model_call *call, uint64_t *seed, struct fault *fault) {
    const size_t count = mica_program_input_count(model->program, model->index);
    if (call->input_count && call->input_count != count) {
        return usage(fault, "%s: '%s' takes %zu inputs, not %zu", model->path,
                     mica_program_method_name(model->program, model->index), count, call->input_count);
    }
    free_inputs(model);
    model->inputs = grow(NULL, count, sizeof *model->inputs);
    for (size_t i = 0; i < count; i++) {
        model->inputs[i] = (held_value){0};
        model->input_count = i + 1;
        if (!set_input(model, call, i, seed, fault)) return false;
    }
    return true;
}

bool model_run(struct model *model, struct fault *fault) {
    return succeeded(fault, model->path, model->context, mica_method_run(model->method));
}

bool model_output(const struct model *model, size_t index, held_value *output, struct fault *fault) {
    mica_value value;
    if (!succeeded(fault, model->path, model->context, mica_method_output(model->method, index, &value)))
        return false;
    if (value_copy(&value, output, fault)) return true;
    char subject[64];
    snprintf(subject, sizeof subject, "output %zu", index);
    fail_in(fault, subject);
    return fail_in(fault, model->path);
}

bool model_check_output(const struct model *model, const model_call *call, size_t index, const held_value *output,
                        double *largest, struct fault *fault) {
    const char *const text = call->expected[index].text;
    const mica_tensor *const got = &output->value.as.tensor;
    held_value want = {0};
    difference found;
    if (!value_read_expected(text, got, &want, fault)) return false;
    const bool comparable = tensor_compare(got, &want.value.as.tensor, call->atol, call->rtol, &found, fault);
    held_free(&want);
    if (!comparable) {
        char subject[64];
        snprintf(subject, sizeof subject, "output %zu", index);
        fail_in(fault, subject);
        return fail_in(fault, model->path);
    }
    *largest = fmax(*largest, found.largest);
    if (found.inside) return true;
    return fail(fault, "%s: output %zu differs from %s by up to %g (element %zu: %g, expected %g)", model->path,
                index, text, found.largest, found.where, found.got, found.want);
}

bool model_check(const struct model *model, const model_call *call, double *largest, struct fault *fault) {
    *largest = 0;
    for (size_t i = 0; i < call->expected_count; i++) {
        held_value output = {0};
        const bool inside =
            model_output(model, i, &output, fault) && model_check_output(model, call, i, &output, largest, fault);
        held_free(&output);
        if (!inside) return false;
    }
    return true;
}
