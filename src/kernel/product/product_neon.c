/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/product/operations.h"

product_function *const product_neon[PRODUCT_KINDS] = PRODUCT_FUNCTIONS;
