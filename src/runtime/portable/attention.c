/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention over a cache, and the cache itself: the custom operators of exported language models.
 */
#include "runtime/portable/attend.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>
#include <string.h>

/* ---- the cache: [batch, position, head, element] ---- */

static mica_status cache_shapes(kernel_call *call, const view *value, const view *cache) {
    bool fits = value->rank == 4 && cache->rank == 4 && value->type == cache->type;
    for (size_t i = 0; fits && i < 4; i++) fits = i == 1 || value->sizes[i] == cache->sizes[i];
    if (fits) return MICA_OK;
    return call_fail(call, MICA_ERROR_SHAPE, "the value does not fit the cache");
}

/* The part of the cache that `count` positions from `start` on take. */
static mica_status cache_range(kernel_call *call, view *cache, int64_t start, size_t count) {
    if (start < 0 || count > cache->sizes[1] || (size_t)start > cache->sizes[1] - count) {
        return call_fail(call, MICA_ERROR_VALUE, "%zu positions from %lld on are outside of a cache of %zu", count,
                         (long long)start, cache->sizes[1]);
    }
    view_range(cache, 1, (size_t)start, count, 1);
    return MICA_OK;
}

static mica_status cache_arguments(kernel_call *call, size_t value_arg, size_t cache_arg, view *value, view *cache) {
    struct tensor *from = NULL, *to = NULL;
    TRY(call_tensor(call, value_arg, &from));
    TRY(call_out(call, cache_arg, &to));
    view_of(from, value);
    view_of(to, cache);
    return cache_shapes(call, value, cache);
}

/* value, cache, start_pos, out (not written) */
mica_status update_cache(kernel_call *call) {
    view value, cache;
    int64_t start = 0;
    TRY(cache_arguments(call, 0, 1, &value, &cache));
    TRY(call_int(call, 2, &start));
    TRY(cache_range(call, &cache, start, value.sizes[1]));
    view_copy(call, &cache, &value);
    return MICA_OK;
}

/* value, cache, start_pos, indices [batch, position], out (not written) */
mica_status update_cache_with_indices(kernel_call *call) {
    view value, cache;
    struct tensor *indices = NULL;
    TRY(cache_arguments(call, 0, 1, &value, &cache));
    TRY(call_tensor(call, 3, &indices));
    view where;
    view_of(indices, &where);
    if (where.rank != 2 || where.sizes[0] != value.sizes[0] || where.sizes[1] != value.sizes[1] ||
        !type_is_integer(where.type)) {
        return call_fail(call, MICA_ERROR_SHAPE, "the indices do not fit the value");
    }
    void *memory = NULL;
    TRY(call_scratch_array(call, view_count(&where), sizeof(int64_t), &memory));
    const view dense = view_dense(MICA_I64, 2, where.sizes, memory);
    view_copy(call, &dense, &where);
    const int64_t *const at = memory;
    for (size_t pass = 0; pass < 2; pass++) { /* all checks before anything is written */
        for (size_t i = 0; i < view_count(&where); i++) {
            view to = cache, from = value;
            TRY(cache_range(call, &to, at[i], 1));
            view_range(&from, 1, i % value.sizes[1], 1, 1);
            view_range(&to, 0, i / value.sizes[1], 1, 1);
            view_range(&from, 0, i / value.sizes[1], 1, 1);
            if (pass == 1) view_copy(call, &to, &from);
        }
    }
    return MICA_OK;
}

/* ---- attention ---- */

/* Where a kernel has the arguments of attention. 0: it has none. */
typedef struct attention_args {
    size_t q, k, v, start, mask, causal, scale;
    size_t parameters;     /* quantized: zero points and scales of q, k and v */
    size_t positions_last; /* a bool: tensors are [batch, head, position, element] */
} attention_args;

/* Where the heads of an f32 view [batch, head, position, element] are; false when elements do not follow each other. */
static bool heads_of(const view *v, head_view *heads) {
    if (v->type != MICA_F32 || (v->sizes[3] > 1 && v->strides[3] != sizeof(float))) return false;
    heads->data = (const float *)(const void *)v->data;
    for (size_t i = 0; i < 3; i++) heads->strides[i] = (size_t)v->strides[i] / sizeof(float);
    return true;
}

/* A tensor as f32 [batch, head, position, element], `count` positions of it (SIZE_MAX: all). */
static mica_status read_heads(kernel_call *call, size_t arg, size_t parameters, bool positions_last, size_t count,
                              size_t sizes[4], head_view *heads) {
    struct tensor *tensor = NULL;
    TRY(call_tensor(call, arg, &tensor));
    view v;
    view_of(tensor, &v);
    if (v.rank != 4) return call_fail(call, MICA_ERROR_SHAPE, "argument %zu has rank %zu, not 4", arg, v.rank);
    view scale = {0}, zero_point = {0};
    if (parameters) {
        struct tensor *tensors[2] = {NULL};
        view *const views[2] = {&zero_point, &scale};
        for (size_t i = 0; i < 2; i++) {
            TRY(call_tensor(call, parameters + i, &tensors[i]));
            view_of(tensors[i], views[i]);
            if (!view_broadcast(views[i], 4, v.sizes)) {
                return call_fail(call, MICA_ERROR_SHAPE, "argument %zu does not fit argument %zu", parameters + i,
                                 arg);
            }
        }
    } else if (!type_is_float(v.type)) {
        return call_fail(call, MICA_ERROR_TYPE, "argument %zu is %s", arg, mica_type_name(v.type));
    }
    view *const all[3] = {&v, &scale, &zero_point};
    const size_t positions = positions_last ? 2 : 1;
    if (count != SIZE_MAX && count > v.sizes[positions]) {
        return call_fail(call, MICA_ERROR_VALUE, "%zu positions of %zu", count, v.sizes[positions]);
    }
    for (size_t i = 0; i < (parameters ? 3 : 1); i++) {
        if (count != SIZE_MAX) view_range(all[i], positions, 0, count, 1);
        if (!positions_last) view_permute(all[i], (const size_t[]){0, 2, 1, 3});
    }
    for (size_t i = 0; i < 4; i++) sizes[i] = v.sizes[i];
    if (heads_of(&v, heads)) return MICA_OK;
    const void *dense = NULL;
    TRY(view_read(call, &v, MICA_F32, &dense));
    const view read = view_dense(MICA_F32, 4, v.sizes, (void *)(uintptr_t)dense);
    (void)heads_of(&read, heads);
    if (!parameters) return MICA_OK;
    const void *scales = NULL, *zeros = NULL;
    TRY(view_read(call, &scale, MICA_F32, &scales));
    TRY(view_read(call, &zero_point, MICA_F32, &zeros));
    float *const x = (float *)(uintptr_t)dense; /* scratch: an int8 tensor was converted */
    for (size_t i = 0; i < view_count(&v); i++)
        x[i] = (x[i] - ((const float *)zeros)[i]) * ((const float *)scales)[i];
    return MICA_OK;
}

/* Checks all arguments, then computes, unless only a check is wanted. */
static mica_status attention_of(kernel_call *call, const attention_args *args, bool only_check) {
    attention a = {0};
    bool positions_last = false, quantized = false;
    int64_t start = 0;
    double scale = 0;
    struct tensor *mask = NULL, *query = NULL, *out = NULL;
    TRY(call_tensor(call, args->q, &query));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    TRY(call_int(call, args->start, &start));
    TRY(call_optional_tensor(call, args->mask, &mask));
    TRY(call_bool(call, args->causal, &a.causal));
    if (args->positions_last) TRY(call_bool(call, args->positions_last, &positions_last));
    quantized = args->parameters && query->view.type == MICA_I8;
    if (mask && a.causal) return call_fail(call, MICA_ERROR_VALUE, "is causal and has a mask");
    if (query->view.rank != 4) return call_fail(call, MICA_ERROR_SHAPE, "the query has rank %zu", query->view.rank);
    const size_t queries = query->view.sizes[positions_last ? 2 : 1];
    if (start < 0 || start > INT32_MAX) return call_fail(call, MICA_ERROR_VALUE, "start %lld", (long long)start);
    a.start = (size_t)start;

    size_t q[4], k[4], v[4];
    const size_t keys = mask ? SIZE_MAX : a.start + queries; /* a mask says of all keys whether they are seen */
    const size_t p = quantized ? args->parameters : 0;
    TRY(read_heads(call, args->q, p, positions_last, SIZE_MAX, q, &a.q));
    TRY(read_heads(call, args->k, p ? p + 2 : 0, positions_last, keys, k, &a.k));
    TRY(read_heads(call, args->v, p ? p + 4 : 0, positions_last, keys, v, &a.v));
    bool fits = k[1] != 0 && q[1] % k[1] == 0 && q[3] == k[3] && q[0] == k[0];
    for (size_t i = 0; i < 4; i++) fits &= k[i] == v[i];
    if (!fits) return call_fail(call, MICA_ERROR_SHAPE, "query, key and value do not fit together");
    a.batch = q[0];
    a.heads = q[1];
    a.shared = q[1] / k[1];
    a.queries = q[2];
    a.keys = k[2];
    a.width = q[3];
    a.scale = 1 / sqrtf((float)a.width);
    if (!call_is_none(call, args->scale)) {
        TRY(call_double(call, args->scale, &scale));
        a.scale = (float)scale;
    }
    if (mask && mica_tensor_count(&mask->view) != 0) {
        view given;
        view_of(mask, &given);
        if (given.rank != 2 || given.sizes[0] != a.queries || given.sizes[1] != a.keys ||
            !type_is_float(given.type)) {
            return call_fail(call, MICA_ERROR_SHAPE, "the mask is not %zu × %zu floats", a.queries, a.keys);
        }
        const void *data = NULL;
        TRY(view_read(call, &given, MICA_F32, &data));
        a.mask = data;
    }
    TRY(call_resize(call, out, 4, query->view.sizes));
    view to;
    view_of(out, &to);
    if (!type_is_float(to.type)) return call_fail(call, MICA_ERROR_TYPE, "the result is %s", mica_type_name(to.type));
    if (!positions_last) view_permute(&to, (const size_t[]){0, 2, 1, 3});
    const bool in_place = heads_of(&to, &a.out);
    void *result = to.data;
    if (!in_place) {
        TRY(view_write(call, &to, MICA_F32, &result));
        const view dense = view_dense(MICA_F32, 4, to.sizes, result);
        (void)heads_of(&dense, &a.out);
    }
    TRY(attention_plan(call, &a));
    if (only_check) return MICA_OK;
    attention_run(call->pool, call->threads, &a);
    if (!in_place) view_written(call, &to, MICA_F32, result);
    return MICA_OK;
}

/* query, key, value, start_pos, attn_mask, dropout_p, is_causal, scale, out */
mica_status custom_sdpa(kernel_call *call) {
    const attention_args args = {.q = 0, .k = 1, .v = 2, .start = 3, .mask = 4, .causal = 6, .scale = 7};
    return attention_of(call, &args, false);
}

/* The same, then zero points and scales of q, k and v, is_seq_at_dim_2, out */
mica_status custom_quantized_sdpa(kernel_call *call) {
    const attention_args args = {.q = 0,
                                 .k = 1,
                                 .v = 2,
                                 .start = 3,
                                 .mask = 4,
                                 .causal = 6,
                                 .scale = 7,
                                 .parameters = 8,
                                 .positions_last = 14};
    return attention_of(call, &args, false);
}

/* query, key, value, key_cache, value_cache, start_pos, seq_len, attn_mask, dropout_p, is_causal, scale, out */
mica_status sdpa_with_kv_cache(kernel_call *call) {
    view key, value, key_cache, value_cache;
    int64_t start = 0;
    TRY(cache_arguments(call, 1, 3, &key, &key_cache));
    TRY(cache_arguments(call, 2, 4, &value, &value_cache));
    TRY(call_int(call, 5, &start));
    TRY(cache_range(call, &key_cache, start, key.sizes[1]));
    TRY(cache_range(call, &value_cache, start, value.sizes[1]));
    const attention_args args = {.q = 0, .k = 3, .v = 4, .start = 5, .mask = 7, .causal = 9, .scale = 10};
    TRY(attention_of(call, &args, true)); /* before the caches change */
    view_copy(call, &key_cache, &key);
    view_copy(call, &value_cache, &value);
    return attention_of(call, &args, false);
}
