/* SPDX-License-Identifier: Apache-2.0
 *
 * Portable kernels: every one against PyTorch's results in tests/data/portable, in both dim orders; large shapes, all
 * conversions and all thread counts against plain loops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calls.h"

static struct pool *pool;
static struct scratch scratch;

static mica_status run(const portable_kernel *kernel, struct value *values, const int32_t *args, size_t threads,
                       mica_error *error) {
    uint64_t random = 1;
    kernel_call call = {.kernel = kernel,
                        .values = values,
                        .args = {(const uint8_t *)args, kernel->arg_count},
                        .pool = pool,
                        .threads = threads,
                        .scratch = &scratch,
                        .random = &random,
                        .error = error};
    const mica_status status = kernel->run(&call);
    scratch_reset(&scratch);
    return status;
}

/* ---- the calls of the file ---- */

static char *read_calls(void) {
    FILE *const file = fopen(MICA_TEST_DATA "/portable/calls.txt", "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    const size_t size = (size_t)ftell(file);
    char *const text = malloc(size + 1);
    assert_non_null(text);
    rewind(file);
    assert_int_equal(fread(text, 1, size, file), size);
    text[size] = 0;
    fclose(file);
    return text;
}

/* These tell of memory as it lies, not of elements in their order. */
static bool knows_one_order(const char *name) {
    return strstr(name, "as_strided") || strstr(name, "et_view") || strstr(name, "embedding_") ||
           strstr(name, "nonzero");
}

static mica_status status_of(const char *name) {
    const struct {
        const char *name;
        mica_status status;
    } rows[] = {{"SHAPE", MICA_ERROR_SHAPE}, {"TYPE", MICA_ERROR_TYPE}, {"VALUE", MICA_ERROR_VALUE}, {"", MICA_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(name, rows[i].name) == 0) return rows[i].status;
    }
    fail_msg("no status %s", name);
    return MICA_OK;
}

/* A number made of all tensors' bytes. */
static uint64_t contents(const call_text *text) {
    uint64_t hash = 0;
    for (size_t i = 0; i < text->count; i++) {
        const struct tensor *const tensor = text->values[i].tag == VALUE_TENSOR ? text->values[i].as.tensor : NULL;
        for (size_t b = 0; tensor && b < tensor->capacity; b++) {
            hash = (hash ^ ((const uint8_t *)tensor->view.data)[b]) * 0x100000001b3u;
        }
    }
    return hash;
}

/* Runs one line; prints what is wrong and returns 1. A call that fails has written nothing. */
static int check_line(const char *line, bool reversed) {
    static call_text text;
    const portable_kernel *kernel;
    char expected[16], why[1200] = "";
    parse_call(&text, line, reversed, &kernel, expected);
    mica_error error = {0};
    mica_status status = MICA_OK;
    bool good = kernel && text.arg_count == kernel->arg_count;
    if (!good)
        snprintf(why, sizeof why, kernel ? "%zu arguments, %u are due" : "no such kernel", text.arg_count,
                 kernel ? kernel->arg_count : 0);
    if (good) {
        const uint64_t before = contents(&text);
        status = run(kernel, text.values, text.args, 1, &error);
        good = status == status_of(expected) && (status == MICA_OK || contents(&text) == before);
        if (!good) snprintf(why, sizeof why, "status %d (%s)", (int)status, error.text);
    }
    if (good && status == MICA_OK) good = call_agrees(&text, why, sizeof why);
    if (good && status != MICA_OK && strncmp(error.text, kernel->name, strlen(kernel->name)) != 0) {
        good = false;
        snprintf(why, sizeof why, "the error does not name the kernel: %s", error.text);
    }
    if (!good) print_error("%.*s%s\n    %s\n", (int)strcspn(line, "\n"), line, reversed ? " (reversed)" : "", why);
    call_clear(&text);
    return !good;
}

static void kernels_agree_with_pytorch(void **state) {
    (void)state;
    char *const calls = read_calls();
    int wrong = 0;
    for (const char *line = calls; *line; line += strcspn(line, "\n") + 1) {
        wrong += check_line(line, false);
        char name[96];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line, " "), line);
        if (!knows_one_order(name)) wrong += check_line(line, true);
    }
    free(calls);
    assert_int_equal(wrong, 0);
}

/* ExecuTorch's program says that columns lie together, its runtime writes rows. */
static void coordinates_are_written_in_rows(void **state) {
    (void)state;
    static call_text text;
    const portable_kernel *kernel;
    char expected[16];
    mica_error error = {0};
    parse_call(&text, "aten::nonzero.out | f32[2,3]{0 0 7 0 7 0} -> i64[2,2]{0 2 1 1}", true, &kernel, expected);
    assert_int_equal(run(kernel, text.values, text.args, 1, &error), MICA_OK);
    const mica_tensor *const out = &text.values[text.args[1]].as.tensor->view;
    assert_int_equal(out->dim_order[0], 1);
    assert_memory_equal(out->data, ((int64_t[]){0, 2, 1, 1}), 4 * sizeof(int64_t));
    call_clear(&text);
}

static void every_kernel_is_called(void **state) {
    (void)state;
    char *const calls = read_calls();
    for (size_t i = 0; portable_kernel_at(i); i++) {
        const char *const name = portable_kernel_at(i)->name;
        if (strstr(name, "::rand")) continue; /* tested below */
        char start[128];
        snprintf(start, sizeof start, "%s | ", name);
        const bool first = strncmp(calls, start, strlen(start)) == 0;
        char later[130];
        snprintf(later, sizeof later, "\n%s", start);
        if (!first && !strstr(calls, later)) fail_msg("%s has no call in portable/calls.txt", name);
    }
    free(calls);
}

static void the_table_is_sorted(void **state) {
    (void)state;
    for (size_t i = 0; portable_kernel_at(i); i++) {
        const portable_kernel *const kernel = portable_kernel_at(i);
        assert_ptr_equal(portable_find(kernel->name), kernel);
        if (i) assert_true(strcmp(portable_kernel_at(i - 1)->name, kernel->name) < 0);
    }
    assert_null(portable_find("aten::"));
    assert_null(portable_find("zzz"));
}

/* ---- larger than blocks and tasks, on one thread and several ---- */

static struct tensor make_tensor(mica_type type, size_t rank, const size_t *sizes) {
    struct tensor tensor = {.view = {.type = type, .rank = rank}};
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) {
        tensor.view.sizes[i] = sizes[i];
        tensor.bounds[i] = (uint32_t)sizes[i];
        tensor.view.dim_order[i] = (uint8_t)i;
        count *= sizes[i];
    }
    tensor.capacity = count * mica_type_size(type);
    tensor.view.data = calloc(1, tensor.capacity);
    assert_non_null(tensor.view.data);
    return tensor;
}

static void fill_floats(struct tensor *tensor, uint32_t seed) {
    float *const data = tensor->view.data;
    for (size_t i = 0; i < mica_tensor_count(&tensor->view); i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)(int32_t)seed * 0x1p-30f;
    }
}

static struct value of_tensor(struct tensor *tensor) {
    return (struct value){.tag = VALUE_TENSOR, .as.tensor = tensor};
}

static struct value of_int(int64_t integer) { return (struct value){.tag = VALUE_INT, .as.integer = integer}; }

/* Runs on one thread and on three; the results are the same bits, and stay in `out`. */
static void run_on_all(const char *name, struct value *values, const int32_t *args, struct tensor *out) {
    const portable_kernel *const kernel = portable_find(name);
    assert_non_null(kernel);
    mica_error error = {0};
    void *const first = malloc(out->capacity);
    assert_non_null(first);
    for (size_t threads = 1; threads <= 3; threads += 2) {
        memset(out->view.data, 0, out->capacity);
        const mica_status status = run(kernel, values, args, threads, &error);
        if (status != MICA_OK) fail_msg("%s", error.text);
        if (threads == 1) memcpy(first, out->view.data, out->capacity);
    }
    assert_memory_equal(first, out->view.data, out->capacity);
    free(first);
}

static void large_broadcasts(void **state) {
    (void)state;
    enum { A = 7, B = 41, C = 1031 };
    struct tensor x = make_tensor(MICA_F32, 3, (const size_t[]){A, B, C});
    struct tensor y = make_tensor(MICA_F32, 2, (const size_t[]){B, 1});
    struct tensor out = make_tensor(MICA_F32, 3, x.view.sizes);
    fill_floats(&x, 1);
    fill_floats(&y, 2);
    struct value values[] = {of_tensor(&x), of_tensor(&y), of_int(3), of_tensor(&out)};
    run_on_all("aten::add.out", values, (const int32_t[]){0, 1, 2, 3, 3}, &out);
    const float *const a = x.view.data, *const b = y.view.data, *const c = out.view.data;
    for (size_t i = 0; i < A * B * C; i++) assert_true(c[i] == a[i] + 3 * b[i / C % B]);
    free(x.view.data);
    free(y.view.data);
    free(out.view.data);
}

static void large_permutations(void **state) {
    (void)state;
    enum { A = 37, B = 67, C = 33 };
    static const size_t orders[][3] = {{2, 1, 0}, {1, 0, 2}, {0, 2, 1}, {1, 2, 0}, {2, 0, 1}};
    struct tensor x = make_tensor(MICA_F32, 3, (const size_t[]){A, B, C});
    fill_floats(&x, 3);
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        const size_t *const order = orders[o];
        const size_t sizes[3] = {x.view.sizes[order[0]], x.view.sizes[order[1]], x.view.sizes[order[2]]};
        struct tensor out = make_tensor(MICA_F32, 3, sizes);
        const int64_t items[3] = {3, 4, 5};
        struct value values[] = {of_tensor(&x),
                                 {.tag = VALUE_INT_LIST, .as.list = {(const uint8_t *)items, 3}},
                                 of_tensor(&out),
                                 of_int((int64_t)order[0]),
                                 of_int((int64_t)order[1]),
                                 of_int((int64_t)order[2])};
        run_on_all("aten::permute_copy.out", values, (const int32_t[]){0, 1, 2, 2}, &out);
        const float *const a = x.view.data, *const b = out.view.data;
        const size_t strides[3] = {B * C, C, 1};
        for (size_t i = 0; i < A * B * C; i++) {
            const size_t p = i / sizes[2] / sizes[1], q = i / sizes[2] % sizes[1], r = i % sizes[2];
            assert_true(b[i] == a[p * strides[order[0]] + q * strides[order[1]] + r * strides[order[2]]]);
        }
        free(out.view.data);
    }
    free(x.view.data);
}

static void large_products(void **state) {
    (void)state;
    enum { M = 67, K = 129, N = 1057 };
    struct tensor a = make_tensor(MICA_F32, 2, (const size_t[]){M, K});
    struct tensor b = make_tensor(MICA_F32, 2, (const size_t[]){K, N});
    struct tensor out = make_tensor(MICA_F32, 2, (const size_t[]){M, N});
    fill_floats(&a, 4);
    fill_floats(&b, 5);
    struct value values[] = {of_tensor(&a), of_tensor(&b), of_tensor(&out)};
    run_on_all("aten::mm.out", values, (const int32_t[]){0, 1, 2, 2}, &out);
    for (size_t i = 0; i < M; i++) {
        for (size_t j = 0; j < N; j++) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < K; k++) {
                const double term =
                    (double)((float *)a.view.data)[i * K + k] * (double)((float *)b.view.data)[k * N + j];
                sum += term;
                size += fabs(term);
            }
            /* Every product and every sum of K terms rounds once. */
            assert_true(fabs((double)((float *)out.view.data)[i * N + j] - sum) <= (double)K * 0x1p-24 * size);
        }
    }
    free(a.view.data);
    free(b.view.data);
    free(out.view.data);
}

static void large_reductions_and_norms(void **state) {
    (void)state;
    enum { ROWS = 91, LENGTH = 2053 };
    struct tensor x = make_tensor(MICA_F32, 2, (const size_t[]){ROWS, LENGTH});
    struct tensor sums = make_tensor(MICA_F32, 1, (const size_t[]){ROWS});
    struct tensor soft = make_tensor(MICA_F32, 2, x.view.sizes);
    fill_floats(&x, 6);
    const int64_t items[1] = {6};
    struct value values[] = {of_tensor(&x),
                             of_tensor(&sums),
                             of_tensor(&soft),
                             {.tag = VALUE_INT_LIST, .as.list = {(const uint8_t *)items, 1}},
                             {.tag = VALUE_BOOL},
                             {.tag = VALUE_NONE},
                             of_int(1)};
    run_on_all("aten::sum.IntList_out", values, (const int32_t[]){0, 3, 4, 5, 1, 1}, &sums);
    run_on_all("aten::_softmax.out", values, (const int32_t[]){0, 6, 4, 2, 2}, &soft);
    for (size_t r = 0; r < ROWS; r++) {
        const float *const row = (float *)x.view.data + r * LENGTH;
        double sum = 0, exps = 0;
        for (size_t i = 0; i < LENGTH; i++) {
            sum += (double)row[i];
            exps += exp((double)row[i]);
        }
        assert_true(fabs((double)((float *)sums.view.data)[r] - sum) <= 1e-6 * (1 + fabs(sum)));
        for (size_t i = 0; i < LENGTH; i++) {
            const double expected = exp((double)row[i]) / exps;
            assert_true(fabs((double)((float *)soft.view.data)[r * LENGTH + i] - expected) <= 1e-5 * expected);
        }
    }
    free(x.view.data);
    free(sums.view.data);
    free(soft.view.data);
}

/* ---- what is left ---- */

static void random_numbers_are_in_range(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    struct tensor out = make_tensor(MICA_F32, 1, (const size_t[]){COUNT});
    const int64_t items[1] = {2};
    struct value values[] = {
        {.tag = VALUE_INT_LIST, .as.list = {(const uint8_t *)items, 1}}, of_tensor(&out), of_int(COUNT)};
    const char *const names[] = {"aten::rand.out", "aten::randn.out"};
    for (size_t k = 0; k < 2; k++) {
        run_on_all(names[k], values, (const int32_t[]){0, 1, 1}, &out);
        double sum = 0, squares = 0;
        for (size_t i = 0; i < COUNT; i++) {
            const double x = (double)((float *)out.view.data)[i];
            if (k == 0) assert_true(x >= 0 && x <= 1);
            sum += x;
            squares += x * x;
        }
        const double mean = sum / (double)COUNT, variance = squares / (double)COUNT - mean * mean;
        /* Five standard deviations of each estimate. */
        assert_true(fabs(mean - (k == 0 ? 0.5 : 0)) < (k == 0 ? 0.011 : 0.036));
        assert_true(fabs(variance - (k == 0 ? 1.0 / 12 : 1)) < (k == 0 ? 0.003 : 0.051));
    }
    free(out.view.data);
}

/* Whatever tags a program gives a kernel, it answers with an error or a result. */
static void wrong_values_are_refused(void **state) {
    (void)state;
    struct tensor x = make_tensor(MICA_F32, 2, (const size_t[]){2, 3});
    struct tensor empty = make_tensor(MICA_I64, 1, (const size_t[]){0});
    const int64_t ints[2] = {1, 1};
    const int32_t tensors[2] = {-1, 4};
    const struct value kinds[] = {{.tag = VALUE_NONE},
                                  of_int(1),
                                  {.tag = VALUE_BOOL, .as.boolean = true},
                                  {.tag = VALUE_DOUBLE, .as.real = 0.5},
                                  of_tensor(&x),
                                  {.tag = VALUE_STRING, .as.string = "x"},
                                  {.tag = VALUE_INT_LIST, .as.list = {(const uint8_t *)ints, 2}},
                                  {.tag = VALUE_TENSOR_LIST, .as.list = {(const uint8_t *)tensors, 2}},
                                  of_tensor(&empty)};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    for (size_t k = 0; portable_kernel_at(k); k++) {
        const portable_kernel *const kernel = portable_kernel_at(k);
        for (size_t first = 0; first < KINDS; first++) {
            for (size_t step = 0; step < KINDS; step++) {
                struct value values[KINDS];
                memcpy(values, kinds, sizeof values);
                int32_t args[CALL_ARGS];
                for (size_t i = 0; i < kernel->arg_count; i++) args[i] = (int32_t)((first + i * step) % KINDS);
                mica_error error = {0};
                const mica_status status = run(kernel, values, args, 1, &error);
                assert_true(status == MICA_OK || error.text[0] != 0);
                x.view.sizes[0] = 2;
                x.view.sizes[1] = 3;
            }
        }
    }
    free(x.view.data);
    free(empty.view.data);
}

/* Makes value `index` wrong in the `how`-th way; false: there are no more ways. */
static bool damage_value(call_text *text, size_t index, size_t how) {
    static const int64_t extremes[] = {INT64_MAX, INT64_MIN, -1, 0, 1000000007};
    enum { EXTREMES = sizeof extremes / sizeof *extremes };
    struct value *const value = &text->values[index];
    if (value->tag == VALUE_INT && how < EXTREMES) value->as.integer = extremes[how];
    if (value->tag == VALUE_INT) return how < EXTREMES;
    if (value->tag != VALUE_TENSOR) {
        value->tag = VALUE_NONE;
        return how == 0;
    }
    mica_tensor *const view = &value->as.tensor->view;
    const size_t count = mica_tensor_count(view);
    switch (how) {
    case 0: view->type = view->type == MICA_BOOL ? MICA_U8 : MICA_BOOL; return true;
    case 1: view->type = view->type == MICA_I8 ? MICA_BOOL : MICA_I8; return true;
    case 2:
        if (view->rank && view->sizes[0]) view->sizes[0]--;
        return true;
    case 3: view->rank -= view->rank > 0; return true;
    default:
        if (view->type != MICA_I64 || !count || how - 4 >= EXTREMES) return false;
        ((int64_t *)view->data)[count - 1] = extremes[how - 4];
        return true;
    }
}

/* Runs a line with one of its `*values` values damaged; false: there is no such way. */
static bool run_damaged(const char *line, size_t index, size_t how, size_t *values, int *wrong) {
    static call_text text;
    const portable_kernel *kernel;
    char expected[16];
    parse_call(&text, line, false, &kernel, expected);
    *values = text.count;
    const bool damaged = damage_value(&text, index, how);
    if (damaged) {
        mica_error error = {0};
        const uint64_t before = contents(&text);
        const mica_status status = run(kernel, text.values, text.args, 1, &error);
        const bool names = strncmp(error.text, kernel->name, strlen(kernel->name)) == 0;
        const bool good = status == MICA_OK || (names && contents(&text) == before);
        if (!good) print_error("%s, value %zu, way %zu: %s\n", kernel->name, index, how, error.text);
        *wrong += !good;
    }
    call_clear(&text);
    return damaged;
}

/* One value of a real call wrong at a time: a result, or an error that names the kernel and comes before any writing. */
static void damaged_calls_write_nothing(void **state) {
    (void)state;
    char *const calls = read_calls();
    int wrong = 0;
    for (const char *line = calls; *line; line += strcspn(line, "\n") + 1) {
        size_t values = 1;
        for (size_t i = 0; i < values; i++) {
            for (size_t how = 0; run_damaged(line, i, how, &values, &wrong);) how++;
        }
    }
    free(calls);
    assert_int_equal(wrong, 0);
}

static int set_up(void **state) {
    (void)state;
    scratch_init(&scratch, &memory_default, 0);
    return pool_create(&memory_default, NULL, 3, &pool, NULL) != MICA_OK;
}

static int tear_down(void **state) {
    (void)state;
    pool_destroy(pool);
    scratch_free(&scratch);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_pytorch),
        cmocka_unit_test(coordinates_are_written_in_rows),
        cmocka_unit_test(every_kernel_is_called),
        cmocka_unit_test(the_table_is_sorted),
        cmocka_unit_test(large_broadcasts),
        cmocka_unit_test(large_permutations),
        cmocka_unit_test(large_products),
        cmocka_unit_test(large_reductions_and_norms),
        cmocka_unit_test(random_numbers_are_in_range),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(damaged_calls_write_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
