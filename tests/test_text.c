/* SPDX-License-Identifier: Apache-2.0
 *
 * Names from files: what is text, and lists searched by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "format/text.h"

static bool is_name(const char *text) { return text_is_name(text, strlen(text)); }

static void text_is_text(void **state) {
    (void)state;
    assert_true(is_name(""));
    assert_true(is_name("layers.0.weight"));
    assert_true(is_name("größe"));
    assert_true(is_name("\u20ac and \U0001F600"));
    assert_true(is_name("\u00a0")); /* the first behind the second block of control characters */
    assert_false(is_name("two\nlines"));
    assert_false(is_name("\x1b[2J"));
    assert_false(is_name("\x7f"));
    assert_false(is_name("\xc2\x9b")); /* a control sequence in one character */
    assert_false(text_is_name("a\0b", 3));
    assert_false(is_name("\x80")); /* a continuation without beginning */
    assert_false(is_name("\xc3")); /* and the reverse */
    assert_false(is_name("\xe2\x82"));
    assert_false(is_name("\xe2\x28\xa1"));
    assert_false(is_name("\xc1\xa1")); /* longer than need be */
    assert_false(is_name("\xe0\x80\xaf"));
    assert_false(is_name("\xed\xa0\x80"));     /* half of a surrogate pair */
    assert_false(is_name("\xf4\x90\x80\x80")); /* beyond Unicode */
    assert_false(is_name("\xff"));
}

static void names_have_a_length(void **state) {
    (void)state;
    char long_name[TEXT_MAX_NAME + 1];
    memset(long_name, 'x', sizeof long_name);
    assert_true(text_is_name(long_name, TEXT_MAX_NAME));
    assert_false(text_is_name(long_name, TEXT_MAX_NAME + 1));
}

static void names_are_found(void **state) {
    (void)state;
    struct item {
        const char *name;
        int number;
    } items[] = {{"b", 2}, {"", 0}, {"ab", 1}, {"\xc3\xa4", 5}, {"c", 4}, {"bb", 3}};
    const size_t count = sizeof items / sizeof *items;
    text_sort(items, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(items[i].number, i);
        assert_ptr_equal(text_find(items[i].name, strlen(items[i].name), items, count, sizeof *items), &items[i]);
    }
    assert_ptr_equal(text_find("bbb", 2, items, count, sizeof *items), &items[3]);
    assert_null(text_find("bbb", 3, items, count, sizeof *items));
    assert_null(text_find("a", 1, items, count, sizeof *items));
    assert_null(text_find("a", 1, NULL, 0, sizeof *items));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_text),
        cmocka_unit_test(names_have_a_length),
        cmocka_unit_test(names_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
