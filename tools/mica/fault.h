/* SPDX-License-Identifier: Apache-2.0
 *
 * How the program fails: one line, "FILE: what is wrong (where)", and the exit status that goes with it.
 * Functions that can fail return false and fill in the fault; whoever gave it to them decides whether it is printed.
 */
#ifndef TOOL_FAULT_H
#define TOOL_FAULT_H

#include "mica/context.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 }; /* done, the work failed, the command line is wrong */

struct fault {
    int exit;
    char text[2048];
};

/* Both return false. */
bool fail(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));  /* EXIT_FAILED */
bool usage(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3))); /* EXIT_USAGE */
/* Puts "subject: " before the text. */
bool fail_in(struct fault *fault, const char *subject);
/* True for MICA_OK; else the context's text, with `file` in front. */
bool succeeded(struct fault *fault, const char *file, const mica_context *context, mica_status status);

#endif
