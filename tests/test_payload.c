/* SPDX-License-Identifier: Apache-2.0
 *
 * Delegate payloads: a hand-made one with everything, in all forms that exporters wrote, and real ones.
 */
#include "sample.h"
#include "whole_payload.h"

static const xnn_node *node_of_kind(const xnn_graph *graph, mica_operation_kind kind, size_t nth) {
    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].operation.kind == kind && nth-- == 0) return &graph->nodes[i];
    }
    fail_msg("no node of kind %d", (int)kind);
    return NULL;
}

static const mica_operation *operation_of(const xnn_graph *graph, mica_operation_kind kind, size_t nth) {
    return &node_of_kind(graph, kind, nth)->operation;
}

static void everything_is_decoded(const xnn_graph *graph) {
    check_graph(graph);
    assert_int_equal(graph->value_count, VALUE_COUNT);
    assert_int_equal(graph->node_count, NODE_COUNT);
    assert_int_equal(graph->external_count, EXTERNAL_COUNT);

    const mica_operation *op = operation_of(graph, MICA_FULLY_CONNECTED, 0);
    assert_true(op->output_min == -1 && op->output_max == 6);
    assert_int_equal(op->input_count, 3);
    assert_int_equal(op->inputs[0]->type, MICA_OPERAND_QDINT8);
    assert_int_equal(op->inputs[0]->row_dims, 1);
    assert_int_equal(op->inputs[1]->type, MICA_OPERAND_QCINT8);
    assert_true(op->inputs[1]->scales[7] == 7.25f);
    assert_int_equal(((const int8_t *)op->inputs[1]->data)[5], 5);
    assert_true(((const float *)op->inputs[2]->data)[3] == 3);
    op = operation_of(graph, MICA_FULLY_CONNECTED, 1);
    assert_true(op->output_min == -INFINITY && op->output_max == INFINITY);
    assert_int_equal(op->inputs[1]->block, 64);
    assert_int_equal(op->inputs[1]->zero_point, 8);
    assert_true(float_of_bf16(op->inputs[1]->block_scales[15]) == 15.5f);
    const mica_operand *const old = &graph->values[OLD_BLOCK_FILTER].operand; /* f32 in the file: 0.25, 1.25, … */
    for (size_t i = 0; i < 16; i++) assert_true(float_of_bf16(old->block_scales[i]) == 0.25f + (float)i);
    op = operation_of(graph, MICA_FULLY_CONNECTED, 2);
    assert_null(op->inputs[2]);
    assert_int_equal(op->inputs[1]->dims[1], 127);
    assert_true(op->inputs[1]->scales[0] == 0.25f);
    op = operation_of(graph, MICA_FULLY_CONNECTED, 3);
    assert_true(op->inputs[0]->scale == 0.125f);
    assert_int_equal(op->inputs[0]->zero_point, -3);
    assert_int_equal(op->inputs[2]->type, MICA_OPERAND_QCINT32);

    op = operation_of(graph, MICA_CONV_2D, 0);
    const uint32_t window[] = {1, 3, 2, 4, 4, 8, 1, 1, 1, 1, 1, 2, 8, 0, 0};
    assert_memory_equal(&op->as.window, window, sizeof window);
    op = operation_of(graph, MICA_CONV_TRANSPOSE_2D, 0);
    assert_int_equal(op->as.window.groups, 2);
    assert_int_equal(op->as.window.adjustment_width, 1);
    op = operation_of(graph, MICA_DEPTHWISE_CONV_2D, 0);
    assert_int_equal(op->inputs[1]->channel_dim, 3);
    op = operation_of(graph, MICA_ARG_MAX_POOLING_2D, 0);
    assert_int_equal(op->as.window.stride_width, 2);
    assert_int_equal(op->as.window.dilation_height, 1);
    const xnn_node *const largest = node_of_kind(graph, MICA_ARG_MAX_POOLING_2D, 0);
    assert_true(graph->values[largest->second_output].is_long_index);
    assert_int_equal(operation_of(graph, MICA_MAX_POOLING_2D, 0)->flags, MICA_FLAG_KEEP_DIMS);
    op = operation_of(graph, MICA_STATIC_TRANSPOSE, 0);
    assert_int_equal(op->as.transpose.perm[1], 3);
    op = operation_of(graph, MICA_STATIC_RESHAPE, 0);
    assert_int_equal(op->as.reshape.rank, 2);
    assert_int_equal(op->as.reshape.dims[1], 0);
    op = operation_of(graph, MICA_STATIC_SLICE, 0);
    assert_int_equal(op->as.slice.offsets[1], -8);
    assert_int_equal(op->as.slice.sizes[1], 8);
    op = operation_of(graph, MICA_STATIC_CONSTANT_PAD, 0);
    assert_int_equal(op->as.pad.before[0], 1);
    assert_true(op->as.pad.value == -1.5f);
    op = operation_of(graph, MICA_STATIC_RESIZE_BILINEAR_2D, 0);
    assert_int_equal(op->as.resize.height, 4);
    assert_int_equal(op->flags, MICA_FLAG_ALIGN_CORNERS);
    op = operation_of(graph, MICA_CONCATENATE_3, 0);
    assert_int_equal(op->input_count, 3);
    assert_true(operation_of(graph, MICA_LEAKY_RELU, 0)->as.slope == 0.125f);
    assert_true(operation_of(graph, MICA_ELU, 0)->as.slope == 0.5f);
    const xnn_node *const add = node_of_kind(graph, MICA_ADD, 0);
    assert_true(add->operation.output_max == 6);
    assert_int_equal(add->debug_handle, 40 + NODE_COUNT - 1);
    assert_int_equal(graph->values[add->output].external, 2);
}

static void opens_in_form(constant_form form, bool marked, void (*look)(const xnn_graph *graph)) {
    struct payload payload = whole_payload(form, marked);
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    xnn_graph *graph = NULL;
    mica_error error = {0};
    const mica_status status = open_payload(&payload, payload.data, payload.size, &arena, &graph, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(status, MICA_OK);
    look(graph);
    arena_free(&arena);
    free(payload.data);
}

static void constants_in_named_data(void **state) {
    (void)state;
    opens_in_form(NAMED, false, everything_is_decoded);
}

static void constants_behind_the_flatbuffer(void **state) {
    (void)state;
    opens_in_form(REGION, false, everything_is_decoded);
}

static void constants_inside_the_flatbuffer(void **state) {
    (void)state;
    opens_in_form(INLINED, false, everything_is_decoded);
}

static void the_mark_is_a_convert(const xnn_graph *graph) {
    check_graph(graph);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(graph->value_count, 5);
    const xnn_node *const convert = &graph->nodes[0], *const layer = &graph->nodes[1];
    assert_int_equal(convert->operation.kind, MICA_CONVERT);
    assert_int_equal(convert->operation.inputs[0]->type, MICA_OPERAND_F32);
    assert_int_equal(convert->operation.output->type, MICA_OPERAND_QDINT8);
    assert_int_equal(convert->operation.output->row_dims, 1);
    assert_int_equal(layer->inputs[0], convert->output);
    assert_true(graph->values[convert->inputs[0]].is_input);
}

static void inputs_marked_for_quantization(void **state) {
    (void)state;
    opens_in_form(NAMED, true, the_mark_is_a_convert);
}

/* ---- real payloads ---- */

static void look_at_first(const char *folder, void (*look)(const xnn_graph *graph)) {
    struct sample sample;
    char path[512];
    snprintf(path, sizeof path, MICA_TEST_DATA "/cases/%s", folder);
    sample_open(&sample, path);
    const pte_delegate *const delegate = &sample.program->methods[0].delegates[0];
    xnn_graph *graph = NULL;
    if (xnn_open(sample.program, delegate->payload, delegate->payload_size, &sample.arena, &graph, &sample.error)) {
        fail_msg("%s: %s", folder, sample.error.text);
    }
    look(graph);
    sample_close(&sample);
}

static void is_blockwise_linear(const xnn_graph *graph) {
    assert_int_equal(graph->node_count, 2);
    const mica_operation *const op = operation_of(graph, MICA_FULLY_CONNECTED, 0);
    const mica_operand *const filter = op->inputs[1];
    assert_int_equal(op->inputs[0]->type, MICA_OPERAND_QDINT8);
    assert_int_equal(filter->type, MICA_OPERAND_QBINT4);
    assert_int_equal(filter->dims[0], 31);
    assert_int_equal(filter->dims[1], 128);
    assert_int_equal(filter->block, 32);
    assert_true(op->output_min == 0 && op->output_max == 6);
}

static void is_transposed_linear(const xnn_graph *graph) {
    const mica_operation *const op = operation_of(graph, MICA_FULLY_CONNECTED, 0);
    assert_int_equal(op->flags, MICA_FLAG_TRANSPOSE_WEIGHTS);
    assert_int_equal(op->inputs[1]->dims[0], 40);
    assert_int_equal(op->inputs[1]->dims[1], 21);
}

static void is_depthwise_with_two_outputs_per_input(const xnn_graph *graph) {
    const mica_operation *const op = operation_of(graph, MICA_DEPTHWISE_CONV_2D, 0);
    const size_t dims[] = {1, 5, 5, 12};
    assert_memory_equal(op->inputs[1]->dims, dims, sizeof dims);
    assert_int_equal(op->as.window.groups, 6);
    assert_int_equal(op->as.window.group_output_channels, 2);
}

static void real_payloads_decode(void **state) {
    (void)state;
    look_at_first("linear/qp8_f32_qb4w_g32_4x128x31_relu6", is_blockwise_linear);
    look_at_first("linear/addmm_7x40x21", is_transposed_linear);
    look_at_first("conv2d/f32_dw5_mult2_c6", is_depthwise_with_two_outputs_per_input);
}

static void opens_and_is_sound(const char *folder) {
    struct sample sample;
    sample_open(&sample, folder);
    for (size_t m = 0; m < sample.program->method_count; m++) {
        const pte_method *const method = &sample.program->methods[m];
        for (size_t d = 0; d < method->delegate_count; d++) {
            xnn_graph *graph = NULL;
            if (xnn_open(sample.program, method->delegates[d].payload, method->delegates[d].payload_size,
                         &sample.arena, &graph, &sample.error)) {
                fail_msg("%s: delegate %zu: %s", folder, d, sample.error.text);
            }
            check_graph(graph);
        }
    }
    sample_close(&sample);
}

static void every_sample_opens(void **state) {
    (void)state;
    assert_true(for_each_case(MICA_TEST_DATA "/cases", opens_and_is_sound) > 100);
}

static void every_fixture_opens(void **state) {
    (void)state;
    const char *const root = getenv("MICA_FIXTURES");
    if (!root) skip();
    assert_true(for_each_case(root, opens_and_is_sound) > 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_in_named_data),
        cmocka_unit_test(constants_behind_the_flatbuffer),
        cmocka_unit_test(constants_inside_the_flatbuffer),
        cmocka_unit_test(inputs_marked_for_quantization),
        cmocka_unit_test(real_payloads_decode),
        cmocka_unit_test(every_sample_opens),
        cmocka_unit_test(every_fixture_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
