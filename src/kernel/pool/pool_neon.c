/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/pool/operations.h"

const pool_kernels pool_neon = POOL_KERNELS;
