/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/softmax/operations.h"

const softmax_kernels softmax_neon = SOFTMAX_KERNELS;
