/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/winograd/operations.h"

const winograd_kernels winograd_c = WINOGRAD_KERNELS;
