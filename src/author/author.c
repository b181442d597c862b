/* SPDX-License-Identifier: Apache-2.0
 *
 * Describing a model: every layer is checked when it is added, so that what is described can be written and run.
 */
#include "author/author.h"

#include <math.h>

#define FIRST_CAPACITY 16
#define MAX_EXTENT 65536               /* of windows, strides, paddings */
#define MAX_ELEMENTS ((size_t)1 << 31) /* of one tensor */

#define BAD(author, ...) error_set(&(author)->context->error, MICA_ERROR_SHAPE, __VA_ARGS__)

/* ---- life ---- */

mica_status mica_author_create(mica_context *context, mica_author **author) {
    if (!context) return MICA_ERROR_ARGUMENT;
    if (!author) return error_set(&context->error, MICA_ERROR_ARGUMENT, "mica_author_create: NULL was given");
    mica_author *const made = context->allocator.allocate(context->allocator.user, sizeof *made, MEMORY_ALIGNMENT);
    if (!made) return error_set(&context->error, MICA_ERROR_MEMORY, "no memory for an author");
    *made = (mica_author){.context = context};
    arena_init(&made->arena, &context->allocator, context->memory_limit);
    *author = made;
    return MICA_OK;
}

void mica_author_destroy(mica_author *author) {
    if (!author) return;
    const mica_allocator allocator = author->context->allocator;
    arena_free(&author->arena);
    allocator.release(allocator.user, author, sizeof *author);
}

/* ---- values and layers ---- */

/* Room for one more item: lists double, and the arena keeps the old ones. */
static mica_status grow(mica_author *author, void **items, size_t count, size_t item) {
    void *memory = NULL;
    const bool full = count == 0 || (count >= FIRST_CAPACITY && (count & (count - 1)) == 0);
    if (!full) return MICA_OK;
    const size_t capacity = count ? 2 * count : FIRST_CAPACITY;
    TRY(arena_array(&author->arena, capacity, item, &memory, &author->context->error));
    if (count) memcpy(memory, *items, count * item);
    *items = memory;
    return MICA_OK;
}

static mica_status add_value(mica_author *author, const struct author_value *value, mica_author_value *out) {
    size_t elements = 1;
    for (size_t i = 0; i < value->rank; i++) {
        if (value->dims[i] == 0) return BAD(author, "shape: size %zu of a value would be 0", i);
        if (!size_mul(elements, value->dims[i], &elements) || elements > MAX_ELEMENTS)
            return BAD(author, "shape: a value would have more than %zu elements", MAX_ELEMENTS);
    }
    void *items = author->values;
    TRY(grow(author, &items, author->value_count, sizeof *value));
    author->values = items;
    author->values[author->value_count] = *value;
    *out = (mica_author_value)author->value_count++;
    return MICA_OK;
}

static mica_status check_value(mica_author *author, mica_author_value value) {
    if (value < author->value_count) return MICA_OK;
    return error_set(&author->context->error, MICA_ERROR_ARGUMENT, "value %u of %zu", value, author->value_count);
}

/* Adds a layer and its output, of the first input's type. */
static mica_status add_layer(mica_author *author, struct author_layer *layer, struct author_value *output,
                             mica_author_value *out) {
    for (size_t i = 0; i < layer->input_count; i++) {
        output->half = author->values[layer->inputs[i]].half;
        output->dynamic |= author->values[layer->inputs[i]].dynamic;
    }
    void *items = author->layers;
    TRY(grow(author, &items, author->layer_count, sizeof *layer));
    author->layers = items;
    TRY(add_value(author, output, &layer->output));
    author->layers[author->layer_count++] = *layer;
    *out = layer->output;
    return MICA_OK;
}

static struct author_layer new_layer(mica_operation_kind kind, author_layout layout, mica_author_value input) {
    return (struct author_layer){.operation = {.kind = kind, .output_min = -INFINITY, .output_max = INFINITY},
                                 .layout = layout,
                                 .inputs = {input},
                                 .input_count = 1};
}

mica_status mica_author_input(mica_author *author, mica_type type, size_t rank, const size_t *sizes,
                              bool dynamic_batch, mica_author_value *value) {
    if (!author || !sizes || !value) return MICA_ERROR_ARGUMENT;
    if (type != MICA_F32 && type != MICA_F16)
        return error_set(&author->context->error, MICA_ERROR_TYPE, "type: inputs are f32 or f16, not %s",
                         mica_type_name(type));
    if (rank < 1 || rank > MICA_OPERAND_MAX_RANK)
        return BAD(author, "shape: an input of rank %zu, must be 1 to %d", rank, MICA_OPERAND_MAX_RANK);
    struct author_value made = {.rank = rank, .half = type == MICA_F16, .dynamic = dynamic_batch, .is_input = true};
    memcpy(made.dims, sizes, rank * sizeof *sizes);
    TRY(add_value(author, &made, value));
    author->input_count++;
    return MICA_OK;
}

size_t mica_author_shape(const mica_author *author, mica_author_value value, size_t sizes[MICA_OPERAND_MAX_RANK]) {
    memcpy(sizes, author->values[value].dims, sizeof author->values[value].dims);
    return author->values[value].rank;
}

bool mica_author_input_at(const mica_author *author, size_t index, mica_author_value *value) {
    for (size_t i = 0; i < author->value_count; i++) {
        if (!author->values[i].is_input || index-- > 0) continue;
        *value = (mica_author_value)i;
        return true;
    }
    return false;
}

mica_status mica_author_output(mica_author *author, mica_author_value value) {
    if (!author) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, value));
    if (author->values[value].is_input)
        return error_set(&author->context->error, MICA_ERROR_ARGUMENT, "an input cannot be an output");
    author->output_count += !author->values[value].is_output;
    author->values[value].is_output = true;
    return MICA_OK;
}

/* ---- weights ---- */

double author_uniform(uint64_t *seed) {
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

double author_normal(uint64_t *seed) {
    const double radius = sqrt(-2 * log(1 - author_uniform(seed)));
    return radius * cos(6.283185307179586 * author_uniform(seed));
}

/* A copy of `given`, or numbers drawn uniformly within ±`bound`. */
static mica_status take_weights(mica_author *author, const float *given, size_t count, double bound, uint64_t *seed,
                                const float **out) {
    void *memory = NULL;
    TRY(arena_array(&author->arena, count, sizeof(float), &memory, &author->context->error));
    float *const weights = memory;
    for (size_t i = 0; i < count; i++) {
        weights[i] = given ? given[i] : (float)((2 * author_uniform(seed) - 1) * bound);
        if (!isfinite(weights[i])) return BAD(author, "weights: element %zu is not finite", i);
    }
    *out = weights;
    return MICA_OK;
}

/* What every layer with weights takes from its options. */
static mica_status set_weights(mica_author *author, const mica_layer *options, size_t channels, size_t depth,
                               struct author_layer *layer) {
    mica_layer all = {0};
    if (options) memcpy(&all, options, min_size(options->size, sizeof all));
    size_t count = 0;
    if (!size_mul(channels, depth, &count) || count > MAX_ELEMENTS)
        return BAD(author, "weights: more than %zu elements", MAX_ELEMENTS);
    if ((unsigned)all.quantization > MICA_QUANTIZE_INT4)
        return error_set(&author->context->error, MICA_ERROR_ARGUMENT, "quantization: %d is unknown",
                         (int)all.quantization);
    const struct author_value *const input = &author->values[layer->inputs[0]];
    if (all.quantization != MICA_QUANTIZE_NONE && input->half)
        return error_set(&author->context->error, MICA_ERROR_TYPE, "type: quantized layers take f32, not f16");
    if (all.clamps && !(all.output_min <= all.output_max))
        return BAD(author, "clamp: from %g to %g", (double)all.output_min, (double)all.output_max);
    uint64_t seed = all.seed;
    const double bound = 1 / sqrt((double)depth);
    layer->quantization = all.quantization;
    layer->channels = channels;
    layer->depth = depth;
    if (all.clamps) {
        layer->operation.output_min = all.output_min;
        layer->operation.output_max = all.output_max;
    }
    TRY(take_weights(author, all.weights, count, bound, &seed, &layer->weights));
    return all.no_bias ? MICA_OK : take_weights(author, all.bias, channels, bound, &seed, &layer->bias);
}

mica_status mica_author_linear(mica_author *author, mica_author_value input, size_t n, const mica_layer *layer,
                               mica_author_value *value) {
    if (!author || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, input));
    struct author_value output = author->values[input];
    output = (struct author_value){.rank = output.rank, .dims = {0}};
    memcpy(output.dims, author->values[input].dims, sizeof output.dims);
    if (n == 0) return BAD(author, "n: must not be 0");
    const size_t k = output.dims[output.rank - 1];
    output.dims[output.rank - 1] = n;
    struct author_layer made = new_layer(MICA_FULLY_CONNECTED, LAYOUT_PLAIN, input);
    TRY(set_weights(author, layer, n, k, &made));
    if (made.quantization == MICA_QUANTIZE_PER_TENSOR)
        return error_set(&author->context->error, MICA_ERROR_UNSUPPORTED,
                         "quantization: linear layers have a scale per channel");
    const bool blocks = made.quantization == MICA_QUANTIZE_BLOCKS;
    if (k % 2 && (blocks || made.quantization == MICA_QUANTIZE_INT4))
        return BAD(author, "k: %zu is odd, int4 weights come in pairs", k);
    if (blocks) {
        made.block = layer->group_size ? layer->group_size : k;
        if (made.block % 32 || k % made.block)
            return BAD(author, "group_size: %zu is no multiple of 32 that divides k = %zu", made.block, k);
    }
    return add_layer(author, &made, &output, value);
}

/* ---- windows ---- */

/* Attributes of a window over [batch, channels, height, width], and the sizes that it gives. */
static mica_status set_window(mica_author *author, const mica_window *window, struct author_layer *layer,
                              struct author_value *output) {
    static const char *const axes[] = {"height", "width"};
    const struct author_value *const input = &author->values[layer->inputs[0]];
    if (input->rank != 4) return BAD(author, "shape: an image has rank 4, not %zu", input->rank);
    output->rank = 4;
    output->dims[0] = input->dims[0];
    output->dims[1] = input->dims[1];
    size_t stride[2], dilation[2];
    for (size_t i = 0; i < 2; i++) {
        stride[i] = max_size(window->stride[i], 1);
        dilation[i] = max_size(window->dilation[i], 1);
        const size_t sizes[] = {window->kernel[i], window->padding[i], stride[i], dilation[i]};
        static const char *const names[] = {"kernel", "padding", "stride", "dilation"};
        for (size_t s = 0; s < 4; s++)
            if (sizes[s] > MAX_EXTENT) return BAD(author, "%s: %zu, at most %d", names[s], sizes[s], MAX_EXTENT);
        if (window->kernel[i] == 0) return BAD(author, "kernel: must not be 0");
        const size_t reach = (window->kernel[i] - 1) * dilation[i] + 1;
        const size_t padded = input->dims[2 + i] + 2 * window->padding[i];
        if (reach > padded)
            return BAD(author, "kernel: it reaches over %zu elements, the padded image's %s is %zu", reach, axes[i],
                       padded);
        output->dims[2 + i] = (padded - reach) / stride[i] + 1;
    }
    mica_operation *const operation = &layer->operation;
    operation->as.window.padding_top = operation->as.window.padding_bottom = (uint32_t)window->padding[0];
    operation->as.window.padding_left = operation->as.window.padding_right = (uint32_t)window->padding[1];
    operation->as.window.kernel_height = (uint32_t)window->kernel[0];
    operation->as.window.kernel_width = (uint32_t)window->kernel[1];
    operation->as.window.stride_height = (uint32_t)stride[0];
    operation->as.window.stride_width = (uint32_t)stride[1];
    operation->as.window.dilation_height = (uint32_t)dilation[0];
    operation->as.window.dilation_width = (uint32_t)dilation[1];
    return MICA_OK;
}

mica_status mica_author_conv2d(mica_author *author, mica_author_value input, size_t channels,
                               const mica_window *window, const mica_layer *layer, mica_author_value *value) {
    if (!author || !window || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, input));
    struct author_layer made = new_layer(MICA_CONV_2D, LAYOUT_IMAGE, input);
    struct author_value output = {0};
    TRY(set_window(author, window, &made, &output));
    const size_t inputs = output.dims[1], groups = max_size(window->groups, 1);
    if (channels == 0) return BAD(author, "out_channels: must not be 0");
    if (inputs % groups) return BAD(author, "groups: %zu does not divide %zu input channels", groups, inputs);
    if (channels % groups) return BAD(author, "groups: %zu does not divide %zu output channels", groups, channels);
    output.dims[1] = channels;
    made.operation.as.window.groups = (uint32_t)groups;
    made.operation.as.window.group_input_channels = (uint32_t)(inputs / groups);
    made.operation.as.window.group_output_channels = (uint32_t)(channels / groups);
    if (inputs == groups) made.operation.kind = MICA_DEPTHWISE_CONV_2D;
    TRY(set_weights(author, layer, channels, inputs / groups * window->kernel[0] * window->kernel[1], &made));
    const bool rows = made.quantization == MICA_QUANTIZE_DYNAMIC;
    if (made.quantization == MICA_QUANTIZE_BLOCKS || made.quantization == MICA_QUANTIZE_INT4)
        return error_set(&author->context->error, MICA_ERROR_UNSUPPORTED,
                         "quantization: only linear layers have int4 weights");
    if (rows && made.operation.kind == MICA_DEPTHWISE_CONV_2D)
        return error_set(&author->context->error, MICA_ERROR_UNSUPPORTED,
                         "quantization: depthwise convolutions do not quantize their input at run time");
    return add_layer(author, &made, &output, value);
}

mica_status mica_author_pool(mica_author *author, mica_operation_kind kind, mica_author_value input,
                             const mica_window *window, mica_author_value *value) {
    if (!author || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, input));
    struct author_layer made = new_layer(kind, LAYOUT_IMAGE, input);
    struct author_value output = {0};
    if (kind == MICA_GLOBAL_AVG_POOLING_2D) {
        const struct author_value *const from = &author->values[input];
        if (from->rank != 4) return BAD(author, "shape: an image has rank 4, not %zu", from->rank);
        made.operation.flags = MICA_FLAG_KEEP_DIMS;
        output = (struct author_value){.rank = 4, .dims = {from->dims[0], from->dims[1], 1, 1}};
        return add_layer(author, &made, &output, value);
    }
    if ((kind != MICA_MAX_POOLING_2D && kind != MICA_AVG_POOLING_2D) || !window)
        return error_set(&author->context->error, MICA_ERROR_ARGUMENT, "kind: %d is no pooling", (int)kind);
    TRY(set_window(author, window, &made, &output));
    for (size_t i = 0; i < 2; i++)
        if (window->padding[i] * 2 > window->kernel[i]) return BAD(author, "padding: more than half of the kernel");
    return add_layer(author, &made, &output, value);
}

/* ---- other layers ---- */

mica_status mica_author_matmul(mica_author *author, mica_author_value left, mica_author_value right,
                               mica_author_value *value) {
    if (!author || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, left));
    TRY(check_value(author, right));
    const struct author_value *const a = &author->values[left], *const b = &author->values[right];
    const size_t rank = a->rank;
    if (rank < 2 || b->rank != rank) return BAD(author, "shape: a product of ranks %zu and %zu", rank, b->rank);
    if (a->half != b->half)
        return error_set(&author->context->error, MICA_ERROR_TYPE, "type: a product of f32 and f16");
    for (size_t i = 0; i + 2 < rank; i++)
        if (a->dims[i] != b->dims[i]) return BAD(author, "batch: %zu and %zu", a->dims[i], b->dims[i]);
    if (a->dims[rank - 1] != b->dims[rank - 2])
        return BAD(author, "k: %zu columns meet %zu rows", a->dims[rank - 1], b->dims[rank - 2]);
    struct author_layer made = new_layer(MICA_BATCH_MATRIX_MULTIPLY, LAYOUT_PLAIN, left);
    made.inputs[1] = right;
    made.input_count = 2;
    struct author_value output = {.rank = rank};
    memcpy(output.dims, a->dims, sizeof output.dims);
    output.dims[rank - 1] = b->dims[rank - 1];
    return add_layer(author, &made, &output, value);
}

mica_status mica_author_binary(mica_author *author, mica_operation_kind kind, mica_author_value left,
                               mica_author_value right, mica_author_value *value) {
    static const bool known[MICA_OPERATION_KINDS] = {
        [MICA_ADD] = true, [MICA_SUBTRACT] = true, [MICA_MULTIPLY] = true,
        [MICA_DIV] = true, [MICA_MINIMUM] = true,  [MICA_MAXIMUM] = true};
    if (!author || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, left));
    TRY(check_value(author, right));
    if (kind >= MICA_OPERATION_KINDS || !known[kind])
        return error_set(&author->context->error, MICA_ERROR_ARGUMENT, "kind: %d takes no two inputs", (int)kind);
    const struct author_value *const a = &author->values[left], *const b = &author->values[right];
    if (a->rank != b->rank || memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) != 0)
        return BAD(author, "shape: the two inputs differ");
    if (a->half != b->half) return error_set(&author->context->error, MICA_ERROR_TYPE, "type: f32 meets f16");
    struct author_layer made = new_layer(kind, LAYOUT_ANY, left);
    made.inputs[1] = right;
    made.input_count = 2;
    struct author_value output = {.rank = a->rank};
    memcpy(output.dims, a->dims, sizeof output.dims);
    return add_layer(author, &made, &output, value);
}

/* A layer whose output looks like its input. */
static mica_status add_unary(mica_author *author, struct author_layer *layer, mica_author_value *value) {
    struct author_value output = {.rank = author->values[layer->inputs[0]].rank};
    memcpy(output.dims, author->values[layer->inputs[0]].dims, sizeof output.dims);
    return add_layer(author, layer, &output, value);
}

mica_status mica_author_unary(mica_author *author, mica_operation_kind kind, mica_author_value input,
                              mica_author_value *value) {
    static const bool known[MICA_OPERATION_KINDS] = {[MICA_SOFTMAX] = true,   [MICA_SIGMOID] = true,
                                                     [MICA_FLOOR] = true,     [MICA_SQUARE_ROOT] = true,
                                                     [MICA_CEILING] = true,   [MICA_NEGATE] = true,
                                                     [MICA_SQUARE] = true,    [MICA_ABS] = true,
                                                     [MICA_HARDSWISH] = true, [MICA_LOG] = true,
                                                     [MICA_GELU] = true,      [MICA_TANH] = true,
                                                     [MICA_EXP] = true,       [MICA_RECIPROCAL_SQUARE_ROOT] = true};
    if (!author || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, input));
    if (kind >= MICA_OPERATION_KINDS || !known[kind])
        return error_set(&author->context->error, MICA_ERROR_ARGUMENT, "kind: %d takes no single input", (int)kind);
    struct author_layer made = new_layer(kind, kind == MICA_SOFTMAX ? LAYOUT_PLAIN : LAYOUT_ANY, input);
    return add_unary(author, &made, value);
}

mica_status mica_author_clamp(mica_author *author, mica_author_value input, float low, float high,
                              mica_author_value *value) {
    if (!author || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, input));
    if (!(low <= high)) return BAD(author, "clamp: from %g to %g", (double)low, (double)high);
    struct author_layer made = new_layer(MICA_CLAMP, LAYOUT_ANY, input);
    made.operation.output_min = low;
    made.operation.output_max = high;
    return add_unary(author, &made, value);
}

mica_status mica_author_flatten(mica_author *author, mica_author_value input, mica_author_value *value) {
    if (!author || !value) return MICA_ERROR_ARGUMENT;
    TRY(check_value(author, input));
    const struct author_value *const from = &author->values[input];
    struct author_layer made = new_layer(MICA_STATIC_RESHAPE, LAYOUT_PLAIN, input);
    struct author_value output = {.rank = 2, .dims = {from->dims[0], 1}};
    for (size_t i = 1; i < from->rank; i++) output.dims[1] *= from->dims[i];
    made.operation.as.reshape.rank = 2;
    made.operation.as.reshape.dims[0] = from->dynamic ? 0 : (uint32_t)output.dims[0]; /* 0: found at run time */
    made.operation.as.reshape.dims[1] = (uint32_t)output.dims[1];
    return add_layer(author, &made, &output, value);
}
