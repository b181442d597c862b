/* SPDX-License-Identifier: Apache-2.0
 *
 * Operands and epilogues of the AArch64 integer kernels. The unit of all of them is eight k of every row or column:
 *   left   a head (neon_left_head), then for each eight k  [8/kr][rows][kr] int8
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

/* Σ(q − zp)·w = Σ q·w − zp·Σ w: `sums` (of 16·w where w are nibbles) count `factor` = −zp times. PQS8 knows its zero
 * point when packing: its sums are bias − zp·Σ w, and its rows' factor is 1. */
typedef struct neon_left_head {
    int32_t factor[NEON_MR];
    float inverse_scale[NEON_MR];
} neon_left_head;

/* The one-row kernels' panels: k in order. */
typedef struct neon_row_head {
    int32_t factor;
    float inverse_scale;
} neon_row_head;

typedef struct neon_right_head {
    int32_t sums[NEON_NR];
    float scale[NEON_NR]; /* NEON_BLOCKS: the sums, Σ_blocks scale · Σ w */
    float bias[NEON_NR];
} neon_right_head;

extern const gemm_lhs_packing neon_left_kr4, neon_left_kr8, neon_left_row;
extern const gemm_rhs_packing neon_right_kr4[4], neon_right_kr8[4]; /* by neon_right */

static inline size_t neon_units(size_t k) { return divide_up(k, NEON_UNIT); }

static inline size_t neon_unit_bytes(neon_right kind) {
    return kind == NEON_BYTES || kind == NEON_STATIC ? NEON_UNIT * NEON_NR : NEON_UNIT * NEON_NR / 2;
}

static inline size_t neon_right_bytes(size_t k, size_t block, neon_right kind) {
    const size_t scales = kind == NEON_BLOCKS ? k / block * NEON_NR * sizeof(uint16_t) : 0;
    return round_up(sizeof(neon_right_head) + scales + neon_units(k) * neon_unit_bytes(kind), MEMORY_ALIGNMENT);
}

/* ---- from sums to results: eight columns of one row; each float operation rounds, in the contract's order ---- */

NEON_INLINE float32x4_t neon_scaled(float32x4_t sum, float inverse_scale, const neon_right_head *head, int j) {
    return vmulq_f32(vmulq_n_f32(sum, inverse_scale), vld1q_f32(head->scale + 4 * j));
}

NEON_INLINE void neon_store_channel(char *at, const int32x4_t sum[2], int32_t factor, float inverse_scale,
                                    const neon_right_head *head, const gemm_tile *tile, neon_right kind) {
    float32x4_t x[2];
    UNROLLED (int j = 0; j < 2; j++) {
        const int32x4_t total = vmlaq_n_s32(sum[j], vld1q_s32(head->sums + 4 * j), factor);
        x[j] = neon_scaled(kind == NEON_NIBBLES ? vcvtq_n_f32_s32(total, 4) : vcvtq_f32_s32(total), inverse_scale,
                           head, j);
        x[j] = neon_clamp(vaddq_f32(x[j], vld1q_f32(head->bias + 4 * j)), tile);
    }
    neon_store_f32(at, x[0], x[1]);
}

NEON_INLINE void neon_store_static(char *at, const int32x4_t sum[2], const neon_right_head *head,
                                   const gemm_tile *tile) {
    int32x4_t q[2];
    UNROLLED (int j = 0; j < 2; j++) {
        const float32x4_t total = vcvtq_f32_s32(vaddq_s32(sum[j], vld1q_s32(head->sums + 4 * j)));
        q[j] = vcvtnq_s32_f32(vmulq_f32(total, vld1q_f32(head->scale + 4 * j)));
    }
    const int16x8_t offset = vdupq_n_s16((int16_t)tile->zero_point);
    const int8x8_t saturated = vqmovn_s16(vqaddq_s16(vqmovn_high_s32(vqmovn_s32(q[0]), q[1]), offset));
    const int8x8_t low = vdup_n_s8((int8_t)tile->qmin), high = vdup_n_s8((int8_t)tile->qmax);
    vst1_s8((int8_t *)at, vmin_s8(vmax_s8(saturated, low), high));
}

/* Adds a block's sums, times its bf16 scales, to the row's running totals. */
NEON_INLINE void neon_add_block(float32x4_t total[2], const int32x4_t sum[2], const void *scales) {
    const uint16x8_t scale = vld1q_u16(scales);
    total[0] =
        vfmaq_f32(total[0], vcvtq_n_f32_s32(sum[0], 4), vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(scale), 16)));
    total[1] = vfmaq_f32(total[1], vcvtq_n_f32_s32(sum[1], 4), vreinterpretq_f32_u32(vshll_high_n_u16(scale, 16)));
}

NEON_INLINE void neon_store_blocks(char *at, const float32x4_t total[2], int32_t factor, float inverse_scale,
                                   const neon_right_head *head, const gemm_tile *tile) {
    float32x4_t x[2];
    UNROLLED (int j = 0; j < 2; j++) {
        x[j] = vfmaq_n_f32(total[j], vld1q_f32(head->scale + 4 * j), (float)factor);
        x[j] = neon_clamp(vaddq_f32(vmulq_n_f32(x[j], inverse_scale), vld1q_f32(head->bias + 4 * j)), tile);
    }
    neon_store_f32(at, x[0], x[1]);
}

#endif
