/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx2.h"

#include "kernel/norm/operations.h"

const norm_kernels norm_avx2 = NORM_KERNELS;
