/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that mica make writes, side by side under one name.
 */
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "make.h"
#include "model.h"

char *make_beside(const char *path, const char *suffix) {
    const size_t length = strlen(path);
    const bool named = length > 4 && strcmp(path + length - 4, ".pte") == 0;
    return text_of("%.*s%s", (int)(named ? length - 4 : length), path, suffix);
}

/* ---- test cases ---- */

struct tests {
    held_value *held;   /* [case][inputs, then outputs] */
    mica_value *values; /* the same, as the library takes them */
    mica_case *cases;
    size_t held_count;
};

/* Runs every case, and keeps what came in and out. */
static bool run_cases(struct model *model, size_t count, struct tests *tests, struct fault *fault) {
    const size_t inputs = mica_program_input_count(model->program, model->index), step = inputs + model->output_count;
    const model_call drawn = {0};
    uint64_t seed = 0;
    tests->held = grow(NULL, count * step, sizeof *tests->held);
    tests->values = grow(NULL, count * step, sizeof *tests->values);
    tests->cases = grow(NULL, count, sizeof *tests->cases);
    for (size_t i = 0; i < count; i++) {
        mica_value *const values = tests->values + i * step;
        if (!model_set_inputs(model, &drawn, &seed, fault) || !model_run(model, fault)) return false;
        for (size_t v = 0; v < step; v++) {
            held_value *const held = &tests->held[tests->held_count];
            *held = (held_value){0};
            if (v < inputs) {
                *held = model->inputs[v]; /* which the model draws anew */
                model->inputs[v] = (held_value){0};
            } else if (!model_output(model, v - inputs, held, fault)) {
                return false;
            }
            tests->held_count++;
            values[v] = held->value;
        }
        tests->cases[i] = (mica_case){values, values + inputs};
    }
    return true;
}

static bool write_bundle(struct model *model, size_t count, const char *path, struct fault *fault) {
    struct tests tests = {0};
    bool good = run_cases(model, count, &tests, fault);
    if (good && mica_bundle_write(model->context, model->program, NULL, tests.cases, count, path) != MICA_OK)
        good = fail(fault, "%s", mica_context_error(model->context));
    for (size_t i = 0; i < tests.held_count; i++) held_free(&tests.held[i]);
    free(tests.held);
    free(tests.values);
    free(tests.cases);
    return good;
}

static bool bundle_model(const struct settings *settings, const char *path, const char *weights, size_t count,
                         struct fault *fault) {
    mica_context *context;
    struct model model = {0};
    option_text file = {weights, 0};
    const option_list files = {&file, weights != NULL};
    char *const bundle = make_beside(path, ".bpte");
    bool good = context_open(settings, MICA_KERNELS_REFERENCE, NULL, &context, fault);
    if (good) {
        good = model_open(&model, context, path, &files, NULL, NULL, fault) &&
               write_bundle(&model, count, bundle, fault);
        model_close(&model);
        mica_context_destroy(context);
    }
    free(bundle);
    return good;
}

/* ---- the model ---- */

bool make_write(const struct settings *settings, mica_author *author, const mica_context *context, const char *path,
                bool external, size_t bundle, struct fault *fault) {
    char *const record = make_beside(path, ".etrecord"), *const weights = external ? make_beside(path, ".ptd") : NULL;
    const mica_author_files files = {sizeof files, path, record, weights};
    const bool good = make_accepted(fault, context, mica_author_write_files(author, &files)) &&
                      (!bundle || bundle_model(settings, path, weights, bundle, fault));
    free(record);
    free(weights);
    if (good && settings->verbose) note(settings, "%s: written", path);
    return good;
}
