/* SPDX-License-Identifier: Apache-2.0
 *
 * Packing for the AArch64 integer kernels (int_neon.h has the layouts), quantizing rows on the way. Both operands go
 * the same way: a chunk of k of each row or column into bytes side by side, then interleaved into units.
 */
#include "kernel/gemm/int_neon.h"
#include "kernel/gemm/operand.h"

enum { CHUNK = 256 }; /* k; a multiple of 16 and of units */

/* Eight k of four rows or columns to `packed`, the first of a group of `width` of them. */
NEON_INLINE void interleave(const int8_t (*rows)[CHUNK], size_t k, char *packed, size_t width, size_t kr) {
    const int32x2_t r0 = vreinterpret_s32_s8(vld1_s8(rows[0] + k)), r1 = vreinterpret_s32_s8(vld1_s8(rows[1] + k));
    const int32x2_t r2 = vreinterpret_s32_s8(vld1_s8(rows[2] + k)), r3 = vreinterpret_s32_s8(vld1_s8(rows[3] + k));
    if (kr == 8) {
        vst1q_s32((int32_t *)packed, vcombine_s32(r0, r1));
        vst1q_s32((int32_t *)(packed + 16), vcombine_s32(r2, r3));
    } else {
        vst1q_s32((int32_t *)packed, vcombine_s32(vzip1_s32(r0, r1), vzip1_s32(r2, r3)));
        vst1q_s32((int32_t *)(packed + 4 * width), vcombine_s32(vzip2_s32(r0, r1), vzip2_s32(r2, r3)));
    }
}

/* ---- left ---- */

NEON_INLINE float32x4_t load4(const void *row, size_t k, bool half) {
    return half ? vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16((const uint16_t *)row + k)))
                : vld1q_f32((const float *)row + k);
}

NEON_INLINE gemm_row row_parameters(const gemm_lhs *lhs, size_t m, bool half, float *scale) {
    const void *row = lhs_piece(lhs, m, 0);
    float32x4_t low[2] = {{0}}, high[2] = {{0}};
    size_t k = 0;
    _Pragma("GCC unroll 2") for (size_t eights = lhs->tap_length / 8; eights > 0; eights--, k += 8) {
        UNROLLED (size_t i = 0; i < 2; i++) {
            const float32x4_t x = load4(row, k + 4 * i, half);
            low[i] = vminnmq_f32(low[i], x);
            high[i] = vmaxnmq_f32(high[i], x);
        }
    }
    float min = vminnmvq_f32(vminnmq_f32(low[0], low[1])), max = vmaxnmvq_f32(vmaxnmq_f32(high[0], high[1]));
    for (; k < lhs->tap_length; k++) {
        const float x = lhs_float(lhs, row, k);
        if (x < min) min = x;
        if (x > max) max = x;
    }
    return gemm_row_parameters(min, max, scale);
}

/* As gemm_quantize, the upper bound by saturation. */
NEON_INLINE void quantize(const gemm_lhs *lhs, size_t m, size_t first, size_t count, bool half, float scale,
                          int32_t zero_point, int8_t *bytes) {
    const char *row = (const char *)lhs_piece(lhs, m, 0) + first * (half ? sizeof(uint16_t) : sizeof(float));
    const float32x4_t low = vdupq_n_f32((float)(-128 - zero_point));
    const int16x8_t offset = vdupq_n_s16((int16_t)zero_point);
    size_t k = 0;
    _Pragma("GCC unroll 2") for (size_t eights = count / 8; eights > 0; eights--, k += 8) {
        const int32x4_t a = vcvtnq_s32_f32(vmaxnmq_f32(vmulq_n_f32(load4(row, k, half), scale), low));
        const int32x4_t b = vcvtnq_s32_f32(vmaxnmq_f32(vmulq_n_f32(load4(row, k + 4, half), scale), low));
        vst1_s8(bytes + k, vqmovn_s16(vqaddq_s16(vqmovn_high_s32(vqmovn_s32(a), b), offset)));
    }
    for (; k < count; k++) bytes[k] = gemm_quantize(lhs_float(lhs, row, k), scale, zero_point);
}

/* k [first, first + count) of the taps of row m. */
static void copy_taps(const gemm_lhs *lhs, size_t m, size_t first, size_t count, int8_t *bytes) {
    if (count == 0) return; /* taps may be empty */
    size_t t = first / lhs->tap_length, offset = first % lhs->tap_length;
    while (count > 0) {
        const size_t length = min_size(lhs->tap_length - offset, count);
        copy_bytes((char *)bytes, (const char *)lhs_piece(lhs, m, t) + offset, length);
        bytes += length, count -= length, offset = 0, t++;
    }
}

typedef struct source {
    const gemm_lhs *lhs;
    size_t m;
    gemm_row row;
    float scale; /* to quantize by */
} source;

static source open_row(const gemm_lhs *lhs, size_t m) {
    source row = {lhs, m, {0, 0}, 1};
    if (lhs->type == GEMM_F32) {
        row.row = row_parameters(lhs, m, false, &row.scale);
    } else if (lhs->type == GEMM_F16) {
        row.row = row_parameters(lhs, m, true, &row.scale);
    } else if (lhs->rows) {
        row.row = lhs->rows[m];
    } else {
        row.row.zero_point = -1; /* PQS8: the right panel's sums count once */
    }
    return row;
}

static void read_row(const source *from, size_t first, size_t count, int8_t *bytes) {
    const gemm_lhs *lhs = from->lhs;
    if (lhs->type == GEMM_I8) {
        copy_taps(lhs, from->m, first, count, bytes);
    } else if (lhs->type == GEMM_F16) {
        quantize(lhs, from->m, first, count, true, from->scale, from->row.zero_point, bytes);
    } else {
        quantize(lhs, from->m, first, count, false, from->scale, from->row.zero_point, bytes);
    }
}

NEON_INLINE size_t left_size(size_t k, size_t mr) {
    return round_up((sizeof(int32_t) + sizeof(float) + neon_units(k) * NEON_UNIT) * mr, MEMORY_ALIGNMENT);
}
static size_t left_size_12(size_t k) { return left_size(k, 12); }
static size_t left_size_8(size_t k) { return left_size(k, 8); }
static size_t row_size(size_t k) { return left_size(k, 1); }

NEON_INLINE void pack_left(const gemm_lhs *lhs, size_t first, size_t count, void *panel, size_t mr, size_t kr) {
    const size_t k = lhs->tap_count * lhs->tap_length;
    int32_t *factor = panel;
    float *inverse_scale = (float *)(factor + mr);
    for (size_t m = 0; m < count; m += 4) {
        const size_t rows = min_size(4, count - m);
        int8_t bytes[4][CHUNK] = {0};
        source from[4];
        for (size_t i = 0; i < 4; i++) {
            if (i < rows) from[i] = open_row(lhs, first + m + i);
            factor[m + i] = i < rows ? -from[i].row.zero_point : 0;
            inverse_scale[m + i] = i < rows ? from[i].row.inverse_scale : 0;
        }
        char *packed = (char *)(inverse_scale + mr) + m * kr;
        for (size_t done = 0; done < k; done += CHUNK) {
            const size_t length = min_size(CHUNK, k - done);
            for (size_t i = 0; i < rows; i++) {
                read_row(&from[i], done, length, bytes[i]);
                if (length % NEON_UNIT) memset(bytes[i] + length, 0, NEON_UNIT - length % NEON_UNIT);
            }
            for (size_t u = 0; u < length; u += NEON_UNIT, packed += NEON_UNIT * mr) {
                interleave(bytes, u, packed, mr, kr);
            }
        }
    }
}
static void pack_left_12x4(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    pack_left(lhs, first, count, panel, 12, 4);
}
static void pack_left_12x8(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    pack_left(lhs, first, count, panel, 12, 8);
}
static void pack_left_8x4(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    pack_left(lhs, first, count, panel, 8, 4);
}

/* For the one-row kernels: k in order. */
static void pack_row(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    if (count == 0) return;
    const size_t k = lhs->tap_count * lhs->tap_length;
    const source from = open_row(lhs, first);
    int32_t *factor = panel;
    float *inverse_scale = (float *)(factor + 1);
    int8_t *bytes = (int8_t *)(inverse_scale + 1);
    *factor = -from.row.zero_point;
    *inverse_scale = from.row.inverse_scale;
    read_row(&from, 0, k, bytes);
    memset(bytes + k, 0, round_up(k, NEON_UNIT) - k);
}

const gemm_lhs_packing neon_left_8x4 = {"8x4_i8_neon", 8, 4, left_size_8, pack_left_8x4};
const gemm_lhs_packing neon_left_12x4 = {"12x4_i8_neon", 12, 4, left_size_12, pack_left_12x4};
const gemm_lhs_packing neon_left_12x8 = {"12x8_i8_neon", 12, 8, left_size_12, pack_left_12x8};
const gemm_lhs_packing neon_left_row = {"1x8_i8_neon", 1, NEON_UNIT, row_size, pack_row};

/* ---- right ---- */

/* Weights [first, first + count) of column n. `first` is even. */
static void read_column(const gemm_rhs *rhs, size_t n, size_t first, size_t count, int8_t *bytes) {
    size_t k = 0;
    if (rhs->type == GEMM_I4) {
        const uint8_t *pairs = (const uint8_t *)rhs->data + n * rhs->n_stride + first / 2;
        for (; k + 16 <= count; k += 16) {
            const uint8x8_t pair = vld1_u8(pairs + k / 2);
            const uint8x8x2_t nibbles = {{vand_u8(pair, vdup_n_u8(15)), vshr_n_u8(pair, 4)}};
            const uint8x8_t first8 = vzip1_u8(nibbles.val[0], nibbles.val[1]);
            const uint8x8_t last8 = vzip2_u8(nibbles.val[0], nibbles.val[1]);
            vst1q_s8(bytes + k, vsubq_s8(vreinterpretq_s8_u8(vcombine_u8(first8, last8)), vdupq_n_s8(8)));
        }
    } else if (rhs->k_stride == 1) {
        memcpy(bytes, (const int8_t *)rhs->data + n * rhs->n_stride + first, count);
        return;
    }
    for (; k < count; k++) bytes[k] = rhs_int(rhs, n, first + k);
}

static int32_t add_bytes(const int8_t *bytes, size_t count) {
    int32x4_t sum = {0};
    for (size_t k = 0; k < count; k += 16) sum = vpadalq_s16(sum, vpaddlq_s8(vld1q_s8(bytes + k)));
    return vaddvq_s32(sum);
}

/* Packs `length` k of the eight columns from `start`; adds each one's weights to `sums`. Gives the end. */
NEON_INLINE char *pack_units(const gemm_rhs *rhs, size_t start, size_t first, size_t length, char *packed,
                             int32_t sums[NEON_NR], bool nibbles, size_t kr) {
    const size_t columns = min_size(NEON_NR, rhs->n - start);
    int8_t bytes[NEON_NR][CHUNK] = {0};
    for (size_t end = first + length; first < end; first += CHUNK) {
        const size_t count = min_size(CHUNK, end - first);
        for (size_t c = 0; c < columns; c++) {
            read_column(rhs, start + c, first, count, bytes[c]);
            memset(bytes[c] + count, 0, round_up(count, 16) - count);
            sums[c] += add_bytes(bytes[c], count);
        }
        for (size_t u = 0; u < count; u += NEON_UNIT) {
            char unit[NEON_UNIT * NEON_NR];
            char *whole = nibbles ? unit : packed;
            interleave(bytes, u, whole, NEON_NR, kr);
            interleave(bytes + 4, u, whole + 4 * kr, NEON_NR, kr);
            for (size_t i = 0; nibbles && i < sizeof unit; i += 32) {
                const int8x16_t low = vandq_s8(vld1q_s8((int8_t *)unit + i), vdupq_n_s8(15));
                const int8x16_t high = vshlq_n_s8(vld1q_s8((int8_t *)unit + i + 16), 4);
                vst1q_s8((int8_t *)packed + i / 2, vorrq_s8(low, high));
            }
            packed += nibbles ? sizeof unit / 2 : sizeof unit;
        }
    }
    return packed;
}

NEON_INLINE void pack_right(const gemm_rhs *rhs, size_t first, size_t count, char *panel, neon_right kind,
                            size_t kr) {
    const size_t size = neon_right_bytes(rhs->k, rhs->block, kind);
    for (size_t p = first; p < first + count; p++, panel += size) {
        const size_t start = p * NEON_NR, columns = min_size(NEON_NR, rhs->n - start);
        neon_right_head head = {0};
        char *packed = panel + sizeof head;
        if (kind == NEON_BLOCKS) {
            const size_t blocks = rhs->k / rhs->block;
            for (size_t b = 0; b < blocks; b++) {
                uint16_t scales[NEON_NR] = {0};
                int32_t sums[NEON_NR] = {0};
                char *body = packed + sizeof scales;
                char *end = pack_units(rhs, start, b * rhs->block, rhs->block, body, sums, true, kr);
                for (size_t c = 0; c < columns; c++) {
                    scales[c] = rhs->block_scale[(start + c) * blocks + b];
                    head.scale[c] += float_of_bf16(scales[c]) * (float)sums[c];
                }
                memcpy(packed, scales, sizeof scales);
                packed = end;
            }
        } else {
            packed = pack_units(rhs, start, 0, rhs->k, packed, head.sums, kind == NEON_NIBBLES, kr);
        }
        memset(packed, 0, (size_t)(panel + size - packed));
        for (size_t c = 0; c < columns; c++) {
            const size_t n = start + c;
            if (kind == NEON_NIBBLES) head.sums[c] *= 16;
            if (kind == NEON_STATIC) { /* wraps */
                const uint32_t shift = (uint32_t)rhs->lhs_zero_point * (uint32_t)head.sums[c];
                head.sums[c] = (int32_t)((rhs->bias_i32 ? (uint32_t)rhs->bias_i32[n] : 0) - shift);
            }
            if (kind != NEON_BLOCKS) head.scale[c] = rhs->scale[n];
            head.bias[c] = rhs_bias(rhs, n);
        }
        memcpy(panel, &head, sizeof head);
    }
}

#define PACK(symbol, kind, kr)                                                                                       \
    static void symbol(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {                              \
        pack_right(rhs, first, count, packed, kind, kr);                                                             \
    }
PACK(pack_bytes_kr4, NEON_BYTES, 4)
PACK(pack_nibbles_kr4, NEON_NIBBLES, 4)
PACK(pack_blocks_kr4, NEON_BLOCKS, 4)
PACK(pack_static_kr4, NEON_STATIC, 4)
PACK(pack_bytes_kr8, NEON_BYTES, 8)
PACK(pack_nibbles_kr8, NEON_NIBBLES, 8)
PACK(pack_blocks_kr8, NEON_BLOCKS, 8)
PACK(pack_static_kr8, NEON_STATIC, 8)

static size_t bytes_size(size_t k, size_t block) { return neon_right_bytes(k, block, NEON_BYTES); }
static size_t nibbles_size(size_t k, size_t block) { return neon_right_bytes(k, block, NEON_NIBBLES); }
static size_t blocks_size(size_t k, size_t block) { return neon_right_bytes(k, block, NEON_BLOCKS); }

const gemm_rhs_packing neon_right_kr4[] = {
    [NEON_BYTES] = {"8x4_i8_neon", NEON_NR, 4, bytes_size, pack_bytes_kr4},
    [NEON_NIBBLES] = {"8x4_i4_neon", NEON_NR, 4, nibbles_size, pack_nibbles_kr4},
    [NEON_BLOCKS] = {"8x4_i4_blocks_neon", NEON_NR, 4, blocks_size, pack_blocks_kr4},
    [NEON_STATIC] = {"8x4_i8_static_neon", NEON_NR, 4, bytes_size, pack_static_kr4},
};
const gemm_rhs_packing neon_right_kr8[] = {
    [NEON_BYTES] = {"8x8_i8_neon", NEON_NR, 8, bytes_size, pack_bytes_kr8},
    [NEON_NIBBLES] = {"8x8_i4_neon", NEON_NR, 8, nibbles_size, pack_nibbles_kr8},
    [NEON_BLOCKS] = {"8x8_i4_blocks_neon", NEON_NR, 8, blocks_size, pack_blocks_kr8},
    [NEON_STATIC] = {"8x8_i8_static_neon", NEON_NR, 8, bytes_size, pack_static_kr8},
};
