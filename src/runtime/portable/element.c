/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/portable/element.h"

#include "base/half.h"
#include "base/memory.h"

#include <string.h>

mica_type work_of(mica_type type) {
    switch (type) {
    case MICA_F64: return MICA_F64;
    case MICA_F16:
    case MICA_BF16:
    case MICA_F32: return MICA_F32;
    default: return MICA_I64;
    }
}

bool type_is_float(mica_type type) { return work_of(type) != MICA_I64; }
bool type_is_complex(mica_type type) { return type == MICA_C64 || type == MICA_C128; }
bool type_is_integer(mica_type type) { return !type_is_float(type) && type != MICA_BOOL; }

mica_type type_promote(mica_type a, mica_type b) {
    if (a == b) return a;
    if (type_is_float(a) || type_is_float(b)) {
        if (!type_is_float(a)) return b;
        if (!type_is_float(b)) return a;
        if (a == MICA_F64 || b == MICA_F64) return MICA_F64;
        return MICA_F32; /* also f16 with bf16: neither holds the other */
    }
    if (a == MICA_BOOL) return b;
    if (b == MICA_BOOL) return a;
    /* Integers: the larger; of the same or a larger unsigned one, the next signed. */
    const bool unsigned_a = a == MICA_U8 || a >= MICA_U16, unsigned_b = b == MICA_U8 || b >= MICA_U16;
    const size_t size_a = mica_type_size(a), size_b = mica_type_size(b);
    if (unsigned_a == unsigned_b) return size_a > size_b ? a : b;
    const mica_type is_signed = unsigned_a ? b : a;
    const size_t size_signed = unsigned_a ? size_b : size_a, size_unsigned = unsigned_a ? size_a : size_b;
    if (size_signed > size_unsigned) return is_signed;
    return size_unsigned == 1 ? MICA_I16 : size_unsigned == 2 ? MICA_I32 : MICA_I64;
}

bool type_can_cast(mica_type from, mica_type to) {
    if (type_is_float(from) && !type_is_float(to)) return false;
    return to != MICA_BOOL || from == MICA_BOOL;
}

int64_t integer_of_real(double value) { return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN; }

static int32_t i32_of_real(double value) {
    return value > -0x1p31 - 1 && value < 0x1p31 ? (int32_t)value : INT32_MIN;
}

/* ---- one loop per step: a stored type to or from the type that computes it, and between those ---- */

#define CONVERT(name, to_c, from_c, expression)                                                                      \
    static void name(size_t count, void *to, ptrdiff_t to_stride, const void *from, ptrdiff_t from_stride) {         \
        uint8_t *write = to;                                                                                         \
        const uint8_t *read = from;                                                                                  \
        if (to_stride == sizeof(to_c) && from_stride == sizeof(from_c)) {                                            \
            for (size_t i = 0; i < count; i++) {                                                                     \
                const from_c x = ((const from_c *)from)[i];                                                          \
                ((to_c *)to)[i] = (to_c)(expression);                                                                \
            }                                                                                                        \
            return;                                                                                                  \
        }                                                                                                            \
        for (size_t i = 0; i < count; i++, write += to_stride, read += from_stride) {                                \
            const from_c x = *(const from_c *)read;                                                                  \
            *(to_c *)write = (to_c)(expression);                                                                     \
        }                                                                                                            \
    }

CONVERT(f32_from_f16, float, uint16_t, float_of_f16(x))
CONVERT(f32_from_bf16, float, uint16_t, float_of_bf16(x))
CONVERT(i64_from_bool, int64_t, uint8_t, x != 0)
CONVERT(i64_from_u8, int64_t, uint8_t, x)
CONVERT(i64_from_i8, int64_t, int8_t, x)
CONVERT(i64_from_i16, int64_t, int16_t, x)
CONVERT(i64_from_u16, int64_t, uint16_t, x)
CONVERT(i64_from_i32, int64_t, int32_t, x)
CONVERT(i64_from_u32, int64_t, uint32_t, x)

CONVERT(f16_from_f32, uint16_t, float, f16_of_float(x))
CONVERT(bf16_from_f32, uint16_t, float, bf16_of_float(x))
CONVERT(u8_from_i64, uint8_t, int64_t, x)
CONVERT(u16_from_i64, uint16_t, int64_t, x)
CONVERT(u32_from_i64, uint32_t, int64_t, x)
CONVERT(bool_from_i64, uint8_t, int64_t, x != 0)

CONVERT(f64_from_f32, double, float, x)
CONVERT(i64_from_f32, int64_t, float, integer_of_real(x))
CONVERT(f32_from_f64, float, double, x)
CONVERT(i64_from_f64, int64_t, double, integer_of_real(x))
CONVERT(f32_from_i64, float, int64_t, x)
CONVERT(f64_from_i64, double, int64_t, x)

/* Past the types that compute: those whose detour by i64 would give another value. */
CONVERT(bool_from_f32, uint8_t, float, x != 0)
CONVERT(bool_from_f64, uint8_t, double, x != 0)
CONVERT(i32_from_f32, int32_t, float, i32_of_real(x))
CONVERT(i32_from_f64, int32_t, double, i32_of_real(x))
#undef CONVERT

typedef void (*convert_loop)(size_t count, void *to, ptrdiff_t to_stride, const void *from, ptrdiff_t from_stride);

/* NULL where the type computes itself. Signed and unsigned integers of a size are stored alike. */
static const struct {
    convert_loop load, store;
} stored[] = {
    [MICA_U8] = {i64_from_u8, u8_from_i64},
    [MICA_I8] = {i64_from_i8, u8_from_i64},
    [MICA_I16] = {i64_from_i16, u16_from_i64},
    [MICA_I32] = {i64_from_i32, u32_from_i64},
    [MICA_F16] = {f32_from_f16, f16_from_f32},
    [MICA_BF16] = {f32_from_bf16, bf16_from_f32},
    [MICA_BOOL] = {i64_from_bool, bool_from_i64},
    [MICA_BITS16] = {i64_from_u16, u16_from_i64},
    [MICA_U16] = {i64_from_u16, u16_from_i64},
    [MICA_U32] = {i64_from_u32, u32_from_i64},
    [MICA_U64] = {NULL, NULL},
};

/* Between two different types that compute, or straight to `to` when that has a way of its own. */
static convert_loop cross(mica_type to, mica_type work_to, mica_type work_from) {
    switch (work_from) {
    case MICA_F32:
        if (to == MICA_BOOL) return bool_from_f32;
        if (to == MICA_I32) return i32_from_f32;
        return work_to == MICA_F64 ? f64_from_f32 : i64_from_f32;
    case MICA_F64:
        if (to == MICA_BOOL) return bool_from_f64;
        if (to == MICA_I32) return i32_from_f64;
        return work_to == MICA_F32 ? f32_from_f64 : i64_from_f64;
    default: return work_to == MICA_F32 ? f32_from_i64 : f64_from_i64;
    }
}

/* The steps from one type to another, at most three: load, cross, store. */
static size_t find_steps(mica_type to, mica_type from, convert_loop steps[3]) {
    const mica_type work_to = work_of(to), work_from = work_of(from);
    size_t count = 0;
    if (stored[from].load) steps[count++] = stored[from].load;
    if (work_to != work_from) {
        steps[count++] = cross(to, work_to, work_from);
        if (work_from != MICA_I64 && (to == MICA_BOOL || to == MICA_I32)) return count;
    }
    if (stored[to].store) steps[count++] = stored[to].store;
    return count;
}

typedef struct wide {
    uint64_t halves[2];
} wide;

#define COPY(size, item)                                                                                             \
    case size:                                                                                                       \
        if (from_stride == 0 && to_stride == size) {                                                                 \
            const item x = *(const item *)from;                                                                      \
            for (size_t i = 0; i < count; i++) ((item *)to)[i] = x;                                                  \
            return;                                                                                                  \
        }                                                                                                            \
        for (size_t i = 0; i < count; i++, write += to_stride, read += from_stride) {                                \
            *(item *)write = *(const item *)read;                                                                    \
        }                                                                                                            \
        return;

static void copy(size_t count, size_t size, void *to, ptrdiff_t to_stride, const void *from, ptrdiff_t from_stride) {
    if (to_stride == (ptrdiff_t)size && from_stride == (ptrdiff_t)size) {
        memmove(to, from, count * size);
        return;
    }
    uint8_t *write = to;
    const uint8_t *read = from;
    switch (size) {
        COPY(1, uint8_t)
        COPY(2, uint16_t)
        COPY(4, uint32_t)
        COPY(8, uint64_t)
        COPY(16, wide)
    }
}
#undef COPY

void element_convert(size_t count, mica_type to_type, void *to, ptrdiff_t to_stride, mica_type from_type,
                     const void *from, ptrdiff_t from_stride) {
    const size_t to_size = mica_type_size(to_type);
    convert_loop steps[3];
    const size_t step_count = to_type == from_type ? 0 : find_steps(to_type, from_type, steps);
    if (step_count == 0) {
        copy(count, to_size, to, to_stride, from, from_stride);
        return;
    }
    enum { BLOCK = 256 }; /* elements between two steps, in the nearest cache */
    int64_t between[2][BLOCK];
    for (size_t done = 0; done < count; done += BLOCK) {
        const size_t block = min_size(BLOCK, count - done);
        const void *source = (const uint8_t *)from + (ptrdiff_t)done * from_stride;
        ptrdiff_t source_stride = from_stride;
        for (size_t i = 0; i < step_count; i++) {
            const bool last = i + 1 == step_count;
            void *const target = last ? (uint8_t *)to + (ptrdiff_t)done * to_stride : (void *)between[i];
            const ptrdiff_t stride = last ? to_stride : (ptrdiff_t)sizeof(int64_t);
            steps[i](block, target, stride, source, source_stride);
            source = target;
            source_stride = stride;
        }
    }
}
