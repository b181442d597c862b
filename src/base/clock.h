/* SPDX-License-Identifier: Apache-2.0
 *
 * The monotonic clock of traces and benchmarks, in nanoseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_now(void);

#endif
