/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <stdatomic.h>
#include <string.h>

/* ---- levels ---- */

#define AVX512VNNI_CPU (CPU_AVX2 | CPU_AVX512 | CPU_AVX512VNNI)
#define DOTPROD_CPU (CPU_NEON | CPU_DOTPROD)
#define UP_TO_AVX512VNNI (AVX512VNNI_CPU | CPU_AVXVNNI)
#define UP_TO_I8MM (DOTPROD_CPU | CPU_FP16 | CPU_I8MM)

const cpu_level cpu_levels[] = {
    {"reference", "any", 0, 0},
    {"avx2", "x86-64", CPU_AVX2, CPU_AVX2},
    {"avxvnni", "x86-64", CPU_AVX2 | CPU_AVXVNNI, CPU_AVX2 | CPU_AVXVNNI},
    {"avx512", "x86-64", CPU_AVX2 | CPU_AVX512, CPU_AVX2 | CPU_AVX512},
    {"avx512vnni", "x86-64", AVX512VNNI_CPU, UP_TO_AVX512VNNI},
    {"avx512fp16", "x86-64", AVX512VNNI_CPU | CPU_AVX512FP16, UP_TO_AVX512VNNI | CPU_AVX512FP16},
    {"neon", "aarch64", CPU_NEON, CPU_NEON},
    {"dotprod", "aarch64", DOTPROD_CPU, DOTPROD_CPU | CPU_FP16},
    {"i8mm", "aarch64", DOTPROD_CPU | CPU_I8MM, UP_TO_I8MM},
    {"sme", "aarch64", CPU_NEON | CPU_SME, UP_TO_I8MM | CPU_SME},
    {"sme2", "aarch64", CPU_NEON | CPU_SME | CPU_SME2, UP_TO_I8MM | CPU_SME | CPU_SME2},
};
const size_t cpu_level_count = sizeof cpu_levels / sizeof *cpu_levels;

const cpu_level *cpu_level_find(const char *name) {
    for (size_t i = 0; i < cpu_level_count; i++) {
        if (strcmp(cpu_levels[i].name, name) == 0) return &cpu_levels[i];
    }
    return NULL;
}

const cpu_level *cpu_level_of(cpu_features features) {
    size_t i = cpu_level_count - 1;
    while (cpu_levels[i].needs & ~features) i--; /* "reference" needs nothing */
    return &cpu_levels[i];
}

const cpu_level *cpu_level_needed(cpu_features features) {
    for (size_t i = 0; i < cpu_level_count; i++) {
        if ((features & ~cpu_levels[i].features) == 0) return &cpu_levels[i];
    }
    return NULL;
}

const char *mica_isa_name(size_t index) { return index < cpu_level_count ? cpu_levels[index].name : NULL; }

bool mica_isa_available(const char *name) {
    const cpu_level *const level = name ? cpu_level_find(name) : NULL;
    return level && (level->needs & ~cpu_detect()) == 0;
}

const char *mica_isa_architecture(const char *name) {
    const cpu_level *const level = name ? cpu_level_find(name) : NULL;
    return level ? level->architecture : NULL;
}

/* ---- the probe: a feature counts when the CPU has it and the system keeps its registers ---- */

#if defined(__x86_64__)
#include <cpuid.h>

const char *cpu_architecture(void) { return "x86-64"; }

static uint32_t xcr0(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static cpu_features probe(void) {
    const uint32_t fma_f16c = bit_FMA | bit_F16C;
    const uint32_t avx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL | bit_AVX512CD;
    const uint32_t ymm_state = 0x06, zmm_state = 0xe6; /* xmm and ymm; opmask, upper and high zmm as well */

    uint32_t a, b, c, d, basic;
    if (__get_cpuid_max(0, NULL) < 7) return 0; /* asked once: in a virtual machine each question costs 6 µs */
    __cpuid(1, a, b, basic, d);
    if (!(basic & bit_OSXSAVE)) return 0;
    __cpuid_count(7, 0, a, b, c, d);
    if ((xcr0() & ymm_state) != ymm_state || (basic & fma_f16c) != fma_f16c || !(b & bit_AVX2)) return 0;
    cpu_features features = CPU_AVX2;
    if ((xcr0() & zmm_state) == zmm_state && (b & avx512) == avx512) {
        features |= CPU_AVX512;
        if (c & bit_AVX512VNNI) features |= CPU_AVX512VNNI;
        if (d & bit_AVX512FP16) features |= CPU_AVX512FP16;
#ifdef MICA_EMULATE_FP16
        features |= CPU_AVX512FP16;
#endif
    }
    if (a >= 1) { /* the last of leaf 7's parts */
        __cpuid_count(7, 1, a, b, c, d);
        if (a & bit_AVXVNNI) features |= CPU_AVXVNNI;
    }
    return features;
}

bool cpu_ticks_steadily(void) {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1); /* "invariant" */
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

const char *cpu_architecture(void) { return "aarch64"; }

static cpu_features probe(void) {
    static const struct {
        unsigned long vector; /* of the auxiliary vector */
        unsigned bit;
        cpu_features feature;
    } bits[] = {
        {AT_HWCAP, 1, CPU_NEON}, {AT_HWCAP, 10, CPU_FP16}, {AT_HWCAP, 20, CPU_DOTPROD}, {AT_HWCAP2, 13, CPU_I8MM},
        {AT_HWCAP, 22, CPU_SVE}, {AT_HWCAP2, 23, CPU_SME}, {AT_HWCAP2, 37, CPU_SME2},
    };
    cpu_features features = 0;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        if (getauxval(bits[i].vector) >> bits[i].bit & 1) features |= bits[i].feature;
    }
    return features;
}

bool cpu_ticks_steadily(void) { return true; }

#else
const char *cpu_architecture(void) { return "other"; }
static cpu_features probe(void) { return 0; }
bool cpu_ticks_steadily(void) { return false; }

#endif

cpu_features cpu_detect(void) {
    static _Atomic cpu_features known;
    const cpu_features probed = (cpu_features)1 << 63;
    cpu_features features = atomic_load_explicit(&known, memory_order_relaxed);
    if (!features) { /* two threads may both probe: they find the same */
        features = probe() | probed;
        atomic_store_explicit(&known, features, memory_order_relaxed);
    }
    return features & ~probed;
}
