/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer kernels on SMMLA: eight k of two rows with two columns at once. The one-row kernels read the same panels
 * with SDOT.
 */
#include "kernel/gemm/int_neon.h"

/* Pairs of columns. */
typedef struct right_unit {
    int8x16_t v[4];
} right_unit;

enum { MR = 12, ROW_SUMS = 4, SPAN = 4, UNROLL = 1, ROW_UNROLL = 4 };

NEON_INLINE right_unit load_unit(const char *at, bool nibbles) {
    const int8_t *bytes = (const int8_t *)at;
    right_unit unit;
    UNROLLED (int i = 0; i < 4; i++) {
        const int8x16_t pair = vld1q_s8(bytes + 16 * (nibbles ? i / 2 : i));
        if (!nibbles)
            unit.v[i] = pair;
        else
            unit.v[i] = i % 2 ? vandq_s8(pair, vdupq_n_s8((int8_t)0xf0)) : vshlq_n_s8(pair, 4);
    }
    return unit;
}

/* sum[q] as [two pairs of rows][four pairs of columns]: in each (0, 0), (0, 1), (1, 0), (1, 1). */
NEON_INLINE void tile_step(int32x4_t sum[][4][2], const char *left, right_unit right, size_t quads) {
    UNROLLED (size_t q = 0; q < quads; q++)
        UNROLLED (size_t i = 0; i < 8; i++) {
            const int8x16_t rows = vld1q_s8((const int8_t *)left + 32 * q + 16 * (i / 4));
            sum[q][i / 2][i % 2] = vmmlaq_s32(sum[q][i / 2][i % 2], rows, right.v[i % 4]);
        }
}

NEON_INLINE void tile_settle(int32x4_t sum[][4][2], size_t quads) {
    UNROLLED (size_t q = 0; q < quads; q++)
        UNROLLED (int i = 0; i < 4; i += 2)
            UNROLLED (int j = 0; j < 2; j++) {
                const int64x2_t a = vreinterpretq_s64_s32(sum[q][i + j][0]),
                                b = vreinterpretq_s64_s32(sum[q][i + j][1]);
                sum[q][i + j][0] = vreinterpretq_s32_s64(vzip1q_s64(a, b)); /* of the first row */
                sum[q][i + j][1] = vreinterpretq_s32_s64(vzip2q_s64(a, b));
            }
    UNROLLED (size_t q = 0; q < quads; q++)
        UNROLLED (int i = 0; i < 4; i += 2) {
            const int32x4_t second = sum[q][i][1];
            sum[q][i][1] = sum[q][i + 1][0];
            sum[q][i + 1][0] = second;
        }
}

NEON_INLINE void row_step(int32x4_t sum[ROW_SUMS], const int8_t *left, right_unit right) {
    const int8x16_t row = vreinterpretq_s8_s64(vld1q_dup_s64((const int64_t *)left));
    UNROLLED (int i = 0; i < 4; i++) sum[i] = vdotq_s32(sum[i], right.v[i], row);
}

NEON_INLINE void row_settle(const int32x4_t sum[ROW_SUMS], int32x4_t columns[2]) {
    columns[0] = vpaddq_s32(sum[0], sum[1]);
    columns[1] = vpaddq_s32(sum[2], sum[3]);
}

#include "kernel/gemm/int_tile.h"

#define I8MM (CPU_NEON | CPU_DOTPROD | CPU_I8MM)
#define ROW(symbol, variant, mr, right, left, run)                                                                   \
    const gemm_kernel symbol = {#symbol, variant, I8MM, mr, NEON_NR, 8, neon_right_kr8 + right, left, run, NULL, 0};
ROW(qp8_f32_qc8w_gemm_12x8_i8mm, GEMM_QP8_F32_QC8W, MR, NEON_BYTES, &neon_left_12x8, gemm_bytes)
ROW(qp8_f32_qc8w_gemv_1x8_i8mm, GEMM_QP8_F32_QC8W, 1, NEON_BYTES, &neon_left_row, gemv_bytes)
ROW(qp8_f32_qc4w_gemm_12x8_i8mm, GEMM_QP8_F32_QC4W, MR, NEON_NIBBLES, &neon_left_12x8, gemm_nibbles)
ROW(qp8_f32_qc4w_gemv_1x8_i8mm, GEMM_QP8_F32_QC4W, 1, NEON_NIBBLES, &neon_left_row, gemv_nibbles)
ROW(qp8_f32_qb4w_gemm_12x8_i8mm, GEMM_QP8_F32_QB4W, MR, NEON_BLOCKS, &neon_left_12x8, gemm_blocks)
ROW(qp8_f32_qb4w_gemv_1x8_i8mm, GEMM_QP8_F32_QB4W, 1, NEON_BLOCKS, &neon_left_row, gemv_blocks)
ROW(pqs8_qc8w_gemm_12x8_i8mm, GEMM_PQS8_QC8W, MR, NEON_STATIC, &neon_left_12x8, gemm_static)
ROW(pqs8_qc8w_gemv_1x8_i8mm, GEMM_PQS8_QC8W, 1, NEON_STATIC, &neon_left_row, gemv_static)
