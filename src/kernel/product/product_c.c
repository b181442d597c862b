/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/product/operations.h"

product_function *const product_c[PRODUCT_KINDS] = PRODUCT_FUNCTIONS;
