/* SPDX-License-Identifier: Apache-2.0
 *
 * Events as an ETDump, in the order and under the names that ExecuTorch's runtime would have used. A string stands
 * in the file once, however many events have it; a node's metadata stand at its first event only.
 */
#ifndef PROFILE_ETDUMP_WRITE_H
#define PROFILE_ETDUMP_WRITE_H

#include "mica/etdump.h"

/* mica_etdump_encode for any events in order of their end; `cut`: the last run may lack some. */
mica_status etdump_encode(mica_context *context, const mica_event *events, size_t count, bool cut,
                          const mica_report *report, const mica_etdump_options *options, mica_sink sink, void *user);

#endif
