/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/quantize/operations.h"

const quantize_kernels quantize_neon = QUANTIZE_KERNELS;
