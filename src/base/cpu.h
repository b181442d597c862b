/* SPDX-License-Identifier: Apache-2.0
 *
 * What a CPU can do: feature bits, and the named levels that cap them. The one place of the library that asks the
 * machine; the bits of all architectures exist on all, so that dispatch can answer for another CPU.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include "mica/context.h"

typedef uint64_t cpu_features;
#define CPU_AVX2 ((cpu_features)1 << 0)       /* AVX2, FMA and F16C */
#define CPU_AVXVNNI ((cpu_features)1 << 1)    /* vpdpbusd in VEX encoding */
#define CPU_AVX512 ((cpu_features)1 << 2)     /* F, BW, DQ, VL, CD */
#define CPU_AVX512VNNI ((cpu_features)1 << 3)
#define CPU_AVX512FP16 ((cpu_features)1 << 4)
#define CPU_NEON ((cpu_features)1 << 16)      /* ASIMD, fp32 */
#define CPU_FP16 ((cpu_features)1 << 17)      /* half-precision arithmetic, asimdhp */
#define CPU_DOTPROD ((cpu_features)1 << 18)
#define CPU_I8MM ((cpu_features)1 << 19)
#define CPU_SVE ((cpu_features)1 << 20)
#define CPU_SME ((cpu_features)1 << 21)
#define CPU_SME2 ((cpu_features)1 << 22)

/* A level: its name, and every feature that it allows. "reference" has none. Weakest first in one architecture. */
typedef struct cpu_level {
    const char *name;
    const char *architecture; /* "any", "x86-64", "aarch64" */
    cpu_features features;
} cpu_level;

extern const cpu_level cpu_levels[];
extern const size_t cpu_level_count;

const cpu_level *cpu_level_find(const char *name);              /* NULL when unknown */
const cpu_level *cpu_level_of(cpu_features features);           /* the strongest level whose features are all there */
const cpu_level *cpu_level_needed(cpu_features features);       /* the weakest level that allows all of them */

cpu_features cpu_detect(void);         /* of this CPU and system; probed once */
const char *cpu_architecture(void);    /* of this build: "x86-64", "aarch64", else "other" */
size_t cpu_physical_cores(void);       /* that this process may use, at least 1 */
size_t cpu_cache_bytes(unsigned level); /* data or unified, of one core for 1 and 2; a sound guess when unknown */

#endif
