/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/norm/operations.h"

const norm_kernels norm_neon = NORM_KERNELS;
