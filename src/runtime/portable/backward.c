/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients that exported training steps call, in doubles.
 */
#include "runtime/portable/kernels.h"
#include "runtime/portable/product.h"
#include "runtime/portable/view.h"

#include <string.h>

static mica_status read_reals(kernel_call *call, const struct tensor *tensor, const double **data) {
    view from;
    view_of(tensor, &from);
    const void *memory = NULL;
    TRY(view_read(call, &from, MICA_F64, &memory));
    *data = memory;
    return MICA_OK;
}

/* Zeros to add gradients to. */
static mica_status new_sums(kernel_call *call, const struct tensor *like, double **sums) {
    const size_t count = mica_tensor_count(&like->view);
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(double), &memory));
    memset(memory, 0, count * sizeof(double));
    *sums = memory;
    return MICA_OK;
}

/* A gradient that is wanted has an out of the shape of `like`. */
static mica_status gradient_out(kernel_call *call, size_t arg, const struct tensor *like, struct tensor **out) {
    *out = NULL;
    if (call_is_none(call, arg)) return MICA_OK;
    TRY(call_out(call, arg, out));
    return call_resize(call, *out, like->view.rank, like->view.sizes);
}

static void write_sums(const kernel_call *call, const struct tensor *out, const double *sums) {
    view to;
    view_of(out, &to);
    view_written(call, &to, MICA_F64, sums);
}

/* ---- convolution ---- */

/* A convolution relates a large image (its input, or of a transposed one the result) to a small one. */
typedef struct relation {
    size_t batch, groups, small_channels, large_channels; /* channels of a group */
    size_t small[2], large[2], kernel[2], stride[2], padding[2], dilation[2];
    bool transposed;
    const double *gradient, *input, *weight;
    double *input_sums, *weight_sums;
} relation;

/* All pixels of two planes that meet through one filter. */
static void relate_planes(const relation *r, size_t small, size_t large, size_t filter) {
    for (size_t k = 0; k < r->kernel[0] * r->kernel[1]; k++) {
        const size_t ky = k / r->kernel[1], kx = k % r->kernel[1], weight = filter + k;
        for (size_t y = 0; y < r->small[0]; y++) {
            const size_t at_y = y * r->stride[0] + ky * r->dilation[0] - r->padding[0];
            if (at_y >= r->large[0]) continue;
            for (size_t x = 0; x < r->small[1]; x++) {
                const size_t at_x = x * r->stride[1] + kx * r->dilation[1] - r->padding[1];
                if (at_x >= r->large[1]) continue;
                const size_t in_small = small + y * r->small[1] + x, in_large = large + at_y * r->large[1] + at_x;
                const size_t gradient = r->transposed ? in_large : in_small;
                const size_t input = r->transposed ? in_small : in_large;
                r->input_sums[input] += r->gradient[gradient] * r->weight[weight];
                r->weight_sums[weight] += r->gradient[gradient] * r->input[input];
            }
        }
    }
}

static void relate(const relation *r) {
    const size_t small_plane = r->small[0] * r->small[1], large_plane = r->large[0] * r->large[1];
    for (size_t n = 0; n < r->batch * r->groups; n++) {
        for (size_t s = 0; s < r->small_channels; s++) {
            for (size_t l = 0; l < r->large_channels; l++) {
                const size_t filter = ((n % r->groups * r->small_channels + s) * r->large_channels + l);
                relate_planes(r, (n * r->small_channels + s) * small_plane, (n * r->large_channels + l) * large_plane,
                              filter * r->kernel[0] * r->kernel[1]);
            }
        }
    }
}

/* The last two sizes; 1 and the last for signals. */
static void plane_of(const struct tensor *tensor, size_t plane[2]) {
    const size_t rank = tensor->view.rank;
    plane[0] = rank == 4 ? tensor->view.sizes[2] : 1;
    plane[1] = tensor->view.sizes[rank - 1];
}

static mica_status relation_of(kernel_call *call, const struct tensor *gradient, const struct tensor *input,
                               const struct tensor *weight, relation *r) {
    const size_t rank = input->view.rank;
    int64_t groups = 0;
    *r = (relation){.batch = input->view.rank ? input->view.sizes[0] : 0};
    if ((rank != 3 && rank != 4) || gradient->view.rank != rank || weight->view.rank != rank) {
        return call_fail(call, MICA_ERROR_SHAPE, "a gradient of rank %zu, an input of %zu, filters of %zu",
                         gradient->view.rank, rank, weight->view.rank);
    }
    TRY(convolution_numbers(call, 4, rank - 2, 1, 1, &r->stride[0], &r->stride[1]));
    TRY(convolution_numbers(call, 5, rank - 2, 0, 0, &r->padding[0], &r->padding[1]));
    TRY(convolution_numbers(call, 6, rank - 2, 1, 1, &r->dilation[0], &r->dilation[1]));
    TRY(call_bool(call, 7, &r->transposed));
    TRY(call_int(call, 9, &groups));
    const struct tensor *const small = r->transposed ? input : gradient, *const large =
                                                                             r->transposed ? gradient : input;
    plane_of(small, r->small);
    plane_of(large, r->large);
    plane_of(weight, r->kernel);
    r->groups = groups > 0 ? (size_t)groups : 1;
    r->small_channels = small->view.sizes[1] / r->groups;
    r->large_channels = large->view.sizes[1] / r->groups;
    if (groups < 1 || r->small_channels * r->groups != small->view.sizes[1] ||
        r->large_channels * r->groups != large->view.sizes[1] || weight->view.sizes[0] != small->view.sizes[1] ||
        weight->view.sizes[1] != r->large_channels || gradient->view.sizes[0] != r->batch) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu and %zu channels in %lld groups, filters for %zu and %zu",
                         small->view.sizes[1], large->view.sizes[1], (long long)groups, weight->view.sizes[0],
                         weight->view.sizes[1]);
    }
    return MICA_OK;
}

/* grad_output, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding, groups, output_mask,
 * gradients of input, weight and bias; those not wanted are none */
mica_status convolution_backward(kernel_call *call) {
    enum { GRADIENT, INPUT, WEIGHT, BIAS };
    struct tensor *given[3] = {NULL}, *outs[3] = {NULL};
    relation r;
    for (size_t i = 0; i < 3; i++) TRY(call_tensor(call, i, &given[i]));
    TRY(relation_of(call, given[GRADIENT], given[INPUT], given[WEIGHT], &r));
    TRY(gradient_out(call, 11, given[INPUT], &outs[0]));
    TRY(gradient_out(call, 12, given[WEIGHT], &outs[1]));
    const size_t channels = given[GRADIENT]->view.sizes[1];
    if (!call_is_none(call, 13)) {
        TRY(call_out(call, 13, &outs[2]));
        TRY(call_resize(call, outs[2], 1, &channels));
    }
    TRY(read_reals(call, given[GRADIENT], &r.gradient));
    TRY(read_reals(call, given[INPUT], &r.input));
    TRY(read_reals(call, given[WEIGHT], &r.weight));
    TRY(new_sums(call, given[INPUT], &r.input_sums));
    TRY(new_sums(call, given[WEIGHT], &r.weight_sums));
    relate(&r);
    if (outs[0]) write_sums(call, outs[0], r.input_sums);
    if (outs[1]) write_sums(call, outs[1], r.weight_sums);
    if (!outs[2]) return MICA_OK;
    double *sums = NULL;
    TRY(new_sums(call, outs[2], &sums));
    const size_t count = mica_tensor_count(&given[GRADIENT]->view), plane = channels ? count / channels : 0;
    const size_t pixels = r.batch ? plane / r.batch : 0;
    for (size_t i = 0; i < count; i++) sums[i / pixels % channels] += r.gradient[i];
    write_sums(call, outs[2], sums);
    return MICA_OK;
}

/* ---- pooling ---- */

/* grad_output, self, kernel_size, stride, padding, dilation, ceil_mode, indices, grad_input */
mica_status max_pool2d_backward(kernel_call *call) {
    struct tensor *gradient = NULL, *self = NULL, *indices = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &gradient));
    TRY(call_tensor(call, 1, &self));
    TRY(call_tensor(call, 7, &indices));
    TRY(call_out(call, 8, &out));
    const size_t rank = self->view.rank, pooled = gradient->view.rank;
    if ((rank != 3 && rank != 4) || pooled != rank || indices->view.rank != rank || indices->view.type != MICA_I64) {
        return call_fail(call, MICA_ERROR_SHAPE, "images of rank %zu, gradients of %zu, indices of %zu", rank, pooled,
                         indices->view.rank);
    }
    for (size_t i = 0; i < rank; i++) {
        const bool channel = i + 2 < rank;
        if (indices->view.sizes[i] != gradient->view.sizes[i] ||
            (channel && gradient->view.sizes[i] != self->view.sizes[i])) {
            return call_fail(call, MICA_ERROR_SHAPE, "gradients and indices of other sizes in dim %zu", i);
        }
    }
    TRY(call_resize(call, out, rank, self->view.sizes));
    view where;
    view_of(indices, &where);
    const void *memory = NULL;
    const double *reals = NULL;
    double *sums = NULL;
    TRY(view_read(call, &where, MICA_I64, &memory));
    TRY(read_reals(call, gradient, &reals));
    TRY(new_sums(call, self, &sums));
    const int64_t *const at = memory;
    const size_t window = gradient->view.sizes[rank - 2] * gradient->view.sizes[rank - 1];
    const size_t plane = self->view.sizes[rank - 2] * self->view.sizes[rank - 1];
    for (size_t i = 0; i < mica_tensor_count(&gradient->view); i++) {
        if (at[i] < 0 || (size_t)at[i] >= plane) {
            return call_fail(call, MICA_ERROR_VALUE, "index %lld is outside of %zu elements", (long long)at[i],
                             plane);
        }
        sums[i / window * plane + (size_t)at[i]] += reals[i];
    }
    write_sums(call, out, sums);
    return MICA_OK;
}
