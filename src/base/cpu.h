/* SPDX-License-Identifier: Apache-2.0
 *
 * What a CPU can do: feature bits, the named levels that cap them, cores and caches. The one place of the library that
 * asks the machine; the bits of all architectures exist on all, so that dispatch can answer for another CPU.
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
#define CPU_SVE ((cpu_features)1 << 20)       /* no level asks for it or allows it: no kernel uses it */
#define CPU_SME ((cpu_features)1 << 21)
#define CPU_SME2 ((cpu_features)1 << 22)

/* A level: what a CPU must have to be of it, and everything that it allows as a cap. The two differ where CPUs of one
 * level do: not every one with AVX-512 VNNI has AVX-VNNI. "reference" has none. Weakest first in one architecture,
 * each allows what the weaker ones do. */
typedef struct cpu_level {
    const char *name;
    const char *architecture; /* "any", "x86-64", "aarch64" */
    cpu_features needs;
    cpu_features features;
} cpu_level;

extern const cpu_level cpu_levels[];
extern const size_t cpu_level_count;

const cpu_level *cpu_level_find(const char *name);        /* NULL when unknown */
const cpu_level *cpu_level_of(cpu_features features);     /* the strongest level that a CPU with these is of */
const cpu_level *cpu_level_needed(cpu_features features); /* the weakest level that allows all of them; NULL: none does */

cpu_features cpu_detect(void);      /* of this CPU and system; probed once */
const char *cpu_architecture(void); /* of this build: "x86-64", "aarch64", else "other" */

size_t cpu_physical_cores(void);        /* that this process may use, at least 1 */
size_t cpu_hardware_threads(void);      /* the same, counting each thread of a core */
size_t cpu_cache_bytes(unsigned level); /* 1, 2: of one core, 3: shared; a sound guess when unknown */

/* The processor's counter: cheaper to read than the clock, in units of its own. Only where cpu_ticks_steadily(). */
static inline uint64_t cpu_ticks(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return 0;
#endif
}
bool cpu_ticks_steadily(void); /* at one rate, in sleep as well, on all cores */

/* Tells the core that this is a waiting loop. */
static inline void cpu_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
