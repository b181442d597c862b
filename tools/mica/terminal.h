/* SPDX-License-Identifier: Apache-2.0
 *
 * What the terminal can show: colour, width, characters. Text from files passes through here before a person sees it,
 * so that no name in a model can move the cursor.
 */
#ifndef TOOL_TERMINAL_H
#define TOOL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

void terminal_init(void);            /* takes the locale's character set; numbers keep their point */
size_t terminal_width(FILE *stream); /* columns; 0: not a terminal, any width will do */
bool terminal_colour(FILE *stream);  /* a terminal, and NO_COLOR is not set */

/* Copies `text` to `out` (`size` bytes) without control characters and in the locale's characters, at most `columns`
 * wide (0: any width), ending in an ellipsis when it was cut. Gives the width. */
size_t terminal_text(char *out, size_t size, const char *text, size_t columns);

/* A bar on a terminal's standard error once the work has taken a second; nothing anywhere else. */
void progress(const char *label, double done, double total);
void progress_end(void);

#endif
