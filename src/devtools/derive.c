/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from rows once everything is known of them: shares, rates, how near to the machine's limits, and how far the
 * sample can be trusted.
 */
#include <math.h>
#include <stdlib.h>

#include "devtools/inspection.h"
#include "profile/statistics.h"

/* XNNPACK names its packed microkernels by their operands' layout, and the kinds that have such by these words. */
static void read_name(mica_inspect_row *row) {
    static const char *const marks[] = {"PF32", "PF16", "QP8", "PQS8"};
    static const char *const kinds[] = {"Fully Connected (", "Batch Matrix Multiply (", "Convolution ("};
    if (!row->delegated || !strchr(row->name, '(')) return;
    row->accelerated = 0;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strstr(row->name, marks[i])) row->accelerated = 1;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (starts_with(row->name, kinds[i]) && !strstr(row->name, "DWConv")) row->eligible_kind = true;
}

static int compare_instructions(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* A call whose inside was not recorded is the work itself. `inside` has room for the block's rows. */
static void settle_calls(mica_inspect_row *rows, size_t count, int32_t *inside) {
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].delegated) inside[known++] = rows[i].instruction;
    qsort(inside, known, sizeof *inside, compare_instructions);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, DELEGATE_CALL) == 0 &&
            !bsearch(&rows[i].instruction, inside, known, sizeof *inside, compare_instructions))
            rows[i].role = MICA_ROW_WORK;
}

/* The row that contains all others; NULL when there is none. */
static const mica_inspect_row *find_execution(const mica_inspect_row *rows, size_t count) {
    for (size_t i = count; i-- > 0;)
        if (strcmp(rows[i].name, EXECUTE) == 0) return &rows[i];
    return NULL;
}

double inspection_rate(const mica_inspection *inspection, double work, double time) {
    return time > 0 ? work * inspection->units / time * 1e-9 : 0;
}

const char *const inspection_limits[MICA_LIMITS] = {
    [MICA_LIMIT_F32] = "f32", [MICA_LIMIT_F16] = "f16", [MICA_LIMIT_INT8] = "int8", [MICA_LIMIT_L1] = "L1",
    [MICA_LIMIT_L2] = "L2",   [MICA_LIMIT_L3] = "L3",   [MICA_LIMIT_DRAM] = "DRAM",
};

/* The smallest cache that holds what a row reads and writes. */
static mica_limit memory_of(const mica_inspection *inspection, const mica_inspect_row *row) {
    const double threads = row->threads ? (double)row->threads : 1;
    for (size_t i = 0; i < 3; i++)
        if (row->bytes <= inspection->caches[i] * (i < 2 ? threads : 1)) return (mica_limit)(MICA_LIMIT_L1 + i);
    return MICA_LIMIT_DRAM;
}

static mica_limit arithmetic_of(const mica_inspect_row *row) {
    return strstr(row->types, "int") ? MICA_LIMIT_INT8 : strstr(row->types, "f16") ? MICA_LIMIT_F16 : MICA_LIMIT_F32;
}

static void derive_rates(const mica_inspection *inspection, mica_inspect_row *row) {
    const double *const limits = inspection->summary.limits;
    row->gops = inspection_rate(inspection, row->operations, row->time.p50);
    row->gbps = inspection_rate(inspection, row->bytes, row->time.p50);
    if (!(row->gops > 0 && row->bytes > 0)) return;
    row->roof =
        fmin(limits[arithmetic_of(row)], limits[memory_of(inspection, row)] * row->operations / row->bytes) * 1e-9;
    if (row->roof > 0) row->roof_share = row->gops / row->roof;
}

/* How an execution divides into work, and into accelerated work. */
static void summarise(mica_inspect_summary *summary, const mica_inspect_row *execution, const mica_inspect_row *rows,
                      size_t count) {
    double work = 0, accelerated = 0;
    bool known = false;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].role != MICA_ROW_WORK) continue;
        work += rows[i].time.p50;
        accelerated += rows[i].accelerated == 1 ? rows[i].time.p50 : 0;
        known |= rows[i].accelerated >= 0;
    }
    summary->execute = execution->time;
    summary->execute_low = execution->warm_low;
    summary->execute_high = execution->warm_high;
    summary->execute_first = execution->first;
    summary->execute_warm = execution->warm;
    summary->work_share = execution->time.p50 > 0 ? work / execution->time.p50 : 0;
    summary->accelerated_share = known && work > 0 ? accelerated / work : NAN;
}

static mica_status describe_sample(mica_inspection *inspection, mica_error *error) {
    const mica_inspect_summary *const summary = &inspection->summary;
    if (summary->runs == 0) return inspection_note(inspection, true, error, "no execution was recorded");
    if (summary->runs <= STAT_INTERVAL_SAMPLES)
        return inspection_note(inspection, true, error,
                               "%zu execution%s too few to say how exact the times are; record %d or more",
                               summary->runs, summary->runs == 1 ? " is" : "s are", STAT_INTERVAL_SAMPLES + 1);
    if (inspection_too_spread(summary->execute_low, summary->execute_high, summary->execute_warm))
        TRY(inspection_note(
            inspection, true, error,
            "the times are noisy: the median execution lies between %.4g and %.4g %s (95 %% confidence)",
            summary->execute_low, summary->execute_high, mica_time_scale_name(summary->scale)));
    if (summary->execute_first > 1.5 * summary->execute_warm)
        return inspection_note(inspection, false, error, "the first execution took %.3g times as long as the others",
                               summary->execute_first / summary->execute_warm);
    return MICA_OK;
}

/* The summary is of the block with the most executions. */
mica_status inspection_derive(mica_inspection *inspection, mica_error *error) {
    mica_inspect_summary *const summary = &inspection->summary;
    void *inside = NULL;
    size_t most = 0;
    TRY(arena_array(&inspection->arena, inspection->row_count, sizeof(int32_t), &inside, error));
    summary->accelerated_share = NAN;
    for (size_t b = 0, first = 0; b < inspection->block_count; first += inspection->blocks[b++].count) {
        const size_t count = inspection->blocks[b].count;
        mica_inspect_row *const rows = &inspection->rows[first];
        const mica_inspect_row *const execution = find_execution(rows, count);
        settle_calls(rows, count, inside);
        for (size_t i = 0; i < count; i++) {
            mica_inspect_row *const row = &rows[i];
            const bool work = row->role == MICA_ROW_WORK;
            row->share = work && execution && execution->time.p50 > 0 ? row->time.p50 / execution->time.p50 : NAN;
            if (work && row->accelerated < 0) read_name(row);
            derive_rates(inspection, row);
            if (strcmp(row->name, "Program::load_method") == 0) summary->load = row->time.p50;
        }
        if (execution && execution->samples > most) {
            most = execution->samples;
            summarise(summary, execution, rows, count);
        }
        summary->runs += execution ? execution->samples : 0;
    }
    return describe_sample(inspection, error);
}

void mica_inspection_summary(const mica_inspection *inspection, mica_inspect_summary *summary) {
    *summary = inspection->summary;
}
