/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of planar.h, once, for the vectors included before. A block is a vector of neighbouring outputs in each of
 * seven rows, so that their sums hide the latency of multiply-add; where the filter is common, the compiler knows which
 * outputs an input meets, and it is loaded once for all.
 */
#include "kernel/planar/planar.h"
#include "kernel/vector/math.h"

#define UNROLL _Pragma("GCC unroll 32")

INLINE vec load(const float *from, size_t n) { return n < VEC ? v_load_part(from, n) : v_load(from); }

INLINE void zero(float *to, size_t count) { /* at least a vector, and whole ones */
    v_store(to, v_splat(0));
    for (size_t i = VEC; i < count; i += VEC) v_store(to + i, v_splat(0));
}

/* `count` elements, each `stride` after the one before, and zeros to the end of the last vector. */
INLINE void take(const float *from, const size_t stride, size_t count, float *to) {
    for (size_t i = 0; i < count; i += VEC, from += VEC * stride, to += VEC) {
        const size_t n = count - i;
        if (stride == 1) {
            v_store(to, load(from, n));
        } else {
            float some[VEC] = {0};
            for (size_t k = 0; k < n && k < VEC; k++) some[k] = from[k * stride];
            v_store(to, v_load(some));
        }
    }
}

/* Rows are written first to last, in whole vectors that may reach into the next one. */
INLINE void spread_phases(const planar_spread *call, const size_t stride) {
    float *out = call->out;
    for (size_t r = call->first; r < call->first + call->rows; r++) {
        const size_t y = r - call->top; /* wraps above the plane */
        for (size_t p = 0; p < stride; p++, out += call->phase) {
            const size_t x = (p + stride - call->left % stride) % stride; /* the first of the plane in this phase */
            if (y >= call->height || x >= call->width) {
                zero(out, call->phase);
                continue;
            }
            const size_t before = (x + call->left) / stride, count = (call->width - x - 1) / stride + 1;
            const size_t written = before + (count + VEC - 1) / VEC * VEC;
            zero(out, before);
            take(call->in + y * call->width + x, stride, count, out + before);
            if (written < call->phase) zero(out + written, call->phase - written);
        }
    }
}

INLINE void clear(float *to, size_t count) {
    for (; count > VEC; count -= VEC, to += VEC) v_store(to, v_splat(0));
    if (count) v_store_part(to, v_splat(0), count);
}

/* Two phases at once, of as many loads. */
INLINE void spread_pairs(const planar_spread *call) {
    const size_t left = call->left, halves[2] = {(call->width + 1) / 2, call->width / 2};
    size_t at[2];
    for (size_t i = 0; i < 2; i++) at[i] = (left + i) % 2 * call->phase + (left + i) / 2;
    float *out = call->out;
    for (size_t r = call->first; r < call->first + call->rows; r++, out += 2 * call->phase) {
        const size_t y = r - call->top; /* wraps above the plane */
        if (y >= call->height) {
            clear(out, 2 * call->phase);
            continue;
        }
        const float *from = call->in + y * call->width;
        float *evens = out + at[0], *odds = out + at[1];
        size_t n = call->width;
        for (; n >= 2 * VEC; n -= 2 * VEC, from += 2 * VEC, evens += VEC, odds += VEC) {
            const vec a = v_load(from), b = v_load(from + VEC);
            v_store(evens, v_evens(a, b));
            v_store(odds, v_odds(a, b));
        }
        if (n) {
            const vec a = load(from, n), b = n > VEC ? load(from + VEC, n - VEC) : v_splat(0);
            v_store_part(evens, v_evens(a, b), (n + 1) / 2);
            if (n > 1) v_store_part(odds, v_odds(a, b), n / 2);
        }
        for (size_t i = 0; i < 2; i++) {
            const size_t before = (left + i) / 2, after = call->phase - before - halves[i];
            clear(out + at[i] - before, before);
            clear(out + at[i] + halves[i], after);
        }
    }
}

static void spread(const planar_spread *call) {
    switch (call->stride) {
    case 1: spread_phases(call, 1); break;
    case 2: spread_pairs(call); break;
    default: spread_phases(call, call->stride);
    }
}

INLINE void finish(const planar_depthwise *call, const vec *sum, size_t rows, size_t lanes, float *out) {
    const vec min = v_splat(call->min), max = v_splat(call->max);
    UNROLL for (size_t r = 0; r < PLANAR_ROWS; r++) {
        if (r == rows) return;
        const vec value = v_clamp(sum[r], min, max);
        lanes < VEC ? v_store_part(out + r * call->columns, value, lanes) : v_store(out + r * call->columns, value);
    }
}

/* Any filter; rows past the last are the last again. */
INLINE void any_block(const planar_depthwise *call, const float *in, size_t rows, size_t lanes, float *out) {
    vec sum[PLANAR_ROWS];
    const float *row[PLANAR_ROWS];
    UNROLL for (size_t r = 0; r < PLANAR_ROWS; r++) {
        sum[r] = v_splat(call->bias);
        row[r] = in + (r < rows ? r : rows - 1) * call->down * call->in_row;
    }
    for (size_t t = 0; t < call->filter_rows * call->filter_columns; t++) {
        const vec weight = v_splat(call->weights[t]);
        UNROLL for (size_t r = 0; r < PLANAR_ROWS; r++) sum[r] =
            v_fma(v_load(row[r] + call->taps[t]), weight, sum[r]);
    }
    finish(call, sum, rows, lanes, out);
}

/* A filter × filter window over all rows of a whole block. */
INLINE void square_block(const planar_depthwise *call, const float *in, size_t lanes, float *out, const size_t filter,
                         const size_t down) {
    vec sum[PLANAR_ROWS], weight[25];
    UNROLL for (size_t t = 0; t < filter * filter; t++) weight[t] = v_splat(call->weights[t]);
    UNROLL for (size_t r = 0; r < PLANAR_ROWS; r++) sum[r] = v_splat(call->bias);
    UNROLL for (size_t i = 0; i < (PLANAR_ROWS - 1) * down + filter; i++) {
        UNROLL for (size_t j = 0; j < filter; j++) {
            const vec x = v_load(in + i * call->in_row + call->taps[j]);
            UNROLL for (size_t r = 0; r < PLANAR_ROWS; r++) {
                const size_t tap = i - r * down; /* may wrap */
                if (tap < filter) sum[r] = v_fma(x, weight[tap * filter + j], sum[r]);
            }
        }
    }
    finish(call, sum, PLANAR_ROWS, lanes, out);
}

INLINE void depthwise_of(const planar_depthwise *call, const size_t filter, const size_t down) {
    for (size_t y = 0; y < call->rows; y += PLANAR_ROWS) {
        const size_t rows = call->rows - y < PLANAR_ROWS ? call->rows - y : PLANAR_ROWS;
        const float *const in = call->in + y * call->down * call->in_row;
        float *const out = call->out + y * call->columns;
        for (size_t x = 0; x < call->columns; x += VEC) {
            const size_t lanes = call->columns - x;
            if (filter && rows == PLANAR_ROWS) {
                square_block(call, in + x, lanes, out + x, filter, down);
            } else {
                any_block(call, in + x, rows, lanes, out + x);
            }
        }
    }
}

static void depthwise(const planar_depthwise *call) {
    const size_t filter =
        call->filter_rows == call->filter_columns && call->dilation_rows == 1 ? call->filter_rows : 0;
    switch (filter * 10 + call->down) {
    case 31: depthwise_of(call, 3, 1); break;
    case 32: depthwise_of(call, 3, 2); break;
    case 51: depthwise_of(call, 5, 1); break;
    case 52: depthwise_of(call, 5, 2); break;
    default: depthwise_of(call, 0, 0);
    }
}

/* A vector of columns that are neighbours in a row of outputs. */
struct piece {
    size_t from, to;
};

/* Vectors may reach into the next piece, which is stored later. */
INLINE void store_columns(const planar_columns *call, const struct piece *pieces, const size_t count) {
    const size_t planes = call->planes, in_plane = call->in_plane, out_row = call->out_row;
    float *out = call->out;
    for (size_t t = 0; t < call->tap_count; t++) {
        const float *in = call->in + call->taps[t];
        for (size_t p = 0; p < planes; p++, in += in_plane, out += out_row) {
            for (size_t i = 0; i < count; i++) v_store(out + pieces[i].to, v_load(in + pieces[i].from));
        }
    }
}

static void columns(const planar_columns *call) {
    struct piece pieces[PLANAR_COLUMNS];
    size_t count = 0, x = call->first % call->width, row = call->first / call->width * call->down;
    for (size_t done = 0; done < call->count; count++) {
        pieces[count] = (struct piece){row + x, done};
        const size_t left = call->width - x, n = left < VEC ? left : VEC;
        done += n;
        x += n;
        if (x == call->width) x = 0, row += call->down;
    }
    count == PLANAR_COLUMNS / VEC ? store_columns(call, pieces, PLANAR_COLUMNS / VEC)
                                  : store_columns(call, pieces, count);
}

#define PLANAR_KERNELS {spread, depthwise, columns}
