/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators over images and rows: pooling, resizing, softmax, depthwise and transposed convolutions, against their definitions in double.
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

/* One in three that may be dilated is 3 × 3 without, as kernels have tiles for. */
static void random_window(trial *t, const size_t *image, bool dilated) {
    const bool square = dilated && image[1] >= 3 && image[2] >= 3 && random_below(3) == 0;
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
        if (square) {
            t->operation.as.window.kernel_width = t->operation.as.window.kernel_height = 3;
            t->operation.as.window.stride_width = t->operation.as.window.stride_height;
            t->operation.as.window.dilation_width = t->operation.as.window.dilation_height = 1;
        }
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

/* ---- convolutions ---- */

/* Filter, bias and output of a convolution of `inputs` to `outputs` channels; the filter has `filter` as its dims. */
static void add_weights(trial *t, const size_t *filter, size_t outputs, mica_operand_type type, const float *scales) {
    const bool integers = type == MICA_OPERAND_QINT8, per_tensor = !scales;
    mica_operand *const weights = trial_input(t,
                                              !integers    ? MICA_OPERAND_F32
                                              : per_tensor ? MICA_OPERAND_QINT8
                                                           : MICA_OPERAND_QCINT8,
                                              4, filter, -1, 1);
    weights->data = t->memory[1];
    weights->zero_point = 0;
    weights->scales = scales;
    weights->channel_dim = t->operation.kind == MICA_DEPTHWISE_CONV_2D ? 3 : 0;
    const mica_operand_type bias_type = !integers    ? MICA_OPERAND_F32
                                        : per_tensor ? MICA_OPERAND_QINT32
                                                     : MICA_OPERAND_QCINT32;
    mica_operand *const bias = trial_input(t, bias_type, 1, &outputs, -1, 1);
    bias->data = t->memory[2];
}

/* What one output element is expected to be: from its sum over products of stored integers, or of reals. */
static void expect_sum(trial *t, size_t e, double sum, double sizes, size_t terms, size_t channel) {
    const mica_operand *const in = &t->inputs[0], *const weights = &t->inputs[1], *const out = &t->output;
    if (out->type != MICA_OPERAND_QINT8) {
        const double value = fmin(fmax(sum, t->operation.output_min), t->operation.output_max);
        trial_expect(t, e, value, 1);
        t->bound[e] += (double)(terms + 1) * 0x1p-24 * sizes;
        return;
    }
    const float scale = weights->scales ? weights->scales[channel] : weights->scale;
    const float factor = in->scale * scale / out->scale;
    const float low = fmaxf(-128, rintf(t->operation.output_min / out->scale + (float)out->zero_point));
    const float high = fminf(127, rintf(t->operation.output_max / out->scale + (float)out->zero_point));
    const float zero = (float)out->zero_point;
    const float step = fminf(fmaxf((float)(int32_t)sum * factor, low - zero), high - zero);
    t->expected[e] = rintf(step) * out->scale;
}

/* Stored element of input 0: exact integers less their zero point, or the real value. */
static double stored(const trial *t, size_t index) {
    if (t->inputs[0].type != MICA_OPERAND_QINT8) return trial_value(t, 0, index);
    return ((const int8_t *)t->memory[0])[index] - t->inputs[0].zero_point;
}
static double weight(const trial *t, size_t index) {
    return t->inputs[1].type == MICA_OPERAND_F32 ? trial_value(t, 1, index) : ((const int8_t *)t->memory[1])[index];
}

static const mica_operand_type conv_types[] = {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_QINT8};

static void random_scales(float *scales, size_t count) {
    for (size_t i = 0; i < count; i++) scales[i] = random_float(0.001f, 0.02f);
    if (random_below(8) == 0) scales[random_below(count)] = 1e8f; /* products that no int holds */
}

static void try_depthwise(size_t n, const size_t *image, size_t multiplier) {
    trial t = trial_new(MICA_DEPTHWISE_CONV_2D);
    const mica_operand_type type = conv_types[n % 3];
    const size_t outputs = image[3] * multiplier;
    size_t out[4];
    random_window(&t, image, true);
    t.operation.as.window.groups = (uint32_t)image[3];
    t.operation.as.window.group_input_channels = 1;
    t.operation.as.window.group_output_channels = (uint32_t)multiplier;
    window_dims(&t, image, out);
    out[3] = outputs;
    const size_t height = t.operation.as.window.kernel_height, width = t.operation.as.window.kernel_width;
    float scales[600];
    random_scales(scales, outputs);
    trial_input(&t, type, 4, image, -2, 2);
    add_weights(&t, (size_t[]){1, height, width, outputs}, outputs, type, n % 2 ? scales : NULL);
    trial_output(&t, type, 4, out);
    if (n % 4 == 0) t.operation.output_min = 0, t.operation.output_max = 1.5f;
    if (n % 7 == 0) t.operation.inputs[2] = NULL;
    for (size_t e = 0; e < t.count; e++) {
        const size_t c = e % outputs, x = e / outputs % out[2], y = e / outputs / out[2] % out[1];
        const size_t b = e / outputs / out[2] / out[1];
        double sum = t.operation.inputs[2] ? trial_value(&t, 2, c) : 0, sizes = fabs(sum);
        for (size_t i = 0; i < height; i++) {
            for (size_t j = 0; j < width; j++) {
                const size_t index = under_tap(&t, b, y, x, i, j, c / multiplier);
                if (index == SIZE_MAX) continue;
                const double product = stored(&t, index) * weight(&t, (i * width + j) * outputs + c);
                sum += product, sizes += fabs(product);
            }
        }
        expect_sum(&t, e, sum, sizes, height * width, c);
    }
    snprintf(t.what, sizeof t.what, "type %d, %zux%zux%zux%zu by %zu, n %zu", type, image[0], image[1], image[2],
             image[3], multiplier, n);
    trial_check(&t);
}

static void depthwise_convolutions_sum_their_windows(void **state) {
    (void)state;
    static const size_t channels[] = {1, 3, 8, 16, 17, 24, 32, 48, 63, 64, 65, 96, 130, 200};
    for (size_t n = 0; n < 200; n++) {
        const size_t image[4] = {1 + random_below(2), 1 + random_below(14), 1 + random_below(14),
                                 channels[random_below(14)]};
        try_depthwise(n, image, n % 5 ? 1 : 1 + random_below(3));
    }
}

static size_t transposed_extent(size_t in, size_t adjustment, size_t padding, size_t kernel, size_t stride,
                                size_t dilation) {
    return stride * (in - 1) + adjustment + (kernel - 1) * dilation + 1 - padding;
}

/* Scatters every input pixel through the filter, as the definition goes. */
static void try_transposed(size_t n, const size_t *image, size_t groups, size_t group_outputs) {
    trial t = trial_new(MICA_CONV_TRANSPOSE_2D);
    const mica_operand_type type = conv_types[n % 3];
    const size_t group_inputs = image[3] / groups, outputs = groups * group_outputs;
    random_window(&t, (size_t[]){1, 100, 100, 1}, true);
    const size_t height = t.operation.as.window.kernel_height, width = t.operation.as.window.kernel_width;
    const size_t stride_y = t.operation.as.window.stride_height, stride_x = t.operation.as.window.stride_width;
    const size_t dilation_y = t.operation.as.window.dilation_height,
                 dilation_x = t.operation.as.window.dilation_width;
    t.operation.as.window.groups = (uint32_t)groups;
    t.operation.as.window.group_input_channels = (uint32_t)group_inputs;
    t.operation.as.window.group_output_channels = (uint32_t)group_outputs;
    t.operation.as.window.adjustment_height = (uint32_t)random_below(stride_y);
    t.operation.as.window.adjustment_width = (uint32_t)random_below(stride_x);
    if ((height - 1) * dilation_y < t.operation.as.window.padding_top + t.operation.as.window.padding_bottom) {
        t.operation.as.window.padding_top = t.operation.as.window.padding_bottom = 0;
    }
    if ((width - 1) * dilation_x < t.operation.as.window.padding_left + t.operation.as.window.padding_right) {
        t.operation.as.window.padding_left = t.operation.as.window.padding_right = 0;
    }
    const size_t top = t.operation.as.window.padding_top, left = t.operation.as.window.padding_left;
    const size_t out[4] = {image[0],
                           transposed_extent(image[1], t.operation.as.window.adjustment_height,
                                             top + t.operation.as.window.padding_bottom, height, stride_y,
                                             dilation_y),
                           transposed_extent(image[2], t.operation.as.window.adjustment_width,
                                             left + t.operation.as.window.padding_right, width, stride_x, dilation_x),
                           outputs};
    float scales[64];
    random_scales(scales, outputs);
    trial_input(&t, type, 4, image, -2, 2);
    add_weights(&t, (size_t[]){outputs, height, width, group_inputs}, outputs, type, n % 2 ? scales : NULL);
    trial_output(&t, type, 4, out);
    if (n % 4 == 0) t.operation.output_min = -1, t.operation.output_max = 1.5f;
    double *const sums = calloc(t.count, sizeof *sums), *const sizes = calloc(t.count, sizeof *sizes);
    for (size_t e = 0; e < t.count; e++) sizes[e] = fabs(sums[e] = trial_value(&t, 2, e % outputs));
    for (size_t index = 0; index < operand_count(&t.inputs[0]); index++) {
        const size_t channel = index % image[3], group = channel / group_inputs;
        const size_t x = index / image[3] % image[2], y = index / image[3] / image[2] % image[1];
        const size_t b = index / image[3] / image[2] / image[1];
        for (size_t tap = 0; tap < height * width; tap++) {
            const size_t to_y = y * stride_y + tap / width * dilation_y - top;
            const size_t to_x = x * stride_x + tap % width * dilation_x - left;
            if (to_y >= out[1] || to_x >= out[2]) continue;
            for (size_t o = group * group_outputs; o < (group + 1) * group_outputs; o++) {
                const size_t e = ((b * out[1] + to_y) * out[2] + to_x) * outputs + o;
                const double product = stored(&t, index) *
                                       weight(&t, (o * height * width + tap) * group_inputs + channel % group_inputs);
                sums[e] += product, sizes[e] += fabs(product);
            }
        }
    }
    for (size_t e = 0; e < t.count; e++) {
        expect_sum(&t, e, sums[e], sizes[e], height * width * group_inputs, e % outputs);
        /* The filter becomes f16; where the CPU adds up in f16, so do 16 sums in a row. */
        if (type == MICA_OPERAND_F16) t.bound[e] += (cpu_detect() & CPU_AVX512FP16 ? 17 : 1) * 0x1p-11 * sizes[e];
    }
    free(sums);
    free(sizes);
    snprintf(t.what, sizeof t.what, "type %d, %zux%zux%zux%zu to %zu, groups %zu, n %zu", type, image[0], image[1],
             image[2], image[3], outputs, groups, n);
    trial_check(&t);
}

static void transposed_convolutions_scatter(void **state) {
    (void)state;
    for (size_t n = 0; n < 120; n++) {
        const size_t groups = n % 3 ? 1 : 1 + random_below(3);
        const size_t image[4] = {1 + random_below(2), 1 + random_below(7), 1 + random_below(7),
                                 groups * (1 + random_below(20))};
        try_transposed(n, image, groups, 1 + random_below(20));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax_rows_sum_to_one),         cmocka_unit_test(pools_reduce_windows),
        cmocka_unit_test(global_averages_cover_the_image), cmocka_unit_test(argmax_gives_the_first_of_equals),
        cmocka_unit_test(resizing_interpolates),           cmocka_unit_test(depthwise_convolutions_sum_their_windows),
        cmocka_unit_test(transposed_convolutions_scatter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
