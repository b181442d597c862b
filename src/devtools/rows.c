/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows from the events of blocks: what each is called, what part it plays, and its times.
 */
#include "devtools/inspection.h"
#include "profile/statistics.h"

mica_row_role inspection_role(const char *name, bool delegated) {
    static const char *const calls[] = {DELEGATE_CALL, OPERATOR_CALL, "JF_CALL", "MOVE_CALL", "FREE_CALL"};
    if (delegated) return MICA_ROW_WORK;
    if (starts_with(name, "Method::") || starts_with(name, "Program::")) return MICA_ROW_FRAME;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(name, calls[i]) == 0) return MICA_ROW_CALL;
    return MICA_ROW_WORK;
}

bool inspection_same_call(const mica_inspection *inspection, size_t a, size_t b) {
    const mica_inspect_row *const x = &inspection->rows[a], *const y = &inspection->rows[b];
    return x->block_index == y->block_index && x->instruction == y->instruction && x->delegated == y->delegated;
}

/* Times of all runs, and what they say. `scratch` has room for the samples. */
static mica_status measure(mica_inspection *inspection, const profile_event *event, mica_inspect_row *row,
                           double *scratch, mica_error *error) {
    void *memory = NULL;
    TRY(arena_array(&inspection->arena, event->count, sizeof(double), &memory, error));
    double *const raw = memory;
    TRY(arena_array(&inspection->arena, event->count, sizeof(uint64_t), &memory, error));
    uint64_t *const start = memory;
    for (size_t i = 0; i < event->count; i++) {
        const mica_status status =
            profile_time(event->samples[i], event->delegated, inspection->factor, &raw[i], error);
        if (status != MICA_OK) return error_in(error, status, "run %zu of '%s'", i, event->name);
        start[i] = event->samples[i]->start;
    }
    row->samples = event->count;
    row->raw = raw;
    row->start = start;
    if (event->count == 0) return MICA_OK;
    const stat_summary all = stat_summarise(raw, event->count, scratch);
    row->time = (mica_statistics){all.p10, all.p50, all.p90, all.avg, all.min, all.max};
    row->first = raw[0];
    const size_t skipped = event->count > 1; /* what only the first run does says nothing of the others */
    row->warm = stat_summarise(raw + skipped, event->count - skipped, scratch).p50;
    stat_interval interval = {row->warm, row->warm};
    const bool bounded = stat_median_interval(scratch, event->count - skipped, &interval);
    row->warm_low = interval.low;
    row->warm_high = interval.high;
    row->noisy = !bounded || inspection_too_spread(interval.low, interval.high, row->warm);
    return MICA_OK;
}

mica_status inspection_rows(mica_inspection *inspection, mica_error *error) {
    size_t count = 0, samples = 0;
    void *memory = NULL;
    for (size_t b = 0; b < inspection->block_count; b++) {
        count += inspection->blocks[b].count;
        samples = max_size(samples, inspection->blocks[b].runs);
    }
    TRY(arena_array(&inspection->arena, count, sizeof(mica_inspect_row), &memory, error));
    inspection->rows = memory;
    TRY(arena_array(&inspection->arena, count, sizeof(row_source), &memory, error));
    inspection->sources = memory;
    TRY(arena_array(&inspection->arena, count, sizeof *inspection->selected, &memory, error));
    inspection->selected = memory;
    TRY(arena_array(&inspection->arena, samples, sizeof(double), &memory, error));
    double *const scratch = memory;
    for (size_t b = 0; b < inspection->block_count; b++) {
        const profile_block *const block = &inspection->blocks[b];
        for (size_t i = 0; i < block->count; i++) {
            const size_t index = inspection->row_count++;
            const profile_event *const event = &block->events[i];
            mica_inspect_row *const row = &inspection->rows[index];
            inspection->sources[index] = (row_source){event, block, NO_HANDLE};
            *row = (mica_inspect_row){
                .index = index,
                .block_index = b,
                .instruction = event->instruction,
                .delegated = event->delegated,
                .role = inspection_role(event->name, event->delegated),
                .accelerated = -1,
                .backend = "",
                .operators = "",
                .module = "",
                .module_type = "",
                .source = "",
                .stack = "",
                .node_type = "",
                .shapes = "",
                .types = "",
                .variant = "",
                .kernel = "",
                .isa = "",
            };
            TRY(inspection_text(inspection, block->name, &row->block, error));
            TRY(inspection_text(inspection, event->name, &row->name, error));
            TRY(measure(inspection, event, row, scratch, error));
        }
    }
    return MICA_OK;
}
