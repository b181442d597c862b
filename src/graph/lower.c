/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/lower.h"

#include <math.h>
#include <string.h>

#include "graph/expressions.h"
#include "graph/uses.h"
#include "operator/expand_depthwise.h"
#include "operator/planar.h"
#include "operator/turn.h"

/* A convert that quantizes rows merges into the products that read it, when nothing else does: packing then quantizes. */
static bool merges_into_readers(const xnn_node *node, const uses *use) {
    const mica_operand *const rows = node->operation.output;
    return node->operation.kind == MICA_CONVERT && rows->type == MICA_OPERAND_QDINT8 && rows->row_dims == 1 &&
           use->readers > 0 && use->row_readers == use->readers;
}

/* Transposes that follow each other are one. */
static bool merges_into_transpose(const xnn_graph *payload, const xnn_node *node, const uses *use) {
    return node->operation.kind == MICA_STATIC_TRANSPOSE && use->readers == 1 && use->first_reader != LOWER_NONE &&
           payload->nodes[use->first_reader].operation.kind == MICA_STATIC_TRANSPOSE;
}

/* A transpose that moves only dims of one element. */
static bool keeps_order(const mica_operation *transpose) {
    const mica_operand *const in = transpose->inputs[0];
    size_t next = 0;
    for (size_t i = 0; i < in->rank; i++) {
        const size_t dim = transpose->as.transpose.perm[i];
        if (dim >= in->rank) return false; /* no permutation: refused later */
        if (in->dims[dim] == 1) continue;
        if (dim < next) return false;
        next = dim;
    }
    return true;
}

/* What a node reads was planes (NCHW) before a layout conversion that nothing else reads. */
static bool follows_planes(const xnn_graph *payload, const uses *all, const xnn_node *node) {
    const size_t before = all[node->inputs[0]].producer;
    if (before == LOWER_NONE) return false;
    const xnn_node *const first = &payload->nodes[before];
    const size_t source = all[first->inputs[0]].producer;
    return turns_to_pixels(&first->operation) && all[first->output].readers == 1 &&
           (source == LOWER_NONE || !merges_into_transpose(payload, &payload->nodes[source], &all[first->inputs[0]]));
}

/* What it writes becomes planes, and nothing else reads it. */
static bool precedes_planes(const xnn_graph *payload, const uses *all, const xnn_node *node) {
    const size_t after = all[node->output].first_reader;
    if (after == LOWER_NONE) return false;
    const xnn_node *const last = &payload->nodes[after];
    return turns_to_planes(&last->operation) && all[node->output].readers == 1 &&
           !merges_into_transpose(payload, last, &all[last->output]);
}

/* A convolution between two layout conversions stays on planes, where it can. */
static bool stays_planar(const xnn_graph *payload, const op_target *target, const uses *all, const xnn_node *node) {
    return planar_class(&node->operation, target) && follows_planes(payload, all, node) &&
           precedes_planes(payload, all, node);
}

/* One after a layout conversion turns planes by itself. */
static bool turns_planes(const xnn_graph *payload, const op_target *target, const uses *all, const xnn_node *node) {
    return convolution_turns(&node->operation, target) && follows_planes(payload, all, node);
}

/* The conversions merge into it. */
static void merge_conversions(const xnn_graph *payload, const op_target *target, const uses *all,
                              size_t *merged_into) {
    for (size_t i = 0; i < payload->node_count; i++) {
        const xnn_node *const node = &payload->nodes[i];
        const bool stays = stays_planar(payload, target, all, node);
        if (stays || turns_planes(payload, target, all, node)) merged_into[all[node->inputs[0]].producer] = i;
        if (stays) merged_into[all[node->output].first_reader] = i;
    }
}

/* Operations that give their input's bytes another shape. */
static bool renames(const mica_operation *operation) {
    const bool same = operation->kind == MICA_STATIC_RESHAPE || operation->kind == MICA_COPY ||
                      (operation->kind == MICA_STATIC_TRANSPOSE && keeps_order(operation));
    return same && operation->inputs[0]->type == operation->output->type &&
           operation->output->type != MICA_OPERAND_QDINT8;
}

/* Kinds whose kernels bound what they write. */
static bool bounds_output(mica_operation_kind kind) {
    switch (kind) {
    case MICA_FULLY_CONNECTED:
    case MICA_CONV_2D:
    case MICA_DEPTHWISE_CONV_2D:
    case MICA_CONV_TRANSPOSE_2D:
    case MICA_ADD:
    case MICA_SUBTRACT:
    case MICA_MULTIPLY:
    case MICA_DIV: return true;
    default: return false;
    }
}

static bool same_format(const mica_operand *a, const mica_operand *b) {
    return a->type == b->type && a->type != MICA_OPERAND_QDINT8 &&
           (a->type != MICA_OPERAND_QINT8 || (a->scale == b->scale && a->zero_point == b->zero_point));
}

/* A clamp merges into the step that writes its input for nobody else: the kernel's own bounds then do its work. */
static bool merges_into_producer(const xnn_node *node, const uses *input, const mica_operation *producer) {
    const mica_operation *const clamp = &node->operation;
    return clamp->kind == MICA_CLAMP && input->readers == 1 && bounds_output(producer->kind) &&
           same_format(producer->output, clamp->output) && clamp->output_min <= producer->output_max &&
           producer->output_min <= clamp->output_max;
}

/* A convert that quantizes planes merges into the layout conversion that alone reads it. */
static bool merges_into_turn(const xnn_graph *payload, const op_target *target, const size_t *merged_into,
                             const xnn_node *node, const uses *all) {
    const uses *const use = &all[node->output];
    if (node->operation.kind != MICA_CONVERT || use->readers != 1 || use->first_reader == LOWER_NONE) return false;
    const xnn_node *const turn = &payload->nodes[use->first_reader];
    return node->operation.inputs[0]->type == MICA_OPERAND_F32 && turn_suits(&turn->operation, true, target) &&
           turn->operation.output->type == MICA_OPERAND_QINT8 &&
           same_format(node->operation.output, turn->operation.output) &&
           merged_into[use->first_reader] == LOWER_NONE && !merges_into_transpose(payload, turn, &all[turn->output]);
}

/* One that dequantizes merges into the layout conversion that writes its input for nobody else. */
static bool merges_into_turn_before(const xnn_node *node, const uses *input, const lower_step *before,
                                    const op_target *target) {
    const mica_operation *const turn = before->operation;
    return node->operation.kind == MICA_CONVERT && node->operation.output->type == MICA_OPERAND_F32 &&
           input->readers == 1 && before->output == node->inputs[0] &&
           before->class == op_class_of(MICA_STATIC_TRANSPOSE) && !before->is_alias &&
           turn_suits(turn, false, target) && turn->inputs[0]->type == MICA_OPERAND_QINT8 &&
           same_format(turn->inputs[0], node->operation.inputs[0]);
}

/* The step's operation, to be changed. */
static mica_status own_operation(lower_step *step, struct arena *arena, mica_operation **out, mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(arena, sizeof(mica_operation), &memory, error));
    *out = memory;
    **out = *step->operation;
    step->operation = *out;
    return MICA_OK;
}

/* The step reads what a merged node would have read: of a convert, the rows that packing quantizes, or the planes that
 * turning does; of a transpose, what both turn at once. */
static mica_status read_through(const xnn_node *merged, struct arena *arena, lower_step *step, mica_error *error) {
    const mica_operation *const last = step->operation;
    mica_operation *operation = NULL;
    TRY(own_operation(step, arena, &operation, error));
    operation->inputs[0] = merged->operation.inputs[0];
    step->inputs[0] = merged->inputs[0];
    for (size_t i = 0; merged->operation.kind == MICA_STATIC_TRANSPOSE && i < operation->output->rank; i++) {
        operation->as.transpose.perm[i] = merged->operation.as.transpose.perm[last->as.transpose.perm[i]];
    }
    return MICA_OK;
}

/* Through the converts and transposes before it that merged into it. */
static mica_status read_through_all(const xnn_graph *payload, const struct lowered *lowered, const uses *all,
                                    struct arena *arena, lower_step *step, mica_error *error) {
    const bool packs_rows = uses_rows(step->operation);
    if (!packs_rows && step->operation->kind != MICA_STATIC_TRANSPOSE) return MICA_OK;
    for (size_t at = all[step->inputs[0]].producer; at != LOWER_NONE; at = all[step->inputs[0]].producer) {
        const mica_operation_kind kind = payload->nodes[at].operation.kind;
        if (lowered->merged_into[at] == LOWER_NONE || (kind != MICA_CONVERT && packs_rows)) return MICA_OK;
        if (kind != MICA_CONVERT && kind != MICA_STATIC_TRANSPOSE) return MICA_OK;
        TRY(read_through(&payload->nodes[at], arena, step, error));
        if (kind == MICA_CONVERT && !packs_rows) step->class = &op_turn;
    }
    return MICA_OK;
}

/* The step reads what the layout conversion before it would have, and with `stays` writes what the one after it would. */
static mica_status take_planes(const xnn_graph *payload, const op_target *target, const uses *all, bool stays,
                               struct arena *arena, lower_step *step, mica_error *error) {
    const xnn_node *const first = &payload->nodes[all[step->inputs[0]].producer];
    step->class = stays ? planar_class(step->operation, target) : &op_turning_convolution;
    mica_operation *operation = NULL;
    TRY(own_operation(step, arena, &operation, error));
    operation->inputs[0] = first->operation.inputs[0];
    step->inputs[0] = first->inputs[0];
    if (!stays) return MICA_OK;
    const xnn_node *const last = &payload->nodes[all[step->output].first_reader];
    operation->output = last->operation.output;
    step->output = last->output;
    return MICA_OK;
}

/* A depthwise convolution merges into the pointwise one that writes its input for nobody else. */
static bool merges_into_expansion(const xnn_node *node, const uses *input, const lower_step *before,
                                  const op_target *target) {
    return input->readers == 1 && before->class == op_class_of(before->operation->kind) &&
           before->output == node->inputs[0] && expand_suits(before->operation, &node->operation, target);
}

static mica_status expand(const xnn_node *depthwise, struct arena *arena, lower_step *step, mica_error *error) {
    void *memory = NULL;
    TRY(arena_allocate(arena, sizeof(expand_operation), &memory, error));
    expand_operation *const both = memory;
    *both = (expand_operation){*step->operation, &depthwise->operation};
    both->operation.output = depthwise->operation.output;
    step->operation = &both->operation;
    step->class = &op_expand_depthwise;
    step->output = depthwise->output;
    return MICA_OK;
}

/* The layout conversion dequantizes, too. */
static mica_status dequantize(const xnn_node *convert, struct arena *arena, lower_step *step, mica_error *error) {
    mica_operation *operation = NULL;
    TRY(own_operation(step, arena, &operation, error));
    operation->output = convert->operation.output;
    step->class = &op_turn;
    step->output = convert->output;
    return MICA_OK;
}

/* The step writes what the clamp would have written. */
static mica_status write_through(const xnn_node *clamp, struct arena *arena, lower_step *step, mica_error *error) {
    mica_operation *operation = NULL;
    TRY(own_operation(step, arena, &operation, error));
    operation->output_min = fmaxf(operation->output_min, clamp->operation.output_min);
    operation->output_max = fminf(operation->output_max, clamp->operation.output_max);
    operation->output = clamp->operation.output;
    step->output = clamp->output;
    return MICA_OK;
}

/* Renamed values share memory. Where the new name is the caller's output, what was made under the old one is made there,
 * unless that is the caller's itself, or there already. */
static void rename_output(const xnn_graph *payload, const struct lowered *lowered, uses *all, lower_step *step) {
    if (!renames(step->operation)) return;
    step->is_alias = true;
    if (!payload->values[step->output].is_output) return;
    uint32_t made = step->inputs[0];
    while (all[made].step != LOWER_NONE && lowered->steps[all[made].step].is_alias &&
           !payload->values[made].is_output) {
        made = lowered->steps[all[made].step].inputs[0];
    }
    const bool is_free = all[made].step != LOWER_NONE && !payload->values[made].is_output && !all[made].is_placed;
    step->is_alias = is_free;
    if (!is_free) return;
    all[made].is_placed = true;
    step->placed = made;
}

mica_status lower(const xnn_graph *payload, const op_target *target, bool fuse, struct arena *arena,
                  struct lowered *out, mica_error *error) {
    const bool merge = fuse && target->kernels == MICA_KERNELS_AUTO;
    uses *all = NULL;
    TRY(uses_find(payload, arena, &all, error));
    void *memory = NULL;
    TRY(arena_array(arena, payload->node_count, sizeof(size_t), &memory, error));
    out->merged_into = memory;
    TRY(arena_array(arena, payload->node_count, sizeof(lower_step), &memory, error));
    out->steps = memory;
    out->step_count = 0;
    for (size_t i = 0; i < payload->node_count; i++) out->merged_into[i] = LOWER_NONE;
    if (merge) merge_conversions(payload, target, all, out->merged_into);
    if (merge) expressions_merge(payload, all, out->merged_into);
    for (size_t i = 0; i < payload->node_count; i++) {
        if (out->merged_into[i] != LOWER_NONE) continue;
        const xnn_node *const node = &payload->nodes[i];
        uses *const use = &all[node->output];
        if (merge && merges_into_readers(node, use)) out->merged_into[i] = use->first_row_reader;
        if (merge && merges_into_transpose(payload, node, use)) out->merged_into[i] = use->first_reader;
        if (merge && merges_into_turn(payload, target, out->merged_into, node, all))
            out->merged_into[i] = use->first_reader;
        if (out->merged_into[i] != LOWER_NONE) continue;
        const uses *const input = &all[node->inputs[0]];
        lower_step *const before = merge && input->step != LOWER_NONE ? &out->steps[input->step] : NULL;
        if (before && merges_into_expansion(node, input, before, target)) {
            out->merged_into[i] = before->node;
            use->step = input->step;
            TRY(expand(node, arena, before, error));
            continue;
        }
        if (before && merges_into_turn_before(node, input, before, target)) {
            out->merged_into[i] = before->node;
            use->step = input->step;
            TRY(dequantize(node, arena, before, error));
            continue;
        }
        if (before && before->class != &op_expand_depthwise && merges_into_producer(node, input, before->operation)) {
            out->merged_into[i] = before->node;
            use->step = input->step;
            TRY(write_through(node, arena, before, error));
            continue;
        }
        use->step = out->step_count++;
        lower_step *const step = &out->steps[use->step];
        *step = (lower_step){.operation = &node->operation,
                             .class = op_class_of(node->operation.kind),
                             .output = node->output,
                             .second_output = node->second_output,
                             .node = i,
                             .placed = UINT32_MAX};
        memcpy(step->inputs, node->inputs, sizeof step->inputs);
        const bool stays = merge && stays_planar(payload, target, all, node);
        if (stays || (merge && turns_planes(payload, target, all, node))) {
            TRY(take_planes(payload, target, all, stays, arena, step, error));
            all[step->output].step = use->step;
        }
        if (merge) TRY(expressions_build(payload, all, out->merged_into, arena, step, error));
        TRY(read_through_all(payload, out, all, arena, step, error));
        if (fuse) rename_output(payload, out, all, step);
    }
    return MICA_OK;
}
