/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of page.html, before and behind the place of its data; cmake/embed.cmake makes them.
 */
#ifndef DEVTOOLS_PAGE_H
#define DEVTOOLS_PAGE_H

#include <stddef.h>

extern const unsigned char page_head[], page_tail[];
extern const size_t page_head_size, page_tail_size;

#endif
