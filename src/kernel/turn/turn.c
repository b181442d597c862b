/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/turn/turn.h"

#include "kernel/quantize/quantize.h"

/* Element by element: also where there is nothing better. */
static void quantize(const turn_call *call) {
    for (size_t p = 0; p < call->pixels; p++) {
        for (size_t c = 0; c < call->channels; c++) {
            quantize_reference.f32_to_i8(1, call->planes + c * call->plane + p, call->image + p * call->pixel + c,
                                         call->factor, call->zero_point);
        }
    }
}

static void dequantize(const turn_call *call) {
    for (size_t p = 0; p < call->pixels; p++) {
        for (size_t c = 0; c < call->channels; c++) {
            quantize_reference.i8_to_f32(1, call->image + p * call->pixel + c, call->planes + c * call->plane + p,
                                         call->factor, call->zero_point);
        }
    }
}

const turn_kernels turn_reference = {quantize, dequantize};

const turn_kernels *const turn_versions[KERNEL_VERSIONS] = {
    [KERNEL_AVX512] = KERNEL_X86(&turn_avx512),
    [KERNEL_AVX2] = KERNEL_X86(&turn_avx2),
    [KERNEL_C] = &turn_reference,
    [KERNEL_REFERENCE] = &turn_reference,
};

#define NAMES(stem)                                                                                                  \
    {[KERNEL_AVX512] = stem "_avx512",                                                                               \
     [KERNEL_AVX2] = stem "_avx2",                                                                                   \
     [KERNEL_C] = stem "_c",                                                                                         \
     [KERNEL_REFERENCE] = stem "_reference"}
kernel_names turn_quantize_names = NAMES("turn_f32_to_i8"), turn_dequantize_names = NAMES("turn_i8_to_f32");
