/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx2.h"

#include "kernel/dwpanel/operations.h"

const dwpanel_kernel dwpanel_avx2 = DWPANEL_KERNEL;
