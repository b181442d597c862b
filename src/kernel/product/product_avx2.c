/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx2.h"

#include "kernel/product/operations.h"

product_function *const product_avx2[PRODUCT_KINDS] = PRODUCT_FUNCTIONS;
