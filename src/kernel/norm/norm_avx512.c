/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/norm/operations.h"

const norm_kernels norm_avx512 = NORM_KERNELS;
