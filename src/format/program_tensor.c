/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors of a program: where their bytes are. What is planned fits into its buffer, what is constant into its segment.
 */
#include "format/program_parts.h"
#include "format/text.h"

#define BAD(field, ...) PTE_BAD(parts, table, pte_tensor_schema, (field), __VA_ARGS__)

/* Data of a tensor: `offset` into the bytes of "constants" or of "initial state". */
static mica_status take(const pte_parts *parts, fb_table table, const char *what, bytes_span bytes, uint64_t offset,
                        pte_tensor *tensor) {
    if (offset > bytes.count || tensor->bytes > bytes.count - offset) {
        return BAD(TENSOR_DATA_BUFFER_IDX, "%zu bytes from %llu on end outside of %zu bytes of %s", tensor->bytes,
                   (unsigned long long)offset, bytes.count, what);
    }
    tensor->data = bytes.data ? bytes.data + offset : parts->file; /* of no bytes */
    return MICA_OK;
}

/* A part of the constant segment, or in old programs a Buffer of constant_buffer. */
static mica_status find_constant(const pte_parts *parts, fb_table table, uint32_t index, pte_tensor *tensor) {
    const pte_subsegments *const constants = &parts->constants;
    const bytes_span inlined = fb_vector(parts->root, PROGRAM_CONSTANT_BUFFER);
    const bool in_segment = constants->offsets.count > 0;
    const size_t count = in_segment ? constants->offsets.count : inlined.count;
    if (index >= count) return BAD(TENSOR_DATA_BUFFER_IDX, "constant %u of %zu", index, count);
    const bytes_span bytes = in_segment ? constants->bytes : fb_vector(fb_at(inlined, index), BUFFER_STORAGE);
    const uint64_t offset = in_segment ? span_u64(constants->offsets, index) : 0;
    TRY(take(parts, table, "constants", bytes, offset, tensor));
    if ((uintptr_t)tensor->data % mica_type_size(tensor->type) != 0) {
        return BAD(TENSOR_DATA_BUFFER_IDX, "the constant is not aligned for its type");
    }
    tensor->storage = PTE_CONSTANT;
    return MICA_OK;
}

/* What planned memory holds before the first run. */
static mica_status find_state(const pte_parts *parts, fb_table table, uint32_t index, pte_tensor *tensor) {
    const bytes_span offsets = parts->state.offsets;
    if (index >= offsets.count) {
        return BAD(TENSOR_DATA_BUFFER_IDX, "initial state %u of %zu", index, offsets.count);
    }
    TRY(take(parts, table, "initial state", parts->state.bytes, span_u64(offsets, index), tensor));
    tensor->storage = PTE_INITIALISED;
    return MICA_OK;
}

/* Data outside of the program, by name; where there is some, it must have the tensor's layout. */
static mica_status find_external(const pte_parts *parts, fb_table extra, pte_tensor *tensor) {
    size_t length = 0;
    const char *const name = fb_string(extra, EXTRA_FULLY_QUALIFIED_NAME, &length);
    if (!name || !text_is_name(name, length)) {
        return PTE_BAD(parts, extra, pte_extra_schema, EXTRA_FULLY_QUALIFIED_NAME, "not a name");
    }
    const ptd_entry *entry = NULL;
    for (size_t i = 0; i < parts->external_count && !entry; i++) {
        entry = ptd_find(&parts->external[i], name, length);
    }
    if (!entry) {
        tensor->missing = name;
        return MICA_OK;
    }
    const tensor_layout *const layout = &entry->layout;
    if (!entry->has_layout || layout->type != tensor->type || layout->rank != tensor->rank ||
        memcmp(layout->sizes, tensor->sizes, sizeof tensor->sizes) != 0 ||
        memcmp(layout->dim_order, tensor->dim_order, sizeof tensor->dim_order) != 0) {
        return PTE_BAD(parts, extra, pte_extra_schema, EXTRA_FULLY_QUALIFIED_NAME,
                       "\"%s\" has another type or shape in the external data", name);
    }
    tensor->data = entry->data;
    return MICA_OK;
}

static mica_status place(const pte_parts *parts, const pte_method *method, fb_table allocation, pte_tensor *tensor) {
    const uint32_t id = fb_u32(allocation, ALLOCATION_MEMORY_ID, 0);
    const uint64_t offset = (uint64_t)fb_u32(allocation, ALLOCATION_MEMORY_OFFSET_HIGH, 0) << 32 |
                            fb_u32(allocation, ALLOCATION_MEMORY_OFFSET_LOW, 0);
    if (id == 0 || id > method->buffer_count) {
        return PTE_BAD(parts, allocation, pte_allocation_schema, ALLOCATION_MEMORY_ID,
                       "planned buffer %u, they are 1 to %zu", id, method->buffer_count);
    }
    const size_t size = method->buffer_sizes[id - 1];
    if (offset > size || tensor->bytes > size - offset) {
        return PTE_BAD(parts, allocation, pte_allocation_schema, ALLOCATION_MEMORY_OFFSET_LOW,
                       "%zu bytes from %llu on end outside of the %zu planned", tensor->bytes,
                       (unsigned long long)offset, size);
    }
    if (offset % mica_type_size(tensor->type) != 0) {
        return PTE_BAD(parts, allocation, pte_allocation_schema, ALLOCATION_MEMORY_OFFSET_LOW,
                       "%llu is not aligned for the type", (unsigned long long)offset);
    }
    tensor->storage = PTE_PLANNED;
    tensor->buffer = id - 1;
    tensor->offset = offset;
    return MICA_OK;
}

/* Which memory a tensor has, by its four ways: planned or not, with data or not. `extra` may be absent. */
static mica_status find_memory(const pte_parts *parts, const pte_method *method, fb_table table, fb_table extra,
                               pte_tensor *tensor) {
    const fb_table allocation = fb_child(table, TENSOR_ALLOCATION_INFO);
    const uint32_t index = fb_u32(table, TENSOR_DATA_BUFFER_IDX, 0);
    mica_status status = MICA_OK;
    if (allocation.at) status = place(parts, method, allocation, tensor);
    if (status) return fb_in(parts->error, status, "allocation_info");
    if (fb_i8(extra, EXTRA_LOCATION, LOCATION_HERE) == LOCATION_ELSEWHERE) {
        status = find_external(parts, extra, tensor);
        if (status) return fb_in(parts->error, status, "extra_tensor_info");
        tensor->storage = allocation.at ? PTE_INITIALISED : PTE_CONSTANT;
        return MICA_OK;
    }
    if (index == 0) return MICA_OK;
    return allocation.at ? find_state(parts, table, index, tensor) : find_constant(parts, table, index, tensor);
}

static mica_status check_extra(const pte_parts *parts, fb_table extra) {
    const int8_t device = fb_i8(extra, EXTRA_DEVICE_TYPE, DEVICE_CPU);
    const int8_t location = fb_i8(extra, EXTRA_LOCATION, LOCATION_HERE);
    if (device != DEVICE_CPU) {
        return fb_bad(parts->error, MICA_ERROR_UNSUPPORTED, parts->file, extra, &pte_extra_schema, EXTRA_DEVICE_TYPE,
                      "device %d: only the CPU", device);
    }
    if (location != LOCATION_HERE && location != LOCATION_ELSEWHERE) {
        return PTE_BAD(parts, extra, pte_extra_schema, EXTRA_LOCATION, "%d is unknown", location);
    }
    return MICA_OK;
}

mica_status pte_read_tensor(const pte_parts *parts, const pte_method *method, fb_table table, pte_tensor *tensor) {
    static const tensor_layout_fields fields = {&pte_tensor_schema, TENSOR_SCALAR_TYPE, TENSOR_SIZES,
                                                TENSOR_DIM_ORDER};
    tensor_layout layout;
    TRY(tensor_layout_read(table, &fields, parts->file, &layout, parts->error));
    const int32_t storage_offset = fb_i32(table, TENSOR_STORAGE_OFFSET, 0);
    const int8_t dynamism = fb_i8(table, TENSOR_SHAPE_DYNAMISM, SHAPE_STATIC);
    if (storage_offset != 0) return BAD(TENSOR_STORAGE_OFFSET, "%d, must be 0", storage_offset);
    if (dynamism != SHAPE_STATIC && dynamism != SHAPE_DYNAMIC_BOUND) {
        return fb_bad(parts->error, MICA_ERROR_UNSUPPORTED, parts->file, table, &pte_tensor_schema,
                      TENSOR_SHAPE_DYNAMISM, "%d: only static and bounded shapes", dynamism);
    }
    *tensor = (pte_tensor){.type = layout.type,
                           .rank = layout.rank,
                           .bytes = layout.bytes,
                           .dynamic = dynamism == SHAPE_DYNAMIC_BOUND,
                           .storage = PTE_UNPLANNED};
    memcpy(tensor->sizes, layout.sizes, sizeof tensor->sizes);
    memcpy(tensor->dim_order, layout.dim_order, sizeof tensor->dim_order);
    const fb_table extra = fb_child(table, TENSOR_EXTRA_TENSOR_INFO);
    const mica_status status = check_extra(parts, extra);
    return status ? fb_in(parts->error, status, "extra_tensor_info")
                  : find_memory(parts, method, table, extra, tensor);
}
