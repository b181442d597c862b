/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooling over the last two dims of images.
 */
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

typedef struct pool_axis {
    size_t in, out, kernel, stride, padding, dilation;
} pool_axis;

/* One or two numbers of argument `arg` in [least, 2^31); none: `fallback`. */
static mica_status axis_numbers(kernel_call *call, size_t arg, int64_t least, const size_t fallback[2],
                                size_t numbers[2]) {
    int64_t given[2];
    size_t count;
    TRY(call_ints(call, arg, given, 2, &count));
    for (size_t a = 0; a < 2; a++) {
        if (count == 0) {
            numbers[a] = fallback[a];
            continue;
        }
        const int64_t number = given[count == 2 ? a : 0];
        if (number < least || number > INT32_MAX) {
            return call_fail(call, MICA_ERROR_VALUE, "argument %zu has %lld", arg, (long long)number);
        }
        numbers[a] = (size_t)number;
    }
    return MICA_OK;
}

/* Arguments kernel_size, stride, padding from 1 on; dilation at `dilation_arg` unless it is 0. */
static mica_status window_arguments(kernel_call *call, size_t dilation_arg, size_t ceil_arg,
                                    const struct tensor *self, pool_axis axes[2]) {
    const size_t one[2] = {1, 1}, zero[2] = {0, 0}, rank = self->view.rank;
    size_t kernel[2], stride[2], padding[2], dilation[2] = {1, 1};
    bool ceil_mode;
    if (rank != 3 && rank != 4) return call_fail(call, MICA_ERROR_SHAPE, "the input has rank %zu", rank);
    TRY(axis_numbers(call, 1, 1, one, kernel));
    TRY(axis_numbers(call, 2, 1, kernel, stride));
    TRY(axis_numbers(call, 3, 0, zero, padding));
    if (dilation_arg) TRY(axis_numbers(call, dilation_arg, 1, one, dilation));
    TRY(call_bool(call, ceil_arg, &ceil_mode));
    for (size_t a = 0; a < 2; a++) {
        const size_t in = self->view.sizes[rank - 2 + a], reach = (kernel[a] - 1) * dilation[a] + 1;
        if (in + 2 * padding[a] < reach || padding[a] > kernel[a] / 2) {
            return call_fail(call, MICA_ERROR_SHAPE, "a window of %zu on %zu elements with padding %zu", reach, in,
                             padding[a]);
        }
        const size_t room = in + 2 * padding[a] - reach + (ceil_mode ? stride[a] - 1 : 0);
        size_t out = room / stride[a] + 1;
        /* The last window starts inside the image or its padding before. */
        if (ceil_mode && (out - 1) * stride[a] >= in + padding[a]) out--;
        axes[a] = (pool_axis){in, out, kernel[a], stride[a], padding[a], dilation[a]};
    }
    return MICA_OK;
}

static mica_status resize_pooled(kernel_call *call, const struct tensor *self, const pool_axis axes[2],
                                 struct tensor *out) {
    size_t sizes[4];
    const size_t rank = self->view.rank;
    for (size_t i = 0; i < rank; i++) sizes[i] = self->view.sizes[i];
    for (size_t a = 0; a < 2; a++) sizes[rank - 2 + a] = axes[a].out;
    return call_resize(call, out, rank, sizes);
}

static mica_status same_types(kernel_call *call, const struct tensor *self, const struct tensor *out) {
    if (self->view.type == out->view.type) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "the input is %s, the result %s", mica_type_name(self->view.type),
                     mica_type_name(out->view.type));
}

typedef struct pool_job {
    pool_axis y, x;
    const void *from;
    void *to;
    int64_t *indices;     /* maximum: position in the plane */
    bool include_padding; /* average: padding counts as elements */
    int64_t divisor;      /* average: 0: the number of elements */
} pool_job;

/* ---- average ---- */

static void average_planes(void *argument, size_t begin, size_t end) {
    const pool_job *const job = argument;
    const pool_axis *const y = &job->y, *const x = &job->x;
    for (size_t p = begin; p < end; p++) {
        const double *const from = (const double *)job->from + p * y->in * x->in;
        double *to = (double *)job->to + p * y->out * x->out;
        for (size_t oy = 0; oy < y->out; oy++) {
            const size_t y0 = oy * y->stride, y1 = min_size(y0 + y->kernel, y->in + 2 * y->padding);
            for (size_t ox = 0; ox < x->out; ox++) {
                const size_t x0 = ox * x->stride, x1 = min_size(x0 + x->kernel, x->in + 2 * x->padding);
                double sum = 0;
                size_t count = 0;
                for (size_t at_y = max_size(y0, y->padding); at_y < min_size(y1, y->in + y->padding); at_y++) {
                    for (size_t at_x = max_size(x0, x->padding); at_x < min_size(x1, x->in + x->padding); at_x++) {
                        sum += from[(at_y - y->padding) * x->in + at_x - x->padding];
                        count++;
                    }
                }
                if (job->include_padding) count = (y1 - y0) * (x1 - x0);
                *to++ = sum / (job->divisor ? (double)job->divisor : (double)count);
            }
        }
    }
}

static size_t planes(const struct tensor *self) {
    const size_t rank = self->view.rank;
    return rank == 4 ? self->view.sizes[0] * self->view.sizes[1] : self->view.sizes[0];
}

/* self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, out */
mica_status avg_pool2d(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    pool_axis axes[2];
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 7, &out));
    TRY(same_types(call, self, out));
    TRY(window_arguments(call, 0, 4, self, axes));
    pool_job job = {.y = axes[0], .x = axes[1]};
    TRY(call_bool(call, 5, &job.include_padding));
    TRY(call_optional_int(call, 6, 0, &job.divisor));
    if (job.divisor == 0 && !call_is_none(call, 6)) return call_fail(call, MICA_ERROR_VALUE, "the divisor is 0");
    TRY(resize_pooled(call, self, axes, out));
    view from, to;
    view_of(self, &from);
    view_of(out, &to);
    TRY(view_read(call, &from, MICA_F64, &job.from));
    TRY(view_write(call, &to, MICA_F64, &job.to));
    rows_parallel(call, planes(self), axes[0].out * axes[1].out * axes[0].kernel * axes[1].kernel, average_planes,
                  &job);
    view_written(call, &to, MICA_F64, job.to);
    return MICA_OK;
}

static void adaptive_planes(void *argument, size_t begin, size_t end) {
    const pool_job *const job = argument;
    const pool_axis *const y = &job->y, *const x = &job->x;
    for (size_t p = begin; p < end; p++) {
        const double *const from = (const double *)job->from + p * y->in * x->in;
        double *to = (double *)job->to + p * y->out * x->out;
        for (size_t oy = 0; oy < y->out; oy++) {
            const size_t y0 = oy * y->in / y->out, y1 = divide_up((oy + 1) * y->in, y->out);
            for (size_t ox = 0; ox < x->out; ox++) {
                const size_t x0 = ox * x->in / x->out, x1 = divide_up((ox + 1) * x->in, x->out);
                double sum = 0;
                for (size_t at_y = y0; at_y < y1; at_y++) {
                    for (size_t at_x = x0; at_x < x1; at_x++) sum += from[at_y * x->in + at_x];
                }
                *to++ = sum / (double)((y1 - y0) * (x1 - x0));
            }
        }
    }
}

/* self, output_size, out */
mica_status adaptive_avg_pool2d(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 2, &out));
    TRY(same_types(call, self, out));
    const size_t rank = self->view.rank;
    if (rank != 3 && rank != 4) return call_fail(call, MICA_ERROR_SHAPE, "the input has rank %zu", rank);
    size_t given[2];
    pool_axis axes[2] = {{.in = self->view.sizes[rank - 2]}, {.in = self->view.sizes[rank - 1]}};
    const size_t whole[2] = {axes[0].in, axes[1].in};
    TRY(axis_numbers(call, 1, 0, whole, given));
    for (size_t a = 0; a < 2; a++) {
        axes[a].out = given[a];
        if (axes[a].in == 0) return call_fail(call, MICA_ERROR_SHAPE, "images of no elements");
    }
    TRY(resize_pooled(call, self, axes, out));
    pool_job job = {.y = axes[0], .x = axes[1]};
    view from, to;
    view_of(self, &from);
    view_of(out, &to);
    TRY(view_read(call, &from, MICA_F64, &job.from));
    TRY(view_write(call, &to, MICA_F64, &job.to));
    rows_parallel(call, planes(self), axes[0].in * axes[1].in + axes[0].out * axes[1].out, adaptive_planes, &job);
    view_written(call, &to, MICA_F64, job.to);
    return MICA_OK;
}

/* ---- maximum ---- */

/* The first tap of a window that is not in the padding before the image. */
static size_t first_tap(const pool_axis *axis, size_t out) {
    const size_t start = out * axis->stride;
    return start < axis->padding ? divide_up(axis->padding - start, axis->dilation) : 0;
}

#define MAXIMUM_PLANES(name, number)                                                                                 \
    static void name(void *argument, size_t begin, size_t end) {                                                     \
        const pool_job *const job = argument;                                                                        \
        const pool_axis *const y = &job->y, *const x = &job->x;                                                      \
        for (size_t p = begin; p < end; p++) {                                                                       \
            const number *const from = (const number *)job->from + p * y->in * x->in;                                \
            size_t to = p * y->out * x->out;                                                                         \
            for (size_t oy = 0; oy < y->out; oy++) {                                                                 \
                for (size_t ox = 0; ox < x->out; ox++, to++) {                                                       \
                    number best = 0;                                                                                 \
                    size_t best_at = SIZE_MAX;                                                                       \
                    for (size_t ky = first_tap(y, oy); ky < y->kernel; ky++) {                                       \
                        const size_t at_y = oy * y->stride + ky * y->dilation - y->padding;                          \
                        if (at_y >= y->in) break;                                                                    \
                        for (size_t kx = first_tap(x, ox); kx < x->kernel; kx++) {                                   \
                            const size_t at_x = ox * x->stride + kx * x->dilation - x->padding;                      \
                            if (at_x >= x->in) break;                                                                \
                            const size_t at = at_y * x->in + at_x;                                                   \
                            if (best_at != SIZE_MAX && !(from[at] > best)) continue;                                 \
                            best = from[at];                                                                         \
                            best_at = at;                                                                            \
                        }                                                                                            \
                    }                                                                                                \
                    ((number *)job->to)[to] = best;                                                                  \
                    job->indices[to] = best_at == SIZE_MAX ? 0 : (int64_t)best_at;                                   \
                }                                                                                                    \
            }                                                                                                        \
        }                                                                                                            \
    }
MAXIMUM_PLANES(maximum_f32, float)
MAXIMUM_PLANES(maximum_f64, double)
MAXIMUM_PLANES(maximum_i64, int64_t)

/* self, kernel_size, stride, padding, dilation, ceil_mode, out, indices */
mica_status max_pool2d_with_indices(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL, *indices = NULL;
    pool_axis axes[2];
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 6, &out));
    TRY(call_out(call, 7, &indices));
    TRY(same_types(call, self, out));
    if (indices->view.type != MICA_I64) return call_fail(call, MICA_ERROR_TYPE, "indices are i64");
    TRY(window_arguments(call, 4, 5, self, axes));
    TRY(resize_pooled(call, self, axes, out));
    TRY(resize_pooled(call, self, axes, indices));
    pool_job job = {.y = axes[0], .x = axes[1]};
    view from, to, at;
    view_of(self, &from);
    view_of(out, &to);
    view_of(indices, &at);
    const mica_type work = work_of(from.type);
    void *positions = NULL;
    TRY(view_read(call, &from, work, &job.from));
    TRY(view_write(call, &to, work, &job.to));
    TRY(view_write(call, &at, MICA_I64, &positions));
    job.indices = positions;
    const rows_work pool = work == MICA_F32 ? maximum_f32 : work == MICA_F64 ? maximum_f64 : maximum_i64;
    rows_parallel(call, planes(self), axes[0].out * axes[1].out * axes[0].kernel * axes[1].kernel, pool, &job);
    view_written(call, &to, work, job.to);
    view_written(call, &at, MICA_I64, positions);
    return MICA_OK;
}
