/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/report.h"

#include <string.h>

mica_status report_append(mica_report *report, const mica_node_report *node, mica_error *error) {
    if (report->count == report->capacity) {
        const size_t capacity = max_size(16, report->capacity * 2);
        void *memory = NULL;
        TRY(arena_array(report->arena, capacity, sizeof *report->nodes, &memory, error));
        if (report->count) memcpy(memory, report->nodes, report->count * sizeof *report->nodes);
        report->nodes = memory;
        report->capacity = capacity;
    }
    report->nodes[report->count] = *node;
    report->nodes[report->count].index = report->count;
    report->count++;
    return MICA_OK;
}
