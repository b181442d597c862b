/* SPDX-License-Identifier: Apache-2.0
 *
 * What the writers write: every real program read, written and read again says the same; keys are SHA-256; files
 * are whole or not there.
 */
#include "sample.h"
#include "whole_payload.h"
#include "whole_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "format/program_write.h"
#include "format/xnnpack_write.h"

/* ---- SHA-256: the vectors of FIPS 180-4 ---- */

static void digests_are_right(void **state) {
    (void)state;
    static const struct {
        const char *text, *digest;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char digest[SHA256_TEXT];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        sha256_text(known[i].text, strlen(known[i].text), digest);
        assert_string_equal(digest, known[i].digest);
    }
    char *const million = malloc(1000000);
    memset(million, 'a', 1000000);
    sha256_text(million, 1000000, digest);
    assert_string_equal(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

/* ---- files ---- */

static size_t count_files(const char *folder) {
    char pattern[64];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*", folder);
    const size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return count;
}

static void a_failure_leaves_what_was_there(void **state) {
    (void)state;
    char folder[] = "/tmp/mica-write-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.pte", folder);
    assert_int_equal(file_replace(path, "first", 5, NULL), MICA_OK);
    assert_int_equal(file_replace(path, "second", 6, NULL), MICA_OK);
    struct file file = {0};
    assert_int_equal(file_map(path, &file, NULL), MICA_OK);
    assert_int_equal(file.size, 6);
    file_unmap(&file);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* a folder cannot be replaced */
    assert_int_equal(file_replace(path, "third", 5, NULL), MICA_ERROR_IO);
    assert_int_equal(count_files(folder), 1);
    assert_int_equal(file_replace("/nowhere/model.pte", "x", 1, NULL), MICA_ERROR_IO);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void drafts_are_published_or_dropped(void **state) {
    (void)state;
    char folder[] = "/tmp/mica-write-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.pte", folder);
    struct file_draft one, two;
    assert_int_equal(file_draft(path, "one", 3, &one, NULL), MICA_OK);
    assert_int_equal(file_draft(path, "twice", 5, &two, NULL), MICA_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(file_publish(&one, NULL), MICA_OK);
    file_drop(&one);
    assert_int_equal(file_publish(&two, NULL), MICA_OK); /* over the first */
    struct file file = {0};
    assert_int_equal(file_map(path, &file, NULL), MICA_OK);
    assert_int_equal(file.size, 5);
    file_unmap(&file);
    assert_int_equal(file_draft(path, "third", 5, &one, NULL), MICA_OK);
    file_drop(&one);
    assert_int_equal(count_files(folder), 1);
    assert_int_equal(file_draft("/dev/full", "x", 1, &one, NULL), MICA_ERROR_IO);
    assert_int_equal(file_replace("/dev/null", "x", 1, NULL), MICA_OK); /* which stays what it is */
    assert_int_equal(file_map("/dev/null", &file, NULL), MICA_ERROR_IO);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- payloads ---- */

static void same_operand(const mica_operand *a, const mica_operand *b) {
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->rank, b->rank);
    assert_memory_equal(a->dims, b->dims, sizeof a->dims);
    assert_true(a->scale == b->scale && a->zero_point == b->zero_point);
    assert_int_equal(a->channel_dim, b->channel_dim);
    assert_int_equal(a->row_dims, b->row_dims);
    assert_int_equal(a->block, b->block);
    assert_int_equal(a->data != NULL, b->data != NULL);
    if (a->data) assert_memory_equal(a->data, b->data, xnn_operand_bytes(a));
    if (a->scales) assert_memory_equal(a->scales, b->scales, a->dims[a->channel_dim] * sizeof(float));
    if (a->block_scales)
        assert_memory_equal(a->block_scales, b->block_scales, a->dims[0] * (a->dims[1] / a->block) * 2);
}

static void same_graph(const xnn_graph *a, const xnn_graph *b) {
    assert_int_equal(a->value_count, b->value_count);
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->external_count, b->external_count);
    for (size_t i = 0; i < a->value_count; i++) {
        same_operand(&a->values[i].operand, &b->values[i].operand);
        assert_int_equal(a->values[i].external, b->values[i].external);
        assert_int_equal(a->values[i].is_input, b->values[i].is_input);
        assert_int_equal(a->values[i].is_output, b->values[i].is_output);
        assert_int_equal(a->values[i].is_long_index, b->values[i].is_long_index);
    }
    for (size_t i = 0; i < a->node_count; i++) {
        const xnn_node *const x = &a->nodes[i], *const y = &b->nodes[i];
        assert_int_equal(x->operation.kind, y->operation.kind);
        assert_int_equal(x->operation.flags, y->operation.flags);
        assert_true(x->operation.output_min == y->operation.output_min);
        assert_true(x->operation.output_max == y->operation.output_max);
        assert_int_equal(x->operation.input_count, y->operation.input_count);
        assert_memory_equal(&x->operation.as, &y->operation.as, sizeof x->operation.as);
        assert_memory_equal(x->inputs, y->inputs, sizeof x->inputs);
        assert_int_equal(x->output, y->output);
        assert_int_equal(x->second_output, y->second_output);
        assert_int_equal(x->debug_handle, y->debug_handle);
    }
}

static void rewrite_graph(const xnn_graph *graph) {
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    xnn_image image = {0};
    xnn_graph *again = NULL;
    mica_error error = {0};
    assert_int_equal(xnn_write(graph, &arena, &image, &error), MICA_OK);
    const pte_program program = {
        .file_size = (size_t)1 << 30, .named_data = image.named, .named_data_count = image.named_count};
    if (xnn_open(&program, image.payload.data, image.payload.count, &arena, &again, &error) != MICA_OK)
        fail_msg("%s", error.text);
    same_graph(graph, again);
    arena_free(&arena);
}

static void everything_in_a_payload_is_written(void **state) {
    (void)state;
    for (constant_form form = 0; form <= INLINED; form++) {
        struct payload payload = whole_payload(form, false);
        struct arena arena;
        arena_init(&arena, &memory_default, 0);
        xnn_graph *graph = NULL;
        assert_int_equal(open_payload(&payload, payload.data, payload.size, &arena, &graph, NULL), MICA_OK);
        rewrite_graph(graph);
        arena_free(&arena);
        free(payload.data);
    }
}

/* ---- programs ---- */

static void same_tensor(const pte_tensor *a, const pte_tensor *b) {
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->rank, b->rank);
    assert_int_equal(a->dynamic, b->dynamic);
    assert_int_equal(a->storage, b->storage);
    assert_memory_equal(a->sizes, b->sizes, sizeof a->sizes);
    assert_memory_equal(a->dim_order, b->dim_order, sizeof a->dim_order);
    assert_int_equal(a->buffer, b->buffer);
    assert_int_equal(a->offset, b->offset);
    if (a->data && a->bytes) assert_memory_equal(a->data, b->data, a->bytes);
}

static void same_list(bytes_span a, bytes_span b, size_t item) {
    assert_int_equal(a.count, b.count);
    if (a.count) assert_memory_equal(a.data, b.data, a.count * item);
}

static void same_value(const pte_value *a, const pte_value *b) {
    assert_int_equal(a->tag, b->tag);
    switch (a->tag) {
    case PTE_INT: assert_int_equal(a->as.integer, b->as.integer); break;
    case PTE_BOOL: assert_int_equal(a->as.boolean, b->as.boolean); break;
    case PTE_DOUBLE: assert_memory_equal(&a->as.real, &b->as.real, sizeof a->as.real); break;
    case PTE_TENSOR: same_tensor(a->as.tensor, b->as.tensor); break;
    case PTE_STRING: assert_string_equal(a->as.string, b->as.string); break;
    case PTE_INT_LIST: same_list(a->as.indices, b->as.indices, 8); break;
    case PTE_DOUBLE_LIST: same_list(a->as.literals, b->as.literals, 8); break;
    case PTE_BOOL_LIST: same_list(a->as.literals, b->as.literals, 1); break;
    default: same_list(a->as.indices, b->as.indices, a->tag == PTE_NULL ? 0 : 4); break;
    }
}

static void same_chain(const pte_chain *a, const pte_chain *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->instructions[i].call, b->instructions[i].call);
        assert_int_equal(a->instructions[i].index, b->instructions[i].index);
        assert_int_equal(a->instructions[i].target, b->instructions[i].target);
        same_list(a->instructions[i].args, b->instructions[i].args, 4);
    }
}

static void same_text(const char *a, const char *b) {
    assert_int_equal(a != NULL, b != NULL);
    if (a) assert_string_equal(a, b);
}

static void same_method(const pte_method *a, const pte_method *b) {
    same_text(a->name, b->name);
    same_text(a->input_tree, b->input_tree);
    same_text(a->output_tree, b->output_tree);
    assert_int_equal(a->value_count, b->value_count);
    for (size_t i = 0; i < a->value_count; i++) {
        if (a->values[i].tag == PTE_NULL || a->values[i].tag == PTE_NONE) continue;
        same_value(&a->values[i], &b->values[i]);
    }
    same_list(a->inputs, b->inputs, 4);
    same_list(a->outputs, b->outputs, 4);
    assert_int_equal(a->chain_count, b->chain_count);
    for (size_t i = 0; i < a->chain_count; i++) same_chain(&a->chains[i], &b->chains[i]);
    assert_int_equal(a->operator_count, b->operator_count);
    for (size_t i = 0; i < a->operator_count; i++) assert_string_equal(a->operators[i], b->operators[i]);
    assert_int_equal(a->delegate_count, b->delegate_count);
    for (size_t i = 0; i < a->delegate_count; i++) {
        assert_string_equal(a->delegates[i].id, b->delegates[i].id);
        assert_int_equal(a->delegates[i].payload_size, b->delegates[i].payload_size);
        assert_memory_equal(a->delegates[i].payload, b->delegates[i].payload, a->delegates[i].payload_size);
    }
    assert_int_equal(a->buffer_count, b->buffer_count);
    assert_memory_equal(a->buffer_sizes, b->buffer_sizes, a->buffer_count * sizeof(size_t));
}

static void rewrite_program(const pte_program *program) {
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    bytes_span file = {NULL, 0};
    pte_program *again = NULL;
    mica_error error = {0};
    assert_int_equal(pte_write(program, &arena, &file, &error), MICA_OK);
    if (pte_open(file.data, file.count, NULL, 0, &arena, &again, &error) != MICA_OK) fail_msg("%s", error.text);
    assert_int_equal(program->method_count, again->method_count);
    for (size_t i = 0; i < program->method_count; i++) same_method(&program->methods[i], &again->methods[i]);
    assert_int_equal(program->named_data_count, again->named_data_count);
    for (size_t i = 0; i < program->named_data_count; i++) {
        const pte_named_data *const a = &program->named_data[i], *const b = &again->named_data[i];
        assert_string_equal(a->key, b->key);
        assert_int_equal(a->size, b->size);
        assert_memory_equal(a->data, b->data, a->size);
    }
    arena_free(&arena);
}

static void everything_in_a_program_is_written(void **state) {
    (void)state;
    const struct image data = whole_data(), image = whole_program();
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    ptd_file external = {0}, copy = {0};
    pte_program *program = NULL;
    bytes_span file = {NULL, 0};
    assert_int_equal(ptd_open(data.data, data.size, &arena, &external, NULL), MICA_OK);
    assert_int_equal(ptd_write(external.entries, external.entry_count, &arena, &file, NULL), MICA_OK);
    assert_int_equal(ptd_open(file.data, file.count, &arena, &copy, NULL), MICA_OK);
    assert_int_equal(copy.entry_count, external.entry_count);
    for (size_t i = 0; i < copy.entry_count; i++) {
        assert_string_equal(copy.entries[i].key, external.entries[i].key);
        assert_int_equal(copy.entries[i].has_layout, external.entries[i].has_layout);
        assert_memory_equal(&copy.entries[i].layout, &external.entries[i].layout, sizeof(tensor_layout));
        assert_memory_equal(copy.entries[i].data, external.entries[i].data, external.entries[i].size);
    }
    assert_int_equal(pte_open(image.data, image.size, &copy, 1, &arena, &program, NULL), MICA_OK);
    rewrite_program(program);
    arena_free(&arena);
    free(data.data);
    free(image.data);
}

static void equal_constants_are_written_once(void **state) {
    (void)state;
    static const float numbers[] = {1, 2, 3, 4}, copy[] = {1, 2, 3, 4}, others[] = {1, 2, 3, 5};
    const float *const data[] = {numbers, copy, others};
    pte_tensor tensors[3];
    pte_value values[3];
    for (size_t i = 0; i < 3; i++) {
        tensors[i] = (pte_tensor){
            .type = MICA_F32, .rank = 1, .sizes = {4}, .bytes = 16, .storage = PTE_CONSTANT, .data = data[i]};
        values[i] = (pte_value){.tag = PTE_TENSOR, .as.tensor = &tensors[i]};
    }
    const pte_method method = {.name = "forward", .values = values, .value_count = 3};
    const pte_named_data named[] = {{"a", (const uint8_t *)numbers, 16}, {"b", (const uint8_t *)copy, 16}};
    const pte_program program = {.methods = &method, .method_count = 1, .named_data = named, .named_data_count = 2};
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    bytes_span file = {NULL, 0};
    pte_program *again = NULL;
    assert_int_equal(pte_write(&program, &arena, &file, NULL), MICA_OK);
    assert_int_equal(pte_open(file.data, file.count, NULL, 0, &arena, &again, NULL), MICA_OK);
    const pte_value *const got = again->methods[0].values;
    assert_ptr_equal(got[0].as.tensor->data, got[1].as.tensor->data);
    assert_ptr_not_equal(got[0].as.tensor->data, got[2].as.tensor->data);
    assert_memory_equal(got[2].as.tensor->data, others, sizeof others);
    assert_int_equal(again->constant_bytes, 32);
    assert_ptr_equal(again->named_data[0].data, again->named_data[1].data);
    assert_int_equal(again->named_bytes, 16);
    arena_free(&arena);
}

static void rewrite_case(const char *folder) {
    struct sample sample;
    sample_open(&sample, folder);
    rewrite_program(sample.program);
    for (size_t m = 0; m < sample.program->method_count; m++) {
        const pte_method *const method = &sample.program->methods[m];
        for (size_t d = 0; d < method->delegate_count; d++) {
            const pte_delegate *const delegate = &method->delegates[d];
            xnn_graph *graph = NULL;
            if (xnn_open(sample.program, delegate->payload, delegate->payload_size, &sample.arena, &graph,
                         &sample.error))
                fail_msg("%s: %s", folder, sample.error.text);
            rewrite_graph(graph);
        }
    }
    sample_close(&sample);
}

static void real_programs_are_written_again(void **state) {
    (void)state;
    assert_true(for_each_case(MICA_TEST_DATA "/cases", rewrite_case) > 20);
    if (getenv("MICA_FIXTURES")) assert_true(for_each_case(getenv("MICA_FIXTURES"), rewrite_case) > 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_right),
        cmocka_unit_test(a_failure_leaves_what_was_there),
        cmocka_unit_test(drafts_are_published_or_dropped),
        cmocka_unit_test(everything_in_a_payload_is_written),
        cmocka_unit_test(everything_in_a_program_is_written),
        cmocka_unit_test(equal_constants_are_written_once),
        cmocka_unit_test(real_programs_are_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
