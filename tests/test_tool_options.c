/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line parser: every spelling, repeated options and their groups, and what is refused.
 */
#include "options.h" /* before cmocka.h, which calls a macro fail */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct values {
    const char *text, *maybe;
    size_t size, choice, calls;
    double real;
    bool flag, enabled;
    option_sizes sizes;
    option_list list, arguments;
};

/* Parses words separated by spaces. */
static bool parse(const char *words, struct values *values, bool *help, struct fault *fault) {
    static const char *const choices[] = {"table", "json", NULL};
    const struct option options[] = {
        {.kind = KIND_TEXT, .name = "model-path", .alias = "m", .value = "M", .target = &values->text, .help = ""},
        MAYBE("require", "P", values->maybe, ""),
        SIZE("num-executions", "N", 1, values->size, ""),
        REAL("atol", "X", values->real, ""),
        FLAG("quiet", values->flag, ""),
        SWITCH("bias", values->enabled, ""),
        LIST("input", "F", values->list, ""),
        NEXT("call", values->calls, ""),
    };
    const struct option common[] = {
        CHOICE("format", choices, values->choice, ""),
        SIZES("cpu-threads", "N", values->sizes, ""),
    };
    const command_line line = {.name = "test",
                               .synopsis = "",
                               .summary = "",
                               .options = options,
                               .option_count = sizeof options / sizeof *options,
                               .common = common,
                               .common_count = sizeof common / sizeof *common,
                               .arguments = &values->arguments};
    static char copy[512];
    char *arguments[32];
    int count = 0;
    strcpy(copy, words);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) arguments[count++] = word;
    *values = (struct values){.enabled = true};
    *help = false;
    return options_parse(&line, count, arguments, help, fault);
}

static void release(struct values *values) {
    option_list_free(&values->list);
    option_list_free(&values->arguments);
}

static void all_spellings_mean_the_same(void **state) {
    (void)state;
    static const char *const spellings[] = {
        "--model-path x --num-executions 7",
        "--model-path=x --num-executions=7",
        "-model_path x -num_executions 7",
        "-model_path=x -num_executions=7",
        "--model_path=x --num_executions 7",
        "-m x -num-executions 7",
        "--num-executions 3 -m y --num-executions 7 -m x",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct fault fault = {0};
        struct values values;
        bool help;
        assert_true(parse(spellings[i], &values, &help, &fault));
        assert_string_equal(values.text, "x");
        assert_int_equal(values.size, 7);
        assert_int_equal(values.arguments.count, 0);
        release(&values);
    }
}

static void every_kind_is_understood(void **state) {
    (void)state;
    struct fault fault = {0};
    struct values values;
    bool help;
    assert_true(
        parse("a --quiet --no-bias --atol 1e-3 --format json --cpu-threads 1,2,16 --require --input -3 - -- --b",
              &values, &help, &fault));
    assert_true(values.flag);
    assert_false(values.enabled);
    assert_true(values.real == 1e-3);
    assert_int_equal(values.choice, 1);
    assert_int_equal(values.sizes.count, 3);
    assert_int_equal(values.sizes.items[2], 16);
    assert_string_equal(values.maybe, "");
    assert_string_equal(values.list.items[0].text, "-3");
    assert_int_equal(values.arguments.count, 3);
    assert_string_equal(values.arguments.items[1].text, "-");
    assert_string_equal(values.arguments.items[2].text, "--b");
    release(&values);
    assert_true(parse("--require=Conv* --bias --help --nonsense", &values, &help, &fault));
    assert_string_equal(values.maybe, "Conv*");
    assert_true(values.enabled && help);
    release(&values);
}

static void repeated_options_keep_their_call(void **state) {
    (void)state;
    struct fault fault = {0};
    struct values values;
    bool help;
    assert_true(parse("--input a --input b --call --call --input c", &values, &help, &fault));
    assert_int_equal(values.calls, 2);
    assert_int_equal(values.list.count, 3);
    assert_int_equal(values.list.items[1].group, 0);
    assert_int_equal(values.list.items[2].group, 2);
    release(&values);
}

static void what_is_wrong_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "--nonsense",
        "-n 3",
        "--model-path",
        "--num-executions 0",
        "--num-executions -1",
        "--num-executions 1x",
        "--atol x",
        "--atol -1",
        "--atol nan",
        "--format xml",
        "--quiet=1",
        "--call=1",
        "--no-quiet",
        "--cpu-threads 0",
        "--cpu-threads 1,,2",
        "--cpu-threads 1,",
        "--no-bias=yes",
        "--model-pathx y",
        "--model y",
        "--=x",
        "--num-executions 99999999999999999999999",
        "--cpu-threads 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct fault fault = {0};
        struct values values;
        bool help;
        if (parse(wrong[i], &values, &help, &fault)) fail_msg("taken: %s", wrong[i]);
        assert_int_equal(fault.exit, EXIT_USAGE);
        assert_null(strchr(fault.text, '\n'));
        release(&values);
    }
}

static void shapes_are_read_whole(void **state) {
    (void)state;
    size_t sizes[3], rank;
    assert_true(parse_shape("2x3x4", 3, sizes, &rank));
    assert_int_equal(rank, 3);
    assert_int_equal(sizes[2], 4);
    assert_true(parse_shape("", 3, sizes, &rank));
    assert_int_equal(rank, 0);
    static const char *const wrong[] = {"x",   "2x", "x2", "2xx3", "1x2x3x4", "2,3", "-1", "99999999999999999999999",
                                        "2x3 "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(parse_shape(wrong[i], 3, sizes, &rank));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_spellings_mean_the_same),
        cmocka_unit_test(every_kind_is_understood),
        cmocka_unit_test(repeated_options_keep_their_call),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(shapes_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
