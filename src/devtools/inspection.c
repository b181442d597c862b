/* SPDX-License-Identifier: Apache-2.0 */
#include "devtools/inspection.h"

#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/context.h"
#include "base/emit.h"
#include "profile/statistics.h"

static const struct {
    const char *name;
    double units; /* in a second */
} scales[] = {[MICA_NS] = {"ns", 1e9},
              [MICA_US] = {"us", 1e6},
              [MICA_MS] = {"ms", 1e3},
              [MICA_S] = {"s", 1},
              [MICA_CYCLES] = {"cycles", 1}};

const char *mica_time_scale_name(mica_time_scale scale) {
    return (size_t)scale < sizeof scales / sizeof *scales ? scales[scale].name : "?";
}

/* ---- notes and texts ---- */

mica_status inspection_note(mica_inspection *inspection, bool warning, mica_error *error, const char *format, ...) {
    char line[1024];
    const char *text = NULL;
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    TRY(inspection_text(inspection, line, &text, error));
    if (inspection->note_count == inspection->note_capacity) {
        void *memory = NULL;
        const size_t capacity = max_size(8, 2 * inspection->note_capacity);
        TRY(arena_array(&inspection->arena, capacity, sizeof(mica_note), &memory, error));
        if (inspection->note_count) memcpy(memory, inspection->notes, inspection->note_count * sizeof(mica_note));
        inspection->notes = memory;
        inspection->note_capacity = capacity;
    }
    inspection->notes[inspection->note_count++] = (mica_note){warning, text};
    return MICA_OK;
}

const mica_note *mica_inspection_note(const mica_inspection *inspection, size_t index) {
    return index < inspection->note_count ? &inspection->notes[index] : NULL;
}

mica_status inspection_text(mica_inspection *inspection, const char *text, const char **copy, mica_error *error) {
    TRY(arena_string(&inspection->arena, text, strlen(text), copy, error));
    for (char *at = (char *)*copy; *at;) {
        const size_t length = utf8_length(at);
        if (!length) *at = '?';
        at += length ? length : 1;
    }
    return MICA_OK;
}

/* ---- rows ---- */

static bool starts_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

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

static bool too_spread(double low, double high, double median) { return !(high - low <= 0.1 * median); }

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
    row->noisy = !bounded || too_spread(interval.low, interval.high, row->warm);
    return MICA_OK;
}

static mica_status make_rows(mica_inspection *inspection, mica_error *error) {
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

/* ---- what follows from rows ---- */

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
    const mica_time_scale scale = inspection->summary.scale;
    return time > 0 && scale != MICA_CYCLES ? work / (time / scales[scale].units) * 1e-9 : 0;
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
    if (too_spread(summary->execute_low, summary->execute_high, summary->execute_warm))
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
static mica_status derive(mica_inspection *inspection, mica_error *error) {
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

/* ---- opening ---- */

static mica_status check_options(const mica_inspect_options *options, mica_error *error) {
    const size_t known = sizeof scales / sizeof *scales;
    if ((size_t)options->source >= known || (size_t)options->target >= known)
        return error_set(error, MICA_ERROR_ARGUMENT, "no such time scale");
    if ((options->source == MICA_CYCLES) != (options->target == MICA_CYCLES))
        return error_set(error, MICA_ERROR_ARGUMENT, "cycles cannot be converted: both time scales must be cycles");
    return MICA_OK;
}

static mica_status open_record(mica_inspection *inspection, const mica_inspect_options *options, mica_error *error) {
    if (!options->record) return MICA_OK;
    const mica_status status =
        etrecord_open(options->record, options->method, &inspection->arena, &inspection->record, error);
    if (status == MICA_ERROR_MEMORY || status == MICA_ERROR_IO) return error_in(error, status, "%s", options->record);
    if (status != MICA_OK)
        return inspection_note(inspection, true, error, "%s: %s; shown without it", options->record, error->text);
    return arena_string(&inspection->arena, options->record, strlen(options->record), &inspection->record_path,
                        error);
}

static mica_status open_all(mica_inspection *inspection, const char *path, const mica_inspect_options *options,
                            mica_error *error) {
    TRY(check_options(options, error));
    TRY(arena_string(&inspection->arena, path, strlen(path), &inspection->path, error));
    TRY(file_map(path, &inspection->file, error));
    TRY(etdump_open(inspection->file.data, inspection->file.size, &inspection->arena, &inspection->dump, error));
    TRY(profile_fold(&inspection->dump, &inspection->arena, &inspection->blocks, &inspection->block_count, error));
    inspection->source = options->source;
    inspection->factor = scales[options->source].units / scales[options->target].units;
    inspection->summary = (mica_inspect_summary){.machine = "", .scale = options->target};
    for (size_t i = 0; i < options->limit_count; i++)
        for (size_t k = 0; k < MICA_LIMITS; k++)
            if (strcmp(options->limits[i].name, inspection_limits[k]) == 0)
                inspection->summary.limits[k] = options->limits[i].rate;
    TRY(make_rows(inspection, error));
    TRY(inspection_metadata(inspection, error));
    if (options->model) TRY(inspection_model(inspection, options->model, options->method, error));
    TRY(open_record(inspection, options, error));
    TRY(inspection_join(inspection, error));
    TRY(derive(inspection, error));
    return mica_inspection_select(inspection, &(mica_inspect_selection){0});
}

mica_status mica_inspection_open(mica_context *context, const char *path, const mica_inspect_options *options,
                                 mica_inspection **inspection) {
    if (!context) return MICA_ERROR_ARGUMENT;
    mica_error *const error = &context->error;
    mica_inspect_options all = {.target = MICA_MS};
    if (options) memcpy(&all, options, min_size(options->size, sizeof all));
    if (!path || !inspection)
        return error_set(error, MICA_ERROR_ARGUMENT, "mica_inspection_open: an argument is NULL");
    mica_inspection *const made = calloc(1, sizeof *made);
    if (!made) return error_set(error, MICA_ERROR_MEMORY, "out of memory");
    made->context = context;
    arena_init(&made->arena, &context->allocator, context->memory_limit);
    const mica_status status = open_all(made, path, &all, error);
    if (status != MICA_OK) {
        mica_inspection_close(made);
        return status;
    }
    *inspection = made;
    return MICA_OK;
}

void mica_inspection_close(mica_inspection *inspection) {
    if (!inspection) return;
    etrecord_close(&inspection->record);
    json_decref(inspection->machine);
    arena_free(&inspection->arena);
    file_unmap(&inspection->file);
    free(inspection);
}

void mica_inspection_summary(const mica_inspection *inspection, mica_inspect_summary *summary) {
    *summary = inspection->summary;
}

/* ---- selecting ---- */

const mica_inspect_row *mica_inspection_row(const mica_inspection *inspection, size_t index) {
    return index < inspection->selected_count ? inspection->selected[index] : NULL;
}

typedef double (*sort_key)(const mica_inspect_row *row);
#define SORT_KEY(name, expression)                                                                                   \
    static double key_##name(const mica_inspect_row *row) { return expression; }
SORT_KEY(p10, row->time.p10)
SORT_KEY(p50, row->time.p50)
SORT_KEY(p90, row->time.p90)
SORT_KEY(avg, row->time.avg)
SORT_KEY(min, row->time.min)
SORT_KEY(max, row->time.max)
SORT_KEY(first, row->first)
SORT_KEY(share, isnan(row->share) ? -1 : row->share)
SORT_KEY(gops, row->gops)
SORT_KEY(gbps, row->gbps)
SORT_KEY(order, -(double)row->index)

static const struct {
    const char *name;
    sort_key key;
} sorts[] = {{"order", key_order}, {"p10", key_p10},   {"p50", key_p50},  {"p90", key_p90},
             {"avg", key_avg},     {"min", key_min},   {"max", key_max},  {"first", key_first},
             {"share", key_share}, {"gops", key_gops}, {"gbps", key_gbps}};

/* Largest first; equal ones stay in the file's order. NULL: by name. */
static int compare_rows(const void *a, const void *b, void *context) {
    const mica_inspect_row *const x = *(const mica_inspect_row *const *)a, *const y =
                                                                               *(const mica_inspect_row *const *)b;
    const sort_key key = *(sort_key *)context;
    const int names = key ? 0 : strcmp(x->name, y->name);
    if (names) return names;
    if (key && key(x) != key(y)) return key(x) < key(y) ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static mica_status compile(const char *pattern, regex_t *compiled, bool *given, mica_error *error) {
    *given = false;
    if (!pattern) return MICA_OK;
    const int code = regcomp(compiled, pattern, REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        char reason[128];
        regerror(code, compiled, reason, sizeof reason);
        return error_set(error, MICA_ERROR_ARGUMENT, "'%s' is no regular expression: %s", pattern, reason);
    }
    *given = true;
    return MICA_OK;
}

mica_status mica_inspection_select(mica_inspection *inspection, const mica_inspect_selection *selection) {
    mica_error *const error = &inspection->context->error;
    const char *const wanted = selection->sort ? selection->sort : "order";
    sort_key key = NULL;
    bool found = strcmp(wanted, "name") == 0, includes = false, excludes = false;
    regex_t include, exclude;
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts && !found; i++) {
        found = strcmp(wanted, sorts[i].name) == 0;
        key = found ? sorts[i].key : NULL;
    }
    if (!found) return error_set(error, MICA_ERROR_ARGUMENT, "rows cannot be sorted by '%s'", wanted);
    TRY(compile(selection->include, &include, &includes, error));
    const mica_status status = compile(selection->exclude, &exclude, &excludes, error);
    if (status == MICA_OK) {
        inspection->selected_count = 0;
        for (size_t i = 0; i < inspection->row_count; i++) {
            const mica_inspect_row *const row = &inspection->rows[i];
            if (!selection->calls && strstr(row->name, OPERATOR_CALL)) continue;
            if (includes && regexec(&include, row->name, 0, NULL, 0) != 0) continue;
            if (excludes && regexec(&exclude, row->name, 0, NULL, 0) == 0) continue;
            inspection->selected[inspection->selected_count++] = row;
        }
        qsort_r(inspection->selected, inspection->selected_count, sizeof *inspection->selected, compare_rows, &key);
    }
    if (includes) regfree(&include);
    if (excludes) regfree(&exclude);
    return status;
}
