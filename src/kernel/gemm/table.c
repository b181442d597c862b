/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of GEMM kernels and the choice from it. The rows of each architecture are listed in its header, those of
 * plain C here; a row's symbol is its name. Choosing is pure and reads names only, so that it answers for any CPU.
 */
#include "kernel/gemm/arm.h"
#include "kernel/gemm/gemm.h"
#include "kernel/gemm/x86.h"

#if defined(__x86_64__)
#define GEMM_ROWS_HERE(ROW) GEMM_ROWS_X86(ROW)
#define GEMM_ROWS_ELSEWHERE(ROW) GEMM_ROWS_ARM(ROW)
#elif defined(__aarch64__)
#define GEMM_ROWS_HERE(ROW) GEMM_ROWS_ARM(ROW)
#define GEMM_ROWS_ELSEWHERE(ROW) GEMM_ROWS_X86(ROW)
#else
#define GEMM_ROWS_HERE(ROW)
#define GEMM_ROWS_ELSEWHERE(ROW) GEMM_ROWS_X86(ROW) GEMM_ROWS_ARM(ROW)
#endif

#define GEMM_ROWS_PORTABLE(ROW)                                                                                      \
    ROW(pf32_gemm_4x8_c, GEMM_PF32, 0, 4, 8, 1)                                                                      \
    ROW(pf16_gemm_4x8_c, GEMM_PF16, 0, 4, 8, 1)                                                                      \
    ROW(qp8_f32_qc8w_gemm_4x4_c, GEMM_QP8_F32_QC8W, 0, 4, 4, 1)                                                      \
    ROW(qp8_f32_qc4w_gemm_4x4_c, GEMM_QP8_F32_QC4W, 0, 4, 4, 1)                                                      \
    ROW(qp8_f32_qb4w_gemm_4x4_c, GEMM_QP8_F32_QB4W, 0, 4, 4, 1)                                                      \
    ROW(pqs8_qc8w_gemm_4x4_c, GEMM_PQS8_QC8W, 0, 4, 4, 1)                                                            \
    ROW(pf32_gemm_1x1_reference, GEMM_PF32, 0, 1, 1, 1)                                                              \
    ROW(pf16_gemm_1x1_reference, GEMM_PF16, 0, 1, 1, 1)                                                              \
    ROW(qp8_f32_qc8w_gemm_1x1_reference, GEMM_QP8_F32_QC8W, 0, 1, 1, 1)                                              \
    ROW(qp8_f32_qc4w_gemm_1x1_reference, GEMM_QP8_F32_QC4W, 0, 1, 1, 1)                                              \
    ROW(qp8_f32_qb4w_gemm_1x1_reference, GEMM_QP8_F32_QB4W, 0, 1, 1, 1)                                              \
    ROW(pqs8_qc8w_gemm_1x1_reference, GEMM_PQS8_QC8W, 0, 1, 1, 1)

#define DECLARE(symbol, ...) extern const gemm_kernel symbol;
GEMM_ROWS_HERE(DECLARE)
GEMM_ROWS_PORTABLE(DECLARE)

#define KERNEL(symbol, ...) &symbol,
const gemm_kernel *const gemm_kernels[] = {GEMM_ROWS_HERE(KERNEL) GEMM_ROWS_PORTABLE(KERNEL)};
const size_t gemm_kernel_count = sizeof gemm_kernels / sizeof *gemm_kernels;

#define HERE(symbol, variant, needs, mr, nr, kr) {#symbol, variant, needs, mr, nr, kr, &symbol},
#define ELSEWHERE(symbol, variant, needs, mr, nr, kr) {#symbol, variant, needs, mr, nr, kr, NULL},
const gemm_kernel_name gemm_kernel_names[] = {GEMM_ROWS_HERE(HERE) GEMM_ROWS_ELSEWHERE(ELSEWHERE)
                                                  GEMM_ROWS_PORTABLE(HERE)};
const size_t gemm_kernel_name_count = sizeof gemm_kernel_names / sizeof *gemm_kernel_names;

const char *const gemm_variant_names[GEMM_VARIANTS] = {
    [GEMM_PF32] = "pf32_gemm",
    [GEMM_PF16] = "pf16_gemm",
    [GEMM_QP8_F32_QC8W] = "qp8_f32_qc8w_gemm",
    [GEMM_QP8_F32_QC4W] = "qp8_f32_qc4w_gemm",
    [GEMM_QP8_F32_QB4W] = "qp8_f32_qb4w_gemm",
    [GEMM_PQS8_QC8W] = "pqs8_qc8w_gemm",
};

bool gemm_reads_rows(const gemm_kernel_name *row) {
    return row->variant == GEMM_PF32 && row->mr > 1 && row->needs & CPU_AVX2;
}

static bool eligible(const gemm_kernel_name *row, cpu_features features, bool here, const gemm_rhs_packing *packing) {
    if (row->needs & ~features) return false;
    if (here && row->kernel == NULL) return false;
    return packing == NULL || row->kernel->rhs == packing;
}

/* The smallest tile that holds m rows, else the tallest. */
static bool suits_better(size_t mr, size_t best, size_t m) { return best < m ? mr > best : mr >= m && mr < best; }

static const gemm_kernel_name *choose(gemm_variant variant, cpu_features features, gemm_level level, size_t m,
                                      bool here, const gemm_rhs_packing *packing) {
    const gemm_kernel_name *best = NULL;
    if (level != GEMM_AUTO) features = 0;
    for (size_t i = 0; i < gemm_kernel_name_count; i++) {
        const gemm_kernel_name *row = &gemm_kernel_names[i];
        if (row->variant != variant || !eligible(row, features, here, packing)) continue;
        if (best == NULL || level == GEMM_REFERENCE) {
            best = row;
        } else if (row->needs == best->needs && row->nr == best->nr && suits_better(row->mr, best->mr, m)) {
            best = row;
        }
    }
    return best;
}

const gemm_kernel *gemm_select(gemm_variant variant, cpu_features features, gemm_level level, size_t m,
                               const gemm_rhs_packing *packing) {
    const gemm_kernel_name *row = choose(variant, features, level, m, true, packing);
    return row ? row->kernel : NULL;
}

const gemm_kernel_name *gemm_predict(gemm_variant variant, cpu_features features, gemm_level level, size_t m) {
    return choose(variant, features, level, m, false, NULL);
}
