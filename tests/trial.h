/* SPDX-License-Identifier: Apache-2.0
 *
 * One operator tried at every level, instruction set and thread count of this machine, through the public API:
 * operands with random contents, outputs against what the test expects, element by element.
 */
#ifndef TESTS_TRIAL_H
#define TESTS_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cpu.h"
#include "base/half.h"
#include "mica/mica.h"

/* ---- random numbers, from a seed that is printed ---- */

static uint64_t trial_seed = 1;

static inline uint32_t random_u32(void) {
    trial_seed = trial_seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(trial_seed >> 33);
}
static inline size_t random_below(size_t bound) { return random_u32() % bound; }
static inline float random_float(float low, float high) {
    return low + (high - low) * ((float)random_u32() * 0x1p-31f);
}

/* ---- operands ---- */

static inline size_t operand_count(const mica_operand *operand) {
    size_t count = 1;
    for (size_t i = 0; i < operand->rank; i++) count *= operand->dims[i];
    return count;
}

static inline size_t operand_size(const mica_operand *operand) {
    switch (operand->type) {
    case MICA_OPERAND_F16: return 2;
    case MICA_OPERAND_QINT8:
    case MICA_OPERAND_QCINT8: return 1;
    default: return 4;
    }
}

/* Element `index` as the real number that it stands for; integers without a scale as they are. */
static inline double operand_value(const mica_operand *operand, const void *memory, size_t index) {
    switch (operand->type) {
    case MICA_OPERAND_F32: return ((const float *)memory)[index];
    case MICA_OPERAND_F16: return float_of_f16(((const uint16_t *)memory)[index]);
    case MICA_OPERAND_QINT8:
        return (float)(((const int8_t *)memory)[index] - operand->zero_point) * operand->scale;
    case MICA_OPERAND_QCINT8: return ((const int8_t *)memory)[index];
    default: return ((const int32_t *)memory)[index];
    }
}

static inline void operand_fill(const mica_operand *operand, void *memory, float low, float high) {
    for (size_t i = 0; i < operand_count(operand); i++) {
        const float x = random_float(low, high);
        switch (operand->type) {
        case MICA_OPERAND_F32: ((float *)memory)[i] = x; break;
        case MICA_OPERAND_F16: ((uint16_t *)memory)[i] = f16_of_float(x); break;
        case MICA_OPERAND_QINT8: ((int8_t *)memory)[i] = (int8_t)(random_u32() % 256 - 128); break;
        case MICA_OPERAND_QCINT8: ((int8_t *)memory)[i] = (int8_t)(random_u32() % 255 - 127); break;
        default: ((int32_t *)memory)[i] = (int32_t)(random_u32() % 2001) - 1000; break;
        }
    }
}

/* ---- trials ---- */

typedef struct trial {
    mica_operation operation;
    mica_operand inputs[MICA_OPERATION_MAX_INPUTS], output;
    void *memory[MICA_OPERATION_MAX_INPUTS]; /* exactly as large as needed, so that sanitizers see overruns */
    double *expected, *bound;                /* per output element, in real values */
    size_t count;                            /* output elements */
    char what[128];                          /* for failures */
} trial;

static inline mica_operand *trial_input(trial *t, mica_operand_type type, size_t rank, const size_t *dims, float low,
                                        float high) {
    const size_t index = t->operation.input_count++;
    mica_operand *const operand = &t->inputs[index];
    *operand =
        (mica_operand){.type = type, .rank = rank, .scale = 0.02f, .zero_point = (int32_t)random_below(41) - 20};
    memcpy(operand->dims, dims, rank * sizeof *dims);
    t->operation.inputs[index] = operand;
    t->memory[index] = malloc(operand_count(operand) * operand_size(operand));
    operand_fill(operand, t->memory[index], low, high);
    return operand;
}

static inline mica_operand *trial_output(trial *t, mica_operand_type type, size_t rank, const size_t *dims) {
    t->output =
        (mica_operand){.type = type, .rank = rank, .scale = 0.03f, .zero_point = (int32_t)random_below(41) - 20};
    memcpy(t->output.dims, dims, rank * sizeof *dims);
    t->operation.output = &t->output;
    t->count = operand_count(&t->output);
    t->expected = calloc(t->count + 1, sizeof *t->expected);
    t->bound = calloc(t->count + 1, sizeof *t->bound);
    return &t->output;
}

static inline trial trial_new(mica_operation_kind kind) {
    return (trial){.operation = {.kind = kind, .output_min = -INFINITY, .output_max = INFINITY}};
}

static inline void trial_free(trial *t) {
    for (size_t i = 0; i < t->operation.input_count; i++) free(t->memory[i]);
    free(t->expected);
    free(t->bound);
}

static inline double trial_value(const trial *t, size_t input, size_t index) {
    return operand_value(&t->inputs[input], t->memory[input], index);
}

/* Expects `value` rounded to the output's type: `ulps` of f32 around it before that rounding. */
static inline void trial_expect(trial *t, size_t index, double value, double ulps) {
    const double arithmetic = ulps * fmax(fabs(value) * 0x1p-23, 0x1p-149);
    double rounding = 0;
    if (t->output.type == MICA_OPERAND_F16) rounding = fmax(fabs(value) * 0x1p-11, 0x1p-25);
    if (t->output.type == MICA_OPERAND_QINT8) {
        const double scale = t->output.scale, zero = t->output.zero_point;
        value = fmin(fmax(value, (-128 - zero) * scale), (127 - zero) * scale);
        rounding = 0.5001 * scale;
    }
    t->expected[index] = value;
    t->bound[index] = arithmetic + rounding;
}

/* One way to run. */
typedef struct setting {
    const char *isa;
    mica_kernels kernels;
    size_t threads;
} setting;

static inline size_t trial_settings(setting *settings, size_t capacity) {
    size_t count = 0;
    settings[count++] = (setting){NULL, MICA_KERNELS_REFERENCE, 1};
    settings[count++] = (setting){NULL, MICA_KERNELS_STANDARD, 1};
    settings[count++] = (setting){NULL, MICA_KERNELS_AUTO, 3};
    for (size_t i = 0; i < cpu_level_count && count < capacity; i++) {
        if (mica_isa_available(cpu_levels[i].name)) {
            settings[count++] = (setting){cpu_levels[i].name, MICA_KERNELS_AUTO, 1};
        }
    }
    return count;
}

static inline mica_context *trial_context(const setting *how) {
    const mica_context_options options = {
        .size = sizeof options, .threads = how->threads, .isa = how->isa, .kernels = how->kernels};
    mica_context *context = NULL;
    assert_int_equal(mica_context_create(&options, &context), MICA_OK);
    return context;
}

static inline void trial_run(const trial *t, const setting *how, void *output) {
    mica_context *const context = trial_context(how);
    mica_operator *op = NULL;
    if (mica_operator_create(context, &t->operation, &op) != MICA_OK) {
        fail_msg("%s %s: %s", mica_operation_name(t->operation.kind), t->what, mica_context_error(context));
    }
    const void *inputs[MICA_OPERATION_MAX_INPUTS] = {0};
    for (size_t i = 0; i < t->operation.input_count; i++) {
        inputs[i] = t->operation.inputs[i] ? t->memory[i] : NULL;
    }
    assert_int_equal(mica_operator_run(op, inputs, output), MICA_OK);
    mica_operator_destroy(op);
    mica_context_destroy(context);
}

/* Runs in every setting; compares with `expected` within `bound`. Integer outputs and, on one instruction set, all
 * thread counts give the same bits. Frees the trial. */
static inline void trial_check(trial *t) {
    setting settings[24];
    const size_t count = trial_settings(settings, 24), bytes = t->count * operand_size(&t->output);
    void *const first = malloc(bytes), *const output = malloc(bytes);
    for (size_t s = 0; s < count; s++) {
        memset(output, 0x5a, bytes);
        trial_run(t, &settings[s], output);
        if (s == 0) memcpy(first, output, bytes);
        for (size_t i = 0; i < t->count; i++) {
            const double got = operand_value(&t->output, output, i), wanted = t->expected[i];
            const bool same = isnan(wanted) ? isnan(got) : got == wanted || fabs(got - wanted) <= t->bound[i];
            if (!same) {
                fail_msg("%s %s, isa %s, level %d: element %zu is %.9g, not %.9g ± %.2g",
                         mica_operation_name(t->operation.kind), t->what, settings[s].isa ? settings[s].isa : "auto",
                         settings[s].kernels, i, got, wanted, t->bound[i]);
            }
        }
        if (t->output.type == MICA_OPERAND_QINT8) assert_memory_equal(first, output, bytes);
    }
    const setting one = {NULL, MICA_KERNELS_AUTO, 1}, four = {NULL, MICA_KERNELS_AUTO, 4};
    trial_run(t, &one, first);
    trial_run(t, &four, output);
    assert_memory_equal(first, output, bytes);
    free(first);
    free(output);
    trial_free(t);
}

#endif
