/* SPDX-License-Identifier: Apache-2.0 */
#include "devtools/columns.h"

#include <math.h>
#include <stddef.h>

#define AT(member) offsetof(mica_inspect_row, member)
const column columns[] = {
    {"block", COLUMN_TEXT, false, AT(block)},
    {"block_index", COLUMN_SIZE, false, AT(block_index)},
    {"name", COLUMN_TEXT, false, AT(name)},
    {"role", COLUMN_ROLE, false, AT(role)},
    {"instruction", COLUMN_INT32, false, AT(instruction)},
    {"delegated", COLUMN_BOOL, false, AT(delegated)},
    {"backend", COLUMN_TEXT, false, AT(backend)},
    {"samples", COLUMN_SIZE, false, AT(samples)},
    {"p10", COLUMN_REAL, true, AT(time.p10)},
    {"p50", COLUMN_REAL, true, AT(time.p50)},
    {"p90", COLUMN_REAL, true, AT(time.p90)},
    {"avg", COLUMN_REAL, true, AT(time.avg)},
    {"min", COLUMN_REAL, true, AT(time.min)},
    {"max", COLUMN_REAL, true, AT(time.max)},
    {"first", COLUMN_REAL, true, AT(first)},
    {"warm", COLUMN_REAL, true, AT(warm)},
    {"warm_low", COLUMN_REAL, true, AT(warm_low)},
    {"warm_high", COLUMN_REAL, true, AT(warm_high)},
    {"noisy", COLUMN_BOOL, false, AT(noisy)},
    {"share", COLUMN_REAL, false, AT(share)},
    {"operators", COLUMN_TEXT, false, AT(operators)},
    {"module", COLUMN_TEXT, false, AT(module)},
    {"module_type", COLUMN_TEXT, false, AT(module_type)},
    {"source", COLUMN_TEXT, false, AT(source)},
    {"node_type", COLUMN_TEXT, false, AT(node_type)},
    {"shapes", COLUMN_TEXT, false, AT(shapes)},
    {"types", COLUMN_TEXT, false, AT(types)},
    {"variant", COLUMN_TEXT, false, AT(variant)},
    {"kernel", COLUMN_TEXT, false, AT(kernel)},
    {"isa", COLUMN_TEXT, false, AT(isa)},
    {"accelerated", COLUMN_TRUTH, false, AT(accelerated)},
    {"eligible_kind", COLUMN_BOOL, false, AT(eligible_kind)},
    {"threads", COLUMN_SIZE, false, AT(threads)},
    {"operations", COLUMN_RATE, false, AT(operations)},
    {"bytes", COLUMN_RATE, false, AT(bytes)},
    {"gops", COLUMN_RATE, false, AT(gops)},
    {"gbps", COLUMN_RATE, false, AT(gbps)},
    {"roof", COLUMN_RATE, false, AT(roof)},
    {"roof_share", COLUMN_RATE, false, AT(roof_share)},
};
const size_t column_count = sizeof columns / sizeof *columns;

static cell text(const char *value) { return (cell){CELL_TEXT, {.text = value}}; }
static cell whole(int64_t value) { return (cell){CELL_WHOLE, {.whole = value}}; }
static cell truth(bool value) { return (cell){CELL_TRUTH, {.truth = value}}; }
static cell real(double value, bool known) {
    return known && isfinite(value) ? (cell){CELL_REAL, {.real = value}} : (cell){.kind = CELL_NONE};
}

cell column_cell(const column *c, const mica_inspect_row *row) {
    static const char *const roles[] = {
        [MICA_ROW_FRAME] = "frame", [MICA_ROW_CALL] = "call", [MICA_ROW_WORK] = "work"};
    const void *const at = (const char *)row + c->offset;
    switch (c->kind) {
    case COLUMN_TEXT: return text(*(const char *const *)at);
    case COLUMN_SIZE: return whole((int64_t)*(const size_t *)at);
    case COLUMN_INT32: return *(const int32_t *)at < 0 ? (cell){.kind = CELL_NONE} : whole(*(const int32_t *)at);
    case COLUMN_BOOL: return truth(*(const bool *)at);
    case COLUMN_TRUTH: return *(const int *)at < 0 ? (cell){.kind = CELL_NONE} : truth(*(const int *)at == 1);
    case COLUMN_REAL: return real(*(const double *)at, !c->time || row->samples > 0);
    case COLUMN_RATE: return real(*(const double *)at, *(const double *)at > 0);
    case COLUMN_ROLE: return text(roles[*(const mica_row_role *)at]);
    }
    return (cell){.kind = CELL_NONE};
}
