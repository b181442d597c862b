/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/planar.h"

#include "kernel/gemm/gemm.h"
#include "kernel/planar/planar.h"
#include "operator/common.h"
#include "operator/gemm.h"
#include "operator/window.h"
#include "operator/winograd.h"

#define MOST_CHANNELS 8 /* by the stride, of a window that is not one pixel */

/* Spreading narrow planes takes longer than turning them. */
static bool depthwise_suits(const mica_operation *operation, const op_target *target) {
    return operation->as.window.group_output_channels == 1 &&
           operation->output->dims[2] >= (size_t)14 * operation->as.window.stride_width &&
           kernel_version_select(planar_depthwise_names, target->features, target->kernels) != KERNEL_C;
}

/* Pixels are the columns of the product, output channels its rows: few of either leave much of a tile idle. Where windows
 * overlap, making columns of many input channels takes longer than turning image and result. */
static bool product_suits(const mica_operation *operation, const op_target *target) {
    const gemm_kernel_name *const kernel = gemm_predict(GEMM_PF32, target->features, GEMM_AUTO, SIZE_MAX);
    if (!kernel || !gemm_reads_rows(kernel) || winograd_suits(operation, target)) return false;
    const size_t pixels = operation->output->dims[1] * operation->output->dims[2];
    const size_t computed = round_up(pixels, kernel->nr / 2);
    const size_t inputs = operation->as.window.group_input_channels, stride = operation->as.window.stride_width;
    const bool few = stride <= 2 && inputs * stride <= MOST_CHANNELS;
    return operation->as.window.groups == 1 && operation->as.window.group_output_channels >= 4 &&
           computed - pixels <= pixels / 8 && gemm_suits_cache(window_depth(operation)) &&
           (few || window_is_pixel(operation));
}

const op_class *planar_class(const mica_operation *operation, const op_target *target) {
    if (target->kernels != MICA_KERNELS_AUTO || !op_convolves_f32(operation)) return NULL;
    if (operation->kind == MICA_CONV_2D) return product_suits(operation, target) ? &op_planar_product : NULL;
    return depthwise_suits(operation, target) ? &op_planar_depthwise : NULL;
}

mica_status planar_infer_pixels(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                                mica_error *error) {
    const size_t *const dims = inputs[0].dims;
    op_shape pixels[3] = {{.rank = inputs[0].rank, .dims = {dims[0], dims[2], dims[3], dims[1]}}, inputs[1]};
    if (operation->input_count > 2) pixels[2] = inputs[2];
    TRY(window_filter(operation, pixels, output, error));
    return window_output(operation, pixels, output, error);
}

mica_status planar_infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    op_shape out = {0};
    TRY(planar_infer_pixels(operation, inputs, &out, error));
    *output = (op_shape){.rank = 4, .dims = {out.dims[0], out.dims[3], out.dims[1], out.dims[2]}};
    return MICA_OK;
}

mica_status planar_window_new(const mica_operation *operation, struct arena *arena, planar_window *window,
                              mica_error *error) {
    void *memory = NULL;
    window->tap_count = (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width;
    TRY(arena_array(arena, window->tap_count, sizeof(size_t), &memory, error));
    window->taps = memory;
    return MICA_OK;
}

void planar_window_shape(const mica_operation *operation, const op_shape *planes, planar_window *window) {
    const size_t stride = operation->as.window.stride_width, columns = operation->as.window.kernel_width;
    const size_t left = operation->as.window.padding_left, right = operation->as.window.padding_right;
    const size_t height = planes->dims[2], width = planes->dims[3];
    window->spread = (planar_spread){.height = height,
                                     .width = width,
                                     .top = operation->as.window.padding_top,
                                     .left = left,
                                     .stride = stride,
                                     .phase = divide_up(width + left + right, stride)};
    const size_t phase = window->spread.phase;
    window->row = stride * phase;
    window->down = operation->as.window.stride_height;
    window->reach = ((size_t)operation->as.window.kernel_height - 1) * operation->as.window.dilation_height + 1;
    for (size_t t = 0; t < window->tap_count; t++) {
        const size_t below = t / columns * operation->as.window.dilation_height,
                     beside = t % columns * operation->as.window.dilation_width;
        window->taps[t] = below * window->row + beside % stride * phase + beside / stride;
    }
}

size_t planar_window_rows(const planar_window *window, size_t outputs) {
    return (outputs - 1) * window->down + window->reach;
}

mica_status planar_window_elements(const planar_window *window, size_t outputs, size_t *elements, mica_error *error) {
    if (size_mul(window->row, planar_window_rows(window, outputs), elements) &&
        size_add(*elements, PLANAR_PAST, elements)) {
        return MICA_OK;
    }
    return error_set(error, MICA_ERROR_LIMIT, "the padded image is too large");
}
