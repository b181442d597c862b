/* SPDX-License-Identifier: Apache-2.0
 *
 * The check harness: walks the table of GEMM kernels and compares each one that this machine can run with the answer
 * computed from the raw operands; then the versions of all other kernels, against their reference. A failure prints
 * the command that repeats it.
 *
 *   check_kernels [--list] [--filter PATTERN] [--isa LEVEL] [--seed N] [--cases N] [--case I]
 *                 [--long] [--bench | --bench-others [--seconds S]] [--format table|tsv|json]
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "check_families.h"
#include "check_problem.h"

typedef struct options {
    const char *filter;
    cpu_features features;
    uint64_t seed;
    size_t first, cases;
    bool list, bench, bench_others, large;
    bench_options benchmark;
} options;

/* ---- one problem through one kernel ---- */

/* Packs all of the right operand, in pieces of some panels as threads would. */
static const char *pack_right(const problem *p, const gemm_kernel *kernel, random_state *random) {
    const size_t panel = kernel->rhs->panel_size(p->k, p->rhs.block), panels = divide_up(p->n, kernel->nr);
    char *packed = guard_memory(GUARD_PACKED_RHS, panels * panel, true);
    memset(packed, 0xa5, panels * panel);
    for (size_t first = 0; first < panels;) {
        const size_t count = 1 + random_below(random, panels - first);
        kernel->rhs->pack(&p->rhs, first, count, packed + first * panel);
        first += count;
    }
    return packed;
}

static const void *pack_left(const problem *p, const gemm_kernel *kernel, size_t first, size_t count) {
    const size_t size = kernel->lhs->panel_size(p->k);
    void *packed = guard_memory(GUARD_PACKED_LHS, size, true);
    memset(packed, 0xa5, size);
    kernel->lhs->pack(&p->lhs, first, count, packed);
    return packed;
}

enum { MAX_TAPS = 4 };

/* Rows in place, in 1 to MAX_TAPS pieces with gaps between them: what their kernel reads, and no byte more. */
static void place_left(const problem *p, const gemm_kernel *kernel, size_t first, gemm_tile *tile,
                       size_t taps[MAX_TAPS], random_state *random) {
    const size_t fill = p->lhs.type == GEMM_I8 ? 4 : 1, gap = random_below(random, 3) * 16;
    tile->tap_count = 1 + random_below(random, MAX_TAPS);
    if (p->k % (tile->tap_count * fill)) tile->tap_count = 1;
    const size_t length = p->k / tile->tap_count, element = p->lhs.type == GEMM_F32   ? 4
                                                            : p->lhs.type == GEMM_F16 ? 2
                                                                                      : 1;
    const size_t piece = round_up(length, fill) * kernel->element + gap;
    tile->lhs_stride = tile->tap_count * piece;
    tile->direct = true;
    tile->taps = taps;
    char *rows = guard_memory(GUARD_PACKED_LHS, tile->m * tile->lhs_stride - min_size(gap, tile->m * piece), true);
    tile->lhs = rows;
    for (size_t m = 0; m < tile->m; m++) {
        for (size_t t = 0; t < tile->tap_count; t++) {
            taps[t] = t * piece;
            const char *from = (const char *)p->lhs.data + (first + m) * p->lhs.row_stride + t * length * element;
            kernel->store(from, length, rows + m * tile->lhs_stride + t * piece);
        }
    }
}

static void run(const problem *p, const gemm_kernel *kernel, char *out, size_t out_stride, random_state *random) {
    const size_t panel = kernel->rhs->panel_size(p->k, p->rhs.block);
    const char *right = pack_right(p, kernel, random);
    const size_t rows = 1 + random_below(random, kernel->mr);
    const gemm_type stored = p->variant == GEMM_PF32 ? GEMM_F32 : p->variant == GEMM_PF16 ? GEMM_F16 : GEMM_I8;
    const bool stores = kernel->store && p->lhs.type == stored && (p->variant != GEMM_QP8_F32_QC8W || p->lhs.rows);
    const bool direct = stores && !p->lhs.taps && (p->row_bias || random_below(random, 2));
    for (size_t m = 0; m < p->m; m += rows) {
        size_t taps[MAX_TAPS];
        gemm_tile tile = {.m = min_size(rows, p->m - m),
                          .k = p->k,
                          .block = p->rhs.block,
                          .rows = p->lhs.rows ? p->lhs.rows + m : NULL,
                          .row_bias = p->row_bias ? p->row_bias + m : NULL,
                          .lhs_stride = p->lhs.row_stride,
                          .out_stride = out_stride,
                          .home = (gemm_home)random_below(random, GEMM_IN_SECOND_CACHE + 1),
                          .min = p->min,
                          .max = p->max,
                          .zero_point = p->zero_point,
                          .qmin = p->qmin,
                          .qmax = p->qmax};
        if (kernel->lhs == NULL) {
            tile.lhs = (const char *)p->lhs.data + m * p->lhs.row_stride;
        } else if (direct) {
            place_left(p, kernel, m, &tile, taps, random);
        } else {
            tile.lhs = pack_left(p, kernel, m, tile.m);
        }
        for (size_t n = 0; n < p->n; n += tile.n) {
            tile.n = min_size((1 + random_below(random, 3)) * kernel->nr, p->n - n);
            tile.rhs = right + n / kernel->nr * panel;
            tile.out = out + m * out_stride + n * output_size(p->variant);
            kernel->run(&tile);
        }
    }
}

static bool same(double got, double expected, double bound) {
    if (isinf(bound)) return true; /* rounding decides */
    if (isnan(got) || isnan(expected)) return isnan(got) && isnan(expected);
    return got == expected || fabs(got - expected) <= bound;
}

/* Compares every element and every byte between rows. */
static bool compare(const problem *p, const char *out, size_t out_stride, char *why, size_t size) {
    const size_t row = p->n * output_size(p->variant);
    for (size_t m = 0; m < p->m; m++) {
        for (size_t n = 0; n < p->n; n++) {
            const double got = output_value(p->variant, out + m * out_stride, n);
            const double expected = p->expected[m * p->n + n], bound = p->bound[m * p->n + n];
            if (!same(got, expected, bound)) {
                snprintf(why, size, "row %zu column %zu is %.9g, not %.9g ± %.2g", m, n, got, expected, bound);
                return false;
            }
        }
        for (size_t i = row; i < out_stride && m + 1 < p->m; i++) {
            if ((unsigned char)out[m * out_stride + i] != 0x5a) {
                snprintf(why, size, "byte %zu after row %zu was written", i - row, m);
                return false;
            }
        }
    }
    return true;
}

static bool check(const gemm_kernel *kernel, size_t m, size_t n, size_t k, size_t block, random_state *random,
                  char *why, size_t size) {
    problem p;
    problem_make(&p, kernel, m, n, k, block, false, random);
    problem_solve(&p);
    const size_t element = output_size(p.variant);
    const size_t out_stride = (n + random_below(random, 2) * random_below(random, 40)) * element;
    const size_t bytes = m ? (m - 1) * out_stride + n * element : 0;
    char *out = guard_memory(GUARD_OUT, bytes, p.at_end);
    memset(out, 0x5a, bytes);
    run(&p, kernel, out, out_stride, random);
    const bool good = compare(&p, out, out_stride, why, size);
    if (!good) snprintf(why + strlen(why), size - strlen(why), " (%s)", p.text);
    problem_free(&p);
    return good;
}

/* ---- shapes ---- */

/* 0, 1, the tile and its multiples, one less and one more, small primes; now and then anything up to `large`. */
static size_t pick(size_t tile, size_t large, random_state *random) {
    static const size_t odd[] = {0, 1, 2, 3, 5, 7, 11, 13, 17, 31, 37};
    switch (random_below(random, 5)) {
    case 0: return odd[random_below(random, sizeof odd / sizeof *odd)];
    case 1: return tile * random_below(random, 4);
    case 2: return tile * (1 + random_below(random, 3)) - 1;
    case 3: return tile * (1 + random_below(random, 3)) + 1;
    default: return 1 + random_below(random, large);
    }
}

static void pick_shape(const gemm_kernel *kernel, size_t i, random_state *random, size_t *m, size_t *n, size_t *k,
                       size_t *block) {
    *m = pick(kernel->mr, 40, random);
    *n = pick(kernel->nr, 100, random);
    *k = pick(kernel->kr * 4, i % 8 ? 100 : 600, random);
    if (i == 0) *k = 1021;
    if (i == 1) *m = 1, *n = 3 * kernel->nr, *k = 4099; /* a panel larger than the first cache */
    *block = 0;
    if (kernel->variant != GEMM_QP8_F32_QB4W) return;
    *block = 32 * (1 + random_below(random, 5));
    *k = *k % 5 * *block;
    if (i == 0) *k = 7 * 96, *block = 96;
    if (i == 1) *k = 4096, *block = 32;
    if (i == 2) *k = 2048, *block = 2048;
}

/* The state in which case `i` of a kernel begins, whatever else was checked before. */
static random_state case_state(const options *o, const char *name, size_t i) {
    random_state random = {o->seed + i};
    for (const char *c = name; *c; c++) random.state = random.state * 31 + (unsigned char)*c;
    return random;
}

static void report_failure(const options *o, const char *name, const char *why, size_t i) {
    printf("FAIL %s: %s\n     again: check_kernels --filter %s --seed %" PRIu64 " --case %zu%s\n", name, why, name,
           o->seed, i, o->large ? " --long" : "");
}

static bool check_kernel(const gemm_kernel *kernel, const options *o) {
    char why[640];
    for (size_t i = o->first; i < o->first + o->cases; i++) {
        random_state random = case_state(o, kernel->name, i);
        size_t m, n, k, block;
        pick_shape(kernel, i, &random, &m, &n, &k, &block);
        if (o->large && i % 50 == 0) m = 150 + random_below(&random, 50), n = 700 + random_below(&random, 100);
        if (!check(kernel, m, n, k, block, &random, why, sizeof why)) {
            report_failure(o, kernel->name, why, i);
            return false;
        }
    }
    return true;
}

static bool check_family(const family_kernel *kernel, const options *o) {
    char why[640];
    for (size_t i = o->first; i < o->first + o->cases; i++) {
        random_state random = case_state(o, kernel->name, i);
        if (!family_check(kernel, &random, why, sizeof why)) {
            report_failure(o, kernel->name, why, i);
            return false;
        }
    }
    return true;
}

/* ---- the walk ---- */

static void list_kernels(const options *o) {
    printf("%-40s %-10s %4s %4s %4s  %-12s %-12s\n", "kernel", "here", "mr", "nr", "kr", "right", "left");
    for (size_t i = 0; i < gemm_kernel_name_count; i++) {
        const gemm_kernel_name *row = &gemm_kernel_names[i];
        if (!name_matches(row->name, o->filter)) continue;
        const char *here = row->kernel == NULL ? "elsewhere" : row->needs & ~o->features ? "lacking" : "yes";
        printf("%-40s %-10s %4zu %4zu %4zu  %-12s %-12s\n", row->name, here, row->mr, row->nr, row->kr,
               row->kernel ? row->kernel->rhs->name : "-",
               row->kernel && row->kernel->lhs ? row->kernel->lhs->name : "-");
    }
    for (const family_kernel *row = family_kernels(); row->name; row++) {
        if (!name_matches(row->name, o->filter)) continue;
        printf("%-40s %-10s\n", row->name, !row->here ? "elsewhere" : row->needs & ~o->features ? "lacking" : "yes");
    }
}

static int check_kernels(const options *o) {
    size_t checked = 0, failed = 0, lacking = 0;
    printf("seed %" PRIu64 ", %zu cases for each kernel\n", o->seed, o->cases);
    for (size_t i = 0; i < gemm_kernel_count; i++) {
        const gemm_kernel *kernel = gemm_kernels[i];
        if (!name_matches(kernel->name, o->filter)) continue;
        if (kernel->needs & ~o->features) {
            lacking++;
            continue;
        }
        checked++;
        const uint64_t start = clock_now();
        const bool good = check_kernel(kernel, o);
        failed += !good;
        if (good) printf("ok   %-42s %6.0f ms\n", kernel->name, (double)(clock_now() - start) * 1e-6);
        fflush(stdout);
    }
    for (const family_kernel *kernel = family_kernels(); kernel->name; kernel++) {
        if (!name_matches(kernel->name, o->filter) || !kernel->here) continue;
        if (kernel->needs & ~o->features) {
            lacking++;
            continue;
        }
        checked++;
        const bool good = check_family(kernel, o);
        failed += !good;
        if (good) printf("ok   %s\n", kernel->name);
    }
    printf("%zu kernels checked, %zu failed, %zu need what this CPU lacks\n", checked, failed, lacking);
    return failed || checked == 0;
}

static int usage(const char *what) {
    fprintf(
        stderr,
        "check_kernels: %s\nusage: check_kernels [--list] [--filter PATTERN] [--isa LEVEL] [--seed N] [--cases N] "
        "[--case I] [--long] [--bench | --bench-others [--seconds S]] [--format table|tsv|json]\n",
        what);
    return 2;
}

int main(int argc, char **argv) {
    options o = {.features = cpu_detect(), .seed = clock_now(), .cases = 120, .benchmark = {.seconds = 0.02}};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(option, "--list")) {
            o.list = true;
        } else if (!strcmp(option, "--bench")) {
            o.bench = true;
        } else if (!strcmp(option, "--bench-others")) {
            o.bench_others = true;
        } else if (!strcmp(option, "--long")) {
            o.large = true;
            o.cases = 1000;
        } else if (value == NULL) {
            return usage("unknown option, or one without its value");
        } else if (!strcmp(option, "--filter")) {
            o.filter = value, i++;
        } else if (!strcmp(option, "--seed")) {
            o.seed = strtoull(value, NULL, 0), i++;
        } else if (!strcmp(option, "--cases")) {
            o.cases = strtoull(value, NULL, 0), i++;
        } else if (!strcmp(option, "--case")) {
            o.first = strtoull(value, NULL, 0), o.cases = 1, i++;
        } else if (!strcmp(option, "--seconds")) {
            o.benchmark.seconds = strtod(value, NULL), i++;
        } else if (!strcmp(option, "--format")) {
            o.benchmark.format = !strcmp(value, "tsv")    ? FORMAT_TSV
                                 : !strcmp(value, "json") ? FORMAT_JSON
                                                          : FORMAT_TABLE;
            i++;
        } else if (!strcmp(option, "--isa")) {
            const cpu_level *level = cpu_level_find(value);
            if (level == NULL) return usage("unknown level of --isa");
            o.features &= level->features;
            i++;
        } else {
            return usage("unknown option");
        }
    }
    o.benchmark.filter = o.filter;
    o.benchmark.features = o.features;
    if (o.list) return list_kernels(&o), 0;
    if (o.bench_others) return bench_families(&o.benchmark);
    return o.bench ? bench_kernels(&o.benchmark) : check_kernels(&o);
}
