/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/expressions.h"

#include <string.h>

#include "operator/expression.h"

/* Results of fewer bytes are in the first cache still when they are read: nothing is gained. */
#define LEAST_BYTES ((size_t)32 << 10)

/* Values that an expression reads, each once. */
typedef struct leaves {
    uint32_t values[2 * EXPRESSION_LEAVES];
    size_t count;
} leaves;

static size_t leaf_of(leaves *all, uint32_t value) {
    size_t i = 0;
    while (i < all->count && all->values[i] != value) i++;
    if (i == all->count) all->values[all->count++] = value;
    return i;
}

static void add_inputs(leaves *all, const xnn_node *node) {
    for (size_t i = 0; i < node->operation.input_count; i++) (void)leaf_of(all, node->inputs[i]);
}

static bool same_dims(const mica_operand *a, const mica_operand *b) {
    return a->rank == b->rank && !memcmp(a->dims, b->dims, a->rank * sizeof *a->dims);
}

/* The leaves when leaf i is computed inside; false when it cannot be. */
static bool inside(const xnn_graph *payload, const uses *all, const size_t *merged_into, const xnn_node *root,
                   const leaves *before, size_t i, leaves *after) {
    const uses *const use = &all[before->values[i]];
    if (use->producer == LOWER_NONE || use->readers != 1 || merged_into[use->producer] != LOWER_NONE) return false;
    const xnn_node *const node = &payload->nodes[use->producer];
    if (!expression_takes(&node->operation) || !same_dims(node->operation.output, root->operation.output)) {
        return false;
    }
    *after = (leaves){0};
    for (size_t j = 0; j < before->count; j++) {
        if (j != i) (void)leaf_of(after, before->values[j]);
    }
    add_inputs(after, node);
    return after->count <= EXPRESSION_LEAVES;
}

/* A clamp bounds a lone operator for nothing. */
static bool is_bounded_later(const xnn_graph *payload, const uses *use) {
    return use->readers == 1 && use->first_reader != LOWER_NONE &&
           payload->nodes[use->first_reader].operation.kind == MICA_CLAMP;
}

static bool is_large(const mica_operand *operand) {
    size_t bytes = sizeof(float);
    for (size_t i = 0; i < operand->rank; i++) {
        if (!size_mul(bytes, operand->dims[i], &bytes)) return true;
    }
    return bytes >= LEAST_BYTES;
}

static void merge_into(const xnn_graph *payload, const uses *all, size_t root, size_t *merged_into) {
    const xnn_node *const node = &payload->nodes[root];
    leaves now = {0}, next;
    add_inputs(&now, node);
    size_t stages = 1;
    for (size_t i = 0; i < now.count && stages < EXPRESSION_STAGES;) {
        if (!inside(payload, all, merged_into, node, &now, i, &next)) {
            i++;
            continue;
        }
        merged_into[all[now.values[i]].producer] = root;
        stages++;
        now = next;
        i = 0;
    }
}

void expressions_merge(const xnn_graph *payload, const uses *all, size_t *merged_into) {
    for (size_t i = payload->node_count; i-- > 0;) { /* the last of an expression first */
        const xnn_node *const node = &payload->nodes[i];
        if (merged_into[i] == LOWER_NONE && expression_takes(&node->operation) && is_large(node->operation.output) &&
            !is_bounded_later(payload, &all[node->output])) {
            merge_into(payload, all, i, merged_into);
        }
    }
}

/* The nodes of an expression in order, of which `root` is the last; gives their count. */
static size_t find_stages(const xnn_graph *payload, const uses *all, const size_t *merged_into, size_t root,
                          size_t stages[EXPRESSION_STAGES]) {
    size_t count = 0;
    stages[count++] = root;
    for (size_t s = 0; s < count; s++) {
        const xnn_node *const node = &payload->nodes[stages[s]];
        for (size_t i = 0; i < node->operation.input_count; i++) {
            const size_t before = all[node->inputs[i]].producer;
            if (before != LOWER_NONE && merged_into[before] == root) stages[count++] = before;
        }
    }
    for (size_t s = 1; s < count; s++) {
        for (size_t i = s; i > 0 && stages[i] < stages[i - 1]; i--) {
            const size_t other = stages[i];
            stages[i] = stages[i - 1];
            stages[i - 1] = other;
        }
    }
    return count;
}

mica_status expressions_build(const xnn_graph *payload, const uses *all, const size_t *merged_into,
                              struct arena *arena, lower_step *step, mica_error *error) {
    if (!expression_takes(step->operation)) return MICA_OK;
    size_t stages[EXPRESSION_STAGES];
    const size_t stage_count = find_stages(payload, all, merged_into, step->node, stages);
    if (stage_count == 1) return MICA_OK;

    void *memory = NULL;
    TRY(arena_allocate(arena, sizeof(expression_operation), &memory, error));
    expression_operation *const expression = memory;
    *expression = (expression_operation){.operation = *step->operation, .stage_count = stage_count};
    mica_operation *const operation = &expression->operation;
    leaves read = {0};
    for (size_t s = 0; s < stage_count; s++) {
        const xnn_node *const node = &payload->nodes[stages[s]];
        expression_stage *const stage = &expression->stages[s];
        stage->operation = &node->operation;
        for (size_t i = 0; i < node->operation.input_count; i++) {
            size_t made = 0; /* by which stage */
            while (made < s && stages[made] != all[node->inputs[i]].producer) made++;
            if (made < s) {
                stage->inputs[i] = EXPRESSION_LEAVES + made;
                continue;
            }
            const size_t leaf = leaf_of(&read, node->inputs[i]);
            stage->inputs[i] = leaf;
            operation->inputs[leaf] = node->operation.inputs[i];
            step->inputs[leaf] = node->inputs[i];
        }
    }
    operation->input_count = read.count;
    for (size_t i = read.count; i < MICA_OPERATION_MAX_INPUTS; i++) step->inputs[i] = UINT32_MAX;
    step->operation = operation;
    step->class = &op_expression;
    return MICA_OK;
}
