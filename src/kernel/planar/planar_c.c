/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/planar/operations.h"

const planar_kernels planar_c = PLANAR_KERNELS;
