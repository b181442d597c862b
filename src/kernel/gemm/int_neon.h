/* SPDX-License-Identifier: Apache-2.0
 *
 * Operands and epilogues of the AArch64 integer kernels. The unit of all of them is eight k of every row or column:
 *   left   mr factors (int32), mr inverse scales (float), then for each eight k  [8/kr][mr][kr] int8
 *   right  a head (neon_right_head), then for each eight k  [8/kr][8 columns][kr] int8, 64 bytes, or as nibbles:
 *          of four vectors of 16 bytes the first two, then the last two, share bytes, low and high nibble
 *   blocks each block's nibbles come after its NEON_NR scales in bf16
 * k is padded with zeros to whole units; panels with zeros to whole tiles, but for left quads that no row reaches.
 * Nibbles are read as multiples of 16, which costs an instruction less and is undone by vcvtq_n_f32_s32.
 */
#ifndef KERNEL_GEMM_INT_NEON_H
#define KERNEL_GEMM_INT_NEON_H

#include "kernel/gemm/neon.h"

enum { NEON_UNIT = 8 };

/* What a right panel holds, by variant: QC8W, QC4W, QB4W, PQS8. */
typedef enum neon_right { NEON_BYTES, NEON_NIBBLES, NEON_BLOCKS, NEON_STATIC } neon_right;

/* Σ(q − zp)·w = Σ q·w − zp·Σ w: the columns' sums (of 16·w where w are nibbles) count `factor` = −zp times. PQS8 knows
 * its zero point when packing: its sums are bias − zp·Σ w, and its rows' factor is 1. */
typedef struct neon_left {
    const int32_t *factor;
    const float *inverse_scale;
    const char *units;
} neon_left;

NEON_INLINE neon_left neon_open_left(const void *panel, size_t mr) {
    const int32_t *factor = panel;
    const float *inverse_scale = (const float *)(factor + mr);
    return (neon_left){factor, inverse_scale, (const char *)(inverse_scale + mr)};
}

typedef struct neon_right_head {
    int32_t sums[NEON_NR];
    float scale[NEON_NR]; /* NEON_BLOCKS: the sums, Σ_blocks scale · Σ w */
    float bias[NEON_NR];
} neon_right_head;

extern const gemm_lhs_packing neon_left_8x4, neon_left_12x4, neon_left_12x8, neon_left_row; /* mr × kr */
extern const gemm_rhs_packing neon_right_kr4[4], neon_right_kr8[4];                         /* by neon_right */

static inline size_t neon_units(size_t k) { return divide_up(k, NEON_UNIT); }

static inline size_t neon_unit_bytes(neon_right kind) {
    return kind == NEON_BYTES || kind == NEON_STATIC ? NEON_UNIT * NEON_NR : NEON_UNIT * NEON_NR / 2;
}

static inline size_t neon_right_bytes(size_t k, size_t block, neon_right kind) {
    const size_t scales = kind == NEON_BLOCKS ? k / block * NEON_NR * sizeof(uint16_t) : 0;
    return round_up(sizeof(neon_right_head) + scales + neon_units(k) * neon_unit_bytes(kind), MEMORY_ALIGNMENT);
}

/* ---- from sums to results: eight columns of one row; each float operation rounds, in the contract's order ---- */

/* The head of a right panel and the clamp of a tile, in registers. */
typedef struct neon_columns {
    int32x4_t sums[2];
    float32x4_t scale[2], bias[2];
    neon_range range;
    int16x8_t zero_point;
    int8x8_t qmin, qmax;
} neon_columns;

NEON_INLINE neon_columns neon_load_columns(const neon_right_head *head, const gemm_tile *tile) {
    return (neon_columns){.sums = {vld1q_s32(head->sums), vld1q_s32(head->sums + 4)},
                          .scale = {vld1q_f32(head->scale), vld1q_f32(head->scale + 4)},
                          .bias = {vld1q_f32(head->bias), vld1q_f32(head->bias + 4)},
                          .range = neon_load_range(tile),
                          .zero_point = vdupq_n_s16((int16_t)tile->zero_point),
                          .qmin = vdup_n_s8((int8_t)tile->qmin),
                          .qmax = vdup_n_s8((int8_t)tile->qmax)};
}

NEON_INLINE void neon_store_channel(char *at, const int32x4_t sum[2], int32_t factor, float inverse_scale,
                                    const neon_columns *columns, neon_right kind) {
    float32x4_t x[2];
    UNROLLED (int j = 0; j < 2; j++) {
        const int32x4_t total = vmlaq_n_s32(sum[j], columns->sums[j], factor);
        x[j] = kind == NEON_NIBBLES ? vcvtq_n_f32_s32(total, 4) : vcvtq_f32_s32(total);
        x[j] = vmulq_f32(vmulq_n_f32(x[j], inverse_scale), columns->scale[j]);
        x[j] = neon_clamp(vaddq_f32(x[j], columns->bias[j]), columns->range);
    }
    neon_store_f32(at, x[0], x[1]);
}

NEON_INLINE void neon_store_static(char *at, const int32x4_t sum[2], const neon_columns *columns) {
    int32x4_t q[2];
    UNROLLED (int j = 0; j < 2; j++) {
        const float32x4_t total = vcvtq_f32_s32(vaddq_s32(sum[j], columns->sums[j]));
        q[j] = vcvtnq_s32_f32(vmulq_f32(total, columns->scale[j]));
    }
    const int16x8_t shifted = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(q[0]), q[1]), columns->zero_point);
    vst1_s8((int8_t *)at, vmin_s8(vmax_s8(vqmovn_s16(shifted), columns->qmin), columns->qmax));
}

NEON_INLINE void neon_load_bf16(const void *at, float32x4_t x[2]) {
    const uint16x8_t bits = vld1q_u16(at);
    x[0] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(bits), 16));
    x[1] = vreinterpretq_f32_u32(vshll_high_n_u16(bits, 16));
}

/* Adds a block's sums, times its scales, to the row's running totals. */
NEON_INLINE void neon_add_block(float32x4_t total[2], const int32x4_t sum[2], const float32x4_t scale[2]) {
    UNROLLED (int j = 0; j < 2; j++) total[j] = vfmaq_f32(total[j], vcvtq_n_f32_s32(sum[j], 4), scale[j]);
}

NEON_INLINE void neon_store_blocks(char *at, const float32x4_t total[2], int32_t factor, float inverse_scale,
                                   const neon_columns *columns) {
    float32x4_t x[2];
    UNROLLED (int j = 0; j < 2; j++) {
        x[j] = vmulq_n_f32(vfmaq_n_f32(total[j], columns->scale[j], (float)factor), inverse_scale);
        x[j] = neon_clamp(vaddq_f32(x[j], columns->bias[j]), columns->range);
    }
    neon_store_f32(at, x[0], x[1]);
}

#endif
