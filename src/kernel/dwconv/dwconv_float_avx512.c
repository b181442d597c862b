/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/vector/vector_avx512.h"

#include "kernel/dwconv/float.h"
#include "kernel/dwconv/float_tiles.h"

const dwconv_kernel dwconv_f32_avx512 = {dwconv_rows_size, dwconv_pack_rows, run_f32, tiles_f32};
const dwconv_kernel dwconv_f16_avx512 = {dwconv_rows_size, dwconv_pack_rows, run_f16, tiles_f16};
