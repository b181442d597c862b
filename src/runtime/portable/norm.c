/* SPDX-License-Identifier: Apache-2.0
 *
 * Softmax and normalisations: float kernels over rows, in the row's own precision (half floats through f32).
 */
#include "kernel/norm/norm.h"
#include "kernel/softmax/softmax.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>
#include <tgmath.h>

static mica_status float_type(kernel_call *call, const struct tensor *tensor) {
    if (type_is_float(tensor->view.type)) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "takes floats, not %s", mica_type_name(tensor->view.type));
}

/* ---- softmax ---- */

typedef struct softmax_job {
    bool logarithm;
    size_t length;
    const void *from;
    void *to;                     /* other memory than `from` */
    const softmax_kernels *steps; /* of f32 */
} softmax_job;

static void softmax_f32(void *argument, size_t begin, size_t end) {
    const softmax_job *const job = argument;
    const size_t length = job->length;
    for (size_t r = begin; r < end; r++) {
        const float *const x = (const float *)job->from + r * length;
        float *const y = (float *)job->to + r * length;
        const float largest = job->steps->largest(length, x, -INFINITY);
        const float sum = job->steps->exponentials(length, x, largest, y);
        if (job->logarithm) {
            const float shift = largest + logf(sum);
            for (size_t i = 0; i < length; i++) y[i] = x[i] - shift;
        } else {
            job->steps->scale(length, y, 1 / sum, y);
        }
    }
}

static void softmax_f64(void *argument, size_t begin, size_t end) {
    const softmax_job *const job = argument;
    const size_t length = job->length;
    for (size_t r = begin; r < end; r++) {
        const double *const x = (const double *)job->from + r * length;
        double *const y = (double *)job->to + r * length;
        double largest = -(double)INFINITY, sum = 0;
        for (size_t i = 0; i < length; i++) largest = x[i] > largest ? x[i] : largest;
        for (size_t i = 0; i < length; i++) sum += y[i] = exp(x[i] - largest);
        const double shift = largest + log(sum);
        for (size_t i = 0; i < length; i++) y[i] = job->logarithm ? x[i] - shift : y[i] / sum;
    }
}

/* self, dim, half_to_float, out; op: whether the logarithm */
mica_status softmax(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    int64_t given = 0;
    size_t dim;
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 1, &given));
    TRY(call_dim(call, given, self->view.rank, &dim));
    TRY(call_out(call, 3, &out));
    TRY(float_type(call, out));
    TRY(call_resize(call, out, self->view.rank, self->view.sizes));
    view from, to;
    view_of(self, &from);
    view_of(out, &to);
    const uint32_t dims = from.rank ? (uint32_t)1 << dim : 0;
    softmax_job job = {.logarithm = call->kernel->op != 0, .length = view_rows(&from, dims)};
    job.steps = softmax_versions[kernel_version_select(softmax_names, call->features, call->kernels)];
    view_rows(&to, dims);
    const mica_type work = work_of(to.type);
    TRY(view_read(call, &from, work, &job.from));
    TRY(view_write(call, &to, work, &job.to));
    const size_t rows = job.length ? view_count(&from) / job.length : 0;
    rows_parallel(call, rows, job.length * 8, work == MICA_F64 ? softmax_f64 : softmax_f32, &job);
    view_written(call, &to, work, job.to);
    return MICA_OK;
}

/* ---- normalising rows by their mean and variance ---- */

typedef struct norm_job {
    size_t length;   /* of a row */
    size_t channels; /* weights and biases: row r, element i has channel (r % groups) * channels + i / inner */
    size_t groups, inner;
    double eps;
    const void *from, *weight, *bias; /* weight and bias may be NULL */
    void *to, *mean, *rstd;
    const norm_kernels *kernels; /* of f32 */
} norm_job;

static void norm_f32(void *argument, size_t begin, size_t end) {
    const norm_job *const job = argument;
    const size_t length = job->length, inner = job->inner;
    for (size_t r = begin; r < end; r++) {
        const float *const x = (const float *)job->from + r * length;
        const norm_moments moments = length ? job->kernels->moments(length, x) : (norm_moments){0, NAN};
        const float rstd = 1 / sqrtf(moments.variance + (float)job->eps);
        ((float *)job->mean)[r] = moments.mean;
        ((float *)job->rstd)[r] = rstd;
        const size_t first = r % job->groups * job->channels;
        const float *const weight = job->weight ? (const float *)job->weight + first : NULL;
        const float *const bias = job->bias ? (const float *)job->bias + first : NULL;
        norm_call call = {.count = length, .in = x, .mean = moments.mean, .scale = rstd};
        call.out = (float *)job->to + r * length;
        const bool whole = (inner == 1 && weight && bias) || (!weight && !bias); /* else channel by channel */
        if (whole) {
            call.weight = weight;
            call.bias = bias;
            job->kernels->apply(&call);
            continue;
        }
        call.count = inner;
        for (size_t c = 0; c < job->channels; c++, call.in += inner, call.out += inner) {
            call.scale = weight ? rstd * weight[c] : rstd;
            call.shift = bias ? bias[c] : 0;
            job->kernels->apply(&call);
        }
    }
}

static void norm_f64(void *argument, size_t begin, size_t end) {
    const norm_job *const job = argument;
    const size_t length = job->length;
    for (size_t r = begin; r < end; r++) {
        const double *const x = (const double *)job->from + r * length;
        double *const y = (double *)job->to + r * length, mean = 0, variance = 0;
        for (size_t i = 0; i < length; i++) mean += x[i];
        mean = length ? mean / (double)length : 0;
        for (size_t i = 0; i < length; i++) variance += (x[i] - mean) * (x[i] - mean);
        const double rstd = 1 / sqrt(variance / (double)length + job->eps);
        ((double *)job->mean)[r] = mean;
        ((double *)job->rstd)[r] = rstd;
        for (size_t i = 0; i < length; i++) {
            const size_t channel = r % job->groups * job->channels + i / job->inner;
            y[i] = (x[i] - mean) * rstd * (job->weight ? ((const double *)job->weight)[channel] : 1) +
                   (job->bias ? ((const double *)job->bias)[channel] : 0);
        }
    }
}

/* An optional tensor of `count` elements as `work`; NULL when none. */
static mica_status read_channels(kernel_call *call, size_t arg, size_t count, mica_type work, const void **data) {
    struct tensor *tensor = NULL;
    *data = NULL;
    TRY(call_optional_tensor(call, arg, &tensor));
    if (!tensor) return MICA_OK;
    if (mica_tensor_count(&tensor->view) != count) {
        return call_fail(call, MICA_ERROR_SHAPE, "argument %zu has %zu elements, not %zu", arg,
                         mica_tensor_count(&tensor->view), count);
    }
    view v;
    view_of(tensor, &v);
    return view_read(call, &v, work, data);
}

/* The common part: arguments weight and bias at `channels_arg`, outs from `out_arg` on with their sizes. */
static mica_status normalise(kernel_call *call, norm_job *job, size_t rows, size_t channels_arg, size_t out_arg,
                             size_t stat_rank, const size_t *stat_sizes) {
    struct tensor *self = NULL, *outs[3] = {NULL};
    TRY(call_tensor(call, 0, &self));
    for (size_t i = 0; i < 3; i++) {
        TRY(call_out(call, out_arg + i, &outs[i]));
        TRY(float_type(call, outs[i]));
    }
    TRY(call_resize(call, outs[0], self->view.rank, self->view.sizes));
    for (size_t i = 1; i < 3; i++) TRY(call_resize(call, outs[i], stat_rank, stat_sizes));
    view from;
    view_of(self, &from);
    view to[3];
    for (size_t i = 0; i < 3; i++) view_of(outs[i], &to[i]);
    const mica_type work = work_of(from.type);
    if (work == MICA_I64) return float_type(call, self);
    TRY(view_read(call, &from, work, &job->from));
    TRY(read_channels(call, channels_arg, job->groups * job->channels, work, &job->weight));
    TRY(read_channels(call, channels_arg + 1, job->groups * job->channels, work, &job->bias));
    TRY(view_write(call, &to[0], work, &job->to));
    TRY(view_write(call, &to[1], work, &job->mean));
    TRY(view_write(call, &to[2], work, &job->rstd));
    job->kernels = norm_versions[kernel_version_select(norm_names, call->features, call->kernels)];
    rows_parallel(call, rows, job->length, work == MICA_F64 ? norm_f64 : norm_f32, job);
    view_written(call, &to[0], work, job->to);
    view_written(call, &to[1], work, job->mean);
    view_written(call, &to[2], work, job->rstd);
    return MICA_OK;
}

/* input, normalized_shape, weight, bias, eps, out, mean, rstd */
mica_status native_layer_norm(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    int64_t shape[MICA_MAX_RANK];
    size_t count, sizes[MICA_MAX_RANK];
    TRY(call_ints(call, 1, shape, MICA_MAX_RANK, &count));
    const size_t rank = self->view.rank;
    if (count > rank) return call_fail(call, MICA_ERROR_SHAPE, "%zu dims of a tensor of rank %zu", count, rank);
    norm_job job = {.length = 1, .groups = 1, .inner = 1};
    size_t rows = 1;
    for (size_t i = 0; i < rank; i++) {
        const bool normalised = i + count >= rank;
        const size_t size = self->view.sizes[i];
        if (normalised && shape[i + count - rank] != (int64_t)size) {
            return call_fail(call, MICA_ERROR_SHAPE, "the normalized shape has %lld where the input has %zu",
                             (long long)shape[i + count - rank], size);
        }
        if (normalised) {
            job.length *= size;
        } else {
            rows *= size;
        }
        sizes[i] = normalised ? 1 : size;
    }
    job.channels = job.length;
    TRY(call_double(call, 4, &job.eps));
    return normalise(call, &job, rows, 2, 5, rank, sizes);
}

/* input, weight, bias, N, C, HxW, group, eps, out, mean, rstd */
mica_status native_group_norm(kernel_call *call) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    int64_t n = 0, c = 0, area = 0, groups = 0;
    TRY(call_int(call, 3, &n));
    TRY(call_int(call, 4, &c));
    TRY(call_int(call, 5, &area));
    TRY(call_int(call, 6, &groups));
    norm_job job = {0};
    TRY(call_double(call, 7, &job.eps));
    size_t count = 0;
    const bool positive = n >= 0 && c >= 0 && area >= 0 && groups > 0;
    if (!positive || c % groups != 0 || !size_mul((size_t)n, (size_t)c, &count) ||
        !size_mul(count, (size_t)area, &count) || count != mica_tensor_count(&self->view)) {
        return call_fail(call, MICA_ERROR_SHAPE, "%lld × %lld × %lld in %lld groups is not the input", (long long)n,
                         (long long)c, (long long)area, (long long)groups);
    }
    job.groups = (size_t)groups;
    job.inner = (size_t)area;
    job.channels = (size_t)(c / groups);
    job.length = job.channels * job.inner;
    const size_t sizes[2] = {(size_t)n, (size_t)groups};
    return normalise(call, &job, sizes[0] * sizes[1], 1, 8, 2, sizes);
}

/* ---- batch normalisation: each channel by given, or its own, mean and variance ---- */

typedef struct batch_norm {
    size_t weight_arg, mean_arg, eps_arg, out_arg; /* mean_arg 0: the batch's own */
    bool empty_stats;                              /* mean and rstd come out empty */
} batch_norm;

static mica_status normalise_channels(kernel_call *call, const batch_norm *args) {
    struct tensor *self = NULL, *outs[3] = {NULL};
    double eps = 0;
    TRY(call_tensor(call, 0, &self));
    TRY(call_double(call, args->eps_arg, &eps));
    for (size_t i = 0; i < 3; i++) TRY(call_out(call, args->out_arg + i, &outs[i]));
    TRY(float_type(call, self));
    TRY(float_type(call, outs[0]));
    const size_t rank = self->view.rank;
    if (rank < 2) return call_fail(call, MICA_ERROR_SHAPE, "the input has rank %zu", rank);
    const size_t batch = self->view.sizes[0], channels = self->view.sizes[1];
    size_t inner = 1;
    for (size_t i = 2; i < rank; i++) inner *= self->view.sizes[i];
    const size_t stats = args->empty_stats ? 0 : channels;
    TRY(call_resize(call, outs[0], rank, self->view.sizes));
    TRY(call_resize(call, outs[1], 1, &stats));
    TRY(call_resize(call, outs[2], 1, &stats));

    view from, to;
    view_of(self, &from);
    view_of(outs[0], &to);
    const void *in = NULL, *weight = NULL, *bias = NULL, *means = NULL, *variances = NULL;
    void *out = NULL, *own_mean = NULL, *own_rstd = NULL;
    TRY(read_channels(call, args->weight_arg, channels, MICA_F64, &weight));
    TRY(read_channels(call, args->weight_arg + 1, channels, MICA_F64, &bias));
    if (args->mean_arg) {
        TRY(read_channels(call, args->mean_arg, channels, MICA_F64, &means));
        TRY(read_channels(call, args->mean_arg + 1, channels, MICA_F64, &variances));
        if (!means || !variances) return call_fail(call, MICA_ERROR_TYPE, "the running mean or variance is none");
    }
    TRY(view_read(call, &from, MICA_F64, &in));
    TRY(view_write(call, &to, MICA_F64, &out));
    TRY(call_scratch_array(call, channels, sizeof(double), &own_mean));
    TRY(call_scratch_array(call, channels, sizeof(double), &own_rstd));
    const double *const x = in;
    double *const y = out, *const mean = own_mean, *const rstd = own_rstd;
    for (size_t c = 0; c < channels; c++) {
        double variance = 0;
        if (means) {
            mean[c] = ((const double *)means)[c];
            variance = ((const double *)variances)[c];
        } else {
            double sum = 0, squares = 0;
            const double count = (double)(batch * inner);
            for (size_t b = 0; b < batch; b++) {
                for (size_t i = 0; i < inner; i++) sum += x[(b * channels + c) * inner + i];
            }
            mean[c] = sum / count;
            for (size_t b = 0; b < batch; b++) {
                for (size_t i = 0; i < inner; i++) {
                    const double d = x[(b * channels + c) * inner + i] - mean[c];
                    squares += d * d;
                }
            }
            variance = squares / count;
        }
        rstd[c] = 1 / sqrt(variance + eps);
        const double scale = rstd[c] * (weight ? ((const double *)weight)[c] : 1);
        const double shift = bias ? ((const double *)bias)[c] : 0;
        for (size_t b = 0; b < batch; b++) {
            const size_t first = (b * channels + c) * inner;
            for (size_t i = first; i < first + inner; i++) y[i] = (x[i] - mean[c]) * scale + shift;
        }
    }
    view_written(call, &to, MICA_F64, out);
    if (stats) {
        view mean_to, rstd_to;
        view_of(outs[1], &mean_to);
        view_of(outs[2], &rstd_to);
        view_written(call, &mean_to, MICA_F64, mean);
        view_written(call, &rstd_to, MICA_F64, rstd);
    }
    return MICA_OK;
}

/* input, weight, bias, running_mean, running_var, momentum, eps, out, mean, rstd */
mica_status batch_norm_inference(kernel_call *call) {
    return normalise_channels(call, &(batch_norm){1, 3, 6, 7, true});
}

/* input, weight, bias, running_mean, running_var, training, momentum, eps, out, mean, rstd */
mica_status batch_norm_legit(kernel_call *call) {
    bool training;
    TRY(call_bool(call, 5, &training));
    if (training) return call_fail(call, MICA_ERROR_UNSUPPORTED, "does not train");
    return normalise_channels(call, &(batch_norm){1, 3, 7, 8, true});
}

/* input, weight, bias, training, momentum, eps, out, mean, rstd */
mica_status batch_norm_no_stats(kernel_call *call) {
    return normalise_channels(call, &(batch_norm){1, 0, 5, 6, false});
}

/* ---- gates ---- */

/* self, dim, out: the first half times the sigmoid of the second */
mica_status glu(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    int64_t given = 0;
    size_t dim;
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 1, &given));
    TRY(call_dim(call, given, self->view.rank, &dim));
    TRY(call_out(call, 2, &out));
    TRY(float_type(call, self));
    TRY(float_type(call, out));
    view from;
    view_of(self, &from);
    if (from.rank == 0 || from.sizes[dim] % 2 != 0) {
        return call_fail(call, MICA_ERROR_SHAPE, "dim %zu does not fall into halves", dim);
    }
    const size_t half = from.sizes[dim] / 2;
    view gate = from;
    view_range(&from, dim, 0, half, 1);
    view_range(&gate, dim, half, half, 1);
    TRY(call_resize(call, out, from.rank, from.sizes));
    view to;
    view_of(out, &to);
    const void *value = NULL, *control = NULL;
    void *result = NULL;
    TRY(view_read(call, &from, MICA_F64, &value));
    TRY(view_read(call, &gate, MICA_F64, &control));
    TRY(view_write(call, &to, MICA_F64, &result));
    const double *const x = value, *const g = control;
    double *const y = result;
    for (size_t i = 0; i < view_count(&to); i++) y[i] = x[i] / (1 + exp(-g[i]));
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}
