/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory for a program that ends when there is none: every size asked for here was checked against something real.
 */
#ifndef TOOL_GROW_H
#define TOOL_GROW_H

#include <stddef.h>

/* realloc that does not return without memory: one line on standard error, exit status 1. */
void *grow(void *memory, size_t count, size_t item);
/* printf into memory of its own. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
