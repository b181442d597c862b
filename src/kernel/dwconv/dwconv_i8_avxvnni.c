/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/dwconv/dot_256.h"

#define v_dot _mm256_dpbusd_avx_epi32

#include "kernel/dwconv/dot.h"

#include "kernel/dwconv/dot_lines.h"

const dwconv_kernel dwconv_i8_avxvnni = {packed_size, pack, run, tiles};
