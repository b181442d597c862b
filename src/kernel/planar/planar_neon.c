/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/planar/operations.h"

const planar_kernels planar_neon = PLANAR_KERNELS;
