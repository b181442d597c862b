/* SPDX-License-Identifier: Apache-2.0 */
#include "require.h"

#include <fnmatch.h>

static bool matches(const mica_node_report *node, const char *pattern) {
    if (!*pattern) return node->eligible_kind;
    return fnmatch(pattern, node->node_type, FNM_CASEFOLD) == 0 || fnmatch(pattern, node->name, FNM_CASEFOLD) == 0;
}

bool require_accelerated(const mica_report *report, const char *pattern, const char *model, struct fault *fault) {
    if (!pattern) return true;
    size_t matched = 0, eligible = 0, failed = 0;
    const mica_node_report *first = NULL;
    for (size_t i = 0; i < mica_report_count(report); i++) {
        const mica_node_report *const node = mica_report_node(report, i);
        matched += matches(node, pattern);
        eligible += matches(node, pattern) && node->eligible_kind;
    }
    if (*pattern && !matched) return fail(fault, "%s: no node matches '%s'", model, pattern);
    for (size_t i = 0; i < mica_report_count(report); i++) {
        const mica_node_report *const node = mica_report_node(report, i);
        if (!matches(node, pattern) || (eligible && !node->eligible_kind) || node->accelerated) continue;
        failed++;
        if (!first) first = node;
    }
    if (!failed) return true;
    return fail(fault, "%s: %zu of %zu required nodes are not accelerated; the first is %s (node %zu): %s", model,
                failed, eligible ? eligible : matched, first->name, first->index,
                first->reason_count ? first->reasons[0].message : "no packed kernel exists for its kind");
}
