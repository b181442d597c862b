/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"

void held_free(held_value *held) {
    free(held->memory);
    *held = (held_value){0};
}

/* ---- elements ---- */

static double of_half(uint16_t bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY)
                             : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                                            : ldexp(mantissa, -24);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static uint16_t to_half(double value) {
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const double magnitude = fabs(value);
    if (isnan(value)) return 0x7e00;
    if (magnitude >= 65520) return sign | 0x7c00;
    const int exponent = magnitude < 0x1p-14 ? -14 : ilogb(magnitude);
    return (uint16_t)(sign | (unsigned)(((exponent + 14) << 10) + (int)nearbyint(ldexp(magnitude, 10 - exponent))));
}

static double of_brain(uint16_t bits) {
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

static uint16_t to_brain(double value) {
    const float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double tensor_get(const mica_tensor *tensor, size_t index) {
    const void *const data = tensor->data;
    switch (tensor->type) {
    case MICA_U8: return ((const uint8_t *)data)[index];
    case MICA_I8: return ((const int8_t *)data)[index];
    case MICA_I16: return ((const int16_t *)data)[index];
    case MICA_I32: return ((const int32_t *)data)[index];
    case MICA_I64: return (double)((const int64_t *)data)[index];
    case MICA_F16: return of_half(((const uint16_t *)data)[index]);
    case MICA_F32: return (double)((const float *)data)[index];
    case MICA_F64: return ((const double *)data)[index];
    case MICA_BOOL: return ((const uint8_t *)data)[index] != 0;
    case MICA_BF16: return of_brain(((const uint16_t *)data)[index]);
    case MICA_BITS16:
    case MICA_U16: return ((const uint16_t *)data)[index];
    case MICA_U32: return ((const uint32_t *)data)[index];
    case MICA_U64: return (double)((const uint64_t *)data)[index];
    case MICA_C64:
    case MICA_C128: break; /* no input, no output */
    }
    return NAN;
}

void tensor_set(const mica_tensor *tensor, size_t index, double value) {
    void *const data = tensor->data;
    switch (tensor->type) {
    case MICA_U8: ((uint8_t *)data)[index] = (uint8_t)value; break;
    case MICA_I8: ((int8_t *)data)[index] = (int8_t)value; break;
    case MICA_I16: ((int16_t *)data)[index] = (int16_t)value; break;
    case MICA_I32: ((int32_t *)data)[index] = (int32_t)value; break;
    case MICA_I64: ((int64_t *)data)[index] = (int64_t)value; break;
    case MICA_F16: ((uint16_t *)data)[index] = to_half(value); break;
    case MICA_F32: ((float *)data)[index] = (float)value; break;
    case MICA_F64: ((double *)data)[index] = value; break;
    case MICA_BOOL: ((uint8_t *)data)[index] = value != 0; break;
    case MICA_BF16: ((uint16_t *)data)[index] = to_brain(value); break;
    case MICA_BITS16:
    case MICA_U16: ((uint16_t *)data)[index] = (uint16_t)value; break;
    case MICA_U32: ((uint32_t *)data)[index] = (uint32_t)value; break;
    case MICA_U64: ((uint64_t *)data)[index] = (uint64_t)value; break;
    case MICA_C64:
    case MICA_C128: break;
    }
}

bool tensor_is_whole(mica_type type) {
    return type != MICA_F16 && type != MICA_F32 && type != MICA_F64 && type != MICA_BF16;
}

/* ---- layout ---- */

void tensor_c_order(mica_tensor *tensor) {
    for (size_t d = 0; d < tensor->rank; d++) tensor->dim_order[d] = (uint8_t)d;
}

bool tensor_bytes(const mica_tensor *tensor, size_t *bytes) {
    size_t total = mica_type_size(tensor->type);
    if (!total) return false;
    bool empty = false;
    for (size_t d = 0; d < tensor->rank; d++) {
        empty |= tensor->sizes[d] == 0;
        if (tensor->sizes[d] && __builtin_mul_overflow(total, tensor->sizes[d], &total)) return false;
    }
    *bytes = empty ? 0 : total;
    return true;
}

/* Elements between neighbours along each dimension. */
static void strides_of(const mica_tensor *tensor, size_t *strides) {
    size_t stride = 1;
    for (size_t i = tensor->rank; i-- > 0;) {
        strides[tensor->dim_order[i]] = stride;
        stride *= tensor->sizes[tensor->dim_order[i]];
    }
}

void tensor_reorder(const mica_tensor *to, const mica_tensor *from) {
    const size_t item = mica_type_size(from->type), count = mica_tensor_count(from), rank = from->rank;
    if (memcmp(to->dim_order, from->dim_order, rank) == 0) {
        memcpy(to->data, from->data, count * item);
        return;
    }
    size_t into[MICA_MAX_RANK], out_of[MICA_MAX_RANK], at[MICA_MAX_RANK] = {0};
    strides_of(to, into);
    strides_of(from, out_of);
    for (size_t n = 0, t = 0, f = 0; n < count; n++) {
        memcpy((char *)to->data + t * item, (const char *)from->data + f * item, item);
        for (size_t d = rank; d-- > 0;) {
            t += into[d];
            f += out_of[d];
            if (++at[d] < from->sizes[d]) break;
            t -= at[d] * into[d];
            f -= at[d] * out_of[d];
            at[d] = 0;
        }
    }
}

bool value_copy(const mica_value *value, held_value *copy, struct fault *fault) {
    mica_value source = *value;
    mica_tensor *const scalar = &source.as.tensor;
    switch (value->kind) {
    case MICA_TENSOR: break;
    case MICA_INT: *scalar = (mica_tensor){.type = MICA_I64, .data = (void *)&value->as.integer}; break;
    case MICA_DOUBLE: *scalar = (mica_tensor){.type = MICA_F64, .data = (void *)&value->as.real}; break;
    case MICA_BOOLEAN: *scalar = (mica_tensor){.type = MICA_BOOL, .data = (void *)&value->as.boolean}; break;
    default: return fail(fault, "it is neither a tensor nor a number");
    }
    copy->value = source;
    copy->value.kind = MICA_TENSOR;
    tensor_c_order(&copy->value.as.tensor);
    copy->memory = copy->value.as.tensor.data = grow(NULL, mica_tensor_bytes(scalar), 1);
    tensor_reorder(&copy->value.as.tensor, scalar);
    return true;
}

/* ---- numbers from a seed ---- */

uint64_t random_bits(uint64_t *state) {
    uint64_t bits = *state += 0x9e3779b97f4a7c15u;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    return bits ^ bits >> 31;
}

static double next_uniform(uint64_t *state) {
    return ((double)(random_bits(state) >> 11) + 0.5) * 0x1p-53;
} /* in (0, 1) */

static double next_normal(uint64_t *state) {
    const double radius = sqrt(-2 * log(next_uniform(state)));
    return radius * cos(2 * 3.141592653589793 * next_uniform(state));
}

void tensor_fill(const mica_tensor *tensor, uint64_t *seed) {
    const size_t count = mica_tensor_count(tensor);
    for (size_t i = 0; i < count; i++) {
        tensor_set(tensor, i, tensor_is_whole(tensor->type) ? (double)(random_bits(seed) & 1) : next_normal(seed));
    }
}

/* ---- comparing ---- */

static bool same_shape(const mica_tensor *a, const mica_tensor *b) {
    return a->rank == b->rank && memcmp(a->sizes, b->sizes, a->rank * sizeof *a->sizes) == 0;
}

bool tensor_compare(const mica_tensor *got, const mica_tensor *want, double atol, double rtol, difference *result,
                    struct fault *fault) {
    char a[SHAPE_TEXT], b[SHAPE_TEXT];
    if (got->type != want->type || !same_shape(got, want)) {
        return fail(fault, "it is %s %s, where %s %s is expected", mica_type_name(got->type),
                    shape_text(got->sizes, got->rank, a), mica_type_name(want->type),
                    shape_text(want->sizes, want->rank, b));
    }
    *result = (difference){.inside = true};
    const size_t item = mica_type_size(got->type), count = mica_tensor_count(got);
    for (size_t i = 0; i < count; i++) {
        if (memcmp((const char *)got->data + i * item, (const char *)want->data + i * item, item) == 0) continue;
        const double g = tensor_get(got, i), w = tensor_get(want, i);
        if (isnan(g) && isnan(w)) continue;
        double distance = fabs(g - w);
        if (isnan(distance)) distance = INFINITY;
        if (distance == 0 && tensor_is_whole(got->type)) distance = 1; /* both beyond 2^53 */
        result->inside &= distance <= atol + rtol * fabs(w) && !(isinf(w) && distance > 0);
        if (distance > result->largest) *result = (difference){distance, i, g, w, result->inside};
    }
    return true;
}

const char *kind_name(mica_kind kind) {
    static const char *const names[] = {"none", "tensor", "int", "double", "bool", "string", "tensor list"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "?";
}

const char *shape_text(const size_t *sizes, size_t rank, char text[SHAPE_TEXT]) {
    char *at = strcpy(text, rank ? "" : "scalar");
    for (size_t d = 0; d < rank; d++) at += sprintf(at, d ? "x%zu" : "%zu", sizes[d]);
    return text;
}
