/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/elementwise/operations.h"

elementwise_function *const elementwise_neon[ELEMENTWISE_COUNT] = {ELEMENTWISE_OPERATIONS(ELEMENTWISE_ROW)};
