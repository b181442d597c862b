/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/uses.h"

bool uses_rows(const mica_operation *operation) {
    return operation->kind == MICA_FULLY_CONNECTED || xnn_is_fully_connected(operation);
}

mica_status uses_find(const xnn_graph *payload, struct arena *arena, uses **out, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(arena, payload->value_count, sizeof(uses), &memory, error));
    uses *const all = memory;
    for (size_t i = 0; i < payload->value_count; i++) {
        all[i] = (uses){.producer = LOWER_NONE,
                        .step = LOWER_NONE,
                        .readers = payload->values[i].is_output,
                        .first_reader = LOWER_NONE};
    }
    for (size_t i = 0; i < payload->node_count; i++) {
        const xnn_node *const node = &payload->nodes[i];
        all[node->output].producer = i;
        for (size_t j = 0; j < node->operation.input_count; j++) {
            if (node->inputs[j] == UINT32_MAX) continue;
            uses *const use = &all[node->inputs[j]];
            use->readers++;
            if (use->first_reader == LOWER_NONE) use->first_reader = i;
            if (j == 0 && uses_rows(&node->operation) && !use->row_readers++) {
                use->first_row_reader = i;
            }
        }
    }
    *out = all;
    return MICA_OK;
}
