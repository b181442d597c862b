/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of a payload: type, dims, constant data, quantization. A constant is exactly as long as its type and dims
 * say, and has a scale for each channel or block; every scale is finite and positive.
 */
#include "format/xnnpack_parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/half.h"
#include "format/text.h"

#define MAX_EXTERNALS 4096

/* XNNDatatype: how an element is stored and which parameters it must come with. */
typedef struct datatype {
    uint8_t bits;         /* of an element; 0: a type that files do not hold, or that Mica does not know */
    uint8_t quantization; /* QUANT_… */
} datatype;

static const datatype datatypes[] = {
    [MICA_OPERAND_F32] = {32, QUANT_NONE},
    [MICA_OPERAND_F16] = {16, QUANT_NONE},
    [MICA_OPERAND_QINT8] = {8, QUANT_PER_TENSOR},
    [MICA_OPERAND_QUINT8] = {8, QUANT_PER_TENSOR},
    [MICA_OPERAND_QINT32] = {32, QUANT_PER_TENSOR},
    [MICA_OPERAND_QCINT8] = {8, QUANT_PER_CHANNEL},
    [MICA_OPERAND_QCINT32] = {32, QUANT_PER_CHANNEL},
    [MICA_OPERAND_QCINT4] = {4, QUANT_PER_CHANNEL},
    [MICA_OPERAND_QDINT8] = {8, QUANT_PER_TOKEN},
    [MICA_OPERAND_QBINT4] = {4, QUANT_PER_GROUP},
    [MICA_OPERAND_INT32] = {32, QUANT_NONE},
    [MICA_OPERAND_BF16] = {16, QUANT_NONE},
};

/* ---- constants ---- */

/* Fails about the field that names a constant. */
#define BAD_CONSTANT(...) XNN_BAD(parts, table, *schema, field, __VA_ARGS__)

/* Constants with a key are in the program's named data, older ones in a region behind the flatbuffer. */
static mica_status find_data(const xnn_parts *parts, fb_table table, const fb_schema *schema, size_t field,
                             fb_table constant, bytes_span *out) {
    size_t length = 0;
    const char *const key = fb_string(constant, XCONSTANT_NAMED_KEY, &length);
    const uint64_t size = fb_u64(constant, XCONSTANT_SIZE, 0);
    if (!key) {
        const uint64_t offset = fb_u64(constant, XCONSTANT_OFFSET, 0);
        if (offset > parts->constant_data.count || size > parts->constant_data.count - offset) {
            return BAD_CONSTANT("%llu bytes from %llu on end outside of %zu bytes of constants",
                                (unsigned long long)size, (unsigned long long)offset, parts->constant_data.count);
        }
        *out = (bytes_span){parts->constant_data.data + offset, size};
        return MICA_OK;
    }
    if (!text_is_name(key, length)) return BAD_CONSTANT("the key of its data is not a name");
    bytes_span found = {NULL, 0};
    found.data = pte_find_data(parts->program, key, length, &found.count);
    if (!found.data) return BAD_CONSTANT("there is no named data \"%s\"", key);
    if (found.count != size) {
        return BAD_CONSTANT("%llu bytes, of which the named data has %zu", (unsigned long long)size, found.count);
    }
    *out = found;
    return MICA_OK;
}

/* Bytes of the constant that a field of a table names by its index; which is not 0. */
static mica_status find_constant(const xnn_parts *parts, fb_table table, const fb_schema *schema, size_t field,
                                 size_t alignment, bytes_span *out) {
    const uint32_t index = fb_u32(table, field, 0);
    const bytes_span list = fb_vector(parts->root, parts->inlined ? XGRAPH_CONSTANT_BUFFER : XGRAPH_CONSTANT_DATA);
    if (index >= list.count) return BAD_CONSTANT("constant %u of %zu", index, list.count);
    bytes_span bytes = {NULL, 0};
    if (parts->inlined) {
        bytes = fb_vector(fb_at(list, index), XBUFFER_STORAGE);
    } else {
        TRY(find_data(parts, table, schema, field, fb_at(list, index), &bytes));
    }
    if ((uintptr_t)bytes.data % alignment != 0) return BAD_CONSTANT("the data is not aligned for its type");
    *out = bytes;
    return MICA_OK;
}

/* ---- quantization ---- */

static bool is_scale(float scale) { return isfinite(scale) && scale > 0; }

/* The ids of fields that per-channel and per-group parameters share in meaning. */
typedef struct scale_fields {
    const fb_schema *schema;
    uint8_t scale, buffer_idx, num_scales;
    uint8_t size; /* bytes of a scale in a buffer */
} scale_fields;

/* `count` scales: from a constant as they stand there, or inline as f32. */
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
    TRY(find_constant(parts, params, fields->schema, fields->buffer_idx, fields->size, out));
    if (out->count != count * fields->size) {
        return XNN_BAD(parts, params, *fields->schema, fields->buffer_idx, "%zu bytes for %zu scales", out->count,
                       count);
    }
    out->count = count;
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

static mica_status read_per_tensor(const xnn_parts *parts, fb_table params, mica_operand *operand) {
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

static mica_status read_per_token(const xnn_parts *parts, fb_table params, mica_operand *operand) {
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

static mica_status read_quantization(xnn_parts *parts, fb_table table, mica_operand *operand) {
    const uint8_t tag = fb_u8(table, XQUANTIZED_PARAMS_TYPE, QUANT_NONE);
    const fb_table params = fb_child(table, XQUANTIZED_PARAMS);
    if (!params.at || tag != datatypes[operand->type].quantization) {
        return XNN_BAD(parts, table, xnn_quantized_schema, XQUANTIZED_PARAMS,
                       "parameters of type %u do not belong to data of type %d", params.at ? tag : QUANT_NONE,
                       (int)operand->type);
    }
    mica_status status = MICA_OK;
    switch (tag) {
    case QUANT_PER_TENSOR: status = read_per_tensor(parts, params, operand); break;
    case QUANT_PER_CHANNEL: status = read_per_channel(parts, params, operand); break;
    case QUANT_PER_TOKEN: status = read_per_token(parts, params, operand); break;
    case QUANT_PER_GROUP: status = read_per_group(parts, params, operand); break;
    default: break;
    }
    return status ? fb_in(parts->error, status, "quant_params") : MICA_OK;
}

/* ---- tensors ---- */

static mica_status read_dims(const xnn_parts *parts, fb_table table, mica_operand *operand, size_t *bytes) {
    const bytes_span dims = fb_vector(table, XTENSOR_DIMS);
    const uint32_t stated = fb_u32(table, XTENSOR_NUM_DIMS, 0);
    if (dims.count != stated || stated > MICA_OPERAND_MAX_RANK) {
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_DIMS, "%zu dimensions, num_dims says %u, at most %d",
                       dims.count, stated, MICA_OPERAND_MAX_RANK);
    }
    operand->rank = stated;
    size_t extent =
        sizeof(int64_t);      /* more than any element, and 0 counted as 1: whatever is computed from dims fits */
    size_t rows = 1, row = 1; /* the last dimension is a row of its own: nibbles do not cross it */
    for (size_t i = 0; i < stated; i++) {
        const size_t dim = span_u32(dims, i);
        if (!size_mul(extent, max_size(dim, 1), &extent) || extent > INT64_MAX) {
            return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_DIMS, "more bytes than can be addressed");
        }
        operand->dims[i] = dim;
        rows *= row;
        row = dim;
    }
    *bytes = rows * divide_up(row * datatypes[operand->type].bits, 8);
    return MICA_OK;
}

static mica_status read_constant(const xnn_parts *parts, fb_table table, size_t needed, mica_operand *operand) {
    bytes_span bytes = {NULL, 0};
    const size_t alignment = divide_up(datatypes[operand->type].bits, 8);
    TRY(find_constant(parts, table, &xnn_tensor_schema, XTENSOR_CONSTANT_BUFFER_IDX, alignment, &bytes));
    if (bytes.count != needed) {
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_CONSTANT_BUFFER_IDX,
                       "constant of %zu bytes, its type and dims say %zu", bytes.count, needed);
    }
    operand->data = bytes.data ? bytes.data : parts->payload; /* of no bytes, and a constant all the same */
    return MICA_OK;
}

static mica_status read_role(const xnn_parts *parts, fb_table table, xnn_value *value) {
    const uint32_t flags = fb_u32(table, XTENSOR_FLAGS, 0);
    const bool constant = value->operand.data != NULL;
    value->external = fb_u32(table, XTENSOR_EXTERNAL_ID, 0);
    value->is_input = flags & XTENSOR_FLAG_INPUT;
    value->is_output = flags & XTENSOR_FLAG_OUTPUT;
    if (flags & ~(uint32_t)(XTENSOR_FLAG_INPUT | XTENSOR_FLAG_OUTPUT) || (value->is_input && value->is_output) ||
        (flags && constant)) {
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_FLAGS, "%u: neither input nor output nor constant",
                       flags);
    }
    if (flags == 0) {
        value->external = XNN_NO_EXTERNAL;
    } else if (value->external >= fb_u32(parts->root, XGRAPH_NUM_EXTERNS, 0)) {
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_EXTERNAL_ID, "argument %u of %u", value->external,
                       fb_u32(parts->root, XGRAPH_NUM_EXTERNS, 0));
    }
    return MICA_OK;
}

/* The old way of quantizing at run time: nodes that name the input mean what a Convert makes of it. */
static mica_status add_convert(xnn_parts *parts, fb_table table, int16_t type, uint32_t input, uint32_t *id) {
    const xnn_value *const from = &parts->values[input];
    const bool floating = from->operand.type == MICA_OPERAND_F32 || from->operand.type == MICA_OPERAND_F16;
    if (type != MICA_OPERAND_QINT8 || !from->is_input || !floating || from->operand.rank == 0) {
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_DQ_DATATYPE,
                       "%d: only float inputs are quantized at run time, to type %d", type, MICA_OPERAND_QINT8);
    }
    const uint32_t output = (uint32_t)parts->graph->value_count++;
    xnn_value *const to = &parts->values[output];
    *to = (xnn_value){.operand = from->operand, .external = XNN_NO_EXTERNAL};
    to->operand.type = MICA_OPERAND_QDINT8;
    to->operand.row_dims = 1;
    parts->nodes[parts->graph->node_count++] = (xnn_node){
        .operation = {.kind = MICA_CONVERT,
                      .output_min = -INFINITY,
                      .output_max = INFINITY,
                      .input_count = 1,
                      .inputs = {&from->operand},
                      .output = &to->operand},
        .inputs = {input},
        .output = output,
        .second_output = XNN_INVALID_ID,
        .debug_handle = UINT16_MAX,
    };
    *id = output;
    return MICA_OK;
}

/* Weights are constants; rows that are quantized at run time are neither that nor seen from outside. */
static mica_status check_use(const xnn_parts *parts, fb_table table, const xnn_value *value) {
    const uint8_t quantization = datatypes[value->operand.type].quantization;
    const bool weights = quantization == QUANT_PER_CHANNEL || quantization == QUANT_PER_GROUP;
    const bool rows = quantization == QUANT_PER_TOKEN;
    const bool constant = value->operand.data != NULL, external = value->external != XNN_NO_EXTERNAL;
    if ((!weights || constant) && (!rows || !(constant || external))) return MICA_OK;
    return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_DATATYPE, "%d is a type of %s only",
                   (int)value->operand.type, weights ? "constants" : "intermediate values");
}

static mica_status read_tensor(const xnn_parts *parts, fb_table table, bool quantized, xnn_value *value) {
    const int16_t type = fb_i16(table, XTENSOR_DATATYPE, 0);
    const size_t known = sizeof datatypes / sizeof *datatypes;
    if (type < 0 || (size_t)type >= known || datatypes[type].bits == 0 ||
        quantized != (datatypes[type].quantization != QUANT_NONE)) {
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_DATATYPE, "%d is no type of a %s value", type,
                       quantized ? "quantized" : "plain");
    }
    value->operand.type = (mica_operand_type)type;
    size_t bytes = 0;
    TRY(read_dims(parts, table, &value->operand, &bytes));
    if (fb_u32(table, XTENSOR_CONSTANT_BUFFER_IDX, 0) != 0) TRY(read_constant(parts, table, bytes, &value->operand));
    TRY(read_role(parts, table, value));
    return check_use(parts, table, value);
}

static mica_status read_plain(xnn_parts *parts, fb_table content, uint32_t index) {
    TRY(read_tensor(parts, content, false, &parts->values[index]));
    parts->ids[index] = (xnn_id){fb_u32(content, XTENSOR_ID_OUT, 0), index};
    const int16_t mark = fb_i16(content, XTENSOR_DQ_DATATYPE, 0);
    return mark ? add_convert(parts, content, mark, index, &parts->ids[index].value) : MICA_OK;
}

static mica_status read_quantized(xnn_parts *parts, fb_table content, uint32_t index) {
    const fb_table tensor = fb_child(content, XQUANTIZED_TENSOR_VALUE);
    const mica_status status = read_tensor(parts, tensor, true, &parts->values[index]);
    if (status) return fb_in(parts->error, status, "tensor_value");
    parts->ids[index] = (xnn_id){fb_u32(tensor, XTENSOR_ID_OUT, 0), index};
    return read_quantization(parts, content, &parts->values[index].operand);
}

static mica_status read_value(xnn_parts *parts, fb_table table, uint32_t index) {
    const bool quantized = fb_u8(table, XVALUE_TYPE, 0) == XVALUE_QUANTIZED;
    const fb_table content = fb_child(table, XVALUE_VALUE);
    if (!content.at) return XNN_BAD(parts, table, xnn_value_schema, XVALUE_VALUE, "absent");
    const mica_status status = quantized ? read_quantized(parts, content, index) : read_plain(parts, content, index);
    return status ? fb_in(parts->error, status, "xvalue_union") : MICA_OK;
}

static int by_id(const void *a, const void *b) {
    const uint32_t left = ((const xnn_id *)a)->id, right = ((const xnn_id *)b)->id;
    return (left > right) - (left < right);
}

/* No two values have one id, or one place in the call's arguments. */
static mica_status check_unique(const xnn_parts *parts, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (parts->ids[i].id == parts->ids[i - 1].id) {
            return XNN_BAD(parts, parts->root, xnn_graph_schema, XGRAPH_XVALUES, "two values have the id %u",
                           parts->ids[i].id);
        }
    }
    bool taken[MAX_EXTERNALS] = {false};
    for (size_t i = 0; i < count; i++) {
        const uint32_t external = parts->values[i].external;
        if (external == XNN_NO_EXTERNAL) continue;
        if (taken[external]) {
            return XNN_BAD(parts, parts->root, xnn_graph_schema, XGRAPH_XVALUES, "two values are argument %u",
                           external);
        }
        taken[external] = true;
        parts->graph->external_count = max_size(parts->graph->external_count, external + 1);
    }
    return MICA_OK;
}

mica_status xnn_read_values(xnn_parts *parts) {
    const bytes_span tables = fb_vector(parts->root, XGRAPH_XVALUES);
    const uint32_t externals = fb_u32(parts->root, XGRAPH_NUM_EXTERNS, 0);
    if (externals > MAX_EXTERNALS) {
        return XNN_BAD(parts, parts->root, xnn_graph_schema, XGRAPH_NUM_EXTERNS, "%u, at most %d", externals,
                       MAX_EXTERNALS);
    }
    size_t converts = 0; /* values and nodes that add_convert will add */
    for (size_t i = 0; i < tables.count; i++) {
        const fb_table plain = fb_child(fb_at(tables, i), XVALUE_VALUE);
        const bool is_plain = fb_u8(fb_at(tables, i), XVALUE_TYPE, 0) == XVALUE_PLAIN;
        converts += is_plain && fb_i16(plain, XTENSOR_DQ_DATATYPE, 0) != 0;
    }
    const size_t nodes = fb_vector(parts->root, XGRAPH_XNODES).count;
    void *memory = NULL;
    TRY(arena_array(parts->arena, tables.count + converts, sizeof(xnn_value), &memory, parts->error));
    parts->values = memory;
    TRY(arena_array(parts->arena, tables.count, sizeof(xnn_id), &memory, parts->error));
    parts->ids = memory;
    TRY(arena_array(parts->arena, converts + nodes, sizeof(xnn_node), &memory, parts->error));
    parts->nodes = memory;
    parts->graph->values = parts->values;
    parts->graph->nodes = parts->nodes;
    parts->graph->value_count = tables.count;
    for (size_t i = 0; i < tables.count; i++) {
        const mica_status status = read_value(parts, fb_at(tables, i), (uint32_t)i);
        if (status) return fb_in(parts->error, status, "xvalues[%zu]", i);
    }
    if (tables.count > 0) qsort(parts->ids, tables.count, sizeof *parts->ids, by_id);
    return check_unique(parts, tables.count);
}
