/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel of dwpanel.h, once, for the vectors included before: tiles of outputs of one vector, whose sums stay in
 * registers while their inputs are walked once. The compiler knows which outputs an input meets.
 */
#include "kernel/dwpanel/dwpanel.h"
#include "kernel/vector/math.h"

enum { WIDTH = 2 * VEC, MOST = 2 * 7 };
#define UNROLL _Pragma("GCC unroll 32")

INLINE void tile(const dwpanel_call *call, const float *in, size_t lanes, float *out, size_t vector,
                 const size_t filter, const size_t stride, const size_t rows, const size_t columns) {
    const float *const weights = call->weights + vector;
    vec sum[MOST];
    UNROLL for (size_t o = 0; o < rows * columns; o++) sum[o] = v_load(weights);
    UNROLL for (size_t i = 0; i < (rows - 1) * stride + filter; i++) {
        const float *const row = in + i * call->in_row + vector;
        UNROLL for (size_t j = 0; j < (columns - 1) * stride + filter; j++) {
            const vec x = v_load(row + j * WIDTH);
            UNROLL for (size_t o = 0; o < rows * columns; o++) {
                const size_t y = i - o / columns * stride, t = j - o % columns * stride; /* of the tap; may wrap */
                if (y >= filter || t >= filter) continue;
                sum[o] = v_fma(x, v_load(weights + (1 + y * filter + t) * WIDTH), sum[o]);
            }
        }
    }
    const vec min = v_splat(call->min), max = v_splat(call->max);
    UNROLL for (size_t o = 0; o < rows * columns; o++) {
        float *const to = out + o / columns * call->out_row + o % columns * call->out_pixel + vector;
        const vec value = v_clamp(sum[o], min, max);
        lanes < VEC ? v_store_part(to, value, lanes) : v_store(to, value);
    }
}

INLINE void tiles(const dwpanel_call *call, const float *in, float *out, const size_t filter, const size_t stride,
                  const size_t rows, const size_t columns) {
    for (size_t v = 0; v < call->channels; v += VEC) {
        tile(call, in, call->channels - v, out, v, filter, stride, rows, columns);
    }
}

INLINE void line(const dwpanel_call *call, size_t y, const size_t filter, const size_t stride, const size_t rows) {
    const float *const in = call->in + y * stride * call->in_row;
    float *const out = call->out + y * call->out_row;
    const size_t right = stride * WIDTH, columns = call->columns;
    size_t x = 0;
    for (; x + 7 <= columns; x += 7) tiles(call, in + x * right, out + x * call->out_pixel, filter, stride, rows, 7);
    for (; x + 3 <= columns; x += 3) tiles(call, in + x * right, out + x * call->out_pixel, filter, stride, rows, 3);
    for (; x < columns; x++) tiles(call, in + x * right, out + x * call->out_pixel, filter, stride, rows, 1);
}

INLINE void lines(const dwpanel_call *call, const size_t filter, const size_t stride) {
    size_t y = 0;
    for (; y + 2 <= call->rows; y += 2) line(call, y, filter, stride, 2);
    if (y < call->rows) line(call, y, filter, stride, 1);
}

static void run(const dwpanel_call *call) {
    switch (call->filter * 10 + call->stride) {
    case 31: lines(call, 3, 1); break;
    case 32: lines(call, 3, 2); break;
    case 51: lines(call, 5, 1); break;
    case 52: lines(call, 5, 2); break;
    }
}

#define DWPANEL_KERNEL {WIDTH, run}
