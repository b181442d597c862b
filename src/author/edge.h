/* SPDX-License-Identifier: Apache-2.0
 *
 * An edge program as torch.export serializes it, written node by node: tensors are made before nodes read them.
 */
#ifndef AUTHOR_EDGE_H
#define AUTHOR_EDGE_H

#include "base/emit.h"
#include "base/memory.h"
#include "mica/operator.h"

/* torch.export's numbers of element types. */
typedef enum edge_type { EDGE_I8 = 2, EDGE_I32 = 4, EDGE_I64 = 5, EDGE_F16 = 6, EDGE_F32 = 7 } edge_type;

/* A tensor of the program. */
typedef struct edge_value {
    const char *base; /* the name's beginning, "aten.add.Tensor" for "aten_add_tensor"; borrowed */
    size_t number;    /* of those with the same beginning before: part of the name when it is not 0 */
    edge_type type;
    size_t rank, dims[MICA_OPERAND_MAX_RANK];
    bool is_input, is_output;
} edge_value;

typedef uint32_t edge_id; /* a tensor's place among all */
#define EDGE_NONE UINT32_MAX

struct edge {
    struct emitter out;
    edge_value *values; /* with room for all, the caller's */
    size_t count;
    uint32_t *handles; /* of the nodes, in order; the same */
    size_t node_count;
    uint32_t handle; /* of nodes from now on */
};

/* A new tensor, which looks like `like` but for name and type. */
edge_id edge_add(struct edge *edge, const char *base, edge_type type, const edge_value *like);
size_t edge_input_count(const struct edge *edge);

/* ---- in this order ---- */

void edge_begin(struct edge *edge);
/* A node and the tensor that it gives, both named after its target, "aten.add.Tensor"; arguments follow, then the
 * end. */
edge_id edge_begin_node(struct edge *edge, const char *target, edge_type type, const edge_value *like);
void edge_tensor(struct edge *edge, const char *argument, edge_id value); /* EDGE_NONE: none */
void edge_int(struct edge *edge, const char *argument, int64_t value);
void edge_ints(struct edge *edge, const char *argument, const size_t *items, size_t count);
void edge_tensors(struct edge *edge, const char *argument, const edge_id *items, size_t count);
void edge_real(struct edge *edge, const char *argument, double value);
void edge_truth(struct edge *edge, const char *argument, bool value);
void edge_scalar_type(struct edge *edge, const char *argument, edge_type value);
/* `second`: what the node gives beside, or EDGE_NONE. */
void edge_end_node(struct edge *edge, edge_id output, edge_id second);
void edge_end(struct edge *edge, const char *input_tree, const char *output_tree);

#endif
