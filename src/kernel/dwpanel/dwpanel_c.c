/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/dwpanel/operations.h"

const dwpanel_kernel dwpanel_c = DWPANEL_KERNEL;
