/* SPDX-License-Identifier: Apache-2.0
 *
 * ETDumps that Mica writes: of real runs, of events made up here, and one stored with what ExecuTorch's Inspector made of it.
 */
#include "dump.h"

#include <jansson.h>

#include "base/file.h"
#include "mica/inspect.h"
#include "mica/program.h"
#include "profile/etdump_write.h"

#define FOLDER MICA_TEST_DATA "/cases/linear/pf32_3x37x19"
#define RUNS 5

static mica_context *context;
static mica_program *program;
static mica_method *method;
static mica_trace *trace;

static int run_model(void **state) {
    (void)state;
    static float input[3 * 37];
    mica_value value = {
        .kind = MICA_TENSOR,
        .as.tensor = {.type = MICA_F32, .rank = 2, .sizes = {3, 37}, .dim_order = {0, 1}, .data = input}};
    /* Nodes are called as in ExecuTorch, which has other kernels for them where there is SME. */
    const mica_context_options options = {.size = sizeof options, .isa = "reference"};
    if (mica_context_create(&options, &context) || mica_trace_create(context, 100, &trace)) return -1;
    if (mica_program_open(context, FOLDER "/model.pte", NULL, &program)) return -1;
    mica_context_set_trace(context, trace);
    if (mica_method_load(context, program, NULL, &method)) return -1;
    mica_context_set_trace(context, NULL);
    mica_method_set_trace(method, trace);
    if (mica_method_set_input(method, 0, &value)) return -1;
    for (size_t i = 0; i < RUNS; i++)
        if (mica_method_run(method)) return -1;
    return 0;
}

static int close_model(void **state) {
    (void)state;
    mica_method_destroy(method);
    mica_program_close(program);
    mica_trace_destroy(trace);
    mica_context_destroy(context);
    return 0;
}

static bool to_stream(void *user, const void *data, size_t size) { return fwrite(data, 1, size, user) == size; }

static mica_inspection *inspect(const char *path, const char *record) {
    mica_inspection *inspection = NULL;
    const mica_inspect_options options = {.size = sizeof options, .record = record, .target = MICA_MS};
    if (mica_inspection_open(context, path, &options, &inspection)) fail_msg("%s", mica_context_error(context));
    return inspection;
}

/* Events of the loaded model as a file. */
static void encode(const mica_event *events, size_t count, bool cut, const char *path) {
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(etdump_encode(context, events, count, cut, mica_method_report(method), NULL, to_stream, file),
                     MICA_OK);
    fclose(file);
}

static mica_inspection *round_trip(const mica_event *events, size_t count, bool cut, const char *record) {
    char *const path = dump_file("", 0);
    encode(events, count, cut, path);
    mica_inspection *const inspection = inspect(path, record);
    unlink(path);
    free(path);
    return inspection;
}

__attribute__((noinline)) static char *table(const mica_inspection *inspection, bool metadata) {
    FILE *const file = tmpfile();
    const mica_inspect_style style = {.no_metadata = !metadata};
    assert_int_equal(mica_inspection_write(inspection, MICA_INSPECT_TSV, &style, file), MICA_OK);
    char *const text = dump_read(file);
    fclose(file);
    return text;
}

static void a_real_run_reads_back(void **state) {
    (void)state;
    char *const path = dump_file("", 0);
    mica_limit_info limits[] = {{.name = "f32", .rate = 1e11}, {.name = "DRAM", .rate = 1e10}};
    const mica_etdump_options options = {.size = sizeof options, .limits = limits, .limit_count = 2};
    assert_int_equal(mica_etdump_write(context, trace, mica_method_report(method), &options, path), MICA_OK);
    mica_inspection *const inspection = inspect(path, FOLDER "/model.etrecord");
    static const char *const names[] = {"Method::init", "Program::load_method", "Fully Connected (NC, F32) GEMM #1",
                                        "DELEGATE_CALL", "Method::execute"};
    for (size_t i = 0; i < 5; i++) {
        const mica_inspect_row *const row = mica_inspection_row(inspection, i);
        assert_string_equal(row->name, names[i]);
        assert_int_equal(row->samples, i < 2 ? 1 : RUNS);
        assert_true(row->time.min >= 0 && row->start[0] < 60ull * 1000000000); /* since the first event */
    }
    assert_null(mica_inspection_row(inspection, 5));
    const mica_node_report *const node = mica_report_node(mica_method_report(method), 0);
    const mica_inspect_row *const row = mica_inspection_row(inspection, 2),
                                  *const call = mica_inspection_row(inspection, 3),
                                  *const whole = mica_inspection_row(inspection, 4);
    assert_string_equal(row->kernel, node->kernel);
    assert_string_equal(row->variant, node->variant);
    assert_string_equal(row->shapes, node->shapes);
    assert_string_equal(row->operators, "aten.linear.default");
    assert_true(row->operations == node->operations && row->bytes == node->bytes);
    assert_int_equal(row->accelerated, node->accelerated);
    assert_int_equal(row->threads, mica_context_threads(context));
    const double rounding = 1e-6; /* ms: on a coarse counter they may be equal but for the Inspector's rounding */
    for (size_t i = 0; i < RUNS; i++) { /* each inside of the next */
        assert_true(row->start[i] >= call->start[i] && call->start[i] >= whole->start[i]);
        assert_true(row->raw[i] <= call->raw[i] + rounding && call->raw[i] <= whole->raw[i] + rounding);
    }
    mica_inspect_summary summary;
    mica_inspection_summary(inspection, &summary);
    assert_int_equal(summary.runs, RUNS);
    assert_true(summary.limits[MICA_LIMIT_F32] == 1e11 && summary.limits[MICA_LIMIT_DRAM] == 1e10);
    assert_true(summary.limits[MICA_LIMIT_L1] == 0);
    assert_non_null(strstr(summary.machine, mica_context_isa(context)));
    mica_inspection_close(inspection);
    unlink(path);
    free(path);
}

/* ---- events made up ---- */

#define EXECUTION(number, at, took)                                                                                  \
    {.kind = MICA_EVENT_NODE, .run = (number), .node = 0, .start = (at) + 2000, .end = (at) + 2000 + (took)},        \
        {.kind = MICA_EVENT_DELEGATE_CALL, .run = (number), .node = -1, .start = (at) + 1000, .end = (at) + 20000},  \
        {.kind = MICA_EVENT_EXECUTE, .run = (number), .chain = -1, .node = -1, .start = (at), .end = (at) + 30000}
#define ORIGIN 123456789000
static const mica_event events[] = {
    {.kind = MICA_EVENT_METHOD_INIT, .chain = -1, .node = -1, .start = ORIGIN + 100, .end = ORIGIN + 80000},
    {.kind = MICA_EVENT_PROGRAM_LOAD, .chain = -1, .node = -1, .start = ORIGIN, .end = ORIGIN + 90000},
    EXECUTION(1, ORIGIN + 100000, 9100),
    EXECUTION(2, ORIGIN + 200000, 7200),
    EXECUTION(3, ORIGIN + 300000, 7300),
};
#define EVENTS (sizeof events / sizeof *events)

/* stored.tsv is what ExecuTorch's Inspector made of stored.etdump with the record: see tests/data/own/README.md. */
static void the_stored_profile_is_read_as_the_inspector_does(void **state) {
    (void)state;
    mica_inspection *const stored = inspect(MICA_TEST_DATA "/own/stored.etdump", FOLDER "/model.etrecord");
    struct file expected;
    assert_int_equal(file_map(MICA_TEST_DATA "/own/stored.tsv", &expected, NULL), MICA_OK);
    char *const got = table(stored, true);
    assert_int_equal(strlen(got), expected.size);
    assert_memory_equal(got, expected.data, expected.size);
    free(got);
    file_unmap(&expected);
    mica_inspection_close(stored);
}

static void what_is_written_now_is_what_was_stored(void **state) {
    (void)state;
    mica_inspection *const stored = inspect(MICA_TEST_DATA "/own/stored.etdump", FOLDER "/model.etrecord");
    mica_inspection *const now = round_trip(events, EVENTS, false, FOLDER "/model.etrecord");
    char *const before = table(stored, false), *const after = table(now, false);
    assert_string_equal(before, after);
    free(before);
    free(after);
    mica_inspection_close(stored);
    mica_inspection_close(now);
}

static void metadata_stand_once(void **state) {
    (void)state;
    mica_inspection *const inspection = round_trip(events, EVENTS, false, NULL);
    char *const text = table(inspection, true);
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "{\"\"mica\"\":1,")); at++) count++;
    assert_int_equal(count, 2); /* machine and node */
    assert_non_null(strstr(text, "}', '', '']\""));
    free(text);
    mica_inspection_close(inspection);
}

static size_t executions(const mica_inspection *inspection) {
    mica_inspect_summary summary;
    mica_inspection_summary(inspection, &summary);
    return summary.runs;
}

static void runs_that_were_cut_off_are_left_out(void **state) {
    (void)state;
    mica_inspection *inspection = round_trip(events, EVENTS - 1, true, NULL);
    assert_int_equal(executions(inspection), 2);
    assert_int_equal(mica_inspection_row(inspection, 2)->samples, 2);
    mica_inspection_close(inspection);
    inspection = round_trip(events, EVENTS - 1, false, NULL); /* a run that failed is kept, and stands apart */
    assert_int_equal(executions(inspection), 2);
    assert_string_equal(mica_inspection_row(inspection, 5)->name, "Fully Connected (NC, F32) GEMM #1");
    assert_int_equal(mica_inspection_row(inspection, 5)->block_index, 2);
    mica_inspection_close(inspection);
}

static void an_empty_trace_is_a_profile_too(void **state) {
    (void)state;
    mica_inspection *const inspection = round_trip(events, 0, false, NULL);
    assert_null(mica_inspection_row(inspection, 0));
    mica_inspection_close(inspection);
}

/* ---- failures ---- */

static bool to_nobody(void *user, const void *data, size_t size) {
    (void)user, (void)data, (void)size;
    return false;
}

static void failures_are_told(void **state) {
    (void)state;
    const mica_report *const report = mica_method_report(method);
    assert_int_equal(mica_etdump_encode(context, trace, report, NULL, to_nobody, NULL), MICA_ERROR_IO);
    assert_int_equal(mica_etdump_encode(context, NULL, report, NULL, to_nobody, NULL), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_etdump_encode(context, trace, report, NULL, NULL, NULL), MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_etdump_write(context, trace, report, NULL, "/none/a.etdump"), MICA_ERROR_IO);
    assert_non_null(strstr(mica_context_error(context), "cannot be created"));
}

static size_t allocations_left;

static void *scarce_allocate(void *user, size_t size, size_t alignment) {
    if (allocations_left == 0) return NULL;
    allocations_left--;
    return memory_default.allocate(user, size, alignment);
}
static void scarce_release(void *user, void *memory, size_t size) { memory_default.release(user, memory, size); }

static void every_allocation_may_fail(void **state) {
    (void)state;
    const mica_allocator scarce = {scarce_allocate, scarce_release, NULL};
    const mica_context_options options = {.size = sizeof options, .allocator = &scarce, .threads = 1};
    mica_context *poor = NULL;
    allocations_left = SIZE_MAX;
    assert_int_equal(mica_context_create(&options, &poor), MICA_OK);
    mica_status status = MICA_ERROR_MEMORY;
    for (size_t allowed = 0; status != MICA_OK; allowed++) {
        assert_true(allowed < 100);
        allocations_left = allowed;
        FILE *const file = tmpfile();
        status = etdump_encode(poor, events, EVENTS, false, mica_method_report(method), NULL, to_stream, file);
        if (status != MICA_OK) assert_int_equal(status, MICA_ERROR_MEMORY);
        fclose(file);
    }
    allocations_left = SIZE_MAX;
    mica_context_destroy(poor);
}

/* With the name of a file as argument: stores the profile of the events above there. */
int main(int argc, char **argv) {
    if (argc == 2) {
        if (run_model(NULL)) return 1;
        encode(events, EVENTS, false, argv[1]);
        return close_model(NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_run_reads_back),
        cmocka_unit_test(the_stored_profile_is_read_as_the_inspector_does),
        cmocka_unit_test(what_is_written_now_is_what_was_stored),
        cmocka_unit_test(metadata_stand_once),
        cmocka_unit_test(runs_that_were_cut_off_are_left_out),
        cmocka_unit_test(an_empty_trace_is_a_profile_too),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, run_model, close_model);
}
