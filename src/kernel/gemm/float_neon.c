/* SPDX-License-Identifier: Apache-2.0
 *
 * Float kernels for every AArch64: f32, and f16 with sums in f32. Left panels hold f32, [k][MR]. Right panels
 * hold the f32 bias of NEON_NR columns, then [k][NEON_NR] elements of the variant's own type.
 * A column's sum starts with its bias and takes k in order, one fused multiply-add for each.
 */
#include "kernel/gemm/neon.h"
#include "kernel/gemm/operand.h"

enum { MR = 12, HEAD_BYTES = NEON_NR * sizeof(float), SPAN = 4 /* panels */ };

NEON_INLINE size_t element_size(bool half) { return half ? sizeof(uint16_t) : sizeof(float); }

NEON_INLINE void load8(const char *at, bool half, float32x4_t x[2]) {
    if (half) {
        const float16x8_t h = vreinterpretq_f16_u16(vld1q_u16((const uint16_t *)at));
        x[0] = vcvt_f32_f16(vget_low_f16(h));
        x[1] = vcvt_high_f32_f16(h);
    } else {
        x[0] = vld1q_f32((const float *)at);
        x[1] = vld1q_f32((const float *)at + 4);
    }
}

NEON_INLINE float32x4_t load4(const char *at, bool half) {
    return half ? vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16((const uint16_t *)at))) : vld1q_f32((const float *)at);
}

NEON_INLINE void store4(char *at, float32x4_t x, bool half) {
    if (half) {
        vst1_u16((uint16_t *)at, vreinterpret_u16_f16(vcvt_f16_f32(x)));
    } else {
        vst1q_f32((float *)at, x);
    }
}

NEON_INLINE float load1(const char *at, bool half) {
    return half ? float_of_f16(*(const uint16_t *)at) : *(const float *)at;
}

NEON_INLINE void store8(char *at, bool half, const float32x4_t sum[2], neon_range range) {
    const float32x4_t a = neon_clamp(sum[0], range), b = neon_clamp(sum[1], range);
    if (half) {
        vst1q_u16((uint16_t *)at, vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(a), b)));
    } else {
        neon_store_f32(at, a, b);
    }
}

NEON_INLINE void multiply_add(float32x4_t sum[2], const float32x4_t right[2], float left) {
    UNROLLED (int j = 0; j < 2; j++) sum[j] = vfmaq_n_f32(sum[j], right[j], left);
}

/* ---- packing ---- */

/* The same elements of four rows or columns into one quad of a panel of `width`, f32 or f16 on either side. */
NEON_INLINE void pack_quad(const char *const rows[4], size_t length, bool from_half, char *packed, size_t width,
                           bool to_half) {
    const size_t size = element_size(from_half), step = width * element_size(to_half);
    size_t k = 0;
    for (; k + 4 <= length; k += 4, packed += 4 * step) {
        const float32x4_t r0 = load4(rows[0] + k * size, from_half), r1 = load4(rows[1] + k * size, from_half);
        const float32x4_t r2 = load4(rows[2] + k * size, from_half), r3 = load4(rows[3] + k * size, from_half);
        const float32x4_t low02 = vzip1q_f32(r0, r2), high02 = vzip2q_f32(r0, r2);
        const float32x4_t low13 = vzip1q_f32(r1, r3), high13 = vzip2q_f32(r1, r3);
        store4(packed, vzip1q_f32(low02, low13), to_half);
        store4(packed + step, vzip2q_f32(low02, low13), to_half);
        store4(packed + 2 * step, vzip1q_f32(high02, high13), to_half);
        store4(packed + 3 * step, vzip2q_f32(high02, high13), to_half);
    }
    for (; k < length; k++, packed += step) {
        const float32x4_t x = {load1(rows[0] + k * size, from_half), load1(rows[1] + k * size, from_half),
                               load1(rows[2] + k * size, from_half), load1(rows[3] + k * size, from_half)};
        store4(packed, x, to_half);
    }
}

NEON_INLINE size_t right_size(size_t k, bool half) {
    return round_up(HEAD_BYTES + NEON_NR * k * element_size(half), MEMORY_ALIGNMENT);
}
static size_t right_size_f32(size_t k, size_t block) { return (void)block, right_size(k, false); }
static size_t right_size_f16(size_t k, size_t block) { return (void)block, right_size(k, true); }

/* The weights of the panel that starts at a column; past the last: the last again. */
NEON_INLINE void pack_weights(const gemm_rhs *rhs, size_t start, bool from_half, char *packed, bool to_half) {
    const size_t size = element_size(from_half), step = NEON_NR * element_size(to_half);
    const char *data = (const char *)rhs->data + start * rhs->n_stride * size;
    if (rhs->n_stride == 1 && start + NEON_NR <= rhs->n) {
        for (size_t k = 0; k < rhs->k; k++, data += rhs->k_stride * size, packed += step) {
            store4(packed, load4(data, from_half), to_half);
            store4(packed + step / 2, load4(data + 4 * size, from_half), to_half);
        }
        return;
    }
    for (size_t c = 0; c < NEON_NR; c += 4, packed += step / 2) {
        const char *columns[4];
        for (size_t i = 0; i < 4; i++) {
            columns[i] = data + min_size(c + i, rhs->n - 1 - start) * rhs->n_stride * size;
        }
        if (rhs->k_stride == 1) {
            pack_quad(columns, rhs->k, from_half, packed, NEON_NR, to_half);
        } else {
            for (size_t k = 0; k < rhs->k; k++) {
                pack_quad(columns, 1, from_half, packed + k * step, NEON_NR, to_half);
                for (size_t i = 0; i < 4; i++) columns[i] += rhs->k_stride * size;
            }
        }
    }
}

NEON_INLINE void pack_right(const gemm_rhs *rhs, size_t first, size_t count, char *packed, bool half) {
    for (size_t p = first; p < first + count; p++, packed += right_size(rhs->k, half)) {
        const size_t start = p * NEON_NR;
        float *bias = (float *)packed;
        for (size_t c = 0; c < NEON_NR; c++) bias[c] = start + c < rhs->n ? rhs_bias(rhs, start + c) : 0;
        if (rhs->type == GEMM_F16) {
            pack_weights(rhs, start, true, packed + HEAD_BYTES, half);
        } else {
            pack_weights(rhs, start, false, packed + HEAD_BYTES, half);
        }
    }
}
static void pack_right_f32(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, false);
}
static void pack_right_f16(const gemm_rhs *rhs, size_t first, size_t count, void *packed) {
    pack_right(rhs, first, count, packed, true);
}

static size_t left_size(size_t k) { return round_up(k * MR * sizeof(float), MEMORY_ALIGNMENT); }

static void pack_left(const gemm_lhs *lhs, size_t first, size_t count, void *panel) {
    for (size_t m = 0; m < count; m += 4) {
        char *packed = (char *)panel + m * sizeof(float);
        for (size_t t = 0; t < lhs->tap_count; t++, packed += lhs->tap_length * MR * sizeof(float)) {
            const char *rows[4]; /* past the last: the last again */
            for (size_t i = 0; i < 4; i++) rows[i] = lhs_piece(lhs, first + min_size(m + i, count - 1), t);
            if (lhs->type == GEMM_F16) {
                pack_quad(rows, lhs->tap_length, true, packed, MR, false);
            } else {
                pack_quad(rows, lhs->tap_length, false, packed, MR, false);
            }
        }
    }
}

static const gemm_rhs_packing right_f32 = {"8x1_f32_neon", NEON_NR, 1, right_size_f32, pack_right_f32};
static const gemm_rhs_packing right_f16 = {"8x1_f16_neon", NEON_NR, 1, right_size_f16, pack_right_f16};
static const gemm_lhs_packing left_f32 = {"12x1_f32_neon", MR, 1, left_size, pack_left};

/* ---- kernels ---- */

NEON_INLINE void multiply(const gemm_tile *tile, size_t quads, bool half) {
    const size_t size = element_size(half);
    const neon_range range = neon_load_range(tile);
    const char *panel = tile->rhs;
    for (size_t n = 0; n < tile->n; n += NEON_NR, panel += right_size(tile->k, half)) {
        float32x4_t sum[MR / 4][4][2], right[2];
        UNROLLED (size_t q = 0; q < quads; q++)
            UNROLLED (size_t i = 0; i < 4; i++) load8(panel, false, sum[q][i]);

        const float *left = tile->lhs;
        const char *at = panel + HEAD_BYTES;
        _Pragma("GCC unroll 4") for (size_t k = tile->k; k > 0; k--, left += MR, at += NEON_NR * size) {
            load8(at, half, right);
            UNROLLED (size_t q = 0; q < quads; q++) {
                const float32x4_t rows = vld1q_f32(left + 4 * q);
                UNROLLED (size_t i = 0; i < 4; i++) multiply_add(sum[q][i], right, rows[i]);
            }
        }

        char edge[NEON_EDGE_BYTES];
        const neon_out out = neon_open(tile, n, size, edge);
        UNROLLED (size_t q = 0; q < quads; q++)
            UNROLLED (size_t i = 0; i < 4; i++) store8(neon_row(&out, q, i, quads), half, sum[q][i], range);
        neon_close(tile, n, size, &out);
    }
}

NEON_INLINE void multiply_row(const gemm_tile *tile, size_t n, size_t panels, bool half) {
    const size_t size = element_size(half), panel_size = right_size(tile->k, half);
    const char *at = (const char *)tile->rhs + n / NEON_NR * panel_size;
    const char *left = tile->lhs;
    const neon_range range = neon_load_range(tile);
    float32x4_t sum[SPAN][2], right[2];
    UNROLLED (size_t p = 0; p < panels; p++) load8(at + p * panel_size, false, sum[p]);
    at += HEAD_BYTES;
    size_t k = 0;
    for (; k + 4 <= tile->k; k += 4) {
        const float32x4_t row = load4(left + k * size, half);
        UNROLLED (size_t i = 0; i < 4; i++, at += NEON_NR * size)
            UNROLLED (size_t p = 0; p < panels; p++) {
                load8(at + p * panel_size, half, right);
                multiply_add(sum[p], right, row[i]);
            }
    }
    for (; k < tile->k; k++, at += NEON_NR * size) {
        UNROLLED (size_t p = 0; p < panels; p++) {
            load8(at + p * panel_size, half, right);
            multiply_add(sum[p], right, load1(left + k * size, half));
        }
    }
    UNROLLED (size_t p = 0; p < panels; p++) {
        char edge[NEON_EDGE_BYTES];
        const size_t column = n + p * NEON_NR;
        const neon_out out = neon_open(tile, column, size, edge);
        store8(out.at, half, sum[p], range);
        neon_close(tile, column, size, &out);
    }
}

NEON_INLINE void gemm(const gemm_tile *tile, bool half) {
    if (tile->m > 8) {
        multiply(tile, 3, half);
    } else if (tile->m > 4) {
        multiply(tile, 2, half);
    } else if (tile->m > 0) {
        multiply(tile, 1, half);
    }
}

NEON_INLINE void gemv(const gemm_tile *tile, bool half) {
    size_t n = 0;
    if (tile->m == 0) return;
    for (; n + (SPAN - 1) * NEON_NR < tile->n; n += SPAN * NEON_NR) multiply_row(tile, n, SPAN, half);
    for (; n < tile->n; n += NEON_NR) multiply_row(tile, n, 1, half);
}

static void gemm_f32(const gemm_tile *tile) { gemm(tile, false); }
static void gemm_f16(const gemm_tile *tile) { gemm(tile, true); }
static void gemv_f32(const gemm_tile *tile) { gemv(tile, false); }
static void gemv_f16(const gemm_tile *tile) { gemv(tile, true); }

#define ROW(symbol, variant, mr, right, left, run)                                                                   \
    const gemm_kernel symbol = {#symbol, variant, CPU_NEON, mr, NEON_NR, 1, right, left, run, NULL, 0};
ROW(pf32_gemm_12x8_neon, GEMM_PF32, MR, &right_f32, &left_f32, gemm_f32)
ROW(pf32_gemv_1x8_neon, GEMM_PF32, 1, &right_f32, NULL, gemv_f32)
ROW(pf16_gemm_12x8_neon, GEMM_PF16, MR, &right_f16, &left_f32, gemm_f16)
ROW(pf16_gemv_1x8_neon, GEMM_PF16, 1, &right_f16, NULL, gemv_f16)
