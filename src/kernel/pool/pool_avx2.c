/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx2.h"

#include "kernel/pool/operations.h"

const pool_kernels pool_avx2 = POOL_KERNELS;
