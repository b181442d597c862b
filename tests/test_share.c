/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that share memory: which do, that nobody can tell, and that a run that fails leaves caches as they were.
 * The model (tests/data/own/caches.py) puts x, x + 1 and x + 2 into the caches a, b and c at positions p, q and p.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/context.h"
#include "mica/mica.h"
#include "runtime/method.h"

enum { HEADS = 2, POSITIONS = 8, WIDTH = 4, CACHE = HEADS * POSITIONS * WIDTH };

typedef struct model {
    mica_context *context;
    mica_program *program;
    mica_method *method;
} model;

static model open_model(bool fuse) {
    model m = {0};
    const mica_context_options options = {.size = sizeof options, .threads = 1, .no_fusion = !fuse};
    assert_int_equal(mica_context_create(&options, &m.context), MICA_OK);
    assert_int_equal(mica_program_open(m.context, MICA_TEST_DATA "/own/caches.pte", NULL, &m.program), MICA_OK);
    assert_int_equal(mica_method_load(m.context, m.program, "forward", &m.method), MICA_OK);
    return m;
}

static void close_model(model *m) {
    mica_method_destroy(m->method);
    mica_program_close(m->program);
    mica_context_destroy(m->context);
}

static mica_status call(const model *m, float first, int64_t p, int64_t q) {
    float x[HEADS * WIDTH];
    for (size_t i = 0; i < HEADS * WIDTH; i++) x[i] = first + (float)i;
    const mica_value inputs[] = {
        {MICA_TENSOR, {.tensor = {MICA_F32, 4, {1, HEADS, 1, WIDTH}, {0, 1, 2, 3}, x}}},
        {MICA_TENSOR, {.tensor = {MICA_I64, 1, {1}, {0}, &p}}},
        {MICA_TENSOR, {.tensor = {MICA_I64, 1, {1}, {0}, &q}}},
    };
    for (size_t i = 0; i < 3; i++) assert_int_equal(mica_method_set_input(m->method, i, &inputs[i]), MICA_OK);
    return mica_method_run(m->method);
}

static void same_outputs(const model *a, const model *b) {
    size_t outputs = 0;
    for (mica_value x, y; mica_method_output(a->method, outputs, &x) == MICA_OK; outputs++) {
        assert_int_equal(mica_method_output(b->method, outputs, &y), MICA_OK);
        assert_memory_equal(x.as.tensor.data, y.as.tensor.data, CACHE * sizeof(float));
    }
    assert_int_equal(outputs, 3);
}

/* How many of the calls of a kernel have their result where argument `arg` is, and how many there are. */
static size_t shared_calls(const model *m, const char *kernel, size_t arg, size_t *calls) {
    const pte_chain *const chain = &m->method->plan->chains[0];
    size_t shared = *calls = 0;
    for (size_t i = 0; i < chain->count; i++) {
        const pte_instruction *const instruction = &chain->instructions[i];
        const portable_kernel *const own = m->method->instructions[0][i].kernel;
        if (!own || strcmp(own->name, kernel) != 0) continue;
        const int32_t from = span_i32(instruction->args, arg),
                      to = span_i32(instruction->args, instruction->args.count - 1);
        shared += m->method->tensors[from].view.data == m->method->tensors[to].view.data;
        ++*calls;
    }
    return shared;
}

static void only_what_nobody_can_tell_is_shared(void **state) {
    (void)state;
    model fused = open_model(true), plain = open_model(false);
    size_t calls = 0;
    /* Cache b may be refused after a was put, and c after b: only c is put in place. */
    assert_int_equal(shared_calls(&fused, "aten::index_put.out", 0, &calls), 1);
    assert_int_equal(calls, 3);
    assert_int_equal(shared_calls(&fused, "aten::unsqueeze_copy.out", 0, &calls), 1);
    assert_int_equal(calls, 1);
    assert_int_equal(shared_calls(&fused, "aten::where.self_out", 2, &calls), 1);
    assert_int_equal(calls, 1);
    assert_int_equal(shared_calls(&plain, "aten::index_put.out", 0, &calls), 0);
    for (int64_t i = 0; i < POSITIONS; i++) {
        assert_int_equal(call(&fused, (float)i, i, POSITIONS - 1 - i), MICA_OK);
        assert_int_equal(call(&plain, (float)i, i, POSITIONS - 1 - i), MICA_OK);
        same_outputs(&fused, &plain);
    }
    close_model(&fused);
    close_model(&plain);
}

static void a_failed_run_changes_no_cache(void **state) {
    (void)state;
    model failing = open_model(true), other = open_model(true);
    const int64_t bad[][2] = {{1, POSITIONS}, {POSITIONS, 1}, {-POSITIONS - 1, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(call(&failing, 100, bad[i][0], bad[i][1]), MICA_ERROR_VALUE);
        assert_int_equal(call(&failing, (float)i, 3, 4), MICA_OK);
        assert_int_equal(call(&other, (float)i, 3, 4), MICA_OK);
        same_outputs(&failing, &other);
    }
    close_model(&failing);
    close_model(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_nobody_can_tell_is_shared),
        cmocka_unit_test(a_failed_run_changes_no_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
