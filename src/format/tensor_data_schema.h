/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of external tensor data: field ids and the schema that verifies and writes them, under the names of
 * ExecuTorch's flat_tensor.fbs.
 */
#ifndef FORMAT_TENSOR_DATA_SCHEMA_H
#define FORMAT_TENSOR_DATA_SCHEMA_H

#include "format/segments.h"

enum { FLAT_TENSOR_VERSION, FLAT_TENSOR_SEGMENTS, FLAT_TENSOR_NAMED_DATA };
enum { ENTRY_KEY, ENTRY_SEGMENT_INDEX, ENTRY_TENSOR_LAYOUT };
enum { LAYOUT_SCALAR_TYPE, LAYOUT_SIZES, LAYOUT_DIM_ORDER };

/* ptd_schema is the root, a FlatTensor. */
extern const fb_schema ptd_schema, ptd_entry_schema, ptd_layout_schema;

#endif
