/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs and methods through the public API: the contract of each call, state, threads, memory that fails, traces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "mica/mica.h"

#define CASES MICA_TEST_DATA "/cases/"
#define MOST 8 /* inputs or outputs of a case */

static void *read_file(const char *folder, const char *name, size_t *size) {
    char path[512];
    snprintf(path, sizeof path, CASES "%s/%s", folder, name);
    FILE *const file = fopen(path, "rb");
    if (!file) fail_msg("%s", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *const bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static mica_context *new_context(const mica_allocator *allocator, size_t threads) {
    mica_context *context = NULL;
    const mica_context_options options = {.size = sizeof options, .allocator = allocator, .threads = threads};
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    return context;
}

static mica_program *open_case(mica_context *context, const char *folder) {
    char path[512];
    snprintf(path, sizeof path, CASES "%s/model.pte", folder);
    mica_program *program = NULL;
    if (mica_program_open(context, path, NULL, &program) != MICA_OK) fail_msg("%s", mica_context_error(context));
    return program;
}

static mica_method *load(mica_context *context, const mica_program *program, const char *name) {
    mica_method *method = NULL;
    if (mica_method_load(context, program, name, &method) != MICA_OK) fail_msg("%s", mica_context_error(context));
    return method;
}

/* ---- one call of a case: its inputs, and its outputs as the real runtime gave them ---- */

typedef struct sample_call {
    void *inputs[MOST], *outputs[MOST];
    size_t input_sizes[MOST]; /* bytes */
    size_t input_count, output_count;
} sample_call;

static sample_call read_call(const mica_program *program, size_t method, const char *folder, const char *prefix) {
    sample_call call = {.input_count = mica_program_input_count(program, method),
                        .output_count = mica_program_output_count(program, method)};
    char name[64];
    size_t size;
    for (size_t i = 0; i < call.input_count; i++) {
        snprintf(name, sizeof name, "%sinput_%zu.bin", prefix, i);
        call.inputs[i] = read_file(folder, name, &call.input_sizes[i]);
    }
    for (size_t i = 0; i < call.output_count; i++) {
        snprintf(name, sizeof name, "%soutput_%zu.bin", prefix, i);
        call.outputs[i] = read_file(folder, name, &size);
    }
    return call;
}

static void free_call(sample_call *call) {
    for (size_t i = 0; i < call->input_count; i++) free(call->inputs[i]);
    for (size_t i = 0; i < call->output_count; i++) free(call->outputs[i]);
}

/* An input as the program declares it, in C order; a dynamic first dim is as large as the data. */
static mica_value input_value(const mica_program *program, const mica_method *method, size_t index, void *data,
                              size_t size) {
    mica_value_info info;
    assert_int_equal(mica_program_input_info(program, mica_method_index(method), index, &info), MICA_OK);
    if (info.kind != MICA_TENSOR) return info.constant;
    mica_value value = {.kind = MICA_TENSOR, .as.tensor = {.type = info.type, .rank = info.rank, .data = data}};
    memcpy(value.as.tensor.sizes, info.sizes, sizeof info.sizes);
    for (size_t i = 0; i < info.rank; i++) value.as.tensor.dim_order[i] = (uint8_t)i;
    if (info.dynamic) value.as.tensor.sizes[0] = size * info.sizes[0] / mica_tensor_bytes(&value.as.tensor);
    return value;
}

static mica_status set_inputs(const mica_program *program, mica_method *method, const sample_call *call) {
    for (size_t i = 0; i < call->input_count; i++) {
        const mica_value value = input_value(program, method, i, call->inputs[i], call->input_sizes[i]);
        const mica_status status = mica_method_set_input(method, i, &value);
        if (status != MICA_OK) return status;
    }
    return MICA_OK;
}

/* f32 outputs within a relative 1e-4 of the largest, others the same bytes. */
static float element_of(const mica_tensor *tensor, const void *data, size_t i) {
    return tensor->type == MICA_F16 ? float_of_f16(((const uint16_t *)data)[i]) : ((const float *)data)[i];
}

static void check_outputs(const mica_method *method, const sample_call *call) {
    for (size_t i = 0; i < call->output_count; i++) {
        mica_value value;
        assert_int_equal(mica_method_output(method, i, &value), MICA_OK);
        assert_int_equal(value.kind, MICA_TENSOR);
        const mica_tensor *const tensor = &value.as.tensor;
        if (tensor->type != MICA_F32 && tensor->type != MICA_F16) {
            assert_memory_equal(tensor->data, call->outputs[i], mica_tensor_bytes(tensor));
            continue;
        }
        const size_t count = mica_tensor_count(tensor);
        float largest = 0;
        for (size_t k = 0; k < count; k++) largest = fmaxf(largest, fabsf(element_of(tensor, call->outputs[i], k)));
        const float bound = (tensor->type == MICA_F16 ? 4 * 0x1p-11f : 1e-4f) * largest;
        for (size_t k = 0; k < count; k++) {
            const float got = element_of(tensor, tensor->data, k), wanted = element_of(tensor, call->outputs[i], k);
            if (!(fabsf(got - wanted) <= bound)) {
                fail_msg("output %zu, element %zu: %g, not %g", i, k, (double)got, (double)wanted);
            }
        }
    }
}

static void run_and_check(const mica_program *program, mica_method *method, const char *folder, const char *prefix) {
    sample_call call = read_call(program, mica_method_index(method), folder, prefix);
    assert_int_equal(set_inputs(program, method, &call), MICA_OK);
    assert_int_equal(mica_method_run(method), MICA_OK);
    check_outputs(method, &call);
    free_call(&call);
}

/* ---- contexts ---- */

static void contexts_check_their_options(void **state) {
    (void)state;
    mica_context *context = NULL;
    assert_int_equal(mica_context_create(NULL, NULL), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_context_create(&(mica_context_options){.size = 3}, &context), MICA_ERROR_ARGUMENT);
    const mica_context_options unknown = {.size = sizeof unknown, .isa = "mmx"};
    assert_int_equal(mica_context_create(&unknown, &context), MICA_ERROR_NOT_FOUND);
    for (size_t i = 0; mica_isa_name(i); i++) {
        const mica_context_options options = {.size = sizeof options, .isa = mica_isa_name(i), .threads = 1};
        const mica_status status = mica_context_create(&options, &context);
        if (!mica_isa_available(mica_isa_name(i))) {
            assert_int_equal(status, MICA_ERROR_UNSUPPORTED);
            continue;
        }
        assert_int_equal(status, MICA_OK);
        assert_string_equal(mica_context_isa(context), mica_isa_name(i));
        mica_context_destroy(context);
    }
    context = new_context(NULL, 2);
    assert_string_equal(mica_context_error(context), "");
    assert_int_equal(mica_context_threads(context), 2);
    assert_int_equal(mica_context_set_threads(context, 0), MICA_ERROR_ARGUMENT);
    assert_string_not_equal(mica_context_error(context), "");
    assert_int_equal(mica_context_set_threads(context, 3), MICA_OK);
    assert_int_equal(mica_context_threads(context), 3);
    mica_context_destroy(context);
    mica_context_destroy(NULL);
}

static void types_have_sizes_and_names(void **state) {
    (void)state;
    assert_int_equal(mica_type_size(MICA_F16), 2);
    assert_int_equal(mica_type_size(MICA_BOOL), 1);
    assert_int_equal(mica_type_size(MICA_C128), 16);
    assert_int_equal(mica_type_size((mica_type)8), 0);
    assert_int_equal(mica_type_size((mica_type)1000), 0);
    assert_string_equal(mica_type_name(MICA_BF16), "bf16");
    assert_string_equal(mica_type_name((mica_type)-1), "?");
    const mica_tensor scalar = {.type = MICA_F64};
    assert_int_equal(mica_tensor_count(&scalar), 1);
    const mica_tensor matrix = {.type = MICA_F64, .rank = 2, .sizes = {2, 3}};
    assert_int_equal(mica_tensor_bytes(&matrix), 48);
}

/* ---- the contract of methods ---- */

static void calls_in_the_wrong_order(void **state) {
    (void)state;
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, "linear/pf32_3x37x19");
    mica_method *method = NULL;
    assert_int_equal(mica_method_load(context, program, "backward", &method), MICA_ERROR_NOT_FOUND);
    assert_non_null(strstr(mica_context_error(context), "forward"));
    method = load(context, program, NULL);
    mica_value value;
    assert_int_equal(mica_method_output(method, 0, &value), MICA_ERROR_STATE);
    assert_int_equal(mica_method_run(method), MICA_ERROR_STATE);
    assert_non_null(strstr(mica_context_error(context), "input 0"));
    run_and_check(program, method, "linear/pf32_3x37x19", "");
    assert_int_equal(mica_method_output(method, 1, &value), MICA_ERROR_ARGUMENT);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
}

static void inputs_that_do_not_fit(void **state) {
    (void)state;
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, "linear/pf32_3x37x19");
    mica_method *const method = load(context, program, "forward");
    float data[3 * 37] = {0};
    const mica_value good = input_value(program, method, 0, data, sizeof data);
    mica_value bad = good;
    assert_int_equal(mica_method_set_input(method, 1, &good), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_method_set_input(method, 0, NULL), MICA_ERROR_ARGUMENT);
    bad.as.tensor.type = MICA_F16;
    assert_int_equal(mica_method_set_input(method, 0, &bad), MICA_ERROR_TYPE);
    bad = good;
    bad.as.tensor.rank = 1;
    assert_int_equal(mica_method_set_input(method, 0, &bad), MICA_ERROR_SHAPE);
    bad = good;
    bad.as.tensor.sizes[0] = 4;
    assert_int_equal(mica_method_set_input(method, 0, &bad), MICA_ERROR_SHAPE);
    bad = good;
    bad.as.tensor.dim_order[1] = 0;
    assert_int_equal(mica_method_set_input(method, 0, &bad), MICA_ERROR_ARGUMENT);
    bad = good;
    bad.as.tensor.data = NULL;
    assert_int_equal(mica_method_set_input(method, 0, &bad), MICA_ERROR_ARGUMENT);
    bad = (mica_value){.kind = MICA_INT};
    assert_int_equal(mica_method_set_input(method, 0, &bad), MICA_ERROR_TYPE);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
}

static void numbers_must_be_the_traced_ones(void **state) {
    (void)state;
    const char *const folder = "graph/scalar_inputs_int_float_bool";
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, folder);
    mica_method *const method = load(context, program, NULL);
    run_and_check(program, method, folder, "");
    size_t numbers = 0;
    for (size_t i = 0; i < mica_program_input_count(program, 0); i++) {
        mica_value_info info;
        assert_int_equal(mica_program_input_info(program, 0, i, &info), MICA_OK);
        if (info.kind == MICA_TENSOR) continue;
        numbers++;
        mica_value other = info.constant;
        if (other.kind == MICA_INT) other.as.integer++;
        if (other.kind == MICA_DOUBLE) other.as.real += 1;
        if (other.kind == MICA_BOOLEAN) other.as.boolean = !other.as.boolean;
        assert_int_equal(mica_method_set_input(method, i, &other), MICA_ERROR_VALUE);
    }
    assert_true(numbers >= 3);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
}

static void an_input_may_lie_in_another_order(void **state) {
    (void)state;
    const char *const folder = "conv2d/f32_channels_last_input"; /* declares 0, 2, 3, 1; the file holds C order */
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, folder);
    mica_method *const method = load(context, program, NULL);
    sample_call call = read_call(program, 0, folder, "");
    mica_value value = input_value(program, method, 0, call.inputs[0], call.input_sizes[0]);
    assert_int_equal(mica_method_set_input(method, 0, &value), MICA_OK);
    assert_int_equal(mica_method_run(method), MICA_OK);
    mica_value first;
    assert_int_equal(mica_method_output(method, 0, &first), MICA_OK);
    const size_t bytes = mica_tensor_bytes(&first.as.tensor);
    void *const kept = malloc(bytes);
    assert_non_null(kept);
    memcpy(kept, first.as.tensor.data, bytes);

    const mica_tensor *const t = &value.as.tensor;
    const size_t c = t->sizes[1], plane = t->sizes[2] * t->sizes[3];
    float *const last = malloc(mica_tensor_bytes(t));
    assert_non_null(last);
    for (size_t i = 0; i < mica_tensor_count(t); i++) {
        const size_t image = i / (c * plane), channel = i / plane % c, at = i % plane;
        last[(image * plane + at) * c + channel] = ((const float *)call.inputs[0])[i];
    }
    mica_value_info info;
    assert_int_equal(mica_program_input_info(program, 0, 0, &info), MICA_OK);
    value.as.tensor.data = last;
    memcpy(value.as.tensor.dim_order, info.dim_order, sizeof info.dim_order);
    assert_int_equal(mica_method_set_input(method, 0, &value), MICA_OK);
    assert_int_equal(mica_method_run(method), MICA_OK);
    assert_int_equal(mica_method_output(method, 0, &first), MICA_OK);
    assert_memory_equal(first.as.tensor.data, kept, bytes);
    free(last);
    free(kept);
    free_call(&call);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
}

static void several_methods_at_once(void **state) {
    (void)state;
    const char *const folder = "graph/methods_forward_encode_decode";
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, folder);
    assert_int_equal(mica_program_method_count(program), 3);
    mica_method *const encode = load(context, program, "encode"), *const decode = load(context, program, "decode");
    mica_method *const forward = load(context, program, NULL);
    assert_string_equal(mica_program_method_name(program, mica_method_index(forward)), "forward");
    run_and_check(program, encode, folder, "encode_");
    run_and_check(program, decode, folder, "decode_");
    run_and_check(program, forward, folder, "forward_");
    mica_method_destroy(encode);
    mica_method_destroy(decode);
    mica_method_destroy(forward);
    mica_program_close(program);
    mica_context_destroy(context);
}

static void state_belongs_to_a_method(void **state) {
    (void)state;
    const char *const folder = "graph/state_counter_portable";
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, folder);
    mica_method *const one = load(context, program, NULL), *const other = load(context, program, NULL);
    run_and_check(program, one, folder, "");
    run_and_check(program, one, folder, "call1_");
    run_and_check(program, other, folder, ""); /* starts anew */
    /* What fails before the first instruction changes nothing. */
    const mica_value wrong = {.kind = MICA_INT};
    assert_int_equal(mica_method_set_input(one, 0, &wrong), MICA_ERROR_TYPE);
    run_and_check(program, one, folder, "call2_");
    run_and_check(program, other, folder, "call1_");
    mica_method_destroy(one);
    mica_method_destroy(other);
    mica_program_close(program);
    mica_context_destroy(context);
}

/* ---- files changed by a byte or two ---- */

static char *find_text(char *bytes, size_t size, const char *text) {
    const size_t length = strlen(text);
    for (size_t i = 0; i + length <= size; i++) {
        if (memcmp(bytes + i, text, length) == 0) return bytes + i;
    }
    fail_msg("no %s in the file", text);
    return NULL;
}

static void missing_kernels_are_told_at_once(void **state) {
    (void)state;
    size_t size;
    char *const bytes = read_file("graph/state_counter_portable", "model.pte", &size);
    memcpy(find_text(bytes, size, "aten::mul"), "aten::mux", 9);
    memcpy(find_text(bytes, size, "aten::sum"), "aten::sun", 9);
    mica_context *const context = new_context(NULL, 1);
    mica_program *program = NULL;
    mica_method *method = NULL;
    assert_int_equal(mica_program_open_memory(context, bytes, size, NULL, &program), MICA_OK);
    assert_int_equal(mica_method_load(context, program, NULL, &method), MICA_ERROR_MISSING_OPERATOR);
    assert_non_null(strstr(mica_context_error(context), "aten::mux.out"));
    assert_non_null(strstr(mica_context_error(context), "aten::sun.IntList_out"));
    size_t missing = 0;
    for (size_t i = 0; i < mica_program_operator_count(program, 0); i++) {
        mica_operator_use use;
        assert_int_equal(mica_program_operator(program, 0, i, &use), MICA_OK);
        missing += !use.available;
        assert_true(use.calls > 0);
    }
    assert_int_equal(missing, 2);
    mica_program_close(program);
    mica_context_destroy(context);
    free(bytes);
}

static void a_limit_on_memory_holds(void **state) {
    (void)state;
    mica_context *context = NULL;
    const mica_context_options options = {.size = sizeof options, .threads = 1, .memory_limit = 200000};
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    mica_program *const program = open_case(context, "linear/pf32_1x256x256"); /* packs 256 kB */
    mica_method *method = NULL;
    assert_int_equal(mica_method_load(context, program, NULL, &method), MICA_ERROR_LIMIT);
    mica_program_close(program);
    mica_context_destroy(context);
}

/* ---- memory ---- */

typedef struct counter {
    size_t allocations, fail_at; /* the allocation that fails; 0: none */
    size_t bytes;                /* in use */
} counter;

static void *counted_allocate(void *user, size_t size, size_t alignment) {
    counter *const c = user;
    if (++c->allocations == c->fail_at) return NULL;
    void *memory = NULL;
    if (posix_memalign(&memory, alignment < sizeof(void *) ? sizeof(void *) : alignment, size) != 0) return NULL;
    c->bytes += size;
    return memory;
}

static void counted_release(void *user, void *memory, size_t size) {
    ((counter *)user)->bytes -= size;
    free(memory);
}

static const char *const small_cases[] = {
    "linear/pf32_3x37x19",          "linear/pqs8_qc8w_3x37x19",    "conv2d/f32_k3_pad1_8to13",
    "bmm/pf16_rank4_2x3x17x32x9",   "graph/dynamic_batch_mlp_f32", "graph/cond_on_data",
    "graph/state_counter_portable", "graph/mixed_two_delegates",
};

static void running_allocates_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof small_cases / sizeof *small_cases; i++) {
        counter c = {0};
        const mica_allocator allocator = {counted_allocate, counted_release, &c};
        mica_context *const context = new_context(&allocator, 1);
        mica_program *const program = open_case(context, small_cases[i]);
        mica_method *const method = load(context, program, NULL);
        sample_call call = read_call(program, 0, small_cases[i], "");
        assert_int_equal(set_inputs(program, method, &call), MICA_OK);
        assert_int_equal(mica_method_run(method), MICA_OK); /* finds out how much scratch kernels need */
        const size_t before = c.allocations;
        for (size_t run = 0; run < 3; run++) {
            assert_int_equal(set_inputs(program, method, &call), MICA_OK);
            assert_int_equal(mica_method_run(method), MICA_OK);
        }
        assert_int_equal(c.allocations, before);
        free_call(&call);
        mica_method_destroy(method);
        mica_program_close(program);
        mica_context_destroy(context);
        assert_int_equal(c.bytes, 0);
    }
}

/* Everything from the context to one run; the first status that is not OK. */
static mica_status whole_life(const mica_allocator *allocator, const char *folder, bool *checked) {
    mica_context *context = NULL;
    mica_program *program = NULL;
    mica_method *method = NULL;
    char path[512];
    snprintf(path, sizeof path, CASES "%s/model.pte", folder);
    const mica_context_options options = {.size = sizeof options, .allocator = allocator, .threads = 1};
    mica_status status = mica_context_create(&options, &context);
    if (status == MICA_OK) status = mica_program_open(context, path, NULL, &program);
    if (status == MICA_OK) status = mica_method_load(context, program, NULL, &method);
    if (status == MICA_OK) {
        sample_call call = read_call(program, mica_method_index(method), folder, "");
        status = set_inputs(program, method, &call);
        if (status == MICA_OK) status = mica_method_run(method);
        if (status == MICA_OK) check_outputs(method, &call);
        *checked = status == MICA_OK;
        free_call(&call);
    }
    if (context && status != MICA_OK) assert_string_not_equal(mica_context_error(context), "");
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
    return status;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof small_cases / sizeof *small_cases; i++) {
        bool checked = false;
        for (size_t n = 1; !checked; n++) {
            counter c = {.fail_at = n};
            const mica_allocator allocator = {counted_allocate, counted_release, &c};
            const mica_status status = whole_life(&allocator, small_cases[i], &checked);
            if (c.allocations >= n) {
                /* Scratch that cannot be kept for later is no failure; everything else is. */
                if (status != MICA_OK) assert_int_equal(status, MICA_ERROR_MEMORY);
                if (status == MICA_OK) checked = false;
            } else {
                assert_int_equal(status, MICA_OK);
            }
            assert_int_equal(c.bytes, 0);
        }
    }
}

/* ---- threads ---- */

typedef struct worker {
    pthread_t thread;
    const mica_program *program;
    const char *folder;
} worker;

static void *work(void *argument) {
    const worker *const w = argument;
    mica_context *const context = new_context(NULL, 1);
    mica_method *const method = load(context, w->program, NULL);
    for (size_t i = 0; i < 20; i++) run_and_check(w->program, method, w->folder, "");
    mica_method_destroy(method);
    mica_context_destroy(context);
    return NULL;
}

static void threads_share_a_program(void **state) {
    (void)state;
    const char *const folder = "graph/nested_inputs_outputs";
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, folder);
    worker workers[4];
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (worker){.program = program, .folder = folder};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    mica_program_close(program);
    mica_context_destroy(context);
}

/* ---- traces ---- */

/* Whatever counts time while recording, events are told in the time of mica_clock. */
static void traces_keep_the_clock(void **state) {
    (void)state;
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, "linear/pf32_3x37x19");
    mica_trace *trace = NULL;
    assert_int_equal(mica_trace_create(context, 64, &trace), MICA_OK);
    mica_context_set_trace(context, trace);
    for (size_t round = 0; round < 20; round++) {
        const uint64_t slack = 100000, before = mica_clock() - slack; /* ns */
        mica_method_destroy(load(context, program, NULL));
        const uint64_t after = mica_clock() + slack;
        const mica_event *const events = mica_trace_events(trace);
        for (size_t i = 2 * round; i < mica_trace_count(trace); i++) {
            assert_true(before <= events[i].start && events[i].start <= events[i].end && events[i].end <= after);
        }
    }
    mica_context_set_trace(context, NULL);
    mica_trace_destroy(trace);
    mica_program_close(program);
    mica_context_destroy(context);
}

static void traces_tell_what_ran(void **state) {
    (void)state;
    const char *const folder = "graph/mixed_two_delegates"; /* delegate, cumsum, delegate */
    mica_context *const context = new_context(NULL, 1);
    mica_trace *loads = NULL, *runs = NULL;
    assert_int_equal(mica_trace_create(context, 16, &loads), MICA_OK);
    assert_int_equal(mica_trace_create(context, 100, &runs), MICA_OK);
    mica_context_set_trace(context, loads);
    mica_program *const program = open_case(context, folder);
    mica_method *const method = load(context, program, NULL);
    assert_int_equal(mica_trace_count(loads), 2);
    assert_int_equal(mica_trace_events(loads)[0].kind, MICA_EVENT_METHOD_INIT);
    assert_int_equal(mica_trace_events(loads)[1].kind, MICA_EVENT_PROGRAM_LOAD);
    assert_int_equal(mica_trace_events(loads)[0].run, 0);

    run_and_check(program, method, folder, "");
    mica_method_set_trace(method, runs);
    run_and_check(program, method, folder, "");
    run_and_check(program, method, folder, "");
    const mica_event *const events = mica_trace_events(runs);
    const size_t count = mica_trace_count(runs);
    const mica_report *const report = mica_method_report(method);
    size_t kinds[MICA_EVENT_FREE + 1] = {0};
    for (size_t i = 0; i < count; i++) {
        kinds[events[i].kind]++;
        assert_true(events[i].start <= events[i].end);
        if (i) assert_true(events[i - 1].end <= events[i].end);
        assert_int_equal(events[i].run, i < count / 2 ? 1 : 2);
        if (events[i].kind == MICA_EVENT_KERNEL_CALL) {
            assert_string_equal(mica_report_node(report, (size_t)events[i].node)->node_type, "aten::cumsum.out");
        }
        if (events[i].kind == MICA_EVENT_NODE) {
            const mica_node_report *const node = mica_report_node(report, (size_t)events[i].node);
            assert_non_null(node);
            assert_int_equal(node->instruction, events[i].instruction);
        }
    }
    assert_int_equal(kinds[MICA_EVENT_EXECUTE], 2);
    assert_int_equal(kinds[MICA_EVENT_DELEGATE_CALL], 4);
    assert_int_equal(kinds[MICA_EVENT_KERNEL_CALL], 2);
    assert_true(kinds[MICA_EVENT_NODE] >= 4);
    assert_int_equal(events[count - 1].kind, MICA_EVENT_EXECUTE);
    assert_int_equal(mica_trace_dropped(runs), 0);

    mica_method_set_trace(method, loads); /* has 14 places left */
    run_and_check(program, method, folder, "");
    run_and_check(program, method, folder, "");
    assert_int_equal(mica_trace_count(loads), 16);
    assert_int_equal(mica_trace_dropped(loads), count - 14);
    mica_trace_clear(loads);
    assert_int_equal(mica_trace_count(loads), 0);
    mica_method_set_trace(method, NULL);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_trace_destroy(loads);
    mica_trace_destroy(runs);
    mica_context_destroy(context);
}

/* ---- questions ---- */

static void programs_tell_of_themselves(void **state) {
    (void)state;
    mica_context *const context = new_context(NULL, 1);
    mica_program *const program = open_case(context, "graph/dynamic_batch_mlp_f32");
    mica_value_info info;
    assert_int_equal(mica_program_input_info(program, 0, 0, &info), MICA_OK);
    assert_int_equal(info.kind, MICA_TENSOR);
    assert_true(info.dynamic);
    assert_int_equal(mica_program_input_info(program, 0, 1, &info), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_program_input_info(program, 1, 0, &info), MICA_ERROR_ARGUMENT);
    assert_null(mica_program_method_name(program, 1));
    mica_program_sizes sizes;
    mica_program_query_sizes(program, &sizes);
    assert_true(sizes.file >= sizes.program + sizes.named_data);
    assert_true(mica_program_planned_bytes(program, 0) > 0);
    mica_method *const method = load(context, program, NULL);
    mica_method_memory memory;
    mica_method_query_memory(method, &memory);
    assert_true(memory.packed > 0);
    mica_report *report = NULL;
    assert_int_equal(mica_explain(context, program, NULL, NULL, &report), MICA_OK);
    assert_int_equal(mica_report_count(report), mica_report_count(mica_method_report(method)));
    mica_report_destroy(report);
    assert_int_equal(mica_explain(context, program, NULL, "sme2", &report), MICA_OK);
    assert_true(mica_report_count(report) > 0);
    assert_null(mica_report_node(report, mica_report_count(report)));
    mica_report_destroy(report);
    assert_int_equal(mica_explain(context, program, NULL, "mmx", &report), MICA_ERROR_NOT_FOUND);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_check_their_options),
        cmocka_unit_test(types_have_sizes_and_names),
        cmocka_unit_test(calls_in_the_wrong_order),
        cmocka_unit_test(inputs_that_do_not_fit),
        cmocka_unit_test(numbers_must_be_the_traced_ones),
        cmocka_unit_test(an_input_may_lie_in_another_order),
        cmocka_unit_test(several_methods_at_once),
        cmocka_unit_test(state_belongs_to_a_method),
        cmocka_unit_test(missing_kernels_are_told_at_once),
        cmocka_unit_test(a_limit_on_memory_holds),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(threads_share_a_program),
        cmocka_unit_test(traces_tell_what_ran),
        cmocka_unit_test(traces_keep_the_clock),
        cmocka_unit_test(programs_tell_of_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
