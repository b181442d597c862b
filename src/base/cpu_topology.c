/* SPDX-License-Identifier: Apache-2.0
 *
 * Cores, caches and names, as Linux tells them in /proc and /sys. Whatever cannot be read is guessed or left out.
 */
#include "base/cpu.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__aarch64__)
#include <sys/prctl.h>
#endif

/* The first line of a small file, without its end; false when there is none. Every file asked for costs the start of
 * a program some 20 µs: what the CPU itself tells is not read here. */
static bool read_line(const char *path, char *line, size_t size) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    const ssize_t length = read(file, line, size - 1);
    close(file);
    if (length <= 0) return false;
    line[length] = 0;
    line[strcspn(line, "\n")] = 0;
    return true;
}

/* ---- cores ---- */

static void allowed_cpus(cpu_set_t *allowed) {
    CPU_ZERO(allowed);
    if (sched_getaffinity(0, sizeof *allowed, allowed) != 0 || CPU_COUNT(allowed) == 0) CPU_SET(0, allowed);
}

/* CPUs' worth of time that the control group (v2) of this process may use, rounded up; SIZE_MAX: no limit. The limits
 * of all groups above it hold as well. */
static size_t quota(void) {
    size_t least = SIZE_MAX;
    char group[1024], path[1100], line[64];
    if (!read_line("/proc/self/cgroup", group, sizeof group) || strncmp(group, "0::/", 4) != 0) return least;
    for (char *end = group + strlen(group); end; end = strrchr(group + 3, '/')) {
        *end = 0;
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group + 3);
        size_t time, period; /* "max" in place of the time: no limit */
        if (read_line(path, line, sizeof line) && sscanf(line, "%zu %zu", &time, &period) == 2 && period) {
            least = min_size(least, max_size(divide_up(time, period), 1));
        }
    }
    return least;
}

size_t cpu_hardware_threads(void) {
    cpu_set_t allowed;
    allowed_cpus(&allowed);
    return min_size((size_t)CPU_COUNT(&allowed), quota());
}

size_t cpu_physical_cores(void) {
    char path[96], line[256];
    if (read_line("/sys/devices/system/cpu/smt/active", line, sizeof line) && strcmp(line, "0") == 0) {
        return cpu_hardware_threads(); /* no core has two */
    }
    cpu_set_t allowed, cores; /* a core is known by the first of its threads */
    allowed_cpus(&allowed);
    CPU_ZERO(&cores);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed)) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
        const unsigned long first = read_line(path, line, sizeof line) ? strtoul(line, NULL, 10) : cpu;
        CPU_SET(first, &cores);
    }
    return min_size((size_t)CPU_COUNT(&cores), quota());
}

/* ---- caches ---- */

/* What the C library knows from the CPU itself: nothing on some architectures, and nothing of a cache that CPUs share,
 * which it takes for the whole machine's. */
static size_t own_cache_bytes(unsigned level) {
    const long bytes = level == 1 ? sysconf(_SC_LEVEL1_DCACHE_SIZE) : level == 2 ? sysconf(_SC_LEVEL2_CACHE_SIZE) : 0;
    return bytes > 0 ? (size_t)bytes : 0;
}

/* Data or unified cache of the first CPU; 0 when the system does not tell. */
static size_t cache_bytes(unsigned level) {
    const size_t own = own_cache_bytes(level);
    if (own) return own;
    for (int index = 0; index < 8; index++) {
        char path[96], line[32];
        const char *const folder = "/sys/devices/system/cpu/cpu0/cache/index";
        snprintf(path, sizeof path, "%s%d/level", folder, index);
        if (!read_line(path, line, sizeof line)) break;
        if (strtoul(line, NULL, 10) != level) continue;
        snprintf(path, sizeof path, "%s%d/type", folder, index);
        if (!read_line(path, line, sizeof line) || strcmp(line, "Instruction") == 0) continue;
        snprintf(path, sizeof path, "%s%d/size", folder, index);
        size_t size = 0;
        char unit = 0;
        if (!read_line(path, line, sizeof line) || sscanf(line, "%zu%c", &size, &unit) < 1) continue;
        return unit == 'K' ? size << 10 : unit == 'M' ? size << 20 : size;
    }
    return 0;
}

size_t cpu_cache_bytes(unsigned level) {
    static const size_t guesses[] = {0, (size_t)32 << 10, (size_t)256 << 10, (size_t)1 << 20};
    static _Atomic size_t known[4];
    if (level < 1 || level > 3) return 0;
    size_t bytes = atomic_load_explicit(&known[level], memory_order_relaxed);
    if (!bytes) {
        bytes = cache_bytes(level);
        if (!bytes) bytes = guesses[level];
        atomic_store_explicit(&known[level], bytes, memory_order_relaxed);
    }
    return bytes;
}

/* ---- the whole, for people ---- */

/* x86 names its model in /proc/cpuinfo; boards with a device tree name themselves there. */
static void model_name(char *name, size_t size) {
    snprintf(name, size, "unknown");
    FILE *const file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        char *const value = strstr(line, ": ");
        if (!value || strncmp(line, "model name", 10) != 0) continue;
        value[strcspn(value, "\n")] = 0;
        snprintf(name, size, "%s", value + 2);
        fclose(file);
        return;
    }
    if (file) fclose(file);
    if (read_line("/proc/device-tree/model", line, sizeof line)) snprintf(name, size, "%.*s", (int)size - 1, line);
}

static size_t vector_bits(cpu_features features) {
#if defined(__aarch64__)
    const int sme_get_vl = 64;
    const int bytes = features & CPU_SME ? prctl(sme_get_vl) : -1;
    if (bytes > 0) return (size_t)(bytes & 0xffff) * 8;
#endif
    return features & CPU_AVX512 ? 512 : features & CPU_AVX2 ? 256 : 128;
}

static void feature_names(cpu_features features, char *names, size_t size) {
    static const struct {
        cpu_features feature;
        const char *name;
    } table[] = {
        {CPU_AVX2, "avx2"},
        {CPU_AVXVNNI, "avxvnni"},
        {CPU_AVX512, "avx512"},
        {CPU_AVX512VNNI, "avx512vnni"},
        {CPU_AVX512FP16, "avx512fp16"},
        {CPU_NEON, "neon"},
        {CPU_FP16, "fp16"},
        {CPU_DOTPROD, "dotprod"},
        {CPU_I8MM, "i8mm"},
        {CPU_SVE, "sve"},
        {CPU_SME, "sme"},
        {CPU_SME2, "sme2"},
    };
    size_t used = 0;
    names[0] = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!(features & table[i].feature)) continue;
        used += (size_t)snprintf(names + used, size - used, "%s%s", used ? " " : "", table[i].name);
    }
}

void mica_cpu_query(mica_cpu_info *info) {
    const cpu_features features = cpu_detect();
    *info = (mica_cpu_info){
        .architecture = cpu_architecture(),
        .isa = cpu_level_of(features)->name,
        .cores = cpu_physical_cores(),
        .cache_l1d = cache_bytes(1),
        .cache_l2 = cache_bytes(2),
        .cache_l3 = cache_bytes(3),
        .vector_bits = vector_bits(features),
    };
    model_name(info->model, sizeof info->model);
    feature_names(features, info->features, sizeof info->features);
}
