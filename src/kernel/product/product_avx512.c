/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/product/operations.h"

product_function *const product_avx512[PRODUCT_KINDS] = PRODUCT_FUNCTIONS;
