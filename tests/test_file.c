/* SPDX-License-Identifier: Apache-2.0
 *
 * Mapped files: contents, the empty one, and what is no file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void contents_are_mapped(void **state) {
    (void)state;
    for (size_t size = 0; size < 10000; size = size * 3 + 1) {
        char path[] = "/tmp/mica-file-XXXXXX";
        FILE *const stream = fdopen(mkstemp(path), "w");
        for (size_t i = 0; i < size; i++) fputc((int)(i % 251), stream);
        fclose(stream);
        struct file file;
        assert_int_equal(file_map(path, &file, NULL), MICA_OK);
        unlink(path);
        assert_non_null(file.data);
        assert_int_equal(file.size, size);
        for (size_t i = 0; i < size; i++) assert_int_equal(file.data[i], i % 251);
        file_unmap(&file);
        assert_null(file.data);
    }
}

static void what_is_no_file_is_an_error(void **state) {
    (void)state;
    char pipe[] = "/tmp/mica-pipe-XXXXXX";
    assert_non_null(mkdtemp(pipe));
    assert_int_equal(rmdir(pipe), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    const char *const paths[] = {"/nowhere/model.pte", "/tmp", pipe, "/dev/null"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct file file = {0};
        mica_error error;
        assert_int_equal(file_map(paths[i], &file, &error), MICA_ERROR_IO);
        assert_true(strlen(error.text) > 0);
        assert_null(file.data);
    }
    unlink(pipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_are_mapped),
        cmocka_unit_test(what_is_no_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
