/* SPDX-License-Identifier: Apache-2.0
 *
 * Random operands and the answer that follows from them.
 */
#include "check_problem.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/half.h"
#include "base/memory.h"

/* ---- random numbers ---- */

uint64_t random_bits(random_state *random) {
    uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

size_t random_below(random_state *random, size_t bound) { return bound ? (size_t)(random_bits(random) % bound) : 0; }

float random_float(random_state *random, float low, float high) {
    return low + (high - low) * ((float)(random_bits(random) >> 40) * 0x1p-24f);
}

static bool one_in(random_state *random, size_t n) { return random_below(random, n) == 0; }

/* ---- guards ---- */

void *guard_memory(guard_use use, size_t size, bool at_end) {
    static char *regions[GUARD_USES];
    static const size_t capacity = (size_t)64 << 20;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (regions[use] == NULL) {
        char *region = mmap(NULL, capacity + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (region == MAP_FAILED || mprotect(region + page, capacity, PROT_READ | PROT_WRITE) != 0) abort();
        regions[use] = region + page;
    }
    if (size > capacity) abort();
    return at_end ? regions[use] + capacity - size : regions[use];
}

/* ---- values ---- */

/* Mostly of unit size; sometimes exact halves, large, tiny or zero. Sums stay in the range of f16. */
static float value(random_state *random, bool plain) {
    if (plain || !one_in(random, 16)) return random_float(random, -1.0f, 1.0f);
    switch (random_below(random, 4)) {
    case 0: return (float)random_below(random, 9) * 0.5f - 2.0f;
    case 1: return random_float(random, -20.0f, 20.0f);
    case 2: return random_float(random, -1e-6f, 1e-6f);
    default: return 0.0f;
    }
}

/* A row for dynamic quantization: all equal, all zero, of one sign, very wide or narrow ranges, rounding ties, infinities
 * and NaN occur. */
static void fill_row(float *row, size_t count, gemm_type type, random_state *random, bool plain) {
    const size_t kind = plain ? 15 : random_below(random, 16);
    const float constant = random_float(random, -3.0f, 3.0f);
    const float size =
        powf(10.0f, type == GEMM_F16 ? random_float(random, -6.0f, 4.0f) : random_float(random, -20.0f, 15.0f));
    for (size_t i = 0; i < count; i++) {
        switch (kind) {
        case 0: row[i] = constant; break;
        case 1: row[i] = 0.0f; break;
        case 2: row[i] = random_float(random, 0.5f, 4.0f); break;
        case 3: row[i] = random_float(random, -4.0f, -0.5f); break;
        case 4: row[i] = random_float(random, -size, size); break;
        case 5: row[i] = 0.5f * (float)((int)random_below(random, 511) - 255); break; /* range 255: scale 1, ties */
        case 6: row[i] = one_in(random, 8) ? constant * INFINITY : random_float(random, -1.0f, 1.0f); break;
        case 7: row[i] = one_in(random, 8) ? NAN : random_float(random, -1.0f, 1.0f); break;
        default: row[i] = value(random, plain);
        }
    }
    if (kind == 5 && count >= 2) {
        row[0] = -127.5f;
        row[count - 1] = 127.5f;
    }
}

static size_t type_size(gemm_type type) { return type == GEMM_F32 ? 4 : type == GEMM_F16 ? 2 : 1; }

static void store_float(void *data, size_t i, gemm_type type, float x) {
    if (type == GEMM_F16) {
        ((uint16_t *)data)[i] = f16_of_float(x);
    } else {
        ((float *)data)[i] = x;
    }
}

static void make_lhs(problem *p, const gemm_kernel *kernel, bool plain, random_state *random) {
    gemm_lhs *lhs = &p->lhs;
    const bool quantizes = p->variant != GEMM_PF32 && p->variant != GEMM_PF16 && p->variant != GEMM_PQS8_QC8W;
    lhs->type = p->variant == GEMM_PF16 ? GEMM_F16 : p->variant == GEMM_PQS8_QC8W ? GEMM_I8 : GEMM_F32;
    if (!plain && kernel->lhs) {
        if (p->variant == GEMM_PF32 && one_in(random, 4)) lhs->type = GEMM_F16;
        if (quantizes && one_in(random, 3)) lhs->type = one_in(random, 2) ? GEMM_I8 : GEMM_F16;
    }
    const size_t size = type_size(lhs->type);
    const bool taps = !plain && kernel->lhs && p->k > 0 && (!quantizes || lhs->type == GEMM_I8) && one_in(random, 2);

    lhs->tap_count = 1;
    if (taps) {
        do lhs->tap_count = 1 + random_below(random, min_size(p->k, 12));
        while (p->k % lhs->tap_count);
    }
    lhs->tap_length = p->k / lhs->tap_count;

    /* Rows as they lie in a matrix, or pieces at random places of an image. */
    const size_t gap = plain || one_in(random, 2) ? 0 : random_below(random, 20);
    lhs->row_stride = (lhs->tap_length + gap) * size;
    const size_t rows = p->m * lhs->tap_count;
    const size_t bytes = rows ? (rows - 1) * lhs->row_stride + lhs->tap_length * size : 0;
    char *data = guard_memory(GUARD_LHS, bytes, p->at_end);
    lhs->data = data;
    float *row = malloc((lhs->tap_length + 1) * sizeof *row);
    for (size_t i = 0; i < bytes; i++) data[i] = (char)random_bits(random);
    for (size_t r = 0; r < rows && lhs->type != GEMM_I8; r++) {
        if (quantizes) {
            fill_row(row, lhs->tap_length, lhs->type, random, plain);
        } else {
            for (size_t i = 0; i < lhs->tap_length; i++) row[i] = value(random, plain);
        }
        for (size_t i = 0; i < lhs->tap_length; i++) store_float(data + r * lhs->row_stride, i, lhs->type, row[i]);
    }
    free(row);

    if (quantizes && lhs->type == GEMM_I8) {
        gemm_row *quantization = guard_memory(GUARD_ROWS, p->m * sizeof *quantization, true);
        for (size_t m = 0; m < p->m; m++) {
            quantization[m].inverse_scale = random_float(random, 0.001f, 0.1f);
            quantization[m].zero_point = (int32_t)random_below(random, 256) - 128;
            if (one_in(random, 4)) quantization[m].zero_point = one_in(random, 2) ? -128 : 127;
        }
        lhs->rows = quantization;
    }
    if (taps) {
        const void **pieces = guard_memory(GUARD_TAPS, rows * sizeof *pieces, true);
        char *padding = guard_memory(GUARD_PADDING, lhs->tap_length * size, p->at_end);
        memset(padding, 0, lhs->tap_length * size);
        for (size_t i = 0; i < rows; i++) {
            pieces[i] = one_in(random, 5) ? padding : data + random_below(random, rows) * lhs->row_stride;
        }
        lhs->taps = pieces;
        lhs->data = NULL;
        lhs->row_stride = 0;
    }
}

static void make_rhs(problem *p, bool plain, random_state *random) {
    gemm_rhs *rhs = &p->rhs;
    rhs->n = p->n;
    rhs->k = p->k;
    size_t bytes;
    if (p->variant == GEMM_QP8_F32_QC4W || p->variant == GEMM_QP8_F32_QB4W) {
        rhs->type = GEMM_I4;
        rhs->k_stride = 1;
        rhs->n_stride = (p->k + 1) / 2 + (plain || one_in(random, 2) ? 0 : random_below(random, 9));
        bytes = p->n ? (p->n - 1) * rhs->n_stride + (p->k + 1) / 2 : 0;
    } else {
        const bool floats = p->variant == GEMM_PF32 || p->variant == GEMM_PF16;
        rhs->type = !floats ? GEMM_I8 : p->variant == GEMM_PF32 ? GEMM_F32 : GEMM_F16;
        if (floats && !plain && one_in(random, 4)) rhs->type = rhs->type == GEMM_F32 ? GEMM_F16 : GEMM_F32;
        const size_t gap = plain || one_in(random, 2) ? 0 : random_below(random, 9);
        const size_t step = plain || !one_in(random, 8) ? 1 : 2;
        if (plain || one_in(random, 2)) {
            rhs->k_stride = step;
            rhs->n_stride = p->k * step + gap;
        } else {
            rhs->n_stride = step;
            rhs->k_stride = p->n * step + gap;
        }
        const size_t elements = p->n && p->k ? (p->n - 1) * rhs->n_stride + (p->k - 1) * rhs->k_stride + 1 : 0;
        bytes = elements * type_size(rhs->type);
    }
    char *data = guard_memory(GUARD_RHS, bytes, p->at_end);
    rhs->data = data;
    for (size_t i = 0; i < bytes; i++) data[i] = (char)random_bits(random);
    if (rhs->type == GEMM_F32 || rhs->type == GEMM_F16) {
        for (size_t i = 0; i < bytes / type_size(rhs->type); i++)
            store_float(data, i, rhs->type, value(random, plain));
    }

    if (p->variant == GEMM_QP8_F32_QB4W) {
        const size_t count = p->n * (p->k / rhs->block);
        uint16_t *scales = guard_memory(GUARD_BLOCK_SCALE, count * sizeof *scales, p->at_end);
        for (size_t i = 0; i < count; i++) scales[i] = bf16_of_float(random_float(random, 0.0001f, 0.1f));
        rhs->block_scale = scales;
    } else if (rhs->type == GEMM_I8 || rhs->type == GEMM_I4) {
        float *scales = guard_memory(GUARD_SCALE, p->n * sizeof *scales, p->at_end);
        for (size_t n = 0; n < p->n; n++) scales[n] = random_float(random, 0.0001f, 0.01f);
        if (p->variant == GEMM_PQS8_QC8W && p->n && random_below(random, 8) == 0)
            scales[random_below(random, p->n)] = 3e6f;
        rhs->scale = scales;
    }
    if (one_in(random, 4)) return;
    uint32_t *bias = guard_memory(GUARD_BIAS, p->n * sizeof *bias, p->at_end);
    for (size_t n = 0; n < p->n; n++) {
        bias[n] = p->variant == GEMM_PQS8_QC8W ? (uint32_t)random_below(random, 200001) - 100000u
                                               : bits_of_float(value(random, plain));
    }
    if (p->variant == GEMM_PQS8_QC8W) {
        rhs->bias_i32 = (const int32_t *)bias;
    } else {
        rhs->bias = (const float *)bias;
    }
}

void problem_make(problem *p, const gemm_kernel *kernel, size_t m, size_t n, size_t k, size_t block, bool plain,
                  random_state *random) {
    *p = (problem){.variant = kernel->variant, .m = m, .n = n, .k = k, .min = -INFINITY, .max = INFINITY};
    p->half_sums = (kernel->needs & CPU_AVX512FP16) != 0 && kernel->mr > 1;
    p->at_end = plain || !one_in(random, 3);
    p->rhs.block = p->variant == GEMM_QP8_F32_QB4W ? block : 0;
    make_lhs(p, kernel, plain, random);
    make_rhs(p, plain, random);
    if (kernel->store && p->variant == GEMM_PF32 && p->lhs.type == GEMM_F32 && !p->lhs.taps && !plain &&
        one_in(random, 4)) {
        float *const bias = guard_memory(GUARD_ROW_BIAS, m * sizeof *bias, true);
        for (size_t i = 0; i < m; i++) bias[i] = value(random, plain);
        p->row_bias = bias;
    }
    p->qmin = -128;
    p->qmax = 127;
    if (p->variant == GEMM_PQS8_QC8W) {
        static const int32_t extremes[] = {-128, 127, 0};
        p->zero_point =
            one_in(random, 2) ? extremes[random_below(random, 3)] : (int32_t)random_below(random, 256) - 128;
        p->rhs.lhs_zero_point =
            one_in(random, 2) ? extremes[random_below(random, 3)] : (int32_t)random_below(random, 256) - 128;
        if (one_in(random, 2)) {
            p->qmin = (int32_t)random_below(random, 200) - 128;
            p->qmax = p->qmin + (int32_t)random_below(random, (size_t)(128 - p->qmin));
        }
    } else if (!plain && one_in(random, 3)) {
        p->min = one_in(random, 2) ? 0.0f : random_float(random, -2.0f, 0.0f);
        p->max = one_in(random, 2) ? INFINITY : random_float(random, 0.0f, 6.0f);
    }
    static const char *const types[] = {"f32", "f16", "i8", "i4"};
    snprintf(
        p->text, sizeof p->text,
        "m %zu n %zu k %zu block %zu, left %s %s stride %zu taps %zux%zu, right %s strides %zu %zu, %s, clamp %g %g",
        m, n, k, p->rhs.block, types[p->lhs.type], p->lhs.rows ? "quantized" : "", p->lhs.row_stride,
        p->lhs.tap_count, p->lhs.tap_length, types[p->rhs.type], p->rhs.n_stride, p->rhs.k_stride,
        p->row_bias                      ? "row bias"
        : p->rhs.bias || p->rhs.bias_i32 ? "bias"
                                         : "no bias",
        (double)p->min, (double)p->max);
}

/* ---- the answer ---- */

static const void *piece_of(const gemm_lhs *lhs, size_t m, size_t k) {
    return lhs->taps ? lhs->taps[m * lhs->tap_count + k / lhs->tap_length]
                     : (const char *)lhs->data + m * lhs->row_stride;
}

static float left_float(const gemm_lhs *lhs, size_t m, size_t k) {
    const void *piece = piece_of(lhs, m, k);
    const size_t i = k % lhs->tap_length;
    return lhs->type == GEMM_F16 ? float_of_f16(((const uint16_t *)piece)[i]) : ((const float *)piece)[i];
}

static float right_float(const problem *p, size_t n, size_t k) {
    const size_t i = n * p->rhs.n_stride + k * p->rhs.k_stride;
    if (p->rhs.type == GEMM_F16) return float_of_f16(((const uint16_t *)p->rhs.data)[i]);
    const float x = ((const float *)p->rhs.data)[i];
    return p->variant == GEMM_PF16 ? float_of_f16(f16_of_float(x)) : x;
}

static int right_int(const problem *p, size_t n, size_t k) {
    if (p->rhs.type == GEMM_I8) return ((const int8_t *)p->rhs.data)[n * p->rhs.n_stride + k * p->rhs.k_stride];
    const int pair = ((const uint8_t *)p->rhs.data)[n * p->rhs.n_stride + k / 2];
    return (k % 2 ? pair / 16 : pair % 16) - 8;
}

/* Dynamic quantization as the specification words it, in f32. Writes q − zero point. */
static gemm_row quantize_row(const gemm_lhs *lhs, size_t m, size_t k, int *row) {
    gemm_row result = {.inverse_scale = 1.0f, .zero_point = 0};
    if (lhs->type == GEMM_I8) {
        if (lhs->rows) result = lhs->rows[m];
        for (size_t i = 0; i < k; i++) {
            row[i] = ((const int8_t *)piece_of(lhs, m, i))[i % lhs->tap_length] - result.zero_point;
        }
        return result;
    }
    float min = 0, max = 0;
    for (size_t i = 0; i < k; i++) {
        min = fminf(min, left_float(lhs, m, i));
        max = fmaxf(max, left_float(lhs, m, i));
    }
    const float scale = min == max ? 1.0f : 255.0f / (max - min);
    const float low = min * scale, high = max * scale;
    const float zero_point = (-128.0f + low) + (127.0f + high) > 0 ? -128.0f - low : 127.0f - high;
    result.zero_point = (int32_t)lrintf(fminf(fmaxf(zero_point, -128.0f), 127.0f));
    result.inverse_scale = 1.0f / scale;
    for (size_t i = 0; i < k; i++) {
        const float scaled = left_float(lhs, m, i) * scale;
        row[i] =
            (int)lrintf(fminf(fmaxf(scaled, (float)(-128 - result.zero_point)), (float)(127 - result.zero_point)));
    }
    return result;
}

/* u: half the distance of neighbouring floats around 1. A sum of k products in any order, with or without fused
 * multiply-add, is off by at most (k + 1) u times the sum of the magnitudes, to first order (Higham, section 3.1). */
static const double u = 0x1p-24;

/* NaN stays. */
static double clamped(double x, const problem *p) {
    return x<(double)p->min ? (double)p->min : x>(double) p->max ? (double)p->max : x;
}

static void solve_float(const problem *p, size_t m, size_t n, double *expected, double *bound) {
    const float bias = p->row_bias ? p->row_bias[m] : p->rhs.bias ? p->rhs.bias[n] : 0;
    double sum = (double)bias, magnitude = fabs(sum);
    for (size_t k = 0; k < p->k; k++) {
        const double product = (double)left_float(&p->lhs, m, k) * (double)right_float(p, n, k);
        sum += product;
        magnitude += fabs(product);
    }
    *expected = clamped(sum, p);
    *bound = ((double)p->k + 2) * u * magnitude;
    if (p->half_sums) *bound += 16 * 0x1p-11 * magnitude + (double)p->k * 0x1p-24; /* 16 in a row; subnormals */
    if (p->variant == GEMM_PF16) *bound += fabs(*expected) * 0x1p-11 + 0x1p-25;    /* stored with 11 bits */
    if (isinf(*bound)) *bound = 0; /* an infinite product decides the sum in any order */
}

/* Each block sum is an exact integer; scaling and adding them is off by at most (blocks + 3) u times the sum of
 * magnitudes. Kernels may take the zero point out as a term of its own, so a factor is at most 255 in magnitude. */
static void solve_block(const problem *p, const int *row, gemm_row quantization, size_t n, double *expected,
                        double *bound) {
    const size_t blocks = p->k / p->rhs.block;
    double total = 0, magnitude = 0;
    for (size_t b = 0; b < blocks; b++) {
        const double scale = (double)float_of_bf16(p->rhs.block_scale[n * blocks + b]);
        for (size_t k = b * p->rhs.block; k < (b + 1) * p->rhs.block; k++) {
            total += scale * row[k] * right_int(p, n, k);
            magnitude += scale * 255 * abs(right_int(p, n, k));
        }
    }
    const double inverse = (double)quantization.inverse_scale, bias = p->rhs.bias ? (double)p->rhs.bias[n] : 0;
    const double slack = ((double)blocks + 5) * u;
    *expected = clamped(total * inverse + bias, p);
    *bound = slack * (magnitude * inverse + fabs(bias));
    /* Infinity times what may be 0, or of either sign, may be anything; else infinity decides. */
    if (isinf(*bound)) *bound = isinf(inverse) && fabs(total) <= slack * magnitude ? INFINITY : 0;
}

static void solve_channel(const problem *p, const int *row, gemm_row quantization, size_t n, double *expected) {
    int64_t sum = 0;
    for (size_t k = 0; k < p->k; k++) sum += row[k] * right_int(p, n, k);
    float result = (float)sum * quantization.inverse_scale;
    result = result * p->rhs.scale[n];
    result = result + (p->rhs.bias ? p->rhs.bias[n] : 0.0f);
    *expected = clamped((double)result, p);
}

static void solve_static(const problem *p, const int *row, size_t n, double *expected) {
    int64_t sum = p->rhs.bias_i32 ? p->rhs.bias_i32[n] : 0;
    for (size_t k = 0; k < p->k; k++) sum += (row[k] - p->rhs.lhs_zero_point) * right_int(p, n, k);
    const float scaled = (float)sum * p->rhs.scale[n];
    *expected = fmin(fmax((double)rintf(scaled) + p->zero_point, p->qmin), p->qmax);
}

void problem_solve(problem *p) {
    p->expected = calloc(p->m * p->n + 1, sizeof *p->expected);
    p->bound = calloc(p->m * p->n + 1, sizeof *p->bound);
    int *row = calloc(p->k + 1, sizeof *row);
    for (size_t m = 0; m < p->m; m++) {
        const bool floats = p->variant == GEMM_PF32 || p->variant == GEMM_PF16;
        gemm_row quantization = {0};
        if (!floats) quantization = quantize_row(&p->lhs, m, p->k, row);
        for (size_t n = 0; n < p->n; n++) {
            double *expected = &p->expected[m * p->n + n], *bound = &p->bound[m * p->n + n];
            switch (p->variant) {
            case GEMM_PF32:
            case GEMM_PF16: solve_float(p, m, n, expected, bound); break;
            case GEMM_QP8_F32_QB4W: solve_block(p, row, quantization, n, expected, bound); break;
            case GEMM_PQS8_QC8W: solve_static(p, row, n, expected); break;
            default: solve_channel(p, row, quantization, n, expected);
            }
        }
    }
    free(row);
}

void problem_free(problem *p) {
    free(p->expected);
    free(p->bound);
}

size_t output_size(gemm_variant variant) { return variant == GEMM_PF16 ? 2 : variant == GEMM_PQS8_QC8W ? 1 : 4; }

double output_value(gemm_variant variant, const void *out, size_t i) {
    switch (variant) {
    case GEMM_PF16: return (double)float_of_f16(((const uint16_t *)out)[i]);
    case GEMM_PQS8_QC8W: return ((const int8_t *)out)[i];
    default: return (double)((const float *)out)[i];
    }
}

bool name_matches(const char *name, const char *pattern) {
    return pattern == NULL || strstr(name, pattern) != NULL || fnmatch(pattern, name, 0) == 0;
}
