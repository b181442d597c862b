/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer kernels on SDOT: four k of one row with four columns at once.
 */
#include "kernel/gemm/int_neon.h"

/* [two groups of four k][two vectors of four columns] */
typedef struct right_unit {
    int8x16_t v[2][2];
} right_unit;

enum { MR = 12, ROW_SUMS = 2, SPAN = 4, UNROLL = 4, ROW_UNROLL = 4 };

NEON_INLINE right_unit load_unit(const char *at, bool nibbles) {
    const int8_t *bytes = (const int8_t *)at;
    right_unit unit;
    UNROLLED (int g = 0; g < 2; g++) {
        if (nibbles) {
            const int8x16_t pair = vld1q_s8(bytes + 16 * g);
            unit.v[g][0] = vshlq_n_s8(pair, 4);
            unit.v[g][1] = vandq_s8(pair, vdupq_n_s8((int8_t)0xf0));
        } else {
            unit.v[g][0] = vld1q_s8(bytes + 32 * g);
            unit.v[g][1] = vld1q_s8(bytes + 32 * g + 16);
        }
    }
    return unit;
}

NEON_INLINE void tile_step(int32x4_t sum[][4][2], const char *left, right_unit right, size_t quads) {
    UNROLLED (int g = 0; g < 2; g++)
        UNROLLED (size_t q = 0; q < quads; q++) {
            const int8x16_t rows = vld1q_s8((const int8_t *)left + (size_t)g * 4 * MR + 16 * q);
            UNROLLED (int j = 0; j < 2; j++) {
                sum[q][0][j] = vdotq_laneq_s32(sum[q][0][j], right.v[g][j], rows, 0);
                sum[q][1][j] = vdotq_laneq_s32(sum[q][1][j], right.v[g][j], rows, 1);
                sum[q][2][j] = vdotq_laneq_s32(sum[q][2][j], right.v[g][j], rows, 2);
                sum[q][3][j] = vdotq_laneq_s32(sum[q][3][j], right.v[g][j], rows, 3);
            }
        }
}

NEON_INLINE void tile_settle(int32x4_t sum[][4][2], size_t quads) { (void)sum, (void)quads; }

NEON_INLINE void row_step(int32x4_t sum[ROW_SUMS], const int8_t *left, right_unit right) {
    const int8x8_t row = vld1_s8(left);
    UNROLLED (int j = 0; j < 2; j++) {
        sum[j] = vdotq_lane_s32(sum[j], right.v[0][j], row, 0);
        sum[j] = vdotq_lane_s32(sum[j], right.v[1][j], row, 1);
    }
}

NEON_INLINE void row_settle(const int32x4_t sum[ROW_SUMS], int32x4_t columns[2]) {
    columns[0] = sum[0];
    columns[1] = sum[1];
}

#include "kernel/gemm/int_tile.h"

#define ROW(symbol, variant, mr, right, left, run)                                                                   \
    const gemm_kernel symbol = {                                                                                     \
        #symbol, variant, CPU_NEON | CPU_DOTPROD, mr, NEON_NR, 4, neon_right_kr4 + right, left, run, NULL, 0};
ROW(qp8_f32_qc8w_gemm_12x8_dotprod, GEMM_QP8_F32_QC8W, MR, NEON_BYTES, &neon_left_12x4, gemm_bytes)
ROW(qp8_f32_qc8w_gemv_1x8_dotprod, GEMM_QP8_F32_QC8W, 1, NEON_BYTES, &neon_left_row, gemv_bytes)
ROW(qp8_f32_qc4w_gemm_12x8_dotprod, GEMM_QP8_F32_QC4W, MR, NEON_NIBBLES, &neon_left_12x4, gemm_nibbles)
ROW(qp8_f32_qc4w_gemv_1x8_dotprod, GEMM_QP8_F32_QC4W, 1, NEON_NIBBLES, &neon_left_row, gemv_nibbles)
ROW(qp8_f32_qb4w_gemm_12x8_dotprod, GEMM_QP8_F32_QB4W, MR, NEON_BLOCKS, &neon_left_12x4, gemm_blocks)
ROW(qp8_f32_qb4w_gemv_1x8_dotprod, GEMM_QP8_F32_QB4W, 1, NEON_BLOCKS, &neon_left_row, gemv_blocks)
ROW(pqs8_qc8w_gemm_12x8_dotprod, GEMM_PQS8_QC8W, MR, NEON_STATIC, &neon_left_12x4, gemm_static)
ROW(pqs8_qc8w_gemv_1x8_dotprod, GEMM_PQS8_QC8W, 1, NEON_STATIC, &neon_left_row, gemv_static)
