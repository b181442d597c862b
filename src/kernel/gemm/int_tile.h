/* SPDX-License-Identifier: Apache-2.0
 *
 * The integer GEMM kernels of AArch64, but for their inner step. Each instruction set includes this once, after it
 * has said how eight k are multiplied:
 *
 *   right_unit                            eight k of NEON_NR columns, decoded
 *   right_unit load_unit(at, nibbles)
 *   void tile_step(sum, left, unit, quads)  adds eight k, `left` at [8/kr][MR][kr]
 *   void tile_settle(sum, quads)            sums as they were added → sum[quad][row][two vectors of four columns]
 *   ROW_SUMS, row_step(sum, left, unit), row_settle(sum, columns)   the same for one row, `left` eight int8
 *   MR, SPAN                              rows of a tile; panels that the one-row kernels take side by side
 *   UNROLL, ROW_UNROLL                    how often each kind of loop over units is unrolled
 */
#include "kernel/gemm/int_neon.h"

NEON_INLINE void multiply_channels(const gemm_tile *tile, size_t quads, neon_right kind) {
    const size_t size = kind == NEON_STATIC ? sizeof(int8_t) : sizeof(float);
    const size_t unit_bytes = neon_unit_bytes(kind);
    const neon_left rows = neon_open_left(tile->lhs, MR);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += NEON_NR, panel += neon_right_bytes(tile->k, 0, kind)) {
        const neon_right_head *head = (const neon_right_head *)panel;
        const char *left = rows.units, *right = (const char *)(head + 1);
        int32x4_t sum[MR / 4][4][2] = {0};
        _Pragma("GCC unroll UNROLL") for (size_t u = neon_units(tile->k); u > 0;
                                          u--, left += NEON_UNIT * MR, right += unit_bytes) {
            tile_step(sum, left, load_unit(right, kind == NEON_NIBBLES), quads);
        }
        tile_settle(sum, quads);

        const neon_columns columns = neon_load_columns(head, tile);
        char edge[NEON_EDGE_BYTES];
        const neon_out out = neon_open(tile, n, size, edge);
        UNROLLED (size_t q = 0; q < quads; q++)
            UNROLLED (size_t i = 0; i < 4; i++) {
                const size_t m = 4 * q + i;
                char *at = neon_row(&out, q, i, quads);
                if (kind == NEON_STATIC) {
                    neon_store_static(at, sum[q][i], &columns);
                } else {
                    neon_store_channel(at, sum[q][i], rows.factor[m], rows.inverse_scale[m], &columns, kind);
                }
            }
        neon_close(tile, n, size, &out);
    }
}

/* The totals of all blocks and the sums of one do not fit the registers together: the totals wait in memory. */
NEON_INLINE void multiply_blocks(const gemm_tile *tile, size_t quads) {
    const size_t unit_bytes = neon_unit_bytes(NEON_BLOCKS);
    const neon_left rows = neon_open_left(tile->lhs, MR);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += NEON_NR, panel += neon_right_bytes(tile->k, tile->block, NEON_BLOCKS)) {
        const neon_right_head *head = (const neon_right_head *)panel;
        const char *left = rows.units, *right = (const char *)(head + 1);
        float totals[MR][NEON_NR] = {0};
        for (size_t k = 0; k < tile->k; k += tile->block) {
            const char *scales = right;
            int32x4_t sum[MR / 4][4][2] = {0};
            right += NEON_NR * sizeof(uint16_t);
            for (size_t u = neon_units(tile->block) / UNROLL; u > 0; u--) /* a block has a multiple of four units */
                UNROLLED (int i = 0; i < UNROLL; i++, left += NEON_UNIT * MR, right += unit_bytes)
                    tile_step(sum, left, load_unit(right, true), quads);
            tile_settle(sum, quads);
            NEON_IN_MEMORY(totals);
            float32x4_t scale[2];
            neon_load_bf16(scales, scale);
            UNROLLED (size_t q = 0; q < quads; q++)
                UNROLLED (size_t i = 0; i < 4; i++) {
                    float *row = totals[4 * q + i];
                    float32x4_t total[2] = {vld1q_f32(row), vld1q_f32(row + 4)};
                    neon_add_block(total, sum[q][i], scale);
                    neon_store_f32((char *)row, total[0], total[1]);
                }
        }

        const neon_columns columns = neon_load_columns(head, tile);
        char edge[NEON_EDGE_BYTES];
        const neon_out out = neon_open(tile, n, sizeof(float), edge);
        for (size_t m = 0; m < tile->m; m++) {
            const float32x4_t total[2] = {vld1q_f32(totals[m]), vld1q_f32(totals[m] + 4)};
            neon_store_blocks(out.at + m * out.stride, total, rows.factor[m], rows.inverse_scale[m], &columns);
        }
        neon_close(tile, n, sizeof(float), &out);
    }
}

NEON_INLINE void multiply_row_channels(const gemm_tile *tile, size_t n, size_t panels, neon_right kind) {
    const size_t size = kind == NEON_STATIC ? sizeof(int8_t) : sizeof(float);
    const size_t unit_bytes = neon_unit_bytes(kind), panel_size = neon_right_bytes(tile->k, 0, kind);
    const neon_left row = neon_open_left(tile->lhs, 1);
    const int8_t *left = (const int8_t *)row.units;
    const char *panel = (const char *)tile->rhs + n / NEON_NR * panel_size, *right = panel + sizeof(neon_right_head);
    int32x4_t sum[SPAN][ROW_SUMS] = {0};
    _Pragma("GCC unroll ROW_UNROLL") for (size_t u = neon_units(tile->k); u > 0;
                                          u--, left += NEON_UNIT, right += unit_bytes) {
        UNROLLED (size_t p = 0; p < panels; p++)
            row_step(sum[p], left, load_unit(right + p * panel_size, kind == NEON_NIBBLES));
    }
    UNROLLED (size_t p = 0; p < panels; p++) {
        const neon_columns columns = neon_load_columns((const neon_right_head *)(panel + p * panel_size), tile);
        const size_t column = n + p * NEON_NR;
        char edge[NEON_EDGE_BYTES];
        const neon_out out = neon_open(tile, column, size, edge);
        int32x4_t total[2];
        row_settle(sum[p], total);
        if (kind == NEON_STATIC) {
            neon_store_static(out.at, total, &columns);
        } else {
            neon_store_channel(out.at, total, *row.factor, *row.inverse_scale, &columns, kind);
        }
        neon_close(tile, column, size, &out);
    }
}

NEON_INLINE void multiply_row_blocks(const gemm_tile *tile, size_t n, size_t panels) {
    const size_t unit_bytes = neon_unit_bytes(NEON_BLOCKS);
    const size_t panel_size = neon_right_bytes(tile->k, tile->block, NEON_BLOCKS);
    const neon_left row = neon_open_left(tile->lhs, 1);
    const int8_t *left = (const int8_t *)row.units;
    const char *panel = (const char *)tile->rhs + n / NEON_NR * panel_size, *right = panel + sizeof(neon_right_head);
    float32x4_t total[SPAN][2] = {0};
    for (size_t k = 0; k < tile->k; k += tile->block) {
        const char *scales = right;
        int32x4_t sum[SPAN][ROW_SUMS] = {0};
        right += NEON_NR * sizeof(uint16_t);
        _Pragma("GCC unroll ROW_UNROLL") for (size_t u = neon_units(tile->block); u > 0;
                                              u--, left += NEON_UNIT, right += unit_bytes) {
            UNROLLED (size_t p = 0; p < panels; p++) row_step(sum[p], left, load_unit(right + p * panel_size, true));
        }
        UNROLLED (size_t p = 0; p < panels; p++) {
            int32x4_t columns[2];
            float32x4_t scale[2];
            row_settle(sum[p], columns);
            neon_load_bf16(scales + p * panel_size, scale);
            neon_add_block(total[p], columns, scale);
        }
    }
    UNROLLED (size_t p = 0; p < panels; p++) {
        const neon_columns columns = neon_load_columns((const neon_right_head *)(panel + p * panel_size), tile);
        const size_t column = n + p * NEON_NR;
        char edge[NEON_EDGE_BYTES];
        const neon_out out = neon_open(tile, column, sizeof(float), edge);
        neon_store_blocks(out.at, total[p], *row.factor, *row.inverse_scale, &columns);
        neon_close(tile, column, sizeof(float), &out);
    }
}

NEON_INLINE void multiply(const gemm_tile *tile, size_t quads, neon_right kind) {
    if (kind == NEON_BLOCKS) {
        multiply_blocks(tile, quads);
    } else {
        multiply_channels(tile, quads, kind);
    }
}

NEON_INLINE void multiply_row(const gemm_tile *tile, size_t n, size_t panels, neon_right kind) {
    if (kind == NEON_BLOCKS) {
        multiply_row_blocks(tile, n, panels);
    } else {
        multiply_row_channels(tile, n, panels, kind);
    }
}

NEON_INLINE void gemm(const gemm_tile *tile, neon_right kind) {
    if (MR > 8 && tile->m > 8) {
        multiply(tile, 3, kind);
    } else if (tile->m > 4) {
        multiply(tile, 2, kind);
    } else if (tile->m > 0) {
        multiply(tile, 1, kind);
    }
}

NEON_INLINE void gemv(const gemm_tile *tile, neon_right kind) {
    size_t n = 0;
    if (tile->m == 0) return;
    for (; n + (SPAN - 1) * NEON_NR < tile->n; n += SPAN * NEON_NR) multiply_row(tile, n, SPAN, kind);
    for (; n < tile->n; n += NEON_NR) multiply_row(tile, n, 1, kind);
}

static void gemm_bytes(const gemm_tile *tile) { gemm(tile, NEON_BYTES); }
static void gemm_nibbles(const gemm_tile *tile) { gemm(tile, NEON_NIBBLES); }
static void gemm_blocks(const gemm_tile *tile) { gemm(tile, NEON_BLOCKS); }
static void gemm_static(const gemm_tile *tile) { gemm(tile, NEON_STATIC); }
static void gemv_bytes(const gemm_tile *tile) { gemv(tile, NEON_BYTES); }
static void gemv_nibbles(const gemm_tile *tile) { gemv(tile, NEON_NIBBLES); }
static void gemv_blocks(const gemm_tile *tile) { gemv(tile, NEON_BLOCKS); }
static void gemv_static(const gemm_tile *tile) { gemv(tile, NEON_STATIC); }
