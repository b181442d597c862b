/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/planar.h"

#include "kernel/gemm/gemm.h"
#include "kernel/planar/planar.h"
#include "operator/window.h"

static bool constant_f32(const mica_operand *operand) { return operand->data && operand->type == MICA_OPERAND_F32; }

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
    const size_t row_bytes = operation->as.window.group_input_channels * sizeof(float);
    return operation->as.window.groups == 1 && operation->as.window.group_output_channels >= 4 &&
           operation->as.window.kernel_height == 1 && operation->as.window.kernel_width == 1 &&
           !operation->as.window.padding_top && !operation->as.window.padding_left &&
           !operation->as.window.padding_bottom && !operation->as.window.padding_right &&
           computed - pixels <= pixels / 8 &&
           row_bytes % 2048 != 0; /* such rows fall on each other in the first cache */
}

const op_class *planar_class(const mica_operation *operation, const op_target *target) {
    if (operation->kind != MICA_CONV_2D && operation->kind != MICA_DEPTHWISE_CONV_2D) return NULL;
    const mica_operand *const bias = operation->input_count > 2 ? operation->inputs[2] : NULL;
    if (target->kernels != MICA_KERNELS_AUTO || operation->inputs[0]->type != MICA_OPERAND_F32 ||
        operation->inputs[0]->rank != 4 || operation->output->type != MICA_OPERAND_F32 ||
        !constant_f32(operation->inputs[1]) || (bias && !constant_f32(bias))) {
        return NULL;
    }
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
