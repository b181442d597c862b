/* SPDX-License-Identifier: Apache-2.0
 *
 * Damaged programs through the whole runtime: opened, loaded, run. Each is refused or runs; under a sanitizer nothing is
 * read or written where it must not be.
 */
#include "places.h"

#include "base/file.h"
#include "format/program_schema.h"
#include "mica/mica.h"

static mica_context *context;

/* Runs every method twice, on inputs of zeros. */
static void run_all(const mica_program *program) {
    for (size_t m = 0; m < mica_program_method_count(program); m++) {
        mica_method *method = NULL;
        if (mica_method_load(context, program, mica_program_method_name(program, m), &method) != MICA_OK) continue;
        const size_t count = mica_program_input_count(program, m);
        void **const inputs = calloc(count + 1, sizeof(void *));
        assert_non_null(inputs);
        bool set = true;
        for (size_t i = 0; i < count && set; i++) {
            mica_value_info info;
            assert_int_equal(mica_program_input_info(program, m, i, &info), MICA_OK);
            mica_value value = info.constant;
            if (info.kind == MICA_TENSOR) {
                value = (mica_value){.kind = MICA_TENSOR, .as.tensor = {.type = info.type, .rank = info.rank}};
                memcpy(value.as.tensor.sizes, info.sizes, sizeof info.sizes);
                memcpy(value.as.tensor.dim_order, info.dim_order, sizeof info.dim_order);
                const size_t bytes = mica_tensor_bytes(&value.as.tensor);
                set = bytes < (1 << 24);
                if (set) value.as.tensor.data = inputs[i] = calloc(1, bytes + 1);
            }
            set = set && mica_method_set_input(method, i, &value) == MICA_OK;
        }
        for (size_t run = 0; run < 2 && set; run++) {
            if (mica_method_run(method) != MICA_OK) {
                assert_string_not_equal(mica_context_error(context), "");
                continue;
            }
            for (size_t i = 0; i < mica_program_output_count(program, m); i++) {
                mica_value value;
                const mica_status status = mica_method_output(method, i, &value);
                if (status != MICA_OK || value.kind != MICA_TENSOR) continue;
                uint8_t sum = 0; /* every byte can be read */
                for (size_t k = 0; k < mica_tensor_bytes(&value.as.tensor); k++) {
                    sum ^= ((const uint8_t *)value.as.tensor.data)[k];
                }
                (void)sum;
            }
        }
        mica_method_destroy(method);
        for (size_t i = 0; i < count; i++) free(inputs[i]);
        free(inputs);
    }
}

static void try_bytes(uint8_t *bytes, size_t size, void *user) {
    (void)user;
    mica_program *program = NULL;
    if (mica_program_open_memory(context, bytes, size, NULL, &program) != MICA_OK) return;
    run_all(program);
    mica_program_close(program);
}

/* Programs of portable kernels and of delegates, with state, branches, dynamic shapes and several methods. */
static const char *const folders[] = {
    "graph/cond_on_data",
    "graph/state_counter_portable",
    "graph/mixed_two_delegates",
    "graph/dynamic_bmm",
    "bmm/pf16_matvec_9x30",
    "graph/methods_forward_encode_decode",
    "graph/nested_inputs_outputs",
    "linear/addmm_7x40x21",
    "graph/bool_uint8_int8_in",
    "conv2d/pqs8_3to6_k3_16x16_pertensor",
    "conv2d/qs8_pc_dw3_pad1_c12",
    "conv2d/f32_k3_groups2",
    "linear/qp8_f32_qb4w_g32_2x7x64x40",
};

static struct file map_model(const char *folder) {
    char path[1024];
    snprintf(path, sizeof path, MICA_TEST_DATA "/cases/%s/model.pte", folder);
    struct file file;
    assert_int_equal(file_map(path, &file, NULL), MICA_OK);
    return file;
}

static void every_field_damaged(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct file file = map_model(folders[i]);
        struct places places = places_find(file.data, file.data, &pte_program_schema);
        assert_true(places_damage(&places, file.size, i + 1, try_bytes, NULL) > 1000);
        free(places.list);
        file_unmap(&file);
    }
}

static void truncated_anywhere(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct file file = map_model(folders[i]);
        for (size_t size = 0; size < file.size; size += 64) {
            uint8_t *const copy = malloc(size + 1);
            assert_non_null(copy);
            memcpy(copy, file.data, size);
            try_bytes(copy, size, NULL);
            free(copy);
        }
        file_unmap(&file);
    }
}

/* Two to nine random bytes, most of them in the program's tables. */
static void random_bytes(void **state) {
    (void)state;
    uint64_t seed = 20240229;
    for (size_t round = 0; round < 3000; round++) {
        struct file file = map_model(folders[round % (sizeof folders / sizeof *folders)]);
        uint8_t *const copy = malloc(file.size);
        assert_non_null(copy);
        memcpy(copy, file.data, file.size);
        for (size_t k = 0; k < 2 + round % 8; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const size_t room = seed >> 62 ? (file.size < 4096 ? file.size : 4096) : file.size;
            copy[(seed >> 20) % room] = (uint8_t)(seed >> 54);
        }
        try_bytes(copy, file.size, NULL);
        free(copy);
        file_unmap(&file);
    }
}

static int set_up(void **state) {
    (void)state;
    const mica_context_options options = {.size = sizeof options, .threads = 1, .memory_limit = 1 << 26};
    return mica_context_create(&options, &context) != MICA_OK;
}

static int tear_down(void **state) {
    (void)state;
    mica_context_destroy(context);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_damaged),
        cmocka_unit_test(truncated_anywhere),
        cmocka_unit_test(random_bytes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
