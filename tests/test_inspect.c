/* SPDX-License-Identifier: Apache-2.0
 *
 * Inspections: the Inspector's own tables reproduced, attribution, selections, the formats, and comparisons.
 */
#include "dump.h"

#include <glob.h>
#include <jansson.h>
#include <math.h>

#include "mica/inspect.h"

static mica_context *context;

static int create_context(void **state) {
    (void)state;
    return mica_context_create(NULL, &context) == MICA_OK ? 0 : -1;
}
static int destroy_context(void **state) {
    (void)state;
    mica_context_destroy(context);
    return 0;
}

static mica_inspection *open_files(const char *dump, const char *record) {
    mica_inspection *inspection = NULL;
    const mica_inspect_options options = {.size = sizeof options, .record = record, .target = MICA_MS};
    if (mica_inspection_open(context, dump, &options, &inspection))
        fail_msg("%s: %s", dump, mica_context_error(context));
    return inspection;
}

static mica_inspection *open_events(const dump_event *events, size_t count) {
    const dump_bytes bytes = dump_build(events, count);
    char *const name = dump_file(bytes.data, bytes.size);
    mica_inspection *const inspection = open_files(name, NULL);
    unlink(name);
    free(name);
    free(bytes.data);
    return inspection;
}
#define OPEN(...)                                                                                                    \
    open_events((const dump_event[]){__VA_ARGS__}, sizeof((const dump_event[]){__VA_ARGS__}) / sizeof(dump_event))

__attribute__((noinline)) /* gcc 12 takes the stream's address of `text` for one that is used later */
static char *
written(const mica_inspection *inspection, mica_inspect_format format, const mica_inspect_style *style) {
    char *text = NULL;
    size_t size = 0;
    FILE *const out = open_memstream(&text, &size);
    if (mica_inspection_write(inspection, format, style, out)) fail_msg("%s", mica_context_error(context));
    fclose(out);
    return text;
}

static const mica_inspect_row *row_named(const mica_inspection *inspection, const char *name) {
    const mica_inspect_row *row;
    for (size_t i = 0; (row = mica_inspection_row(inspection, i)); i++)
        if (strcmp(row->name, name) == 0) return row;
    fail_msg("no row %s", name);
    return NULL;
}

/* ---- the Inspector's tables ---- */

static char *read_file(const char *path) {
    FILE *const file = fopen(path, "rb");
    if (!file) fail_msg("%s", path);
    char *const text = dump_read(file);
    fclose(file);
    return text;
}

/* What the Inspector prints without the record: no op_types (field 9) and no backend (field 11). */
static void forget_record(char *table) {
    char *to = table;
    size_t field = 0;
    bool heading = true;
    for (const char *from = table; *from; from++) {
        if (*from == '\t') field++;
        if (*from == '\n') {
            field = 0;
            heading = false;
        }
        const bool hidden = !heading && (field == 9 || field == 11) && *from != '\t';
        if (!hidden) *to++ = *from;
        if (!heading && field == 9 && *from == '\t') to = (char *)memcpy(to, "[]", 2) + 2;
    }
    *to = 0;
}

static size_t compare_folder(const char *folder) {
    char dump[1024], record[1024], table[1024];
    snprintf(dump, sizeof dump, "%s/runtime.etdump", folder);
    snprintf(record, sizeof record, "%s/model.etrecord", folder);
    snprintf(table, sizeof table, "%s/inspector.tsv", folder);
    if (access(dump, R_OK) != 0) return 0;
    const bool recorded =
        access(record, R_OK) == 0 && !strstr(folder, "methods_"); /* which the Inspector cannot open */
    mica_inspection *const inspection = open_files(dump, recorded ? record : NULL);
    char *const expected = read_file(table), *const got = written(inspection, MICA_INSPECT_TSV, NULL);
    if (!recorded) forget_record(expected);
    if (strcmp(got, expected) != 0) fail_msg("%s: got\n%s\ninstead of\n%s", folder, got, expected);
    free(expected);
    free(got);
    mica_inspection_close(inspection);
    return 1;
}

static size_t compare_all(const char *root) {
    char pattern[1024];
    glob_t found;
    size_t count = 0;
    snprintf(pattern, sizeof pattern, "%s/*/*", root);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) count += compare_folder(found.gl_pathv[i]);
    globfree(&found);
    return count;
}

static void tables_are_the_inspectors(void **state) {
    (void)state;
    assert_true(compare_all(MICA_TEST_DATA "/cases") > 100);
}

static void tables_of_all_fixtures_are_the_inspectors(void **state) {
    (void)state;
    const char *const root = getenv("MICA_FIXTURES");
    if (!root) skip();
    assert_true(compare_all(root) > 300);
}

/* What the real Inspector printed for the same dump: see tests/interop. */
static void odd_texts_are_quoted_as_python_does(void **state) {
    (void)state;
    mica_inspection *const inspection = OPEN(
        {.run = "Execute", .name = "tab\there", .start = 0, .end = 1000},
        {.id = "it's \"it\"", .start = 0, .end = 2000, .metadata = "{\"a\": 'b'}\n\\"}, {.name = "xOPERATOR_CALLx"});
    char *const got = written(inspection, MICA_INSPECT_TSV, &(mica_inspect_style){.no_units = true});
    assert_string_equal(got,
                        "\tevent_block_name\tevent_name\tp10\tp50\tp90\tavg\tmin\tmax\top_types\tis_delegated_op\t"
                        "delegate_backend_name\tstart_time\tdelegate_debug_metadata\n"
                        "0\tExecute\t\"tab\there\"\t0.001\t0.001\t0.001\t0.001\t0.001\t0.001\t[]\tFalse\t\t[0]\t\n"
                        "1\tExecute\t\"it's \"\"it\"\"\"\t0.002\t0.002\t0.002\t0.002\t0.002\t0.002\t[]\tTrue\t\t[0]\t"
                        "\"[b'{\"\"a\"\": \\'b\\'}\\n\\\\']\"\n");
    free(got);
    char *const bare = written(inspection, MICA_INSPECT_TSV, &(mica_inspect_style){.no_metadata = true});
    assert_null(strstr(bare, "metadata"));
    assert_non_null(strstr(bare, "p10 (ms)"));
    free(bare);
    mica_inspection_close(inspection);
}

static void scales_convert(void **state) {
    (void)state;
    static const struct {
        mica_time_scale source, target;
        double time;
    } expected[] = {{MICA_NS, MICA_US, 1.5},
                    {MICA_US, MICA_S, 1.5e-3},
                    {MICA_MS, MICA_NS, 1.5e9},
                    {MICA_CYCLES, MICA_CYCLES, 1500}};
    const dump_event event = {.run = "Execute", .name = "a", .start = 500, .end = 2000};
    const dump_bytes bytes = dump_build(&event, 1);
    char *const name = dump_file(bytes.data, bytes.size);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        mica_inspection *inspection = NULL;
        const mica_inspect_options options = {
            .size = sizeof options, .source = expected[i].source, .target = expected[i].target};
        assert_int_equal(mica_inspection_open(context, name, &options, &inspection), MICA_OK);
        assert_true(mica_inspection_row(inspection, 0)->time.p50 == expected[i].time);
        mica_inspection_close(inspection);
    }
    mica_inspection *inspection = NULL;
    const mica_inspect_options mixed = {.size = sizeof mixed, .source = MICA_CYCLES, .target = MICA_MS};
    assert_int_equal(mica_inspection_open(context, name, &mixed, &inspection), MICA_ERROR_ARGUMENT);
    assert_null(inspection);
    unlink(name);
    free(name);
    free(bytes.data);
}

/* ---- beyond the Inspector ---- */

#define NODE                                                                                                         \
    "{\"mica\":1,\"node_type\":\"FullyConnected\",\"debug_handle\":1,\"variant\":\"pf32_gemm\","                     \
    "\"kernel\":\"pf32_gemm_14x32_avx512f\",\"isa\":\"avx512\",\"threads\":2,\"operations\":4e6,\"bytes\":1e6,"      \
    "\"accelerated\":true,\"eligible_kind\":true}"
#define SLOW                                                                                                         \
    "{\"mica\":1,\"node_type\":\"Conv2d\",\"debug_handle\":2,\"variant\":\"standard\",\"kernel\":\"f32_igemm\","     \
    "\"operations\":0,\"accelerated\":false,\"eligible_kind\":true,\"reasons\":[{\"variant\":\"pf32_gemm\","         \
    "\"code\":\"pointwise_filter\",\"message\":\"the filter is 3×3\",\"remedy\":\"use 1×1\"}]}"
#define MACHINE                                                                                                      \
    "{\"mica\":1,\"machine\":{\"cpu\":\"Test </script>\",\"isa\":\"avx512\",\"threads\":2,"                          \
    "\"cache_l2\":600000,\"limits\":{\"f32\":1e11,\"L2\":1e10}}}"

/* A run that took 100 µs and `more` per node: 40 accelerated, 20 not, 10 outside. */
#define RUN(at, more, meta_a, meta_b)                                                                                \
    {.run = "Execute",                                                                                               \
     .instruction = 0,                                                                                               \
     .id = "Fully Connected (NC, PF32) GEMM #1",                                                                     \
     .start = (at) + 5000,                                                                                           \
     .end = (at) + 45000 + (more),                                                                                   \
     .metadata = (meta_a)},                                                                                          \
        {.instruction = 0,                                                                                           \
         .id = "Convolution (NHWC, F32) IGEMM #1",                                                                   \
         .start = (at) + 50000 + (more),                                                                             \
         .end = (at) + 70000 + (more),                                                                               \
         .metadata = (meta_b)},                                                                                      \
        {.name = "DELEGATE_CALL", .instruction = 0, .start = (at) + 4000, .end = (at) + 75000 + (more)},             \
        {.name = "native_call_add.out",                                                                              \
         .instruction = 1,                                                                                           \
         .start = (at) + 80000 + (more),                                                                             \
         .end = (at) + 90000 + (more)},                                                                              \
        {.name = "OPERATOR_CALL", .instruction = 1, .start = (at) + 80000 + (more), .end = (at) + 90000 + (more)}, { \
        .name = "Method::execute", .chain = -1, .instruction = 0, .start = (at), .end = (at) + 100000 + (more)       \
    }

static mica_inspection *open_own(uint64_t more) {
    return OPEN({.run = "Default", .name = "Method::init", .chain = -1, .start = 0, .end = 1000, .metadata = MACHINE},
                {.name = "Program::load_method", .chain = -1, .start = 0, .end = 2000},
                RUN(1000000, 90000, NODE, SLOW), RUN(2000000, more, NULL, NULL), RUN(3000000, more, NULL, NULL),
                RUN(4000000, more + 10, NULL, NULL), RUN(5000000, more, NULL, NULL), RUN(6000000, more, NULL, NULL),
                RUN(7000000, more + 20, NULL, NULL));
}

static void metadata_tells_what_ran(void **state) {
    (void)state;
    mica_inspection *const inspection = open_own(0);
    const mica_inspect_row *const fast = row_named(inspection, "Fully Connected (NC, PF32) GEMM #1");
    assert_string_equal(fast->kernel, "pf32_gemm_14x32_avx512f");
    assert_string_equal(fast->variant, "pf32_gemm");
    assert_string_equal(fast->node_type, "FullyConnected");
    assert_int_equal(fast->accelerated, 1);
    assert_int_equal(fast->threads, 2);
    assert_true(fabs(fast->gops - 100) < 1e-9); /* 4·10⁶ in 40 µs */
    assert_true(fabs(fast->gbps - 25) < 1e-9);
    assert_true(fabs(fast->roof_share - 100 / 40.0) <
                1e-9); /* in the second cache; 4 operations per byte at 10 GB/s */
    assert_true(fabs(fast->share - 0.4) < 1e-9);
    assert_int_equal(fast->samples, 7);
    assert_true(fabs(fast->first - 0.13) < 1e-9 && fabs(fast->warm - 0.04) < 1e-9);
    const mica_inspect_row *const slow = row_named(inspection, "Convolution (NHWC, F32) IGEMM #1");
    assert_int_equal(slow->accelerated, 0);
    assert_int_equal(slow->reason_count, 1);
    assert_string_equal(slow->reasons[0].code, "pointwise_filter");
    assert_string_equal(slow->reasons[0].remedy, "use 1×1");
    assert_int_equal(row_named(inspection, "DELEGATE_CALL")->role, MICA_ROW_CALL);
    assert_true(isnan(row_named(inspection, "DELEGATE_CALL")->share));
    mica_inspect_summary summary;
    mica_inspection_summary(inspection, &summary);
    assert_int_equal(summary.runs, 7);
    assert_string_equal(summary.machine, "Test </script>, avx512, 2 threads");
    assert_true(summary.limits[MICA_LIMIT_F32] == 1e11 && summary.limits[MICA_LIMIT_L2] == 1e10);
    assert_true(fabs(summary.accelerated_share - 40 / 70.0) < 1e-3);
    assert_true(fabs(summary.work_share - 0.7) < 1e-3);
    assert_true(summary.load == 0.002);
    mica_inspection_close(inspection);
}

static bool noted(const mica_inspection *inspection, const char *text, bool warning) {
    const mica_note *note;
    for (size_t i = 0; (note = mica_inspection_note(inspection, i)); i++)
        if (strstr(note->text, text)) return note->warning == warning;
    return false;
}

static void notes_say_how_good_the_sample_is(void **state) {
    (void)state;
    mica_inspection *inspection = open_own(0);
    assert_true(noted(inspection, "the first execution took 1.9 times", false));
    assert_false(noted(inspection, "noisy", true));
    mica_inspection_close(inspection);
    inspection = OPEN(RUN(0, 0, NULL, NULL));
    assert_true(noted(inspection, "1 execution is too few", true));
    mica_inspection_close(inspection);
    inspection =
        OPEN(RUN(0, 0, NULL, NULL), RUN(0, 90000, NULL, NULL), RUN(0, 10000, NULL, NULL), RUN(0, 70000, NULL, NULL),
             RUN(0, 20000, NULL, NULL), RUN(0, 50000, NULL, NULL), RUN(0, 30000, NULL, NULL));
    assert_true(noted(inspection, "noisy", true));
    assert_true(mica_inspection_row(inspection, 0)->noisy);
    mica_inspection_close(inspection);
    inspection = OPEN({.run = "Default", .name = "Method::init", .chain = -1});
    assert_true(noted(inspection, "no execution", true));
    mica_inspection_close(inspection);
}

static void names_of_the_real_runtime_tell_what_is_packed(void **state) {
    (void)state;
    mica_inspection *const inspection = OPEN(RUN(0, 0, NULL, NULL));
    assert_int_equal(row_named(inspection, "Fully Connected (NC, PF32) GEMM #1")->accelerated, 1);
    assert_int_equal(row_named(inspection, "Convolution (NHWC, F32) IGEMM #1")->accelerated, 0);
    assert_int_equal(row_named(inspection, "native_call_add.out")->accelerated, -1);
    mica_inspection_close(inspection);
}

static void rows_are_selected_and_sorted(void **state) {
    (void)state;
    mica_inspection *const inspection = open_own(0);
    assert_null(mica_inspection_row(inspection, 7));
    assert_int_equal(
        mica_inspection_select(inspection, &(mica_inspect_selection){.sort = "p50", .exclude = "Method|DELEGATE"}),
        MICA_OK);
    assert_string_equal(mica_inspection_row(inspection, 0)->name, "Fully Connected (NC, PF32) GEMM #1");
    assert_string_equal(mica_inspection_row(inspection, 2)->name, "native_call_add.out");
    assert_int_equal(mica_inspection_select(
                         inspection, &(mica_inspect_selection){.include = "_CALL", .calls = true, .sort = "name"}),
                     MICA_OK);
    assert_string_equal(mica_inspection_row(inspection, 0)->name, "DELEGATE_CALL");
    assert_string_equal(mica_inspection_row(inspection, 1)->name, "OPERATOR_CALL");
    assert_null(mica_inspection_row(inspection, 2));
    assert_int_equal(mica_inspection_select(inspection, &(mica_inspect_selection){.include = "("}),
                     MICA_ERROR_ARGUMENT);
    assert_int_equal(mica_inspection_select(inspection, &(mica_inspect_selection){.sort = "colour"}),
                     MICA_ERROR_ARGUMENT);
    mica_inspection_close(inspection);
}

static void groups_sum_up(void **state) {
    (void)state;
    mica_inspection *const inspection =
        OPEN({.run = "Execute", .id = "Add (ND) #1", .end = 1000}, {.id = "Add (ND) #2", .end = 2000},
             {.id = "Clamp (NC) #1", .end = 9000}, {.name = "DELEGATE_CALL", .end = 14000},
             {.name = "Method::execute", .chain = -1, .end = 24000});
    const mica_inspect_group *groups = NULL;
    size_t count = 0;
    assert_int_equal(mica_inspection_group(inspection, "name", &groups, &count), MICA_OK);
    assert_int_equal(count, 2);
    assert_string_equal(groups[0].key, "Clamp (NC)");
    assert_string_equal(groups[1].key, "Add (ND)");
    assert_int_equal(groups[1].rows, 2);
    assert_true(groups[1].time == 0.003 && groups[1].share == 0.125);
    assert_int_equal(mica_inspection_group(inspection, "moon", &groups, &count), MICA_ERROR_ARGUMENT);
    mica_inspection_close(inspection);
}

/* ---- formats ---- */

static json_t *parsed(const mica_inspection *inspection, mica_inspect_format format) {
    json_error_t error;
    char *const text = written(inspection, format, NULL);
    json_t *const value = json_loads(text, 0, &error);
    if (!value) fail_msg("%s at %d: %s", error.text, error.position, text);
    free(text);
    return value;
}

static void json_holds_everything(void **state) {
    (void)state;
    mica_inspection *const inspection = open_own(0);
    json_t *const root = parsed(inspection, MICA_INSPECT_JSON), *const rows = json_object_get(root, "rows");
    assert_int_equal(json_array_size(rows), 7);
    const json_t *const row = json_array_get(rows, 2);
    assert_string_equal(json_string_value(json_object_get(row, "kernel")), "pf32_gemm_14x32_avx512f");
    assert_int_equal(json_array_size(json_object_get(row, "raw")), 7);
    assert_true(json_number_value(json_object_get(row, "p50")) == mica_inspection_row(inspection, 2)->time.p50);
    assert_true(json_is_null(json_object_get(json_array_get(rows, 0), "share")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "machine"), "cpu")),
                        "Test </script>");
    json_decref(root);
    mica_inspection_close(inspection);
}

static void csv_has_a_field_per_column(void **state) {
    (void)state;
    mica_inspection *const inspection = OPEN({.run = "Execute", .id = "a,\"b\"", .end = 1000});
    char *const text = written(inspection, MICA_INSPECT_CSV, NULL);
    char *const rest = strchr(text, '\n') + 1;
    assert_memory_equal(text, "block,block_index,name,role,", 28);
    assert_memory_equal(rest, "Execute,0,\"a,\"\"b\"\"\",work,0,true,,1,0.001,", 40);
    assert_true(rest[strlen(rest) - 2] == '\r' && rest[strlen(rest) - 1] == '\n');
    free(text);
    mica_inspection_close(inspection);
}

/* Complete events of one thread must nest: each ends before, or with, the one that it began in. */
static size_t check_nesting(const json_t *trace) {
    const json_t *const events = json_object_get(trace, "traceEvents");
    double ends[64];
    size_t depth = 0, deepest = 0, i;
    json_t *event;
    double last = 0;
    json_array_foreach((json_t *)events, i, event) {
        const char *const phase = json_string_value(json_object_get(event, "ph"));
        assert_non_null(json_string_value(json_object_get(event, "name")));
        assert_true(json_is_integer(json_object_get(event, "pid")) && json_is_integer(json_object_get(event, "tid")));
        if (strcmp(phase, "M") == 0) continue;
        assert_string_equal(phase, "X");
        const double start = json_number_value(json_object_get(event, "ts")),
                     duration = json_number_value(json_object_get(event, "dur"));
        assert_true(json_is_real(json_object_get(event, "ts")) && start >= last && duration >= 0);
        last = start;
        while (depth > 0 && ends[depth - 1] <= start + 1e-6) depth--;
        assert_true(depth == 0 || start + duration <= ends[depth - 1] + 1e-6);
        assert_true(depth < 64);
        ends[depth++] = start + duration;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

static void traces_nest(void **state) {
    (void)state;
    mica_inspection *inspection = open_own(0);
    json_t *trace = parsed(inspection, MICA_INSPECT_TRACE);
    assert_int_equal(check_nesting(trace), 3);
    assert_int_equal(json_array_size(json_object_get(trace, "traceEvents")), 2 + 2 + 7 * 6);
    json_decref(trace);
    mica_inspection_close(inspection);
    /* A node that reaches past its call, as whole microseconds make it, is cut and says so. */
    inspection = OPEN({.run = "Execute", .id = "node #1", .start = 100, .end = 3100},
                      {.name = "DELEGATE_CALL", .start = 50, .end = 2900},
                      {.name = "Method::execute", .chain = -1, .start = 0, .end = 3000});
    trace = parsed(inspection, MICA_INSPECT_TRACE);
    assert_int_equal(check_nesting(trace), 3);
    const json_t *const node = json_array_get(json_object_get(trace, "traceEvents"), 4);
    assert_string_equal(json_string_value(json_object_get(node, "name")), "node #1");
    assert_true(json_number_value(json_object_get(json_object_get(node, "args"), "cut_us")) == 0.2);
    json_decref(trace);
    mica_inspection_close(inspection);
}

static void traces_of_the_real_runtime_nest(void **state) {
    (void)state;
    glob_t found;
    assert_int_equal(glob(MICA_TEST_DATA "/cases/*/*/runtime.etdump", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        mica_inspection *const inspection = open_files(found.gl_pathv[i], NULL);
        json_t *const trace = parsed(inspection, MICA_INSPECT_TRACE);
        assert_in_range(check_nesting(trace), 2, 3);
        json_decref(trace);
        mica_inspection_close(inspection);
    }
    globfree(&found);
}

static void the_page_holds_its_data_safely(void **state) {
    (void)state;
    mica_inspection *const inspection = open_own(0);
    char *const page = written(inspection, MICA_INSPECT_HTML, NULL);
    assert_non_null(strstr(page, "\"cpu\":\"Test \\u003c/script>\""));
    assert_null(strstr(page, "Test </script>"));
    assert_null(strstr(page, "@DATA@"));
    assert_non_null(strstr(page, "default-src 'none'")); /* nothing is loaded from anywhere */
    assert_null(strstr(page, "src="));
    free(page);
    mica_inspection_close(inspection);
}

/* ---- comparing ---- */

static mica_diff *compare(const mica_inspection *a, const mica_inspection *b) {
    mica_diff *diff = NULL;
    if (mica_diff_create(context, a, b, &diff)) fail_msg("%s", mica_context_error(context));
    return diff;
}

static void the_same_profile_does_not_differ(void **state) {
    (void)state;
    mica_inspection *const a = open_own(0), *const b = open_own(0);
    mica_diff *const diff = compare(a, b);
    const mica_diff_row *row;
    size_t count = 0;
    for (; (row = mica_diff_at(diff, count)); count++) {
        assert_true(row->a && row->b && row->ratio == 1 && !row->kernel_changed);
        assert_true(isnan(row->low) || (row->low <= 1 && row->high >= 1));
    }
    assert_int_equal(count, 7);
    assert_null(mica_diff_slower(diff, 0));
    mica_diff_destroy(diff);
    mica_inspection_close(a);
    mica_inspection_close(b);
}

static void a_slower_profile_is_found(void **state) {
    (void)state;
    mica_inspection *const a = open_own(0), *const b = open_own(20000);
    mica_diff *const diff = compare(a, b);
    const mica_diff_row *const slower = mica_diff_slower(diff, 10);
    assert_non_null(slower);
    assert_string_equal(slower->b->name, "Fully Connected (NC, PF32) GEMM #1");
    assert_true(fabs(slower->ratio - 1.5) < 1e-3);
    assert_true(slower->low > 1.1 && slower->low <= slower->ratio && slower->ratio <= slower->high);
    assert_null(mica_diff_slower(diff, 150));
    mica_diff_destroy(diff);
    mica_diff *const back = compare(b, a);
    assert_null(mica_diff_slower(back, 0));
    mica_diff_destroy(back);
    mica_inspection_close(a);
    mica_inspection_close(b);
}

static void nodes_are_joined_across_kernels(void **state) {
    (void)state;
    mica_inspection *const a =
        OPEN({.run = "Execute", .id = "Fully Connected (NC, F32) GEMM #1"}, {.id = "Clamp (NC) #1"},
             {.id = "Fully Connected (NC, F32) GEMM #2"}, {.name = "DELEGATE_CALL"});
    mica_inspection *const b =
        OPEN({.run = "Execute", .id = "Copy (NC, X32) #1"}, {.id = "Fully Connected (NC, PF32) GEMM #1"},
             {.id = "Fully Connected (NC, F32) GEMM #1"}, {.name = "DELEGATE_CALL"});
    mica_diff *const diff = compare(a, b);
    static const struct {
        const char *a, *b;
        bool changed;
    } expected[] = {
        {NULL, "Copy (NC, X32) #1", false},
        {"Fully Connected (NC, F32) GEMM #1", "Fully Connected (NC, PF32) GEMM #1", true},
        {"Fully Connected (NC, F32) GEMM #2", "Fully Connected (NC, F32) GEMM #1", false},
        {"DELEGATE_CALL", "DELEGATE_CALL", false},
        {"Clamp (NC) #1", NULL, false},
    };
    for (size_t i = 0; i < 5; i++) {
        const mica_diff_row *const row = mica_diff_at(diff, i);
        assert_true((row->a != NULL) == (expected[i].a != NULL) && (row->b != NULL) == (expected[i].b != NULL));
        if (row->a) assert_string_equal(row->a->name, expected[i].a);
        if (row->b) assert_string_equal(row->b->name, expected[i].b);
        assert_int_equal(row->kernel_changed, expected[i].changed);
    }
    assert_null(mica_diff_at(diff, 5));
    mica_diff_destroy(diff);
    mica_inspection_close(a);
    mica_inspection_close(b);
}

/* ---- damage ---- */

/* Opens bytes as a profile with a record and goes through everything; false: refused. */
static bool survives(const uint8_t *data, size_t size, const char *record, FILE *nowhere) {
    char *const path = dump_file(data, size);
    mica_inspection *inspection = NULL;
    const mica_inspect_options options = {.size = sizeof options, .record = record, .target = MICA_MS};
    const mica_status status = mica_inspection_open(context, path, &options, &inspection);
    unlink(path);
    free(path);
    if (status != MICA_OK) return false;
    for (mica_inspect_format format = MICA_INSPECT_TSV; format <= MICA_INSPECT_HTML; format++) {
        rewind(nowhere);
        assert_int_equal(mica_inspection_write(inspection, format, NULL, nowhere), MICA_OK);
    }
    mica_diff *const diff = compare(inspection, inspection);
    mica_diff_slower(diff, 1);
    mica_diff_destroy(diff);
    const mica_inspect_group *groups = NULL;
    size_t count = 0;
    assert_int_equal(mica_inspection_group(inspection, "op", &groups, &count), MICA_OK);
    mica_inspection_close(inspection);
    return true;
}

static void damaged_profiles_are_refused_or_shown(void **state) {
    (void)state;
    static const char record[] = MICA_TEST_DATA "/cases/graph/mixed_two_delegates/model.etrecord";
    const dump_event events[] = {
        {.run = "Default", .name = "Method::init", .chain = -1, .end = 1000, .metadata = MACHINE},
        RUN(1000000, 0, NODE, SLOW),
        RUN(2000000, 5, NULL, NULL),
    };
    const dump_bytes good = dump_build(events, sizeof events / sizeof *events);
    uint8_t *const copy = malloc(good.size);
    FILE *const nowhere = tmpfile();
    uint64_t seed = 1;
    size_t shown = 0;
    const size_t trials = 2000;
    for (size_t i = 0; i < trials; i++) {
        memcpy(copy, good.data, good.size);
        for (size_t k = 0; k <= i % 3; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            copy[(seed >> 33) % good.size] = (uint8_t)(seed >> 25);
        }
        shown += survives(copy, good.size, i % 2 ? record : NULL, nowhere);
    }
    assert_in_range(shown, trials / 10, trials - 1);
    fclose(nowhere);
    free(copy);
    free(good.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_the_inspectors),
        cmocka_unit_test(tables_of_all_fixtures_are_the_inspectors),
        cmocka_unit_test(odd_texts_are_quoted_as_python_does),
        cmocka_unit_test(scales_convert),
        cmocka_unit_test(metadata_tells_what_ran),
        cmocka_unit_test(notes_say_how_good_the_sample_is),
        cmocka_unit_test(names_of_the_real_runtime_tell_what_is_packed),
        cmocka_unit_test(rows_are_selected_and_sorted),
        cmocka_unit_test(groups_sum_up),
        cmocka_unit_test(json_holds_everything),
        cmocka_unit_test(csv_has_a_field_per_column),
        cmocka_unit_test(traces_nest),
        cmocka_unit_test(traces_of_the_real_runtime_nest),
        cmocka_unit_test(the_page_holds_its_data_safely),
        cmocka_unit_test(the_same_profile_does_not_differ),
        cmocka_unit_test(a_slower_profile_is_found),
        cmocka_unit_test(nodes_are_joined_across_kernels),
        cmocka_unit_test(damaged_profiles_are_refused_or_shown),
    };
    return cmocka_run_group_tests(tests, create_context, destroy_context);
}
