/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of pool.h, once, for the vectors included before: four vectors of channels at a time, then one, then a
 * part of one.
 */
#include "kernel/pool/pool.h"
#include "kernel/vector/math.h"

/* How one type of element is read and written; n is VEC or less. */
INLINE vec load_f32(const void *from, size_t n) { return n == VEC ? v_load(from) : v_load_part(from, n); }
INLINE vec load_f16(const void *from, size_t n) { return n == VEC ? v_load_f16(from) : v_load_part_f16(from, n); }
INLINE veci load_i8(const void *from, size_t n) { return n == VEC ? vi_load_i8(from) : vi_load_part_i8(from, n); }
INLINE void store_f32(void *to, vec x, size_t n) { n == VEC ? v_store(to, x) : v_store_part(to, x, n); }
INLINE void store_f16(void *to, vec x, size_t n) { n == VEC ? v_store_f16(to, x) : v_store_part_f16(to, x, n); }
INLINE void store_i8(void *to, veci x, size_t n) { n == VEC ? vi_store_i8(to, x) : vi_store_part_i8(to, x, n); }

typedef vec load_function(const void *from, size_t n);
typedef void store_function(void *to, vec x, size_t n);

INLINE const char *pixel(const pool_call *call, size_t row, size_t column) {
    return (const char *)call->in + row * call->row_stride + column * call->column_stride;
}

/* `count` vectors of `n` channels from byte `at` on. */
INLINE void reduce(const pool_call *call, size_t at, size_t count, size_t n, size_t size, load_function *load,
                   store_function *store, vec (*join)(vec x, vec sum), float start, float scale) {
    vec sum[4];
    for (size_t i = 0; i < count; i++) sum[i] = v_splat(start);
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t c = 0; c < call->columns; c++) {
            const char *const in = pixel(call, r, c) + at;
            for (size_t i = 0; i < count; i++) sum[i] = join(load(in + i * VEC * size, n), sum[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const vec out = v_clamp(v_mul(sum[i], v_splat(scale)), v_splat(call->min), v_splat(call->max));
        store((char *)call->out + at + i * VEC * size, out, n);
    }
}

INLINE void reduce_all(const pool_call *call, size_t size, load_function *load, store_function *store,
                       vec (*join)(vec x, vec sum), float start, float scale) {
    size_t c = 0;
    for (; c + 4 * VEC <= call->channels; c += 4 * VEC)
        reduce(call, c * size, 4, VEC, size, load, store, join, start, scale);
    for (; c + VEC <= call->channels; c += VEC) reduce(call, c * size, 1, VEC, size, load, store, join, start, scale);
    if (c < call->channels) reduce(call, c * size, 1, call->channels - c, size, load, store, join, start, scale);
}

static void maximum_f32(const pool_call *call) { reduce_all(call, 4, load_f32, store_f32, v_max, -INFINITY, 1); }
static void maximum_f16(const pool_call *call) { reduce_all(call, 2, load_f16, store_f16, v_max, -INFINITY, 1); }
static void average_f32(const pool_call *call) { reduce_all(call, 4, load_f32, store_f32, v_add, 0, call->scale); }
static void average_f16(const pool_call *call) { reduce_all(call, 2, load_f16, store_f16, v_add, 0, call->scale); }

/* ---- int8 ---- */

#define BYTES (4 * VEC)
typedef int8_t bytes __attribute__((vector_size(BYTES)));
typedef int8_t few_bytes __attribute__((vector_size(16)));

/* n channels of a vector that holds them; clamped from below by where it starts. */
#define MAXIMUM_BLOCK(name, vector)                                                                                  \
    INLINE void name(const pool_call *call, size_t channel, size_t n) {                                              \
        vector high = (vector){0} + (int8_t)call->qmin;                                                              \
        for (size_t r = 0; r < call->rows; r++) {                                                                    \
            for (size_t c = 0; c < call->columns; c++) {                                                             \
                vector x = {0};                                                                                      \
                memcpy(&x, pixel(call, r, c) + channel, n);                                                          \
                const vector larger = x > high;                                                                      \
                high = (x & larger) | (high & ~larger);                                                              \
            }                                                                                                        \
        }                                                                                                            \
        const vector limit = (vector){0} + (int8_t)call->qmax;                                                       \
        const vector below = high < limit;                                                                           \
        high = (high & below) | (limit & ~below);                                                                    \
        memcpy((char *)call->out + channel, &high, n);                                                               \
    }
MAXIMUM_BLOCK(maximum_block, bytes)
MAXIMUM_BLOCK(maximum_few, few_bytes)

static void maximum_i8(const pool_call *call) {
    size_t c = 0;
    for (; c + BYTES <= call->channels; c += BYTES) maximum_block(call, c, BYTES);
    for (; c + sizeof(few_bytes) <= call->channels; c += sizeof(few_bytes)) maximum_few(call, c, sizeof(few_bytes));
    if (c < call->channels) maximum_few(call, c, call->channels - c);
}

static void average_i8(const pool_call *call) {
    const vec low = v_splat((float)(call->qmin - call->zero_point)),
              high = v_splat((float)(call->qmax - call->zero_point));
    for (size_t c = 0; c < call->channels; c += VEC) {
        const size_t n = call->channels - c < VEC ? call->channels - c : VEC;
        veci sum = vi_splat(-call->offset);
        for (size_t r = 0; r < call->rows; r++) {
            for (size_t k = 0; k < call->columns; k++) sum = vi_add(sum, load_i8(pixel(call, r, k) + c, n));
        }
        const vec out = v_min(v_max(v_mul(vi_to_float(sum), v_splat(call->scale)), low), high);
        store_i8((char *)call->out + c, vi_add(v_to_int(out), vi_splat(call->zero_point)), n);
    }
}

/* ---- the largest and its place ---- */

INLINE void find_largest(const pool_call *call, size_t size, load_function *load, store_function *store) {
    for (size_t c = 0; c < call->channels; c += VEC) {
        const size_t n = call->channels - c < VEC ? call->channels - c : VEC;
        vec best = v_splat(-INFINITY), place = vi_bits(vi_splat((int32_t)call->first_index));
        for (size_t r = 0; r < call->rows; r++) {
            for (size_t k = 0; k < call->columns; k++) {
                const vec x = load(pixel(call, r, k) + c * size, n);
                const vec here = vi_bits(vi_splat((int32_t)(call->first_index + r * call->index_step + k)));
                const mask larger = v_less(best, x);
                best = v_select(larger, x, best);
                place = v_select(larger, here, place);
            }
        }
        store((char *)call->out + c * size, v_clamp(best, v_splat(call->min), v_splat(call->max)), n);
        int32_t places[VEC];
        vi_store(places, v_bits(place));
        if (call->indices) memcpy(call->indices + c, places, n * sizeof *places);
    }
}

static void largest_f32(const pool_call *call) { find_largest(call, 4, load_f32, store_f32); }
static void largest_f16(const pool_call *call) { find_largest(call, 2, load_f16, store_f16); }

/* ---- blending ---- */

INLINE vec between(vec a, vec b, vec t) { return v_fma(v_sub(b, a), t, a); }
INLINE void blend(const blend_call *call, size_t size, load_function *load, store_function *store) {
    const vec right = v_splat(call->right), bottom = v_splat(call->bottom);
    for (size_t c = 0; c < call->channels; c += VEC) {
        const size_t n = call->channels - c < VEC ? call->channels - c : VEC, at = c * size;
        const vec above =
            between(load((const char *)call->top_left + at, n), load((const char *)call->top_right + at, n), right);
        const vec below = between(load((const char *)call->bottom_left + at, n),
                                  load((const char *)call->bottom_right + at, n), right);
        store((char *)call->out + at, between(above, below, bottom), n);
    }
}

static void blend_f32(const blend_call *call) { blend(call, 4, load_f32, store_f32); }
static void blend_f16(const blend_call *call) { blend(call, 2, load_f16, store_f16); }

INLINE veci between_i8(veci a, veci b, veci t) { return vi_add(vi_shift_left(a, 11), vi_mul(vi_sub(b, a), t)); }

static void blend_i8(const blend_call *call) {
    const veci right = vi_splat((int32_t)lrintf(0x1p11f * call->right));
    const veci bottom = vi_splat((int32_t)lrintf(0x1p11f * call->bottom));
    for (size_t c = 0; c < call->channels; c += VEC) {
        const size_t n = call->channels - c < VEC ? call->channels - c : VEC;
        const veci above = between_i8(load_i8((const char *)call->top_left + c, n),
                                      load_i8((const char *)call->top_right + c, n), right);
        const veci below = between_i8(load_i8((const char *)call->bottom_left + c, n),
                                      load_i8((const char *)call->bottom_right + c, n), right);
        const veci sum = vi_add(between_i8(above, below, bottom), vi_splat(1 << 21));
        store_i8((char *)call->out + c, vi_shift_right(sum, 22), n);
    }
}

#define POOL_KERNELS                                                                                                 \
    {                                                                                                                \
        .maximum = {maximum_f32, maximum_f16, maximum_i8}, .average = {average_f32, average_f16, average_i8},        \
        .largest = {largest_f32, largest_f16}, .blend = {                                                            \
            blend_f32,                                                                                               \
            blend_f16,                                                                                               \
            blend_i8                                                                                                 \
        }                                                                                                            \
    }
