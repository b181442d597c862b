/* SPDX-License-Identifier: Apache-2.0
 *
 * .npy files: what is written is read back, column-major files are put in order, and a file may say anything.
 */
#include "npy.h"
#include "values.h" /* before cmocka.h, which calls a macro fail */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const mica_type all_types[] = {MICA_U8,  MICA_I8,   MICA_I16,  MICA_I32, MICA_I64, MICA_F16, MICA_F32,
                                      MICA_F64, MICA_BOOL, MICA_BF16, MICA_U16, MICA_U32, MICA_U64};

static char path[] = "/tmp/mica_npy_XXXXXX.npy";

static int make_path(void **state) {
    (void)state;
    const int file = mkstemps(path, 4);
    return file < 0 ? -1 : close(file);
}

static int remove_path(void **state) {
    (void)state;
    return unlink(path);
}

static void set_sizes(mica_tensor *tensor, size_t rank, const size_t *sizes) {
    tensor->rank = rank;
    memcpy(tensor->sizes, sizes, rank * sizeof *sizes);
    tensor_c_order(tensor);
}

static void what_is_written_is_read_back(void **state) {
    (void)state;
    static const size_t sizes[] = {2, 3, 1, 5};
    for (size_t t = 0; t < sizeof all_types / sizeof *all_types; t++) {
        for (size_t rank = 0; rank <= 4; rank++) {
            struct fault fault = {0};
            uint64_t seed = t * 10 + rank;
            mica_tensor tensor = {.type = all_types[t]};
            set_sizes(&tensor, rank, sizes);
            tensor.data = malloc(mica_tensor_bytes(&tensor));
            tensor_fill(&tensor, &seed);
            assert_true(npy_write(path, &tensor, &fault));

            held_value read = {0};
            assert_true(value_read_expected(path, &tensor, &read, &fault));
            difference found;
            assert_true(tensor_compare(&read.value.as.tensor, &tensor, 0, 0, &found, &fault));
            assert_true(found.inside);
            assert_memory_equal(read.value.as.tensor.data, tensor.data, mica_tensor_bytes(&tensor));
            held_free(&read);
            free(tensor.data);
        }
    }
}

/* A file of version `version` with this header and `count` bytes 0, 1, 2, …; gives its size. */
static size_t compose(uint8_t *file, int version, const char *header, size_t count) {
    const size_t length = strlen(header), prefix = version == 1 ? 10 : 12;
    memset(file, 0, prefix);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (uint8_t)version;
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + prefix, header, length);
    for (size_t i = 0; i < count; i++) file[prefix + length + i] = (uint8_t)i;
    return prefix + length + count;
}

static void columns_become_rows(void **state) {
    (void)state;
    uint8_t file[256];
    for (int version = 1; version <= 3; version++) {
        const size_t size = compose(file, version, "{'shape': (2, 3), 'fortran_order': True, 'descr': '|u1'}\n", 6);
        struct fault fault = {0};
        mica_tensor columns, rows;
        assert_true(npy_parse(file, size, &columns, &fault));
        uint8_t data[6];
        rows = columns;
        rows.data = data;
        tensor_c_order(&rows);
        tensor_reorder(&rows, &columns);
        assert_memory_equal(data, ((uint8_t[]){0, 2, 4, 1, 3, 5}), 6);
    }
}

static void every_header_that_lies_is_refused(void **state) {
    (void)state;
    static const char *const headers[] = {
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", /* 12 bytes, not 8 */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",  /* no end */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2)}", /* overflows */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2)}", /* rank 19 */
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'a key that is longer than any that there is': 1}",
        "{'descr: '<f4'}",
    };
    uint8_t file[512];
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct fault fault = {0};
        mica_tensor tensor;
        const size_t size = compose(file, 1, headers[i], 8);
        if (npy_parse(file, size, &tensor, &fault)) fail_msg("taken: %s", headers[i]);
        assert_int_equal(fault.exit, EXIT_FAILED);
        assert_true(fault.text[0]);
    }
}

/* Every prefix and every changed byte: an error or a tensor whose bytes are all there. Runs under the sanitizers. */
static void damaged_files_do_no_harm(void **state) {
    (void)state;
    uint8_t whole[256], *exact;
    const size_t size = compose(whole, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }    \n", 8);
    for (size_t cut = 0; cut <= size; cut++) {
        for (int change = 0; change < 5; change++) {
            exact = malloc(cut ? cut : 1); /* so that a read past the end is seen */
            memcpy(exact, whole, cut);
            if (cut) exact[cut - 1] = (uint8_t[]){exact[cut - 1], 0, 0xff, '9', '('}[change];
            struct fault fault = {0};
            mica_tensor tensor;
            if (npy_parse(exact, cut, &tensor, &fault)) {
                assert_true((uint8_t *)tensor.data + mica_tensor_bytes(&tensor) == exact + cut);
            } else {
                assert_true(fault.text[0]);
            }
            free(exact);
        }
    }
    for (size_t at = 0; at < size; at++) {
        for (int byte = 0; byte < 256; byte++) {
            exact = malloc(size);
            memcpy(exact, whole, size);
            exact[at] = (uint8_t)byte;
            struct fault fault = {0};
            mica_tensor tensor;
            if (npy_parse(exact, size, &tensor, &fault)) {
                assert_true((uint8_t *)tensor.data + mica_tensor_bytes(&tensor) == exact + size);
            }
            free(exact);
        }
    }
}

static void halves_round_to_nearest_even(void **state) {
    (void)state;
    static const struct {
        double value;
        uint16_t half, brain;
    } known[] = {{0, 0, 0},
                 {-0.0, 0x8000, 0x8000},
                 {1, 0x3c00, 0x3f80},
                 {-2, 0xc000, 0xc000},
                 {65504, 0x7bff, 0x4780},
                 {65520, 0x7c00, 0x4780},
                 {0x1p-24, 1, 0x3380},
                 {0x1p-25, 0, 0x3300},
                 {0x1.8p-25, 1, 0x3340},
                 {0x1.ff8p-15, 0x03ff, 0x3880},
                 {1 + 0x1p-11, 0x3c00, 0x3f80},
                 {1 + 0x3p-11, 0x3c02, 0x3f80}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint16_t bits = 0;
        mica_tensor tensor = {.type = MICA_F16, .data = &bits};
        tensor_set(&tensor, 0, known[i].value);
        assert_int_equal(bits, known[i].half);
        tensor.type = MICA_BF16;
        tensor_set(&tensor, 0, known[i].value);
        assert_int_equal(bits, known[i].brain);
    }
    for (uint32_t half = 0; half < 0x10000; half++) { /* all that are numbers come back */
        uint16_t bits = (uint16_t)half;
        if ((half & 0x7fff) > 0x7c00) continue;
        mica_tensor tensor = {.type = MICA_F16, .data = &bits};
        tensor_set(&tensor, 0, tensor_get(&tensor, 0));
        assert_int_equal(bits, half);
    }
}

static void a_difference_is_judged_element_by_element(void **state) {
    (void)state;
    const float inf = __builtin_inff(), nan = __builtin_nanf("");
    const struct {
        float got[4], want[4];
        bool inside;
    } known[] = {
        {{1, 2, 3, 4}, {1, 2, 3, 4}, true},       {{1, 2, 3, 4.2f}, {1, 2, 3, 4}, true},
        {{1, 2, 3, 4.6f}, {1, 2, 3, 4}, false},   {{inf, nan, -inf, 0}, {inf, nan, -inf, -0.0f}, true},
        {{inf, 2, 3, 4}, {1, 2, 3, 4}, false},    {{1, 2, 3, 4}, {inf, 2, 3, 4}, false},
        {{inf, 2, 3, 4}, {-inf, 2, 3, 4}, false}, {{nan, 2, 3, 4}, {1, 2, 3, 4}, false},
        {{1, 2, 3, 4}, {nan, 2, 3, 4}, false},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct fault fault = {0};
        mica_tensor got = {.type = MICA_F32, .rank = 1, .sizes = {4}, .data = (void *)known[i].got}, want = got;
        want.data = (void *)known[i].want;
        difference found;
        assert_true(tensor_compare(&got, &want, 0.1, 0.1, &found, &fault));
        assert_int_equal(found.inside, known[i].inside);
        want.sizes[0] = 3;
        assert_false(tensor_compare(&got, &want, 1, 1, &found, &fault));
    }
    int64_t a = INT64_MAX, b = INT64_MAX - 1; /* the same double */
    struct fault fault = {0};
    mica_tensor got = {.type = MICA_I64, .data = &a}, want = {.type = MICA_I64, .data = &b};
    difference found;
    assert_true(tensor_compare(&got, &want, 0, 0, &found, &fault));
    assert_false(found.inside);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read_back, make_path, remove_path),
        cmocka_unit_test(columns_become_rows),
        cmocka_unit_test(every_header_that_lies_is_refused),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(a_difference_is_judged_element_by_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
