/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/transpose/tiles.h"

transpose_function *const transpose_avx2[TRANSPOSE_SIZES] = TRANSPOSE_FUNCTIONS;
