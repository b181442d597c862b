/* SPDX-License-Identifier: Apache-2.0 */
#include "format/tensor_layout.h"

#include "base/memory.h"

#define BAD(field, ...) fb_bad(error, MICA_ERROR_FORMAT, file, table, fields->schema, (field), __VA_ARGS__)

mica_status tensor_layout_read(fb_table table, const tensor_layout_fields *fields, const uint8_t *file,
                               tensor_layout *layout, mica_error *error) {
    const int8_t type = fb_i8(table, fields->scalar_type, 0);
    const bytes_span sizes = fb_vector(table, fields->sizes);
    const bytes_span order = fb_vector(table, fields->dim_order);
    const size_t element = mica_type_size((mica_type)type);
    if (element == 0) return BAD(fields->scalar_type, "the element type %d is unknown", type);
    if (!sizes.data) return BAD(fields->sizes, "absent");
    if (sizes.count > MICA_MAX_RANK) return BAD(fields->sizes, "%zu dimensions, at most 16", sizes.count);
    if (order.count != sizes.count) {
        return BAD(fields->dim_order, "%zu dimensions where sizes has %zu", order.count, sizes.count);
    }
    *layout = (tensor_layout){.type = (mica_type)type, .rank = (uint8_t)sizes.count, .bytes = element};
    size_t extent = element; /* with 0 counted as 1: strides are computed from it */
    uint32_t seen = 0;
    for (size_t i = 0; i < sizes.count; i++) {
        const int32_t size = span_i32(sizes, i);
        const uint8_t dim = span_u8(order, i);
        if (size < 0) return BAD(fields->sizes, "[%zu] is %d", i, size);
        if (!size_mul(extent, max_size((size_t)size, 1), &extent) || extent > INT64_MAX) {
            return BAD(fields->sizes, "more bytes than can be addressed");
        }
        if (dim >= sizes.count || seen >> dim & 1) return BAD(fields->dim_order, "no permutation of dimensions");
        seen |= 1u << dim;
        layout->sizes[i] = (uint32_t)size;
        layout->dim_order[i] = dim;
        layout->bytes *= (size_t)size;
    }
    return MICA_OK;
}
