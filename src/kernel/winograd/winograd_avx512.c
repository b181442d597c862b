/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/winograd/operations.h"

const winograd_kernels winograd_avx512 = WINOGRAD_KERNELS;
