/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantizing and dequantizing outside of delegates, and embeddings and products with quantized weights. Per tensor, per
 * channel and per row are one walk: scales and zero points are operands that broadcast.
 */
#include "runtime/portable/quantized.h"

#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/product.h"
#include "runtime/portable/view.h"

#include <math.h>

/* ---- quantize and dequantize ---- */

enum { BLOCK = 256 };

typedef struct affine {
    bool quantize;
    mica_type from, to, scale, zero_point;
    float least, most; /* quantize: bounds of the result */
} affine;

/* Operands: to, from, scale, zero point. */
static void affine_row(const void *argument, size_t count, uint8_t *const *data, const ptrdiff_t *strides) {
    const affine *const job = argument;
    float x[BLOCK], scale[BLOCK];
    int64_t zero_point[BLOCK], integers[BLOCK];
    for (size_t done = 0; done < count; done += BLOCK) {
        const size_t n = min_size(BLOCK, count - done);
        const uint8_t *at[4];
        for (size_t k = 0; k < 4; k++) at[k] = data[k] + (ptrdiff_t)done * strides[k];
        element_convert(n, MICA_F32, scale, sizeof *scale, job->scale, at[2], strides[2]);
        element_convert(n, MICA_I64, zero_point, sizeof *zero_point, job->zero_point, at[3], strides[3]);
        if (job->quantize) {
            element_convert(n, MICA_F32, x, sizeof *x, job->from, at[1], strides[1]);
            for (size_t i = 0; i < n; i++) {
                const float q = (float)zero_point[i] + rintf(1.0f / scale[i] * x[i]);
                integers[i] = (int64_t)(q > job->least ? (q < job->most ? q : job->most) : job->least);
            }
            element_convert(n, job->to, data[0] + (ptrdiff_t)done * strides[0], strides[0], MICA_I64, integers,
                            sizeof *integers);
        } else {
            element_convert(n, MICA_I64, integers, sizeof *integers, job->from, at[1], strides[1]);
            for (size_t i = 0; i < n; i++)
                x[i] = (float)(int64_t)((uint64_t)integers[i] - (uint64_t)zero_point[i]) * scale[i];
            element_convert(n, job->to, data[0] + (ptrdiff_t)done * strides[0], strides[0], MICA_F32, x, sizeof *x);
        }
    }
}

/* A tensor or a number, as an operand that broadcasts to `rank` dims: along `axis` when that is less than rank. */
static mica_status parameter(kernel_call *call, size_t arg, const view *shape, size_t axis, view *v) {
    struct value *const value = call_value(call, arg);
    static const int64_t none = 0;
    *v = (view){.type = MICA_I64, .data = (uint8_t *)(uintptr_t)&none};
    if (value->tag == VALUE_TENSOR) {
        struct tensor *tensor = NULL;
        TRY(call_tensor(call, arg, &tensor));
        view_of(tensor, v);
    } else if (value->tag != VALUE_NONE) {
        double number = 0;
        TRY(call_double(call, arg, &number)); /* that it is one */
        v->type = value->tag == VALUE_DOUBLE ? MICA_F64 : value->tag == VALUE_BOOL ? MICA_BOOL : MICA_I64;
        v->data = (uint8_t *)&value->as;
    }
    if (axis < shape->rank && v->rank == 1) {
        for (size_t i = axis + 1; i < shape->rank; i++) view_insert(v, v->rank, 1, 0);
    } else if (view_count(v) == 1) {
        v->rank = 0;
    }
    if (view_broadcast(v, shape->rank, shape->sizes)) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "argument %zu does not fit the input's shape", arg);
}

/* Argument 0 with scales at 1 and zero points at 2. */
static mica_status apply_affine(kernel_call *call, affine *job, size_t axis) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    view from;
    view_of(self, &from);
    view scale, zero_point;
    TRY(parameter(call, 1, &from, axis, &scale));
    TRY(parameter(call, 2, &from, axis, &zero_point));
    const bool right_types = job->quantize ? type_is_float(from.type) && type_is_integer(out->view.type)
                                           : type_is_integer(from.type) && type_is_float(out->view.type);
    if (!right_types) {
        return call_fail(call, MICA_ERROR_TYPE, "does not make %s of %s", mica_type_name(out->view.type),
                         mica_type_name(from.type));
    }
    TRY(call_resize(call, out, from.rank, from.sizes));
    view to;
    view_of(out, &to);
    job->from = from.type;
    job->to = to.type;
    job->scale = scale.type;
    job->zero_point = zero_point.type;
    walk w;
    walk_init(&w, (const view *const[]){&to, &from, &scale, &zero_point}, 4);
    walk_parallel(call, &w, affine_row, job);
    return MICA_OK;
}

static mica_status quantize_with_bounds(kernel_call *call, size_t bounds_arg, size_t axis) {
    int64_t least = 0, most = 0;
    TRY(call_int(call, bounds_arg, &least));
    TRY(call_int(call, bounds_arg + 1, &most));
    if (least > most || least < INT32_MIN || most > INT32_MAX) {
        return call_fail(call, MICA_ERROR_VALUE, "bounds %lld and %lld", (long long)least, (long long)most);
    }
    affine job = {.quantize = true, .least = (float)least, .most = (float)most};
    return apply_affine(call, &job, axis);
}

static mica_status axis_arg(kernel_call *call, size_t *axis) {
    struct tensor *self = NULL;
    int64_t given = 0;
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 3, &given));
    return call_dim(call, given, self->view.rank, axis);
}

/* input, scale, zero_point, quant_min, quant_max, dtype, out; also per row, with scales of size 1 in the last dim */
mica_status quantize(kernel_call *call) { return quantize_with_bounds(call, 3, SIZE_MAX); }

/* input, scales, zero_points, axis, quant_min, quant_max, dtype, out */
mica_status quantize_per_channel(kernel_call *call) {
    size_t axis;
    TRY(axis_arg(call, &axis));
    return quantize_with_bounds(call, 4, axis);
}

/* input, scale, zero_point, quant_min, quant_max, dtype, out_dtype, out; also per row */
mica_status dequantize(kernel_call *call) { return apply_affine(call, &(affine){.quantize = false}, SIZE_MAX); }

/* input, scales, zero_points, axis, quant_min, quant_max, dtype, out_dtype, out */
mica_status dequantize_per_channel(kernel_call *call) {
    size_t axis;
    TRY(axis_arg(call, &axis));
    return apply_affine(call, &(affine){.quantize = false}, axis);
}

/* ---- choosing parameters ---- */

/* Scale and zero point so that [least, most] holds the values of a row, and 0 exactly. */
static void choose(const float *row, size_t length, int32_t least, int32_t most, double *scale, int64_t *zero_point) {
    const float small = 6.1e-5f; /* scales below are cut off */
    float low = 0, high = 0;
    for (size_t i = 0; i < length; i++) {
        low = row[i] < low ? row[i] : low;
        high = row[i] > high ? row[i] : high;
    }
    const double steps = (double)most - (double)least;
    *scale = ((double)high - (double)low) / steps;
    if ((float)*scale == 0.0f || isinf(1.0f / (float)*scale)) *scale = 0.1;
    if (*scale < (double)small) {
        const float amplify = small / (float)*scale;
        *scale = (double)small;
        if (low == 0.0f) {
            high = (float)((double)small * steps);
        } else if (high == 0.0f) {
            low = (float)(-(double)small * steps);
        } else {
            low *= amplify;
            high *= amplify;
        }
    }
    /* From the end of the range whose rounding error is smaller. */
    const double from_low = (double)least - (double)low / *scale, from_high = (double)most - (double)high / *scale;
    const double low_error = fabs((double)least) - fabs((double)low / *scale);
    const double high_error = fabs((double)most) - fabs((double)high / *scale);
    const double zero = low_error < high_error ? from_low : from_high;
    *zero_point = zero<(double)least ? least : zero>(double) most ? most : (int64_t)rintf((float)zero);
}

static mica_status choose_rows(kernel_call *call, int64_t least, int64_t most, size_t rank, const size_t *sizes,
                               size_t out_arg) {
    struct tensor *self = NULL, *scales = NULL, *zero_points = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, out_arg, &scales));
    TRY(call_out(call, out_arg + 1, &zero_points));
    if (least >= most || least < INT32_MIN || most > INT32_MAX) {
        return call_fail(call, MICA_ERROR_VALUE, "bounds %lld and %lld", (long long)least, (long long)most);
    }
    if (!type_is_float(self->view.type) || !type_is_float(scales->view.type)) {
        return call_fail(call, MICA_ERROR_TYPE, "takes floats and gives scales that are floats");
    }
    TRY(call_resize(call, scales, rank, sizes));
    TRY(call_resize(call, zero_points, rank, sizes));
    view from, to_scales, to_zero_points;
    view_of(self, &from);
    view_of(scales, &to_scales);
    view_of(zero_points, &to_zero_points);
    const void *data = NULL;
    void *scale = NULL, *zero_point = NULL;
    TRY(view_read(call, &from, MICA_F32, &data));
    TRY(view_write(call, &to_scales, MICA_F64, &scale));
    TRY(view_write(call, &to_zero_points, MICA_I64, &zero_point));
    const size_t rows = view_count(&to_scales), length = rows ? view_count(&from) / rows : 0;
    for (size_t r = 0; r < rows; r++) {
        choose((const float *)data + r * length, length, (int32_t)least, (int32_t)most, (double *)scale + r,
               (int64_t *)zero_point + r);
    }
    view_written(call, &to_scales, MICA_F64, scale);
    view_written(call, &to_zero_points, MICA_I64, zero_point);
    return MICA_OK;
}

/* input, quant_min, quant_max, eps, dtype, scale, zero_point */
mica_status choose_qparams(kernel_call *call) {
    int64_t least = 0, most = 0;
    struct tensor *scale = NULL;
    TRY(call_int(call, 1, &least));
    TRY(call_int(call, 2, &most));
    TRY(call_out(call, 5, &scale));
    if (mica_tensor_count(&scale->view) != 1)
        return call_fail(call, MICA_ERROR_SHAPE, "the scale is not one element");
    return choose_rows(call, least, most, scale->view.rank, scale->view.sizes, 5);
}

/* input, dtype, scale, zero_point */
mica_status choose_qparams_per_token(kernel_call *call) {
    struct tensor *self = NULL;
    size_t sizes[MICA_MAX_RANK];
    TRY(call_tensor(call, 0, &self));
    const size_t rank = self->view.rank;
    if (rank == 0) return call_fail(call, MICA_ERROR_SHAPE, "the input has rank 0");
    for (size_t i = 0; i < rank; i++) sizes[i] = i + 1 < rank ? self->view.sizes[i] : 1;
    return choose_rows(call, INT8_MIN, INT8_MAX, rank, sizes, 2);
}

/* ---- arithmetic ---- */

/* a, its scale, zero_point, quant_min, quant_max; the same of b; the same of out, and out */
mica_status quantized_add(kernel_call *call) {
    struct tensor *a = NULL, *b = NULL, *out = NULL;
    double scales[3];
    int64_t zero_points[3], least = 0, most = 0;
    TRY(call_tensor(call, 0, &a));
    TRY(call_tensor(call, 5, &b));
    TRY(call_out(call, 14, &out));
    for (size_t i = 0; i < 3; i++) {
        const size_t arg = i == 2 ? 10 : 5 * i + 1;
        TRY(call_double(call, arg, &scales[i]));
        TRY(call_int(call, arg + 1, &zero_points[i]));
    }
    TRY(call_int(call, 12, &least));
    TRY(call_int(call, 13, &most));
    if (least < 0 || most > UINT8_MAX || least > most) {
        return call_fail(call, MICA_ERROR_VALUE, "bounds %lld and %lld", (long long)least, (long long)most);
    }
    view from[2];
    view_of(a, &from[0]);
    view_of(b, &from[1]);
    bool same = from[0].rank == from[1].rank;
    for (size_t i = 0; same && i < from[0].rank; i++) same = from[0].sizes[i] == from[1].sizes[i];
    if (!same) return call_fail(call, MICA_ERROR_SHAPE, "the operands have different shapes");
    TRY(call_resize(call, out, from[0].rank, from[0].sizes));
    view to;
    view_of(out, &to);
    const void *x = NULL, *y = NULL;
    void *result = NULL;
    TRY(view_read(call, &from[0], MICA_F32, &x));
    TRY(view_read(call, &from[1], MICA_F32, &y));
    TRY(view_write(call, &to, MICA_I64, &result));
    const float inverse = 1.0f / (float)scales[2];
    for (size_t i = 0; i < view_count(&to); i++) {
        const float sum = (((const float *)x)[i] - (float)zero_points[0]) * (float)scales[0] +
                          (((const float *)y)[i] - (float)zero_points[1]) * (float)scales[1];
        const float q = (float)zero_points[2] + rintf(inverse * sum);
        ((int64_t *)result)[i] = q > (float)least ? (q < (float)most ? (int64_t)q : most) : least;
    }
    view_written(call, &to, MICA_I64, result);
    return MICA_OK;
}

/* ---- embeddings ---- */

/* Weights of `bits` bits; several in a byte lie as the format has it: 4 bits high nibble first, 2 bits low first. */
static int32_t unpack(const uint8_t *row, size_t index, size_t bits, bool is_signed) {
    switch (bits) {
    case 2: return (row[index / 4] >> (index % 4 * 2) & 3) - 2;
    case 4: return (row[index / 2] >> (index % 2 ? 0 : 4) & 15) - 8;
    default: return is_signed ? (int8_t)row[index] : row[index];
    }
}

/* weight, scales, zero_points, quant_min, quant_max, indices, …, out; op: bits of a weight */
mica_status quantized_embedding(kernel_call *call) {
    struct tensor *weight = NULL, *scales = NULL, *zero_points = NULL, *indices = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &weight));
    TRY(call_tensor(call, 1, &scales));
    TRY(call_optional_tensor(call, 2, &zero_points));
    TRY(call_tensor(call, 5, &indices));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    const size_t bits = call->kernel->op, rank = indices->view.rank;
    const mica_type type = weight->view.type;
    if (mica_type_size(type) != 1 || type == MICA_BOOL || !type_is_integer(indices->view.type) ||
        !type_is_float(out->view.type)) {
        return call_fail(call, MICA_ERROR_TYPE, "weights of %s, indices of %s, a result of %s", mica_type_name(type),
                         mica_type_name(indices->view.type), mica_type_name(out->view.type));
    }
    if (weight->view.rank != 2 || rank == MICA_MAX_RANK) {
        return call_fail(call, MICA_ERROR_SHAPE, "weights of rank %zu, indices of rank %zu", weight->view.rank, rank);
    }
    const size_t rows = weight->view.sizes[0], bytes = weight->view.sizes[1], width = bytes * (8 / bits);
    const size_t groups = scales->view.rank == 2 ? scales->view.sizes[1] : 1;
    const bool fits = scales->view.rank >= 1 && scales->view.rank <= 2 && scales->view.sizes[0] == rows;
    if (!fits || groups == 0 || width % groups != 0 ||
        (zero_points && mica_tensor_count(&zero_points->view) != rows * groups)) {
        return call_fail(call, MICA_ERROR_SHAPE, "scales or zero points do not fit %zu rows of %zu", rows, width);
    }
    size_t sizes[MICA_MAX_RANK];
    for (size_t i = 0; i < rank; i++) sizes[i] = indices->view.sizes[i];
    sizes[rank] = width;

    view from, where, scale_view;
    view_of(weight, &from);
    view_of(indices, &where);
    view_of(scales, &scale_view);
    const size_t count = view_count(&where);
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(int64_t), &memory));
    const view copy = view_dense(MICA_I64, where.rank, where.sizes, memory);
    view_copy(call, &copy, &where);
    const int64_t *const at = memory;
    for (size_t i = 0; i < count; i++) {
        if (at[i] >= 0 && at[i] < (int64_t)rows) continue;
        return call_fail(call, MICA_ERROR_VALUE, "index %lld at position %zu is outside of %zu rows",
                         (long long)at[i], i, rows);
    }
    TRY(call_resize(call, out, rank + 1, sizes));
    view to;
    view_of(out, &to);
    const void *packed = NULL;
    void *result = NULL;
    TRY(view_read(call, &from, type, &packed));
    TRY(view_write(call, &to, MICA_F32, &result));
    view zero_view;
    view_of(zero_points ? zero_points : scales, &zero_view);
    const size_t scale_size = mica_type_size(scale_view.type), zero_size = mica_type_size(zero_view.type);
    const size_t length = width / groups;
    float *y = result;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *const row = (const uint8_t *)packed + (size_t)at[i] * bytes;
        for (size_t g = 0; g < groups; g++) {
            const size_t parameter_at = (size_t)at[i] * groups + g;
            float scale = 0, zero = 0;
            element_convert(1, MICA_F32, &scale, 0, scale_view.type, scale_view.data + parameter_at * scale_size, 0);
            if (zero_points) {
                element_convert(1, MICA_F32, &zero, 0, zero_view.type, zero_view.data + parameter_at * zero_size, 0);
            }
            for (size_t k = g * length; k < (g + 1) * length; k++) {
                *y++ = ((float)unpack(row, k, bits, type == MICA_I8) - zero) * scale;
            }
        }
    }
    view_written(call, &to, MICA_F32, result);
    return MICA_OK;
}

/* ---- products with int8 weights ---- */

/* input, weight, scales, zero_points (none), …, out. mm: weight [K, N] with a scale per k; linear: weight [N, K] with
 * scales [N] or [N, groups]. */
mica_status mixed_matmul(kernel_call *call) {
    const bool transposed = call->kernel->op == MIXED_LINEAR;
    struct tensor *input = NULL, *weight = NULL, *scales = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &input));
    TRY(call_tensor(call, 1, &weight));
    TRY(call_tensor(call, 2, &scales));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    if (!call_is_none(call, 3)) return call_fail(call, MICA_ERROR_UNSUPPORTED, "takes no zero points");
    if (weight->view.type != MICA_I8 || !type_is_float(input->view.type)) {
        return call_fail(call, MICA_ERROR_TYPE, "takes floats and weights of i8");
    }
    view from, filter;
    view_of(input, &from);
    view_of(weight, &filter);
    if (from.rank != 2 || filter.rank != 2) return call_fail(call, MICA_ERROR_SHAPE, "takes matrices");
    const size_t m = from.sizes[0], k = from.sizes[1], n = filter.sizes[transposed ? 0 : 1];
    view scale;
    view_of(scales, &scale);
    const size_t groups = transposed && scale.rank == 2 ? scale.sizes[1] : 1;
    const bool scales_fit = scale.rank == (groups > 1 ? 2 : scale.rank) && scale.rank >= 1 && scale.rank <= 2 &&
                            groups > 0 && scale.sizes[0] == filter.sizes[0];
    if (filter.sizes[transposed ? 1 : 0] != k || !scales_fit) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu × %zu times %zu × %zu with scales for %zu", m, k,
                         filter.sizes[0], filter.sizes[1], scale.sizes[0]);
    }
    const size_t sizes[2] = {m, n};
    TRY(call_resize(call, out, 2, sizes));
    view to;
    view_of(out, &to);
    const void *x = NULL, *s = NULL;
    void *w = NULL, *result = NULL;
    TRY(view_read(call, &from, MICA_F32, &x));
    TRY(view_read(call, &scale, MICA_F32, &s));
    TRY(call_scratch_array(call, view_count(&filter), sizeof(float), &w));
    const view floats = view_dense(MICA_F32, 2, filter.sizes, w);
    view_copy(call, &floats, &filter);
    const size_t columns = filter.sizes[1], length = divide_up(columns, groups);
    for (size_t r = 0; r < filter.sizes[0]; r++) {
        for (size_t c = 0; c < columns; c++) {
            ((float *)w)[r * columns + c] *= ((const float *)s)[r * groups + (length ? c / length : 0)];
        }
    }
    TRY(view_write(call, &to, MICA_F32, &result));
    const product p = {.m = m,
                       .n = n,
                       .k = k,
                       .lhs = x,
                       .lhs_stride = k,
                       .rhs = w,
                       .rhs_stride = columns,
                       .rhs_transposed = transposed,
                       .out = result,
                       .out_stride = n};
    TRY(product_run(call, MICA_F32, &p, NULL));
    view_written(call, &to, MICA_F32, result);
    return MICA_OK;
}
