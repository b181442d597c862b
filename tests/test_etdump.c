/* SPDX-License-Identifier: Apache-2.0
 *
 * ETDumps: read, folded into blocks by the Inspector's rules, and refused when damaged. Statistics to the last bit.
 */
#include "dump.h"

#include <glob.h>
#include <math.h>

#include "base/file.h"
#include "base/number.h"
#include "profile/blocks.h"
#include "profile/statistics.h"

struct folded {
    dump_bytes bytes;
    struct arena arena;
    etdump_file file;
    const profile_block *blocks;
    size_t count;
};

static void fold(struct folded *f, const dump_event *events, size_t count) {
    mica_error error = {0};
    *f = (struct folded){.bytes = dump_build(events, count)};
    arena_init(&f->arena, &memory_default, 0);
    if (etdump_open(f->bytes.data, f->bytes.size, &f->arena, &f->file, &error)) fail_msg("%s", error.text);
    if (profile_fold(&f->file, &f->arena, &f->blocks, &f->count, &error)) fail_msg("%s", error.text);
}
#define FOLD(f, ...)                                                                                                 \
    fold(f, (const dump_event[]){__VA_ARGS__}, sizeof((const dump_event[]){__VA_ARGS__}) / sizeof(dump_event))

static void drop(struct folded *f) {
    arena_free(&f->arena);
    free(f->bytes.data);
}

static void events_read_back(void **state) {
    (void)state;
    struct folded f;
    FOLD(&f, {.run = "Default", .name = "Method::init", .chain = -1, .instruction = 0, .start = 7, .end = 9},
         {.run = "Execute",
          .chain = 2,
          .instruction = 5,
          .id = "Add (ND) #1",
          .start = 1,
          .end = UINT64_MAX,
          .metadata = "{}"});
    assert_int_equal(f.file.count, 2);
    assert_string_equal(f.file.runs[0].name, "Default");
    const etdump_event *const a = f.file.runs[0].events, *const b = f.file.runs[1].events;
    assert_string_equal(a->name, "Method::init");
    assert_null(a->delegate_string);
    assert_int_equal(a->chain, -1);
    assert_int_equal(a->end, 9);
    assert_null(b->name);
    assert_string_equal(b->delegate_string, "Add (ND) #1");
    assert_int_equal(b->chain, 2);
    assert_int_equal(b->instruction, 5);
    assert_int_equal(b->metadata.count, 2);
    assert_true(b->end == UINT64_MAX);
    assert_int_equal(b->delegate_int, -1);
    drop(&f);
}

static void equal_runs_become_one_block(void **state) {
    (void)state;
    struct folded f;
    FOLD(&f, {.run = "Execute", .name = "a", .start = 1, .end = 2}, {.name = "b", .start = 2, .end = 4},
         {.run = "Execute", .name = "a", .start = 10, .end = 15}, {.name = "b", .start = 20, .end = 26},
         {.run = "Execute", .name = "b", .start = 30, .end = 31}, {.name = "a", .start = 31, .end = 32},
         {.run = "Other", .name = "a", .start = 40, .end = 41}, {.name = "b", .start = 41, .end = 42});
    assert_int_equal(f.count, 3); /* another order and another name are blocks of their own */
    assert_int_equal(f.blocks[0].runs, 2);
    assert_int_equal(f.blocks[0].count, 2);
    assert_int_equal(f.blocks[0].events[1].count, 2);
    assert_int_equal(f.blocks[0].events[1].samples[1]->end, 26);
    assert_string_equal(f.blocks[1].events[0].name, "b");
    assert_string_equal(f.blocks[2].name, "Other");
    drop(&f);
}

static void events_of_one_instruction_stand_together(void **state) {
    (void)state;
    struct folded f;
    FOLD(&f, {.run = "Execute", .name = "a", .instruction = 1}, {.name = "b", .instruction = 2},
         {.name = "c", .instruction = 1}, {.name = "ignored", .instruction = 1, .id = "node"},
         {.name = "a", .instruction = 1, .start = 3, .end = 9});
    assert_int_equal(f.blocks[0].count, 4);
    const char *const names[] = {"a", "c", "b", "node"};
    for (size_t i = 0; i < 4; i++) assert_string_equal(f.blocks[0].events[i].name, names[i]);
    assert_int_equal(f.blocks[0].events[0].samples[0]->end, 9); /* of two equal ones the last counts */
    assert_true(f.blocks[0].events[3].delegated);
    assert_false(f.blocks[0].events[0].delegated);
    drop(&f);
}

static double time_of(uint64_t start, uint64_t end, bool delegated, double factor) {
    double time = NAN;
    assert_int_equal(profile_time(&(etdump_event){.start = start, .end = end}, delegated, factor, &time, NULL),
                     MICA_OK);
    return time;
}

static void times_are_scaled_as_the_inspector_does(void **state) {
    (void)state;
    assert_true(time_of(4426251, 4436251, false, 1e6) == 0.01);
    assert_true(time_of(4426251, 4436251, true, 1e6) == 0.010000000000000675);
    assert_true(time_of(UINT32_MAX - 5, 10, false, 1) == 15); /* the clock wrapped */
    assert_true(time_of((1ull << 60) + 1, (1ull << 60) + 4, false, 1) == 3);
    double time = 0;
    mica_error error = {0};
    const etdump_event backwards = {.start = 1ull << 40, .end = 5};
    assert_int_equal(profile_time(&backwards, false, 1, &time, &error), MICA_ERROR_FORMAT);
    assert_non_null(strstr(error.text, "ends at 5"));
}

/* ---- damage ---- */

static mica_status open_and_fold(const uint8_t *data, size_t size, mica_error *error) {
    struct arena arena;
    etdump_file file;
    const profile_block *blocks = NULL;
    size_t count = 0;
    arena_init(&arena, &memory_default, (size_t)64 << 20);
    mica_status status = etdump_open(data, size, &arena, &file, error);
    if (status == MICA_OK) status = profile_fold(&file, &arena, &blocks, &count, error);
    for (size_t b = 0; b < count; b++) assert_non_null(blocks[b].name);
    arena_free(&arena);
    return status;
}

static void refuses(const char *text, const uint8_t *data, size_t size) {
    mica_error error = {0};
    assert_int_equal(open_and_fold(data, size, &error), MICA_ERROR_FORMAT);
    if (!strstr(error.text, text)) fail_msg("%s", error.text);
}

static void damage_is_refused_or_harmless(void **state) {
    (void)state;
    struct file real;
    assert_int_equal(file_map(MICA_TEST_DATA "/cases/graph/mixed_two_delegates/runtime.etdump", &real, NULL),
                     MICA_OK);
    assert_int_equal(open_and_fold(real.data, real.size, NULL), MICA_OK);
    refuses("identifier", (const uint8_t *)"\x14\0\0\0\x08\0\0\0ZZZZ____________", 24);
    uint8_t *const copy = malloc(real.size);
    for (size_t size = 0; size < real.size; size++) {
        uint8_t *const cut = malloc(size + 1);
        memcpy(cut, real.data, size);
        assert_int_equal(open_and_fold(cut, size, NULL), MICA_ERROR_FORMAT);
        free(cut);
    }
    size_t refused = 0;
    for (size_t at = 0; at < real.size; at++) {
        static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
        for (size_t v = 0; v < sizeof values; v++) {
            memcpy(copy, real.data, real.size);
            copy[at] = values[v];
            refused += open_and_fold(copy, real.size, NULL) != MICA_OK;
        }
    }
    assert_in_range(refused, real.size / 4, real.size * 5);
    free(copy);
    file_unmap(&real);
}

static void every_dump_of_the_fixtures_folds(void **state) {
    (void)state;
    const char *const root = getenv("MICA_FIXTURES");
    if (!root) skip();
    char pattern[1024];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*/*/runtime.etdump", root);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct file file;
        mica_error error = {0};
        assert_int_equal(file_map(found.gl_pathv[i], &file, NULL), MICA_OK);
        if (open_and_fold(file.data, file.size, &error)) fail_msg("%s: %s", found.gl_pathv[i], error.text);
        file_unmap(&file);
    }
    globfree(&found);
}

/* ---- statistics: expected values are numpy's, as hexadecimal so that no digit is lost ---- */

static void percentiles_are_numpys(void **state) {
    (void)state;
    const double samples[] = {0.012336, 0.106134, 0.012173, 0.012175, 0.017078};
    double scratch[5];
    const stat_summary s = stat_summarise(samples, 5, scratch);
    assert_true(s.p10 == 0.0121738);
    assert_true(s.p50 == 0.012336);
    assert_true(s.p90 == 0.07051160000000001);
    assert_true(s.avg == 0.0319792);
    assert_true(s.min == 0.012173 && s.max == 0.106134);
    const double one = 0.1;
    const stat_summary single = stat_summarise(&one, 1, scratch);
    assert_true(single.p10 == 0.1 && single.p50 == 0.1 && single.p90 == 0.1 && single.avg == 0.1);
}

/* Sums are pairwise: 0.1 + 0.1 + … one after the other rounds otherwise. */
static void means_are_numpys(void **state) {
    (void)state;
    static const struct {
        size_t count;
        double mean;
    } expected[] = {{7, 0x1.9999999999999p-4},
                    {8, 0x1.999999999999ap-4},
                    {100, 0x1.9999999999998p-4},
                    {1000, 0x1.999999999999bp-4}};
    double samples[1000];
    for (size_t i = 0; i < 1000; i++) samples[i] = 0.1;
    for (size_t i = 0; i < 4; i++) assert_true(stat_mean(samples, expected[i].count) == expected[i].mean);
}

static void intervals_hold_the_median(void **state) {
    (void)state;
    double sorted[20], slower[20];
    stat_interval interval = {0};
    for (size_t i = 0; i < 20; i++) {
        sorted[i] = 1 + (double)i;
        slower[i] = 2 * sorted[i];
    }
    assert_false(stat_median_interval(sorted, STAT_INTERVAL_SAMPLES - 1, &interval));
    assert_true(stat_median_interval(sorted, STAT_INTERVAL_SAMPLES, &interval));
    assert_true(interval.low == 1 && interval.high == 6);
    assert_true(stat_median_interval(sorted, 20, &interval)); /* tables of the binomial: the 6th and the 15th */
    assert_true(interval.low == 6 && interval.high == 15);
    assert_true(stat_ratio_interval(sorted, 20, slower, 20, &interval));
    assert_true(interval.low < 2 && interval.high > 2);
    assert_true(interval.low > 1 && interval.high < 4);
    sorted[5] = 0; /* no logarithm of nothing */
    assert_false(stat_ratio_interval(sorted, 20, slower, 20, &interval));
}

static void numbers_are_pythons(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } expected[] = {
        {0, "0.0"},
        {1, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1e-4, "0.0001"},
        {1e-5, "1e-05"},
        {123456, "123456.0"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {0.07051160000000001, "0.07051160000000001"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {2.5e-7, "2.5e-07"},
        {0x1p-44, "5.684341886080802e-14"}, /* a power of two */
        {0x1p-24, "5.960464477539063e-08"},
    };
    char text[NUMBER_TEXT];
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_string_equal(number_repr(expected[i].value, text), expected[i].text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_read_back),
        cmocka_unit_test(equal_runs_become_one_block),
        cmocka_unit_test(events_of_one_instruction_stand_together),
        cmocka_unit_test(times_are_scaled_as_the_inspector_does),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(every_dump_of_the_fixtures_folds),
        cmocka_unit_test(percentiles_are_numpys),
        cmocka_unit_test(means_are_numpys),
        cmocka_unit_test(intervals_hold_the_median),
        cmocka_unit_test(numbers_are_pythons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
