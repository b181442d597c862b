/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels whose result depends on which elements are set: masks, coordinates, repeats.
 */
#include "runtime/portable/copy.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"

/* A tensor's flags in the order of its elements, broadcast to a shape. */
static mica_status read_mask(kernel_call *call, size_t arg, size_t rank, const size_t *sizes, const uint8_t **flags) {
    struct tensor *mask = NULL;
    TRY(call_tensor(call, arg, &mask));
    if (mask->view.type != MICA_BOOL) {
        return call_fail(call, MICA_ERROR_TYPE, "the mask is %s, not bool", mica_type_name(mask->view.type));
    }
    view given;
    view_of(mask, &given);
    if (!view_broadcast(&given, rank, sizes)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the mask does not broadcast to the tensor's shape");
    }
    const void *data = NULL;
    TRY(view_read(call, &given, MICA_BOOL, &data));
    *flags = data;
    return MICA_OK;
}

/* self, mask, out */
mica_status masked_select(kernel_call *call) {
    struct tensor *out = NULL;
    view both[2];
    for (size_t i = 0; i < 2; i++) {
        struct tensor *tensor = NULL;
        TRY(call_tensor(call, i, &tensor));
        view_of(tensor, &both[i]);
    }
    TRY(call_out(call, 2, &out));
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_broadcast(call, both, 2, &rank, sizes));
    (void)view_broadcast(&both[0], rank, sizes);
    const uint8_t *flags = NULL;
    const void *data = NULL;
    TRY(read_mask(call, 1, rank, sizes, &flags));
    TRY(view_read(call, &both[0], out->view.type, &data));
    const size_t count = view_count(&both[0]), size = mica_type_size(out->view.type);
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) chosen += flags[i] != 0;
    TRY(call_resize(call, out, 1, &chosen));
    uint8_t *to = out->view.data, *const end = to + chosen * size;
    for (size_t i = 0; i < count && to < end; i++) {
        if (!flags[i]) continue;
        memmove(to, (const uint8_t *)data + i * size, size);
        to += size;
    }
    return MICA_OK;
}

/* self, mask, source, out: the true places get the source's elements in order */
mica_status masked_scatter(kernel_call *call) {
    struct tensor *self = NULL, *source = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_tensor(call, 2, &source));
    TRY(call_out(call, 3, &out));
    if (source->view.type != self->view.type) {
        return call_fail(call, MICA_ERROR_TYPE, "the source is %s, the tensor %s", mica_type_name(source->view.type),
                         mica_type_name(self->view.type));
    }
    TRY(same_type(call, self->view.type, out->view.type));
    view both[2];
    view_of(self, &both[0]);
    struct tensor *mask = NULL;
    TRY(call_tensor(call, 1, &mask));
    view_of(mask, &both[1]);
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_broadcast(call, both, 2, &rank, sizes));
    (void)view_broadcast(&both[0], rank, sizes);
    const uint8_t *flags = NULL;
    TRY(read_mask(call, 1, rank, sizes, &flags));
    const size_t count = view_count(&both[0]), size = mica_type_size(out->view.type);
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) chosen += flags[i] != 0;
    if (chosen > mica_tensor_count(&source->view)) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu elements are to come from a source of %zu", chosen,
                         mica_tensor_count(&source->view));
    }
    TRY(call_resize(call, out, rank, sizes));
    const void *elements = NULL;
    void *result = NULL;
    view from;
    view_of(source, &from);
    TRY(view_read(call, &from, from.type, &elements));
    TRY(call_scratch_array(call, count, size, &result));
    const view dense = view_dense(both[0].type, rank, sizes, result);
    view_copy(call, &dense, &both[0]);
    const uint8_t *next = elements;
    for (size_t i = 0; i < count; i++) {
        if (!flags[i] || chosen == 0) continue;
        memcpy((uint8_t *)result + i * size, next, size);
        next += size;
        chosen--;
    }
    view to;
    view_of(out, &to);
    view_copy(call, &to, &dense);
    return MICA_OK;
}

/* self, out: the coordinates of the elements that are not zero, row after row whatever order the out declares: the
 * exporter of ExecuTorch declares columns, its runtime writes rows */
mica_status nonzero(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 1, &out));
    if (out->view.type != MICA_I64) return call_fail(call, MICA_ERROR_TYPE, "coordinates are i64");
    view from;
    view_of(self, &from);
    const size_t count = view_count(&from);
    void *memory = NULL;
    TRY(call_scratch(call, count, &memory));
    const uint8_t *const flags = memory;
    const view truth = view_dense(MICA_BOOL, from.rank, from.sizes, memory);
    view_copy(call, &truth, &from);
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) chosen += flags[i] != 0;
    const size_t sizes[2] = {chosen, from.rank};
    TRY(call_resize(call, out, 2, sizes));
    int64_t *row = out->view.data;
    for (size_t i = 0; i < count; i++) {
        if (!flags[i]) continue;
        size_t rest = i;
        for (size_t d = from.rank; d-- > 0; rest /= from.sizes[d]) row[d] = (int64_t)(rest % from.sizes[d]);
        row += from.rank;
    }
    return MICA_OK;
}

/* repeats, output_size, out: i as often as repeats[i] says */
mica_status repeat_interleave(kernel_call *call) {
    struct tensor *repeats = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &repeats));
    TRY(call_out(call, 2, &out));
    if (!type_is_integer(repeats->view.type)) {
        return call_fail(call, MICA_ERROR_TYPE, "repeats are %s, not integers", mica_type_name(repeats->view.type));
    }
    view given;
    view_of(repeats, &given);
    void *memory = NULL;
    const size_t count = view_count(&given);
    TRY(call_scratch_array(call, count, sizeof(int64_t), &memory));
    const view dense = view_dense(MICA_I64, given.rank, given.sizes, memory);
    view_copy(call, &dense, &given);
    const int64_t *const times = memory;
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (times[i] < 0 || !size_add(total, (size_t)times[i], &total)) {
            return call_fail(call, MICA_ERROR_VALUE, "%lld repeats at position %zu", (long long)times[i], i);
        }
    }
    int64_t expected;
    TRY(call_optional_int(call, 1, (int64_t)total, &expected));
    if (expected != (int64_t)total) {
        return call_fail(call, MICA_ERROR_VALUE, "the repeats add up to %zu, not to %lld", total,
                         (long long)expected);
    }
    TRY(call_resize(call, out, 1, &total));
    view to;
    view_of(out, &to);
    uint8_t *at = to.data;
    for (size_t i = 0; i < count; i++) {
        const int64_t value = (int64_t)i;
        element_convert((size_t)times[i], to.type, at, to.strides[0], MICA_I64, &value, 0);
        at += times[i] * to.strides[0];
    }
    return MICA_OK;
}
