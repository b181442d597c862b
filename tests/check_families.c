/* SPDX-License-Identifier: Apache-2.0
 *
 * A family is a list of operations, and how to make a random call of one; a call is then run in the version under
 * test and in the reference, whose outputs must agree: bit for bit where they are integers or moved elements, within
 * the stated bound where they are floats.
 *
 * Bounds: 3 ulp of f32 for functions, 8 for gelu (the worst over all floats are 2 and 7);
 * sums differ by their order only, n roundings of the sum of absolute values; f16 results by one rounding more.
 */
#include "check_families.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "kernel/dwconv/dwconv.h"
#include "kernel/dwpanel/dwpanel.h"
#include "kernel/elementwise/elementwise.h"
#include "kernel/norm/norm.h"
#include "kernel/planar/planar.h"
#include "kernel/pool/pool.h"
#include "kernel/product/product.h"
#include "kernel/quantize/quantize.h"
#include "kernel/softmax/softmax.h"
#include "kernel/transpose/transpose.h"
#include "kernel/turn/turn.h"
#include "kernel/winograd/winograd.h"

/* What comes out. */
typedef enum kind { FLOATS, HALVES, BYTES } kind;

/* One call: how to run it in a version, and what to compare. */
typedef struct family_call {
    size_t operation;
    void *out, *expected; /* room for the call's output, and for the reference's */
    kind kind;
    size_t count;    /* elements of output */
    double ulps;     /* of each value */
    double absolute; /* added to that */
    size_t bytes;    /* read and written */
    union {
        elementwise_call elementwise;
        quantize_binary quantize;
        transpose_call transpose;
        turn_call turn;
        pool_call pool;
        blend_call blend;
        dwconv_call dwconv;
        product_call product;
        winograd_input winograd_input;
        winograd_output winograd_output;
        planar_spread planar_spread;
        planar_depthwise planar_depthwise;
        planar_columns planar_columns;
        dwpanel_call dwpanel;
        norm_call norm;
    } as;
    const void *in; /* of those without a call of their own */
    float parameter;
    int32_t zero_point;
    dwconv_weights weights;
    dwconv_tiles tile; /* of which `dwconv` is a call */
    void *packed;      /* by the version that runs next */
} family_call;

struct family {
    size_t operations;
    const char *const *(*names)(size_t operation);
    bool (*here)(size_t operation, kernel_version version);
    void (*make)(family_call *c, size_t elements, random_state *random); /* `elements`: how large, about */
    void (*run)(const family_call *c, kernel_version version, void *out);
    void (*pack)(family_call *c, kernel_version version); /* before run; NULL: nothing to do */
};

static size_t width_of(kind k) { return k == FLOATS ? 4 : k == HALVES ? 2 : 1; }

/* ---- operands ---- */

static bool plain; /* for timing: ordinary values, far from guards */

/* Any bit pattern now and then, values of ordinary size else. */
static float any_float(random_state *random, bool ordinary) {
    if (ordinary || plain || random_below(random, 8)) return random_float(random, -6, 6);
    if (random_below(random, 2)) return random_float(random, -120, 120);
    return float_of_bits((uint32_t)random_bits(random));
}

static float *floats(guard_use use, size_t count, random_state *random, bool ordinary) {
    float *const data = guard_memory(use, count * sizeof *data, !plain);
    for (size_t i = 0; i < count; i++) data[i] = any_float(random, ordinary);
    return data;
}

static void *elements(guard_use use, kind type, size_t count, random_state *random) {
    if (type == FLOATS) return floats(use, count, random, true);
    char *const data = guard_memory(use, count * width_of(type), !plain);
    for (size_t i = 0; i < count; i++) {
        if (type == HALVES) {
            const uint16_t half = f16_of_float(random_float(random, -6, 6));
            memcpy(data + 2 * i, &half, sizeof half);
        } else {
            data[i] = (char)random_bits(random);
        }
    }
    return data;
}

/* Room for an output of so many elements, and for what is expected. */
static void outputs(family_call *c, kind type, size_t count) {
    c->kind = type;
    c->count = count;
    c->out = guard_memory(GUARD_OUT, count * width_of(type), !plain);
    c->expected = realloc(c->expected, count * width_of(type) + 1);
    memset(c->out, 0x5a, count * width_of(type));
    memset(c->expected, 0x5a, count * width_of(type));
}

static void quantization(random_state *random, int32_t *zero_point, int32_t *min, int32_t *max) {
    *zero_point = (int32_t)random_below(random, 256) - 128;
    *min = (int32_t)random_below(random, 100) - 128;
    *max = 127 - (int32_t)random_below(random, 100);
}

/* ---- element-wise ---- */

static const char *const *elementwise_name(size_t operation) { return elementwise_names[operation]; }
static bool elementwise_here(size_t operation, kernel_version version) {
    (void)operation;
    return elementwise_kernels[version] != NULL;
}

static void elementwise_make(family_call *c, size_t count, random_state *random) {
    static const bool binary[] = {
        [ELEMENTWISE_ADD] = true,    [ELEMENTWISE_SUBTRACT] = true, [ELEMENTWISE_MULTIPLY] = true,
        [ELEMENTWISE_DIVIDE] = true, [ELEMENTWISE_MINIMUM] = true,  [ELEMENTWISE_MAXIMUM] = true,
        [ELEMENTWISE_PRELU] = true,  [ELEMENTWISE_COUNT] = false};
    elementwise_call *const call = &c->as.elementwise;
    *call =
        (elementwise_call){.count = count, .min = -INFINITY, .max = INFINITY, .slope = random_float(random, -1, 1)};
    if (binary[c->operation]) {
        const size_t scalar = random_below(random, 4);
        call->a_scalar = scalar == 1, call->b_scalar = scalar == 2;
        call->b = floats(GUARD_RHS, call->b_scalar ? 1 : count, random, false);
    }
    call->a = floats(GUARD_LHS, call->a_scalar ? 1 : count, random, false);
    if (random_below(random, 2)) call->min = -1.5f, call->max = 2.5f;
    outputs(c, FLOATS, count);
    c->ulps = c->operation == ELEMENTWISE_GELU ? 8 : 3;
    c->absolute = c->operation == ELEMENTWISE_GELU ? 0x1p-140 : 0; /* results that are not normal */
    c->bytes = (binary[c->operation] ? 12 : 8) * count;
}

static void elementwise_run(const family_call *c, kernel_version version, void *out) {
    elementwise_call call = c->as.elementwise;
    call.out = out;
    elementwise_kernels[version][c->operation](&call);
}

/* ---- conversions and int8 arithmetic ---- */

enum { F32_TO_I8, I8_TO_F32, F16_TO_F32, F32_TO_F16, ADD_I8, MULTIPLY_I8, QUANTIZE_OPERATIONS };

static const char *const *quantize_name(size_t operation) {
    static const char *const *const names[] = {f32_to_i8_names,  i8_to_f32_names, f16_to_f32_names,
                                               f32_to_f16_names, add_i8_names,    multiply_i8_names};
    return names[operation];
}
static bool quantize_here(size_t operation, kernel_version version) {
    (void)operation;
    return quantize_versions[version] != NULL;
}

static void quantize_make(family_call *c, size_t count, random_state *random) {
    int32_t min, max;
    quantization(random, &c->zero_point, &min, &max);
    c->parameter = random_float(random, 0.01f, 30);
    switch (c->operation) {
    case F32_TO_I8: c->in = floats(GUARD_LHS, count, random, false); break;
    case F32_TO_F16: c->in = floats(GUARD_LHS, count, random, true); break;
    case F16_TO_F32: c->in = elements(GUARD_LHS, HALVES, count, random); break;
    default: c->in = elements(GUARD_LHS, BYTES, count, random);
    }
    c->bytes = 5 * count;
    c->ulps = c->absolute = 0;
    outputs(c,
            c->operation == F32_TO_F16                                ? HALVES
            : c->operation == I8_TO_F32 || c->operation == F16_TO_F32 ? FLOATS
                                                                      : BYTES,
            count);
    if (c->operation < ADD_I8) return;
    const size_t scalar = random_below(random, 4);
    quantize_binary *const call = &c->as.quantize;
    *call = (quantize_binary){.count = count,
                              .a_scalar = scalar == 1,
                              .b_scalar = scalar == 2,
                              .a_multiplier = (int32_t)random_below(random, 1 << 21),
                              .b_multiplier = (int32_t)random_below(random, 1 << 22) - (1 << 21),
                              .bias = (int32_t)random_below(random, 1 << 30) - (1 << 29),
                              .shift = 12 + (int)random_below(random, 19),
                              .a_zero_point = (int32_t)random_below(random, 256) - 128,
                              .b_zero_point = (int32_t)random_below(random, 256) - 128,
                              .scale = random_float(random, 0.0001f, 0.05f),
                              .zero_point = c->zero_point,
                              .min = min,
                              .max = max};
    call->a = elements(GUARD_LHS, BYTES, call->a_scalar ? 1 : count, random);
    call->b = elements(GUARD_RHS, BYTES, call->b_scalar ? 1 : count, random);
    c->bytes = 3 * count;
}

static void quantize_run(const family_call *c, kernel_version version, void *out) {
    const quantize_kernels *const kernels = quantize_versions[version];
    quantize_binary call = c->as.quantize;
    call.out = out;
    switch (c->operation) {
    case F32_TO_I8: kernels->f32_to_i8(c->count, c->in, out, c->parameter, c->zero_point); break;
    case I8_TO_F32: kernels->i8_to_f32(c->count, c->in, out, c->parameter, c->zero_point); break;
    case F16_TO_F32: kernels->f16_to_f32(c->count, c->in, out); break;
    case F32_TO_F16: kernels->f32_to_f16(c->count, c->in, out); break;
    case ADD_I8: kernels->add(&call); break;
    default: kernels->multiply(&call);
    }
}

/* ---- softmax ---- */

static const char *const *softmax_name(size_t operation) {
    (void)operation;
    return softmax_names;
}
static bool softmax_here(size_t operation, kernel_version version) {
    (void)operation;
    return softmax_versions[version] != NULL;
}
static void softmax_make(family_call *c, size_t count, random_state *random) {
    c->in = floats(GUARD_LHS, count, random, true);
    outputs(c, FLOATS, count);
    c->ulps = 6 + log2((double)count + 1); /* exponential, a sum in another order, quotient */
    c->absolute = 0x1p-140;
    c->bytes = 8 * count;
}
static void softmax_run(const family_call *c, kernel_version version, void *out) {
    const softmax_kernels *const kernels = softmax_versions[version];
    const float largest = kernels->largest(c->count, c->in, -INFINITY);
    const float sum = kernels->exponentials(c->count, c->in, largest, out);
    kernels->scale(c->count, out, 1 / sum, out);
}

/* ---- normalising ---- */

static const char *const *norm_name(size_t operation) {
    (void)operation;
    return norm_names;
}
static bool norm_here(size_t operation, kernel_version version) {
    (void)operation;
    return norm_versions[version] != NULL;
}
static void norm_make(family_call *c, size_t count, random_state *random) {
    norm_call *const call = &c->as.norm;
    *call = (norm_call){.count = count, .shift = 0.5f, .in = floats(GUARD_LHS, count, random, true)};
    if (random_below(random, 2)) {
        float *const both = floats(GUARD_RHS, 2 * count, random, true);
        call->weight = both;
        call->bias = both + count;
    }
    outputs(c, FLOATS, count);
    c->ulps = 4;
    c->absolute =
        0x1p-16 + 0x1p-22 * (double)count; /* of values up to 1000: the deviation of few elements may be small */
    c->bytes = (call->weight ? 16 : 8) * count;
}
static void norm_run(const family_call *c, kernel_version version, void *out) {
    norm_call call = c->as.norm;
    call.out = out;
    if (!call.count) return;
    const norm_moments moments = norm_versions[version]->moments(call.count, call.in);
    call.mean = moments.mean;
    call.scale = 1 / sqrtf(moments.variance + 0.01f);
    norm_versions[version]->apply(&call);
}

/* ---- small products ---- */

static const char *const *product_name(size_t operation) { return product_names[operation]; }
static bool product_here(size_t operation, kernel_version version) {
    (void)operation;
    return product_kernels[version] != NULL;
}
static void product_make(family_call *c, size_t count, random_state *random) {
    product_call *const call = &c->as.product;
    const size_t m = 1 + random_below(random, 9), k = plain ? 64 : random_below(random, 70), n = count / m;
    const size_t b_rows = c->operation == PRODUCT_DOTS ? n : k, b_columns = c->operation == PRODUCT_DOTS ? k : n;
    *call = (product_call){.m = m,
                           .n = n,
                           .k = k,
                           .a_stride = k + random_below(random, 5),
                           .b_stride = b_columns + random_below(random, 5),
                           .out_stride = n + random_below(random, 5)};
    call->a = floats(GUARD_LHS, (m - 1) * call->a_stride + k, random, true);
    call->b = floats(GUARD_RHS, b_rows ? (b_rows - 1) * call->b_stride + b_columns : 0, random, true);
    call->next = random_below(random, 2) ? call->a : NULL;
    outputs(c, FLOATS, (m - 1) * call->out_stride + n);
    c->ulps = 1;
    c->absolute = 36 * (double)(k * k) * 0x1p-24; /* each of k additions rounds a sum of k products below 6 · 6 */
    c->bytes = 4 * (b_rows * b_columns + m * k + 2 * m * n);
}
static void product_run(const family_call *c, kernel_version version, void *out) {
    product_call call = c->as.product;
    call.out = out;
    for (size_t i = 0; i < call.m; i++) memset(call.out + i * call.out_stride, 0, call.n * sizeof *call.out);
    product_kernels[version][c->operation](&call);
}

/* ---- transposing ---- */

static const char *const *transpose_name(size_t operation) { return transpose_names[operation]; }
static bool transpose_here(size_t operation, kernel_version version) {
    (void)operation;
    return transpose_kernels[version] != NULL;
}
static void transpose_make(family_call *c, size_t count, random_state *random) {
    static const size_t sizes[] = {1, 2, 4, 8, 12};
    const size_t size = sizes[c->operation];
    const size_t rows = random_below(random, 3) ? 1 + random_below(random, 70) : 1 + random_below(random, 4);
    const size_t columns = count / rows;
    const size_t in_stride = (columns + random_below(random, 2) * random_below(random, 9)) * size;
    const size_t out_stride = (rows + random_below(random, 2) * random_below(random, 9)) * size;
    c->as.transpose = (transpose_call){
        .rows = rows, .columns = columns, .size = size, .in_stride = in_stride, .out_stride = out_stride};
    const size_t bytes = (rows - 1) * in_stride + columns * size;
    c->as.transpose.in = elements(GUARD_LHS, BYTES, bytes, random);
    outputs(c, BYTES, columns ? (columns - 1) * out_stride + rows * size : 0);
    c->bytes = 2 * rows * columns * size;
}
static void transpose_run(const family_call *c, kernel_version version, void *out) {
    transpose_call call = c->as.transpose;
    call.out = out;
    transpose_kernels[version][c->operation](&call);
}

/* ---- windows ---- */

enum { MAXIMUM, AVERAGE, LARGEST, BLEND };
/* Operation i is i / 3 of these on type i % 3. */
static const char *const *pool_name(size_t operation) {
    const kernel_names *const names[] = {maximum_names, average_names, largest_names, blend_names};
    return names[operation / POOL_TYPES][operation % POOL_TYPES];
}
static bool pool_here(size_t operation, kernel_version version) {
    const pool_kernels *const kernels = pool_versions[version];
    return kernels && (operation / POOL_TYPES != LARGEST || kernels->largest[operation % POOL_TYPES]);
}
static void pool_make(family_call *c, size_t count, random_state *random) {
    static const kind kinds[POOL_TYPES] = {FLOATS, HALVES, BYTES};
    const kind type = kinds[c->operation % POOL_TYPES];
    const size_t rows = random_below(random, 4), columns = 1 + random_below(random, 4);
    const size_t pixels = max_size(1, rows * columns), channels = divide_up(count, pixels);
    const size_t pixel = (channels + random_below(random, 2) * random_below(random, 5)) * width_of(type);
    const size_t row = columns * pixel + random_below(random, 3) * pixel;
    const char *const in = elements(GUARD_LHS, type, (3 * row + 4 * pixel) / width_of(type), random);
    outputs(c, type, channels);
    c->ulps = 2;
    c->absolute = c->operation / POOL_TYPES == MAXIMUM || c->operation / POOL_TYPES == LARGEST ? 0 : 6 * 16 * 0x1p-23;
    c->bytes = (pixels + 1) * channels * width_of(type);
    if (c->operation / POOL_TYPES == BLEND) {
        c->as.blend = (blend_call){.top_left = in,
                                   .top_right = in + pixel,
                                   .bottom_left = in + row,
                                   .bottom_right = in + row + pixel,
                                   .right = random_float(random, 0, 1),
                                   .bottom = random_float(random, 0, 1),
                                   .channels = channels};
        return;
    }
    c->as.pool = (pool_call){.in = in,
                             .rows = rows,
                             .row_stride = row,
                             .columns = columns,
                             .column_stride = pixel,
                             .channels = channels,
                             .scale = 1 / (float)pixels,
                             .min = -4,
                             .max = 5,
                             .offset = (int32_t)random_below(random, 1000) - 500,
                             .first_index = random_below(random, 5),
                             .index_step = columns + random_below(random, 3)};
    quantization(random, &c->as.pool.zero_point, &c->as.pool.qmin, &c->as.pool.qmax);
}
static void pool_run(const family_call *c, kernel_version version, void *out) {
    const pool_kernels *const kernels = pool_versions[version];
    const size_t type = c->operation % POOL_TYPES;
    if (c->operation / POOL_TYPES == BLEND) {
        blend_call call = c->as.blend;
        call.out = out;
        kernels->blend[type](&call);
        return;
    }
    pool_call call = c->as.pool;
    call.out = out;
    pool_function *const *const functions[] = {kernels->maximum, kernels->average, kernels->largest};
    functions[c->operation / POOL_TYPES][type](&call);
}

/* ---- depthwise convolution ---- */

static const char *const *dwconv_name(size_t operation) { return dwconv_names[operation]; }
static bool dwconv_here(size_t operation, kernel_version version) {
    return dwconv_kernels[operation][version] != NULL;
}

/* A tile that some version of this kernel has, or a single pixel of any number of taps. */
static dwconv_tiles some_tile(size_t operation, random_state *random) {
    const kernel_version version = (kernel_version)random_below(random, KERNEL_VERSIONS);
    const dwconv_kernel *const kernel = dwconv_kernels[operation][version];
    const dwconv_tiles pixel = {.filter = 0, .stride = 1, .rows = 1, .columns = 1};
    if (!kernel || !kernel->tiles) return pixel;
    size_t count = 0;
    while (kernel->tiles[count].filter) count++;
    return kernel->tiles[random_below(random, count)];
}

static size_t tile_outputs(const dwconv_tiles *tile) { return tile->rows * max_size(1, tile->columns); }

static void dwconv_make(family_call *c, size_t count, random_state *random) {
    static const kind kinds[DWCONV_TYPES] = {FLOATS, HALVES, BYTES};
    const kind type = kinds[c->operation];
    c->tile = some_tile(c->operation, random);
    const size_t filter = c->tile.filter, stride = c->tile.stride;
    const size_t tap_count = filter ? filter * filter : 1 + random_below(random, 27);
    const bool line = c->tile.columns == 0;
    const size_t inputs =
        line     ? filter
        : filter ? dwconv_patch(c->tile.rows, stride, filter) * dwconv_patch(c->tile.columns, stride, filter)
                 : tap_count;
    const size_t outputs_count = tile_outputs(&c->tile);
    const size_t tiles = 1 + random_below(random, filter && !line ? 3 : 11);
    const size_t channels = max_size(1, divide_up(count, tiles)), pixel = channels * width_of(type);
    const size_t step = (1 + random_below(random, 2)) * pixel, image_pixels = 4 * tiles + 30;
    const char *const image = elements(GUARD_LHS, type, image_pixels * channels, random);
    const void *const padding = elements(GUARD_PADDING, type, channels, random);
    const char **const in = guard_memory(GUARD_TAPS, inputs * sizeof *in, true);
    size_t *const in_step = guard_memory(GUARD_ROWS, inputs * sizeof *in_step, true);
    const size_t columns = line ? dwconv_patch(tiles, stride, filter) : tiles;
    const size_t before = line ? random_below(random, 3) : 0;
    const size_t inside_columns = line ? 1 + random_below(random, columns) : columns;
    for (size_t i = 0; i < inputs; i++) {
        const size_t room = image_pixels - 1 - (inside_columns - 1) * (step / pixel);
        const bool inside = line || random_below(random, 5);
        in[i] = inside ? image + random_below(random, room + 1) * pixel : padding;
        in_step[i] = inside ? step : 0;
    }
    c->weights = (dwconv_weights){.channels = channels, .tap_count = tap_count};
    if (type == BYTES) {
        c->weights.filter_i8 = elements(GUARD_RHS, BYTES, channels * tap_count, random);
        int32_t *const bias = guard_memory(GUARD_BIAS, channels * sizeof *bias, true);
        float *const scale = guard_memory(GUARD_SCALE, channels * sizeof *scale, true);
        for (size_t i = 0; i < channels; i++) {
            bias[i] = (int32_t)random_below(random, 20000) - 10000;
            scale[i] = random_float(random, 0.0001f, 0.01f);
        }
        c->weights.bias_i32 = random_below(random, 4) ? bias : NULL;
        c->weights.scale = scale;
        c->weights.zero_point = (int32_t)random_below(random, 256) - 128;
    } else {
        c->weights.filter = floats(GUARD_RHS, channels * tap_count, random, true);
        c->weights.bias = random_below(random, 4) ? floats(GUARD_BIAS, channels, random, true) : NULL;
    }
    const size_t gap = random_below(random, 2) * random_below(random, 9) * width_of(type);
    static size_t out_step[64];
    for (size_t o = 0; o < outputs_count; o++) out_step[o] = outputs_count * (pixel + gap);
    c->as.dwconv = (dwconv_call){.tiles = tiles,
                                 .channels = channels,
                                 .tap_count = tap_count,
                                 .in = in,
                                 .in_step = in_step,
                                 .out_step = out_step,
                                 .min = -150,
                                 .max = 200,
                                 .before = before,
                                 .inside = inside_columns,
                                 .zeros = padding};
    quantization(random, &c->as.dwconv.zero_point, &c->as.dwconv.qmin, &c->as.dwconv.qmax);
    outputs(c, type, (tiles * outputs_count - 1) * (pixel + gap) / width_of(type) + channels);
    c->ulps = 1;
    c->absolute = (double)(tap_count + 1) * (36 * (double)tap_count + 6) * 0x1p-24;
    c->bytes = tiles * pixel * (inputs + outputs_count);
}

static void dwconv_pack(family_call *c, kernel_version version) {
    const dwconv_kernel *const kernel = dwconv_kernels[c->operation][version];
    const size_t size = kernel->packed_size(c->weights.channels, c->weights.tap_count);
    c->packed = guard_memory(GUARD_PACKED_RHS, round_up(size, 64), true);
    kernel->pack(&c->weights, c->packed);
}

/* A call of tiles pixel by pixel. */
static void dwconv_pixels(const dwconv_tiles *tile, dwconv_call call, const dwconv_kernel *kernel) {
    const size_t columns = dwconv_patch(tile->columns, tile->stride, tile->filter);
    const char *taps[25];
    size_t steps[25];
    const dwconv_call whole = call;
    call.in = taps;
    call.in_step = steps;
    for (size_t o = 0; o < tile->rows * tile->columns; o++) {
        for (size_t t = 0; t < call.tap_count; t++) {
            const size_t at = (o / tile->columns * tile->stride + t / tile->filter) * columns +
                              o % tile->columns * tile->stride + t % tile->filter;
            taps[t] = whole.in[at];
            steps[t] = whole.in_step[at];
        }
        call.out = whole.out + o;
        call.out_step = whole.out_step + o;
        kernel->run(&call);
    }
}

/* A line pixel by pixel. */
static void dwconv_line_pixels(const dwconv_tiles *tile, dwconv_call call, const dwconv_kernel *kernel) {
    const char *taps[25];
    static const size_t steps[25];
    char *out = call.out[0];
    const dwconv_call whole = call;
    call.in = taps;
    call.in_step = steps;
    call.out = &out;
    call.tiles = 1;
    for (size_t o = 0; o < whole.tiles; o++, out += whole.out_step[0]) {
        for (size_t t = 0; t < call.tap_count; t++) {
            const size_t column = o * tile->stride + t % tile->filter - call.before; /* wraps before the inputs */
            taps[t] = column < call.inside ? whole.in[t / tile->filter] + column * whole.in_step[0] : call.zeros;
        }
        kernel->run(&call);
    }
}

static void dwconv_run(const family_call *c, kernel_version version, void *out) {
    const dwconv_kernel *const kernel = dwconv_kernels[c->operation][version];
    const size_t outputs_count = tile_outputs(&c->tile);
    dwconv_call call = c->as.dwconv;
    char *pixels[64];
    for (size_t o = 0; o < outputs_count; o++) pixels[o] = (char *)out + o * (call.out_step[0] / outputs_count);
    call.packed = c->packed;
    call.out = pixels;
    if (!c->tile.filter) {
        kernel->run(&call);
        return;
    }
    for (const dwconv_tiles *t = kernel->tiles; t && t->filter; t++) {
        if (t->filter != c->tile.filter || t->stride != c->tile.stride || t->columns != c->tile.columns ||
            t->rows != c->tile.rows || call.channels < t->least) {
            continue;
        }
        t->run(&call);
        return;
    }
    (c->tile.columns ? dwconv_pixels : dwconv_line_pixels)(&c->tile, call, kernel);
}

/* ---- Winograd's transforms: to planes, and back ---- */

static const char *const *winograd_name(size_t operation) {
    (void)operation;
    return winograd_names;
}
static bool winograd_here(size_t operation, kernel_version version) {
    (void)operation;
    return winograd_versions[version] != NULL;
}

static void winograd_make(family_call *c, size_t count, random_state *random) {
    const size_t channels = max_size(1, count / 16), plane = channels + random_below(random, 5);
    c->ulps = 0;
    c->absolute = 16 * 16 * 6 * 0x1p-23; /* roundings of sums of 16 values below 6 */
    c->bytes = 2 * 16 * channels * sizeof(float);
    if (c->operation == 0) {
        const float *const image = floats(GUARD_LHS, 16 * channels, random, true);
        const float *const padding = floats(GUARD_PADDING, channels, random, true);
        winograd_input *const call = &c->as.winograd_input;
        *call = (winograd_input){.channels = channels, .plane = plane};
        for (size_t i = 0; i < 16; i++) call->pixels[i] = random_below(random, 4) ? image + i * channels : padding;
        outputs(c, FLOATS, 15 * plane + channels);
        return;
    }
    winograd_output *const call = &c->as.winograd_output;
    outputs(c, FLOATS, 3 * plane + channels);
    *call = (winograd_output){.in = floats(GUARD_LHS, 15 * plane + channels, random, true),
                              .channels = channels,
                              .plane = plane,
                              .min = -8,
                              .max = 9};
    for (size_t i = 0; i < 4; i++) call->pixels[i] = random_below(random, 4) ? (float *)c->out + i * plane : NULL;
}

static void winograd_run(const family_call *c, kernel_version version, void *out) {
    if (c->operation == 0) {
        winograd_input call = c->as.winograd_input;
        call.out = out;
        winograd_versions[version]->input(&call);
        return;
    }
    winograd_output call = c->as.winograd_output;
    for (size_t i = 0; i < 4; i++) {
        if (call.pixels[i]) call.pixels[i] = (float *)out + (call.pixels[i] - (const float *)c->out);
    }
    winograd_versions[version]->output(&call);
}

/* ---- convolution of planes: spreading, convolving each by itself, and columns of all ---- */

static const char *const *planar_name(size_t operation) {
    return operation == 0 ? planar_spread_names : operation == 1 ? planar_depthwise_names : planar_columns_names;
}
static bool planar_here(size_t operation, kernel_version version) {
    (void)operation;
    return planar_versions[version] != NULL;
}

static void columns_make(family_call *c, size_t count, random_state *random) {
    static size_t taps[9];
    planar_columns *const call = &c->as.planar_columns;
    *call = (planar_columns){.width = 1 + random_below(random, 60),
                             .first = random_below(random, 100),
                             .count = 1 + random_below(random, PLANAR_COLUMNS),
                             .taps = taps,
                             .tap_count = 1 + random_below(random, 9)};
    call->planes = 1 + count / call->count / call->tap_count;
    call->out_row = call->count;
    call->down = call->width + random_below(random, 40);
    for (size_t t = 0; t < call->tap_count; t++) taps[t] = random_below(random, 200);
    const size_t last = (call->first + call->count - 1) / call->width * call->down + call->width + 199;
    call->in_plane = last + PLANAR_PAST + random_below(random, 40);
    call->in = floats(GUARD_LHS, call->planes * call->in_plane, random, false);
    c->ulps = c->absolute = 0;
    outputs(c, FLOATS, call->tap_count * call->planes * call->out_row + PLANAR_PAST);
    c->count -= PLANAR_PAST;
}

static void planar_make(family_call *c, size_t count, random_state *random) {
    c->bytes = 2 * count * sizeof(float);
    if (c->operation == 2) {
        columns_make(c, count, random);
        return;
    }
    if (c->operation == 0) {
        planar_spread *const call = &c->as.planar_spread;
        *call = (planar_spread){.width = 1 + random_below(random, 60),
                                .top = random_below(random, 4),
                                .left = random_below(random, 20),
                                .stride = 1 + random_below(random, 4)};
        call->height = 1 + count / call->width;
        call->first = random_below(random, call->height);
        call->rows = 1 + random_below(random, call->height + 2 * call->top - call->first);
        call->phase = divide_up(call->width + call->left + random_below(random, 20), call->stride);
        call->in = floats(GUARD_LHS, call->height * call->width, random, false);
        c->ulps = c->absolute = 0;
        outputs(c, FLOATS, call->rows * call->stride * call->phase + PLANAR_PAST);
        c->count -= PLANAR_PAST;
        return;
    }
    static const size_t squares[] = {3, 3, 5};
    static size_t taps[25];
    planar_depthwise *const call = &c->as.planar_depthwise;
    *call = (planar_depthwise){.down = 1 + random_below(random, 3),
                               .dilation_rows = 1 + random_below(random, 4) / 3,
                               .columns = 1 + random_below(random, 60),
                               .min = -150,
                               .max = 200,
                               .bias = random_float(random, -6, 6)};
    const size_t square = random_below(random, 4);
    call->filter_rows = square < 3 ? squares[square] : 1 + random_below(random, 5);
    call->filter_columns = square < 3 ? squares[square] : 1 + random_below(random, 5);
    call->rows = 1 + count / call->columns;
    call->in_row = call->columns + random_below(random, 40);
    for (size_t t = 0; t < call->filter_rows * call->filter_columns; t++) {
        const size_t right = t % call->filter_columns;
        taps[t] = t / call->filter_columns * call->dilation_rows * call->in_row + right;
    }
    const size_t tap_count = call->filter_rows * call->filter_columns;
    const size_t last = (call->rows - 1) * call->down * call->in_row + call->columns + taps[tap_count - 1];
    call->taps = taps;
    call->weights = floats(GUARD_RHS, tap_count, random, true);
    call->in = floats(GUARD_LHS, last + PLANAR_PAST, random, true);
    c->ulps = 1;
    c->absolute = (double)(tap_count + 1) * (36 * (double)tap_count + 6) * 0x1p-24;
    outputs(c, FLOATS, call->rows * call->columns);
}

static void planar_run(const family_call *c, kernel_version version, void *out) {
    if (c->operation == 0) {
        planar_spread call = c->as.planar_spread;
        call.out = out;
        planar_versions[version]->spread(&call);
        return;
    }
    if (c->operation == 2) {
        planar_columns call = c->as.planar_columns;
        call.out = out;
        planar_versions[version]->columns(&call);
        return;
    }
    planar_depthwise call = c->as.planar_depthwise;
    call.out = out;
    planar_versions[version]->depthwise(&call);
}

/* ---- depthwise convolution of panels, as many as the channels fill ---- */

static const char *const *dwpanel_name(size_t operation) {
    (void)operation;
    return dwpanel_names;
}
static bool dwpanel_here(size_t operation, kernel_version version) {
    (void)operation;
    return dwpanel_versions[version] != NULL;
}

/* Inputs and weights come as [pixel or tap][channel]; `in_row` is in pixels until they are packed. */
static void dwpanel_make(family_call *c, size_t count, random_state *random) {
    dwpanel_call *const call = &c->as.dwpanel;
    *call = (dwpanel_call){.filter = 3 + 2 * random_below(random, 2),
                           .stride = 1 + random_below(random, 2),
                           .rows = 1 + random_below(random, 5),
                           .channels = 1 + random_below(random, 70),
                           .min = -150,
                           .max = 200};
    call->columns = 1 + count / call->channels / call->rows;
    call->in_row = dwconv_patch(call->columns, call->stride, call->filter) + random_below(random, 3);
    call->out_pixel = call->channels + random_below(random, 5);
    call->out_row = call->columns * call->out_pixel;
    const size_t pixels = dwconv_patch(call->rows, call->stride, call->filter) * call->in_row;
    const size_t taps = call->filter * call->filter;
    call->in = floats(GUARD_LHS, pixels * call->channels, random, true);
    call->weights = floats(GUARD_RHS, (1 + taps) * call->channels, random, true);
    c->ulps = 1;
    c->absolute = (double)(taps + 1) * (36 * (double)taps + 6) * 0x1p-24;
    c->bytes = (pixels + call->rows * call->columns) * call->channels * sizeof(float);
    outputs(c, FLOATS, call->rows * call->out_row);
}

/* [n][channels] to [panel][n][width], filled up with zeros. */
static float *into_panels(guard_use use, const float *from, size_t n, size_t channels, size_t width) {
    const size_t count = round_up(channels, width) * n;
    float *const to = guard_memory(use, count * sizeof *to, true);
    for (size_t i = 0; i < count; i++) {
        const size_t channel = i / (n * width) * width + i % width;
        to[i] = channel < channels ? from[i % (n * width) / width * channels + channel] : 0;
    }
    return to;
}

static size_t dwpanel_width(kernel_version version) {
    return version == KERNEL_REFERENCE ? 5 : dwpanel_versions[version]->width;
}

static void dwpanel_pack(family_call *c, kernel_version version) {
    const dwpanel_call *const call = &c->as.dwpanel;
    const size_t pixels = dwconv_patch(call->rows, call->stride, call->filter) * call->in_row;
    const size_t width = dwpanel_width(version);
    c->packed = into_panels(GUARD_PACKED_LHS, call->in, pixels, call->channels, width);
    into_panels(GUARD_PACKED_RHS, call->weights, 1 + call->filter * call->filter, call->channels, width);
}

static void dwpanel_run(const family_call *c, kernel_version version, void *out) {
    dwpanel_call call = c->as.dwpanel;
    const size_t channels = call.channels, width = dwpanel_width(version), row = call.in_row;
    const size_t in_panel = dwconv_patch(call.rows, call.stride, call.filter) * row * width;
    const size_t weights_panel = (1 + call.filter * call.filter) * width;
    call.in = c->packed;
    call.weights = guard_memory(GUARD_PACKED_RHS, divide_up(channels, width) * weights_panel * sizeof(float), true);
    call.in_row = row * width;
    for (size_t first = 0; first < channels; first += width) {
        call.channels = min_size(width, channels - first);
        call.out = (float *)out + first;
        if (version == KERNEL_REFERENCE) {
            dwpanel_reference(&call, width);
        } else {
            dwpanel_versions[version]->run(&call);
        }
        call.in += in_panel;
        call.weights += weights_panel;
    }
}

/* ---- quantizing planes into pixels, dequantizing pixels into planes ---- */

static const char *const *turn_name(size_t operation) {
    return operation ? turn_dequantize_names : turn_quantize_names;
}
static bool turn_here(size_t operation, kernel_version version) {
    (void)operation;
    return turn_versions[version] != NULL;
}

static void turn_make(family_call *c, size_t count, random_state *random) {
    int32_t min, max;
    turn_call *const call = &c->as.turn;
    const size_t pixels = 1 + random_below(random, 90), channels = max_size(1, count / pixels);
    *call = (turn_call){.channels = channels,
                        .pixels = pixels,
                        .plane = pixels + random_below(random, 2) * random_below(random, 9),
                        .pixel = channels + random_below(random, 2) * random_below(random, 9),
                        .factor = random_float(random, 0.01f, 30)};
    quantization(random, &call->zero_point, &min, &max);
    const size_t planes = (channels - 1) * call->plane + pixels, image = (pixels - 1) * call->pixel + channels;
    c->bytes = 5 * channels * pixels;
    c->ulps = c->absolute = 0;
    if (c->operation == 0) {
        call->planes = floats(GUARD_LHS, planes, random, false);
    } else {
        call->image = elements(GUARD_LHS, BYTES, image, random);
    }
    outputs(c, c->operation ? FLOATS : BYTES, c->operation ? planes : image);
}

static void turn_run(const family_call *c, kernel_version version, void *out) {
    turn_call call = c->as.turn;
    if (c->operation == 0) {
        call.image = out;
        turn_versions[version]->quantize(&call);
    } else {
        call.planes = out;
        turn_versions[version]->dequantize(&call);
    }
}

/* ---- all of them ---- */

static const struct family families[] = {
    {ELEMENTWISE_COUNT, elementwise_name, elementwise_here, elementwise_make, elementwise_run, NULL},
    {QUANTIZE_OPERATIONS, quantize_name, quantize_here, quantize_make, quantize_run, NULL},
    {1, softmax_name, softmax_here, softmax_make, softmax_run, NULL},
    {1, norm_name, norm_here, norm_make, norm_run, NULL},
    {PRODUCT_KINDS, product_name, product_here, product_make, product_run, NULL},
    {TRANSPOSE_SIZES, transpose_name, transpose_here, transpose_make, transpose_run, NULL},
    {4 * POOL_TYPES, pool_name, pool_here, pool_make, pool_run, NULL},
    {DWCONV_TYPES, dwconv_name, dwconv_here, dwconv_make, dwconv_run, dwconv_pack},
    {2, winograd_name, winograd_here, winograd_make, winograd_run, NULL},
    {3, planar_name, planar_here, planar_make, planar_run, NULL},
    {1, dwpanel_name, dwpanel_here, dwpanel_make, dwpanel_run, dwpanel_pack},
    {2, turn_name, turn_here, turn_make, turn_run, NULL},
};

const family_kernel *family_kernels(void) {
    static family_kernel all[400];
    size_t count = 0;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (size_t o = 0; o < families[f].operations; o++) {
            const char *const *const names = families[f].names(o);
            for (kernel_version v = 0; v < KERNEL_VERSIONS; v++) {
                if (!names[v]) continue;
                if (count + 1 == sizeof all / sizeof *all) abort();
                all[count++] = (family_kernel){.name = names[v],
                                               .needs = kernel_version_needs[v],
                                               .here = families[f].here(o, v),
                                               .family = &families[f],
                                               .operation = o,
                                               .version = v};
            }
        }
    }
    all[count].name = NULL;
    return all;
}

static double value_of(const family_call *c, const void *data, size_t i) {
    switch (c->kind) {
    case FLOATS: return ((const float *)data)[i];
    case HALVES: return float_of_f16(((const uint16_t *)data)[i]);
    default: return ((const int8_t *)data)[i];
    }
}

static bool agrees(const family_call *c, double got, double expected) {
    if (isnan(got) || isnan(expected)) return isnan(got) && isnan(expected);
    if (got == expected) return true;
    if (c->kind == BYTES || isinf(expected)) return false;
    const double size = fabs(expected);
    double bound = c->ulps * fmax(size * 0x1p-23, 0x1p-149) + c->absolute;
    if (c->kind == HALVES && c->ulps > 0) bound += fmax(size * 0x1p-10, 0x1p-24);
    return fabs(got - expected) <= bound;
}

static family_call current; /* its memory is kept from call to call */

static void run(const struct family *family, kernel_version version, void *out) {
    if (family->pack) family->pack(&current, version);
    family->run(&current, version, out);
}

bool family_check(const family_kernel *kernel, random_state *random, char *why, size_t size) {
    static const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 191, 257};
    const size_t some = counts[random_below(random, sizeof counts / sizeof *counts)];
    current.operation = kernel->operation;
    kernel->family->make(&current, random_below(random, 6) ? some : random_below(random, 3000), random);
    run(kernel->family, KERNEL_REFERENCE, current.expected);
    run(kernel->family, kernel->version, current.out);
    for (size_t i = 0; i < current.count; i++) {
        const double got = value_of(&current, current.out, i), expected = value_of(&current, current.expected, i);
        if (agrees(&current, got, expected)) continue;
        snprintf(why, size, "element %zu of %zu is %.9g, not %.9g", i, current.count, got, expected);
        return false;
    }
    return true;
}

size_t family_prepare(const family_kernel *kernel, size_t count, random_state *random) {
    plain = true;
    current.operation = kernel->operation;
    kernel->family->make(&current, count, random);
    if (kernel->family->pack) kernel->family->pack(&current, kernel->version);
    return current.bytes;
}

void family_run(const family_kernel *kernel) { kernel->family->run(&current, kernel->version, current.out); }
