/* SPDX-License-Identifier: Apache-2.0
 *
 * From layers to a delegate's graph: values get the forms that layers need (f32 or int8, NCHW or NHWC), each made once,
 * by the conversions that the exporter inserts.
 */
#include <math.h>

#include "author/author.h"
#include "base/half.h"

#define NOWHERE UINT32_MAX
#define INSERTED 65535 /* debug handle of what no layer asked for */

enum { PLAIN, IMAGE, LAYOUTS };
enum { FLOATING, INT8, ROWS, FORMATS };

typedef struct builder {
    const mica_author *author;
    bool quantized;
    struct arena *arena;
    uint32_t (*forms)[FORMATS][LAYOUTS]; /* of each author's value: its values in the graph, or NOWHERE */
    xnn_value *values;
    xnn_node *nodes;
    size_t value_count, node_count;
    uint32_t handle; /* of the layer in hand */
    mica_error *error;
} builder;

bool author_is_static(mica_quantization quantization) {
    return quantization == MICA_QUANTIZE_STATIC || quantization == MICA_QUANTIZE_PER_TENSOR;
}

bool author_gives(const mica_author *author, mica_author_value value, bool quantized) {
    if (quantized || author->values[value].is_output) return author->values[value].is_output;
    if (author->values[value].is_input) return false;
    for (size_t i = 0; i < author->layer_count; i++) {
        const struct author_layer *const layer = &author->layers[i];
        if (author_is_static(layer->quantization) && (layer->output == value || layer->inputs[0] == value))
            return true;
    }
    return false;
}

/* ---- values and nodes ---- */

static uint32_t add_value(builder *b, const mica_operand *operand) {
    b->values[b->value_count] = (xnn_value){.operand = *operand, .external = XNN_NO_EXTERNAL};
    return (uint32_t)b->value_count++;
}

static void add_node(builder *b, const mica_operation *operation, const uint32_t *inputs, size_t count,
                     uint32_t output, uint32_t handle) {
    xnn_node *const node = &b->nodes[b->node_count++];
    *node = (xnn_node){.operation = *operation, .output = output, .second_output = NOWHERE, .debug_handle = handle};
    node->operation.input_count = count;
    for (size_t i = 0; i < count; i++) {
        node->inputs[i] = inputs[i];
        node->operation.inputs[i] = inputs[i] == NOWHERE ? NULL : &b->values[inputs[i]].operand;
    }
    node->operation.output = &b->values[output].operand;
}

/* ---- forms ---- */

static uint32_t new_form(builder *b, mica_author_value index, size_t format, size_t layout) {
    const struct author_value *const value = &b->author->values[index];
    mica_operand operand = {.type = value->half ? MICA_OPERAND_F16 : MICA_OPERAND_F32, .rank = value->rank};
    memcpy(operand.dims, value->dims, sizeof operand.dims);
    if (layout == IMAGE)
        for (size_t i = 0; i < 3; i++) operand.dims[1 + i] = value->dims[i == 2 ? 1 : 2 + i];
    if (format == INT8) {
        operand.type = MICA_OPERAND_QINT8;
        quantize_activation(value->range, &operand.scale, &operand.zero_point);
    } else if (format == ROWS) {
        operand.type = MICA_OPERAND_QDINT8;
        operand.row_dims = layout == IMAGE ? 3 : 1; /* images are rows */
    }
    return b->forms[index][format][layout] = add_value(b, &operand);
}

static void convert(builder *b, uint32_t from, uint32_t to) {
    add_node(b, &(mica_operation){.kind = MICA_CONVERT, .output_min = -INFINITY, .output_max = INFINITY}, &from, 1,
             to, b->handle);
}

static void transpose(builder *b, uint32_t from, uint32_t to, size_t layout) {
    static const uint32_t perms[LAYOUTS][4] = {[PLAIN] = {0, 3, 1, 2}, [IMAGE] = {0, 2, 3, 1}};
    mica_operation operation = {.kind = MICA_STATIC_TRANSPOSE, .output_min = -INFINITY, .output_max = INFINITY};
    memcpy(operation.as.transpose.perm, perms[layout], sizeof perms[layout]);
    add_node(b, &operation, &from, 1, to, INSERTED);
}

/* A form of a value, made when it is not there: transposed where the format is there in the other layout, else
 * converted, so that what is int8 on one side is transposed as int8. */
static uint32_t form(builder *b, mica_author_value index, size_t format, size_t layout) {
    uint32_t(*const forms)[LAYOUTS] = b->forms[index];
    if (forms[format][layout] != NOWHERE) return forms[format][layout];
    const size_t other = layout == PLAIN ? IMAGE : PLAIN;
    const bool transposes = format != ROWS && forms[format][other] != NOWHERE;
    const bool converts = format != INT8 || forms[FLOATING][layout] != NOWHERE;
    if (converts && !transposes) {
        const uint32_t from = form(b, index, format == FLOATING ? INT8 : FLOATING, layout);
        convert(b, from, new_form(b, index, format, layout));
    } else {
        const uint32_t from = form(b, index, format, other);
        transpose(b, from, new_form(b, index, format, layout), layout);
    }
    return forms[format][layout];
}

/* ---- weights ---- */

static mica_status new_array(builder *b, size_t count, size_t item, void **memory) {
    return arena_array(b->arena, count, item, memory, b->error);
}

/* From PyTorch's [out][in][y][x] to [out][y][x][in]; depthwise to [y][x][out]. `step` bytes each. */
static void order_filter(const struct author_layer *layer, const uint8_t *from, size_t step, uint8_t *to) {
    const mica_operation *const operation = &layer->operation;
    const bool depthwise = operation->kind == MICA_DEPTHWISE_CONV_2D;
    const size_t taps = (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width;
    const size_t inputs = layer->depth / taps;
    for (size_t o = 0; o < layer->channels; o++)
        for (size_t i = 0; i < inputs; i++)
            for (size_t t = 0; t < taps; t++) {
                const size_t at = depthwise ? t * layer->channels + o : (o * taps + t) * inputs + i;
                memcpy(to + at * step, from + ((o * inputs + i) * taps + t) * step, step);
            }
}

static void filter_dims(const struct author_layer *layer, mica_operand *filter) {
    const mica_operation *const operation = &layer->operation;
    if (operation->kind == MICA_FULLY_CONNECTED) {
        filter->rank = 2;
        filter->dims[0] = layer->channels;
        filter->dims[1] = layer->depth;
        return;
    }
    const bool depthwise = operation->kind == MICA_DEPTHWISE_CONV_2D;
    const size_t dims[4] = {depthwise ? 1 : layer->channels, operation->as.window.kernel_height,
                            operation->as.window.kernel_width,
                            depthwise ? layer->channels : operation->as.window.group_input_channels};
    filter->rank = 4;
    memcpy(filter->dims, dims, sizeof dims);
    filter->channel_dim = depthwise ? 3 : 0;
}

/* Numbers rounded to f16: as such, or where a convolution takes them as f32. */
static mica_status round_half(builder *b, const float *numbers, size_t count, bool wide, const void **out) {
    void *memory = NULL;
    TRY(new_array(b, count, wide ? sizeof(float) : sizeof(uint16_t), &memory));
    for (size_t i = 0; i < count; i++) {
        const uint16_t half = f16_of_float(numbers[i]);
        if (wide)
            ((float *)memory)[i] = float_of_f16(half);
        else
            ((uint16_t *)memory)[i] = half;
    }
    *out = memory;
    return MICA_OK;
}

/* The filter's data in PyTorch's order, its type and scales. */
static mica_status make_filter(builder *b, const struct author_layer *layer, mica_quantization quantization,
                               mica_operand *filter, const void **data) {
    const size_t channels = layer->channels, depth = layer->depth;
    void *bytes = NULL, *scales = NULL;
    *data = layer->weights;
    filter->type = MICA_OPERAND_F32;
    switch (quantization) {
    case MICA_QUANTIZE_NONE:
        if (!b->author->values[layer->inputs[0]].half) return MICA_OK;
        filter->type = filter->rank == 2 ? MICA_OPERAND_F16 : MICA_OPERAND_F32;
        return round_half(b, layer->weights, channels * depth, filter->rank == 4, data);
    case MICA_QUANTIZE_STATIC:
    case MICA_QUANTIZE_DYNAMIC:
        TRY(new_array(b, channels * depth, 1, &bytes));
        TRY(new_array(b, channels, sizeof(float), &scales));
        quantize_rows(layer->weights, channels, depth, bytes, scales);
        filter->type = MICA_OPERAND_QCINT8;
        filter->scales = scales;
        break;
    case MICA_QUANTIZE_PER_TENSOR:
        TRY(new_array(b, channels * depth, 1, &bytes));
        quantize_rows(layer->weights, 1, channels * depth, bytes, &filter->scale);
        filter->type = MICA_OPERAND_QINT8;
        break;
    case MICA_QUANTIZE_INT4:
        TRY(new_array(b, channels * depth / 2, 1, &bytes));
        TRY(new_array(b, channels, sizeof(float), &scales));
        quantize_nibbles(layer->weights, channels, depth, bytes, scales);
        filter->type = MICA_OPERAND_QCINT4;
        filter->zero_point = 8;
        filter->scales = scales;
        break;
    case MICA_QUANTIZE_BLOCKS:
        TRY(new_array(b, channels * depth / 2, 1, &bytes));
        TRY(new_array(b, channels * (depth / layer->block), sizeof(uint16_t), &scales));
        quantize_blocks(layer->weights, channels, depth, layer->block, bytes, scales);
        filter->type = MICA_OPERAND_QBINT4;
        filter->zero_point = 8;
        filter->block_scales = scales;
        filter->block = layer->block;
        break;
    }
    *data = bytes;
    return MICA_OK;
}

static mica_status add_filter(builder *b, const struct author_layer *layer, mica_quantization quantization,
                              uint32_t *out) {
    mica_operand filter = {0};
    const void *data = NULL;
    filter_dims(layer, &filter);
    TRY(make_filter(b, layer, quantization, &filter, &data));
    if (filter.rank == 4) {
        void *ordered = NULL;
        const size_t step = filter.type == MICA_OPERAND_F32 ? sizeof(float) : 1;
        TRY(new_array(b, layer->channels * layer->depth, step, &ordered));
        order_filter(layer, data, step, ordered);
        data = ordered;
    }
    filter.data = data;
    *out = add_value(b, &filter);
    return MICA_OK;
}

static mica_status add_bias(builder *b, const struct author_layer *layer, mica_quantization quantization,
                            const mica_operand *input, const mica_operand *filter, uint32_t *out) {
    *out = NOWHERE;
    if (!layer->bias) return MICA_OK;
    mica_operand bias = {.type = MICA_OPERAND_F32, .rank = 1, .dims = {layer->channels}, .data = layer->bias};
    if (author_is_static(quantization)) {
        const bool shared = quantization == MICA_QUANTIZE_PER_TENSOR;
        void *bytes = NULL, *scales = NULL;
        TRY(new_array(b, layer->channels, sizeof(int32_t), &bytes));
        TRY(new_array(b, layer->channels, sizeof(float), &scales));
        quantize_bias(layer->bias, layer->channels, input->scale, shared ? &filter->scale : filter->scales, shared,
                      bytes, scales);
        bias.type = shared ? MICA_OPERAND_QINT32 : MICA_OPERAND_QCINT32;
        bias.data = bytes;
        if (shared)
            bias.scale = *(const float *)scales;
        else
            bias.scales = scales;
    } else if (b->author->values[layer->inputs[0]].half) {
        bias.type = filter->type;
        TRY(round_half(b, layer->bias, layer->channels, filter->type == MICA_OPERAND_F32, &bias.data));
    }
    *out = add_value(b, &bias);
    return MICA_OK;
}

/* ---- layers ---- */

/* The layout in which a layer that takes any finds its inputs. */
static size_t layout_of(const builder *b, const struct author_layer *layer) {
    if (layer->layout != LAYOUT_ANY) return layer->layout == LAYOUT_IMAGE ? IMAGE : PLAIN;
    for (size_t i = 0; i < layer->input_count; i++) {
        const uint32_t(*const forms)[LAYOUTS] = b->forms[layer->inputs[i]];
        if (forms[FLOATING][PLAIN] != NOWHERE || forms[INT8][PLAIN] != NOWHERE) return PLAIN;
    }
    return IMAGE;
}

static mica_status build_layer(builder *b, const struct author_layer *layer) {
    static const size_t formats[] = {[MICA_QUANTIZE_STATIC] = INT8,
                                     [MICA_QUANTIZE_PER_TENSOR] = INT8,
                                     [MICA_QUANTIZE_DYNAMIC] = ROWS,
                                     [MICA_QUANTIZE_BLOCKS] = ROWS,
                                     [MICA_QUANTIZE_INT4] = ROWS};
    const mica_quantization quantization = b->quantized ? layer->quantization : MICA_QUANTIZE_NONE;
    const size_t layout = layout_of(b, layer);
    uint32_t inputs[3] = {NOWHERE, NOWHERE, NOWHERE};
    size_t count = layer->input_count;
    for (size_t i = 0; i < count; i++) inputs[i] = form(b, layer->inputs[i], formats[quantization], layout);
    if (layer->channels) {
        TRY(add_filter(b, layer, quantization, &inputs[1]));
        TRY(add_bias(b, layer, quantization, &b->values[inputs[0]].operand, &b->values[inputs[1]].operand,
                     &inputs[2]));
        count = 3;
    }
    const uint32_t output = new_form(b, layer->output, author_is_static(quantization) ? INT8 : FLOATING, layout);
    add_node(b, &layer->operation, inputs, count, output, b->handle);
    return MICA_OK;
}

static mica_status build_all(builder *b, xnn_graph *graph) {
    const mica_author *const author = b->author;
    uint32_t external = 0;
    for (uint32_t i = 0; i < author->value_count; i++) {
        for (size_t f = 0; f < FORMATS * LAYOUTS; f++) b->forms[i][f / LAYOUTS][f % LAYOUTS] = NOWHERE;
        if (!author->values[i].is_input) continue;
        xnn_value *const value = &b->values[new_form(b, i, FLOATING, PLAIN)];
        value->is_input = true;
        value->external = external++;
    }
    for (size_t i = 0; i < author->layer_count; i++) {
        b->handle = (uint32_t)i + 1;
        TRY(build_layer(b, &author->layers[i]));
    }
    for (uint32_t i = 0; i < author->value_count; i++) {
        if (!author_gives(author, i, b->quantized)) continue;
        xnn_value *const value = &b->values[form(b, i, FLOATING, PLAIN)];
        value->is_output = true;
        value->external = external++;
    }
    *graph = (xnn_graph){.values = b->values,
                         .value_count = b->value_count,
                         .nodes = b->nodes,
                         .node_count = b->node_count,
                         .external_count = external};
    return MICA_OK;
}

mica_status author_build(const mica_author *author, bool quantized, struct arena *arena, xnn_graph *graph,
                         mica_error *error) {
    builder b = {.author = author, .quantized = quantized, .arena = arena, .error = error};
    const size_t forms = author->value_count * FORMATS * LAYOUTS;
    void *memory = NULL;
    TRY(new_array(&b, author->value_count, sizeof *b.forms, &memory));
    b.forms = memory;
    TRY(new_array(&b, forms + 2 * author->layer_count, sizeof *b.values, &memory)); /* and filter and bias */
    b.values = memory;
    TRY(new_array(&b, forms + author->layer_count, sizeof *b.nodes, &memory));
    b.nodes = memory;
    return build_all(&b, graph);
}
