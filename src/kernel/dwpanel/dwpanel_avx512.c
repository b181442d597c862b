/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/dwpanel/operations.h"

const dwpanel_kernel dwpanel_avx512 = DWPANEL_KERNEL;
