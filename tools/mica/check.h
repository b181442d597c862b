/* SPDX-License-Identifier: Apache-2.0
 *
 * mica run --check: a model beside the reference, node by node.
 *
 * Three copies of a method run the same inputs. The reference runs scalar kernels with nothing fused, and its results
 * are kept. The second runs what is to be checked, each result being replaced by the reference's once it was compared:
 * so a node's difference is its own, and an error does not travel. The third runs undisturbed: its differences are
 * those that have accumulated, and its times are the model's.
 */
#ifndef TOOL_CHECK_H
#define TOOL_CHECK_H

#include "gap.h"
#include "model.h"

struct checked_node {
    bool seen;                 /* it ran, and its result was compared */
    size_t runner;             /* the node that computed it */
    gap own, accumulated;      /* the worst of all executions */
    uint64_t ns, reference_ns; /* the fastest execution; UINT64_MAX: none */
    size_t first, next;        /* of its records: the first, and the one to compare with next */
};

struct check {
    struct model *subject; /* what is checked; runs undisturbed */
    const char *method;    /* its name */
    mica_context *context; /* of the reference */
    mica_method *reference, *forced;
    mica_trace *trace;
    struct checked_node *nodes; /* per node of the report */
    size_t node_count;
    struct record *records; /* the reference's results in the order of their making */
    size_t record_count, record_room;
    size_t wrong; /* the first node outside its tolerance; node_count: none */
};

/* `subject` is open; `settings` are those that it was opened with. On failure too, check_close releases what there is. */
bool check_open(struct check *check, const struct settings *settings, struct model *subject, struct fault *fault);
void check_close(struct check *check);

/* Runs the inputs that `subject` holds, and compares. */
bool check_call(struct check *check, size_t warmup, size_t executions, struct fault *fault);
/* True unless a node was wrong in the last call; the fault names the first. */
bool check_verdict(const struct check *check, struct fault *fault);

#endif
