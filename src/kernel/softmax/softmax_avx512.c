/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/softmax/operations.h"

const softmax_kernels softmax_avx512 = SOFTMAX_KERNELS;
