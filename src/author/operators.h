/* SPDX-License-Identifier: Apache-2.0
 *
 * What PyTorch calls the nodes of a graph.
 */
#ifndef AUTHOR_OPERATORS_H
#define AUTHOR_OPERATORS_H

#include "author/author.h"
#include "author/edge.h"

struct torch_operator {
    const char *name, *target;                        /* "aten_add_tensor", "aten.add.Tensor" */
    const char *arguments[MICA_OPERATION_MAX_INPUTS]; /* those that are tensors */
    const char *list;                                 /* or the one that is a list of them */
    bool weighted;                                    /* the second is a filter, the third a bias */
};

const struct torch_operator *torch_operator_of(const mica_operation *operation);

/* Arguments that are no tensors: those that have no default, and those that say what the operator does. `output` is its result
 * in PyTorch's layout. */
void torch_attributes(struct edge *edge, const mica_operation *operation, const edge_value *output);

#endif
