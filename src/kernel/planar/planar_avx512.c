/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/planar/operations.h"

const planar_kernels planar_avx512 = PLANAR_KERNELS;
