/* SPDX-License-Identifier: Apache-2.0
 *
 * Names from files. They end up in error texts, tables and JSON, so they must be text and nothing else. And lists that
 * are searched by name.
 */
#ifndef FORMAT_TEXT_H
#define FORMAT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_MAX_NAME 512 /* bytes */

/* UTF-8 without control characters (no file moves anybody's cursor), at most TEXT_MAX_NAME bytes. */
bool text_is_name(const char *text, size_t length);

/* Lists of structs of `size` bytes, whose first member is their name: sorted, and searched for one. */
void text_sort(void *items, size_t count, size_t size);
const void *text_find(const char *name, size_t length, const void *items, size_t count, size_t size); /* or NULL */

#endif
