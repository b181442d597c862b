/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of all GEMM micro-kernels:  out[m][n] = clamp(epilogue(Σ_k lhs[m][k] · rhs[n][k]))
 *
 * A kernel is a row of a table: what it needs of the CPU, its tile, how its operands are packed, how it runs.
 * Kernels never allocate, thread or check bounds; callers own that. They read no byte outside the operands described
 * here and write only m × n elements of the output.
 *
 * Operands
 *   right (weights)  packed once, into panels of nr columns that follow each other; a panel is padded to nr columns.
 *                    Bias, scales and column sums travel inside the panel.
 *   left (activations) packed into panels of mr rows, quantizing on the way where the variant does; a panel always has
 *                    room for mr rows, those past the last are there but their results are not stored. A kernel
 *                    whose `lhs` is NULL reads rows as they are.
 *   convolution      the same kernels: a row is then `tap_count` pieces of `tap_length` elements, one per filter tap.
 *   Sums of the integer variants fit int32 for every k ≤ GEMM_MAX_INT_K; no kernel is called with more.
 *
 * Variants (activation × weight → output) and their arithmetic; all accumulate in int32 or f32:
 *   PF32          f32 × f32 → f32    bias + Σ
 *   PF16          f16 × f16 → f16    bias + Σ in f32, one rounding at the end; AVX512-FP16 adds sums of 16 products,
 *                                    which are f16
 *   QP8_F32_QC8W  rows × int8 → f32  Σ(q − zp)·w · inverse_scale · scale[n] + bias[n]
 *   QP8_F32_QC4W  the same, w = nibble − 8
 *   QP8_F32_QB4W  rows × int4 → f32  (Σ_blocks Σ(q − zp)·(nibble − 8) · block_scale) · inverse_scale + bias[n]
 *   PQS8_QC8W     int8 × int8 → int8 clamp(rint((bias + Σ(a − lhs_zero_point)·w) · scale[n]) + zero_point)
 * QC8W, QC4W and PQS8 give the same bits on every instruction set: their sums are exact, and what follows is done one
 * rounding at a time in the order written above. The others differ in the order of their float sums.
 */
#ifndef KERNEL_GEMM_GEMM_H
#define KERNEL_GEMM_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

typedef enum gemm_variant {
    GEMM_PF32,
    GEMM_PF16,
    GEMM_QP8_F32_QC8W,
    GEMM_QP8_F32_QC4W,
    GEMM_QP8_F32_QB4W,
    GEMM_PQS8_QC8W,
    GEMM_VARIANTS
} gemm_variant;

extern const char *const gemm_variant_names[GEMM_VARIANTS]; /* "pf32_gemm", … */

typedef enum gemm_type { GEMM_F32, GEMM_F16, GEMM_I8, GEMM_I4 } gemm_type;

#define GEMM_MAX_INT_K 65536 /* 2³¹ / (255 · 128), rounded down to a power of two */

/* How one row (or one image) of activations was quantized: real = (q − zero_point) · inverse_scale. */
typedef struct gemm_row {
    float inverse_scale;
    int32_t zero_point; /* in [−128, 127] */
} gemm_row;

/* Left operand as the model holds it. Row m is at data + m·row_stride (taps NULL: one piece of k elements), or its
 * pieces are at taps[m·tap_count + t]. k = tap_count · tap_length. Padding taps point at a piece of zeros (of the
 * zero point, for int8).
 *   PF32              type F32 or F16: the packer converts
 *   PF16              type F16
 *   QP8_*             type F32 or F16: each row is quantized while packing (taps NULL); or I8 with `rows` given
 *   PQS8              type I8 */
typedef struct gemm_lhs {
    gemm_type type;
    size_t row_stride; /* bytes */
    const void *data;
    const void *const *taps;
    size_t tap_count, tap_length;
    const gemm_row *rows; /* of row m: rows[m] */
} gemm_lhs;

/* Right operand as the model holds it. Element (n, k) is at data[n·n_stride + k·k_stride], strides in elements;
 * I4: row n starts at byte n·n_stride, low nibble = even k, value = nibble − 8, k_stride is 1. */
typedef struct gemm_rhs {
    gemm_type type; /* PF32: F32 or F16; PF16: F16 or F32; QC8W, PQS8: I8; QC4W, QB4W: I4 */
    const void *data;
    size_t n, k;
    size_t n_stride, k_stride;
    const float *scale;          /* [n]: QC8W, QC4W the weight's; PQS8 the requantization factor; else NULL */
    const uint16_t *block_scale; /* QB4W: bf16 [n][k / block] */
    size_t block;                /* QB4W: a multiple of 32 that divides k; else 0 */
    const float *bias;           /* [n] or NULL: all but PQS8 */
    const int32_t *bias_i32;     /* [n] or NULL: PQS8 */
    int32_t lhs_zero_point;      /* PQS8 */
} gemm_rhs;

/* How right operands are packed; shared by the kernels that read this layout. */
typedef struct gemm_rhs_packing {
    const char *name;
    size_t nr, kr;
    size_t (*panel_size)(size_t k, size_t block); /* bytes of one panel of nr columns, a multiple of 64 */
    /* Packs panels [first, first + count) of `rhs`; `packed` is where panel `first` goes, aligned to 64. */
    void (*pack)(const gemm_rhs *rhs, size_t first, size_t count, void *packed);
} gemm_rhs_packing;

typedef struct gemm_lhs_packing {
    const char *name;
    size_t mr, kr;
    size_t (*panel_size)(size_t k); /* bytes of one panel of mr rows, a multiple of 64 */
    /* Packs rows [first, first + count), count ≤ mr, of `lhs` into one panel, aligned to 64. */
    void (*pack)(const gemm_lhs *lhs, size_t first, size_t count, void *panel);
} gemm_lhs_packing;

/* Where weights come from that one row reads: the nearest cache with room for all of a method's. What is asked for ahead of
 * its use makes up for the distance of the last cache or of memory, and only costs time nearer by. */
typedef enum gemm_home { GEMM_IN_MEMORY, GEMM_IN_LAST_CACHE, GEMM_IN_SECOND_CACHE } gemm_home;

/* One call of a kernel: m ≤ mr rows by any n columns (whole panels but for the last). */
typedef struct gemm_tile {
    size_t m, n, k;
    size_t block;          /* QB4W */
    const void *lhs;       /* a packed panel; rows as they are with `direct`, or where the kernel's `lhs` is NULL */
    size_t lhs_stride;     /* bytes from row to row of rows as they are */
    bool direct;           /* only for a kernel that has `store` */
    const size_t *taps;    /* rows as they are: bytes from a row to its `tap_count` equal pieces */
    size_t tap_count;      /* 0: one piece, at the row */
    const gemm_row *rows;  /* QP8_F32_QC8W, with `direct`: how each row was quantized */
    const void *rhs;       /* the packed panel of the first column */
    size_t ahead;          /* bytes on from weights in use that are worth asking for; 0: as for weights met once */
    gemm_home home;        /* of the weights, for one row */
    const float *row_bias; /* PF32, only with `direct`: the rows have biases instead of the columns; NULL: not */
    void *out;             /* element (0, 0) of the tile */
    size_t out_stride;     /* bytes from row to row */
    float min, max;        /* clamp of real values (all but PQS8), NaN stays; min ≤ max, may be infinite */
    int32_t zero_point;    /* PQS8: of the output */
    int32_t qmin, qmax;    /* PQS8: clamp of quantized values, in [−128, 127] */
} gemm_tile;

typedef struct gemm_kernel {
    const char *name; /* variant, gemm or gemv, mr x nr, instruction set: "pf32_gemm_14x32_avx512" */
    gemm_variant variant;
    cpu_features needs;
    size_t mr, nr, kr;
    const gemm_rhs_packing *rhs;
    const gemm_lhs_packing *lhs; /* NULL: reads rows as they are, f32 for PF32 and f16 for PF16 */
    void (*run)(const gemm_tile *tile);
    /* Not NULL: also reads rows as they are, of `element` bytes each, as this writes them: f32 for PF32 and PF16; for PQS8
     * and QP8_F32_QC8W int8 as their arithmetic wants it, pieces being filled up to a multiple of 4 elements by
     * anything. Worth it unless their stride is a multiple of 2048 bytes: such rows fall on each other in the first
     * cache. */
    void (*store)(const void *from, size_t count, void *to);
    size_t element;
} gemm_kernel;

/* All kernels of this build, best first within a variant; every variant ends with a portable ("_c") and a
 * reference ("_reference") row, whose `needs` is 0. */
extern const gemm_kernel *const gemm_kernels[];
extern const size_t gemm_kernel_count;

/* The names, variants and needs of the rows of every architecture, so that dispatch can answer for another CPU. */
typedef struct gemm_kernel_name {
    const char *name;
    gemm_variant variant;
    cpu_features needs;
    size_t mr, nr, kr;
    const gemm_kernel *kernel; /* NULL: not in this build */
} gemm_kernel_name;
/* Whether a PF32 kernel of this name also reads rows as they are: has `store`, where it is in the build. */
bool gemm_reads_rows(const gemm_kernel_name *row);
extern const gemm_kernel_name gemm_kernel_names[];
extern const size_t gemm_kernel_name_count;

typedef enum gemm_level { GEMM_AUTO, GEMM_STANDARD, GEMM_REFERENCE } gemm_level; /* as mica_kernels */

/* The best kernel for m rows: of the first row that `features` allows and of those beside it that need the same and
 * share its tile width, the one whose tile suits m. With `packing` not NULL only kernels that read this right
 * operand's layout; with NULL the choice fixes the layout, for weights that are packed before m is known use
 * m = SIZE_MAX. NULL: none. */
const gemm_kernel *gemm_select(gemm_variant variant, cpu_features features, gemm_level level, size_t m,
                               const gemm_rhs_packing *packing);
/* The same over the names of all architectures. */
const gemm_kernel_name *gemm_predict(gemm_variant variant, cpu_features features, gemm_level level, size_t m);

/* Rows per call that split m evenly: 33 rows by tiles of 14 are three times 11, not 14 + 14 + 5. */
static inline size_t gemm_even_rows(size_t m, size_t mr) {
    const size_t calls = (m + mr - 1) / mr;
    return calls ? (m + calls - 1) / calls : mr;
}

/* How a row of values in [min, max] is quantized (spec of the dynamic int8 activations): shared by packers, converts
 * and the reference. The range is widened to hold 0; `scale` is what values are multiplied by. */
gemm_row gemm_row_parameters(float min, float max, float *scale);

/* rint(clamp(x · scale, −128 − zp, 127 − zp)) + zp; NaN goes to −128. */
int8_t gemm_quantize(float x, float scale, int32_t zero_point);

#endif
