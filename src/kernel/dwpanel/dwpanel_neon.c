/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_neon.h"

#include "kernel/dwpanel/operations.h"

const dwpanel_kernel dwpanel_neon = DWPANEL_KERNEL;
