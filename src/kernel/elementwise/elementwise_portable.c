/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/elementwise/operations.h"

elementwise_function *const elementwise_c[ELEMENTWISE_COUNT] = {ELEMENTWISE_OPERATIONS(ELEMENTWISE_ROW)};
