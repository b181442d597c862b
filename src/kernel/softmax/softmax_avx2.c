/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx2.h"

#include "kernel/softmax/operations.h"

const softmax_kernels softmax_avx2 = SOFTMAX_KERNELS;
