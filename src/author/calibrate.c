/* SPDX-License-Identifier: Apache-2.0
 *
 * Calibrating: Mica itself runs the float model on all samples; what int8 values will hold is counted.
 */
#include "author/author.h"
#include "author/histogram.h"
#include "mica/program.h"

mica_status mica_author_calibrate(mica_author *author, const mica_tensor *inputs, size_t count) {
    if (!author) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &author->context->error;
    if (!inputs || count != author->input_count)
        return error_set(error, MICA_ERROR_ARGUMENT, "calibration: %zu tensors for %zu inputs", count,
                         author->input_count);
    for (size_t i = 0, seen = 0; i < author->value_count; i++) {
        const struct author_value *const value = &author->values[i];
        if (!value->is_input) continue;
        const mica_tensor *const given = &inputs[seen++];
        if (given->type != MICA_F32 || value->half)
            return error_set(error, MICA_ERROR_TYPE, "calibration: samples and their inputs are f32");
        bool same = given->rank == value->rank;
        for (size_t d = 0; same && d < value->rank; d++)
            same = d == 0 && value->dynamic ? given->sizes[0] >= 1 && given->sizes[0] <= value->dims[0]
                                            : given->sizes[d] == value->dims[d];
        if (!same)
            return error_set(error, MICA_ERROR_SHAPE, "calibration: a sample has another shape than its input");
    }
    void *memory = NULL;
    TRY(arena_array(&author->arena, (author->sample_count + 1) * count, sizeof *inputs, &memory, error));
    mica_tensor *const samples = memory;
    const size_t known = author->sample_count * count;
    if (known) memcpy(samples, author->samples, known * sizeof *samples);
    memcpy(samples + known, inputs, count * sizeof *inputs);
    author->samples = samples;
    author->sample_count++;
    return MICA_OK;
}

/* A sample drawn from a normal distribution. */
static mica_status draw_sample(mica_author *author, struct arena *arena, mica_error *error) {
    uint64_t seed = 0;
    void *memory = NULL;
    TRY(arena_array(arena, author->input_count, sizeof(mica_tensor), &memory, error));
    mica_tensor *const tensors = memory;
    size_t seen = 0;
    for (size_t i = 0; i < author->value_count; i++) {
        const struct author_value *const value = &author->values[i];
        if (!value->is_input) continue;
        mica_tensor *const tensor = &tensors[seen++];
        *tensor = (mica_tensor){.type = MICA_F32, .rank = value->rank};
        memcpy(tensor->sizes, value->dims, value->rank * sizeof *value->dims);
        const size_t count = mica_tensor_count(tensor);
        TRY(arena_array(arena, count, sizeof(float), &tensor->data, error));
        for (size_t e = 0; e < count; e++) ((float *)tensor->data)[e] = (float)author_normal(&seed);
    }
    author->samples = tensors;
    author->sample_count = 1;
    return MICA_OK;
}

/* True for a value that is int8 somewhere. */
static bool is_observed(const mica_author *author, mica_author_value value) {
    for (size_t i = 0; i < author->layer_count; i++) {
        const struct author_layer *const layer = &author->layers[i];
        if (author_is_static(layer->quantization) && (layer->output == value || layer->inputs[0] == value))
            return true;
    }
    return false;
}

static void observe(struct histogram *histogram, const mica_tensor *tensor) {
    if (histogram) histogram_add(histogram, tensor->data, mica_tensor_count(tensor));
}

/* One run of the float model, whose inputs and outputs are counted: a histogram for each value, or NULL. */
static mica_status observe_sample(mica_author *author, mica_method *method, const mica_tensor *sample,
                                  struct histogram **histograms) {
    for (size_t i = 0, seen = 0; i < author->value_count; i++) {
        if (!author->values[i].is_input) continue;
        mica_value given = {.kind = MICA_TENSOR, .as.tensor = sample[seen]};
        for (size_t d = 0; d < given.as.tensor.rank; d++) given.as.tensor.dim_order[d] = (uint8_t)d;
        observe(histograms[i], &given.as.tensor);
        TRY(mica_method_set_input(method, seen++, &given));
    }
    TRY(mica_method_run(method));
    for (size_t i = 0, seen = 0; i < author->value_count; i++) {
        if (!author_gives(author, (mica_author_value)i, false)) continue;
        mica_value got;
        TRY(mica_method_output(method, seen++, &got));
        observe(histograms[i], &got.as.tensor);
    }
    return MICA_OK;
}

static mica_status observe_all(mica_author *author, struct arena *arena, mica_error *error) {
    xnn_graph graph = {0};
    bytes_span file = {NULL, 0};
    void *memory = NULL;
    mica_program *program = NULL;
    mica_method *method = NULL;
    if (author->sample_count == 0) TRY(draw_sample(author, arena, error));
    TRY(arena_array(arena, author->value_count, sizeof(struct histogram *), &memory, error));
    struct histogram **const histograms = memory;
    for (size_t i = 0; i < author->value_count; i++) {
        if (!is_observed(author, (mica_author_value)i)) continue;
        TRY(arena_allocate(arena, sizeof **histograms, &memory, error));
        histograms[i] = memory;
    }
    TRY(author_build(author, false, arena, &graph, error));
    TRY(author_encode(&graph, true, arena, &file, NULL, error));
    TRY(mica_program_open_memory(author->context, file.data, file.count, NULL, &program));
    mica_status status = mica_method_load(author->context, program, NULL, &method);
    for (size_t i = 0; i < author->sample_count && status == MICA_OK; i++)
        status = observe_sample(author, method, author->samples + i * author->input_count, histograms);
    for (size_t i = 0; i < author->value_count && status == MICA_OK; i++)
        if (histograms[i]) author->values[i].range = histogram_range(histograms[i]);
    mica_method_destroy(method);
    mica_program_close(program);
    return status;
}

mica_status author_observe(mica_author *author, mica_error *error) {
    bool needed = false;
    for (size_t i = 0; i < author->layer_count; i++) needed |= author_is_static(author->layers[i].quantization);
    if (!needed) return MICA_OK;
    struct arena arena;
    arena_init(&arena, &author->context->allocator, 0);
    const mica_tensor *const samples = author->samples;
    const size_t count = author->sample_count;
    const mica_status status = observe_all(author, &arena, error);
    author->samples = samples; /* a drawn one goes with the arena */
    author->sample_count = count;
    arena_free(&arena);
    return status;
}
