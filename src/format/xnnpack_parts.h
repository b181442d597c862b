/* SPDX-License-Identifier: Apache-2.0
 *
 * What the pieces of the payload's decoder share: the verified graph table, where constants are, the values by id.
 */
#ifndef FORMAT_XNNPACK_PARTS_H
#define FORMAT_XNNPACK_PARTS_H

#include "flatbuf/flatbuf.h"
#include "format/xnnpack.h"
#include "format/xnnpack_schema.h"

/* Serialized ids, sorted, and the values that they stand for in nodes. */
typedef struct xnn_id {
    uint32_t id;
    uint32_t value;
} xnn_id;

typedef struct xnn_parts {
    const pte_program *program; /* for named data */
    const uint8_t *payload;     /* byte offsets in error texts count from here */
    fb_table root;
    bool inlined;             /* constants are in constant_buffer: a payload without header */
    bytes_span constant_data; /* the region behind the flatbuffer that constants without key are in */
    size_t scale_budget;      /* scales that may still be checked: many values may name the same ones */
    xnn_graph *graph;
    xnn_value *values;
    xnn_id *ids;
    xnn_node *nodes;
    struct arena *arena;
    mica_error *error;
} xnn_parts;

/* Fails about a field of a verified table. */
#define XNN_BAD(parts, table, schema, field, ...)                                                                    \
    fb_bad((parts)->error, MICA_ERROR_FORMAT, (parts)->payload, (table), &(schema), (field), __VA_ARGS__)

/* Where a node's table keeps operands and flags; NULL for a kind that is not supported. */
typedef struct xnn_shape {
    const fb_schema *schema;
    uint8_t inputs[MICA_OPERATION_MAX_INPUTS];
    uint8_t output, flags;
} xnn_shape;
const xnn_shape *xnn_shape_of(mica_operation_kind kind);

/* The QUANT_… kind of parameters that a type comes with. */
uint8_t xnn_quantization_of(mica_operand_type type);

/* Bytes of the constant that a field of a table names by its index, which is not 0. They begin at xnn_absent, and must not
 * be read, where the key is missing. */
extern const uint8_t xnn_absent[];
mica_status xnn_find_constant(const xnn_parts *parts, fb_table table, const fb_schema *schema, size_t field,
                              size_t alignment, bytes_span *out);

/* Reads the parameters of an XNNQuantizedTensorValue, of the QUANT_… kind that the operand's type must have, into an
 * operand whose type and dims are known. */
mica_status xnn_read_quantization(xnn_parts *parts, fb_table table, uint8_t expected, mica_operand *operand);

/* Decodes all values into parts->values and parts->ids. A float input that old exporters want quantized at run time gets a
 * value and a Convert of its own at the front of parts->nodes. */
mica_status xnn_read_values(xnn_parts *parts);

/* Decodes the nodes behind those in parts->nodes. */
mica_status xnn_read_nodes(xnn_parts *parts);

#endif
