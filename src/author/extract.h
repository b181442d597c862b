/* SPDX-License-Identifier: Apache-2.0
 *
 * Extracting, its two halves: a node of a delegate (extract_node.c) and a kernel call outside of them (extract_call.c).
 */
#ifndef AUTHOR_EXTRACT_H
#define AUTHOR_EXTRACT_H

#include "author/author.h"
#include "format/program.h"

/* Node `index` of `from` alone: what is computed elsewhere becomes an input, int8 values become floats outside. */
mica_status extract_node(const xnn_graph *from, size_t index, struct arena *arena, xnn_graph *graph,
                         mica_error *error);

/* An instruction of `from`, a kernel call, as the only one of a program. */
mica_status extract_call(const pte_method *from, const pte_instruction *call, struct arena *arena, bytes_span *file,
                         mica_error *error);

#endif
