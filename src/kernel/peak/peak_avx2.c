/* SPDX-License-Identifier: Apache-2.0
 *
 * Peaks of AVX2: f32, int8 by words, reading.
 */
#include "kernel/gemm/simd_avx2.h"

#include "kernel/gemm/dot_madd.h"
#include "kernel/peak/loops.h"
#include "kernel/peak/loops_f32.h"
#include "kernel/peak/loops_i8.h"

size_t peak_f32_avx2(size_t rounds) { return loop_f32(rounds); }
size_t peak_i8_avx2(size_t rounds) { return loop_i8(rounds); }
void peak_read_avx2(const void *memory, size_t size) { loop_read(memory, size); }
