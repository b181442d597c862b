/* SPDX-License-Identifier: Apache-2.0
 *
 * A node extracted gives what it gave in its model: models run under an observer, which has every node extracted,
 * run with what it read, and compared, bit for bit.
 */
#include "largest.h"
#include "sample.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "author/author.h"
#include "mica/trace.h"
#include "runtime/program.h"

static char extracted_path[64], record_path[64];

/* What a value is now; int8 values as the f32 that they stand for. */
struct known {
    uint8_t *bytes; /* NULL: unknown */
    size_t size;
};

/* A running model: its values, and those inside of its delegates. */
struct watched {
    const char *folder;
    mica_context *context;
    const mica_program *program;
    const mica_report *report;
    struct known *values, **inner;
    size_t last, outs; /* node seen last, and how many of its results */
};

static size_t compared, refused, skipped;

static void keep(struct known *known, const void *bytes, size_t size) {
    free(known->bytes);
    *known = (struct known){malloc(size + 1), size};
    memcpy(known->bytes, bytes, size);
}

/* ---- what a node reads ---- */

struct reads {
    struct known items[64];
    size_t count;
    bool complete;
};

static void read_value(struct reads *reads, const struct known *known) {
    if (reads->count == 64 || !known->bytes) {
        reads->complete = false;
        return;
    }
    for (size_t i = 0; i < reads->count; i++)
        if (reads->items[i].bytes == known->bytes) return; /* one input for the same value */
    reads->items[reads->count++] = *known;
}

static const struct known *inner_value(const struct watched *w, size_t delegate, bytes_span args, uint32_t id) {
    const xnn_graph *const graph = w->program->payloads[0][delegate];
    const xnn_value *const value = &graph->values[id];
    if (value->operand.type == MICA_OPERAND_QDINT8) /* stands for what its Convert reads */
        for (size_t i = 0; i < graph->node_count; i++)
            if (graph->nodes[i].output == id) return inner_value(w, delegate, args, graph->nodes[i].inputs[0]);
    if (value->external != XNN_NO_EXTERNAL) return &w->values[span_i32(args, value->external)];
    return &w->inner[delegate][id];
}

static void read_node(const struct watched *w, const mica_node_report *node, bytes_span args, struct reads *reads) {
    const xnn_node *const from = &w->program->payloads[0][node->delegate]->nodes[node->node];
    for (size_t i = 0; i < from->operation.input_count; i++)
        if (from->operation.inputs[i] && !from->operation.inputs[i]->data)
            read_value(reads, inner_value(w, (size_t)node->delegate, args, from->inputs[i]));
}

static bool is_returned(const pte_method *method, bytes_span args, int32_t index) {
    const int32_t last = span_i32(args, args.count - 1);
    const pte_value *const value = &method->values[last];
    if (last == index) return true;
    for (size_t i = 0; value->tag == PTE_TENSOR_LIST && i < value->as.indices.count; i++)
        if (span_i32(value->as.indices, i) == index) return true;
    return false;
}

static void read_argument(const struct watched *w, bytes_span args, int32_t index, struct reads *reads) {
    const pte_method *const method = &w->program->pte->methods[0];
    const pte_value *const value = &method->values[index];
    if (value->tag == PTE_TENSOR && value->as.tensor->storage != PTE_CONSTANT && !is_returned(method, args, index))
        read_value(reads, &w->values[index]);
    if (value->tag != PTE_TENSOR_LIST && value->tag != PTE_OPTIONAL_TENSOR_LIST) return;
    for (size_t i = 0; i < value->as.indices.count; i++)
        if (span_i32(value->as.indices, i) >= 0) read_argument(w, args, span_i32(value->as.indices, i), reads);
}

/* ---- alone ---- */

static void compare(const struct watched *w, const mica_node_report *node, mica_method *method, size_t output,
                    const struct known *expected) {
    mica_value got;
    assert_int_equal(mica_method_output(method, output, &got), MICA_OK);
    const size_t size = mica_tensor_bytes(&got.as.tensor);
    if (size != expected->size || memcmp(got.as.tensor.data, expected->bytes, size) != 0)
        fail_msg("%s: node %zu, %s: output %zu differs from that in the model", w->folder, node->index,
                 node->node_type, output);
    compared++;
}

static void run_alone(const struct watched *w, const mica_node_report *node, const struct reads *reads, size_t output,
                      const struct known *expected) {
    mica_program *program;
    mica_method *method;
    if (mica_program_open(w->context, extracted_path, NULL, &program) ||
        mica_method_load(w->context, program, NULL, &method))
        fail_msg("%s: node %zu: %s", w->folder, node->index, mica_context_error(w->context));
    assert_int_equal(mica_program_input_count(program, 0), reads->count);
    for (size_t i = 0; i < reads->count; i++) {
        mica_value_info info;
        assert_int_equal(mica_program_input_info(program, 0, i, &info), MICA_OK);
        mica_value given = {.kind = MICA_TENSOR, .as.tensor = {.type = info.type, .rank = info.rank}};
        memcpy(given.as.tensor.sizes, info.sizes, sizeof info.sizes);
        memcpy(given.as.tensor.dim_order, info.dim_order, sizeof info.dim_order);
        given.as.tensor.data = reads->items[i].bytes;
        assert_int_equal(mica_tensor_bytes(&given.as.tensor), reads->items[i].size);
        assert_int_equal(mica_method_set_input(method, i, &given), MICA_OK);
    }
    if (mica_method_run(method)) fail_msg("%s: node %zu: %s", w->folder, node->index, mica_context_error(w->context));
    compare(w, node, method, output, expected);
    mica_method_destroy(method);
    mica_program_close(program);
}

static void check_node(const struct watched *w, const mica_node_report *node, const struct known *result) {
    const pte_method *const method = &w->program->pte->methods[0];
    const bytes_span args = method->chains[node->chain].instructions[node->instruction].args;
    struct reads reads = {.complete = true};
    if (node->node >= 0)
        read_node(w, node, args, &reads);
    else
        for (size_t i = 0; i < args.count; i++) read_argument(w, args, span_i32(args, i), &reads);
    const mica_status status =
        mica_extract_node(w->context, w->program, NULL, node->index, extracted_path, record_path);
    if (status == MICA_ERROR_UNSUPPORTED) {
        refused++;
    } else if (status != MICA_OK) {
        fail_msg("%s: node %zu: %s", w->folder, node->index, mica_context_error(w->context));
    } else if (!reads.complete) {
        skipped++;
    } else {
        run_alone(w, node, &reads, w->outs, result);
    }
}

/* ---- in the model ---- */

/* The value that result `out` of a kernel call is. */
static int32_t result_of(const pte_method *method, bytes_span args, size_t out) {
    const int32_t last = span_i32(args, args.count - 1);
    const pte_value *const value = &method->values[last];
    return value->tag == PTE_TENSOR_LIST ? span_i32(value->as.indices, out) : last;
}

static void watch(void *user, const mica_observation *seen) {
    struct watched *const w = user;
    const mica_node_report *const node = mica_report_node(w->report, seen->node);
    const pte_method *const method = &w->program->pte->methods[0];
    const bytes_span args = method->chains[node->chain].instructions[node->instruction].args;
    const size_t count = mica_tensor_count(&seen->tensor);
    w->outs = seen->node == w->last ? w->outs + 1 : 0;
    w->last = seen->node;
    struct known result = {0};
    if (seen->rows) return;
    if (seen->quantized) {
        float *const numbers = malloc((count + 1) * sizeof *numbers);
        for (size_t i = 0; i < count; i++)
            numbers[i] = (float)(((const int8_t *)seen->tensor.data)[i] - seen->zero_point) * seen->scale;
        keep(&result, numbers, count * sizeof *numbers);
        free(numbers);
    } else {
        keep(&result, seen->tensor.data, mica_tensor_bytes(&seen->tensor));
    }
    check_node(w, node, &result);
    if (node->node < 0) {
        keep(&w->values[result_of(method, args, w->outs)], result.bytes, result.size);
    } else {
        const xnn_graph *const graph = w->program->payloads[0][node->delegate];
        const uint32_t id = graph->nodes[node->node].output;
        keep(&w->inner[node->delegate][id], result.bytes, result.size);
        if (graph->values[id].external != XNN_NO_EXTERNAL)
            keep(&w->values[span_i32(args, graph->values[id].external)], result.bytes, result.size);
    }
    free(result.bytes);
}

/* Small numbers of any type. */
static void fill(const mica_value_info *info, mica_tensor *tensor, size_t index) {
    static const uint16_t halves[] = {0x3c00, 0xb800, 0x3555, 0x0000, 0x4100, 0xbe00, 0x2e66};
    const size_t count = mica_tensor_count(tensor);
    for (size_t i = 0; i < count; i++) {
        const size_t turn = (i * 5 + index) % 7;
        if (info->type == MICA_F32)
            ((float *)tensor->data)[i] = (float)turn * 0.75f - 2;
        else if (info->type == MICA_F16)
            ((uint16_t *)tensor->data)[i] = halves[turn];
        else
            ((uint8_t *)tensor->data)[i * mica_type_size(info->type)] = turn & 1;
    }
}

static bool set_inputs(struct watched *w, mica_method *method, void **memory) {
    const bytes_span inputs = w->program->pte->methods[0].inputs;
    for (size_t i = 0; i < inputs.count; i++) {
        mica_value_info info;
        assert_int_equal(mica_program_input_info(w->program, 0, i, &info), MICA_OK);
        mica_value given = info.constant;
        if (info.kind == MICA_TENSOR) {
            given = (mica_value){.kind = MICA_TENSOR, .as.tensor = {.type = info.type, .rank = info.rank}};
            memcpy(given.as.tensor.sizes, info.sizes, sizeof info.sizes);
            memcpy(given.as.tensor.dim_order, info.dim_order, sizeof info.dim_order);
            const size_t size = mica_tensor_bytes(&given.as.tensor);
            given.as.tensor.data = memory[i] = calloc(1, size + 1);
            fill(&info, &given.as.tensor, i);
            keep(&w->values[span_i32(inputs, i)], given.as.tensor.data, size);
        }
        if (mica_method_set_input(method, i, &given) != MICA_OK) return false;
    }
    return true;
}

static void check_model(struct watched *w, mica_method *method) {
    const pte_method *const plan = &w->program->pte->methods[0];
    void **const memory = calloc(plan->inputs.count + 1, sizeof *memory);
    w->report = mica_method_report(method);
    w->values = calloc(plan->value_count + 1, sizeof *w->values);
    w->inner = calloc(plan->delegate_count + 1, sizeof *w->inner);
    for (size_t i = 0; i < plan->delegate_count; i++)
        w->inner[i] = calloc(w->program->payloads[0][i]->value_count, sizeof **w->inner);
    mica_method_set_observer(method, watch, w);
    if (set_inputs(w, method, memory)) (void)!mica_method_run(method); /* some take no such inputs */
    for (size_t i = 0; i < plan->delegate_count; i++) {
        for (size_t v = 0; v < w->program->payloads[0][i]->value_count; v++) free(w->inner[i][v].bytes);
        free(w->inner[i]);
    }
    for (size_t i = 0; i < plan->value_count; i++) free(w->values[i].bytes);
    for (size_t i = 0; i < plan->inputs.count; i++) free(memory[i]);
    free(memory);
    free(w->values);
    free(w->inner);
}

static void extract_all(const char *folder) {
    const mica_context_options options = {.size = sizeof options, .threads = 1, .no_fusion = true};
    mica_context *context;
    mica_program *program;
    mica_method *method = NULL;
    char path[1024];
    glob_t data;
    snprintf(path, sizeof path, "%s/*.ptd", folder);
    const bool external = glob(path, 0, NULL, &data) == 0;
    const mica_program_options with = {.size = sizeof with,
                                       .data_paths = external ? (const char *const *)data.gl_pathv : NULL,
                                       .data_path_count = external};
    snprintf(path, sizeof path, "%s/model.pte", folder);
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    if (mica_program_open(context, path, &with, &program) ||
        mica_method_load(context, program, mica_program_method_name(program, 0), &method))
        fail_msg("%s: %s", folder, mica_context_error(context));
    struct watched w = {.folder = folder, .context = context, .program = program, .last = SIZE_MAX};
    if (program->pte->methods[0].chain_count == 1 && strcmp(mica_program_method_name(program, 0), "forward") == 0)
        check_model(&w, method);
    mica_method_destroy(method);
    mica_program_close(program);
    mica_context_destroy(context);
    globfree(&data);
}

static void both_outputs_are_extracted(void **state) {
    (void)state;
    struct largest largest;
    largest_init(&largest);
    struct arena arena;
    bytes_span file = {NULL, 0};
    mica_context *context;
    mica_program *model, *alone;
    mica_method *method;
    mica_value most, place;
    float x[] = {1, 2, 9, 3};
    arena_init(&arena, &memory_default, 0);
    assert_int_equal(author_encode(&largest.graph, false, &arena, &file, NULL, NULL), MICA_OK);
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_int_equal(mica_program_open_memory(context, file.data, file.count, NULL, &model), MICA_OK);
    assert_int_equal(mica_extract_node(context, model, NULL, 0, extracted_path, record_path), MICA_OK);
    assert_int_equal(mica_program_open(context, extracted_path, NULL, &alone), MICA_OK);
    assert_int_equal(mica_method_load(context, alone, NULL, &method), MICA_OK);
    const mica_value given = {MICA_TENSOR, {.tensor = {MICA_F32, 4, {1, 2, 2, 1}, {0, 1, 2, 3}, x}}};
    assert_int_equal(mica_method_set_input(method, 0, &given), MICA_OK);
    assert_int_equal(mica_method_run(method), MICA_OK);
    assert_int_equal(mica_method_output(method, 0, &most), MICA_OK);
    assert_int_equal(mica_method_output(method, 1, &place), MICA_OK);
    assert_true(*(const float *)most.as.tensor.data == 9);
    assert_int_equal(place.as.tensor.type, MICA_I64);
    assert_int_equal(*(const int64_t *)place.as.tensor.data, 2);
    mica_method_destroy(method);
    mica_program_close(alone);
    mica_program_close(model);
    mica_context_destroy(context);
    arena_free(&arena);
}

static void extracted_nodes_give_the_same(void **state) {
    (void)state;
    compared = refused = skipped = 0;
    for_each_case(MICA_TEST_DATA "/cases", extract_all);
    print_message("%zu compared, %zu refused, %zu with unknown inputs\n", compared, refused, skipped);
    assert_true(compared > 500 && skipped * 10 < compared && refused * 100 < compared);
}

static void extracted_nodes_of_fixtures_give_the_same(void **state) {
    (void)state;
    const char *const root = getenv("MICA_FIXTURES");
    if (!root) skip();
    compared = refused = skipped = 0;
    for_each_case(root, extract_all);
    print_message("%zu compared, %zu refused, %zu with unknown inputs\n", compared, refused, skipped);
    assert_true(compared > 3900 && skipped * 10 < compared && refused * 100 < compared);
}

int main(void) {
    char folder[] = "/tmp/mica-extract-XXXXXX";
    if (!mkdtemp(folder)) return 1;
    snprintf(extracted_path, sizeof extracted_path, "%s/one.pte", folder);
    snprintf(record_path, sizeof record_path, "%s/one.etrecord", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_outputs_are_extracted),
        cmocka_unit_test(extracted_nodes_give_the_same),
        cmocka_unit_test(extracted_nodes_of_fixtures_give_the_same),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(extracted_path);
    unlink(record_path);
    rmdir(folder);
    return failed;
}
