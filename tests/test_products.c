/* SPDX-License-Identifier: Apache-2.0
 *
 * Fully connected, convolution and batch matmul through the public operator API: every type combination, odd shapes,
 * every level and instruction set of this machine and several thread counts, against sums written out here in double
 * (or exact integers) from the definition.
 *
 * Bounds: floats k·2⁻²³ of the sum of absolute products (any order of summation stays inside), f16 one rounding more;
 * rows quantized inside are requantized here with the same rule, so their products are exact until the last scaling;
 * int8 outputs may differ by one step where a product falls on a half.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/half.h"
#include "base/memory.h"
#include "kernel/gemm/gemm.h"
#include "mica/mica.h"

static uint64_t seed = 1;

static uint32_t random_u32(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}
static float random_float(void) { return (float)(int32_t)(random_u32() << 1) * 0x1p-31f; } /* [−1, 1) */

/* An operand with its memory; element reads give real values, exact for integers. */
typedef struct data {
    mica_operand operand;
    void *memory;
    float *scales;
    uint16_t *block_scales;
} data;

static size_t count_of(const mica_operand *operand) {
    size_t count = 1;
    for (size_t i = 0; i < operand->rank; i++) count *= operand->dims[i];
    return count;
}

static data make(mica_operand_type type, size_t rank, const size_t *dims, size_t channel_dim, size_t block) {
    data out = {.operand = {.type = type, .rank = rank, .scale = 1, .channel_dim = channel_dim, .block = block}};
    memcpy(out.operand.dims, dims, rank * sizeof *dims);
    const size_t count = count_of(&out.operand);
    out.memory = calloc(count * 4 + 64, 1);
    for (size_t i = 0; i < count; i++) {
        switch (type) {
        case MICA_OPERAND_F32: ((float *)out.memory)[i] = random_float(); break;
        case MICA_OPERAND_F16: ((uint16_t *)out.memory)[i] = f16_of_float(random_float()); break;
        case MICA_OPERAND_QCINT32:
        case MICA_OPERAND_QINT32: ((int32_t *)out.memory)[i] = (int32_t)(random_u32() % 4001) - 2000; break;
        case MICA_OPERAND_QCINT4:
        case MICA_OPERAND_QBINT4: ((uint8_t *)out.memory)[i] = (uint8_t)random_u32(); break;
        default: ((int8_t *)out.memory)[i] = (int8_t)(random_u32() % 255 - 127); break;
        }
    }
    const size_t channels = rank ? dims[channel_dim] : 1;
    if (type == MICA_OPERAND_QCINT8 || type == MICA_OPERAND_QCINT4) {
        out.scales = malloc(channels * sizeof(float));
        for (size_t i = 0; i < channels; i++) out.scales[i] = 0.004f + 0.01f * fabsf(random_float());
        out.operand.scales = out.scales;
    }
    if (type == MICA_OPERAND_QBINT4) {
        const size_t scales = channels * (dims[1] / block);
        out.block_scales = malloc(scales * sizeof(uint16_t));
        for (size_t i = 0; i < scales; i++)
            out.block_scales[i] = bf16_of_float(0.004f + 0.01f * fabsf(random_float()));
        out.operand.block_scales = out.block_scales;
    }
    if (type == MICA_OPERAND_QINT8) {
        out.operand.scale = 0.01f + 0.01f * fabsf(random_float());
        out.operand.zero_point = 0;
    }
    return out;
}

static void drop(data *d) {
    free(d->memory);
    free(d->scales);
    free(d->block_scales);
}

/* Element of a plain operand as stored: floats in real values, integers unscaled. */
static double raw(const data *d, size_t index) {
    switch (d->operand.type) {
    case MICA_OPERAND_F32: return ((float *)d->memory)[index];
    case MICA_OPERAND_F16: return float_of_f16(((uint16_t *)d->memory)[index]);
    case MICA_OPERAND_QCINT32:
    case MICA_OPERAND_QINT32: return ((int32_t *)d->memory)[index];
    default: return ((int8_t *)d->memory)[index];
    }
}

static double weight(const data *w, size_t n, size_t k, size_t depth, bool k_by_n, size_t columns) {
    if (w->operand.type == MICA_OPERAND_QCINT4 || w->operand.type == MICA_OPERAND_QBINT4) {
        const uint8_t byte = ((uint8_t *)w->memory)[n * ((depth + 1) / 2) + k / 2];
        const double value = (k % 2 ? byte >> 4 : byte & 15) - 8;
        return w->block_scales
                   ? value *
                         (double)float_of_bf16(w->block_scales[n * (depth / w->operand.block) + k / w->operand.block])
                   : value;
    }
    return raw(w, k_by_n ? k * columns + n : n * depth + k);
}

/* ---- a product, as rows of `depth` values by a weight matrix, and what is expected of one element ---- */

typedef struct expected {
    double value, bound;
    double half_sums; /* what is added to the bound when products are summed in f16 */
} expected;

typedef struct product {
    const data *lhs, *rhs, *bias;
    const mica_operation *operation;
    size_t depth, columns;
    bool k_by_n;
} product;

static expected element(const product *p, const double *row, const gemm_row *quantized, size_t n, size_t channel) {
    double sum = 0, magnitude = 0;
    for (size_t k = 0; k < p->depth; k++) {
        const double term = row[k] * weight(p->rhs, n, k, p->depth, p->k_by_n, p->columns);
        sum += term;
        magnitude += fabs(term);
    }
    const mica_operand *const w = &p->rhs->operand, *const out = p->operation->output;
    const double bias = p->bias ? raw(p->bias, channel) : 0;
    double value, bound, half_sums = 0;
    if (out->type == MICA_OPERAND_QINT8) {
        const double scale =
            (double)(p->lhs->operand.scale * (w->scales ? w->scales[channel] : w->scale) / out->scale);
        const double steps = (sum + bias) * scale;
        const double low = fmax(-128, rint((double)p->operation->output_min / (double)out->scale + out->zero_point));
        const double high = fmin(127, rint((double)p->operation->output_max / (double)out->scale + out->zero_point));
        return (expected){fmin(high, fmax(low, rint(steps) + out->zero_point)), 1, 0};
    }
    if (quantized) {
        const double scale = (double)quantized->inverse_scale * (w->scales ? (double)w->scales[channel] : 1);
        value = sum * scale + bias;
        bound = (magnitude * scale + fabs(bias)) * 0x1p-20;
    } else {
        value = sum + bias;
        bound = (magnitude + fabs(bias)) * (double)(p->depth + 2) * 0x1p-23;
    }
    value = fmin((double)p->operation->output_max, fmax((double)p->operation->output_min, value));
    if (out->type == MICA_OPERAND_F16) {
        bound += fabs(value) * 0x1p-10 + 0x1p-24;
        half_sums = 16 * 0x1p-11 * magnitude + (double)p->depth * 0x1p-24; /* 16 in a row; subnormals */
    }
    return (expected){value, bound + 1e-30, half_sums};
}

/* Rows as the operator sees them: real values, or integers minus the zero point. */
static void read_row(const data *lhs, size_t first, size_t depth, bool quantize, double *row, gemm_row *parameters) {
    float low = 0, high = 0;
    for (size_t k = 0; k < depth; k++) {
        row[k] = raw(lhs, first + k) - (lhs->operand.type == MICA_OPERAND_QINT8 ? lhs->operand.zero_point : 0);
        low = fminf(low, (float)row[k]);
        high = fmaxf(high, (float)row[k]);
    }
    if (!quantize) return;
    float scale;
    *parameters = gemm_row_parameters(low, high, &scale);
    for (size_t k = 0; k < depth; k++) {
        const float q = rintf(fminf(fmaxf((float)row[k] * scale, (float)(-128 - parameters->zero_point)),
                                    (float)(127 - parameters->zero_point)));
        row[k] = (double)q;
    }
}

/* ---- running at every level ---- */

static double output_at(const void *memory, mica_operand_type type, size_t index) {
    switch (type) {
    case MICA_OPERAND_F32: return ((const float *)memory)[index];
    case MICA_OPERAND_F16: return float_of_f16(((const uint16_t *)memory)[index]);
    default: return ((const int8_t *)memory)[index];
    }
}

static void check(const mica_operation *operation, const void *const *inputs, const expected *want,
                  const char *what) {
    const size_t count = count_of(operation->output);
    const size_t size = operation->output->type == MICA_OPERAND_F32   ? 4
                        : operation->output->type == MICA_OPERAND_F16 ? 2
                                                                      : 1;
    unsigned char *const got = malloc(count * size + 1), *const one_thread = malloc(count * size + 1);
    for (size_t level = 0; mica_isa_name(level); level++) {
        if (!mica_isa_available(mica_isa_name(level))) continue;
        for (int kernels = MICA_KERNELS_AUTO; kernels <= MICA_KERNELS_REFERENCE; kernels++) {
            for (size_t threads = 1; threads <= 3; threads += 2) {
                const mica_context_options options = {.size = sizeof options,
                                                      .threads = threads,
                                                      .isa = mica_isa_name(level),
                                                      .kernels = (mica_kernels)kernels};
                mica_context *context;
                assert_int_equal(mica_context_create(&options, &context), MICA_OK);
                mica_operator *op;
                if (mica_operator_create(context, operation, &op) != MICA_OK) {
                    fail_msg("%s: %s", what, mica_context_error(context));
                }
                memset(got, 0xa5, count * size + 1);
                assert_int_equal(mica_operator_run(op, inputs, got), MICA_OK);
                assert_int_equal(got[count * size], 0xa5);
                const char *const kernel = mica_operator_report(op)->kernel;
                const bool half_sums = strstr(kernel, "avx512fp16") != NULL;
                for (size_t i = 0; i < count; i++) {
                    const double value = output_at(got, operation->output->type, i);
                    const double bound = want[i].bound + (half_sums ? want[i].half_sums : 0);
                    if (!(fabs(value - want[i].value) <= bound)) {
                        fail_msg("%s: element %zu is %g, not %g ± %g (isa %s, kernels %d, threads %zu, kernel %s)",
                                 what, i, value, want[i].value, bound, mica_isa_name(level), kernels, threads,
                                 kernel);
                    }
                }
                if (threads == 1) memcpy(one_thread, got, count * size);
                assert_memory_equal(one_thread, got, count * size);
                mica_operator_destroy(op);
                mica_context_destroy(context);
            }
        }
    }
    free(got);
    free(one_thread);
}

typedef struct types {
    mica_operand_type lhs, rhs, bias, out;
    bool quantize; /* rows are quantized inside */
    const char *name;
} types;

static const types linear_types[] = {
    {MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, false, "f32"},
    {MICA_OPERAND_F32, MICA_OPERAND_F16, MICA_OPERAND_F32, MICA_OPERAND_F32, false, "f32 by f16"},
    {MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F16, false, "f16"},
    {MICA_OPERAND_F32, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, MICA_OPERAND_F32, true, "rows by int8"},
    {MICA_OPERAND_F32, MICA_OPERAND_QCINT4, MICA_OPERAND_F32, MICA_OPERAND_F32, true, "rows by int4 per channel"},
    {MICA_OPERAND_F32, MICA_OPERAND_QBINT4, MICA_OPERAND_F32, MICA_OPERAND_F32, true, "rows by int4 blockwise"},
    {MICA_OPERAND_F16, MICA_OPERAND_QCINT8, MICA_OPERAND_F32, MICA_OPERAND_F16, true, "f16 rows by int8"},
    {MICA_OPERAND_F16, MICA_OPERAND_QBINT4, MICA_OPERAND_F32, MICA_OPERAND_F16, true, "f16 rows by int4 blockwise"},
    {MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QCINT32, MICA_OPERAND_QINT8, false, "int8 per channel"},
    {MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT32, MICA_OPERAND_QINT8, false, "int8 per tensor"},
};

static void set_output(data *out, const types *t, size_t depth) {
    if (t->out != MICA_OPERAND_QINT8) return;
    out->operand.scale = 0.01f * sqrtf((float)depth);
    out->operand.zero_point = 5;
}

static void check_linear(const types *t, size_t m, size_t k, size_t n, bool bias, bool k_by_n, bool at_run, float low,
                         float high) {
    const size_t lhs_dims[] = {m, k}, rhs_dims[] = {k_by_n ? k : n, k_by_n ? n : k}, out_dims[] = {m, n};
    data lhs = make(t->lhs, 2, lhs_dims, 0, 0), out = make(t->out, 2, out_dims, 0, 0);
    data rhs = make(t->rhs, 2, rhs_dims, k_by_n ? 1 : 0, t->rhs == MICA_OPERAND_QBINT4 ? 32 : 0);
    data b = make(t->bias, 1, &n, 0, 0);
    lhs.operand.zero_point = t->lhs == MICA_OPERAND_QINT8 ? -7 : 0;
    set_output(&out, t, k);
    if (!at_run) rhs.operand.data = rhs.memory, b.operand.data = b.memory;
    const mica_operation operation = {.kind = MICA_FULLY_CONNECTED,
                                      .flags = k_by_n ? MICA_FLAG_TRANSPOSE_WEIGHTS : 0,
                                      .output_min = low,
                                      .output_max = high,
                                      .input_count = 3,
                                      .inputs = {&lhs.operand, &rhs.operand, bias ? &b.operand : NULL},
                                      .output = &out.operand};
    const product p = {&lhs, &rhs, bias ? &b : NULL, &operation, k, n, k_by_n};
    expected *const want = malloc((m * n + 1) * sizeof *want);
    double *const row = malloc((k + 1) * sizeof *row);
    for (size_t i = 0; i < m; i++) {
        gemm_row parameters;
        read_row(&lhs, i * k, k, t->quantize, row, &parameters);
        for (size_t j = 0; j < n; j++) want[i * n + j] = element(&p, row, t->quantize ? &parameters : NULL, j, j);
    }
    char what[128];
    snprintf(what, sizeof what, "linear %s %zux%zux%zu%s%s%s", t->name, m, k, n, bias ? " bias" : "",
             k_by_n ? " [k,n]" : "", at_run ? " at run" : "");
    const void *const inputs[MICA_OPERATION_MAX_INPUTS] = {lhs.memory, rhs.memory, b.memory};
    check(&operation, inputs, want, what);
    free(want);
    free(row);
    drop(&lhs);
    drop(&rhs);
    drop(&b);
    drop(&out);
}

static void linear_of_all_types_and_shapes(void **state) {
    (void)state;
    static const size_t shapes[][3] = {{1, 32, 1},   {1, 64, 97},   {3, 32, 17},
                                       {13, 96, 33}, {15, 160, 65}, {70, 64, 129}};
    static const size_t odd[][3] = {{1, 1, 1}, {2, 37, 19}, {5, 3, 2}, {29, 131, 47}, {0, 4, 4}};
    for (size_t i = 0; i < sizeof linear_types / sizeof *linear_types; i++) {
        const types *const t = &linear_types[i];
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            check_linear(t, shapes[s][0], shapes[s][1], shapes[s][2], s % 2, false, false, -INFINITY, INFINITY);
        }
        for (size_t s = 0; s < sizeof odd / sizeof *odd && t->rhs != MICA_OPERAND_QBINT4; s++) {
            check_linear(t, odd[s][0], odd[s][1], odd[s][2], s % 2, false, false, -INFINITY, INFINITY);
        }
        check_linear(t, 4, 64, 31, true, false, false, -0.25f, 0.5f);
    }
}

static void linear_of_weights_in_other_forms(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof linear_types / sizeof *linear_types; i++) {
        const types *const t = &linear_types[i];
        if (t->rhs == MICA_OPERAND_QCINT4 || t->rhs == MICA_OPERAND_QBINT4) continue;
        check_linear(t, 7, 40, 21, true, true, false, -INFINITY, INFINITY);
        if (t->lhs == MICA_OPERAND_F32 || t->lhs == MICA_OPERAND_F16) {
            if (t->quantize) continue;
            check_linear(t, 1, 40, 21, true, false, true, -INFINITY, INFINITY);
            check_linear(t, 40, 40, 77, true, true, true, 0, INFINITY);
        }
    }
}

/* ---- convolution ---- */

typedef struct window {
    size_t batch, height, width, groups, group_in, group_out, kernel_h, kernel_w, stride, dilation, top, left, bottom,
        right;
} window;

static void check_convolution(const types *t, const window *w) {
    const size_t in_channels = w->groups * w->group_in, out_channels = w->groups * w->group_out;
    const size_t out_h = (w->height + w->top + w->bottom - (w->kernel_h - 1) * w->dilation - 1) / w->stride + 1;
    const size_t out_w = (w->width + w->left + w->right - (w->kernel_w - 1) * w->dilation - 1) / w->stride + 1;
    const size_t lhs_dims[] = {w->batch, w->height, w->width, in_channels};
    const size_t rhs_dims[] = {out_channels, w->kernel_h, w->kernel_w, w->group_in};
    const size_t out_dims[] = {w->batch, out_h, out_w, out_channels};
    const size_t depth = w->kernel_h * w->kernel_w * w->group_in;
    data lhs = make(t->lhs, 4, lhs_dims, 0, 0), rhs = make(t->rhs, 4, rhs_dims, 0, 0),
         out = make(t->out, 4, out_dims, 0, 0);
    data b = make(t->bias, 1, &out_channels, 0, 0);
    lhs.operand.zero_point = t->lhs == MICA_OPERAND_QINT8 ? 11 : 0;
    set_output(&out, t, depth);
    rhs.operand.data = rhs.memory;
    b.operand.data = b.memory;
    mica_operation operation = {.kind = MICA_CONV_2D,
                                .output_min = -INFINITY,
                                .output_max = 1.5f,
                                .input_count = 3,
                                .inputs = {&lhs.operand, &rhs.operand, &b.operand},
                                .output = &out.operand};
    operation.as.window.padding_top = (uint32_t)w->top;
    operation.as.window.padding_left = (uint32_t)w->left;
    operation.as.window.padding_bottom = (uint32_t)w->bottom;
    operation.as.window.padding_right = (uint32_t)w->right;
    operation.as.window.kernel_height = (uint32_t)w->kernel_h;
    operation.as.window.kernel_width = (uint32_t)w->kernel_w;
    operation.as.window.stride_height = operation.as.window.stride_width = (uint32_t)w->stride;
    operation.as.window.dilation_height = operation.as.window.dilation_width = (uint32_t)w->dilation;
    operation.as.window.groups = (uint32_t)w->groups;
    operation.as.window.group_input_channels = (uint32_t)w->group_in;
    operation.as.window.group_output_channels = (uint32_t)w->group_out;
    const product p = {&lhs, &rhs, &b, &operation, depth, out_channels, false};
    expected *const want = malloc(count_of(&out.operand) * sizeof *want);
    double *const row = calloc(depth, sizeof *row);
    size_t at = 0;
    for (size_t image = 0; image < w->batch; image++)
        for (size_t y = 0; y < out_h; y++)
            for (size_t x = 0; x < out_w; x++)
                for (size_t o = 0; o < out_channels; o++) {
                    for (size_t k = 0; k < depth; k++) {
                        const size_t c = k % w->group_in, j = k / w->group_in % w->kernel_w,
                                     i = k / w->group_in / w->kernel_w;
                        const ptrdiff_t in_y = (ptrdiff_t)(y * w->stride + i * w->dilation) - (ptrdiff_t)w->top;
                        const ptrdiff_t in_x = (ptrdiff_t)(x * w->stride + j * w->dilation) - (ptrdiff_t)w->left;
                        const bool inside =
                            in_y >= 0 && in_x >= 0 && (size_t)in_y < w->height && (size_t)in_x < w->width;
                        const size_t channel = o / w->group_out * w->group_in + c;
                        row[k] = !inside ? 0
                                         : raw(&lhs, ((image * w->height + (size_t)in_y) * w->width + (size_t)in_x) *
                                                             in_channels +
                                                         channel) -
                                               lhs.operand.zero_point;
                    }
                    want[at++] = element(&p, row, NULL, o, o);
                }
    char what[160];
    snprintf(what, sizeof what, "conv %s %zux%zux%zux%zu k%zux%zu s%zu d%zu g%zu to %zu", t->name, w->batch,
             w->height, w->width, in_channels, w->kernel_h, w->kernel_w, w->stride, w->dilation, w->groups,
             out_channels);
    const void *const inputs[MICA_OPERATION_MAX_INPUTS] = {lhs.memory};
    check(&operation, inputs, want, what);
    free(want);
    free(row);
    drop(&lhs);
    drop(&rhs);
    drop(&b);
    drop(&out);
}

static void convolutions_of_all_types_and_windows(void **state) {
    (void)state;
    static const types kinds[] = {
        {MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, MICA_OPERAND_F32, false, "f32"},
        {MICA_OPERAND_F16, MICA_OPERAND_F16, MICA_OPERAND_F32, MICA_OPERAND_F16, false, "f16"},
        {MICA_OPERAND_QINT8, MICA_OPERAND_QCINT8, MICA_OPERAND_QCINT32, MICA_OPERAND_QINT8, false,
         "int8 per channel"},
        {MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, MICA_OPERAND_QINT32, MICA_OPERAND_QINT8, false, "int8 per tensor"},
    };
    static const window windows[] = {
        {1, 5, 4, 1, 3, 2, 1, 1, 1, 1, 0, 0, 0, 0},
        {2, 9, 7, 1, 16, 24, 1, 1, 1, 1, 0, 0, 0, 0},
        {1, 8, 8, 1, 8, 8, 1, 1, 2, 1, 0, 0, 0, 0},
        {1, 6, 5, 3, 4, 5, 1, 1, 1, 1, 0, 0, 0, 0},
        {1, 16, 16, 1, 3, 6, 3, 3, 1, 1, 0, 0, 0, 0},
        {2, 11, 9, 1, 8, 13, 3, 3, 2, 1, 1, 1, 1, 1},
        {1, 9, 9, 2, 6, 4, 3, 3, 1, 2, 2, 2, 2, 2},
        {1, 7, 10, 1, 2, 3, 5, 3, 1, 1, 2, 1, 0, 1},
        {1, 1, 1, 1, 5, 7, 1, 1, 1, 1, 0, 0, 0, 0},
        {1, 2, 2, 1, 3, 4, 3, 3, 1, 1, 1, 1, 1, 1},
        {1, 4, 4, 1, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1},
        {2, 5, 31, 1, 5, 40, 3, 3, 1, 1, 1, 2, 0, 1},
        {1, 9, 30, 1, 3, 17, 3, 3, 2, 1, 0, 0, 1, 1},
        {1, 4, 33, 2, 5, 6, 2, 3, 1, 2, 0, 1, 0, 1},
        {1, 6, 29, 1, 4, 9, 1, 1, 2, 1, 0, 0, 0, 0},
        {1, 3, 28, 1, 64, 33, 3, 3, 1, 1, 1, 1, 1, 1},
        {2, 19, 1, 1, 6, 9, 3, 1, 2, 1, 1, 0, 1, 0},
        {2, 23, 1, 1, 8, 40, 5, 1, 1, 2, 0, 0, 2, 0},
        {1, 9, 4, 2, 5, 6, 3, 3, 1, 1, 1, 1, 1, 1},
        /* Winograd's for f32: whole and cut tiles, all kinds of padding, several blocks and images */
        {1, 8, 8, 1, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1},
        {2, 9, 11, 1, 17, 19, 3, 3, 1, 1, 0, 0, 0, 0},
        {3, 5, 7, 1, 33, 16, 3, 3, 1, 1, 2, 0, 1, 3},
        {1, 31, 29, 1, 64, 70, 3, 3, 1, 1, 1, 1, 1, 1},
        {1, 8, 9, 1, 16, 40, 3, 3, 1, 1, 0, 2, 2, 0},
    };
    for (size_t t = 0; t < sizeof kinds / sizeof *kinds; t++) {
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) check_convolution(&kinds[t], &windows[w]);
    }
}

/* ---- batch matmul ---- */

static void check_matmul(const types *t, const size_t *a, size_t a_rank, const size_t *b, size_t b_rank,
                         bool transposed, bool constant) {
    const size_t rank = max_size(a_rank, b_rank);
    size_t out_dims[MICA_OPERAND_MAX_RANK], a_batch[6] = {1, 1, 1, 1, 1, 1}, b_batch[6] = {1, 1, 1, 1, 1, 1};
    const size_t m = a[a_rank - 2], k = a[a_rank - 1], n = b[b_rank - (transposed ? 2 : 1)];
    for (size_t i = 0; i + 2 < a_rank; i++) a_batch[i + rank - a_rank] = a[i];
    for (size_t i = 0; i + 2 < b_rank; i++) b_batch[i + rank - b_rank] = b[i];
    size_t batch = 1;
    for (size_t i = 0; i + 2 < rank; i++) batch *= out_dims[i] = a_batch[i] == 1 ? b_batch[i] : a_batch[i];
    out_dims[rank - 2] = m;
    out_dims[rank - 1] = n;
    data lhs = make(t->lhs, a_rank, a, 0, 0), rhs = make(t->rhs, b_rank, b, 0, 0),
         out = make(t->out, rank, out_dims, 0, 0);
    set_output(&out, t, k);
    if (constant) rhs.operand.data = rhs.memory;
    const mica_operation operation = {.kind = MICA_BATCH_MATRIX_MULTIPLY,
                                      .flags = transposed ? MICA_FLAG_TRANSPOSE_WEIGHTS : 0,
                                      .output_min = -INFINITY,
                                      .output_max = INFINITY,
                                      .input_count = 2,
                                      .inputs = {&lhs.operand, &rhs.operand},
                                      .output = &out.operand};
    expected *const want = malloc(count_of(&out.operand) * sizeof *want + 1);
    double *const row = calloc(k + 1, sizeof *row);
    for (size_t at = 0; at < batch; at++) {
        size_t rest = at, a_at = 0, b_at = 0, a_stride = 1, b_stride = 1;
        for (size_t i = rank - 2; i-- > 0;) {
            const size_t index = rest % out_dims[i];
            rest /= out_dims[i];
            a_at += a_batch[i] == 1 ? 0 : index * a_stride;
            b_at += b_batch[i] == 1 ? 0 : index * b_stride;
            a_stride *= a_batch[i];
            b_stride *= b_batch[i];
        }
        data matrix = rhs;
        matrix.memory = (char *)rhs.memory + b_at * k * n *
                                                 (t->rhs == MICA_OPERAND_F32   ? 4
                                                  : t->rhs == MICA_OPERAND_F16 ? 2
                                                                               : 1);
        const product p = {&lhs, &matrix, NULL, &operation, k, n, !transposed};
        for (size_t i = 0; i < m; i++) {
            read_row(&lhs, (a_at * m + i) * k, k, false, row, NULL);
            for (size_t j = 0; j < n; j++) want[(at * m + i) * n + j] = element(&p, row, NULL, j, 0);
        }
    }
    char what[128];
    snprintf(what, sizeof what, "matmul %s batch %zu %zux%zux%zu%s%s", t->name, batch, m, k, n,
             transposed ? " transposed" : "", constant ? " constant" : "");
    const void *const inputs[MICA_OPERATION_MAX_INPUTS] = {lhs.memory, rhs.memory};
    check(&operation, inputs, want, what);
    free(want);
    free(row);
    drop(&lhs);
    drop(&rhs);
    drop(&out);
}

static void matmuls_of_all_types_and_batches(void **state) {
    (void)state;
    static const types kinds[] = {
        {MICA_OPERAND_F32, MICA_OPERAND_F32, 0, MICA_OPERAND_F32, false, "f32"},
        {MICA_OPERAND_F16, MICA_OPERAND_F16, 0, MICA_OPERAND_F16, false, "f16"},
        {MICA_OPERAND_QINT8, MICA_OPERAND_QINT8, 0, MICA_OPERAND_QINT8, false, "int8"},
    };
    static const size_t a3[] = {4, 5, 33}, b3[] = {4, 33, 17}, t3[] = {4, 17, 33}, a1[] = {3, 1, 40},
                        b1[] = {3, 40, 23};
    static const size_t a4[] = {2, 3, 5, 16}, b4[] = {1, 3, 16, 7}, a2[] = {6, 20}, b2[] = {20, 11},
                        a5[] = {2, 1, 4, 6, 8}, b5[] = {3, 4, 8, 9};
    for (size_t t = 0; t < sizeof kinds / sizeof *kinds; t++) {
        for (int constant = 0; constant < 2; constant++) {
            check_matmul(&kinds[t], a3, 3, b3, 3, false, constant);
            check_matmul(&kinds[t], a3, 3, t3, 3, true, constant);
            check_matmul(&kinds[t], a1, 3, b1, 3, false, constant);
            check_matmul(&kinds[t], a4, 4, b4, 4, false, constant);
            check_matmul(&kinds[t], a2, 2, b2, 2, false, constant);
            check_matmul(&kinds[t], a5, 5, b5, 4, false, constant);
        }
    }
}

static void a_missing_operand_is_refused(void **state) {
    (void)state;
    static const size_t dims[] = {2, 3};
    data x = make(MICA_OPERAND_F32, 2, dims, 0, 0);
    mica_context *context;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    const mica_operation operation = {.kind = MICA_ADD,
                                      .output_min = -INFINITY,
                                      .output_max = INFINITY,
                                      .input_count = 1,
                                      .inputs = {&x.operand},
                                      .output = &x.operand};
    mica_operator *op = NULL;
    assert_int_equal(mica_operator_create(context, &operation, &op), MICA_ERROR_ARGUMENT);
    assert_null(op);
    mica_context_destroy(context);
    drop(&x);
}

static void rows_over_other_dims_are_refused(void **state) {
    (void)state;
    static const size_t dims[] = {2, 3}, filter_dims[] = {4, 3}, out_dims[] = {2, 4};
    data x = make(MICA_OPERAND_QDINT8, 2, dims, 0, 0), filter = make(MICA_OPERAND_QCINT8, 2, filter_dims, 0, 0);
    data out = make(MICA_OPERAND_F32, 2, out_dims, 0, 0);
    filter.operand.data = filter.memory;
    mica_context *context;
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    const mica_operation operation = {.kind = MICA_FULLY_CONNECTED,
                                      .output_min = -INFINITY,
                                      .output_max = INFINITY,
                                      .input_count = 2,
                                      .inputs = {&x.operand, &filter.operand},
                                      .output = &out.operand};
    for (size_t row_dims = 1; row_dims <= 2; row_dims++) {
        mica_operator *op = NULL;
        x.operand.row_dims = row_dims;
        assert_int_equal(mica_operator_create(context, &operation, &op),
                         row_dims == 1 ? MICA_OK : MICA_ERROR_ARGUMENT);
        mica_operator_destroy(op);
    }
    mica_context_destroy(context);
    drop(&x);
    drop(&filter);
    drop(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_of_all_types_and_shapes),        cmocka_unit_test(linear_of_weights_in_other_forms),
        cmocka_unit_test(convolutions_of_all_types_and_windows), cmocka_unit_test(matmuls_of_all_types_and_batches),
        cmocka_unit_test(a_missing_operand_is_refused),          cmocka_unit_test(rows_over_other_dims_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
