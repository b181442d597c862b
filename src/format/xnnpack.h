/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload of an XNNPACK delegate, verified and decoded into operations. After xnn_open succeeds every id names a
 * value, every constant is as long as its type and dims say, every scale is finite and positive.
 */
#ifndef FORMAT_XNNPACK_H
#define FORMAT_XNNPACK_H

#include "format/program.h"
#include "mica/operator.h"

#define XNN_NO_EXTERNAL UINT32_MAX

typedef struct xnn_value {
    mica_operand operand;
    uint32_t external; /* position in the delegate call's arguments, or XNN_NO_EXTERNAL */
    bool is_input, is_output;
    bool is_long_index; /* an ARG_MAX index output that the program holds as int64 */
} xnn_value;

typedef struct xnn_node {
    mica_operation operation;                   /* operands point into xnn_graph.values */
    uint32_t inputs[MICA_OPERATION_MAX_INPUTS]; /* value indices; UINT32_MAX: a missing bias */
    uint32_t output;
    uint32_t second_output; /* ArgMaxPooling2d: the indices; else UINT32_MAX */
    uint32_t debug_handle;
} xnn_node;

/* A key of named data that neither the program nor the external files have. */
typedef struct xnn_missing {
    const char *key;
    struct xnn_missing *next;
} xnn_missing;

typedef struct xnn_graph {
    const xnn_value *values;
    size_t value_count;
    const xnn_node *nodes; /* in execution order: each value is produced before it is read, and once */
    size_t node_count;
    size_t external_count; /* one past the largest external id */
    xnn_missing *missing;  /* not NULL: data and scales of operands are pointers that must not be read */
} xnn_graph;

/* Decodes a payload of `program`, whose named data holds the weights. Constants are borrowed from the file, and aligned
 * for their type. `arena` takes the decoded tables, at most 64 times `size` and some pages. Errors: FORMAT, UNSUPPORTED
 * (attention, unknown flags), LIMIT, MEMORY; byte offsets in the text count from the payload. */
mica_status xnn_open(const pte_program *program, const uint8_t *payload, size_t size, struct arena *arena,
                     xnn_graph **graph, mica_error *error);

/* Whether XNNPACK turns this convolution into a fully connected operator: then images that are quantized at run time for
 * nobody else are quantized pixel by pixel, whatever num_nonbatch_dims says, and row_dims of the operand is 1. */
bool xnn_is_fully_connected(const mica_operation *operation);

/* Whether there is one scale for each row of a matrix or each image that the operation reads, where its rows are quantized
 * at run time. */
bool xnn_rows_suit(const mica_operation *operation);

/* Bytes of an operand's elements; rows of nibbles end with a whole byte. */
size_t xnn_operand_bytes(const mica_operand *operand);

#endif
