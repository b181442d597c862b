/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_c.h"

#include "kernel/dwconv/float.h"

const dwconv_kernel dwconv_f32_c = {dwconv_rows_size, dwconv_pack_rows, run_f32, NULL};
const dwconv_kernel dwconv_f16_c = {dwconv_rows_size, dwconv_pack_rows, run_f16, NULL};
