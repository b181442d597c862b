/* SPDX-License-Identifier: Apache-2.0
 *
 * Benchmark mode of the check harness for the kernels outside of the GEMM table: time and traffic of one call, from
 * the first cache and from beyond it; of several repetitions the fastest counts.
 */
#include "check_families.h"

#include "base/clock.h"

static void print_row(const bench_options *o, const char *name, size_t elements, size_t bytes, double seconds) {
    static bool first = true;
    static const char *const formats[] = {
        [FORMAT_TABLE] = "%-40s %8zu %10.3f %10.3f %10.1f\n",
        [FORMAT_TSV] = "%s\t%zu\t%.4f\t%.4f\t%.2f\n",
        [FORMAT_JSON] =
            "{\"name\": \"%s\", \"elements\": %zu, \"us\": %.4f, \"ns_per_element\": %.4f, \"gbps\": %.2f}"};
    if (first && o->format == FORMAT_TABLE) {
        printf("%-40s %8s %10s %10s %10s\n", "kernel", "elements", "us", "ns/element", "GB/s");
    } else if (first && o->format == FORMAT_TSV) {
        printf("name\telements\tus\tns_per_element\tgbps\n");
    } else if (o->format == FORMAT_JSON) {
        printf("%s", first ? "[" : ",\n ");
    }
    first = false;
    printf(formats[o->format], name, elements, seconds * 1e6, seconds * 1e9 / (double)elements,
           (double)bytes / seconds * 1e-9);
    fflush(stdout);
}

int bench_families(const bench_options *o) {
    static const size_t counts[] = {2048, 262144};
    for (const family_kernel *kernel = family_kernels(); kernel->name; kernel++) {
        if (!kernel->here || kernel->needs & ~o->features || !name_matches(kernel->name, o->filter)) continue;
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            random_state random = {1};
            const size_t bytes = family_prepare(kernel, counts[i], &random);
            double best = 1e30;
            const uint64_t begin = clock_now(), limit = (uint64_t)(o->seconds * 1e9);
            for (uint64_t calls = 1; clock_now() - begin < limit; calls *= calls < 64 ? 2 : 1) {
                const uint64_t start = clock_now();
                for (uint64_t c = 0; c < calls; c++) family_run(kernel);
                const double each = (double)(clock_now() - start) * 1e-9 / (double)calls;
                if (each < best) best = each;
            }
            print_row(o, kernel->name, counts[i], bytes, best);
        }
    }
    if (o->format == FORMAT_JSON) printf("]\n");
    return 0;
}
