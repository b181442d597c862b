/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of a payload: type, dims, constant data, and who may see them. A constant is exactly as long as its type and
 * dims say.
 */
#include "format/xnnpack_parts.h"

#include <math.h>
#include <stdlib.h>

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

uint8_t xnn_quantization_of(mica_operand_type type) { return datatypes[type].quantization; }

size_t xnn_operand_bytes(const mica_operand *operand) {
    size_t rows = 1, row = 1; /* the last dimension is a row: bytes of nibbles do not cross it */
    for (size_t i = 0; i < operand->rank; i++) {
        rows *= row;
        row = operand->dims[i];
    }
    return rows * divide_up(row * datatypes[operand->type].bits, 8);
}

static mica_status read_dims(const xnn_parts *parts, fb_table table, mica_operand *operand, size_t *bytes) {
    const bytes_span dims = fb_vector(table, XTENSOR_DIMS);
    const uint32_t stated = fb_u32(table, XTENSOR_NUM_DIMS, 0);
    if (dims.count != stated || stated > MICA_OPERAND_MAX_RANK) {
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_DIMS, "%zu dimensions, num_dims says %u, at most %d",
                       dims.count, stated, MICA_OPERAND_MAX_RANK);
    }
    operand->rank = stated;
    /* Whatever is computed from dims must fit: elements count as 8 bytes here, and 0 counts as 1. */
    size_t extent = sizeof(int64_t);
    for (size_t i = 0; i < stated; i++) {
        const size_t dim = span_u32(dims, i);
        if (!size_mul(extent, max_size(dim, 1), &extent) || extent > INT64_MAX) {
            return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_DIMS, "more bytes than can be addressed");
        }
        operand->dims[i] = dim;
    }
    *bytes = xnn_operand_bytes(operand);
    return MICA_OK;
}

static mica_status read_constant(const xnn_parts *parts, fb_table table, size_t needed, mica_operand *operand) {
    bytes_span bytes = {NULL, 0};
    const size_t alignment = divide_up(datatypes[operand->type].bits, 8);
    TRY(xnn_find_constant(parts, table, &xnn_tensor_schema, XTENSOR_CONSTANT_BUFFER_IDX, alignment, &bytes));
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
        return XNN_BAD(parts, table, xnn_tensor_schema, XTENSOR_FLAGS,
                       "%u: must be 1 for an input, 2 for an output, 0 for others", flags);
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
    xnn_value *const value = &parts->values[index];
    return xnn_read_quantization(parts, content, datatypes[value->operand.type].quantization, &value->operand);
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
