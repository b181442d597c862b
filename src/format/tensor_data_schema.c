/* SPDX-License-Identifier: Apache-2.0 */
#include "format/tensor_data_schema.h"

static const fb_field layout_fields[] = {
    [LAYOUT_SCALAR_TYPE] = FB_SCALAR("scalar_type", FB_I8),
    [LAYOUT_SIZES] = FB_SCALARS("sizes", FB_I32),
    [LAYOUT_DIM_ORDER] = FB_SCALARS("dim_order", FB_U8),
};
const fb_schema ptd_layout_schema = FB_SCHEMA("TensorLayout", layout_fields);

static const fb_field entry_fields[] = {
    [ENTRY_KEY] = {.name = "key", .kind = FB_STRING, .required = true},
    [ENTRY_SEGMENT_INDEX] = FB_SCALAR("segment_index", FB_U32),
    [ENTRY_TENSOR_LAYOUT] = FB_CHILD("tensor_layout", &ptd_layout_schema),
};
const fb_schema ptd_entry_schema = FB_SCHEMA("NamedData", entry_fields);

static const fb_field flat_tensor_fields[] = {
    [FLAT_TENSOR_VERSION] = FB_SCALAR("version", FB_U32),
    [FLAT_TENSOR_SEGMENTS] = FB_CHILDREN("segments", &data_segment_schema),
    [FLAT_TENSOR_NAMED_DATA] = FB_CHILDREN("named_data", &ptd_entry_schema),
};
const fb_schema ptd_schema = FB_SCHEMA("FlatTensor", flat_tensor_fields);
