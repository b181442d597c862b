/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernel_call.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/portable/element.h"

static const char *const tag_names[] = {
    [VALUE_NONE] = "none",       [VALUE_INT] = "an int",
    [VALUE_BOOL] = "a bool",     [VALUE_DOUBLE] = "a double",
    [VALUE_TENSOR] = "a tensor", [VALUE_STRING] = "a string",
    [VALUE_INT_LIST] = "ints",   [VALUE_DOUBLE_LIST] = "doubles",
    [VALUE_BOOL_LIST] = "bools", [VALUE_TENSOR_LIST] = "a list of tensors",
};

mica_status call_fail(kernel_call *call, mica_status status, const char *format, ...) {
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return error_set(call->error, status, "%s: %s", call->kernel->name, text);
}

static mica_status wrong_tag(kernel_call *call, size_t arg, value_tag tag, const char *wanted) {
    return call_fail(call, MICA_ERROR_TYPE, "argument %zu is %s, not %s", arg, tag_names[tag], wanted);
}

struct value *call_value(const kernel_call *call, size_t arg) { return &call->values[span_i32(call->args, arg)]; }

bool call_is_none(const kernel_call *call, size_t arg) { return call_value(call, arg)->tag == VALUE_NONE; }

/* ---- tensors ---- */

static mica_status readable(kernel_call *call, size_t arg, const struct value *value, struct tensor **tensor) {
    if (value->tag != VALUE_TENSOR) return wrong_tag(call, arg, value->tag, "a tensor");
    if (!value->as.tensor->view.data && mica_tensor_count(&value->as.tensor->view) != 0) {
        return call_fail(call, MICA_ERROR_STATE, "argument %zu is a tensor that nothing has given memory yet", arg);
    }
    if (type_is_complex(value->as.tensor->view.type) && !(call->kernel->effects & KERNEL_COMPLEX)) {
        return call_fail(call, MICA_ERROR_TYPE, "argument %zu has complex numbers, which it does not take", arg);
    }
    *tensor = value->as.tensor;
    return MICA_OK;
}

static mica_status writable(kernel_call *call, size_t arg, const struct value *value, struct tensor **tensor) {
    TRY(readable(call, arg, value, tensor));
    if ((*tensor)->constant) {
        return call_fail(call, MICA_ERROR_UNSUPPORTED, "argument %zu would be written, and is a constant or an input",
                         arg);
    }
    return MICA_OK;
}

mica_status call_tensor(kernel_call *call, size_t arg, struct tensor **tensor) {
    return readable(call, arg, call_value(call, arg), tensor);
}

mica_status call_optional_tensor(kernel_call *call, size_t arg, struct tensor **tensor) {
    *tensor = NULL;
    return call_is_none(call, arg) ? MICA_OK : call_tensor(call, arg, tensor);
}

mica_status call_out(kernel_call *call, size_t arg, struct tensor **tensor) {
    return writable(call, arg, call_value(call, arg), tensor);
}

mica_status call_list_count(kernel_call *call, size_t arg, size_t *count) {
    const struct value *const value = call_value(call, arg);
    if (value->tag != VALUE_TENSOR_LIST) return wrong_tag(call, arg, value->tag, "a list of tensors");
    *count = value->as.list.count;
    return MICA_OK;
}

/* Item `index` of the tensor list `arg`; NULL when it is none. */
static const struct value *list_item(const kernel_call *call, size_t arg, size_t index) {
    const int32_t item = span_i32(call_value(call, arg)->as.list, index);
    if (item < 0 || call->values[item].tag == VALUE_NONE) return NULL;
    return &call->values[item];
}

mica_status call_list_tensor(kernel_call *call, size_t arg, size_t index, struct tensor **tensor) {
    const struct value *const item = list_item(call, arg, index);
    *tensor = NULL;
    return item ? readable(call, arg, item, tensor) : MICA_OK;
}

mica_status call_list_out(kernel_call *call, size_t arg, size_t index, struct tensor **tensor) {
    const struct value *const item = list_item(call, arg, index);
    if (!item) return call_fail(call, MICA_ERROR_TYPE, "item %zu of the outs in argument %zu is none", index, arg);
    return writable(call, arg, item, tensor);
}

/* ---- numbers and strings ---- */

mica_status call_int(kernel_call *call, size_t arg, int64_t *integer) {
    const struct value *const value = call_value(call, arg);
    switch (value->tag) {
    case VALUE_INT: *integer = value->as.integer; return MICA_OK;
    case VALUE_BOOL: *integer = value->as.boolean; return MICA_OK;
    default: return wrong_tag(call, arg, value->tag, "an int");
    }
}

mica_status call_optional_int(kernel_call *call, size_t arg, int64_t fallback, int64_t *integer) {
    *integer = fallback;
    return call_is_none(call, arg) ? MICA_OK : call_int(call, arg, integer);
}

mica_status call_bool(kernel_call *call, size_t arg, bool *boolean) {
    int64_t integer = 0;
    TRY(call_int(call, arg, &integer));
    *boolean = integer != 0;
    return MICA_OK;
}

mica_status call_double(kernel_call *call, size_t arg, double *real) {
    const struct value *const value = call_value(call, arg);
    switch (value->tag) {
    case VALUE_DOUBLE: *real = value->as.real; return MICA_OK;
    case VALUE_INT: *real = (double)value->as.integer; return MICA_OK;
    case VALUE_BOOL: *real = value->as.boolean; return MICA_OK;
    default: return wrong_tag(call, arg, value->tag, "a number");
    }
}

mica_status call_string(kernel_call *call, size_t arg, const char **string) {
    const struct value *const value = call_value(call, arg);
    if (value->tag != VALUE_STRING) return wrong_tag(call, arg, value->tag, "a string");
    *string = value->as.string;
    return MICA_OK;
}

static mica_status list_fits(kernel_call *call, size_t arg, size_t count, size_t capacity) {
    if (count <= capacity) return MICA_OK;
    return call_fail(call, MICA_ERROR_UNSUPPORTED, "argument %zu has %zu items, more than %zu", arg, count, capacity);
}

mica_status call_ints(kernel_call *call, size_t arg, int64_t *items, size_t capacity, size_t *count) {
    const struct value *const value = call_value(call, arg);
    *count = 0;
    if (value->tag == VALUE_NONE) return MICA_OK;
    if (value->tag != VALUE_INT_LIST) return wrong_tag(call, arg, value->tag, "ints");
    TRY(list_fits(call, arg, value->as.list.count, capacity));
    for (size_t i = 0; i < value->as.list.count; i++) {
        const struct value *const item = &call->values[span_i64(value->as.list, i)];
        if (item->tag != VALUE_INT) return wrong_tag(call, arg, item->tag, "an int in a list");
        items[i] = item->as.integer;
    }
    *count = value->as.list.count;
    return MICA_OK;
}

mica_status call_doubles(kernel_call *call, size_t arg, double *items, size_t capacity, size_t *count) {
    const struct value *const value = call_value(call, arg);
    *count = 0;
    if (value->tag == VALUE_NONE) return MICA_OK;
    if (value->tag != VALUE_DOUBLE_LIST) return wrong_tag(call, arg, value->tag, "doubles");
    TRY(list_fits(call, arg, value->as.list.count, capacity));
    for (size_t i = 0; i < value->as.list.count; i++) items[i] = span_f64(value->as.list, i);
    *count = value->as.list.count;
    return MICA_OK;
}

/* ---- scratch ---- */

void scratch_init(struct scratch *scratch, const mica_allocator *allocator, size_t limit) {
    *scratch = (struct scratch){0};
    arena_init(&scratch->overflow, allocator, limit);
}

void scratch_reset(struct scratch *scratch) {
    if (scratch->overflow.blocks) {
        arena_free(&scratch->overflow);
        /* Without memory now, the next call finds its own again. */
        (void)buffer_reserve(&scratch->buffer, scratch->overflow.allocator, scratch->needed, scratch->overflow.limit,
                             NULL);
    }
    scratch->used = scratch->needed = 0;
}

void scratch_free(struct scratch *scratch) {
    arena_free(&scratch->overflow);
    buffer_free(&scratch->buffer, scratch->overflow.allocator);
}

mica_status call_scratch(kernel_call *call, size_t size, void **memory) {
    struct scratch *const scratch = call->scratch;
    if (size > SIZE_MAX / 4) return call_fail(call, MICA_ERROR_LIMIT, "a workspace of %zu bytes is too large", size);
    const size_t rounded = round_up(max_size(size, 1), MEMORY_ALIGNMENT);
    scratch->needed += rounded;
    if (rounded > scratch->buffer.size - scratch->used)
        return arena_raw(&scratch->overflow, rounded, memory, call->error);
    *memory = (uint8_t *)scratch->buffer.data + scratch->used;
    scratch->used += rounded;
    return MICA_OK;
}

mica_status call_scratch_array(kernel_call *call, size_t count, size_t item, void **memory) {
    size_t size;
    if (!size_mul(count, item, &size)) size = SIZE_MAX;
    return call_scratch(call, size, memory);
}

/* ---- shapes ---- */

mica_status tensor_resize(struct tensor *tensor, size_t rank, const size_t *sizes, mica_error *error) {
    if (rank != tensor->view.rank) {
        return error_set(error, MICA_ERROR_SHAPE, "the result has rank %zu, its tensor %zu", rank, tensor->view.rank);
    }
    size_t bytes = mica_type_size(tensor->view.type);
    for (size_t i = 0; i < rank; i++) {
        const bool fits = tensor->dynamic ? sizes[i] <= tensor->bounds[i] : sizes[i] == tensor->bounds[i];
        if (!fits) {
            return error_set(error, MICA_ERROR_SHAPE, "size %zu in dim %zu does not fit %s %u", sizes[i], i,
                             tensor->dynamic ? "the bound" : "the static size", (unsigned)tensor->bounds[i]);
        }
        bytes *= sizes[i]; /* no overflow: at most the product of the bounds, which the file's check computed */
    }
    if (bytes > tensor->capacity) {
        return error_set(error, MICA_ERROR_SHAPE, "%zu bytes do not fit the %zu that the tensor has", bytes,
                         tensor->capacity);
    }
    for (size_t i = 0; i < rank; i++) tensor->view.sizes[i] = sizes[i];
    return MICA_OK;
}

mica_status call_resize(kernel_call *call, struct tensor *out, size_t rank, const size_t *sizes) {
    const mica_status status = tensor_resize(out, rank, sizes, call->error);
    return status == MICA_OK ? MICA_OK : error_in(call->error, status, "%s", call->kernel->name);
}

mica_status call_dim(kernel_call *call, int64_t dim, size_t rank, size_t *out) {
    const int64_t count = rank ? (int64_t)rank : 1;
    if (dim < -count || dim >= count) {
        return call_fail(call, MICA_ERROR_VALUE, "dim %lld is outside of rank %zu", (long long)dim, rank);
    }
    *out = (size_t)(dim < 0 ? dim + count : dim);
    return MICA_OK;
}

void tensor_strides(const mica_tensor *tensor, size_t strides[MICA_MAX_RANK]) {
    size_t stride = 1;
    for (size_t i = tensor->rank; i-- > 0;) {
        const size_t dim = tensor->dim_order[i];
        strides[dim] = stride;
        stride *= max_size(tensor->sizes[dim], 1);
    }
}

bool tensor_is_contiguous(const mica_tensor *tensor) {
    size_t strides[MICA_MAX_RANK];
    tensor_strides(tensor, strides);
    size_t dense = 1;
    for (size_t i = tensor->rank; i-- > 0;) {
        if (tensor->sizes[i] > 1 && strides[i] != dense) return false;
        dense *= max_size(tensor->sizes[i], 1);
    }
    return true;
}
