/* SPDX-License-Identifier: Apache-2.0
 *
 * PF16 with AVX512-FP16: sums of FOLD products in f16, which are then added to totals in f32.
 *
 * A sum of FOLD products is off by at most FOLD · 2^-11 of the sum of their magnitudes; the totals add what f32 sums
 * do. A product or sum beyond the range of f16 makes a total infinite or NaN: such a tile is done again in f32, so that
 * results are finite wherever those of the other kernels are.
 *
 *   left   [k][LANES] of int32, each holding one element twice, so that a broadcast loads pairs
 *   right  as AVX-512 has it; two panels, 64 columns, are multiplied together
 */
#include "kernel/gemm/simd_avx512.h"

#include "kernel/gemm/float_avx512.h"
#include "kernel/gemm/left_chunks.h"
#include "kernel/vector/halves_avx512fp16.h"

enum { FOLD = 16, PANELS = 2 };

/* ---- left operand ---- */

static size_t left_size(size_t k) { return round_up(k * LANES * sizeof(int32_t), MEMORY_ALIGNMENT); }

static void pack_left(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    const size_t k = lhs_k(lhs), width = LANES * sizeof(uint16_t);
    int32_t *packed = panel;
    char stage[LANES][CHUNK_BYTES];
    const char *chunks[LANES];
    lhs_cursor cursor = {0};
    for (size_t i = 0; i < k; i += LANES, lhs_advance(lhs, &cursor, width)) {
        vint square[LANES];
        lhs_chunks(lhs, first, count, LANES, cursor, width, stage, chunks);
        UNROLL for (size_t m = 0; m < LANES; m++) {
            const vint elements = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)chunks[m]));
            square[m] = int_xor(elements, int_shl(elements, 16));
        }
        transpose(square);
        const size_t here = min_size(LANES, k - i);
        for (size_t j = 0; j < here; j++, packed += LANES) int_store(packed, square[j]);
    }
}

/* ---- totals[ROWS][PANELS · COLUMNS] of one tile ---- */

INLINE void add_halves(float *total, halves sums) {
    const vfloat low = _mm512_cvtph_ps(_mm512_castsi512_si256(sums));
    const vfloat high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(sums, 1));
    float_store(total, float_add(float_load(total), low));
    float_store(total + LANES, float_add(float_load(total + LANES), high));
}

/* Adds the products of `count` elements of k, 1 to FOLD. */
INLINE void fold(float *totals, const int32_t *left, const char *weights, size_t panel_size, size_t count,
                 const size_t rows, const size_t panels) {
    halves sums[ROWS][PANELS], w[PANELS];
    UNROLL for (size_t p = 0; p < panels; p++) w[p] = int_load(weights + p * panel_size);
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t p = 0; p < panels; p++) sums[m][p] = halves_mul(int_splat(left[m]), w[p]);
    }
    for (size_t k = 1; k < count; k++) {
        left += LANES;
        weights += COLUMNS * sizeof(uint16_t);
        UNROLL for (size_t p = 0; p < panels; p++) w[p] = int_load(weights + p * panel_size);
        UNROLL for (size_t m = 0; m < rows; m++) {
            const halves x = int_splat(left[m]);
            UNROLL for (size_t p = 0; p < panels; p++) sums[m][p] = halves_fma(x, w[p], sums[m][p]);
        }
    }
    UNROLL for (size_t m = 0; m < rows; m++) {
        UNROLL for (size_t p = 0; p < panels; p++) add_halves(totals + (m * PANELS + p) * COLUMNS, sums[m][p]);
    }
}

INLINE void add_products(float *totals, const int32_t *left, const char *weights, size_t panel_size, size_t k,
                         const size_t rows, const size_t panels) {
    for (size_t i = 0; i < k; i += FOLD) {
        fold(totals, left + i * LANES, weights + i * COLUMNS * sizeof(uint16_t), panel_size, min_size(FOLD, k - i),
             rows, panels);
    }
}

static void sums_f16(float *totals, const int32_t *left, const char *weights, size_t panel_size, size_t k,
                     size_t rows, size_t panels) {
#define CASE(r)                                                                                                      \
    case r:                                                                                                          \
        if (panels == 2) {                                                                                           \
            add_products(totals, left, weights, panel_size, k, r, 2);                                                \
        } else {                                                                                                     \
            add_products(totals, left, weights, panel_size, k, r, 1);                                                \
        }                                                                                                            \
        break;
    switch (rows) { EACH_ROW_COUNT(CASE) }
}

/* The same in f32, for values beyond the range of f16. */
static void sums_f32(float *totals, const int32_t *left, const char *weights, size_t panel_size, size_t k,
                     size_t rows, size_t panels) {
    for (size_t i = 0; i < k; i++, left += LANES, weights += COLUMNS * sizeof(uint16_t)) {
        for (size_t m = 0; m < rows; m++) {
            const vfloat x = float_splat(float_of_f16((uint16_t)left[m]));
            for (size_t c = 0; c < panels * COLUMNS; c += LANES) {
                float *total = totals + m * PANELS * COLUMNS + c;
                const char *w = weights + c / COLUMNS * panel_size + c % COLUMNS * sizeof(uint16_t);
                float_store(total, float_fma(x, half_load((const uint16_t *)w), float_load(total)));
            }
        }
    }
}

/* ---- the tile ---- */

static void set_bias(float *totals, const char *panel, size_t panel_size, size_t rows, size_t panels) {
    for (size_t m = 0; m < rows; m++) {
        for (size_t p = 0; p < panels; p++) {
            memcpy(totals + (m * PANELS + p) * COLUMNS, panel + p * panel_size, COLUMNS * sizeof *totals);
        }
    }
}

static bool all_finite(const float *totals, size_t rows, size_t panels) {
    vfloat zeros = float_splat(0);
    for (size_t m = 0; m < rows; m++) {
        for (size_t c = 0; c < panels * COLUMNS; c += LANES) {
            zeros = float_fma(float_load(totals + m * PANELS * COLUMNS + c), float_splat(0), zeros);
        }
    }
    return _mm512_cmp_ps_mask(zeros, zeros, _CMP_UNORD_Q) == 0;
}

static void store(const gemm_tile *tile, const float *totals, size_t n) {
    const vfloat min = float_splat(tile->min), max = float_splat(tile->max);
    const size_t columns = min_size(PANELS * COLUMNS, tile->n - n);
    for (size_t m = 0; m < tile->m; m++, totals += PANELS * COLUMNS) {
        uint16_t *out = (uint16_t *)((char *)tile->out + m * tile->out_stride) + n;
        for (size_t c = 0; c < columns; c += LANES) {
            const vfloat value = float_min(max, float_max(min, float_load(totals + c)));
            half_store_first(out + c, value, lanes_of(columns, c));
        }
    }
}

static void run(const gemm_tile *tile) {
    const size_t panel_size = float_right_f16_avx512.panel_size(tile->k, 0);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += PANELS * COLUMNS, panel += PANELS * panel_size) {
        const size_t panels = tile->n - n > COLUMNS ? 2 : 1;
        const char *weights = panel + COLUMNS * sizeof(float);
        float totals[ROWS * PANELS * COLUMNS];
        set_bias(totals, panel, panel_size, tile->m, panels);
        sums_f16(totals, tile->lhs, weights, panel_size, tile->k, tile->m, panels);
        if (!all_finite(totals, tile->m, panels)) {
            set_bias(totals, panel, panel_size, tile->m, panels);
            sums_f32(totals, tile->lhs, weights, panel_size, tile->k, tile->m, panels);
        }
        store(tile, totals, n);
    }
}

/* One row is a matter of bandwidth: it runs on the same panels with sums in f32. */
static size_t left_size_row(size_t k) { return pf16_gemv_1x32_avx512.lhs->panel_size(k); }
static void pack_left_row(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    pf16_gemv_1x32_avx512.lhs->pack(lhs, first, count, panel);
}
static void run_row(const gemm_tile *tile) { pf16_gemv_1x32_avx512.run(tile); }

static const gemm_lhs_packing left_pairs = {"pairs_f16", ROWS, 1, left_size, pack_left};
static const gemm_lhs_packing left_row = {"row_f32", 1, 1, left_size_row, pack_left_row};

#define NEEDS (CPU_AVX2 | CPU_AVX512 | CPU_AVX512FP16)
const gemm_kernel pf16_gemm_14x32_avx512fp16 = {"pf16_gemm_14x32_avx512fp16", GEMM_PF16,   NEEDS, ROWS, COLUMNS, 1,
                                                &float_right_f16_avx512,      &left_pairs, run,   NULL, 0};
const gemm_kernel pf16_gemv_1x32_avx512fp16 = {"pf16_gemv_1x32_avx512fp16", GEMM_PF16, NEEDS,   1,    COLUMNS, 1,
                                               &float_right_f16_avx512,     &left_row, run_row, NULL, 0};
