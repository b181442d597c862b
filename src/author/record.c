/* SPDX-License-Identifier: Apache-2.0
 *
 * The ETRecord of an authored model: the maps from the delegate call to debug handles, and an edge program with one
 * node per layer under the layer's handle. Weights are inputs of that program: a record tells what ran, not what with.
 */
#include <stdio.h>
#include <stdlib.h>

#include "author/author.h"
#include "author/zip_write.h"
#include "base/emit.h"

#define NAME_TEXT 64

/* How PyTorch names a kind of layer, and its arguments that are tensors. */
static const struct torch_op {
    const char *name, *target, *args[3];
} ops[MICA_OPERATION_KINDS] = {
    [MICA_ADD] = {"aten_add_tensor", "aten.add.Tensor", {"self", "other"}},
    [MICA_FULLY_CONNECTED] = {"aten_linear_default", "aten.linear.default", {"input", "weight", "bias"}},
    [MICA_SOFTMAX] = {"aten__softmax_default", "aten._softmax.default", {"self"}},
    [MICA_SIGMOID] = {"aten_sigmoid_default", "aten.sigmoid.default", {"self"}},
    [MICA_CLAMP] = {"aten_hardtanh_default", "aten.hardtanh.default", {"self"}},
    [MICA_CONV_2D] = {"aten_convolution_default", "aten.convolution.default", {"input", "weight", "bias"}},
    [MICA_DEPTHWISE_CONV_2D] = {"aten_convolution_default", "aten.convolution.default", {"input", "weight", "bias"}},
    [MICA_DIV] = {"aten_div_tensor", "aten.div.Tensor", {"self", "other"}},
    [MICA_AVG_POOLING_2D] = {"aten_avg_pool2d_default", "aten.avg_pool2d.default", {"self"}},
    [MICA_MINIMUM] = {"aten_minimum_default", "aten.minimum.default", {"self", "other"}},
    [MICA_MAX_POOLING_2D] = {"aten_max_pool2d_default", "aten.max_pool2d.default", {"self"}},
    [MICA_MULTIPLY] = {"aten_mul_tensor", "aten.mul.Tensor", {"self", "other"}},
    [MICA_SUBTRACT] = {"aten_sub_tensor", "aten.sub.Tensor", {"self", "other"}},
    [MICA_FLOOR] = {"aten_floor_default", "aten.floor.default", {"self"}},
    [MICA_GLOBAL_AVG_POOLING_2D] = {"aten_mean_dim", "aten.mean.dim", {"self"}},
    [MICA_STATIC_RESHAPE] = {"aten_view_copy_default", "aten.view_copy.default", {"self"}},
    [MICA_SQUARE_ROOT] = {"aten_sqrt_default", "aten.sqrt.default", {"self"}},
    [MICA_CEILING] = {"aten_ceil_default", "aten.ceil.default", {"self"}},
    [MICA_HARDSWISH] = {"aten_hardswish_default", "aten.hardswish.default", {"self"}},
    [MICA_MAXIMUM] = {"aten_maximum_default", "aten.maximum.default", {"self", "other"}},
    [MICA_NEGATE] = {"aten_neg_default", "aten.neg.default", {"self"}},
    [MICA_SQUARE] = {"aten_square_default", "aten.square.default", {"self"}},
    [MICA_ABS] = {"aten_abs_default", "aten.abs.default", {"self"}},
    [MICA_BATCH_MATRIX_MULTIPLY] = {"aten_bmm_default", "aten.bmm.default", {"self", "mat2"}},
    [MICA_RECIPROCAL_SQUARE_ROOT] = {"aten_rsqrt_default", "aten.rsqrt.default", {"self"}},
    [MICA_LOG] = {"aten_log_default", "aten.log.default", {"self"}},
    [MICA_GELU] = {"aten_gelu_default", "aten.gelu.default", {"self"}},
    [MICA_TANH] = {"aten_tanh_default", "aten.tanh.default", {"self"}},
    [MICA_EXP] = {"aten_exp_default", "aten.exp.default", {"self"}},
};

typedef struct recorder {
    const mica_author *author;
    const char *input_tree, *output_tree;
    struct emitter out;
} recorder;

/* ---- names ---- */

/* "x0" for an input, "aten_linear_default" and "aten_linear_default_1" for what layers give. */
static const char *value_name(const mica_author *author, mica_author_value value, char name[NAME_TEXT]) {
    size_t inputs = 0;
    for (size_t i = 0; i < value; i++) inputs += author->values[i].is_input;
    snprintf(name, NAME_TEXT, "x%zu", inputs);
    for (size_t i = 0; i < author->layer_count; i++) {
        if (author->layers[i].output != value) continue;
        size_t same = 0;
        const char *const base = ops[author->layers[i].operation.kind].name;
        for (size_t l = 0; l < i; l++) same += strcmp(ops[author->layers[l].operation.kind].name, base) == 0;
        if (same)
            snprintf(name, NAME_TEXT, "%s_%zu", base, same);
        else
            snprintf(name, NAME_TEXT, "%s", base);
    }
    return name;
}

static const char *weight_name(size_t layer, size_t argument, char name[NAME_TEXT]) {
    snprintf(name, NAME_TEXT, "%s_%zu", argument == 1 ? "weight" : "bias", layer);
    return name;
}

/* ---- JSON ---- */

static void begin_key(recorder *r, const char *key, char bracket) {
    emit_key(&r->out, key);
    emit_begin(&r->out, bracket);
}

static void emit_tensor_name(recorder *r, const char *name) {
    begin_key(r, "as_tensor", '{');
    emit_member_text(&r->out, "name", name);
    emit_end(&r->out, '}');
}

static void emit_named(recorder *r, const char *name) {
    emit_begin(&r->out, '{');
    emit_tensor_name(r, name);
    emit_end(&r->out, '}');
}

/* ---- arguments ---- */

static void begin_argument(recorder *r, const char *name) {
    emit_begin(&r->out, '{');
    emit_member_text(&r->out, "name", name);
    begin_key(r, "arg", '{');
}

static void end_argument(recorder *r) {
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
}

static void tensor_argument(recorder *r, const char *argument, const char *name) {
    begin_argument(r, argument);
    if (name)
        emit_tensor_name(r, name);
    else
        emit_member_truth(&r->out, "as_none", true);
    end_argument(r);
}

static void ints_argument(recorder *r, const char *argument, const size_t *items, size_t count) {
    begin_argument(r, argument);
    begin_key(r, "as_ints", '[');
    for (size_t i = 0; i < count; i++) emit_whole(&r->out, (int64_t)items[i]);
    emit_end(&r->out, ']');
    end_argument(r);
}

static void int_argument(recorder *r, const char *argument, int64_t value) {
    begin_argument(r, argument);
    emit_member_whole(&r->out, "as_int", value);
    end_argument(r);
}

static void truth_argument(recorder *r, const char *argument, bool value) {
    begin_argument(r, argument);
    emit_member_truth(&r->out, "as_bool", value);
    end_argument(r);
}

/* What is no tensor: the arguments that have no default, and those that say what the layer is. */
static void emit_attributes(recorder *r, const struct author_layer *layer) {
    const mica_operation *const o = &layer->operation;
    const struct author_value *const output = &r->author->values[layer->output];
    const size_t kernel[] = {o->as.window.kernel_height, o->as.window.kernel_width};
    const size_t stride[] = {o->as.window.stride_height, o->as.window.stride_width};
    const size_t padding[] = {o->as.window.padding_top, o->as.window.padding_left};
    const size_t dilation[] = {o->as.window.dilation_height, o->as.window.dilation_width};
    static const size_t zeros[] = {0, 0}, image[] = {2, 3};
    switch (o->kind) {
    case MICA_CONV_2D:
    case MICA_DEPTHWISE_CONV_2D:
        ints_argument(r, "stride", stride, 2);
        ints_argument(r, "padding", padding, 2);
        ints_argument(r, "dilation", dilation, 2);
        truth_argument(r, "transposed", false);
        ints_argument(r, "output_padding", zeros, 2);
        int_argument(r, "groups", o->as.window.groups);
        break;
    case MICA_MAX_POOLING_2D:
    case MICA_AVG_POOLING_2D:
        ints_argument(r, "kernel_size", kernel, 2);
        ints_argument(r, "stride", stride, 2);
        ints_argument(r, "padding", padding, 2);
        break;
    case MICA_GLOBAL_AVG_POOLING_2D:
        ints_argument(r, "dim", image, 2);
        truth_argument(r, "keepdim", true);
        break;
    case MICA_SOFTMAX:
        int_argument(r, "dim", (int64_t)output->rank - 1);
        truth_argument(r, "half_to_float", false);
        break;
    case MICA_STATIC_RESHAPE: ints_argument(r, "size", output->dims, output->rank); break;
    default: break;
    }
}

/* ---- graph ---- */

static void emit_node(recorder *r, size_t index) {
    const struct author_layer *const layer = &r->author->layers[index];
    const struct torch_op *const op = &ops[layer->operation.kind];
    char name[NAME_TEXT], text[NAME_TEXT + 64];
    emit_begin(&r->out, '{');
    emit_member_text(&r->out, "name", value_name(r->author, layer->output, name));
    snprintf(text, sizeof text, "executorch.exir.dialects.edge.ops.%s", op->target);
    emit_member_text(&r->out, "target", text);
    begin_key(r, "inputs", '[');
    for (size_t i = 0; i < layer->input_count; i++)
        tensor_argument(r, op->args[i], value_name(r->author, layer->inputs[i], name));
    if (layer->channels) {
        tensor_argument(r, op->args[1], weight_name(index, 1, name));
        tensor_argument(r, op->args[2], layer->bias ? weight_name(index, 2, name) : NULL);
    }
    emit_attributes(r, layer);
    emit_end(&r->out, ']');
    begin_key(r, "outputs", '[');
    emit_named(r, value_name(r->author, layer->output, name));
    emit_end(&r->out, ']');
    begin_key(r, "metadata", '{');
    snprintf(text, sizeof text, "%zu", index + 1);
    emit_member_text(&r->out, "debug_handle", text);
    snprintf(text, sizeof text, "L__self__,,mica.Model;L__self__%zu,%zu,mica.Layer", index, index);
    emit_member_text(&r->out, "nn_module_stack", text);
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
}

static void emit_value(recorder *r, const char *name, bool half, size_t rank, const size_t *dims) {
    enum { HALF = 6, FLOAT = 7, STRIDED = 7 }; /* torch.export's numbers */
    size_t strides[MICA_OPERAND_MAX_RANK] = {0};
    for (size_t i = rank, stride = 1; i-- > 0; stride *= dims[i]) strides[i] = stride;
    begin_key(r, name, '{');
    emit_member_whole(&r->out, "dtype", half ? HALF : FLOAT);
    for (size_t list = 0; list < 2; list++) {
        begin_key(r, list ? "strides" : "sizes", '[');
        for (size_t i = 0; i < rank; i++) {
            emit_begin(&r->out, '{');
            emit_member_whole(&r->out, "as_int", (int64_t)(list ? strides[i] : dims[i]));
            emit_end(&r->out, '}');
        }
        emit_end(&r->out, ']');
    }
    emit_member_truth(&r->out, "requires_grad", false);
    begin_key(r, "device", '{');
    emit_member_text(&r->out, "type", "cpu");
    emit_end(&r->out, '}');
    begin_key(r, "storage_offset", '{');
    emit_member_whole(&r->out, "as_int", 0);
    emit_end(&r->out, '}');
    emit_member_whole(&r->out, "layout", STRIDED);
    emit_end(&r->out, '}');
}

/* Weights as PyTorch has them. */
static size_t weight_dims(const struct author_layer *layer, size_t dims[MICA_OPERAND_MAX_RANK]) {
    dims[0] = layer->channels;
    dims[1] = layer->depth;
    if (layer->operation.kind == MICA_FULLY_CONNECTED) return 2;
    dims[1] = layer->operation.as.window.group_input_channels;
    dims[2] = layer->operation.as.window.kernel_height;
    dims[3] = layer->operation.as.window.kernel_width;
    return 4;
}

static void emit_values(recorder *r) {
    const mica_author *const author = r->author;
    char name[NAME_TEXT];
    begin_key(r, "tensor_values", '{');
    for (size_t i = 0; i < author->value_count; i++) {
        const struct author_value *const value = &author->values[i];
        emit_value(r, value_name(author, (mica_author_value)i, name), value->half, value->rank, value->dims);
    }
    for (size_t i = 0; i < author->layer_count; i++) {
        const struct author_layer *const layer = &author->layers[i];
        const bool half = author->values[layer->output].half;
        size_t dims[MICA_OPERAND_MAX_RANK] = {0};
        if (layer->channels) emit_value(r, weight_name(i, 1, name), half, weight_dims(layer, dims), dims);
        if (layer->bias) emit_value(r, weight_name(i, 2, name), half, 1, &layer->channels);
    }
    emit_end(&r->out, '}');
}

/* Calls `each` for every input of the edge program: the model's, then all weights. */
static void for_inputs(recorder *r, void (*each)(recorder *r, const char *name)) {
    char name[NAME_TEXT];
    for (size_t i = 0; i < r->author->value_count; i++)
        if (r->author->values[i].is_input) each(r, value_name(r->author, (mica_author_value)i, name));
    for (size_t i = 0; i < r->author->layer_count; i++) {
        if (r->author->layers[i].channels) each(r, weight_name(i, 1, name));
        if (r->author->layers[i].bias) each(r, weight_name(i, 2, name));
    }
}

static void for_outputs(recorder *r, void (*each)(recorder *r, const char *name)) {
    char name[NAME_TEXT];
    for (size_t i = 0; i < r->author->value_count; i++)
        if (r->author->values[i].is_output) each(r, value_name(r->author, (mica_author_value)i, name));
}

static void emit_spec(recorder *r, const char *kind, const char *name) {
    emit_begin(&r->out, '{');
    begin_key(r, kind, '{');
    begin_key(r, "arg", '{');
    emit_tensor_name(r, name);
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
}

static void emit_input_spec(recorder *r, const char *name) { emit_spec(r, "user_input", name); }
static void emit_output_spec(recorder *r, const char *name) { emit_spec(r, "user_output", name); }

static void emit_empty(recorder *r, const char *key, char open, char close) {
    begin_key(r, key, open);
    emit_end(&r->out, close);
}

static void emit_graph(recorder *r) {
    begin_key(r, "graph", '{');
    begin_key(r, "inputs", '[');
    for_inputs(r, emit_named);
    emit_end(&r->out, ']');
    begin_key(r, "outputs", '[');
    for_outputs(r, emit_named);
    emit_end(&r->out, ']');
    begin_key(r, "nodes", '[');
    for (size_t i = 0; i < r->author->layer_count; i++) emit_node(r, i);
    emit_end(&r->out, ']');
    emit_values(r);
    emit_empty(r, "sym_int_values", '{', '}');
    emit_empty(r, "sym_bool_values", '{', '}');
    emit_member_truth(&r->out, "is_single_tensor_return", false);
    emit_empty(r, "custom_obj_values", '{', '}');
    emit_end(&r->out, '}');
}

static size_t count_inputs(const mica_author *author) {
    size_t count = author->input_count;
    for (size_t i = 0; i < author->layer_count; i++)
        count += (author->layers[i].channels ? 1u : 0u) + (author->layers[i].bias ? 1u : 0u);
    return count;
}

static void emit_calls(recorder *r) {
    begin_key(r, "module_call_graph", '[');
    emit_begin(&r->out, '{');
    emit_member_text(&r->out, "fqn", "");
    begin_key(r, "signature", '{');
    emit_empty(r, "inputs", '[', ']');
    emit_empty(r, "outputs", '[', ']');
    emit_member_text(&r->out, "in_spec", r->input_tree);
    emit_member_text(&r->out, "out_spec", r->output_tree);
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
    emit_end(&r->out, ']');
}

static void emit_program(recorder *r) {
    emit_begin(&r->out, '{');
    begin_key(r, "graph_module", '{');
    emit_graph(r);
    begin_key(r, "signature", '{');
    begin_key(r, "input_specs", '[');
    for_inputs(r, emit_input_spec);
    emit_end(&r->out, ']');
    begin_key(r, "output_specs", '[');
    for_outputs(r, emit_output_spec);
    emit_end(&r->out, ']');
    emit_end(&r->out, '}');
    emit_calls(r);
    emit_end(&r->out, '}');
    begin_key(r, "opset_version", '{');
    emit_member_whole(&r->out, "aten", 10);
    emit_end(&r->out, '}');
    emit_empty(r, "range_constraints", '{', '}');
    begin_key(r, "schema_version", '{');
    emit_member_whole(&r->out, "major", 5);
    emit_member_whole(&r->out, "minor", 4);
    emit_end(&r->out, '}');
    emit_member_text(&r->out, "dialect", "");
    begin_key(r, "verifiers", '[');
    emit_text(&r->out, "EDGE");
    emit_end(&r->out, ']');
    emit_end(&r->out, '}');
}

/* ---- maps: the one instruction is the delegate's call ---- */

static void emit_handles(recorder *r) {
    emit_begin(&r->out, '{');
    begin_key(r, "forward", '{');
    begin_key(r, "0", '[');
    for (size_t i = 0; i < r->author->layer_count; i++) emit_whole(&r->out, (int64_t)i + 1);
    emit_end(&r->out, ']');
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
}

static void emit_delegates(recorder *r) {
    emit_begin(&r->out, '{');
    begin_key(r, "forward", '{');
    begin_key(r, "0", '{');
    emit_member_text(&r->out, "name", "XnnpackBackend");
    emit_empty(r, "delegate_map", '{', '}');
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
}

static void emit_counts(recorder *r) {
    emit_begin(&r->out, '{');
    begin_key(r, "forward", '{');
    emit_member_whole(&r->out, "0", (int64_t)r->author->output_count);
    emit_end(&r->out, '}');
    emit_end(&r->out, '}');
}

/* ---- the whole ---- */

/* One entry's text, in `arena`. */
static mica_status render(recorder *r, void (*emit)(recorder *r), struct arena *arena, bytes_span *out,
                          mica_error *error) {
    char *text = NULL;
    size_t size = 0;
    void *memory = NULL;
    FILE *const stream = open_memstream(&text, &size);
    if (!stream) return error_set(error, MICA_ERROR_MEMORY, "no memory for a record");
    r->out = (struct emitter){.stream = stream};
    emit(r);
    const bool failed = ferror(stream) != 0;
    mica_status status = MICA_OK;
    if (fclose(stream) != 0 || failed)
        status = error_set(error, MICA_ERROR_MEMORY, "no memory for a record");
    else
        status = arena_raw(arena, size, &memory, error);
    if (status == MICA_OK) {
        memcpy(memory, text, size);
        *out = (bytes_span){memory, size};
    }
    free(text);
    return status;
}

mica_status author_record(const mica_author *author, struct arena *arena, bytes_span *file, mica_error *error) {
#define EDGE "edge_dialect_exported_program/forward"
    struct zip_entry entries[] = {{"ETRECORD_V0", {0}},          {EDGE, {0}},
                                  {EDGE "_state_dict", {0}},     {EDGE "_constants", {0}},
                                  {EDGE "_example_inputs", {0}}, {"debug_handle_map", {0}},
                                  {"delegate_map", {0}},         {"instruction_id_to_num_outs_map", {0}}};
    recorder r = {.author = author};
    TRY(author_input_tree(count_inputs(author), arena, &r.input_tree, error));
    TRY(author_output_tree(author->output_count, arena, &r.output_tree, error));
    TRY(render(&r, emit_program, arena, &entries[1].data, error));
    TRY(render(&r, emit_handles, arena, &entries[5].data, error));
    TRY(render(&r, emit_delegates, arena, &entries[6].data, error));
    TRY(render(&r, emit_counts, arena, &entries[7].data, error));
    return zip_write(entries, sizeof entries / sizeof *entries, arena, file, error);
}
