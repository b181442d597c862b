/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators over images and rows: pooling, resizing, softmax, against their definitions in double.
 */
#include "trial.h"

#include "operator/operator.h"

/* ---- softmax ---- */

static void softmax_rows_sum_to_one(void **state) {
    (void)state;
    static const size_t shapes[][3] = {{1, 1, 1},    {2, 3, 5},    {1, 2, 16}, {3, 5, 33},
                                       {1, 2, 1000}, {4, 64, 197}, {2, 0, 3}};
    static const mica_operand_type types[] = {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_QINT8};
    for (size_t n = 0; n < 21; n++) {
        trial t = trial_new(MICA_SOFTMAX);
        const size_t *const dims = shapes[n / 3], width = dims[2];
        trial_input(&t, types[n % 3], 3, dims, n % 2 ? -5 : -80, n % 2 ? 5 : 80);
        trial_output(&t, types[n % 3], 3, dims);
        for (size_t row = 0; row < t.count; row += width) {
            double high = -INFINITY, sum = 0;
            for (size_t i = row; i < row + width; i++) high = fmax(high, trial_value(&t, 0, i));
            for (size_t i = row; i < row + width; i++) sum += exp(trial_value(&t, 0, i) - high);
            for (size_t i = row; i < row + width; i++) { /* exponential, sum in any order, quotient */
                trial_expect(&t, i, exp(trial_value(&t, 0, i) - high) / sum, 6 + log2((double)width));
                t.bound[i] += 0x1p-22 * fabs(trial_value(&t, 0, i) - high) * t.expected[i]; /* of the difference */
            }
        }
        snprintf(t.what, sizeof t.what, "type %d, rows of %zu", types[n % 3], width);
        trial_check(&t);
    }
}

/* ---- windows ---- */

static void random_window(trial *t, const size_t *image, bool dilated) {
    for (;;) {
        t->operation.as.window.kernel_height = 1 + (uint32_t)random_below(4);
        t->operation.as.window.kernel_width = 1 + (uint32_t)random_below(4);
        t->operation.as.window.stride_height = 1 + (uint32_t)random_below(3);
        t->operation.as.window.stride_width = 1 + (uint32_t)random_below(3);
        t->operation.as.window.dilation_height = dilated ? 1 + (uint32_t)random_below(2) : 1;
        t->operation.as.window.dilation_width = dilated ? 1 + (uint32_t)random_below(2) : 1;
        t->operation.as.window.padding_top = (uint32_t)random_below(t->operation.as.window.kernel_height);
        t->operation.as.window.padding_bottom = (uint32_t)random_below(t->operation.as.window.kernel_height);
        t->operation.as.window.padding_left = (uint32_t)random_below(t->operation.as.window.kernel_width);
        t->operation.as.window.padding_right = (uint32_t)random_below(t->operation.as.window.kernel_width);
        const size_t height = image[1] + t->operation.as.window.padding_top + t->operation.as.window.padding_bottom;
        const size_t width = image[2] + t->operation.as.window.padding_left + t->operation.as.window.padding_right;
        if ((t->operation.as.window.kernel_height - 1) * t->operation.as.window.dilation_height + 1 <= height &&
            (t->operation.as.window.kernel_width - 1) * t->operation.as.window.dilation_width + 1 <= width) {
            return;
        }
    }
}

static size_t window_extent(size_t size, size_t padding, size_t kernel, size_t stride, size_t dilation) {
    return (size + padding - ((kernel - 1) * dilation + 1)) / stride + 1;
}

static void window_dims(const trial *t, const size_t *image, size_t *out) {
    out[0] = image[0];
    out[1] = window_extent(image[1], t->operation.as.window.padding_top + t->operation.as.window.padding_bottom,
                           t->operation.as.window.kernel_height, t->operation.as.window.stride_height,
                           t->operation.as.window.dilation_height);
    out[2] = window_extent(image[2], t->operation.as.window.padding_left + t->operation.as.window.padding_right,
                           t->operation.as.window.kernel_width, t->operation.as.window.stride_width,
                           t->operation.as.window.dilation_width);
    out[3] = image[3];
}

/* The input element under tap (i, j) of output pixel (y, x); SIZE_MAX in the padding. */
static size_t under_tap(const trial *t, size_t n, size_t y, size_t x, size_t i, size_t j, size_t channel) {
    const size_t *const dims = t->inputs[0].dims;
    const size_t row = y * t->operation.as.window.stride_height + i * t->operation.as.window.dilation_height -
                       t->operation.as.window.padding_top;
    const size_t column = x * t->operation.as.window.stride_width + j * t->operation.as.window.dilation_width -
                          t->operation.as.window.padding_left;
    if (row >= dims[1] || column >= dims[2]) return SIZE_MAX;
    return ((n * dims[1] + row) * dims[2] + column) * dims[3] + channel;
}

static void pools_reduce_windows(void **state) {
    (void)state;
    static const mica_operand_type types[] = {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_QINT8};
    for (size_t n = 0; n < 150; n++) {
        const bool average = n % 2;
        trial t = trial_new(average ? MICA_AVG_POOLING_2D : MICA_MAX_POOLING_2D);
        static const size_t channel_counts[] = {1, 3, 8, 16, 17, 64, 70, 130};
        const size_t image[4] = {1 + random_below(2), 1 + random_below(12), 1 + random_below(12),
                                 channel_counts[random_below(8)]};
        size_t out[4];
        random_window(&t, image, !average);
        window_dims(&t, image, out);
        const mica_operand_type type = types[n % 3];
        trial_input(&t, type, 4, image, -4, 4);
        trial_output(&t, type, 4, out);
        if (!average) t.output.scale = t.inputs[0].scale, t.output.zero_point = t.inputs[0].zero_point;
        if (n % 5 == 0) t.operation.output_min = -0.5f, t.operation.output_max = 1.0f;
        for (size_t e = 0; e < t.count; e++) {
            const size_t c = e % out[3], x = e / out[3] % out[2], y = e / out[3] / out[2] % out[1],
                         b = e / out[3] / out[2] / out[1];
            double sum = 0, sizes = 0, high = -INFINITY, count = 0;
            for (size_t i = 0; i < t.operation.as.window.kernel_height; i++) {
                for (size_t j = 0; j < t.operation.as.window.kernel_width; j++) {
                    const size_t index = under_tap(&t, b, y, x, i, j, c);
                    if (index == SIZE_MAX) continue;
                    const double value = trial_value(&t, 0, index);
                    sum += value, sizes += fabs(value), high = fmax(high, value), count++;
                }
            }
            const double value =
                fmin(fmax(average ? sum / count : high, t.operation.output_min), t.operation.output_max);
            trial_expect(&t, e, value, 2);
            if (average) t.bound[e] += 0x1p-20 * sizes / count;
            if (type == MICA_OPERAND_QINT8 && n % 5 == 0)
                t.bound[e] += 0.5 * (double)t.output.scale; /* a clamp in steps */
        }
        snprintf(t.what, sizeof t.what, "type %d, %zux%zux%zux%zu, n %zu", type, image[0], image[1], image[2],
                 image[3], n);
        trial_check(&t);
    }
}

static void global_averages_cover_the_image(void **state) {
    (void)state;
    static const mica_operand_type types[] = {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_QINT8};
    static const size_t shapes[][4] = {{1, 1, 1, 1}, {2, 7, 7, 20}, {1, 3, 5, 300}, {1, 56, 56, 24}, {3, 4, 1, 64}};
    for (size_t n = 0; n < 15; n++) {
        const size_t *const dims = shapes[n / 3], out[4] = {dims[0], 1, 1, dims[3]};
        trial t = trial_new(MICA_GLOBAL_AVG_POOLING_2D);
        trial_input(&t, types[n % 3], 4, dims, -4, 4);
        trial_output(&t, types[n % 3], 4, out);
        const size_t pixels = dims[1] * dims[2];
        for (size_t e = 0; e < t.count; e++) {
            double sum = 0;
            for (size_t p = 0; p < pixels; p++)
                sum += trial_value(&t, 0, (e / dims[3] * pixels + p) * dims[3] + e % dims[3]);
            trial_expect(&t, e, sum / (double)pixels, 2);
            t.bound[e] += 4 * 0x1p-23 * sqrt((double)pixels) + 1e-6;
        }
        trial_check(&t);
    }
}

/* Through the operator's class: the public interface has no second output. */
static void argmax_gives_the_first_of_equals(void **state) {
    (void)state;
    static const float image[] = {1, 5, 2, 7, 3, 5, 8, 7, 0, 0, 0, 0, 4, 4, 0, 9}; /* 4×4, one channel */
    trial t = trial_new(MICA_ARG_MAX_POOLING_2D);
    trial_input(&t, MICA_OPERAND_F32, 4, (size_t[]){1, 4, 4, 1}, 0, 0);
    memcpy(t.memory[0], image, sizeof image);
    trial_output(&t, MICA_OPERAND_F32, 4, (size_t[]){1, 2, 2, 1});
    t.operation.as.window.kernel_height = t.operation.as.window.kernel_width = 2;
    t.operation.as.window.stride_height = t.operation.as.window.stride_width = 2;
    t.operation.as.window.dilation_height = t.operation.as.window.dilation_width = 1;
    static const float largest[] = {5, 8, 4, 9};
    static const int32_t places[] = {1, 2, 2, 3};
    setting settings[24];
    const size_t count = trial_settings(settings, 24);
    for (size_t s = 0; s < count; s++) {
        const cpu_level *const level = settings[s].isa ? cpu_level_find(settings[s].isa) : NULL;
        const op_target target = {cpu_detect() & (level ? level->features : ~(cpu_features)0), settings[s].kernels};
        struct arena arena;
        arena_init(&arena, &memory_default, 0);
        const op_class *const class = op_class_of(t.operation.kind);
        const op_shape in = {4, {1, 4, 4, 1}};
        op_shape out;
        op_choice choice;
        struct op *op = NULL;
        assert_int_equal(class->infer(&t.operation, &in, &out, NULL), MICA_OK);
        assert_int_equal(class->choose(&t.operation, &target, &choice, NULL), MICA_OK);
        assert_int_equal(class->create(&t.operation, &target, &choice, NULL, &arena, &op, NULL), MICA_OK);
        assert_int_equal(class->reshape(op, &in, &out, NULL), MICA_OK);
        float values[4];
        int32_t indices[4];
        const op_run run = {.inputs = {t.memory[0]}, .output = values, .second_output = indices, .threads = 1};
        class->run(op, &run);
        assert_memory_equal(values, largest, sizeof largest);
        assert_memory_equal(indices, places, sizeof places);
        arena_free(&arena);
    }
    trial_free(&t);
}

/* ---- resizing ---- */

static double source_position(size_t out, size_t size, size_t out_size, bool corners) {
    if (corners)
        return (double)out *
               (out_size > 1 ? (double)(size - 1) / (double)(out_size - 1) : (double)size / (double)out_size);
    const double scale = (double)size / (double)out_size;
    return fmin(fmax((double)out * scale + 0.5 * scale - 0.5, 0), (double)(size - 1));
}

static void resizing_interpolates(void **state) {
    (void)state;
    static const mica_operand_type types[] = {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_QINT8};
    for (size_t n = 0; n < 60; n++) {
        const size_t dims[4] = {1 + random_below(2), 1 + random_below(9), 1 + random_below(9), 1 + random_below(40)};
        const size_t out[4] = {dims[0], 1 + random_below(12), 1 + random_below(12), dims[3]};
        trial t = trial_new(MICA_STATIC_RESIZE_BILINEAR_2D);
        t.operation.flags = n % 2 ? MICA_FLAG_ALIGN_CORNERS : 0;
        t.operation.as.resize.height = (uint32_t)out[1], t.operation.as.resize.width = (uint32_t)out[2];
        const mica_operand_type type = types[n % 3];
        trial_input(&t, type, 4, dims, -4, 4);
        trial_output(&t, type, 4, out);
        t.output.scale = t.inputs[0].scale, t.output.zero_point = t.inputs[0].zero_point;
        for (size_t e = 0; e < t.count; e++) {
            const size_t c = e % out[3], b = e / out[3] / out[2] / out[1];
            const double y = source_position(e / out[3] / out[2] % out[1], dims[1], out[1], n % 2);
            const double x = source_position(e / out[3] % out[2], dims[2], out[2], n % 2);
            double value = 0;
            for (size_t k = 0; k < 4; k++) {
                const size_t low_y = (size_t)(y + 1e-6), low_x = (size_t)(x + 1e-6);
                const size_t row = k / 2 && low_y + 1 < dims[1] ? low_y + 1 : low_y;
                const size_t column = k % 2 && low_x + 1 < dims[2] ? low_x + 1 : low_x;
                const double weight = (k / 2 ? y - (double)low_y : 1 - y + (double)low_y) *
                                      (k % 2 ? x - (double)low_x : 1 - x + (double)low_x);
                value += weight * trial_value(&t, 0, ((b * dims[1] + row) * dims[2] + column) * dims[3] + c);
            }
            trial_expect(&t, e, value, 2);
            t.bound[e] += 8 * 5e-6; /* the position's error, times the steepest slope */
            if (type == MICA_OPERAND_QINT8)
                t.bound[e] += 256 * 0x1p-11 * (double)t.output.scale; /* weights of 11 bits */
        }
        snprintf(t.what, sizeof t.what, "type %d, %zux%zu to %zux%zu", type, dims[1], dims[2], out[1], out[2]);
        trial_check(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax_rows_sum_to_one),         cmocka_unit_test(pools_reduce_windows),
        cmocka_unit_test(global_averages_cover_the_image), cmocka_unit_test(argmax_gives_the_first_of_equals),
        cmocka_unit_test(resizing_interpolates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
