/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests: a hand-made payload that has a node of every shape and a value of every type, in the forms that exporters
 * wrote over time; and a look at all that the door promises of a decoded graph. (It cannot run: constants are shared, so
 * some rows and filters differ in length. The door leaves run-time shapes to shape inference.)
 */
#ifndef TESTS_WHOLE_PAYLOAD_H
#define TESTS_WHOLE_PAYLOAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/half.h"
#include "flatbuf/build.h"
#include "format/text.h"
#include "format/xnnpack.h"
#include "format/xnnpack_schema.h"

/* Where constants stand: in the program's named data, behind the flatbuffer, or in a flatbuffer without header. */
typedef enum constant_form { NAMED, REGION, INLINED } constant_form;

struct payload {
    uint8_t *data;
    size_t size;
    size_t flatbuffer; /* where it begins */
    pte_named_data named[8];
    pte_program program;
};

/* ---- constants: c0 is a placeholder ---- */

enum { C_FLOATS = 1, C_BYTES, C_INTS, C_SCALES, C_BLOCK_SCALES, C_COUNT };
static float constant_floats[324], constant_scales[16];
static int8_t constant_bytes[512];
static int32_t constant_ints[8];
static uint16_t constant_block_scales[16];

static const struct {
    const char *key;
    const void *data;
    size_t size;
} constant_table[C_COUNT] = {
    [C_FLOATS] = {"floats", constant_floats, 8 * sizeof(float)},
    [C_BYTES] = {"bytes", constant_bytes, sizeof constant_bytes},
    [C_INTS] = {"ints", constant_ints, sizeof constant_ints},
    [C_SCALES] = {"scales", constant_scales, 8 * sizeof(float)},
    [C_BLOCK_SCALES] = {"scales of blocks", constant_block_scales, sizeof constant_block_scales},
};

static inline void fill_constants(void) {
    for (size_t i = 0; i < 324; i++) constant_floats[i] = (float)i;
    for (size_t i = 0; i < 512; i++) constant_bytes[i] = (int8_t)i;
    for (size_t i = 0; i < 8; i++) constant_ints[i] = (int32_t)i;
    for (size_t i = 0; i < 16; i++) constant_scales[i] = 0.25f + (float)i;
    for (size_t i = 0; i < 16; i++) constant_block_scales[i] = bf16_of_float(0.5f + (float)i);
}

/* ---- values ---- */

/* Serialized ids are not positions. */
#define ID(value) ((uint32_t)(1000 - 7 * (value)))

typedef struct value_of {
    mica_operand_type type;
    uint32_t dims[4];
    uint32_t rank;
    uint32_t constant;
    uint32_t flags, external;
    int channel_dim, group;
    bool inline_scales;
} value_of;

enum {
    ROWS_IN,
    ROWS,
    BYTE_FILTER,
    BIAS,
    BY_BYTES,
    BLOCK_FILTER,
    BY_BLOCKS,
    NIBBLE_FILTER,
    BY_NIBBLES,
    FIXED,
    FIXED_FILTER,
    FIXED_BIAS,
    BY_FIXED,
    IMAGE,
    KERNEL,
    CONVOLVED,
    DEPTH_KERNEL,
    DEEP,
    UPWARD,
    POOLED,
    LARGEST,
    WHERE,
    TURNED,
    FLAT,
    SLICED,
    PADDED,
    RESIZED,
    JOINED,
    LEAKED,
    BENT,
    SLOPES,
    SLOPED,
    SUM,
    SPARE,
    OLD_BLOCK_FILTER,
    VALUE_COUNT
};

static const value_of value_table[VALUE_COUNT] = {
    [ROWS_IN] = {MICA_OPERAND_F32, {2, 64}, .rank = 2, .flags = XTENSOR_FLAG_INPUT, .external = 0},
    [ROWS] = {MICA_OPERAND_QDINT8, {2, 64}, .rank = 2},
    [BYTE_FILTER] = {MICA_OPERAND_QCINT8, {8, 64}, .rank = 2, .constant = C_BYTES},
    [BIAS] = {MICA_OPERAND_F32, {8}, .rank = 1, .constant = C_FLOATS},
    [BY_BYTES] = {MICA_OPERAND_F32, {2, 8}, .rank = 2},
    [BLOCK_FILTER] = {MICA_OPERAND_QBINT4, {8, 128}, .rank = 2, .constant = C_BYTES, .group = 64},
    [BY_BLOCKS] = {MICA_OPERAND_F32, {2, 8}, .rank = 2, .flags = XTENSOR_FLAG_OUTPUT, .external = 3},
    [NIBBLE_FILTER] = {MICA_OPERAND_QCINT4, {8, 127}, .rank = 2, .constant = C_BYTES, .inline_scales = true},
    [BY_NIBBLES] = {MICA_OPERAND_F32, {2, 8}, .rank = 2, .flags = XTENSOR_FLAG_OUTPUT, .external = 4},
    [FIXED] = {MICA_OPERAND_QINT8, {2, 64}, .rank = 2},
    [FIXED_FILTER] = {MICA_OPERAND_QINT8, {8, 64}, .rank = 2, .constant = C_BYTES},
    [FIXED_BIAS] = {MICA_OPERAND_QCINT32, {8}, .rank = 1, .constant = C_INTS},
    [BY_FIXED] = {MICA_OPERAND_QINT8, {2, 8}, .rank = 2, .flags = XTENSOR_FLAG_OUTPUT, .external = 5},
    [IMAGE] = {MICA_OPERAND_F32, {1, 4, 4, 2}, .rank = 4, .flags = XTENSOR_FLAG_INPUT, .external = 1},
    [KERNEL] = {MICA_OPERAND_QCINT8, {8, 4, 8, 2}, .rank = 4, .constant = C_BYTES},
    [CONVOLVED] = {MICA_OPERAND_F32, {1, 4, 4, 8}, .rank = 4},
    [DEPTH_KERNEL] = {MICA_OPERAND_QCINT8, {1, 8, 8, 8}, .rank = 4, .constant = C_BYTES, .channel_dim = 3},
    [DEEP] = {MICA_OPERAND_F32, {1, 4, 4, 8}, .rank = 4},
    [UPWARD] = {MICA_OPERAND_F32, {1, 8, 8, 8}, .rank = 4},
    [POOLED] = {MICA_OPERAND_F32, {1, 2, 2, 8}, .rank = 4},
    [LARGEST] = {MICA_OPERAND_F32, {1, 2, 2, 8}, .rank = 4},
    [WHERE] = {MICA_OPERAND_INT32, {1, 2, 2, 8}, .rank = 4, .flags = XTENSOR_FLAG_OUTPUT, .external = 6},
    [TURNED] = {MICA_OPERAND_F32, {1, 8, 2, 2}, .rank = 4},
    [FLAT] = {MICA_OPERAND_F32, {1, 32}, .rank = 2},
    [SLICED] = {MICA_OPERAND_F32, {1, 8}, .rank = 2},
    [PADDED] = {MICA_OPERAND_F32, {2, 8}, .rank = 2},
    [RESIZED] = {MICA_OPERAND_F32, {1, 4, 4, 8}, .rank = 4},
    [JOINED] = {MICA_OPERAND_F32, {6, 8}, .rank = 2},
    [LEAKED] = {MICA_OPERAND_F32, {6, 8}, .rank = 2},
    [BENT] = {MICA_OPERAND_F32, {6, 8}, .rank = 2},
    [SLOPES] = {MICA_OPERAND_F32, {8}, .rank = 1, .constant = C_FLOATS},
    [SLOPED] = {MICA_OPERAND_F32, {6, 8}, .rank = 2},
    [SUM] = {MICA_OPERAND_F32, {6, 8}, .rank = 2, .flags = XTENSOR_FLAG_OUTPUT, .external = 2},
    [SPARE] = {MICA_OPERAND_F32, {6, 8}, .rank = 2},
    [OLD_BLOCK_FILTER] =
        {MICA_OPERAND_QBINT4, {8, 128}, .rank = 2, .constant = C_BYTES, .group = 64, .inline_scales = true},
};
enum { EXTERNAL_COUNT = 7 };

static inline fb_ref build_scales(struct fb_builder *b, const value_of *of, const fb_schema *schema) {
    const bool blocks = schema == &xnn_per_group_schema;
    const uint32_t count = of->dims[of->channel_dim] * (blocks ? of->dims[1] / (uint32_t)of->group : 1);
    const fb_ref scales = of->inline_scales ? fb_build_scalars(b, schema, 0, constant_scales, count) : 0;
    fb_begin(b, schema);
    fb_set_ref(b, 0, scales);
    fb_set_int(b, PER_CHANNEL_CHANNEL_DIM, of->channel_dim);
    if (blocks) fb_set_int(b, PER_GROUP_GROUP_SIZE, of->group);
    if (!of->inline_scales) {
        fb_set_int(b, blocks ? PER_GROUP_SCALE_BUFFER_IDX : PER_CHANNEL_SCALE_BUFFER_IDX,
                   blocks ? C_BLOCK_SCALES : C_SCALES);
        fb_set_int(b, blocks ? PER_GROUP_NUM_SCALES : PER_CHANNEL_NUM_SCALES, count);
    }
    return fb_end(b);
}

static inline fb_ref build_quantization(struct fb_builder *b, const value_of *of, int *tag) {
    switch (of->type) {
    case MICA_OPERAND_QINT8:
        *tag = QUANT_PER_TENSOR;
        fb_begin(b, &xnn_per_tensor_schema);
        fb_set_real(b, PER_TENSOR_SCALE, 0.125);
        fb_set_int(b, PER_TENSOR_ZERO_POINT, of->constant ? 0 : -3);
        return fb_end(b);
    case MICA_OPERAND_QDINT8:
        *tag = QUANT_PER_TOKEN;
        fb_begin(b, &xnn_per_token_schema);
        fb_set_int(b, PER_TOKEN_NUM_NONBATCH_DIMS, 1);
        return fb_end(b);
    case MICA_OPERAND_QBINT4: *tag = QUANT_PER_GROUP; return build_scales(b, of, &xnn_per_group_schema);
    case MICA_OPERAND_QCINT8:
    case MICA_OPERAND_QCINT4:
    case MICA_OPERAND_QCINT32: *tag = QUANT_PER_CHANNEL; return build_scales(b, of, &xnn_per_channel_schema);
    default: *tag = QUANT_NONE; return 0;
    }
}

/* `marked`: the value is quantized at run time by a mark on the float input, as old exporters did. */
static inline fb_ref build_xvalue(struct fb_builder *b, uint32_t index, bool marked) {
    const value_of *const of = &value_table[index];
    const fb_ref dims = fb_build_scalars(b, &xnn_tensor_schema, XTENSOR_DIMS, of->dims, of->rank);
    fb_begin(b, &xnn_tensor_schema);
    fb_set_int(b, XTENSOR_DATATYPE, of->type);
    fb_set_int(b, XTENSOR_NUM_DIMS, of->rank);
    fb_set_ref(b, XTENSOR_DIMS, dims);
    fb_set_int(b, XTENSOR_CONSTANT_BUFFER_IDX, of->constant);
    fb_set_int(b, XTENSOR_EXTERNAL_ID, of->flags ? of->external : XNN_INVALID_ID);
    fb_set_int(b, XTENSOR_FLAGS, of->flags);
    fb_set_int(b, XTENSOR_ID_OUT, ID(index));
    fb_set_int(b, XTENSOR_DQ_DATATYPE, marked ? MICA_OPERAND_QINT8 : 0);
    fb_ref content = fb_end(b);
    int tag = QUANT_NONE;
    const fb_ref params = build_quantization(b, of, &tag);
    if (params) {
        fb_begin(b, &xnn_quantized_schema);
        fb_set_ref(b, XQUANTIZED_TENSOR_VALUE, content);
        fb_set_int(b, XQUANTIZED_PARAMS_TYPE, tag);
        fb_set_ref(b, XQUANTIZED_PARAMS, params);
        content = fb_end(b);
    }
    fb_begin(b, &xnn_value_schema);
    fb_set_int(b, XVALUE_TYPE, params ? XVALUE_QUANTIZED : XVALUE_PLAIN);
    fb_set_ref(b, XVALUE_VALUE, content);
    return fb_end(b);
}

/* ---- nodes ---- */

/* A node by the numbers of its table in field order; lists stand in `lists` at the place of their field. */
typedef struct node_of {
    mica_operation_kind kind;
    const fb_schema *schema;
    uint32_t numbers[20];
    struct {
        uint32_t field, count, items[4];
    } lists[2];
    float real;   /* the one f32 field */
    bool clamped; /* to −1 … 6 */
} node_of;

static const node_of node_table[] = {
    {MICA_CONVERT, &xnn_node_1x1_schema, .numbers = {ID(ROWS_IN), ID(ROWS)}},
    {MICA_FULLY_CONNECTED, &xnn_fully_connected_schema,
     .numbers = {ID(ROWS), ID(BYTE_FILTER), ID(BIAS), ID(BY_BYTES)}, .clamped = true},
    {MICA_FULLY_CONNECTED, &xnn_fully_connected_schema,
     .numbers = {ID(ROWS), ID(BLOCK_FILTER), ID(BIAS), ID(BY_BLOCKS)}},
    {MICA_FULLY_CONNECTED, &xnn_fully_connected_schema,
     .numbers = {ID(ROWS), ID(NIBBLE_FILTER), XNN_INVALID_ID, ID(BY_NIBBLES)}},
    {MICA_CONVERT, &xnn_node_1x1_schema, .numbers = {ID(ROWS_IN), ID(FIXED)}},
    {MICA_FULLY_CONNECTED, &xnn_fully_connected_schema,
     .numbers = {ID(FIXED), ID(FIXED_FILTER), ID(FIXED_BIAS), ID(BY_FIXED)}},
    {MICA_CONV_2D, &xnn_conv_schema,
     .numbers = {1, 3, 2, 4, 4, 8, 1, 1, 1, 1, 2, 8, 1, 0, 0, ID(IMAGE), ID(KERNEL), ID(BIAS), ID(CONVOLVED)}},
    {MICA_DEPTHWISE_CONV_2D, &xnn_conv_schema,
     .numbers = {3, 3, 4, 4, 8, 8, 1, 1, 1, 1, 1, 1, 8, 0, 0, ID(CONVOLVED), ID(DEPTH_KERNEL), XNN_INVALID_ID,
                 ID(DEEP)}},
    {MICA_CONV_TRANSPOSE_2D, &xnn_conv_schema,
     .numbers = {0, 0, 0, 0, 4, 8, 2, 2, 1, 1, 2, 4, 2, 1, 1, ID(DEEP), ID(KERNEL), XNN_INVALID_ID, ID(UPWARD)}},
    {MICA_MAX_POOLING_2D, &xnn_pooling_schema, .numbers = {1, 0, 1, 0, 2, 2, 2, 2, 1, 1, ID(DEEP), ID(POOLED), 64}},
    {MICA_ARG_MAX_POOLING_2D, &xnn_arg_max_pooling_schema,
     .numbers = {0, 0, 0, 0, 2, 2, ID(DEEP), ID(LARGEST), ID(WHERE)}},
    {MICA_STATIC_TRANSPOSE, &xnn_transpose_schema, .numbers = {4, 0, ID(POOLED), ID(TURNED)},
     .lists = {{1, 4, {0, 3, 1, 2}}}},
    {MICA_STATIC_RESHAPE, &xnn_reshape_schema, .numbers = {2, 0, ID(TURNED), ID(FLAT)}, .lists = {{1, 2, {1, 0}}}},
    {MICA_STATIC_SLICE, &xnn_slice_schema, .numbers = {2, 0, 0, ID(FLAT), ID(SLICED)},
     .lists = {{1, 2, {0, (uint32_t)-8}}, {2, 2, {0, 8}}}},
    {MICA_STATIC_CONSTANT_PAD, &xnn_pad_schema, .numbers = {0, 0, 0, ID(SLICED), ID(PADDED)},
     .lists = {{0, 2, {1, 0}}, {1, 2, {0, 0}}}, .real = -1.5f},
    {MICA_STATIC_RESIZE_BILINEAR_2D, &xnn_resize_schema, .numbers = {4, 4, ID(LARGEST), ID(RESIZED), 8}},
    {MICA_CONCATENATE_3, &xnn_cat_schema,
     .numbers = {0, ID(BY_BYTES), ID(PADDED), ID(BY_BLOCKS), XNN_INVALID_ID, ID(JOINED), 0, XNN_INVALID_ID}},
    {MICA_LEAKY_RELU, &xnn_leaky_relu_schema, .numbers = {0, ID(JOINED), ID(LEAKED)}, .real = 0.125f},
    {MICA_ELU, &xnn_elu_schema, .numbers = {0, ID(LEAKED), ID(BENT)}, .real = 0.5f},
    {MICA_PRELU, &xnn_node_2x1_schema, .numbers = {ID(BENT), ID(SLOPES), ID(SLOPED)}},
    {MICA_ADD, &xnn_node_2x1_schema, .numbers = {ID(SLOPED), ID(BENT), ID(SUM)}, .clamped = true},
};
enum { NODE_COUNT = sizeof node_table / sizeof *node_table };

static inline fb_ref build_xnode(struct fb_builder *b, const node_of *of, uint32_t debug_handle) {
    fb_ref lists[2] = {0}, clamp = 0;
    for (size_t i = 0; i < 2; i++) {
        if (of->lists[i].count) {
            lists[i] = fb_build_scalars(b, of->schema, of->lists[i].field, of->lists[i].items, of->lists[i].count);
        }
    }
    if (of->clamped) {
        fb_begin(b, &xnn_clamp_schema);
        fb_set_real(b, OUTPUT_MIN, -1);
        fb_set_real(b, OUTPUT_MAX, 6);
        clamp = fb_end(b);
    }
    fb_begin(b, of->schema);
    for (size_t i = 0; i < of->schema->field_count; i++) {
        const fb_field *const field = &of->schema->fields[i];
        if (field->vector) continue;
        if (field->kind == FB_F32) {
            fb_set_real(b, i, (double)of->real);
        } else {
            fb_set_int(b, i, of->numbers[i]);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (lists[i]) fb_set_ref(b, of->lists[i].field, lists[i]);
    }
    const fb_ref content = fb_end(b);
    fb_begin(b, &xnn_node_schema);
    fb_set_int(b, XNODE_TYPE, of->kind);
    fb_set_ref(b, XNODE_UNION, content);
    fb_set_int(b, XNODE_DEBUG_HANDLE, debug_handle);
    fb_set_ref(b, XNODE_OUTPUT_MIN_MAX, clamp);
    return fb_end(b);
}

/* ---- the whole ---- */

/* Distance between constants in the region: all fit, and are aligned. */
enum { REGION_STEP = 1024 };

static inline fb_ref build_constant(struct fb_builder *b, uint32_t index, constant_form form) {
    if (form == INLINED) {
        const fb_ref bytes = fb_build_scalars(b, &xnn_buffer_schema, XBUFFER_STORAGE, constant_table[index].data,
                                              constant_table[index].size);
        fb_begin(b, &xnn_buffer_schema);
        fb_set_ref(b, XBUFFER_STORAGE, bytes);
        return fb_end(b);
    }
    const fb_ref key = form == NAMED ? fb_build_string(b, index ? constant_table[index].key : "") : 0;
    fb_begin(b, &xnn_constant_schema);
    fb_set_int(b, XCONSTANT_OFFSET, form == NAMED ? -1 : (int64_t)index * REGION_STEP);
    fb_set_int(b, XCONSTANT_SIZE, (int64_t)constant_table[index].size);
    fb_set_ref(b, XCONSTANT_NAMED_KEY, key);
    return fb_end(b);
}

/* With `marked` only a linear layer, whose float input bears the mark. */
static inline fb_ref build_xgraph(struct fb_builder *b, constant_form form, bool marked) {
    static const uint32_t few[] = {ROWS_IN, BYTE_FILTER, BIAS, BY_BLOCKS};
    static const node_of layer = {MICA_FULLY_CONNECTED, &xnn_fully_connected_schema,
                                  .numbers = {ID(ROWS_IN), ID(BYTE_FILTER), ID(BIAS), ID(BY_BLOCKS)}};
    const uint32_t value_count = marked ? 4 : VALUE_COUNT, node_count = marked ? 1 : NODE_COUNT;
    fb_ref values[VALUE_COUNT], nodes[NODE_COUNT], data[C_COUNT];
    for (uint32_t i = 0; i < value_count; i++) values[i] = build_xvalue(b, marked ? few[i] : i, marked && i == 0);
    for (uint32_t i = 0; i < node_count; i++) nodes[i] = build_xnode(b, marked ? &layer : &node_table[i], 40 + i);
    for (uint32_t i = 0; i < C_COUNT; i++) data[i] = build_constant(b, i, form);
    const fb_ref lists[] = {fb_build_refs(b, values, value_count), fb_build_refs(b, nodes, node_count),
                            fb_build_refs(b, data, C_COUNT)};
    fb_begin(b, &xnn_graph_schema);
    fb_set_ref(b, XGRAPH_XVALUES, lists[0]);
    fb_set_ref(b, XGRAPH_XNODES, lists[1]);
    fb_set_ref(b, form == INLINED ? XGRAPH_CONSTANT_BUFFER : XGRAPH_CONSTANT_DATA, lists[2]);
    fb_set_int(b, XGRAPH_NUM_EXTERNS, EXTERNAL_COUNT);
    return fb_end(b);
}

/* Frames a flatbuffer, and gives it a program whose named data holds the constants. The data is the caller's to free. */
static inline struct payload frame_payload(const uint8_t *flatbuffer, size_t size, constant_form form) {
    const bool header = form != INLINED;
    const size_t start = header ? 32 : 0, end = round_up(start + size, 16);
    const size_t region = form == REGION ? C_COUNT * REGION_STEP : 0;
    struct payload payload = {.size = end + region, .flatbuffer = start};
    payload.data = calloc(1, payload.size);
    assert_non_null(payload.data);
    memcpy(payload.data + start, flatbuffer, size);
    if (header) {
        memcpy(payload.data + 4, "XH00\x1e", 6);
        memcpy(payload.data + 10, &(uint32_t){32}, 4);
        memcpy(payload.data + 14, &(uint32_t){(uint32_t)size}, 4);
        memcpy(payload.data + 18, &(uint32_t){(uint32_t)end}, 4);
        memcpy(payload.data + 22, &(uint64_t){region}, 8);
    }
    for (size_t i = 1; i < C_COUNT; i++) {
        payload.named[i - 1] =
            (pte_named_data){constant_table[i].key, constant_table[i].data, constant_table[i].size};
        if (region) memcpy(payload.data + end + i * REGION_STEP, constant_table[i].data, constant_table[i].size);
    }
    text_sort(payload.named, C_COUNT - 1, sizeof *payload.named);
    return payload;
}

static inline struct payload whole_payload(constant_form form, bool marked) {
    fill_constants();
    struct fb_builder b;
    fb_builder_init(&b, &memory_default);
    const uint8_t *data = NULL;
    size_t size = 0;
    const fb_ref graph = build_xgraph(&b, form, marked);
    assert_int_equal(fb_finish(&b, graph, &(fb_options){.identifier = "XN01"}, &data, &size, NULL), MICA_OK);
    const struct payload payload = frame_payload(data, size, form);
    fb_builder_free(&b);
    return payload;
}

static inline mica_status open_payload(struct payload *payload, const uint8_t *data, size_t size, struct arena *arena,
                                       xnn_graph **graph, mica_error *error) {
    payload->program = (pte_program){.file = payload->data,
                                     .file_size = payload->size,
                                     .named_data = payload->named,
                                     .named_data_count = C_COUNT - 1};
    return xnn_open(&payload->program, data, size, arena, graph, error);
}

/* ---- what the door promises of a graph ---- */

static inline unsigned touch_bytes(const void *data, size_t size) {
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) sum += ((const uint8_t *)data)[i];
    return sum;
}

static inline void check_operand(const mica_operand *operand) {
    static const uint8_t bits[] = {
        [MICA_OPERAND_F32] = 32,    [MICA_OPERAND_F16] = 16,   [MICA_OPERAND_QINT8] = 8,    [MICA_OPERAND_QUINT8] = 8,
        [MICA_OPERAND_QINT32] = 32, [MICA_OPERAND_QCINT8] = 8, [MICA_OPERAND_QCINT32] = 32, [MICA_OPERAND_QCINT4] = 4,
        [MICA_OPERAND_QDINT8] = 8,  [MICA_OPERAND_QBINT4] = 4, [MICA_OPERAND_INT32] = 32,   [MICA_OPERAND_BF16] = 16};
    assert_true(operand->type < sizeof bits && bits[operand->type] > 0);
    assert_true(operand->rank <= MICA_OPERAND_MAX_RANK);
    size_t rows = 1, row = 1;
    for (size_t i = 0; i < operand->rank; i++) {
        rows *= row;
        row = operand->dims[i];
    }
    if (operand->data) touch_bytes(operand->data, rows * ((row * bits[operand->type] + 7) / 8));
    switch (operand->type) {
    case MICA_OPERAND_QINT8:
    case MICA_OPERAND_QUINT8:
    case MICA_OPERAND_QINT32: assert_true(isfinite(operand->scale) && operand->scale > 0); break;
    case MICA_OPERAND_QCINT8:
    case MICA_OPERAND_QCINT32:
    case MICA_OPERAND_QCINT4:
        assert_true(operand->channel_dim < operand->rank);
        for (size_t i = 0; i < operand->dims[operand->channel_dim]; i++) {
            assert_true(isfinite(operand->scales[i]) && operand->scales[i] > 0);
        }
        break;
    case MICA_OPERAND_QBINT4:
        assert_true(operand->block > 0 && operand->block % 32 == 0 && operand->dims[1] % operand->block == 0);
        for (size_t i = 0; i < operand->dims[0] * (operand->dims[1] / operand->block); i++) {
            const float scale = float_of_bf16(operand->block_scales[i]);
            assert_true(isfinite(scale) && scale > 0);
        }
        break;
    case MICA_OPERAND_QDINT8: assert_in_range(operand->row_dims, 1, operand->rank); break;
    default: break;
    }
}

static inline void check_node(const xnn_graph *graph, const xnn_node *node, bool *ready) {
    const mica_operation *const operation = &node->operation;
    assert_true(operation->output_min <= operation->output_max);
    for (size_t i = 0; i < operation->input_count; i++) {
        if (node->inputs[i] == XNN_INVALID_ID) {
            assert_null(operation->inputs[i]);
            continue;
        }
        assert_true(node->inputs[i] < graph->value_count);
        const xnn_value *const value = &graph->values[node->inputs[i]];
        assert_ptr_equal(operation->inputs[i], &value->operand);
        assert_true(ready[node->inputs[i]] || value->operand.data || value->is_input);
    }
    assert_true(node->output < graph->value_count && !ready[node->output]);
    assert_ptr_equal(operation->output, &graph->values[node->output].operand);
    ready[node->output] = true;
    if (node->second_output != XNN_INVALID_ID) {
        assert_true(node->second_output < graph->value_count && !ready[node->second_output]);
        ready[node->second_output] = true;
    }
    if (operation->kind == MICA_STATIC_TRANSPOSE) {
        for (size_t i = 0; i < operation->inputs[0]->rank; i++) {
            assert_true(operation->as.transpose.perm[i] < operation->inputs[0]->rank);
        }
    }
}

static inline void check_graph(const xnn_graph *graph) {
    bool *const ready = calloc(graph->value_count + 1, sizeof(bool));
    for (size_t i = 0; i < graph->value_count; i++) {
        const xnn_value *const value = &graph->values[i];
        if (!graph->missing) check_operand(&value->operand);
        assert_int_equal(value->external != XNN_NO_EXTERNAL, value->is_input || value->is_output);
        if (value->external != XNN_NO_EXTERNAL) assert_true(value->external < graph->external_count);
    }
    for (size_t n = 0; n < graph->node_count; n++) check_node(graph, &graph->nodes[n], ready);
    for (size_t i = 0; i < graph->value_count; i++) assert_true(!graph->values[i].is_output || ready[i]);
    free(ready);
}

#endif
