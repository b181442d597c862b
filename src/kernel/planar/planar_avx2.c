/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx2.h"

#include "kernel/planar/operations.h"

const planar_kernels planar_avx2 = PLANAR_KERNELS;
