/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload of an XNNPACK delegate, written as current exporters do: the way back from what xnn_open gives.
 */
#ifndef FORMAT_XNNPACK_WRITE_H
#define FORMAT_XNNPACK_WRITE_H

#include "format/xnnpack.h"

/* Constants do not stand in a payload: a program holds them as named data, under the SHA-256 of their bytes. */
typedef struct xnn_image {
    bytes_span payload;
    const pte_named_data *named; /* sorted by key, each once; data borrowed from the graph */
    size_t named_count;
} xnn_image;

/* Writes `graph`, whose operations' operands are those of its values. Errors: UNSUPPORTED, LIMIT, MEMORY. */
mica_status xnn_write(const xnn_graph *graph, struct arena *arena, xnn_image *image, mica_error *error);

#endif
