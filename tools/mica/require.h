/* SPDX-License-Identifier: Apache-2.0
 *
 * --require-accelerated: for CI, a fault when a node that should run a packed micro-kernel does not.
 */
#ifndef TOOL_REQUIRE_H
#define TOOL_REQUIRE_H

#include "fault.h"
#include "mica/explain.h"

#define REQUIRE_HELP                                                                                                 \
    "exit 1 when a node takes no accelerated variant: any fully connected, convolution 2d or batch matmul, or "      \
    "those "                                                                                                         \
    "whose type or name matches the pattern (* and ? match anything, case does not matter)"

/* `pattern` NULL: nothing is required. Of the nodes that match, those of a kind that has accelerated variants count;
 * where none is, all that match. A pattern that matches no node is a fault too. */
bool require_accelerated(const mica_report *report, const char *pattern, const char *model, struct fault *fault);

#endif
