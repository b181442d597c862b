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
