/* SPDX-License-Identifier: Apache-2.0
 *
 * What one core can do at most, measured: the roofline that kernels are held against. Takes some milliseconds.
 */
#ifndef KERNEL_PEAK_PEAK_H
#define KERNEL_PEAK_PEAK_H

#include <stddef.h>

#include "base/cpu.h"

typedef enum peak_kind { PEAK_F32, PEAK_I8, PEAK_F16, PEAK_KINDS } peak_kind; /* arithmetic of the sums */

/* Operations (multiply and add counted apart) per second with the best instructions of `features`. */
double peak_operations(peak_kind kind, cpu_features features);

/* Bytes read per second, over and over, from `size` bytes at `memory`, aligned to 64, a multiple of 512. */
double peak_bandwidth(const void *memory, size_t size, cpu_features features);

#endif
