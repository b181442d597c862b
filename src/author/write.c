/* SPDX-License-Identifier: Apache-2.0
 *
 * Calibrating and writing: the float model is run by Mica itself, then the quantized one becomes a file.
 */
#include "author/author.h"
#include <stdio.h>

#include "base/file.h"
#include "format/program_write.h"
#include "format/xnnpack_write.h"
#include "mica/program.h"
#include "runtime/program.h"

#define PLAN_ALIGNMENT 16 /* bytes, of planned tensors */

/* ---- the program ---- */

/* The graph's externals as tensors of the program: in order, and planned side by side. */
static mica_status plan_values(const xnn_graph *graph, bool dynamic, struct arena *arena, pte_value *values,
                               size_t *planned, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(arena, graph->external_count, sizeof(pte_tensor), &memory, error));
    pte_tensor *const tensors = memory;
    for (size_t i = 0; i < graph->value_count; i++) {
        const xnn_value *const value = &graph->values[i];
        if (value->external == XNN_NO_EXTERNAL) continue;
        pte_tensor *const tensor = &tensors[value->external];
        *tensor = (pte_tensor){.type = value->operand.type == MICA_OPERAND_F16 ? MICA_F16 : MICA_F32,
                               .rank = (uint8_t)value->operand.rank,
                               .dynamic = dynamic,
                               .storage = PTE_PLANNED,
                               .bytes = xnn_operand_bytes(&value->operand)};
        for (size_t d = 0; d < value->operand.rank; d++) {
            tensor->sizes[d] = (uint32_t)value->operand.dims[d];
            tensor->dim_order[d] = (uint8_t)d;
        }
        values[value->external] = (pte_value){.tag = PTE_TENSOR, .as.tensor = tensor};
    }
    for (size_t i = 0; i < graph->external_count; i++) {
        tensors[i].offset = *planned;
        *planned += round_up(tensors[i].bytes, PLAN_ALIGNMENT);
    }
    return MICA_OK;
}

mica_status author_encode(const xnn_graph *graph, bool dynamic, struct arena *arena, bytes_span *file,
                          mica_error *error) {
    xnn_image image = {0};
    void *memory = NULL;
    size_t planned = 0, inputs = 0;
    const size_t count = graph->external_count;
    TRY(xnn_write(graph, arena, &image, error));
    TRY(arena_array(arena, count, sizeof(pte_value), &memory, error));
    pte_value *const values = memory;
    TRY(plan_values(graph, dynamic, arena, values, &planned, error));
    TRY(arena_array(arena, count, sizeof(int32_t), &memory, error));
    for (size_t i = 0; i < count; i++) ((int32_t *)memory)[i] = (int32_t)i;
    for (size_t i = 0; i < graph->value_count; i++) inputs += graph->values[i].is_input;
    const uint8_t *const indices = memory;
    const pte_instruction call = {.call = PTE_DELEGATE_CALL, .args = {indices, count}};
    const pte_chain chain = {&call, 1};
    const pte_delegate delegate = {XNNPACK_BACKEND, image.payload.data, image.payload.count};
    const pte_method method = {.name = "forward",
                               .values = values,
                               .value_count = count,
                               .inputs = {indices, inputs},
                               .outputs = {indices + inputs * sizeof(int32_t), count - inputs},
                               .chains = &chain,
                               .chain_count = 1,
                               .delegates = &delegate,
                               .delegate_count = 1,
                               .buffer_sizes = &planned,
                               .buffer_count = 1};
    const pte_program program = {
        .methods = &method, .method_count = 1, .named_data = image.named, .named_data_count = image.named_count};
    return pte_write(&program, arena, file, error);
}

/* ---- calibrating ---- */

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

/* One run of the float model: its inputs and outputs widen the ranges of the values they are. */
static mica_status observe_sample(mica_author *author, mica_method *method, const mica_tensor *sample) {
    for (size_t i = 0, seen = 0; i < author->value_count; i++) {
        struct author_value *const value = &author->values[i];
        if (!value->is_input) continue;
        mica_value given = {.kind = MICA_TENSOR, .as.tensor = sample[seen]};
        for (size_t d = 0; d < given.as.tensor.rank; d++) given.as.tensor.dim_order[d] = (uint8_t)d;
        quantize_observe(&value->range, sample[seen].data, mica_tensor_count(&sample[seen]));
        TRY(mica_method_set_input(method, seen++, &given));
    }
    TRY(mica_method_run(method));
    for (size_t i = 0, seen = 0; i < author->value_count; i++) {
        if (!author_gives(author, (mica_author_value)i, false)) continue;
        mica_value got;
        TRY(mica_method_output(method, seen++, &got));
        quantize_observe(&author->values[i].range, got.as.tensor.data, mica_tensor_count(&got.as.tensor));
    }
    return MICA_OK;
}

static mica_status observe_all(mica_author *author, struct arena *arena, mica_error *error) {
    xnn_graph graph = {0};
    bytes_span file = {NULL, 0};
    mica_program *program = NULL;
    mica_method *method = NULL;
    if (author->sample_count == 0) TRY(draw_sample(author, arena, error));
    TRY(author_build(author, false, arena, &graph, error));
    TRY(author_encode(&graph, true, arena, &file, error));
    TRY(mica_program_open_memory(author->context, file.data, file.count, NULL, &program));
    mica_status status = mica_method_load(author->context, program, NULL, &method);
    for (size_t i = 0; i < author->sample_count && status == MICA_OK; i++)
        status = observe_sample(author, method, author->samples + i * author->input_count);
    mica_method_destroy(method);
    mica_program_close(program);
    return status;
}

mica_status author_observe(mica_author *author, mica_error *error) {
    bool needed = false;
    for (size_t i = 0; i < author->layer_count; i++)
        needed |= author->layers[i].quantization == MICA_QUANTIZE_STATIC ||
                  author->layers[i].quantization == MICA_QUANTIZE_PER_TENSOR;
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

/* ---- files ---- */

static mica_status write_files(mica_author *author, const char *path, const char *record, struct arena *arena,
                               mica_error *error) {
    xnn_graph graph = {0};
    bytes_span file = {NULL, 0}, notes = {NULL, 0};
    bool dynamic = false;
    for (size_t i = 0; i < author->value_count; i++) dynamic |= author->values[i].dynamic;
    TRY(author_observe(author, error));
    TRY(author_build(author, true, arena, &graph, error));
    TRY(author_encode(&graph, dynamic, arena, &file, error));
    if (record) TRY(author_record(author, arena, &notes, error));
    if (record) TRY(file_replace(record, notes.data, notes.count, error));
    const mica_status status = file_replace(path, file.data, file.count, error);
    if (status != MICA_OK && record) (void)remove(record); /* none without its model */
    return status;
}

mica_status mica_author_write(mica_author *author, const char *path, const char *record) {
    if (!author) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &author->context->error;
    if (!path) return error_set(error, MICA_ERROR_ARGUMENT, "mica_author_write: the path is NULL");
    if (author->output_count == 0) return error_set(error, MICA_ERROR_STATE, "the model has no output");
    struct arena arena;
    arena_init(&arena, &author->context->allocator, 0);
    const mica_status status = write_files(author, path, record, &arena, error);
    arena_free(&arena);
    return status;
}
