/* SPDX-License-Identifier: Apache-2.0
 *
 * One channel after the other, sums in double.
 */
#include "kernel/pool/pool.h"

#include <math.h>

#include "base/half.h"

static double element(const void *at, pool_type type, size_t i) {
    switch (type) {
    case POOL_F32: return ((const float *)at)[i];
    case POOL_F16: return float_of_f16(((const uint16_t *)at)[i]);
    default: return ((const int8_t *)at)[i];
    }
}

static void set(void *at, pool_type type, size_t i, double value) {
    switch (type) {
    case POOL_F32: ((float *)at)[i] = (float)value; break;
    case POOL_F16: ((uint16_t *)at)[i] = f16_of_float((float)value); break;
    default: ((int8_t *)at)[i] = (int8_t)value;
    }
}

static double window_element(const pool_call *call, pool_type type, size_t row, size_t column, size_t channel) {
    return element((const char *)call->in + row * call->row_stride + column * call->column_stride, type, channel);
}

static double clamped(double x, double min, double max) { return x < min ? min : x > max ? max : x; }

static void largest(const pool_call *call, pool_type type) {
    for (size_t c = 0; c < call->channels; c++) {
        double best = -INFINITY;
        size_t place = call->first_index;
        for (size_t r = 0; r < call->rows; r++) {
            for (size_t k = 0; k < call->columns; k++) {
                const double x = window_element(call, type, r, k, c);
                if (x > best) best = x, place = call->first_index + r * call->index_step + k;
            }
        }
        const bool integer = type == POOL_I8;
        set(call->out, type, c, clamped(best, integer ? (float)call->qmin : call->min, integer ? (float)call->qmax : call->max));
        if (call->indices) call->indices[c] = (int32_t)place;
    }
}

static void maximum(const pool_call *call, pool_type type) {
    pool_call values = *call;
    values.indices = NULL;
    largest(&values, type);
}

static void average(const pool_call *call, pool_type type) {
    for (size_t c = 0; c < call->channels; c++) {
        double sum = type == POOL_I8 ? -call->offset : 0;
        for (size_t r = 0; r < call->rows; r++) {
            for (size_t k = 0; k < call->columns; k++) sum += window_element(call, type, r, k, c);
        }
        if (type == POOL_I8) {
            const float step = (float)sum * call->scale;
            const float min = (float)(call->qmin - call->zero_point), max = (float)(call->qmax - call->zero_point);
            set(call->out, type, c, rintf((float)clamped(step, min, max)) + (float)call->zero_point);
        } else {
            set(call->out, type, c, clamped(sum * (double)call->scale, call->min, call->max));
        }
    }
}

static void blend(const blend_call *call, pool_type type) {
    for (size_t c = 0; c < call->channels; c++) {
        const double left = element(call->top_left, type, c), right = element(call->top_right, type, c);
        const double low_left = element(call->bottom_left, type, c), low_right = element(call->bottom_right, type, c);
        const double t = (double)call->right, u = (double)call->bottom;
        if (type == POOL_I8) { /* exact in double: multiples of 2^-22 */
            const double steps = rint(t * 2048) / 2048, rows = rint(u * 2048) / 2048;
            const double above = left + (right - left) * steps, below = low_left + (low_right - low_left) * steps;
            set(call->out, type, c, floor(above + (below - above) * rows + 0.5));
        } else {
            const double above = left + (right - left) * t, below = low_left + (low_right - low_left) * t;
            set(call->out, type, c, above + (below - above) * u);
        }
    }
}

static void maximum_f32(const pool_call *call) { maximum(call, POOL_F32); }
static void maximum_f16(const pool_call *call) { maximum(call, POOL_F16); }
static void maximum_i8(const pool_call *call) { maximum(call, POOL_I8); }
static void average_f32(const pool_call *call) { average(call, POOL_F32); }
static void average_f16(const pool_call *call) { average(call, POOL_F16); }
static void average_i8(const pool_call *call) { average(call, POOL_I8); }
static void largest_f32(const pool_call *call) { largest(call, POOL_F32); }
static void largest_f16(const pool_call *call) { largest(call, POOL_F16); }
static void blend_f32(const blend_call *call) { blend(call, POOL_F32); }
static void blend_f16(const blend_call *call) { blend(call, POOL_F16); }
static void blend_i8(const blend_call *call) { blend(call, POOL_I8); }

const pool_kernels pool_reference = {.maximum = {maximum_f32, maximum_f16, maximum_i8},
                                     .average = {average_f32, average_f16, average_i8},
                                     .largest = {largest_f32, largest_f16},
                                     .blend = {blend_f32, blend_f16, blend_i8}};
