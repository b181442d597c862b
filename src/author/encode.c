/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph as a program: one method, one delegate call, every tensor planned.
 */
#include "author/author.h"
#include "format/program_write.h"
#include "format/xnnpack_write.h"
#include "runtime/program.h"

#define PLAN_ALIGNMENT 16 /* bytes, of planned tensors */

static mica_type type_of(const xnn_value *value) {
    if (value->is_long_index) return MICA_I64;
    return value->operand.type == MICA_OPERAND_F16 ? MICA_F16 : MICA_F32;
}

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
        *tensor = (pte_tensor){.type = type_of(value),
                               .rank = (uint8_t)value->operand.rank,
                               .dynamic = dynamic,
                               .storage = PTE_PLANNED,
                               .bytes = mica_type_size(type_of(value))};
        for (size_t d = 0; d < value->operand.rank; d++) {
            tensor->sizes[d] = (uint32_t)value->operand.dims[d];
            tensor->bytes *= value->operand.dims[d];
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

/* Named data as entries of a .ptd, which have no shape. */
static mica_status encode_weights(const xnn_image *image, struct arena *arena, bytes_span *weights,
                                  mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(arena, image->named_count, sizeof(ptd_entry), &memory, error));
    ptd_entry *const entries = memory;
    for (size_t i = 0; i < image->named_count; i++) {
        const pte_named_data *const named = &image->named[i];
        entries[i] = (ptd_entry){.key = named->key, .data = named->data, .size = named->size};
    }
    return ptd_write(entries, image->named_count, arena, weights, error);
}

mica_status author_encode(const xnn_graph *graph, bool dynamic, struct arena *arena, bytes_span *file,
                          bytes_span *weights, mica_error *error) {
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
    const char *input_tree = NULL, *output_tree = NULL;
    TRY(author_input_tree(inputs, arena, &input_tree, error));
    TRY(author_output_tree(count - inputs, arena, &output_tree, error));
    const pte_instruction call = {.call = PTE_DELEGATE_CALL, .args = {indices, count}};
    const pte_chain chain = {&call, 1};
    const pte_delegate delegate = {XNNPACK_BACKEND, image.payload.data, image.payload.count};
    const pte_method method = {.name = "forward",
                               .input_tree = input_tree,
                               .output_tree = output_tree,
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
    const pte_program program = {.methods = &method,
                                 .method_count = 1,
                                 .named_data = image.named,
                                 .named_data_count = weights ? 0 : image.named_count};
    if (weights) TRY(encode_weights(&image, arena, weights, error));
    return pte_write(&program, arena, file, error);
}
