/* SPDX-License-Identifier: Apache-2.0
 *
 * What merges into what: results are those of the nodes run one by one, and the report tells which step does the work.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mica/author.h"
#include "mica/mica.h"

#define ROWS 3
#define K 8
#define N 16

/* linear → clamp, both bounded, and a linear after them. */
typedef struct scene {
    float linear_min, linear_max, clamp_min, clamp_max;
    bool shared; /* the linear's result is an output, too */
    bool merges;
    bool followed; /* by another linear layer */
} scene;

static const scene bounded_apart = {-1, -0.25f, 0, 1, false, false, false},
                   bounded = {-1, 0.25f, 0, 1, false, true, false},
                   unbounded = {-INFINITY, INFINITY, -0.25f, 0.25f, false, true, false},
                   shared = {-INFINITY, INFINITY, -0.25f, 0.25f, true, false, false},
                   followed = {-INFINITY, INFINITY, -0.25f, 0.25f, false, true, true};

static void write_model(const scene *s, const char *path) {
    mica_context *context = NULL;
    mica_author *author = NULL;
    mica_author_value x = 0, linear = 0, clamp = 0;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_int_equal(mica_author_create(context, &author), MICA_OK);
    const size_t sizes[] = {ROWS, K};
    const mica_layer layer = {.size = sizeof layer,
                              .clamps = s->linear_min > -INFINITY,
                              .output_min = s->linear_min,
                              .output_max = s->linear_max};
    assert_int_equal(mica_author_input(author, MICA_F32, 2, sizes, false, &x), MICA_OK);
    assert_int_equal(mica_author_linear(author, x, N, &layer, &linear), MICA_OK);
    assert_int_equal(mica_author_clamp(author, linear, s->clamp_min, s->clamp_max, &clamp), MICA_OK);
    if (s->followed) {
        const mica_layer last = {.size = sizeof last, .seed = 2};
        assert_int_equal(mica_author_linear(author, clamp, N, &last, &clamp), MICA_OK);
    }
    if (s->shared) assert_int_equal(mica_author_output(author, linear), MICA_OK);
    assert_int_equal(mica_author_output(author, clamp), MICA_OK);
    assert_int_equal(mica_author_write(author, path, NULL), MICA_OK);
    mica_author_destroy(author);
    mica_context_destroy(context);
}

typedef struct loaded {
    mica_context *context;
    mica_program *program;
    mica_method *method;
} loaded;

static loaded load(const char *path, bool fuse, size_t threads) {
    const mica_context_options options = {.size = sizeof options, .threads = threads, .no_fusion = !fuse};
    loaded model = {0};
    assert_int_equal(mica_context_create(&options, &model.context), MICA_OK);
    assert_int_equal(mica_program_open(model.context, path, NULL, &model.program), MICA_OK);
    assert_int_equal(mica_method_load(model.context, model.program, NULL, &model.method), MICA_OK);
    return model;
}

static void unload(const loaded *model) {
    mica_method_destroy(model->method);
    mica_program_close(model->program);
    mica_context_destroy(model->context);
}

/* Runs the model; gives the last output and whether its clamp was merged. */
static bool run_model(const char *path, bool fuse, size_t output, float results[ROWS * N]) {
    const loaded model = load(path, fuse, 1);
    mica_method *const method = model.method;
    float x[ROWS * K];
    for (size_t i = 0; i < ROWS * K; i++) x[i] = (float)(i % 7) - 3;
    const mica_value input = {MICA_TENSOR, .as.tensor = {MICA_F32, 2, {ROWS, K}, {0, 1}, x}};
    mica_value value;
    assert_int_equal(mica_method_set_input(method, 0, &input), MICA_OK);
    assert_int_equal(mica_method_run(method), MICA_OK);
    assert_int_equal(mica_method_output(method, output, &value), MICA_OK);
    assert_int_equal(mica_tensor_count(&value.as.tensor), ROWS * N);
    memcpy(results, value.as.tensor.data, ROWS * N * sizeof *results);
    bool merged = false;
    const mica_report *const report = mica_method_report(method);
    for (size_t i = 0; i < mica_report_count(report); i++) {
        const mica_node_report *const node = mica_report_node(report, i);
        merged = merged || (!strcmp(node->node_type, "Clamp") && !strcmp(node->fused_into, "node 0"));
    }
    unload(&model);
    return merged;
}

static void a_clamp_merges_into_the_linear_before_it(void **state) {
    const scene *const s = *state;
    char path[64];
    snprintf(path, sizeof path, "fusion-%ld.pte", (long)getpid());
    write_model(s, path);
    float fused[ROWS * N], apart[ROWS * N];
    assert_int_equal(run_model(path, true, s->shared, fused), s->merges);
    assert_false(run_model(path, false, s->shared, apart));
    assert_memory_equal(fused, apart, sizeof fused);
    for (size_t i = 0; i < ROWS * N && !s->followed; i++)
        assert_true(fused[i] >= s->clamp_min && fused[i] <= s->clamp_max);
    unlink(path);
}

/* ---- names for the same memory: tests/data/own/renames.py ---- */

enum { RENAMED = 5 * 3 * 4, OUTPUTS = 4 };

static size_t run_renames(bool fuse, float results[OUTPUTS][RENAMED]) {
    const loaded model = load(MICA_TEST_DATA "/own/renames.pte", fuse, 1);
    mica_method *const method = model.method;
    float x[RENAMED];
    for (size_t i = 0; i < RENAMED; i++) x[i] = (float)i;
    const mica_value input = {MICA_TENSOR, .as.tensor = {MICA_F32, 4, {1, 5, 3, 4}, {0, 1, 2, 3}, x}};
    assert_int_equal(mica_method_set_input(method, 0, &input), MICA_OK);
    assert_int_equal(mica_method_run(method), MICA_OK);
    for (size_t i = 0; i < OUTPUTS; i++) {
        mica_value value;
        assert_int_equal(mica_method_output(method, i, &value), MICA_OK);
        assert_int_equal(mica_tensor_count(&value.as.tensor), RENAMED);
        memcpy(results[i], value.as.tensor.data, sizeof results[i]);
    }
    size_t fused = 0;
    const mica_report *const report = mica_method_report(method);
    for (size_t i = 0; i < mica_report_count(report); i++) fused += mica_report_node(report, i)->fused_into[0] != 0;
    unload(&model);
    return fused;
}

static void renamed_values_are_those_of_copies(void **state) {
    (void)state;
    static float fused[OUTPUTS][RENAMED], apart[OUTPUTS][RENAMED];
    assert_int_equal(run_renames(true, fused), 4); /* w is an output itself: its other shape is a copy */
    assert_int_equal(run_renames(false, apart), 0);
    assert_memory_equal(fused, apart, sizeof fused);
    for (size_t i = 0; i < RENAMED; i++) { /* z and w keep the order of x */
        assert_true(fused[1][i] == (float)(3 * i));
        assert_true(fused[2][i] == (float)(3 * i) - 2 && fused[3][i] == fused[2][i]);
    }
}

/* ---- convolutions between two layout conversions, which then stay on planes ---- */

/* Products of planes, and of panels, are of kernels that read rows in place. Elsewhere convolutions that copy their image
 * turn it meanwhile. */
#if defined(__x86_64__)
#define PRODUCTS_STAY 2 /* conversions that merge */
#define STAY_OR_TURN 2
#define TURNS 1 /* converts that each merge into a layout conversion */
#else
#define PRODUCTS_STAY 0
#define STAY_OR_TURN 1
#define TURNS 0
#endif

typedef struct planes {
    size_t batch, inputs, height, width, outputs;
    mica_window window;
    bool no_bias;
    size_t merges; /* nodes */
    mica_quantization quantization;
} planes;

static const planes
    pointwise = {2, 5, 9, 15, 7, {.kernel = {1, 1}}, false, PRODUCTS_STAY, 0},
    pointwise_no_bias = {1, 40, 12, 28, 33, {.kernel = {1, 1}}, true, PRODUCTS_STAY, 0},
    pointwise_stride = {2, 12, 17, 36, 21, {.kernel = {1, 1}, .stride = {2, 3}}, false, STAY_OR_TURN, 0},
    pointwise_few_pixels = {1, 5, 3, 3, 7, {.kernel = {1, 1}}, false, 0, 0},
    pointwise_few_stride = {2, 33, 7, 6, 18, {.kernel = {1, 1}, .stride = {3, 2}}, false, 1, 0},
    window_winograd = {1, 16, 20, 20, 16, {.kernel = {3, 3}}, false, 0, 0},
    window_narrow = {1, 16, 20, 9, 16, {.kernel = {5, 5}}, false, 0, 0},
    window_many_channels = {2, 35, 21, 38, 24, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}, false, 1, 0},
    window_groups = {1,    36, 20, 33, 24, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {0, 2}, .groups = 3},
                     true, 1,  0},
    window = {2, 8, 20, 22, 19, {.kernel = {3, 3}}, true, STAY_OR_TURN, 0},
    window_stride = {1, 3, 45, 74, 21, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}, false, STAY_OR_TURN,
                     0},
    window_odd = {1,     3,
                  40,    61,
                  33,    {.kernel = {2, 5}, .stride = {1, 2}, .padding = {0, 4}, .dilation = {3, 3}},
                  false, STAY_OR_TURN,
                  0},
    depthwise = {2, 6, 19, 23, 6, {.kernel = {3, 3}, .padding = {1, 1}, .groups = 6}, false, 2, 0},
    depthwise_large = {1, 3, 60, 150, 3, {.kernel = {5, 5}, .padding = {2, 2}, .groups = 3}, true, 2, 0},
    depthwise_stride = {1,     5, 57, 61, 5, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .groups = 5},
                        false, 2, 0},
    depthwise_odd = {1,     4,
                     40,    130,
                     4,     {.kernel = {2, 5}, .stride = {1, 3}, .padding = {0, 4}, .dilation = {3, 2}, .groups = 4},
                     false, 2,
                     0},
    depthwise_narrow = {1, 6, 40, 9, 6, {.kernel = {3, 3}, .groups = 6}, false, 0, 0},
    quantized = {2, 24, 9, 15, 40, {.kernel = {3, 3}}, false, 2 * TURNS, MICA_QUANTIZE_STATIC},
    quantized_depthwise = {2,     33,        17,
                           12,    33,        {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .groups = 33},
                           false, 2 * TURNS, MICA_QUANTIZE_STATIC},
    quantized_few_inputs = {1, 3, 20, 70, 17, {.kernel = {3, 3}}, false, TURNS, MICA_QUANTIZE_STATIC},
    quantized_many_channels = {1, 780, 7, 7, 386, {.kernel = {1, 1}}, false, 2 * TURNS, MICA_QUANTIZE_STATIC},
    quantized_few_pixels = {3, 16, 3, 5, 16, {.kernel = {1, 1}}, false, 0, MICA_QUANTIZE_STATIC};

static void write_planes(const planes *p, const char *path) {
    mica_context *context = NULL;
    mica_author *author = NULL;
    mica_author_value value = 0;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_int_equal(mica_author_create(context, &author), MICA_OK);
    const size_t sizes[] = {p->batch, p->inputs, p->height, p->width};
    const mica_layer layer = {.size = sizeof layer,
                              .quantization = p->quantization,
                              .no_bias = p->no_bias,
                              .clamps = true,
                              .output_min = -0.25f,
                              .output_max = 0.75f};
    assert_int_equal(mica_author_input(author, MICA_F32, 4, sizes, false, &value), MICA_OK);
    assert_int_equal(mica_author_conv2d(author, value, p->outputs, &p->window, &layer, &value), MICA_OK);
    assert_int_equal(mica_author_output(author, value), MICA_OK);
    assert_int_equal(mica_author_write(author, path, NULL), MICA_OK);
    mica_author_destroy(author);
    mica_context_destroy(context);
}

/* The results, to be freed; how many, and how many nodes merged. */
static float *run_image(const char *path, const size_t sizes[4], bool fuse, size_t threads, size_t *count,
                        size_t *merged) {
    const loaded model = load(path, fuse, threads);
    mica_method *const method = model.method;
    const size_t elements = sizes[0] * sizes[1] * sizes[2] * sizes[3];
    float *const x = malloc(elements * sizeof *x);
    for (size_t i = 0; i < elements; i++) x[i] = (float)(i * 37 % 101) / 64 - 0.75f;
    const mica_value input = {MICA_TENSOR,
                              .as.tensor = {MICA_F32, 4, {sizes[0], sizes[1], sizes[2], sizes[3]}, {0, 1, 2, 3}, x}};
    mica_value value;
    assert_int_equal(mica_method_set_input(method, 0, &input), MICA_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(mica_method_run(method), MICA_OK); /* until others are woken for it */
    assert_int_equal(mica_method_output(method, 0, &value), MICA_OK);
    *count = mica_tensor_count(&value.as.tensor);
    float *const results = malloc(*count * sizeof *results);
    memcpy(results, value.as.tensor.data, *count * sizeof *results);
    *merged = 0;
    const mica_report *const report = mica_method_report(method);
    for (size_t i = 0; i < mica_report_count(report); i++) {
        *merged += !strncmp(mica_report_node(report, i)->fused_into, "node ", 5);
    }
    unload(&model);
    free(x);
    return results;
}

/* Fused, with one thread and with two, the model gives the bits of its nodes run one by one. */
static void expect_same_bits(const char *path, const size_t sizes[4], size_t merges) {
    size_t count, merged;
    float *const apart = run_image(path, sizes, false, 1, &count, &merged);
    assert_int_equal(merged, 0);
    for (size_t threads = 1; threads <= 2; threads++) {
        size_t same;
        float *const fused = run_image(path, sizes, true, threads, &same, &merged);
        assert_int_equal(merged, merges);
        assert_int_equal(same, count);
        assert_memory_equal(fused, apart, count * sizeof *fused);
        free(fused);
    }
    free(apart);
}

static void a_convolution_of_planes_gives_the_same_bits(void **state) {
    const planes *const p = *state;
    char path[64];
    snprintf(path, sizeof path, "planes-%ld.pte", (long)getpid());
    write_planes(p, path);
    expect_same_bits(path, (size_t[]){p->batch, p->inputs, p->height, p->width}, p->merges);
    unlink(path);
}

/* tests/data/own/expansions.py */
static void a_depthwise_convolution_merges_into_the_expansion_before_it(void **state) {
    (void)state;
    expect_same_bits(MICA_TEST_DATA "/own/expansions.pte", (size_t[]){2, 8, 21, 48}, PRODUCTS_STAY);
}

/* tests/data/own/turns.py: pixels become int8 planes, of which pixels of floats are made. */
static void a_convert_merges_only_where_pixels_become_planes(void **state) {
    (void)state;
    expect_same_bits(MICA_TEST_DATA "/own/turns.pte", (size_t[]){2, 18, 21, 20}, 0);
}

/* tests/data/own/dynamic.py: each pixel is a row that packing quantizes. */
static void a_dynamic_pointwise_convolution_quantizes_what_it_packs(void **state) {
    (void)state;
    expect_same_bits(MICA_TEST_DATA "/own/dynamic/pixels/model.pte", (size_t[]){2, 4, 5, 3}, 1);
}

#define PLANES(p) {#p, a_convolution_of_planes_gives_the_same_bits, NULL, NULL, (void *)(uintptr_t)&(p)}
#define SCENE(s) {#s, a_clamp_merges_into_the_linear_before_it, NULL, NULL, (void *)&(s)}

int main(void) {
    const struct CMUnitTest tests[] = {SCENE(unbounded),
                                       SCENE(bounded),
                                       SCENE(bounded_apart),
                                       SCENE(shared),
                                       SCENE(followed),
                                       cmocka_unit_test(renamed_values_are_those_of_copies),
                                       cmocka_unit_test(a_depthwise_convolution_merges_into_the_expansion_before_it),
                                       cmocka_unit_test(a_convert_merges_only_where_pixels_become_planes),
                                       cmocka_unit_test(a_dynamic_pointwise_convolution_quantizes_what_it_packs),
                                       PLANES(pointwise),
                                       PLANES(pointwise_no_bias),
                                       PLANES(pointwise_stride),
                                       PLANES(pointwise_few_pixels),
                                       PLANES(pointwise_few_stride),
                                       PLANES(window_winograd),
                                       PLANES(window_narrow),
                                       PLANES(window_many_channels),
                                       PLANES(window_groups),
                                       PLANES(window),
                                       PLANES(window_stride),
                                       PLANES(window_odd),
                                       PLANES(depthwise),
                                       PLANES(depthwise_large),
                                       PLANES(depthwise_stride),
                                       PLANES(depthwise_odd),
                                       PLANES(depthwise_narrow),
                                       PLANES(quantized),
                                       PLANES(quantized_depthwise),
                                       PLANES(quantized_few_inputs),
                                       PLANES(quantized_many_channels),
                                       PLANES(quantized_few_pixels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
