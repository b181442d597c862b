/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/planar.h"

#include "kernel/gemm/gemm.h"
#include "kernel/planar/planar.h"
#include "operator/common.h"
#include "operator/gemm.h"
#include "operator/window.h"

/* Spreading narrow planes takes longer than turning them. */
static bool depthwise_suits(const mica_operation *operation, const op_target *target) {
    return operation->as.window.group_output_channels == 1 &&
           operation->output->dims[2] >= (size_t)14 * operation->as.window.stride_width &&
           kernel_version_select(planar_depthwise_names, target->features, target->kernels) != KERNEL_C;
}

/* Pixels are the columns of the product, output channels its rows: few of either leave much of a tile idle. */
static bool pointwise_suits(const mica_operation *operation, const op_target *target) {
    const gemm_kernel_name *const kernel = gemm_predict(GEMM_PF32, target->features, GEMM_AUTO, SIZE_MAX);
    if (!kernel || !gemm_reads_rows(kernel)) return false;
    const size_t pixels = operation->output->dims[1] * operation->output->dims[2];
    const size_t computed = round_up(pixels, kernel->nr / 2);
    return window_is_pixel(operation) && operation->as.window.groups == 1 &&
           operation->as.window.group_output_channels >= 4 && computed - pixels <= pixels / 8 &&
           gemm_suits_cache(operation->as.window.group_input_channels);
}

const op_class *planar_class(const mica_operation *operation, const op_target *target) {
    if (target->kernels != MICA_KERNELS_AUTO || !op_convolves_f32(operation)) return NULL;
    if (operation->kind == MICA_CONV_2D) return pointwise_suits(operation, target) ? &op_planar_pointwise : NULL;
    return depthwise_suits(operation, target) ? &op_planar_depthwise : NULL;
}

mica_status planar_infer(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error) {
    const size_t *const dims = inputs[0].dims;
    op_shape pixels[3] = {{.rank = inputs[0].rank, .dims = {dims[0], dims[2], dims[3], dims[1]}}, inputs[1]};
    if (operation->input_count > 2) pixels[2] = inputs[2];
    op_shape out;
    TRY(window_filter(operation, pixels, &out, error));
    TRY(window_output(operation, pixels, &out, error));
    *output = (op_shape){.rank = 4, .dims = {out.dims[0], out.dims[3], out.dims[1], out.dims[2]}};
    return MICA_OK;
}
