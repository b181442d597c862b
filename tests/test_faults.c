/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs that a program cannot take (tests/data/own/faults.py has a method for each): the error names the kernel, the
 * instruction and the values, and counters and caches are as they were before the run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "mica/mica.h"

struct model {
    mica_context *context;
    mica_program *program;
    mica_method *method;
};

static struct model open_method(const char *name, mica_kernels kernels) {
    struct model m = {0};
    const mica_context_options options = {.size = sizeof options, .threads = 2, .kernels = kernels};
    assert_int_equal(mica_context_create(&options, &m.context), MICA_OK);
    assert_int_equal(mica_program_open(m.context, MICA_TEST_DATA "/own/faults.pte", NULL, &m.program), MICA_OK);
    assert_int_equal(mica_method_load(m.context, m.program, name, &m.method), MICA_OK);
    return m;
}

static void close_method(struct model *m) {
    mica_method_destroy(m->method);
    mica_program_close(m->program);
    mica_context_destroy(m->context);
}

/* Sets input 0, of sizes a × b. */
static mica_status set(const struct model *m, mica_type type, size_t a, size_t b, void *data) {
    const mica_value value = {MICA_TENSOR, {.tensor = {type, 2, {a, b}, {0, 1}, data}}};
    return mica_method_set_input(m->method, 0, &value);
}

static mica_status run_indices(const struct model *m, int64_t first, int64_t second) {
    int64_t indices[] = {first, second};
    assert_int_equal(set(m, MICA_I64, 1, 2, indices), MICA_OK);
    return mica_method_run(m->method);
}

static void same_outputs(const struct model *a, const struct model *b) {
    size_t outputs = 0;
    for (mica_value x, y; mica_method_output(a->method, outputs, &x) == MICA_OK; outputs++) {
        assert_int_equal(mica_method_output(b->method, outputs, &y), MICA_OK);
        assert_int_equal(mica_tensor_bytes(&x.as.tensor), mica_tensor_bytes(&y.as.tensor));
        assert_memory_equal(x.as.tensor.data, y.as.tensor.data, mica_tensor_bytes(&x.as.tensor));
    }
    assert_true(outputs >= 2); /* the result, and the state */
}

static void names(const struct model *m, const char *text) {
    if (!strstr(mica_context_error(m->context), text))
        fail_msg("'%s' is not in '%s'", text, mica_context_error(m->context));
}

static void indices_out_of_range(void **state) {
    (void)state;
    static const struct {
        const char *method, *kernel;
        int64_t bad[2];
        const char *found;
    } rows[] = {
        {"embedding", "aten::embedding.out", {1, 3}, "index 3 at position 1 is outside of 3 elements"},
        {"embedding", "aten::embedding.out", {-4, 0}, "index -4 at position 0 is outside of 3 elements"},
        {"gather", "aten::gather.out", {0, 4}, "index 4 at position 1 is outside of 4 elements"},
        {"gather", "aten::gather.out", {INT64_MIN, 0}, "at position 0 is outside of 4 elements"},
        {"index_select", "aten::index_select.out", {0, INT64_MAX}, "at position 1 is outside of 3 elements"},
        {"index", "aten::index.Tensor_out", {3, 0}, "index 3 at position 0 is outside of 3 elements"},
        {"index_put", "aten::index_put.out", {0, -4}, "index -4 at position 1 is outside of 3 elements"},
        {"scatter", "aten::scatter.src_out", {0, 9}, "index 9 at position 1 is outside of 4 elements"},
        {"scatter_add", "aten::scatter_add.out", {9, 0}, "index 9 at position 0 is outside of 4 elements"},
        {"cache", "aten::index_put.out", {5, 0}, "index 5 at position 0 is outside of 5 elements"},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        const mica_kernels kernels = i % 2 ? MICA_KERNELS_REFERENCE : MICA_KERNELS_AUTO;
        struct model m = open_method(rows[i / 2].method, kernels), other = open_method(rows[i / 2].method, kernels);
        char place[128];
        mica_value output;
        snprintf(place, sizeof place, "method %s: chain 0, instruction ", rows[i / 2].method);
        for (int64_t call = 0; call < 3; call++) {
            assert_int_equal(run_indices(&m, rows[i / 2].bad[0], rows[i / 2].bad[1]), MICA_ERROR_VALUE);
            names(&m, place);
            names(&m, rows[i / 2].kernel);
            names(&m, rows[i / 2].found);
            assert_int_equal(mica_method_output(m.method, 0, &output), MICA_ERROR_STATE);
            assert_int_equal(run_indices(&m, call, 1), MICA_OK);
            assert_int_equal(run_indices(&other, call, 1), MICA_OK);
            same_outputs(&m, &other);
        }
        close_method(&m);
        close_method(&other);
    }
}

/* What does not fit is refused when it is set; the input before it stays. */
static void inputs_beyond_their_bounds(void **state) {
    (void)state;
    static float small[6 * 2], large[7 * 2];
    struct model m = open_method("bounded", MICA_KERNELS_AUTO), other = open_method("bounded", MICA_KERNELS_AUTO);
    for (size_t call = 0; call < 3; call++) {
        small[0] = (float)call;
        assert_int_equal(set(&m, MICA_F32, 6, 2, small), MICA_OK);
        assert_int_equal(set(&m, MICA_F32, 7, 2, large), MICA_ERROR_SHAPE);
        names(&m, "input 0 has size 7 in dim 0, the program takes at most 6");
        assert_int_equal(set(&m, MICA_I32, 6, 2, large), MICA_ERROR_TYPE);
        names(&m, "input 0 is i32, the program takes f32");
        assert_int_equal(mica_method_run(m.method), MICA_OK);
        assert_int_equal(set(&other, MICA_F32, 6, 2, small), MICA_OK);
        assert_int_equal(mica_method_run(other.method), MICA_OK);
        same_outputs(&m, &other);
    }
    close_method(&m);
    close_method(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indices_out_of_range),
        cmocka_unit_test(inputs_beyond_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
