/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer kernels for every AArch64: products of int16 by SMLAL, on the operands of the SDOT kernels.
 */
#include "kernel/gemm/int_neon.h"

/* [two groups of four k][k]: eight columns as int16 */
typedef struct right_unit {
    int16x8_t v[2][4];
} right_unit;

enum { MR = 8, ROW_SUMS = 2, SPAN = 2, UNROLL = 1, ROW_UNROLL = 4 };

NEON_INLINE right_unit load_unit(const char *at, bool nibbles) {
    const int8_t *bytes = (const int8_t *)at;
    right_unit unit;
    if (nibbles) { /* of each k: four columns of the first group, four of the second */
        const int8x8x4_t pairs = vld4_s8(bytes);
        UNROLLED (int k = 0; k < 4; k++) {
            const int32x2_t low = vreinterpret_s32_s8(vshl_n_s8(pairs.val[k], 4));
            const int32x2_t high = vreinterpret_s32_s8(vand_s8(pairs.val[k], vdup_n_s8((int8_t)0xf0)));
            unit.v[0][k] = vmovl_s8(vreinterpret_s8_s32(vzip1_s32(low, high)));
            unit.v[1][k] = vmovl_s8(vreinterpret_s8_s32(vzip2_s32(low, high)));
        }
    } else {
        UNROLLED (int g = 0; g < 2; g++) {
            const int8x8x4_t group = vld4_s8(bytes + 32 * g);
            UNROLLED (int k = 0; k < 4; k++) unit.v[g][k] = vmovl_s8(group.val[k]);
        }
    }
    return unit;
}

/* Four k of one row, one in each lane of `left`. */
NEON_INLINE void add_products(int32x4_t sum[2], const int16x8_t right[4], int16x4_t left) {
    sum[0] = vmlal_lane_s16(sum[0], vget_low_s16(right[0]), left, 0);
    sum[1] = vmlal_high_lane_s16(sum[1], right[0], left, 0);
    sum[0] = vmlal_lane_s16(sum[0], vget_low_s16(right[1]), left, 1);
    sum[1] = vmlal_high_lane_s16(sum[1], right[1], left, 1);
    sum[0] = vmlal_lane_s16(sum[0], vget_low_s16(right[2]), left, 2);
    sum[1] = vmlal_high_lane_s16(sum[1], right[2], left, 2);
    sum[0] = vmlal_lane_s16(sum[0], vget_low_s16(right[3]), left, 3);
    sum[1] = vmlal_high_lane_s16(sum[1], right[3], left, 3);
}

NEON_INLINE void tile_step(int32x4_t sum[][4][2], const char *left, right_unit right, size_t quads) {
    UNROLLED (int g = 0; g < 2; g++)
        UNROLLED (size_t q = 0; q < quads; q++) {
            const int8x16_t bytes = vld1q_s8((const int8_t *)left + g * 4 * MR + 16 * q);
            const int16x8_t first = vmovl_s8(vget_low_s8(bytes)), last = vmovl_high_s8(bytes);
            add_products(sum[q][0], right.v[g], vget_low_s16(first));
            add_products(sum[q][1], right.v[g], vget_high_s16(first));
            add_products(sum[q][2], right.v[g], vget_low_s16(last));
            add_products(sum[q][3], right.v[g], vget_high_s16(last));
        }
}

NEON_INLINE void tile_settle(int32x4_t sum[][4][2], size_t quads) { (void)sum, (void)quads; }

NEON_INLINE void row_step(int32x4_t sum[ROW_SUMS], const int8_t *left, right_unit right) {
    const int16x8_t row = vmovl_s8(vld1_s8(left));
    add_products(sum, right.v[0], vget_low_s16(row));
    add_products(sum, right.v[1], vget_high_s16(row));
}

NEON_INLINE void row_settle(const int32x4_t sum[ROW_SUMS], int32x4_t columns[2]) {
    columns[0] = sum[0];
    columns[1] = sum[1];
}

#include "kernel/gemm/int_tile.h"

#define ROW(symbol, variant, mr, right, left, run)                                                                   \
    const gemm_kernel symbol = {#symbol, variant, CPU_NEON, mr, NEON_NR, 4, neon_right_kr4 + right,                  \
                                left,    run,     NULL,     0};
ROW(qp8_f32_qc8w_gemm_8x8_neon, GEMM_QP8_F32_QC8W, MR, NEON_BYTES, &neon_left_8x4, gemm_bytes)
ROW(qp8_f32_qc8w_gemv_1x8_neon, GEMM_QP8_F32_QC8W, 1, NEON_BYTES, &neon_left_row, gemv_bytes)
ROW(qp8_f32_qc4w_gemm_8x8_neon, GEMM_QP8_F32_QC4W, MR, NEON_NIBBLES, &neon_left_8x4, gemm_nibbles)
ROW(qp8_f32_qc4w_gemv_1x8_neon, GEMM_QP8_F32_QC4W, 1, NEON_NIBBLES, &neon_left_row, gemv_nibbles)
ROW(qp8_f32_qb4w_gemm_8x8_neon, GEMM_QP8_F32_QB4W, MR, NEON_BLOCKS, &neon_left_8x4, gemm_blocks)
ROW(qp8_f32_qb4w_gemv_1x8_neon, GEMM_QP8_F32_QB4W, 1, NEON_BLOCKS, &neon_left_row, gemv_blocks)
ROW(pqs8_qc8w_gemm_8x8_neon, GEMM_PQS8_QC8W, MR, NEON_STATIC, &neon_left_8x4, gemm_static)
ROW(pqs8_qc8w_gemv_1x8_neon, GEMM_PQS8_QC8W, 1, NEON_STATIC, &neon_left_row, gemv_static)
