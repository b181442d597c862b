/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantization parameters of a payload's values: a scale for each channel or block, every one finite and positive, zero
 * points in range.
 */
#include <math.h>

#include "base/half.h"
#include "format/xnnpack_parts.h"

static bool is_scale(float scale) { return isfinite(scale) && scale > 0; }

/* The ids of fields that per-channel and per-group parameters share in meaning. */
typedef struct scale_fields {
    const fb_schema *schema;
    uint8_t scale, buffer_idx, num_scales;
    uint8_t size; /* bytes of a scale in a buffer */
} scale_fields;

/* `count` scales: from a constant as they stand there, or inline as f32; none where the constant is missing. */
static mica_status find_scales(const xnn_parts *parts, fb_table params, const scale_fields *fields, size_t count,
                               bytes_span *out, bool *inlined) {
    *inlined = fb_u32(params, fields->buffer_idx, 0) == 0;
    if (*inlined) {
        *out = fb_vector(params, fields->scale);
        if (out->count == count) return MICA_OK;
        return XNN_BAD(parts, params, *fields->schema, fields->scale, "%zu scales where %zu are needed", out->count,
                       count);
    }
    const uint32_t stated = fb_u32(params, fields->num_scales, 0);
    if (stated != count) {
        return XNN_BAD(parts, params, *fields->schema, fields->num_scales, "%u scales where %zu are needed", stated,
                       count);
    }
    TRY(xnn_find_constant(parts, params, fields->schema, fields->buffer_idx, fields->size, out));
    if (out->count != count * fields->size) {
        return XNN_BAD(parts, params, *fields->schema, fields->buffer_idx, "%zu bytes for %zu scales", out->count,
                       count);
    }
    out->count = out->data == xnn_absent ? 0 : count; /* there are none to look at */
    return MICA_OK;
}

static mica_status spend_scales(xnn_parts *parts, fb_table params, const scale_fields *fields, size_t count) {
    if (count > parts->scale_budget) {
        return XNN_BAD(parts, params, *fields->schema, fields->buffer_idx, "too many values share scales");
    }
    parts->scale_budget -= count;
    return MICA_OK;
}

static mica_status bad_scale(const xnn_parts *parts, fb_table params, const fb_schema *schema, size_t field,
                             size_t index, float scale) {
    return XNN_BAD(parts, params, *schema, field, "scale %zu is %g, must be finite and positive", index,
                   (double)scale);
}

static mica_status read_channel(const xnn_parts *parts, fb_table params, const fb_schema *schema, size_t field,
                                mica_operand *operand) {
    const int32_t channel = fb_i32(params, field, 0);
    if (channel < 0 || (size_t)channel >= operand->rank) {
        return XNN_BAD(parts, params, *schema, field, "dimension %d of %zu", channel, operand->rank);
    }
    operand->channel_dim = (size_t)channel;
    return MICA_OK;
}

static mica_status read_per_tensor(xnn_parts *parts, fb_table params, mica_operand *operand) {
    static const struct {
        int32_t low, high;
    } zero_points[] = {
        [MICA_OPERAND_QINT8] = {-128, 127}, [MICA_OPERAND_QUINT8] = {0, 255}, [MICA_OPERAND_QINT32] = {0, 0}};
    const float scale = fb_f32(params, PER_TENSOR_SCALE, 0);
    const int32_t zero_point = fb_i32(params, PER_TENSOR_ZERO_POINT, 0);
    if (!is_scale(scale)) return bad_scale(parts, params, &xnn_per_tensor_schema, PER_TENSOR_SCALE, 0, scale);
    if (zero_point < zero_points[operand->type].low || zero_point > zero_points[operand->type].high) {
        return XNN_BAD(parts, params, xnn_per_tensor_schema, PER_TENSOR_ZERO_POINT, "%d is out of range", zero_point);
    }
    operand->scale = scale;
    operand->zero_point = zero_point;
    return MICA_OK;
}

static mica_status read_per_channel(xnn_parts *parts, fb_table params, mica_operand *operand) {
    static const scale_fields fields = {&xnn_per_channel_schema, PER_CHANNEL_SCALE, PER_CHANNEL_SCALE_BUFFER_IDX,
                                        PER_CHANNEL_NUM_SCALES, sizeof(float)};
    TRY(read_channel(parts, params, &xnn_per_channel_schema, PER_CHANNEL_CHANNEL_DIM, operand));
    bytes_span scales = {NULL, 0};
    bool inlined = false;
    TRY(find_scales(parts, params, &fields, operand->dims[operand->channel_dim], &scales, &inlined));
    TRY(spend_scales(parts, params, &fields, scales.count));
    for (size_t i = 0; i < scales.count; i++) {
        const float scale = span_f32(scales, i);
        if (!is_scale(scale)) return bad_scale(parts, params, fields.schema, PER_CHANNEL_SCALE, i, scale);
    }
    if ((uintptr_t)scales.data % sizeof(float) != 0) {
        return XNN_BAD(parts, params, xnn_per_channel_schema, PER_CHANNEL_SCALE, "not aligned for its type");
    }
    operand->scales = (const float *)(const void *)scales.data;
    operand->zero_point = operand->type == MICA_OPERAND_QCINT4 ? 8 : 0;
    return MICA_OK;
}

static mica_status read_per_token(xnn_parts *parts, fb_table params, mica_operand *operand) {
    const int32_t dims = fb_i32(params, PER_TOKEN_NUM_NONBATCH_DIMS, 0);
    if (dims < 1 || (size_t)dims > operand->rank) {
        return XNN_BAD(parts, params, xnn_per_token_schema, PER_TOKEN_NUM_NONBATCH_DIMS, "%d of %zu dimensions", dims,
                       operand->rank);
    }
    operand->row_dims = (size_t)dims;
    return MICA_OK;
}

/* Inline f32 scales as bf16, the way the runtime converts them: a little upwards, then truncated. */
static mica_status convert_scales(const xnn_parts *parts, bytes_span scales, const uint16_t **out) {
    void *memory = NULL;
    TRY(arena_array(parts->arena, scales.count, sizeof(uint16_t), &memory, parts->error));
    uint16_t *const converted = memory;
    for (size_t i = 0; i < scales.count; i++) {
        converted[i] = (uint16_t)(bits_of_float(span_f32(scales, i) * 1.00389105f) >> 16);
    }
    *out = converted;
    return MICA_OK;
}

static mica_status read_per_group(xnn_parts *parts, fb_table params, mica_operand *operand) {
    static const scale_fields fields = {&xnn_per_group_schema, PER_GROUP_SCALE, PER_GROUP_SCALE_BUFFER_IDX,
                                        PER_GROUP_NUM_SCALES, sizeof(uint16_t)};
    TRY(read_channel(parts, params, &xnn_per_group_schema, PER_GROUP_CHANNEL_DIM, operand));
    const int32_t group = fb_i32(params, PER_GROUP_GROUP_SIZE, 0);
    if (operand->rank != 2 || operand->channel_dim != 0) {
        return XNN_BAD(parts, params, xnn_per_group_schema, PER_GROUP_CHANNEL_DIM,
                       "groups of dimension %zu of %zu: must be the first of two", operand->channel_dim,
                       operand->rank);
    }
    const size_t channels = operand->dims[0], depth = operand->dims[1];
    if (group <= 0 || group % 32 != 0 || depth % (size_t)group != 0) {
        return XNN_BAD(parts, params, xnn_per_group_schema, PER_GROUP_GROUP_SIZE,
                       "%d: must be a multiple of 32 that divides %zu", group, depth);
    }
    operand->block = (size_t)group;
    operand->zero_point = 8;
    bytes_span scales = {NULL, 0};
    bool inlined = false;
    TRY(find_scales(parts, params, &fields, channels * (depth / operand->block), &scales, &inlined));
    TRY(spend_scales(parts, params, &fields, scales.count));
    operand->block_scales = (const uint16_t *)(const void *)scales.data;
    if (inlined) TRY(convert_scales(parts, scales, &operand->block_scales));
    for (size_t i = 0; i < scales.count; i++) {
        const float scale = float_of_bf16(operand->block_scales[i]);
        if (!is_scale(scale)) return bad_scale(parts, params, fields.schema, PER_GROUP_SCALE, i, scale);
    }
    return MICA_OK;
}

mica_status xnn_read_quantization(xnn_parts *parts, fb_table table, uint8_t expected, mica_operand *operand) {
    const fb_table params = fb_child(table, XQUANTIZED_PARAMS);
    const uint8_t tag = params.at ? fb_u8(table, XQUANTIZED_PARAMS_TYPE, QUANT_NONE) : QUANT_NONE;
    if (tag != expected) {
        return XNN_BAD(parts, table, xnn_quantized_schema, XQUANTIZED_PARAMS,
                       "parameters of type %u do not belong to data of type %d", tag, (int)operand->type);
    }
    static mica_status (*const readers[])(xnn_parts *parts, fb_table params, mica_operand *operand) = {
        [QUANT_PER_CHANNEL] = read_per_channel,
        [QUANT_PER_TENSOR] = read_per_tensor,
        [QUANT_PER_TOKEN] = read_per_token,
        [QUANT_PER_GROUP] = read_per_group,
    };
    const mica_status status = readers[tag](parts, params, operand);
    return status ? fb_in(parts->error, status, "quant_params") : MICA_OK;
}
