/* SPDX-License-Identifier: Apache-2.0
 *
 * The probe against what the system says, and the order of the levels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

static void each_level_allows_the_weaker_ones(void **state) {
    (void)state;
    assert_string_equal(cpu_levels[0].name, "reference");
    assert_int_equal(cpu_levels[0].features, 0);
    for (size_t i = 1; i < cpu_level_count; i++) {
        const cpu_level *const level = &cpu_levels[i];
        const bool first = strcmp(level->architecture, cpu_levels[i - 1].architecture) != 0;
        assert_int_equal(level->needs & ~level->features, 0);
        if (first) continue;
        /* AVX-512 is no superset of AVX-VNNI on real CPUs, though it is the stronger level. */
        if (strcmp(level->name, "avx512") == 0) continue;
        assert_int_equal(cpu_levels[i - 1].features & ~level->features, 0);
    }
}

static void levels_are_found_by_name_and_features(void **state) {
    (void)state;
    for (size_t i = 0; i < cpu_level_count; i++) {
        const cpu_level *const level = &cpu_levels[i];
        assert_ptr_equal(cpu_level_find(level->name), level);
        assert_ptr_equal(cpu_level_of(level->needs), level);
        assert_ptr_equal(cpu_level_needed(level->features), level);
        assert_string_equal(mica_isa_name(i), level->name);
        assert_string_equal(mica_isa_architecture(level->name), level->architecture);
    }
    assert_null(cpu_level_find("sse9"));
    assert_null(mica_isa_name(cpu_level_count));
    assert_null(mica_isa_architecture("sse9"));
    assert_false(mica_isa_available("sse9"));
    assert_null(cpu_level_needed(CPU_AVX2 | CPU_NEON));

    const cpu_features ice_lake = CPU_AVX2 | CPU_AVX512 | CPU_AVX512VNNI; /* has no AVX-VNNI */
    assert_string_equal(cpu_level_of(ice_lake)->name, "avx512vnni");
    assert_string_equal(cpu_level_of(CPU_NEON | CPU_SVE)->name, "neon");
}

static void a_level_of_this_cpu_is_available(void **state) {
    (void)state;
    const cpu_level *const best = cpu_level_of(cpu_detect());
    for (size_t i = 0; i < cpu_level_count; i++) {
        const bool here = strcmp(cpu_levels[i].architecture, "any") == 0 ||
                          strcmp(cpu_levels[i].architecture, cpu_architecture()) == 0;
        if (!here || &cpu_levels[i] > best) assert_false(mica_isa_available(cpu_levels[i].name));
    }
    assert_true(mica_isa_available("reference"));
    assert_true(mica_isa_available(best->name));
}

/* Linux prints the flags that the CPU has and that it supports itself. */
static void the_probe_agrees_with_the_system(void **state) {
    (void)state;
    static char flags[16384];
    FILE *const file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(flags, sizeof flags, file) && strncmp(flags, "flags", 5) != 0) {
    }
    if (file) fclose(file);
    if (strcmp(cpu_architecture(), "x86-64") != 0 || strncmp(flags, "flags", 5) != 0) skip();
    const struct {
        const char *flag;
        cpu_features feature;
    } rows[] = {{" avx2 ", CPU_AVX2},
                {" avx_vnni ", CPU_AVXVNNI},
                {" avx512bw ", CPU_AVX512},
                {" avx512_vnni ", CPU_AVX512VNNI},
#ifndef MICA_EMULATE_FP16
                {" avx512_fp16 ", CPU_AVX512FP16},
#endif
    };
    flags[strcspn(flags, "\n")] = ' ';
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(strstr(flags, rows[i].flag) != NULL, (cpu_detect() & rows[i].feature) != 0);
    }
}

static void cores_follow_the_affinity(void **state) {
    (void)state;
    assert_in_range(cpu_physical_cores(), 1, cpu_hardware_threads());
    cpu_set_t before, one;
    if (sched_getaffinity(0, sizeof before, &before) != 0) skip();
    size_t first = 0;
    while (!CPU_ISSET(first, &before)) first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(cpu_hardware_threads(), 1);
    assert_int_equal(cpu_physical_cores(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static void the_description_is_complete(void **state) {
    (void)state;
    mica_cpu_info info;
    mica_cpu_query(&info);
    assert_string_equal(info.architecture, cpu_architecture());
    assert_true(mica_isa_available(info.isa));
    assert_true(strlen(info.model) > 0);
    assert_int_equal(info.cores, cpu_physical_cores());
    assert_in_range(info.vector_bits, 128, 2048);
    for (unsigned level = 1; level <= 3; level++) assert_in_range(cpu_cache_bytes(level), 4096, (size_t)1 << 32);
    if (info.cache_l2) assert_int_equal(info.cache_l2, cpu_cache_bytes(2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_allows_the_weaker_ones), cmocka_unit_test(levels_are_found_by_name_and_features),
        cmocka_unit_test(a_level_of_this_cpu_is_available),  cmocka_unit_test(the_probe_agrees_with_the_system),
        cmocka_unit_test(cores_follow_the_affinity),         cmocka_unit_test(the_description_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
