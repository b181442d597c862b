/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels outside of the GEMM table in the check harness: each version of each operation against the reference,
 * on random operands between guard pages.
 */
#ifndef TESTS_CHECK_FAMILIES_H
#define TESTS_CHECK_FAMILIES_H

#include "check_problem.h"
#include "kernel/version.h"

typedef struct family_kernel {
    const char *name; /* "sigmoid_f32_avx2" */
    cpu_features needs;
    bool here; /* this build has it */
    const struct family *family;
    size_t operation;
    kernel_version version;
} family_kernel;

/* All of them, in a table that ends with a NULL name. */
const family_kernel *family_kernels(void);

/* One random call; false with a sentence in `why` when the version differs from the reference. */
bool family_check(const family_kernel *kernel, random_state *random, char *why, size_t size);

/* A call over about `elements` elements, for timing; gives how many bytes it reads and writes. */
size_t family_prepare(const family_kernel *kernel, size_t elements, random_state *random);
void family_run(const family_kernel *kernel); /* the call last prepared */

#endif
