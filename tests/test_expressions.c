/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise nodes that run as one: which of them merge, and that every bit is that of the nodes run one by one.
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

enum { MOST_INPUTS = 8, MOST_OUTPUTS = 4, MOST_NODES = 12, SIDE = 103 };
enum { R = MOST_INPUTS }; /* R + i: the result of node i */

typedef struct node {
    mica_operation_kind kind;
    size_t a, b; /* inputs, then results */
} node;

/* All values are [side, SIDE]. The last node is an output, and one more may be. */
typedef struct scene {
    size_t side, inputs;
    node nodes[MOST_NODES];
    size_t second_output; /* node; 0: none */
    size_t merges;
} scene;

static const scene
    gate = {SIDE, 2, {{MICA_SIGMOID, 0, 0}, {MICA_MULTIPLY, 0, R + 0}, {MICA_MULTIPLY, R + 1, 1}}, .merges = 2},
    long_one = {SIDE, /* eight nodes in a step at most */
                1,
                {{MICA_ABS, 0, 0},
                 {MICA_NEGATE, R + 0, 0},
                 {MICA_EXP, R + 1, 0},
                 {MICA_SQUARE, R + 2, 0},
                 {MICA_SIGMOID, R + 3, 0},
                 {MICA_GELU, R + 4, 0},
                 {MICA_SQUARE, R + 5, 0},
                 {MICA_GELU, R + 6, 0},
                 {MICA_TANH, R + 7, 0},
                 {MICA_SIGMOID, R + 8, 0}},
                .merges = 8},
    many_inputs =
        {SIDE, /* five of them at most */
         6,
         {{MICA_ADD, 0, 1}, {MICA_ADD, R + 0, 2}, {MICA_ADD, R + 1, 3}, {MICA_ADD, R + 2, 4}, {MICA_ADD, R + 3, 5}},
         .merges = 3},
    shared = {SIDE, 1, {{MICA_ABS, 0, 0}, {MICA_SQUARE_ROOT, R + 0, 0}, {MICA_ADD, R + 1, R + 0}}, .merges = 1},
    seen = {SIDE,
            1,
            {{MICA_ABS, 0, 0}, {MICA_SQUARE, R + 0, 0}, {MICA_EXP, R + 1, 0}},
            .second_output = 1,
            .merges = 1},
    bounded = {SIDE, /* the sum bounds what it writes */
               2,
               {{MICA_MULTIPLY, 0, 1}, {MICA_ADD, R + 0, 1}, {MICA_CLAMP, R + 1, 0}},
               .merges = 1},
    small = {10, 1, {{MICA_ABS, 0, 0}, {MICA_EXP, R + 0, 0}}, .merges = 0};

static void write_model(const scene *s, const char *path) {
    mica_context *context = NULL;
    mica_author *author = NULL;
    mica_author_value values[R + MOST_NODES] = {0};
    size_t last = 0;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_int_equal(mica_author_create(context, &author), MICA_OK);
    for (size_t i = 0; i < s->inputs; i++) {
        const size_t sizes[] = {s->side, SIDE};
        assert_int_equal(mica_author_input(author, MICA_F32, 2, sizes, false, &values[i]), MICA_OK);
    }
    for (size_t i = 0; i < MOST_NODES && s->nodes[i].kind; i++) {
        const node *const n = &s->nodes[i];
        const mica_author_value a = values[n->a];
        last = R + i;
        switch (n->kind) {
        case MICA_CLAMP: assert_int_equal(mica_author_clamp(author, a, -1, 1, &values[last]), MICA_OK); break;
        case MICA_ADD:
        case MICA_MULTIPLY:
            assert_int_equal(mica_author_binary(author, n->kind, a, values[n->b], &values[last]), MICA_OK);
            break;
        default: assert_int_equal(mica_author_unary(author, n->kind, a, &values[last]), MICA_OK);
        }
    }
    assert_int_equal(mica_author_output(author, values[last]), MICA_OK);
    if (s->second_output) assert_int_equal(mica_author_output(author, values[R + s->second_output]), MICA_OK);
    assert_int_equal(mica_author_write(author, path, NULL), MICA_OK);
    mica_author_destroy(author);
    mica_context_destroy(context);
}

/* Element i of input `input`, with values that are special. */
static float element(size_t input, size_t i) {
    static const float special[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 1e-40f, 3e38f};
    const size_t mixed = i * 37 + input * 11;
    if (mixed % 97 == 0) return special[i % (sizeof special / sizeof *special)];
    return (float)(mixed % 201) / 32 - 3;
}

/* All outputs one after the other, to be freed: how many elements, and how many nodes merged into others. */
static float *run_model(const char *path, bool fuse, size_t threads, size_t *count, size_t *merged) {
    const mica_context_options options = {.size = sizeof options, .threads = threads, .no_fusion = !fuse};
    mica_context *context = NULL;
    mica_program *program = NULL;
    mica_method *method = NULL;
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    assert_int_equal(mica_program_open(context, path, NULL, &program), MICA_OK);
    assert_int_equal(mica_method_load(context, program, NULL, &method), MICA_OK);
    float *inputs[MOST_INPUTS] = {NULL};
    for (size_t i = 0; i < mica_program_input_count(program, 0); i++) {
        mica_value_info info;
        assert_int_equal(mica_program_input_info(program, 0, i, &info), MICA_OK);
        mica_value value = {MICA_TENSOR, .as.tensor = {.type = info.type, .rank = info.rank}};
        for (size_t d = 0; d < info.rank; d++) {
            value.as.tensor.sizes[d] = info.sizes[d];
            value.as.tensor.dim_order[d] = (uint8_t)d;
        }
        const size_t elements = mica_tensor_count(&value.as.tensor);
        value.as.tensor.data = inputs[i] = malloc(elements * sizeof(float));
        for (size_t e = 0; e < elements; e++) inputs[i][e] = element(i, e);
        assert_int_equal(mica_method_set_input(method, i, &value), MICA_OK);
    }
    assert_int_equal(mica_method_run(method), MICA_OK);
    float *results = NULL;
    *count = 0;
    for (size_t i = 0; i < mica_program_output_count(program, 0); i++) {
        mica_value value;
        assert_int_equal(mica_method_output(method, i, &value), MICA_OK);
        const size_t elements = mica_tensor_count(&value.as.tensor);
        results = realloc(results, (*count + elements) * sizeof *results);
        memcpy(results + *count, value.as.tensor.data, elements * sizeof *results);
        *count += elements;
    }
    *merged = 0;
    const mica_report *const report = mica_method_report(method);
    for (size_t i = 0; i < mica_report_count(report); i++) {
        *merged += !strncmp(mica_report_node(report, i)->fused_into, "node ", 5);
    }
    for (size_t i = 0; i < MOST_INPUTS; i++) free(inputs[i]);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
    return results;
}

static void expect_same_bits(const char *path, size_t merges) {
    size_t count, same, merged;
    float *const apart = run_model(path, false, 1, &count, &merged);
    assert_int_equal(merged, 0);
    for (size_t threads = 1; threads <= 2; threads++) {
        float *const fused = run_model(path, true, threads, &same, &merged);
        assert_int_equal(merged, merges);
        assert_int_equal(same, count);
        assert_memory_equal(fused, apart, count * sizeof *fused);
        free(fused);
    }
    free(apart);
}

static void an_expression_gives_the_bits_of_its_nodes(void **state) {
    char path[64];
    const scene *const s = *state;
    snprintf(path, sizeof path, "expression-%ld.pte", (long)getpid());
    write_model(s, path);
    expect_same_bits(path, s->merges);
    unlink(path);
}

/* tests/data/own/expressions.py */
static void operands_are_broadcast(void **state) {
    (void)state;
    expect_same_bits(MICA_TEST_DATA "/own/expressions.pte", 8);
}

#define SCENE(s) {#s, an_expression_gives_the_bits_of_its_nodes, NULL, NULL, (void *)(uintptr_t)&(s)}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(gate), SCENE(long_one), SCENE(many_inputs), SCENE(shared),
        SCENE(seen), SCENE(bounded),  SCENE(small),       cmocka_unit_test(operands_are_broadcast)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
