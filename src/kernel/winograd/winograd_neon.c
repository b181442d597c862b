/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/winograd/operations.h"

const winograd_kernels winograd_neon = WINOGRAD_KERNELS;
