/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of each architecture, best first, for arithmetic (kind, needs, function) and for reading.
 */
#ifndef KERNEL_PEAK_LOOPS_H
#define KERNEL_PEAK_LOOPS_H

#include <stddef.h>

#define PEAK_LOOPS_X86(LOOP)                                                                                         \
    LOOP(PEAK_F32, CPU_AVX512, peak_f32_avx512)                                                                      \
    LOOP(PEAK_F32, CPU_AVX2, peak_f32_avx2)                                                                          \
    LOOP(PEAK_I8, CPU_AVX512 | CPU_AVX512VNNI, peak_i8_avx512vnni)                                                   \
    LOOP(PEAK_I8, CPU_AVX512, peak_i8_avx512)                                                                        \
    LOOP(PEAK_I8, CPU_AVX2 | CPU_AVXVNNI, peak_i8_avxvnni)                                                           \
    LOOP(PEAK_I8, CPU_AVX2, peak_i8_avx2)                                                                            \
    LOOP(PEAK_F16, CPU_AVX512 | CPU_AVX512FP16, peak_f16_avx512fp16)                                                 \
    LOOP(PEAK_F16, CPU_AVX512, peak_f32_avx512) /* sums of f16 are f32 where there is no f16 arithmetic */           \
    LOOP(PEAK_F16, CPU_AVX2, peak_f32_avx2)

#define PEAK_READS_X86(READ)                                                                                         \
    READ(CPU_AVX512, peak_read_avx512)                                                                               \
    READ(CPU_AVX2, peak_read_avx2)

#define PEAK_LOOPS_ARM(LOOP)                                                                                         \
    LOOP(PEAK_F32, CPU_NEON, peak_f32_neon)                                                                          \
    LOOP(PEAK_I8, CPU_I8MM, peak_i8_i8mm)                                                                            \
    LOOP(PEAK_I8, CPU_DOTPROD, peak_i8_dotprod)                                                                      \
    LOOP(PEAK_I8, CPU_NEON, peak_i8_neon)                                                                            \
    LOOP(PEAK_F16, CPU_FP16, peak_f16_fp16)                                                                          \
    LOOP(PEAK_F16, CPU_NEON, peak_f32_neon)

#define PEAK_READS_ARM(READ) READ(CPU_NEON, peak_read_neon)

/* Each does `rounds` rounds and gives back how many operations that were. */
size_t peak_f32_avx2(size_t rounds);
size_t peak_f32_avx512(size_t rounds);
size_t peak_i8_avx2(size_t rounds);
size_t peak_i8_avxvnni(size_t rounds);
size_t peak_i8_avx512(size_t rounds);
size_t peak_i8_avx512vnni(size_t rounds);
size_t peak_f16_avx512fp16(size_t rounds);
size_t peak_f32_neon(size_t rounds);
size_t peak_i8_neon(size_t rounds);
size_t peak_i8_dotprod(size_t rounds);
size_t peak_i8_i8mm(size_t rounds);
size_t peak_f16_fp16(size_t rounds);

/* Read `size` bytes, a multiple of 512. */
void peak_read_avx2(const void *memory, size_t size);
void peak_read_avx512(const void *memory, size_t size);
void peak_read_neon(const void *memory, size_t size);

#endif
