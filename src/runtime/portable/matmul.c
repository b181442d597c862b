/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products and convolutions that stay outside of delegates.
 */
#include "runtime/portable/complex.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/product.h"
#include "runtime/portable/view.h"

#include <string.h>

/* ---- products ---- */

static mica_status read_matrix(kernel_call *call, size_t arg, size_t rank, view *v) {
    struct tensor *tensor = NULL;
    TRY(call_tensor(call, arg, &tensor));
    view_of(tensor, v);
    if (v->rank == rank) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "argument %zu has rank %zu, not %zu", arg, v->rank, rank);
}

static mica_status inner_sizes_match(kernel_call *call, size_t a, size_t b) {
    if (a == b) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "rows of %zu elements meet columns of %zu", a, b);
}

/* out = lhs · rhs + bias for `batch` matrices that follow each other; bias is a row of `work` or NULL. */
static mica_status multiply(kernel_call *call, const view *lhs, const view *rhs, bool rhs_transposed, size_t batch,
                            size_t m, size_t n, size_t k, mica_type work, const void *bias, void *out) {
    const void *a = NULL, *b = NULL;
    TRY(view_read(call, lhs, work, &a));
    TRY(view_read(call, rhs, work, &b));
    const size_t size = mica_type_size(work);
    const bool shared = rhs->rank == 2;
    for (size_t i = 0; i < batch; i++) {
        const product p = {.m = m,
                           .n = n,
                           .k = k,
                           .lhs = (const uint8_t *)a + i * m * k * size,
                           .lhs_stride = k,
                           .rhs = (const uint8_t *)b + (shared ? 0 : i * n * k * size),
                           .rhs_stride = rhs_transposed ? k : n,
                           .rhs_transposed = rhs_transposed,
                           .out = (uint8_t *)out + i * m * n * size,
                           .out_stride = n};
        TRY(product_run(call, work, &p, bias));
    }
    return MICA_OK;
}

/* Products of `rank` dims: self, mat2, out. */
static mica_status multiply_out(kernel_call *call, size_t rank) {
    view a, b;
    struct tensor *out = NULL;
    TRY(read_matrix(call, 0, rank, &a));
    TRY(read_matrix(call, 1, rank, &b));
    TRY(call_out(call, 2, &out));
    const size_t batch = rank == 3 ? a.sizes[0] : 1, m = a.sizes[rank - 2], k = a.sizes[rank - 1];
    const size_t n = b.sizes[rank - 1];
    TRY(inner_sizes_match(call, k, b.sizes[rank - 2]));
    if (rank == 3 && b.sizes[0] != batch) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu matrices times %zu", batch, b.sizes[0]);
    }
    const size_t sizes[3] = {batch, m, n};
    TRY(call_resize(call, out, rank, sizes + 3 - rank));
    view to;
    view_of(out, &to);
    if (type_is_complex(to.type) || type_is_complex(a.type) || type_is_complex(b.type)) {
        if (a.type == to.type && b.type == to.type) return complex_bmm(call, &a, &b, &to);
        return call_fail(call, MICA_ERROR_TYPE, "complex numbers meet real ones");
    }
    const mica_type work = work_of(to.type);
    void *result = NULL;
    TRY(view_write(call, &to, work, &result));
    TRY(multiply(call, &a, &b, false, batch, m, n, k, work, NULL, result));
    view_written(call, &to, work, result);
    return MICA_OK;
}

/* self, mat2, out */
mica_status mm(kernel_call *call) { return multiply_out(call, 2); }
mica_status bmm(kernel_call *call) { return multiply_out(call, 3); }

#define SCALE_AND_ADD(name, number)                                                                                  \
    static void name(size_t count, void *out, const void *added, number alpha, number beta) {                        \
        number *const y = out;                                                                                       \
        const number *const x = added;                                                                               \
        for (size_t i = 0; i < count; i++) y[i] = beta == 0 ? alpha * y[i] : alpha * y[i] + beta * x[i];             \
    }
SCALE_AND_ADD(scale_and_add_f32, float)
SCALE_AND_ADD(scale_and_add_f64, double)
SCALE_AND_ADD(scale_and_add_u64, uint64_t)

/* self, mat1, mat2, beta, alpha, out: beta · self + alpha · mat1 · mat2 */
mica_status addmm(kernel_call *call) {
    view a, b;
    struct tensor *self = NULL, *out = NULL;
    double beta = 1, alpha = 1;
    TRY(call_tensor(call, 0, &self));
    TRY(read_matrix(call, 1, 2, &a));
    TRY(read_matrix(call, 2, 2, &b));
    TRY(call_double(call, 3, &beta));
    TRY(call_double(call, 4, &alpha));
    TRY(call_out(call, 5, &out));
    TRY(inner_sizes_match(call, a.sizes[1], b.sizes[0]));
    const size_t sizes[2] = {a.sizes[0], b.sizes[1]};
    view added;
    view_of(self, &added);
    if (!view_broadcast(&added, 2, sizes)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the first argument does not broadcast to %zu × %zu", sizes[0],
                         sizes[1]);
    }
    TRY(call_resize(call, out, 2, sizes));
    view to;
    view_of(out, &to);
    const mica_type work = work_of(to.type);
    const size_t count = view_count(&to);
    void *result = NULL;
    const void *add = NULL;
    TRY(call_scratch_array(call, count, mica_type_size(work), &result));
    TRY(view_read(call, &added, work, &add));
    TRY(multiply(call, &a, &b, false, 1, sizes[0], sizes[1], a.sizes[1], work, NULL, result));
    switch (work) {
    case MICA_F32: scale_and_add_f32(count, result, add, (float)alpha, (float)beta); break;
    case MICA_F64: scale_and_add_f64(count, result, add, alpha, beta); break;
    default: scale_and_add_u64(count, result, add, (uint64_t)integer_of_real(alpha), (uint64_t)integer_of_real(beta));
    }
    view_written(call, &to, work, result);
    return MICA_OK;
}

/* input, weight, bias, out: input · weightᵀ + bias */
mica_status linear(kernel_call *call) {
    view weight;
    struct tensor *input = NULL, *bias = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &input));
    TRY(read_matrix(call, 1, 2, &weight));
    TRY(call_optional_tensor(call, 2, &bias));
    TRY(call_out(call, 3, &out));
    view from;
    view_of(input, &from);
    if (from.rank == 0) return call_fail(call, MICA_ERROR_SHAPE, "the input has rank 0");
    const size_t n = weight.sizes[0], k = weight.sizes[1];
    TRY(inner_sizes_match(call, from.sizes[from.rank - 1], k));
    size_t sizes[MICA_MAX_RANK], m = 1;
    for (size_t i = 0; i + 1 < from.rank; i++) m *= sizes[i] = from.sizes[i];
    sizes[from.rank - 1] = n;
    TRY(call_resize(call, out, from.rank, sizes));
    view to;
    view_of(out, &to);
    const mica_type work = work_of(to.type);
    void *result = NULL;
    TRY(view_write(call, &to, work, &result));
    const void *row = NULL;
    if (bias) {
        view added;
        view_of(bias, &added);
        if (!view_broadcast(&added, 1, &n)) {
            return call_fail(call, MICA_ERROR_SHAPE, "the bias has not %zu elements", n);
        }
        TRY(view_read(call, &added, work, &row));
    }
    TRY(multiply(call, &from, &weight, true, 1, m, n, k, work, row, result));
    view_written(call, &to, work, result);
    return MICA_OK;
}

/* ---- convolution: patches of some output rows as the columns of a matrix, times the filters ---- */

typedef struct convolution_axis {
    size_t in, out, kernel, stride, padding, dilation;
} convolution_axis;

typedef struct convolution_job {
    const kernel_call *call;
    mica_type work;
    bool transposed;
    size_t groups, group_in, group_out; /* channels of a group */
    convolution_axis y, x;
    size_t rows;                  /* output rows of a task */
    size_t tasks;                 /* of one image and group */
    const uint8_t *from, *filter; /* filter: [groups][group_out][group_in][kernel][kernel] */
    uint8_t *to, *columns;
    size_t columns_bytes; /* of one thread */
} convolution_job;

/* The input coordinate that output `o` meets with filter tap `tap`; false when it is padding. */
static bool input_at(const convolution_axis *axis, bool transposed, size_t o, size_t tap, size_t *in) {
    if (!transposed) {
        const size_t at = o * axis->stride + tap * axis->dilation;
        *in = at - axis->padding;
        return at >= axis->padding && *in < axis->in;
    }
    const size_t at = o + axis->padding, reach = tap * axis->dilation;
    if (at < reach || (at - reach) % axis->stride != 0) return false;
    *in = (at - reach) / axis->stride;
    return *in < axis->in;
}

static void convolution_task(void *argument, size_t index, size_t thread) {
    const convolution_job *const job = argument;
    const size_t size = mica_type_size(job->work);
    const size_t image_group = index / job->tasks, group = image_group % job->groups;
    const size_t first = index % job->tasks * job->rows, rows = min_size(job->rows, job->y.out - first);
    const size_t n = rows * job->x.out, taps = job->y.kernel * job->x.kernel, k = job->group_in * taps;
    const uint8_t *const from = job->from + image_group * job->group_in * job->y.in * job->x.in * size;
    uint8_t *const columns = job->columns + thread * job->columns_bytes;
    memset(columns, 0, k * n * size);
    for (size_t ky = 0; ky < job->y.kernel; ky++) {
        for (size_t kx = 0; kx < job->x.kernel; kx++) {
            for (size_t r = 0; r < rows; r++) {
                size_t y, x;
                if (!input_at(&job->y, job->transposed, first + r, ky, &y)) continue;
                for (size_t o = 0; o < job->x.out; o++) {
                    if (!input_at(&job->x, job->transposed, o, kx, &x)) continue;
                    for (size_t c = 0; c < job->group_in; c++) {
                        memcpy(columns + ((c * taps + ky * job->x.kernel + kx) * n + r * job->x.out + o) * size,
                               from + ((c * job->y.in + y) * job->x.in + x) * size, size);
                    }
                }
            }
        }
    }
    const size_t plane = job->y.out * job->x.out;
    const product p = {.m = job->group_out,
                       .n = n,
                       .k = k,
                       .lhs = job->filter + group * job->group_out * k * size,
                       .lhs_stride = k,
                       .rhs = columns,
                       .rhs_stride = n,
                       .out = job->to + (image_group * job->group_out * plane + first * job->x.out) * size,
                       .out_stride = plane};
    product_add(job->call, job->work, &p);
}

mica_status convolution_numbers(kernel_call *call, size_t arg, size_t spatial, int64_t least, int64_t fallback,
                                size_t *y, size_t *x) {
    int64_t given[2] = {fallback, fallback};
    size_t count;
    TRY(call_ints(call, arg, given, 2, &count));
    if (count > spatial) return call_fail(call, MICA_ERROR_SHAPE, "argument %zu has %zu numbers", arg, count);
    for (size_t i = 0; i < count; i++) {
        if (given[i] < least || given[i] > INT32_MAX) {
            return call_fail(call, MICA_ERROR_VALUE, "argument %zu has %lld", arg, (long long)given[i]);
        }
    }
    const int64_t last = count ? given[count - 1] : fallback;
    *x = (size_t)last;
    *y = spatial == 2 ? (size_t)given[0] : (size_t)fallback;
    return MICA_OK;
}

static mica_status output_size(kernel_call *call, convolution_axis *axis, bool transposed, size_t extra) {
    const size_t reach = (axis->kernel - 1) * axis->dilation + 1;
    if (transposed) {
        const size_t whole = (max_size(axis->in, 1) - 1) * axis->stride + reach + extra;
        if (whole <= 2 * axis->padding || axis->in == 0) goto too_small;
        axis->out = whole - 2 * axis->padding;
        return MICA_OK;
    }
    if (axis->in + 2 * axis->padding < reach) goto too_small;
    axis->out = (axis->in + 2 * axis->padding - reach) / axis->stride + 1;
    return MICA_OK;
too_small:
    return call_fail(call, MICA_ERROR_SHAPE, "%zu elements with padding %zu are too few for a filter of %zu",
                     axis->in, axis->padding, reach);
}

/* input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, out */
mica_status convolution(kernel_call *call) {
    struct tensor *input = NULL, *weight = NULL, *bias = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &input));
    TRY(call_tensor(call, 1, &weight));
    TRY(call_optional_tensor(call, 2, &bias));
    TRY(call_out(call, 9, &out));
    convolution_job job = {.call = call};
    int64_t groups = 0;
    size_t extra_y, extra_x;
    TRY(call_bool(call, 6, &job.transposed));
    TRY(call_int(call, 8, &groups));
    view from, filter;
    view_of(input, &from);
    view_of(weight, &filter);
    const size_t rank = from.rank, spatial = rank - 2;
    if ((rank != 3 && rank != 4) || filter.rank != rank) {
        return call_fail(call, MICA_ERROR_SHAPE, "an input of rank %zu and filters of rank %zu", rank, filter.rank);
    }
    TRY(convolution_numbers(call, 3, spatial, 1, 1, &job.y.stride, &job.x.stride));
    TRY(convolution_numbers(call, 4, spatial, 0, 0, &job.y.padding, &job.x.padding));
    TRY(convolution_numbers(call, 5, spatial, 1, 1, &job.y.dilation, &job.x.dilation));
    TRY(convolution_numbers(call, 7, spatial, 0, 0, &extra_y, &extra_x));
    if (rank == 3) { /* as images of height 1 */
        view_insert(&from, 2, 1, 0);
        view_insert(&filter, 2, 1, 0);
    }
    job.groups = (size_t)groups;
    const size_t in_channels = from.sizes[1];
    if (groups < 1 || in_channels % job.groups || filter.sizes[0] % job.groups) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu channels and %zu filters in %lld groups", in_channels,
                         filter.sizes[0], (long long)groups);
    }
    job.group_in = in_channels / job.groups;
    job.group_out = job.transposed ? filter.sizes[1] : filter.sizes[0] / job.groups;
    if (filter.sizes[job.transposed ? 0 : 1] != (job.transposed ? in_channels : job.group_in)) {
        return call_fail(call, MICA_ERROR_SHAPE, "filters for %zu channels, the input has %zu in %zu groups",
                         filter.sizes[job.transposed ? 0 : 1], in_channels, job.groups);
    }
    job.y.in = from.sizes[2];
    job.x.in = from.sizes[3];
    job.y.kernel = filter.sizes[2];
    job.x.kernel = filter.sizes[3];
    if (job.y.kernel == 0 || job.x.kernel == 0) return call_fail(call, MICA_ERROR_SHAPE, "filters of no elements");
    TRY(output_size(call, &job.y, job.transposed, job.transposed ? extra_y : 0));
    TRY(output_size(call, &job.x, job.transposed, job.transposed ? extra_x : 0));
    const size_t batch = from.sizes[0], out_channels = job.groups * job.group_out;
    if (bias && (bias->view.rank != 1 || bias->view.sizes[0] != out_channels)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the bias has not %zu elements", out_channels);
    }
    const size_t sizes[4] = {batch, out_channels, rank == 3 ? job.x.out : job.y.out, job.x.out};
    TRY(call_resize(call, out, rank, sizes));

    view to;
    view_of(out, &to);
    job.work = work_of(to.type);
    const size_t size = mica_type_size(job.work);
    const void *data = NULL;
    void *memory = NULL;
    TRY(view_read(call, &from, job.work, &data));
    job.from = data;
    if (job.transposed) { /* [groups · in][out][h][w] as [groups][out][in][h][w] */
        view_range(&filter, 0, 0, job.group_in, 1);
        view_insert(&filter, 0, job.groups, filter.strides[0] * (ptrdiff_t)job.group_in);
        view_permute(&filter, (const size_t[]){0, 2, 1, 3, 4});
    }
    TRY(view_read(call, &filter, job.work, &data));
    job.filter = data;
    if (view_count(&to) == 0) return MICA_OK;
    TRY(view_write(call, &to, job.work, &memory));
    job.to = memory;
    memset(job.to, 0, view_count(&to) * size);
    if (bias) {
        view added;
        view_of(bias, &added);
        const view start = view_dense(job.work, rank, sizes, job.to);
        for (size_t i = 0; i < spatial; i++) view_insert(&added, 1, 1, 0);
        (void)view_broadcast(&added, rank, sizes);
        view_copy(call, &start, &added);
    }
    enum { COLUMNS = 256 }; /* output elements of a task, at least */
    job.rows = min_size(divide_up(COLUMNS, job.x.out), job.y.out);
    job.tasks = divide_up(job.y.out, job.rows);
    size_t elements = job.group_in * job.y.kernel * job.x.kernel;
    if (!size_mul(elements, job.rows * job.x.out, &elements)) elements = SIZE_MAX / size;
    job.columns_bytes = round_up(elements * size, MEMORY_ALIGNMENT);
    TRY(call_scratch_array(call, call->threads, job.columns_bytes, &memory));
    job.columns = memory;
    pool_run(call->pool, call->threads, batch * job.groups * job.tasks, convolution_task, &job);
    view_written(call, &to, job.work, job.to);
    return MICA_OK;
}
