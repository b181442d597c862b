/* SPDX-License-Identifier: Apache-2.0
 *
 * Models made: random legal ones run alike on all kernels; the payload of a layer is the one that the exporter wrote
 * for it but for its numbers; what is impossible is refused by name and leaves no file.
 */
#include "sample.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "author/histogram.h"
#include "author/quantize.h"
#include "base/half.h"
#include "devtools/etrecord.h"
#include "format/xnnpack.h"
#include "mica/author.h"
#include "mica/program.h"

static char model_path[64], record_path[64];

static uint64_t draw(uint64_t *seed, uint64_t below) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (*seed >> 33) % below;
}

#define GOOD(call)                                                                                                   \
    do {                                                                                                             \
        if ((call) != MICA_OK) fail_msg("%s: %s", #call, mica_context_error(context));                               \
    } while (0)

/* ---- quantization ---- */

static void weights_are_rounded_as_by_pytorch(void **state) {
    (void)state;
    /* 127 steps to the largest; ties to even: 0.5 and 1.5 steps are 0 and 2; −127 is the lowest. */
    const float rows[] = {127, 0.5f, 1.5f, -127, 0, 0, 0, 0};
    int8_t bytes[8];
    float scales[2];
    quantize_rows(rows, 2, 4, bytes, scales);
    assert_true(scales[0] == 1 && scales[1] == 0x1p-12f);
    assert_memory_equal(bytes, ((int8_t[]){127, 0, 2, -127, 0, 0, 0, 0}), 8);
    /* int4: 7.5 steps to the largest, which 7 cuts; the lowest is −8; even elements are the low nibbles. */
    float block[32] = {7.5f, -7.5f, 1, -1};
    uint8_t nibbles[16];
    uint16_t scale;
    quantize_blocks(block, 1, 32, 32, nibbles, &scale);
    assert_int_equal(scale, 0x3f80); /* 1 */
    assert_int_equal(nibbles[0], 0x0f);
    assert_int_equal(nibbles[1], 0x79);
    assert_int_equal(nibbles[2], 0x88);
    float step;
    int32_t zero;
    quantize_activation((quantize_range){-51, 255 - 51}, &step, &zero);
    assert_true(step == 1);
    assert_int_equal(zero, -128 + 51);
    /* int4 per channel: the same steps, a scale in f32 for each row. */
    quantize_nibbles((float[]){7.5f, -7.5f, 0, 0}, 2, 2, nibbles, scales);
    assert_true(scales[0] == 1 && scales[1] == 0x1p-12f);
    assert_int_equal(nibbles[0], 0x0f);
    assert_int_equal(nibbles[1], 0x88);
    quantize_activation((quantize_range){3, 5}, &step, &zero); /* widened to hold 0 */
    assert_int_equal(zero, -128);
    int32_t biases[2];
    quantize_bias((float[]){2.5f, 1e30f}, 2, 0.5f, (float[]){2, 2}, false, biases, scales);
    assert_int_equal(biases[0], 2);
    assert_int_equal(biases[1], INT32_MAX - 127);
}

/* Counts the first `count` of so many numbers between ±16, few of them large. */
static void add_numbers(struct histogram *histogram, size_t of, size_t count, float factor) {
    float *const values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const double place = (double)(i * 37 % of) / (double)(of / 2) - 1;
        values[i] = factor * (float)(place / (1.0625 - place * place));
    }
    histogram_add(histogram, values, count);
    free(values);
}

static void same_range(const struct histogram *histogram, float low, float high) {
    const quantize_range range = histogram_range(histogram);
    if (range.low != low || range.high != high)
        fail_msg("%a to %a, not %a to %a", (double)range.low, (double)range.high, (double)low, (double)high);
}

/* The ranges that torchao 0.18's HistogramObserver finds for the same values. */
static void ranges_are_those_of_pytorch(void **state) {
    (void)state;
    struct histogram once = {0}, grown = {0}, cut = {0}, one = {0}, none = {0};
    add_numbers(&once, 1001, 1001, 1);
    same_range(&once, -16, 0x1.ff8p+3f);
    add_numbers(&grown, 1001, 1001, 1);
    add_numbers(&grown, 1001, 100, 2);
    same_range(&grown, -32, 0x1.dfc8f8p+4f);
    add_numbers(&cut, 20011, 20011, 1);
    add_numbers(&cut, 20011, 100, 2);
    same_range(&cut, -32, 0x1.f7p+3f);
    histogram_add(&one, (float[]){3, 3, INFINITY}, 3);
    same_range(&one, 3, 3);
    add_numbers(&one, 1001, 1001, 1);
    same_range(&one, -16, 0x1.ff8p+3f);
    same_range(&none, 0, 0);
}

/* ---- against the exporter's ---- */

static const struct twin {
    const char *folder;
    mica_operation_kind kind;
    mica_type type;
    mica_quantization quantization;
    size_t channels, kernel, padding;
} twins[] = {
    {"linear/pf32_1x256x256", MICA_FULLY_CONNECTED, MICA_F32, MICA_QUANTIZE_NONE, 256, 0, 0},
    {"linear/pf16_1x256x256", MICA_FULLY_CONNECTED, MICA_F16, MICA_QUANTIZE_NONE, 256, 0, 0},
    {"linear/qp8_f32_qc8w_1x256x256", MICA_FULLY_CONNECTED, MICA_F32, MICA_QUANTIZE_DYNAMIC, 256, 0, 0},
    {"linear/pqs8_qc8w_1x256x256", MICA_FULLY_CONNECTED, MICA_F32, MICA_QUANTIZE_STATIC, 256, 0, 0},
    {"linear/qp8_f32_qb4w_g32_1x256x256", MICA_FULLY_CONNECTED, MICA_F32, MICA_QUANTIZE_BLOCKS, 256, 0, 0},
    {"linear/qc4w_pt2e_5x96x33", MICA_FULLY_CONNECTED, MICA_F32, MICA_QUANTIZE_INT4, 33, 0, 0},
    {"conv2d/dynamic_qc8w_k3_pad1_8to13", MICA_CONV_2D, MICA_F32, MICA_QUANTIZE_DYNAMIC, 13, 3, 1},
    {"conv2d/pqs8_3to6_k3_16x16_pertensor", MICA_CONV_2D, MICA_F32, MICA_QUANTIZE_PER_TENSOR, 6, 3, 0},
    {"conv2d/pf32_pointwise_3to2_16x16", MICA_CONV_2D, MICA_F32, MICA_QUANTIZE_NONE, 2, 1, 0},
    {"conv2d/qs8_pc_k3_pad1_8to13", MICA_CONV_2D, MICA_F32, MICA_QUANTIZE_STATIC, 13, 3, 1},
    {"conv2d/qs8_pc_dw3_pad1_c12", MICA_DEPTHWISE_CONV_2D, MICA_F32, MICA_QUANTIZE_STATIC, 12, 3, 1},
    {"conv2d/f16_k3_pad1_8to13", MICA_CONV_2D, MICA_F16, MICA_QUANTIZE_NONE, 13, 3, 1},
    {"bmm/pf32_1x256x256x256", MICA_BATCH_MATRIX_MULTIPLY, MICA_F32, MICA_QUANTIZE_NONE, 0, 0, 0},
    {"bmm/pf16_1x256x256x256", MICA_BATCH_MATRIX_MULTIPLY, MICA_F16, MICA_QUANTIZE_NONE, 0, 0, 0},
};

static void add_twin(mica_author *author, mica_context *context, const struct twin *twin,
                     const pte_program *program) {
    const pte_method *const method = &program->methods[0];
    mica_author_value inputs[2] = {0}, value = 0;
    for (size_t i = 0; i < method->inputs.count; i++) {
        const pte_tensor *const tensor = method->values[span_i32(method->inputs, i)].as.tensor;
        size_t sizes[MICA_MAX_RANK];
        for (size_t d = 0; d < tensor->rank; d++) sizes[d] = tensor->sizes[d];
        GOOD(mica_author_input(author, twin->type, tensor->rank, sizes, false, &inputs[i]));
    }
    const mica_layer layer = {.size = sizeof layer, .quantization = twin->quantization, .group_size = 32};
    const mica_window window = {.kernel = {twin->kernel, twin->kernel},
                                .padding = {twin->padding, twin->padding},
                                .groups = twin->kind == MICA_DEPTHWISE_CONV_2D ? twin->channels : 1};
    if (twin->kind == MICA_FULLY_CONNECTED)
        GOOD(mica_author_linear(author, inputs[0], twin->channels, &layer, &value));
    else if (twin->kind == MICA_BATCH_MATRIX_MULTIPLY)
        GOOD(mica_author_matmul(author, inputs[0], inputs[1], &value));
    else
        GOOD(mica_author_conv2d(author, inputs[0], twin->channels, &window, &layer, &value));
    GOOD(mica_author_output(author, value));
}

static void same_meaning(const mica_operand *a, const mica_operand *b) {
    assert_int_equal(a != NULL, b != NULL);
    if (!a) return;
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->rank, b->rank);
    if (a->type != MICA_OPERAND_QDINT8) /* the exporter's are in NCHW, and found anew at run time */
        assert_memory_equal(a->dims, b->dims, sizeof a->dims);
    assert_int_equal(a->data != NULL, b->data != NULL);
    assert_int_equal(a->scale > 0, b->scale > 0);
    assert_int_equal(a->scales != NULL, b->scales != NULL);
    assert_int_equal(a->block_scales != NULL, b->block_scales != NULL);
    assert_int_equal(a->channel_dim, b->channel_dim);
    assert_int_equal(a->block, b->block);
    assert_int_equal(a->row_dims, b->row_dims);
}

static void open_delegate(struct sample *sample, xnn_graph **graph) {
    const pte_delegate *const delegate = &sample->program->methods[0].delegates[0];
    assert_int_equal(
        xnn_open(sample->program, delegate->payload, delegate->payload_size, &sample->arena, graph, &sample->error),
        MICA_OK);
}

static void compare_twin(mica_context *context, const struct twin *twin) {
    char folder[256];
    struct sample theirs, ours = {0};
    mica_author *author;
    xnn_graph *a = NULL, *b = NULL;
    snprintf(folder, sizeof folder, MICA_TEST_DATA "/cases/%s", twin->folder);
    if (access(folder, F_OK) != 0) fail_msg("%s is missing", folder);
    sample_open(&theirs, folder);
    GOOD(mica_author_create(context, &author));
    add_twin(author, context, twin, theirs.program);
    GOOD(mica_author_write(author, model_path, NULL));
    mica_author_destroy(author);
    arena_init(&ours.arena, &memory_default, 0);
    assert_int_equal(file_map(model_path, &ours.model, NULL), MICA_OK);
    assert_int_equal(pte_open(ours.model.data, ours.model.size, NULL, 0, &ours.arena, &ours.program, NULL), MICA_OK);
    open_delegate(&theirs, &a);
    open_delegate(&ours, &b);
    assert_int_equal(a->value_count, b->value_count);
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(theirs.program->named_data_count, ours.program->named_data_count);
    for (size_t i = 0; i < a->node_count; i++) {
        const xnn_node *const x = &a->nodes[i], *const y = &b->nodes[i];
        assert_int_equal(x->operation.kind, y->operation.kind);
        assert_int_equal(x->operation.flags, y->operation.flags);
        assert_int_equal(x->operation.input_count, y->operation.input_count);
        assert_memory_equal(&x->operation.as, &y->operation.as, sizeof x->operation.as);
        for (size_t o = 0; o < x->operation.input_count; o++)
            same_meaning(x->operation.inputs[o], y->operation.inputs[o]);
        same_meaning(x->operation.output, y->operation.output);
        assert_int_equal(a->values[x->output].external, b->values[y->output].external);
    }
    sample_close(&theirs);
    sample_close(&ours);
    unlink(model_path);
}

static void payloads_are_the_exporters(void **state) {
    (void)state;
    mica_context *context;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) compare_twin(context, &twins[i]);
    mica_context_destroy(context);
}

/* ---- random models ---- */

static mica_layer random_layer(uint64_t *seed, bool linear, bool half) {
    static const mica_quantization linears[] = {MICA_QUANTIZE_NONE, MICA_QUANTIZE_STATIC, MICA_QUANTIZE_DYNAMIC,
                                                MICA_QUANTIZE_BLOCKS, MICA_QUANTIZE_INT4};
    mica_layer layer = {.size = sizeof layer, .seed = draw(seed, 1000), .no_bias = draw(seed, 4) == 0};
    if (!half) layer.quantization = linear ? linears[draw(seed, 5)] : (mica_quantization)draw(seed, 4);
    layer.clamps = draw(seed, 2);
    layer.output_max = draw(seed, 2) ? INFINITY : 6;
    return layer;
}

/* Every option of its own for height and width, within an image of these sizes. */
static mica_window random_window(uint64_t *seed, const size_t *image) {
    mica_window window = {.groups = 1};
    for (size_t i = 0; i < 2; i++) {
        window.dilation[i] = 1 + draw(seed, 2);
        window.kernel[i] = 1 + draw(seed, min_size(3, (image[i] + window.dilation[i] - 1) / window.dilation[i]));
        window.padding[i] = draw(seed, window.kernel[i] / 2 + 1);
        window.stride[i] = 1 + draw(seed, 2);
    }
    return window;
}

static void random_conv2d(mica_author *author, mica_context *context, uint64_t *seed, bool half, size_t channels,
                          mica_window window, mica_author_value *value) {
    mica_layer layer = random_layer(seed, false, half);
    const size_t divisors[] = {1, 1, channels % 2 ? 1 : 2, channels};
    window.groups = divisors[draw(seed, 4)];
    if (window.groups == channels && layer.quantization == MICA_QUANTIZE_DYNAMIC)
        layer.quantization = MICA_QUANTIZE_STATIC;
    GOOD(mica_author_conv2d(author, *value, window.groups * (1 + draw(seed, 9)), &window, &layer, value));
}

static void random_image_layer(mica_author *author, mica_context *context, uint64_t *seed, bool half,
                               mica_author_value *value) {
    static const mica_operation_kind unary[] = {MICA_SIGMOID, MICA_TANH, MICA_HARDSWISH, MICA_ABS};
    size_t sizes[MICA_OPERAND_MAX_RANK];
    mica_author_shape(author, *value, sizes);
    const mica_window window = random_window(seed, sizes + 2);
    const mica_author_value before = *value;
    switch (draw(seed, 5)) {
    case 0: GOOD(mica_author_pool(author, MICA_MAX_POOLING_2D, *value, &window, value)); break;
    case 1: GOOD(mica_author_unary(author, unary[draw(seed, 4)], *value, value)); break;
    case 2:
        GOOD(mica_author_unary(author, unary[draw(seed, 4)], *value, value));
        GOOD(mica_author_binary(author, MICA_ADD, *value, before, value));
        break;
    default: random_conv2d(author, context, seed, half, sizes[1], window, value);
    }
}

/* Two inputs, and what is done with their product. */
static void random_product(mica_author *author, mica_context *context, uint64_t seed) {
    const mica_type type = draw(&seed, 2) ? MICA_F16 : MICA_F32;
    const size_t batch = 1 + draw(&seed, 3), m = 1 + draw(&seed, 40), k = 1 + draw(&seed, 70),
                 n = 1 + draw(&seed, 40);
    const size_t rank = 2 + draw(&seed, 2), skip = 3 - rank;
    const size_t left[] = {batch, m, k}, right[] = {batch, k, n};
    mica_author_value a, b;
    GOOD(mica_author_input(author, type, rank, left + skip, false, &a));
    GOOD(mica_author_input(author, type, rank, right + skip, false, &b));
    GOOD(mica_author_matmul(author, a, b, &a));
    if (draw(&seed, 2)) GOOD(mica_author_clamp(author, a, -0.5f, 2, &a));
    if (draw(&seed, 2)) GOOD(mica_author_unary(author, MICA_SOFTMAX, a, &a));
    GOOD(mica_author_output(author, a));
}

static void random_model(mica_author *author, mica_context *context, uint64_t seed) {
    if (draw(&seed, 6) == 0) {
        random_product(author, context, seed);
        return;
    }
    const bool half = draw(&seed, 5) == 0, image = draw(&seed, 2);
    const size_t k = 32 * (1 + draw(&seed, 4));
    const size_t picture[] = {1 + draw(&seed, 2), 1 + draw(&seed, 9), 3 + draw(&seed, 9), 3 + draw(&seed, 9)};
    const size_t rows[] = {1 + draw(&seed, 3), 1 + draw(&seed, 9), k};
    mica_author_value value;
    GOOD(mica_author_input(author, half ? MICA_F16 : MICA_F32, image ? 4 : 3, image ? picture : rows, draw(&seed, 2),
                           &value));
    if (image) {
        for (size_t i = 1 + draw(&seed, 4); i > 0; i--) random_image_layer(author, context, &seed, half, &value);
        GOOD(mica_author_pool(author, MICA_GLOBAL_AVG_POOLING_2D, value, NULL, &value));
        GOOD(mica_author_flatten(author, value, &value));
        const mica_layer layer = {.size = sizeof layer, .seed = 5};
        GOOD(mica_author_linear(author, value, k, &layer, &value));
    }
    for (size_t i = 1 + draw(&seed, 3); i > 0; i--) {
        const mica_layer layer = random_layer(&seed, true, half);
        GOOD(mica_author_linear(author, value, 32 * (1 + draw(&seed, 3)), &layer, &value));
    }
    if (draw(&seed, 2)) GOOD(mica_author_unary(author, MICA_SOFTMAX, value, &value));
    GOOD(mica_author_output(author, value));
}

/* Runs the model with numbers in ±1; gives the output as f32. */
static size_t run_model(mica_kernels kernels, float *out, size_t limit) {
    const mica_context_options options = {.size = sizeof options, .threads = 1, .kernels = kernels};
    mica_context *context;
    mica_program *program;
    mica_method *method;
    mica_value_info info;
    mica_value got;
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    GOOD(mica_program_open(context, model_path, NULL, &program));
    GOOD(mica_method_load(context, program, NULL, &method));
    const size_t inputs = mica_program_input_count(program, 0);
    void *data[2] = {NULL, NULL};
    for (size_t i = 0; i < inputs; i++) {
        GOOD(mica_program_input_info(program, 0, i, &info));
        mica_value given = {.kind = MICA_TENSOR, .as.tensor = {.type = info.type, .rank = info.rank}};
        memcpy(given.as.tensor.sizes, info.sizes, sizeof info.sizes);
        memcpy(given.as.tensor.dim_order, info.dim_order, sizeof info.dim_order);
        const size_t count = mica_tensor_count(&given.as.tensor);
        given.as.tensor.data = data[i] = calloc(count, sizeof(float));
        for (size_t e = 0; e < count; e++) {
            const float number = (float)(e * 7 % 13) / 6 - 1;
            if (info.type == MICA_F32)
                ((float *)data[i])[e] = number;
            else
                ((uint16_t *)data[i])[e] = f16_of_float(number);
        }
        GOOD(mica_method_set_input(method, i, &given));
    }
    GOOD(mica_method_run(method));
    GOOD(mica_method_output(method, 0, &got));
    const size_t results = mica_tensor_count(&got.as.tensor);
    assert_true(results <= limit);
    for (size_t i = 0; i < results; i++)
        out[i] = info.type == MICA_F32 ? ((const float *)got.as.tensor.data)[i]
                                       : float_of_f16(((const uint16_t *)got.as.tensor.data)[i]);
    free(data[0]);
    free(data[1]);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
    return results;
}

/* A quantum that falls to the other side in one layer moves later ones: int8 layers leave that much room. */
#define ROOM 0.05f

/* Every node of the payload is found in the record by its handle, and quantized models quantize there, too. */
static void check_record(void) {
    struct sample model = {0};
    xnn_graph *graph = NULL;
    etrecord record;
    arena_init(&model.arena, &memory_default, 0);
    assert_int_equal(file_map(model_path, &model.model, NULL), MICA_OK);
    assert_int_equal(pte_open(model.model.data, model.model.size, NULL, 0, &model.arena, &model.program, NULL),
                     MICA_OK);
    open_delegate(&model, &graph);
    if (etrecord_open(record_path, NULL, &model.arena, &record, &model.error)) fail_msg("%s", model.error.text);
    assert_int_equal(record.instruction_count, 1);
    assert_int_equal(record.instructions[0].handle_count, record.node_count);
    for (size_t i = 0; i < graph->node_count; i++) {
        const xnn_node *const node = &graph->nodes[i];
        if (node->debug_handle == UINT16_MAX) continue;
        bool found = false, quantizes = node->operation.output->type != MICA_OPERAND_QINT8;
        for (size_t n = 0; n < record.node_count; n++) {
            if (record.nodes[n].handle != node->debug_handle) continue;
            found = true;
            quantizes |= strstr(record.nodes[n].name, "quantized_decomposed_quantize") != NULL;
        }
        if (!found || !quantizes) fail_msg("node %zu with handle %u is not in the record", i, node->debug_handle);
    }
    etrecord_close(&record);
    sample_close(&model);
}

static void check_model(mica_context *context, uint64_t seed) {
    static float results[3][1 << 14];
    mica_author *author;
    GOOD(mica_author_create(context, &author));
    random_model(author, context, seed);
    GOOD(mica_author_write(author, model_path, record_path));
    mica_author_destroy(author);
    size_t count = 0;
    for (size_t k = 0; k < 3; k++) count = run_model((mica_kernels)k, results[k], 1 << 14);
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(results[MICA_KERNELS_REFERENCE][i]));
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < count; i++) {
            const float want = results[MICA_KERNELS_REFERENCE][i];
            if (!(fabsf(results[k][i] - want) <= ROOM * largest + 1e-6f))
                fail_msg("model %llu, kernels %zu: element %zu is %g, not %g", (unsigned long long)seed, k, i,
                         (double)results[k][i], (double)want);
        }
    check_record();
}

static void random_models_run_alike_on_all_kernels(void **state) {
    (void)state;
    mica_context *context;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    for (uint64_t seed = 0; seed < 200; seed++) check_model(context, seed);
    mica_context_destroy(context);
    unlink(model_path);
    unlink(record_path);
}

/* ---- what cannot be ---- */

typedef struct request {
    const char *text; /* that the error begins with */
    size_t sizes[4], rank, channels;
    mica_layer layer;
    mica_window window; /* a convolution where it has a kernel */
} request;

static void what_is_impossible_is_refused(void **state) {
    (void)state;
    static const float no_number = NAN;
    static const request requests[] = {
        {"shape: ", {0, 4}, 2, 8, {0}, {.groups = 0}},
        {"shape: ", {SIZE_MAX, SIZE_MAX}, 2, 8, {0}, {.groups = 0}},
        {"shape: ", {1 << 20, 64}, 2, 1 << 20, {0}, {.groups = 0}},
        {"n: ", {1, 4}, 2, 0, {0}, {.groups = 0}},
        {"weights: ", {1, 1 << 20}, 2, SIZE_MAX, {0}, {.groups = 0}},
        {"k: ", {1, 33}, 2, 8, {.quantization = MICA_QUANTIZE_BLOCKS}, {.groups = 0}},
        {"k: ", {1, 33}, 2, 8, {.quantization = MICA_QUANTIZE_INT4}, {.groups = 0}},
        {"group_size: ", {1, 48}, 2, 8, {.quantization = MICA_QUANTIZE_BLOCKS, .group_size = 32}, {.groups = 0}},
        {"group_size: ", {1, 48}, 2, 8, {.quantization = MICA_QUANTIZE_BLOCKS, .group_size = 16}, {.groups = 0}},
        {"quantization: ", {1, 48}, 2, 8, {.quantization = MICA_QUANTIZE_PER_TENSOR}, {.groups = 0}},
        {"quantization: ", {1, 48}, 2, 8, {.quantization = (mica_quantization)77}, {.groups = 0}},
        {"clamp: ", {1, 48}, 2, 8, {.clamps = true, .output_min = 1}, {.groups = 0}},
        {"weights: ", {1, 1}, 2, 1, {.weights = &no_number}, {.groups = 0}},
        {"kernel: ", {1, 3, 4, 4}, 4, 8, {0}, {.kernel = {5, 1}}},
        {"kernel: ", {1, 3, 4, 4}, 4, 8, {0}, {.kernel = {3, 3}, .dilation = {1, 2}}},
        {"kernel: ", {1, 3, 4, 4}, 4, 8, {0}, {.kernel = {3, 0}}},
        {"padding: ", {1, 3, 4, 4}, 4, 8, {0}, {.kernel = {3, 3}, .padding = {SIZE_MAX, 0}}},
        {"groups: ", {1, 3, 4, 4}, 4, 8, {0}, {.kernel = {3, 3}, .groups = 2}},
        {"groups: ", {1, 3, 4, 4}, 4, 8, {0}, {.kernel = {3, 3}, .groups = 3}},
        {"out_channels: ", {1, 3, 4, 4}, 4, 0, {0}, {.kernel = {3, 3}}},
        {"shape: ", {3, 4, 4}, 3, 8, {0}, {.kernel = {3, 3}}},
        {"quantization: ", {1, 3, 4, 4}, 4, 8, {.quantization = MICA_QUANTIZE_INT4}, {.kernel = {3, 3}}},
        {"quantization: ",
         {1, 3, 4, 4},
         4,
         3,
         {.quantization = MICA_QUANTIZE_DYNAMIC},
         {.kernel = {3, 3}, .groups = 3}},
    };
    mica_context *context;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const request *const asked = &requests[i];
        mica_layer layer = asked->layer;
        layer.size = sizeof layer;
        mica_author *author;
        mica_author_value value;
        GOOD(mica_author_create(context, &author));
        mica_status status = mica_author_input(author, MICA_F32, asked->rank, asked->sizes, false, &value);
        if (status == MICA_OK)
            status = asked->window.kernel[0]
                         ? mica_author_conv2d(author, value, asked->channels, &asked->window, &layer, &value)
                         : mica_author_linear(author, value, asked->channels, &layer, &value);
        assert_int_not_equal(status, MICA_OK);
        if (strncmp(mica_context_error(context), asked->text, strlen(asked->text)) != 0)
            fail_msg("request %zu: \"%s\", not \"%s…\"", i, mica_context_error(context), asked->text);
        assert_int_equal(mica_author_write(author, model_path, record_path), MICA_ERROR_STATE);
        assert_int_not_equal(access(model_path, F_OK), 0);
        mica_author_destroy(author);
    }
    mica_context_destroy(context);
}

int main(void) {
    char folder[] = "/tmp/mica-author-XXXXXX";
    if (!mkdtemp(folder)) return 1;
    snprintf(model_path, sizeof model_path, "%s/model.pte", folder);
    snprintf(record_path, sizeof record_path, "%s/model.etrecord", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_rounded_as_by_pytorch), cmocka_unit_test(ranges_are_those_of_pytorch),
        cmocka_unit_test(payloads_are_the_exporters),        cmocka_unit_test(random_models_run_alike_on_all_kernels),
        cmocka_unit_test(what_is_impossible_is_refused),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
