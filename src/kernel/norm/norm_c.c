/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/norm/operations.h"

const norm_kernels norm_c = NORM_KERNELS;
