/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/dwconv/dot_256.h"

#define v_dot _mm256_dpbusd_avx_epi32

#define PAIRS 0
#include "kernel/dwconv/dot.h"

#define TOGETHER 1
#include "kernel/dwconv/dot_tiles.h"

const dwconv_kernel dwconv_i8_avxvnni = {packed_size, pack, run, tiles};
