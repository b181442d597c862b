/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/quantize/operations.h"

const quantize_kernels quantize_c = QUANTIZE_KERNELS;
