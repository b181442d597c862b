/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/pool/operations.h"

const pool_kernels pool_c = POOL_KERNELS;
