/* SPDX-License-Identifier: Apache-2.0
 *
 * What packers of either operand share. Included after simd_*.h.
 */
#ifndef KERNEL_GEMM_CHUNKS_H
#define KERNEL_GEMM_CHUNKS_H

#include <string.h>

#include "base/memory.h"
#include "kernel/gemm/operand.h"

enum { CHUNK_BYTES = 4 * LANES * 4 }; /* the largest: 4 vectors */

/* Columns of a vector that starts `c` columns into a panel of which `columns` are real. */
static inline size_t lanes_of(size_t columns, size_t c) { return c < columns ? min_size(columns - c, LANES) : 0; }

/* LANES floats from a chunk of f32 or f16. */
INLINE vfloat any_load(const void *p, gemm_type type) { return type == GEMM_F16 ? half_load(p) : float_load(p); }

static inline size_t type_size(gemm_type type) { return type == GEMM_F32 ? 4 : type == GEMM_F16 ? 2 : 1; }
static inline size_t lhs_k(const gemm_lhs *lhs) { return lhs->tap_count * lhs->tap_length; }

#endif
