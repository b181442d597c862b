/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/pool/operations.h"

const pool_kernels pool_avx512 = POOL_KERNELS;
