/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring: the loops of the best instruction set run for about a millisecond some times over, and the fastest
 * counts. A loop keeps independent sums in registers, enough of them to hide the latency of its instruction.
 */
#include "kernel/peak/peak.h"

#include <stdint.h>

#include "base/clock.h"
#include "kernel/peak/loops.h"

#if defined(__x86_64__)
#define PEAK_LOOPS_HERE(LOOP) PEAK_LOOPS_X86(LOOP)
#define PEAK_READS_HERE(READ) PEAK_READS_X86(READ)
#elif defined(__aarch64__)
#define PEAK_LOOPS_HERE(LOOP) PEAK_LOOPS_ARM(LOOP)
#define PEAK_READS_HERE(READ) PEAK_READS_ARM(READ)
#else
#define PEAK_LOOPS_HERE(LOOP)
#define PEAK_READS_HERE(READ)
#endif

typedef struct peak_loop {
    peak_kind kind;
    cpu_features needs;
    size_t (*run)(size_t rounds); /* operations done */
} peak_loop;

typedef struct peak_read {
    cpu_features needs;
    void (*run)(const void *memory, size_t size);
} peak_read;

/* Multiplies and adds that any compiler vectorises. */
static size_t f32_c(size_t rounds) {
    enum { SUMS = 32 };
    float sums[SUMS] = {0}, factor = 1.0f;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < SUMS; i++) sums[i] = sums[i] * factor + factor;
        __asm__("" : "+m"(factor)); /* nothing can be taken out of the loop */
    }
    for (size_t i = 0; i < SUMS; i++) __asm__ volatile("" : : "m"(sums[i]));
    return rounds * SUMS * 2;
}

static void read_c(const void *memory, size_t size) {
    const uint64_t *words = memory;
    uint64_t bits[8] = {0};
    for (size_t w = 0; w < size / 8; w += 8) {
        for (size_t j = 0; j < 8; j++) bits[j] |= words[w + j];
    }
    for (size_t j = 0; j < 8; j++) __asm__ volatile("" : : "m"(bits[j]));
}

#define LOOP(kind, needs, run) {kind, needs, run},
static const peak_loop loops[] = {
    PEAK_LOOPS_HERE(LOOP){PEAK_F32, 0, f32_c}, {PEAK_I8, 0, f32_c}, {PEAK_F16, 0, f32_c}};

#define READ(needs, run) {needs, run},
static const peak_read reads[] = {PEAK_READS_HERE(READ){0, read_c}};

double peak_operations(peak_kind kind, cpu_features features) {
    const peak_loop *loop = loops;
    while (loop->kind != kind || loop->needs & ~features) loop++;
    double best = 0;
    for (size_t i = 0; i < 40; i++) {
        const uint64_t start = clock_now();
        const size_t operations = loop->run(50000);
        const double rate = (double)operations * 1e9 / (double)(clock_now() - start + 1);
        if (rate > best) best = rate;
    }
    return best;
}

double peak_bandwidth(const void *memory, size_t size, cpu_features features) {
    const peak_read *read = reads;
    while (read->needs & ~features) read++;
    const size_t passes = ((size_t)8 << 20) / (size + 1) + 1;
    double best = 0;
    for (size_t i = 0; i < 5; i++) {
        const uint64_t start = clock_now();
        for (size_t pass = 0; pass < passes; pass++) read->run(memory, size);
        const double rate = (double)(size * passes) * 1e9 / (double)(clock_now() - start + 1);
        if (rate > best) best = rate;
    }
    return best;
}
