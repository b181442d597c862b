/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/quantize/operations.h"

const quantize_kernels quantize_avx512 = QUANTIZE_KERNELS;
