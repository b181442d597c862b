/* SPDX-License-Identifier: Apache-2.0
 *
 * Type and shape of a tensor, as programs and external data write it.
 */
#ifndef FORMAT_TENSOR_LAYOUT_H
#define FORMAT_TENSOR_LAYOUT_H

#include "flatbuf/flatbuf.h"
#include "mica/tensor.h"

typedef struct tensor_layout {
    mica_type type;
    uint8_t rank;
    uint32_t sizes[MICA_MAX_RANK];
    uint8_t dim_order[MICA_MAX_RANK]; /* a permutation of 0 … rank − 1 */
    size_t bytes;                     /* elements × size of one */
} tensor_layout;

/* The field ids of a table that describes a tensor. */
typedef struct tensor_layout_fields {
    const fb_schema *schema;
    uint8_t scalar_type, sizes, dim_order;
} tensor_layout_fields;

/* Reads and checks: type known, rank ≤ MICA_MAX_RANK, no negative size, dim_order a permutation, `bytes` in range. */
mica_status tensor_layout_read(fb_table table, const tensor_layout_fields *fields, const uint8_t *file,
                               tensor_layout *layout, mica_error *error);

#endif
