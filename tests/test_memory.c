/* SPDX-License-Identifier: Apache-2.0
 *
 * Arenas: alignment, zeroing, limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/memory.h"

static void allocations_are_aligned_and_zeroed(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, &memory_default, 0);
    for (size_t size = 0; size < 100000; size = size * 2 + 1) {
        void *memory;
        assert_int_equal(arena_allocate(&arena, size, &memory, NULL), MICA_OK);
        assert_int_equal((uintptr_t)memory % MEMORY_ALIGNMENT, 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(((char *)memory)[i], 0);
        for (size_t i = 0; i < size; i++) ((char *)memory)[i] = 1;
    }
    arena_free(&arena);
}

static void a_limit_holds(void **state) {
    (void)state;
    struct arena arena;
    mica_error error;
    arena_init(&arena, &memory_default, 1024);
    void *memory;
    assert_int_equal(arena_allocate(&arena, 1000, &memory, &error), MICA_OK);
    assert_int_equal(arena_allocate(&arena, 1, &memory, &error), MICA_ERROR_LIMIT);
    assert_int_equal(arena_array(&arena, SIZE_MAX / 2, 4, &memory, &error), MICA_ERROR_LIMIT);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_zeroed),
        cmocka_unit_test(a_limit_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
