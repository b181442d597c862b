/* SPDX-License-Identifier: Apache-2.0
 *
 * From a payload's nodes to the steps that execute: which nodes merge into others, which only rename memory. Pure; the
 * same lowering serves running and explaining.
 */
#ifndef GRAPH_LOWER_H
#define GRAPH_LOWER_H

#include "format/xnnpack.h"
#include "operator/operator.h"

#define LOWER_NONE SIZE_MAX

typedef struct lower_step {
    const mica_operation *operation;            /* the payload's, or a copy with other operands */
    const op_class *class;                      /* NULL: this kind does not run */
    uint32_t inputs[MICA_OPERATION_MAX_INPUTS]; /* value indices; UINT32_MAX: none */
    uint32_t output, second_output;
    size_t node;     /* of the payload; a merged step carries its main node's */
    bool is_alias;   /* the output is the input's memory under another shape: nothing runs */
    uint32_t placed; /* of an alias that is the caller's output: the value made in its memory; UINT32_MAX: none */
} lower_step;

struct lowered {
    lower_step *steps; /* in execution order */
    size_t step_count;
    size_t *merged_into; /* per payload node: the node whose step does its work, or LOWER_NONE */
};

mica_status lower(const xnn_graph *payload, const op_target *target, bool fuse, struct arena *arena,
                  struct lowered *out, mica_error *error);

#endif
