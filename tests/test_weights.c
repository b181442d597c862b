/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed weights: shared by the methods of a context, kept in a cache file that is never believed without proof.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "mica/mica.h"

#define CASE MICA_TEST_DATA "/cases/linear/" MODEL
#define MODEL "pf32_1x256x256"
#define OTHER MICA_TEST_DATA "/cases/linear/qp8_f32_qc8w_1x256x256"

static char folder[] = "/tmp/mica_weights.XXXXXX";
static char model[64], cache[64];

static void copy_file(const char *from, const char *to) {
    struct file file;
    assert_int_equal(file_map(from, &file, NULL), MICA_OK);
    assert_int_equal(file_replace(to, file.data, file.size, NULL), MICA_OK);
    file_unmap(&file);
}

static int make_folder(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(model, sizeof model, "%s/model.pte", folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(model);
    unlink(cache);
    return rmdir(folder);
}

static int fresh_files(void **state) {
    (void)state;
    copy_file(CASE "/model.pte", model);
    unlink(cache);
    return 0;
}

/* ---- one load and run ---- */

typedef struct outcome {
    mica_method_weights weights;
    char fault[128];
    hash128 output;
} outcome;

static mica_program *open_with(mica_context *context, const char *path, const char *kept) {
    const mica_program_options options = {.size = sizeof options, .weights_cache = kept};
    mica_program *program = NULL;
    if (mica_program_open(context, path, &options, &program) != MICA_OK) fail_msg("%s", mica_context_error(context));
    return program;
}

static hash128 run(mica_context *context, mica_program *program, mica_method *method) {
    mica_value_info info;
    assert_int_equal(mica_program_input_info(program, 0, 0, &info), MICA_OK);
    mica_value value = {.kind = MICA_TENSOR, .as.tensor = {.type = info.type, .rank = info.rank}};
    size_t count = 1;
    memcpy(value.as.tensor.sizes, info.sizes, sizeof info.sizes);
    memcpy(value.as.tensor.dim_order, info.dim_order, sizeof info.dim_order);
    for (size_t i = 0; i < info.rank; i++) count *= info.sizes[i];
    float *const input = malloc(count * sizeof *input);
    assert_non_null(input);
    for (size_t i = 0; i < count; i++) input[i] = (float)(i % 31) - 15;
    value.as.tensor.data = input;
    assert_int_equal(mica_method_set_input(method, 0, &value), MICA_OK);
    if (mica_method_run(method) != MICA_OK) fail_msg("%s", mica_context_error(context));
    assert_int_equal(mica_method_output(method, 0, &value), MICA_OK);
    free(input);
    return hash_bytes(value.as.tensor.data, mica_tensor_bytes(&value.as.tensor), (hash128){0});
}

static outcome load_and_run(const char *path, const char *kept) {
    mica_context *context = NULL;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    mica_program *const program = open_with(context, path, kept);
    mica_method *method = NULL;
    if (mica_method_load(context, program, NULL, &method) != MICA_OK) fail_msg("%s", mica_context_error(context));
    outcome out = {.output = run(context, program, method)};
    mica_method_query_weights(method, &out.weights);
    snprintf(out.fault, sizeof out.fault, "%s", out.weights.cache_fault);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
    return out;
}

static void expect_packed(const outcome *out, const char *fault) {
    assert_true(out->weights.packed > 0);
    assert_int_equal(out->weights.cached, 0);
    if (fault) assert_string_equal(out->fault, fault);
}

static void expect_cached(const outcome *out) {
    assert_string_equal(out->fault, "");
    assert_int_equal(out->weights.packed, 0);
    assert_true(out->weights.cached > 0);
}

/* ---- the cache file ---- */

static void a_second_load_packs_nothing(void **state) {
    (void)state;
    const outcome plain = load_and_run(model, NULL), first = load_and_run(model, cache);
    expect_packed(&first, "cannot be opened: No such file or directory");
    assert_true(first.weights.cache_written);
    const outcome second = load_and_run(model, cache);
    expect_cached(&second);
    assert_true(hash_equal(plain.output, first.output));
    assert_true(hash_equal(plain.output, second.output));

    load_and_run(CASE "/model.pte", cache); /* a file that has long been there: not read again */
    const outcome settled = load_and_run(CASE "/model.pte", cache);
    expect_cached(&settled);
    assert_true(hash_equal(plain.output, settled.output));
}

static void weights_tell_the_model_not_its_name(void **state) {
    (void)state;
    load_and_run(model, cache);
    copy_file(CASE "/model.pte", model); /* another file with the same contents */
    const outcome copied = load_and_run(model, cache);
    expect_cached(&copied);

    copy_file(OTHER "/model.pte", model);
    const outcome other = load_and_run(model, cache), plain = load_and_run(model, NULL);
    expect_packed(&other, NULL);
    assert_true(hash_equal(plain.output, other.output));
}

/* Changes one byte of the model's weights, which are the last thing in it. */
static void changed_weights_are_noticed(void **state) {
    (void)state;
    load_and_run(model, cache);
    struct file file;
    assert_int_equal(file_map(model, &file, NULL), MICA_OK);
    const size_t size = file.size;
    uint8_t *const bytes = malloc(size);
    assert_non_null(bytes);
    memcpy(bytes, file.data, size);
    file_unmap(&file);
    bytes[size - 20000] ^= 0x40;
    assert_int_equal(file_replace(model, bytes, size, NULL), MICA_OK);
    free(bytes);
    const outcome changed = load_and_run(model, cache), plain = load_and_run(model, NULL);
    expect_packed(&changed, "was made of other weights");
    assert_true(changed.weights.cache_written);
    assert_true(hash_equal(plain.output, changed.output));
}

static void damage_is_never_believed(void **state) {
    (void)state;
    const outcome good = load_and_run(model, cache);
    struct file file;
    assert_int_equal(file_map(cache, &file, NULL), MICA_OK);
    const size_t size = file.size;
    uint8_t *const bytes = malloc(size);
    assert_non_null(bytes);
    memcpy(bytes, file.data, size);
    file_unmap(&file);
    for (size_t at = 0; at < size; at += at < 512 ? 1 : 997) {
        bytes[at] ^= (uint8_t)(1u << at % 8);
        assert_int_equal(file_replace(cache, bytes, size, NULL), MICA_OK);
        bytes[at] ^= (uint8_t)(1u << at % 8);
        const outcome out = load_and_run(model, cache);
        assert_true(hash_equal(out.output, good.output));
        if (out.weights.cached) continue; /* padding: nobody reads it */
        assert_true(out.weights.cache_written);
    }
    for (size_t left = 0; left < size; left += left < 512 ? 1 : 9973) {
        assert_int_equal(file_replace(cache, bytes, left, NULL), MICA_OK);
        const outcome out = load_and_run(model, cache);
        expect_packed(&out, NULL);
        assert_true(*out.fault && out.weights.cache_written);
        assert_true(hash_equal(out.output, good.output));
    }
    free(bytes);
    const outcome mended = load_and_run(model, cache);
    expect_cached(&mended);
}

static void a_cache_that_cannot_be_written_is_no_failure(void **state) {
    (void)state;
    const outcome out = load_and_run(model, "/nowhere/at/all");
    expect_packed(&out, "cannot be written: No such file or directory");
    assert_false(out.weights.cache_written);
}

static void writers_do_not_disturb_each_other(void **state) {
    (void)state;
    const outcome plain = load_and_run(model, NULL);
    pid_t children[6];
    for (size_t i = 0; i < 6; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i]) continue;
        for (size_t round = 0; round < 20; round++) {
            if (round % 3 == 0) unlink(cache);
            const outcome out = load_and_run(model, cache);
            if (!hash_equal(out.output, plain.output)) _exit(1);
        }
        _exit(0);
    }
    for (size_t i = 0; i < 6; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    load_and_run(model, cache);
    const outcome last = load_and_run(model, cache);
    expect_cached(&last);
}

/* ---- without a file ---- */

static void methods_of_a_context_share(void **state) {
    (void)state;
    mica_context *context = NULL;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    mica_program *const program = open_with(context, model, NULL);
    mica_method *first = NULL, *second = NULL;
    assert_int_equal(mica_method_load(context, program, NULL, &first), MICA_OK);
    assert_int_equal(mica_method_load(context, program, NULL, &second), MICA_OK);
    mica_method_weights weights;
    mica_method_query_weights(second, &weights);
    assert_int_equal(weights.packed, 0);
    assert_true(weights.shared > 0);
    const hash128 before = run(context, program, first);
    mica_method_destroy(first); /* the second still has them */
    assert_true(hash_equal(before, run(context, program, second)));
    mica_method_destroy(second);
    assert_int_equal(mica_method_load(context, program, NULL, &first), MICA_OK);
    mica_method_query_weights(first, &weights);
    assert_true(weights.packed > 0); /* nobody had kept them */
    mica_method_destroy(first);
    mica_program_close(program);
    mica_context_destroy(context);
}

/* A program in the caller's memory: its pages are not ours to give back. */
static void borrowed_memory_stays(void **state) {
    (void)state;
    struct file file;
    assert_int_equal(file_map(model, &file, NULL), MICA_OK);
    void *bytes = NULL;
    assert_int_equal(posix_memalign(&bytes, 4096, file.size), 0);
    memcpy(bytes, file.data, file.size);
    mica_context *context = NULL;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    mica_program *program = NULL;
    const mica_program_options options = {.size = sizeof options, .weights_cache = cache};
    assert_int_equal(mica_program_open_memory(context, bytes, file.size, &options, &program), MICA_OK);
    mica_method *method = NULL;
    assert_int_equal(mica_method_load(context, program, NULL, &method), MICA_OK);
    assert_memory_equal(bytes, file.data, file.size);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
    free(bytes);
    file_unmap(&file);
    const outcome mapped = load_and_run(model, cache);
    expect_cached(&mapped);
}

/* ---- the hash ---- */

static void every_bit_counts(void **state) {
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37);
    for (size_t size = 0; size < sizeof bytes; size++) {
        const hash128 hash = hash_bytes(bytes, size, (hash128){0});
        assert_false(hash_equal(hash, hash_bytes(bytes, size + 1, (hash128){0})));
        assert_false(hash_equal(hash, hash_bytes(bytes, size, (hash128){1, 0})));
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(hash_equal(hash, hash_bytes(bytes, size, (hash128){0})));
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_second_load_packs_nothing, fresh_files),
        cmocka_unit_test_setup(weights_tell_the_model_not_its_name, fresh_files),
        cmocka_unit_test_setup(changed_weights_are_noticed, fresh_files),
        cmocka_unit_test_setup(damage_is_never_believed, fresh_files),
        cmocka_unit_test_setup(a_cache_that_cannot_be_written_is_no_failure, fresh_files),
        cmocka_unit_test_setup(writers_do_not_disturb_each_other, fresh_files),
        cmocka_unit_test_setup(methods_of_a_context_share, fresh_files),
        cmocka_unit_test_setup(borrowed_memory_stays, fresh_files),
        cmocka_unit_test(every_bit_counts),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
