/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/softmax/operations.h"

const softmax_kernels softmax_c = SOFTMAX_KERNELS;
