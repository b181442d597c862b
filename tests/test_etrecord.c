/* SPDX-License-Identifier: Apache-2.0
 *
 * ETRecords: read from real files and from hostile ones, and joined with profiles.
 */
#include "dump.h"

#include <minizip/zip.h>

#include "base/file.h"
#include "devtools/etrecord.h"
#include "mica/inspect.h"

#define REAL MICA_TEST_DATA "/cases/graph/mixed_two_delegates/model.etrecord"

struct opened {
    struct arena arena;
    etrecord record;
    mica_error error;
};

static mica_status open_record(struct opened *o, const char *path, const char *method) {
    *o = (struct opened){0};
    arena_init(&o->arena, &memory_default, (size_t)256 << 20);
    return etrecord_open(path, method, &o->arena, &o->record, &o->error);
}

static void close_record(struct opened *o) {
    etrecord_close(&o->record);
    arena_free(&o->arena);
}

static void real_records_are_read(void **state) {
    (void)state;
    struct opened o;
    size_t count = 0;
    if (open_record(&o, REAL, NULL)) fail_msg("%s", o.error.text);
    assert_string_equal(o.record.method, "forward");
    assert_int_equal(o.record.instruction_count, 3);
    const record_instruction *const first = etrecord_find(&o.record, 0), *const second = etrecord_find(&o.record, 1);
    assert_int_equal(first->handle_count, 2);
    assert_string_equal(first->backend, "XnnpackBackend");
    assert_int_equal(first->id_count, 0);
    assert_int_equal(second->handles[0], 3);
    assert_null(second->backend);
    assert_null(etrecord_find(&o.record, 3));
    assert_int_equal(o.record.node_count, 5);
    const record_node *const node = etrecord_nodes(&o.record, 4, &count);
    assert_int_equal(count, 1);
    assert_string_equal(node->op, "aten.mul.Tensor");
    assert_string_equal(node->name, "aten_mul_tensor");
    assert_non_null(strstr(node->stack, "File \"cases_graph.py\", line 26"));
    assert_null(etrecord_nodes(&o.record, 99, &count));
    assert_int_equal(count, 0);
    close_record(&o);
}

/* ---- records made here ---- */

#define NODE(name, target, handle)                                                                                   \
    "{\"name\":\"" name "\",\"target\":\"" target "\",\"metadata\":{\"debug_handle\":\"" handle "\"," MODULE "}}"
#define MODULE                                                                                                       \
    "\"nn_module_stack\":\"L__self__,,pkg.Model;L__self__fc,layers.0.fc,torch.nn.modules.linear.Linear\","           \
    "\"stack_trace\":\"File \\\"model.py\\\", line 12, in forward\\n    x = self.fc(x)\\n"                           \
    "  File \\\"site-packages/torch/nn/modules/linear.py\\\", line 134, in forward\\n    return F.linear(x)\""
#define EDGE                                                                                                         \
    "{\"limit\":-Infinity,\"s\":\"NaN \\\"Infinity\",\"graph_module\":{\"graph\":{\"nodes\":[" NODE(                 \
        "linear", "executorch.exir.dialects.edge.ops.aten.linear.default",                                           \
        "7") "," NODE("relu", "executorch.exir.dialects.edge.ops.aten.relu.default",                                 \
                      "8") "," NODE("q",                                                                             \
                                    "executorch.exir.dialects.edge.ops.quantized_decomposed.quantize_per_tensor."    \
                                    "default",                                                                       \
                                    "8") "," NODE("size", "torch.ops.aten.sym_size.int",                             \
                                                  "9") "," NODE("getitem", "_operator.getitem",                      \
                                                                "9") "," NODE("add", "_operator.add", "9") "]}}}"

typedef struct entry {
    const char *name, *text;
} entry;

static char *make_record(const entry *entries, size_t count, bool deflated) {
    char *const path = dump_file("", 0);
    zipFile zip = zipOpen64(path, APPEND_STATUS_CREATE);
    assert_non_null(zip);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(zipOpenNewFileInZip(zip, entries[i].name, NULL, NULL, 0, NULL, 0, NULL, deflated ? 8 : 0, 6),
                         ZIP_OK);
        assert_int_equal(zipWriteInFileInZip(zip, entries[i].text, (unsigned)strlen(entries[i].text)), ZIP_OK);
        assert_int_equal(zipCloseFileInZip(zip), ZIP_OK);
    }
    assert_int_equal(zipClose(zip, NULL), ZIP_OK);
    return path;
}
#define RECORD(...)                                                                                                  \
    make_record((const entry[]){__VA_ARGS__}, sizeof((const entry[]){__VA_ARGS__}) / sizeof(entry), false)
#define IDENTIFIER {"ETRECORD_V0", ""}

static void discard(char *path) {
    unlink(path);
    free(path);
}

static char *make_model(bool deflated) {
    static const entry entries[] = {
        IDENTIFIER,
        {"debug_handle_map", "{\"forward\":{\"0\":[7,8,9],\"2\":9}}"},
        {"delegate_map",
         "{\"forward\":{\"0\":{\"name\":\"XnnpackBackend\",\"delegate_map\":{\"#1\":[7],\"GEMM #1\":[8,7]}}}}"},
        {"edge_dialect_exported_program/forward", EDGE},
    };
    return make_record(entries, sizeof entries / sizeof *entries, deflated);
}

static void packed_records_and_pythons_numbers_are_read(void **state) {
    (void)state;
    for (int deflated = 0; deflated < 2; deflated++) {
        char *const path = make_model(deflated);
        struct opened o;
        size_t count = 0;
        if (open_record(&o, path, "forward")) fail_msg("%s", o.error.text);
        assert_int_equal(etrecord_find(&o.record, 0)->id_count, 2);
        const record_node *const nodes = etrecord_nodes(&o.record, 9, &count);
        assert_int_equal(count, 2); /* without getitem */
        assert_string_equal(nodes[0].op, "sym_size.int");
        assert_string_equal(nodes[1].op, "add");
        close_record(&o);
        discard(path);
    }
}

static void methods_are_chosen(void **state) {
    (void)state;
    struct opened o;
    char *path = RECORD(IDENTIFIER, {"debug_handle_map", "{\"encode\":{\"0\":1}}"});
    assert_int_equal(open_record(&o, path, NULL), MICA_OK);
    assert_string_equal(o.record.method, "encode");
    close_record(&o);
    assert_int_equal(open_record(&o, path, "forward"), MICA_ERROR_NOT_FOUND);
    close_record(&o);
    discard(path);
    path = RECORD(IDENTIFIER, {"debug_handle_map", "{\"encode\":{\"0\":1},\"decode\":{\"0\":[]}}"});
    assert_int_equal(open_record(&o, path, NULL), MICA_ERROR_NOT_FOUND);
    close_record(&o);
    assert_int_equal(open_record(&o, path, "decode"), MICA_OK);
    close_record(&o);
    discard(path);
}

static void refuses(char *path, const char *text) {
    struct opened o;
    assert_int_not_equal(open_record(&o, path, NULL), MICA_OK);
    if (!strstr(o.error.text, text)) fail_msg("'%s' instead of '%s'", o.error.text, text);
    close_record(&o);
    discard(path);
}

#define MAP(text) {"debug_handle_map", text}
static void errors_name_the_place(void **state) {
    (void)state;
    refuses(dump_file("no archive", 10), "is no ZIP archive");
    refuses(RECORD({"debug_handle_map", "{}"}), "no entry ETRECORD_V0");
    refuses(RECORD(IDENTIFIER), "no entry debug_handle_map");
    refuses(RECORD(IDENTIFIER, MAP("[]")), "debug_handle_map is no object");
    refuses(RECORD(IDENTIFIER, MAP("{\"forward\":{\"0\":[1,\"x\"]}}")),
            "debug_handle_map: 0: [1] is no debug handle");
    refuses(RECORD(IDENTIFIER, MAP("{\"forward\":{\"zero\":1}}")), "'zero' is no instruction");
    refuses(RECORD(IDENTIFIER, MAP("{\"forward\":{\"0\":1.5}}")), "neither a debug handle nor a list");
    refuses(RECORD(IDENTIFIER, MAP("{\"forward\":")), "debug_handle_map: ");
    refuses(RECORD(IDENTIFIER, MAP("{\"forward\":{}}"), {"delegate_map", "{\"forward\":{\"0\":7}}"}),
            "delegate_map: 0: no object");
    refuses(RECORD(IDENTIFIER, MAP("{\"forward\":{}}"), {"edge_dialect_exported_program", "{}"}),
            "graph_module.graph.nodes is no list");
}

/* Bytes of the archive and of the texts inside: opening ends, with what is there or with an error. */
static void damage_is_refused_or_harmless(void **state) {
    (void)state;
    for (int deflated = 0; deflated < 2; deflated++) {
        char *const path = make_model(deflated);
        struct file good;
        assert_int_equal(file_map(path, &good, NULL), MICA_OK);
        uint8_t *const copy = malloc(good.size);
        size_t refused = 0;
        for (size_t at = 0; at < good.size; at++) {
            memcpy(copy, good.data, good.size);
            copy[at] ^= (uint8_t)(at % 3 ? 0xff : 1);
            char *const mutated = dump_file(copy, good.size);
            struct opened o;
            refused += open_record(&o, mutated, NULL) != MICA_OK;
            close_record(&o);
            discard(mutated);
            if (at % 8) continue;
            char *const cut = dump_file(good.data, at);
            assert_int_not_equal(open_record(&o, cut, NULL), MICA_OK);
            close_record(&o);
            discard(cut);
        }
        assert_in_range(refused, good.size / 4, good.size);
        free(copy);
        file_unmap(&good);
        discard(path);
    }
}

/* ---- joined with profiles ---- */

static mica_context *context;

static mica_inspection *open_joined(const dump_event *events, size_t count, const char *record) {
    const dump_bytes bytes = dump_build(events, count);
    char *const path = dump_file(bytes.data, bytes.size);
    mica_inspection *inspection = NULL;
    const mica_inspect_options options = {.size = sizeof options, .record = record, .target = MICA_MS};
    if (mica_inspection_open(context, path, &options, &inspection)) fail_msg("%s", mica_context_error(context));
    discard(path);
    free(bytes.data);
    return inspection;
}

static bool warned(const mica_inspection *inspection, const char *text) {
    const mica_note *note;
    for (size_t i = 0; (note = mica_inspection_note(inspection, i)); i++)
        if (note->warning && strstr(note->text, text)) return true;
    return false;
}

#define OWN(handle) "{\"mica\":1,\"debug_handle\":" handle "}"
static const dump_event run[] = {
    {.run = "Execute", .id = "Convert (NC) #1", .end = 1000, .metadata = OWN("65535")},
    {.id = "Fully Connected (NC, F32) GEMM #1", .end = 2000, .metadata = OWN("7")},
    {.name = "DELEGATE_CALL", .end = 3000},
    {.name = "native_call_add.out", .instruction = 2, .end = 1000},
    {.name = "OPERATOR_CALL", .instruction = 2, .end = 1000},
    {.name = "Method::execute", .chain = -1, .end = 9000},
};
#define EVENTS (sizeof run / sizeof *run)

static void nodes_are_led_back_to_their_source(void **state) {
    (void)state;
    char *const path = make_model(false);
    mica_inspection *const inspection = open_joined(run, EVENTS, path);
    const mica_inspect_row
        *const inserted = mica_inspection_row(inspection, 0),
               *const node = mica_inspection_row(inspection, 1), *const call = mica_inspection_row(inspection, 2),
               *const kernel = mica_inspection_row(inspection, 3), *const frame = mica_inspection_row(inspection, 4);
    /* What the Inspector makes of the delegate's map: the last key that is a part of the name. */
    assert_int_equal(node->op_type_count, 3);
    assert_string_equal(node->op_types[0], "aten.relu.default");
    assert_string_equal(node->op_types[2], "aten.linear.default");
    assert_int_equal(inserted->op_type_count, 1);
    assert_int_equal(call->op_type_count, 5);
    assert_string_equal(call->backend, "XnnpackBackend");
    assert_int_equal(frame->op_type_count, 0);
    assert_string_equal(kernel->backend, "");
    /* What its own debug handle says: the anchor, and what was fused into it. */
    assert_string_equal(node->operators, "aten.linear.default, aten.relu.default, sym_size.int, add");
    assert_string_equal(node->module, "layers.0.fc");
    assert_string_equal(node->module_type, "torch.nn.modules.linear.Linear");
    assert_string_equal(node->source, "model.py:12, in forward: x = self.fc(x)");
    assert_non_null(strstr(node->stack, "linear.py"));
    assert_string_equal(inserted->operators, "");
    assert_string_equal(kernel->operators, "sym_size.int, add");
    assert_string_equal(kernel->module, "layers.0.fc");
    assert_string_equal(frame->operators, "");
    const mica_inspect_group *groups = NULL;
    size_t count = 0;
    assert_int_equal(mica_inspection_group(inspection, "module", &groups, &count), MICA_OK);
    assert_int_equal(count, 2);
    assert_string_equal(groups[0].key, "layers.0.fc");
    assert_int_equal(groups[0].rows, 2);
    mica_inspection_close(inspection);
    discard(path);
}

static void records_of_other_models_are_left_out(void **state) {
    (void)state;
    char *path = RECORD(IDENTIFIER, MAP("{\"forward\":{\"0\":1}}"), {"edge_dialect_exported_program", EDGE});
    mica_inspection *inspection = open_joined(run, EVENTS, path);
    assert_true(warned(inspection, "instruction 0 calls a delegate in the dump"));
    assert_int_equal(mica_inspection_row(inspection, 2)->op_type_count, 0);
    mica_inspection_close(inspection);
    discard(path);
    path = make_model(false);
    inspection =
        open_joined((const dump_event[]){{.run = "Execute", .name = "OPERATOR_CALL", .instruction = 0}}, 1, path);
    assert_true(warned(inspection, "instruction 0 calls a kernel in the dump"));
    mica_inspection_close(inspection);
    inspection =
        open_joined((const dump_event[]){{.run = "Execute", .name = "Method::execute", .chain = -1}}, 1, path);
    assert_true(warned(inspection, "no delegate is called"));
    mica_inspection_close(inspection);
    discard(path);
    path = dump_file("rubbish", 7);
    inspection = open_joined(run, EVENTS, path);
    assert_true(warned(inspection, "is no ZIP archive; shown without it"));
    mica_inspection_close(inspection);
    discard(path);
}

static void files_that_are_not_there_are_errors(void **state) {
    (void)state;
    const dump_bytes bytes = dump_build(run, EVENTS);
    char *const path = dump_file(bytes.data, bytes.size);
    mica_inspection *inspection = NULL;
    const mica_inspect_options record = {.size = sizeof record, .record = "/none.etrecord"};
    assert_int_equal(mica_inspection_open(context, path, &record, &inspection), MICA_ERROR_IO);
    assert_non_null(strstr(mica_context_error(context), "/none.etrecord: cannot be opened"));
    const mica_inspect_options model = {.size = sizeof model, .model = "/none.pte"};
    assert_int_equal(mica_inspection_open(context, path, &model, &inspection), MICA_ERROR_IO);
    assert_non_null(strstr(mica_context_error(context), "/none.pte: "));
    assert_int_equal(mica_inspection_open(context, "/none.etdump", NULL, &inspection), MICA_ERROR_IO);
    assert_null(inspection);
    discard(path);
    free(bytes.data);
}

/* Real events of XNNPACK, led to their nodes by the model, and from there by the record. */
static void models_name_the_nodes_of_foreign_profiles(void **state) {
    (void)state;
    static const char folder[] = MICA_TEST_DATA "/cases/linear/qp8_f32_qb4w_g32_5x96x33";
    char dump[512], record[512], model[512];
    snprintf(dump, sizeof dump, "%s/runtime.etdump", folder);
    snprintf(record, sizeof record, "%s/model.etrecord", folder);
    snprintf(model, sizeof model, "%s/model.pte", folder);
    mica_inspection *inspection = NULL;
    const mica_inspect_options options = {
        .size = sizeof options, .record = record, .model = model, .target = MICA_MS};
    if (mica_inspection_open(context, dump, &options, &inspection)) fail_msg("%s", mica_context_error(context));
    const mica_inspect_row *const row = mica_inspection_row(inspection, 2);
    assert_string_equal(row->name, "Fully Connected (NC, QDU8, F32, QB4W) GEMM #1");
    assert_int_equal(row->op_type_count, 0); /* all that the Inspector has */
    assert_string_equal(row->node_type, "FullyConnected");
    assert_string_equal(row->operators, "aten.linear.default");
    assert_string_equal(row->module, "fc");
    assert_non_null(strstr(row->source, "cases_gemm.py:29, in forward"));
    assert_true(row->operations == 2.0 * 5 * 96 * 33);
    assert_string_equal(row->kernel, ""); /* what Mica would take did not run */
    mica_inspection_close(inspection);

    const mica_inspect_options other = {.size = sizeof other,
                                        .model = MICA_TEST_DATA "/cases/bmm/pf32_1x256x256x256/model.pte"};
    assert_int_equal(mica_inspection_open(context, dump, &other, &inspection), MICA_OK);
    assert_true(warned(inspection, "is hardly the model that ran"));
    mica_inspection_close(inspection);
}

static int create_context(void **state) {
    (void)state;
    return mica_context_create(NULL, &context) == MICA_OK ? 0 : -1;
}
static int destroy_context(void **state) {
    (void)state;
    mica_context_destroy(context);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_records_are_read),
        cmocka_unit_test(packed_records_and_pythons_numbers_are_read),
        cmocka_unit_test(methods_are_chosen),
        cmocka_unit_test(errors_name_the_place),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(nodes_are_led_back_to_their_source),
        cmocka_unit_test(files_that_are_not_there_are_errors),
        cmocka_unit_test(models_name_the_nodes_of_foreign_profiles),
        cmocka_unit_test(records_of_other_models_are_left_out),
    };
    return cmocka_run_group_tests(tests, create_context, destroy_context);
}
