/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/elements.h"

#include <math.h>

#include "kernel/quantize/quantize.h"

bool elements_supported(mica_operand_type type) {
    return type == MICA_OPERAND_F32 || type == MICA_OPERAND_F16 || type == MICA_OPERAND_QINT8;
}

const float *elements_read(kernel_version version, const mica_operand *operand, const void *data, size_t first,
                           size_t count, float *buffer) {
    if (operand->type == MICA_OPERAND_F32) return (const float *)data + first;
    if (operand->type == MICA_OPERAND_F16) {
        quantize_versions[version]->f16_to_f32(count, (const uint16_t *)data + first, buffer);
    } else {
        quantize_versions[version]->i8_to_f32(count, (const int8_t *)data + first, buffer, operand->scale,
                                              operand->zero_point);
    }
    return buffer;
}

float *elements_place(const mica_operand *operand, void *data, size_t first, float *buffer) {
    return operand->type == MICA_OPERAND_F32 ? (float *)data + first : buffer;
}

void elements_write(kernel_version version, const mica_operand *operand, const float *buffer, size_t count,
                    void *data, size_t first) {
    if (operand->type == MICA_OPERAND_F16) {
        quantize_versions[version]->f32_to_f16(count, buffer, (uint16_t *)data + first);
    } else if (operand->type == MICA_OPERAND_QINT8) {
        quantize_versions[version]->f32_to_i8(count, buffer, (int8_t *)data + first, 1 / operand->scale,
                                              operand->zero_point);
    }
}

static int32_t step_of(float value, const mica_operand *operand) {
    const float step = value / operand->scale + (float)operand->zero_point;
    return step < 127 ? step > -128 ? (int32_t)rintf(step) : -128 : 127;
}

void elements_clamp(const mica_operand *operand, float min, float max, int32_t *qmin, int32_t *qmax) {
    *qmin = step_of(min, operand);
    *qmax = step_of(max, operand);
}

elementwise_operation elements_operation(mica_operation_kind kind) {
    switch (kind) {
    case MICA_ABS: return ELEMENTWISE_ABS;
    case MICA_ADD: return ELEMENTWISE_ADD;
    case MICA_CEILING: return ELEMENTWISE_CEILING;
    case MICA_CLAMP: return ELEMENTWISE_CLAMP;
    case MICA_COS: return ELEMENTWISE_COS;
    case MICA_DIV: return ELEMENTWISE_DIVIDE;
    case MICA_ELU: return ELEMENTWISE_ELU;
    case MICA_EXP: return ELEMENTWISE_EXP;
    case MICA_FLOOR: return ELEMENTWISE_FLOOR;
    case MICA_GELU: return ELEMENTWISE_GELU;
    case MICA_HARDSWISH: return ELEMENTWISE_HARDSWISH;
    case MICA_LEAKY_RELU: return ELEMENTWISE_LEAKY_RELU;
    case MICA_LOG: return ELEMENTWISE_LOG;
    case MICA_MAXIMUM: return ELEMENTWISE_MAXIMUM;
    case MICA_MINIMUM: return ELEMENTWISE_MINIMUM;
    case MICA_MULTIPLY: return ELEMENTWISE_MULTIPLY;
    case MICA_NEGATE: return ELEMENTWISE_NEGATE;
    case MICA_PRELU: return ELEMENTWISE_PRELU;
    case MICA_RECIPROCAL_SQUARE_ROOT: return ELEMENTWISE_RECIPROCAL_SQUARE_ROOT;
    case MICA_SIGMOID: return ELEMENTWISE_SIGMOID;
    case MICA_SIN: return ELEMENTWISE_SIN;
    case MICA_SQUARE: return ELEMENTWISE_SQUARE;
    case MICA_SQUARE_ROOT: return ELEMENTWISE_SQUARE_ROOT;
    case MICA_SUBTRACT: return ELEMENTWISE_SUBTRACT;
    case MICA_TANH: return ELEMENTWISE_TANH;
    default: return ELEMENTWISE_COUNT;
    }
}

/* The attribute is a slope for two kinds only. */
elementwise_call elements_call(const mica_operation *operation) {
    const bool slope = operation->kind == MICA_LEAKY_RELU || operation->kind == MICA_ELU;
    return (elementwise_call){
        .min = operation->output_min, .max = operation->output_max, .slope = slope ? operation->as.slope : 0};
}
