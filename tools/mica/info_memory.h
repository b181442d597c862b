/* SPDX-License-Identifier: Apache-2.0
 *
 * mica info --memory: the memory plan of a model's methods.
 */
#ifndef TOOL_INFO_MEMORY_H
#define TOOL_INFO_MEMORY_H

#include "command.h"

/* Loads each method and shows its regions of memory, and which value lives where in them, and from when to when. */
bool info_memory(mica_context *context, const mica_program *program, const char *path,
                 const struct settings *settings, struct fault *fault);

#endif
