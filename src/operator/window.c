/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/window.h"

#include <string.h>

static mica_status extent(size_t in, uint32_t before, uint32_t after, uint32_t kernel, uint32_t stride,
                          uint32_t dilation, const char *axis, size_t *out, mica_error *error) {
    if (kernel == 0 || stride == 0 || dilation == 0) {
        return error_set(error, MICA_ERROR_SHAPE, "size, stride and dilation of a window must not be 0");
    }
    const uint64_t padded = (uint64_t)in + before + after;
    const uint64_t reach = ((uint64_t)kernel - 1) * dilation + 1;
    if (reach > padded) {
        return error_set(error, MICA_ERROR_SHAPE, "a window reaching over %llu does not fit into a padded %s of %llu",
                         (unsigned long long)reach, axis, (unsigned long long)padded);
    }
    *out = (size_t)((padded - reach) / stride + 1);
    return MICA_OK;
}

mica_status window_filter(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                          mica_error *error) {
    const size_t group_inputs = operation->as.window.group_input_channels;
    const size_t in = operation->as.window.groups * group_inputs;
    const size_t out = (size_t)operation->as.window.groups * operation->as.window.group_output_channels;
    if (inputs[0].rank != 4 || inputs[0].dims[3] != in || in == 0) {
        return error_set(error, MICA_ERROR_SHAPE, "an NHWC image with %zu channels is needed", in);
    }
    const bool depthwise = operation->kind == MICA_DEPTHWISE_CONV_2D;
    const size_t filter[4] = {depthwise ? 1 : out, operation->as.window.kernel_height,
                              operation->as.window.kernel_width, depthwise ? out : group_inputs};
    if (inputs[1].rank != 4 || memcmp(inputs[1].dims, filter, sizeof filter) || (depthwise && group_inputs != 1)) {
        return error_set(error, MICA_ERROR_SHAPE, "the filter is not the %zux%zux%zux%zu of the attributes",
                         filter[0], filter[1], filter[2], filter[3]);
    }
    if (operation->input_count > 2 && operation->inputs[2] && op_count(&inputs[2]) != out) {
        return error_set(error, MICA_ERROR_SHAPE, "a bias of %zu elements for %zu channels", op_count(&inputs[2]),
                         out);
    }
    *output = (op_shape){.rank = 4, .dims = {inputs[0].dims[0], 0, 0, out}};
    return MICA_OK;
}

mica_status window_output(const mica_operation *operation, const op_shape *image, op_shape *output,
                          mica_error *error) {
    TRY(extent(image->dims[1], operation->as.window.padding_top, operation->as.window.padding_bottom,
               operation->as.window.kernel_height, operation->as.window.stride_height,
               operation->as.window.dilation_height, "height", &output->dims[1], error));
    return extent(image->dims[2], operation->as.window.padding_left, operation->as.window.padding_right,
                  operation->as.window.kernel_width, operation->as.window.stride_width,
                  operation->as.window.dilation_width, "width", &output->dims[2], error);
}

size_t window_depth(const mica_operation *operation) {
    return (size_t)operation->as.window.kernel_height * operation->as.window.kernel_width *
           operation->as.window.group_input_channels;
}

bool window_is_pixel(const mica_operation *operation) {
    return operation->as.window.kernel_height == 1 && operation->as.window.kernel_width == 1 &&
           !operation->as.window.padding_top && !operation->as.window.padding_left &&
           !operation->as.window.padding_bottom && !operation->as.window.padding_right;
}
