/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx2.h"

#include "kernel/elementwise/operations.h"

elementwise_function *const elementwise_avx2[ELEMENTWISE_COUNT] = {ELEMENTWISE_OPERATIONS(ELEMENTWISE_ROW)};
