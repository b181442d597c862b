/* SPDX-License-Identifier: Apache-2.0
 *
 * The observer sees what every node writes, under the node's report index.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "graph/graph.h"
#include "largest.h"
#include "mica/mica.h"

typedef struct seen {
    size_t count, last;
    bool in_order;
    mica_tensor tensor;
} seen;

static void observe(void *user, const mica_observation *observation) {
    seen *const s = user;
    s->in_order = s->in_order && (s->count == 0 || observation->node > s->last);
    s->last = observation->node;
    s->tensor = observation->tensor;
    s->count++;
}

static void every_executed_node_is_seen_once(void **state) {
    (void)state;
    const mica_context_options options = {.size = sizeof options, .threads = 1, .no_fusion = true};
    mica_context *context = NULL;
    mica_program *program = NULL;
    mica_method *method = NULL;
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    const char *const path = MICA_TEST_DATA "/cases/linear/qp8_f32_qc8w_3x37x19/model.pte";
    assert_int_equal(mica_program_open(context, path, NULL, &program), MICA_OK);
    assert_int_equal(mica_method_load(context, program, NULL, &method), MICA_OK);
    float x[3 * 37];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)i;
    const mica_value input = {MICA_TENSOR, .as.tensor = {MICA_F32, 2, {3, 37}, {0, 1}, x}};
    assert_int_equal(mica_method_set_input(method, 0, &input), MICA_OK);

    seen s = {.in_order = true};
    mica_method_set_observer(method, observe, &s);
    assert_int_equal(mica_method_run(method), MICA_OK);
    assert_int_equal(s.count, mica_report_count(mica_method_report(method)));
    assert_true(s.in_order);
    mica_value output;
    assert_int_equal(mica_method_output(method, 0, &output), MICA_OK);
    assert_ptr_equal(s.tensor.data, output.as.tensor.data);
    assert_int_equal(mica_tensor_count(&s.tensor), 3 * 19);

    mica_method_set_observer(method, NULL, NULL);
    assert_int_equal(mica_method_run(method), MICA_OK);
    assert_int_equal(s.count, mica_report_count(mica_method_report(method)));
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
}

static void both_outputs_of_a_node_are_seen(void **state) {
    (void)state;
    struct largest largest;
    largest_init(&largest);
    struct buffer workspace = {0};
    const graph_options options = {.target = {0, MICA_KERNELS_REFERENCE}, .workspace = &workspace};
    struct arena arena;
    struct graph *graph = NULL;
    arena_init(&arena, &memory_default, 0);
    assert_int_equal(graph_create(&largest.graph, &options, &arena, &graph, NULL), MICA_OK);
    op_shape shapes[3] = {{4, {1, 2, 2, 1}}};
    assert_int_equal(graph_resize(graph, shapes, NULL), MICA_OK);

    float x[] = {1, 2, 9, 3}, most = 0;
    int64_t place = 0;
    seen s = {.in_order = true};
    trace_sink sink = {.observer = observe, .user = &s, .first_node = 5};
    graph_run(graph, (void *[]){x, &most, &place}, 1, &sink);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.last, 5);
    assert_int_equal(s.tensor.type, MICA_I64);
    assert_ptr_equal(s.tensor.data, &place);
    assert_int_equal(place, 2);
    assert_true(most == 9);
    buffer_free(&workspace, &memory_default);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_executed_node_is_seen_once),
                                       cmocka_unit_test(both_outputs_of_a_node_are_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
