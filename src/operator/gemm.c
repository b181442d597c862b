/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/gemm.h"

#include <math.h>
#include <string.h>

#include "base/half.h"
#include "operator/common.h"

#define INTEGER_NS (1 / 400.0) /* of a multiply-add; of floats: GEMM_F32_NS */
#define WEIGHT_NS 0.008        /* of a byte of weights that is read */
#define PACK_NS 0.03           /* of a byte of a right operand */
#define QUANTIZE_NS 0.05       /* of an element of a row */
/* Packing a right operand takes as long as so many rows. */
#define PACKED_ROWS 4
/* By int4 in blocks a tile of AVX-512 VNNI is computed in halves, which go faster by six rows than by seven: so many panels
 * of them make up for one more. */
#define BLOCK_PANEL_ROWS 12
#define MANY_PANELS 5
/* Columns of f32 results that are kept before they are narrowed to f16, in panels. */
#define NARROW_PANELS 4

bool gemm_plan_init(gemm_plan *plan) {
    const gemm_kernel *const kernel = gemm_select(plan->variant, plan->features, plan->level, SIZE_MAX, NULL);
    if (!kernel) return false;
    plan->kernel = kernel;
    plan->packing = kernel->rhs;
    plan->panel_bytes = kernel->rhs->panel_size(plan->k, plan->block);
    plan->rhs_bytes = plan->panel_bytes * divide_up(plan->n, kernel->rhs->nr);
    return true;
}

size_t gemm_filled_piece(const gemm_plan *plan, size_t piece) {
    const gemm_kernel *const kernel = gemm_select(plan->variant, plan->features, plan->level, SIZE_MAX, NULL);
    const bool integers = plan->variant == GEMM_PQS8_QC8W || plan->variant == GEMM_QP8_F32_QC8W;
    return integers && kernel && kernel->store ? round_up(piece, 4) : piece;
}

/* ---- packing weights ---- */

typedef struct pack_job {
    const gemm_plan *plan;
    const gemm_rhs *rhs;
    uint8_t *packed;
    size_t panels, step;
} pack_job;

static void pack_panels(void *argument, size_t index, size_t thread) {
    (void)thread;
    const pack_job *const job = argument;
    const size_t first = index * job->step;
    job->plan->packing->pack(job->rhs, first, min_size(job->step, job->panels - first),
                             job->packed + first * job->plan->panel_bytes);
}

void gemm_pack(const gemm_plan *plan, const gemm_rhs *rhs, uint8_t *packed, struct pool *pool, size_t threads) {
    pack_job job = {.plan = plan, .rhs = rhs, .packed = packed, .panels = divide_up(plan->n, plan->packing->nr)};
    if (!job.panels) return;
    job.step = max_size(1, (size_t)65536 / max_size(plan->panel_bytes, 1));
    const size_t count = divide_up(job.panels, job.step);
    const double ns = (double)plan->rhs_bytes * PACK_NS;
    pool_run_brief(pool, op_threads(ns, threads), ns, count, pack_panels, &job);
}

/* ---- planning ---- */

/* Layout of one thread's scratch: a panel of columns, packed rows of one block, f32 results to be narrowed, tap pointers,
 * row parameters. */
struct scratch {
    uint8_t *rhs;
    uint8_t *lhs;
    float *wide;
    const void **taps;
    gemm_row *rows;
};

static size_t scratch_layout(const gemm_plan *plan, uint8_t *base, struct scratch *out) {
    const size_t mr = plan->kernel->mr;
    const size_t rhs = plan->packs_panels ? plan->panel_bytes : 0;
    const size_t lhs = plan->pack_first ? 0 : (plan->all_columns ? 1 : plan->block_panels) * plan->lhs_bytes;
    const size_t wide = plan->narrow ? round_up(mr * NARROW_PANELS * plan->packing->nr * sizeof(float), 64) : 0;
    const size_t taps = round_up(mr * plan->tap_count * sizeof(void *), 64);
    const size_t rows = round_up(mr * sizeof(gemm_row), 64);
    if (out) {
        out->rhs = base;
        base += rhs;
        out->lhs = base;
        out->wide = (float *)(void *)(base + lhs);
        out->taps = (const void **)(void *)(base + lhs + wide);
        out->rows = (gemm_row *)(void *)(base + lhs + wide + taps);
    }
    return rhs + lhs + wide + taps + rows;
}

bool gemm_suits_cache(size_t k) { return k * sizeof(float) % 2048 != 0; }

/* Fewer rows by two vectors of columns are too few sums to hide a multiply-add's latency. */
#define MIN_ROWS 4

/* Whether the kernel reads rows from where they are. Where there are many columns packing costs less than tiles that are
 * half empty. */
static bool reads_in_place(const gemm_plan *plan) {
    const size_t mr = plan->kernel->mr;
    if (plan->tap_count) {
        const bool many = plan->n > 2 * plan->packing->nr;
        const size_t least = min_size(many ? mr / 2 + 1 : MIN_ROWS, plan->m);
        return plan->offsets && plan->kernel->store && gemm_even_rows(plan->line, mr) >= least;
    }
    return !plan->kernel->lhs || (plan->kernel->store && plan->variant == GEMM_PF32 && gemm_suits_cache(plan->k));
}

static bool quantizes_rows(const gemm_plan *plan) {
    return plan->variant != GEMM_PF32 && plan->variant != GEMM_PF16 && plan->variant != GEMM_PQS8_QC8W;
}

/* Rows of a panel. Where quantizing them takes time, few panels are as many for each thread, so that nobody waits for
 * rows that another packs; unless that halves them. (Sums of floats must not depend on the threads: few rows are summed in
 * another order than many.) */
static size_t rows_of_panel(const gemm_plan *plan, size_t batch) {
    const size_t mr = plan->kernel->mr;
    const bool in_sixes = plan->variant == GEMM_QP8_F32_QB4W && plan->kernel->kr == 4 && mr > BLOCK_PANEL_ROWS &&
                          plan->line >= MANY_PANELS * BLOCK_PANEL_ROWS;
    const size_t rows = in_sixes ? BLOCK_PANEL_ROWS : gemm_even_rows(plan->line, mr);
    const size_t panels = divide_up(plan->line, rows);
    if (!quantizes_rows(plan) || plan->run_threads == 1 || batch > 1 || panels >= 4 * plan->run_threads) return rows;
    const size_t even = divide_up(plan->line, round_up(panels, plan->run_threads));
    return 2 * even >= mr ? even : rows;
}

/* What one matrix of the batch takes. */
static double matrix_ns(const gemm_plan *plan) {
    const bool floats = plan->variant == GEMM_PF32 || plan->variant == GEMM_PF16;
    const double rows = (double)plan->m + (plan->packs_panels ? PACKED_ROWS : 0);
    const double columns = (double)round_up(plan->n, plan->packing->nr);
    const double multiply = rows * columns * (double)plan->k * (floats ? GEMM_F32_NS : INTEGER_NS);
    const double quantize = quantizes_rows(plan) ? (double)plan->m * (double)plan->k * QUANTIZE_NS : 0;
    return fmax(multiply, (double)plan->rhs_bytes * WEIGHT_NS) + quantize;
}

size_t gemm_plan_shape(gemm_plan *plan, size_t batch, size_t m) {
    plan->batch = batch;
    plan->m = m;
    plan->kernel = gemm_select(plan->variant, plan->features, plan->level, m, plan->packing);
    plan->in_place = reads_in_place(plan);
    if (!plan->line_stride && (!plan->in_place || !plan->tap_count)) plan->line = m;
    const size_t mr = plan->kernel->mr;
    const size_t column_panels = divide_up(plan->n, plan->packing->nr);
    /* Few rows meet a panel while the first cache has it still: then it is not worth writing all of them to memory. */
    plan->packs_panels = plan->right && m <= mr && plan->panel_bytes <= cpu_cache_bytes(1);
    plan->ns = (double)batch * matrix_ns(plan);
    plan->run_threads = op_threads(plan->ns, plan->threads);
    plan->panel_rows = rows_of_panel(plan, batch);
    plan->line_panels = divide_up(plan->line, plan->panel_rows);
    plan->panels = m ? m / plan->line * plan->line_panels : 0;
    /* A kernel that takes rows as they are still needs room to gather rows that lie in pieces. */
    plan->lhs_bytes = plan->in_place      ? 0
                      : plan->kernel->lhs ? plan->kernel->lhs->panel_size(plan->k)
                                          : round_up(mr * plan->k * sizeof(float), 64);

    /* Where three quarters of L2 hold the weights each panel of rows meets all of them in turn. Else half holds a block of
     * panels of rows, each panel of weights being read once per block. Blocks are fewer panels when threads would have too few to
     * share out evenly. */
    const size_t pieces = max_size(1, plan->tap_count); /* those of neighbouring rows are mostly the same */
    const size_t left_bytes = plan->in_place ? plan->panel_rows * plan->k / pieces * sizeof(float) : plan->lhs_bytes;
    const size_t half = cpu_cache_bytes(2) / 2;
    plan->all_columns = plan->rhs_bytes <= half + half / 2 && !plan->packs_panels;
    const size_t room = plan->all_columns ? plan->panels : half / max_size(left_bytes, 1);
    size_t block = max_size(1, min_size(room, plan->panels));
    if (plan->run_threads > 1 && plan->all_columns) {
        block = min_size(block, max_size(1, plan->panels * batch / (4 * plan->run_threads)));
    }
    plan->row_blocks = divide_up(plan->panels, block);
    plan->block_panels = max_size(1, divide_up(plan->panels, max_size(1, plan->row_blocks))); /* about equal */
    plan->column_blocks = 1;
    const size_t blocks = batch * plan->row_blocks;
    if (plan->run_threads > 1 && blocks && blocks < 2 * plan->run_threads) {
        plan->column_blocks = max_size(1, min_size(column_panels, divide_up(4 * plan->run_threads, blocks)));
    }
    plan->pack_first = plan->column_blocks > 1 && plan->lhs_bytes > 0;
    plan->shared_bytes = plan->pack_first ? batch * plan->panels * plan->lhs_bytes : 0;
    plan->scratch_bytes = scratch_layout(plan, NULL, NULL);
    return plan->shared_bytes + plan->run_threads * plan->scratch_bytes;
}

/* ---- running ---- */

typedef struct run_job {
    const gemm_plan *plan;
    const gemm_source *source;
    const void *owner;
    uint8_t *workspace;
} run_job;

static size_t piece_bytes(const gemm_lhs *lhs) {
    const size_t size = lhs->type == GEMM_F32 ? 4 : lhs->type == GEMM_F16 ? 2 : 1;
    return lhs->tap_length * size;
}

/* A panel's rows, and how far into the output they go. */
struct panel {
    size_t first, count;
    size_t out; /* bytes */
};

static struct panel panel_at(const gemm_plan *plan, size_t index) {
    const size_t line = index / plan->line_panels, at = index % plan->line_panels * plan->panel_rows;
    const size_t line_stride = plan->line_stride ? plan->line_stride : plan->line * plan->out_stride;
    return (struct panel){.first = line * plan->line + at,
                          .count = min_size(plan->panel_rows, plan->line - at),
                          .out = line * line_stride + at * plan->out_stride};
}

/* One panel of rows, ready for the kernel: packed into `room`, gathered there, or where it is. */
static const void *ready_rows(const run_job *job, size_t batch, const struct panel *panel, uint8_t *room,
                              const struct scratch *scratch, size_t *stride) {
    const gemm_plan *const plan = job->plan;
    const size_t count = panel->count;
    gemm_lhs lhs = {0};
    job->source->rows(job->owner, batch, panel->first, count, &lhs, scratch->taps, scratch->rows);
    *stride = lhs.row_stride;
    if (plan->in_place) return lhs.data;
    if (plan->kernel->lhs) {
        plan->kernel->lhs->pack(&lhs, 0, count, room);
        return room;
    }
    const size_t piece = piece_bytes(&lhs);
    for (size_t i = 0; i < count * lhs.tap_count; i++) memcpy(room + i * piece, lhs.taps[i], piece);
    *stride = lhs.tap_count * piece;
    return room;
}

static void narrow_tile(const gemm_plan *plan, gemm_tile *tile, float *wide) {
    const size_t step = NARROW_PANELS * plan->packing->nr;
    uint16_t *const out = tile->out;
    const size_t n = tile->n;
    const uint8_t *const rhs = tile->rhs;
    for (size_t first = 0; first < n; first += step) {
        tile->n = min_size(step, n - first);
        tile->rhs = rhs + first / plan->packing->nr * plan->panel_bytes;
        tile->out = wide;
        tile->out_stride = step * sizeof(float);
        plan->kernel->run(tile);
        for (size_t i = 0; i < tile->m; i++) {
            uint16_t *const row = (uint16_t *)(void *)((uint8_t *)out + i * plan->out_stride) + first;
            for (size_t j = 0; j < tile->n; j++) row[j] = f16_of_float(wide[i * step + j]);
        }
    }
}

static size_t output_size(const gemm_plan *plan) {
    switch (plan->variant) {
    case GEMM_PF16: return 2;
    case GEMM_PQS8_QC8W: return 1;
    default: return plan->narrow ? 2 : 4;
    }
}

static gemm_home home_of(const gemm_plan *plan) {
    const size_t bytes = plan->weights ? plan->weights->asked_bytes : SIZE_MAX;
    for (unsigned level = 2; level <= 3; level++) {
        const size_t cache = cpu_cache_bytes(level);
        if (bytes <= cache - cache / 4) return level == 2 ? GEMM_IN_SECOND_CACHE : GEMM_IN_LAST_CACHE;
    }
    return GEMM_IN_MEMORY;
}

static void run_block(void *argument, size_t index, size_t thread) {
    const run_job *const job = argument;
    const gemm_plan *const plan = job->plan;
    const size_t nr = plan->packing->nr;
    const size_t row_block = index % plan->row_blocks;
    const size_t column_block = index / plan->row_blocks % plan->column_blocks;
    const size_t batch = index / plan->column_blocks / plan->row_blocks;

    struct scratch scratch;
    scratch_layout(plan, job->workspace + plan->shared_bytes + thread * plan->scratch_bytes, &scratch);
    gemm_place place;
    job->source->place(job->owner, batch, &place);

    const size_t first_panel = row_block * plan->block_panels;
    const size_t panel_count = min_size(plan->block_panels, plan->panels - first_panel);
    const size_t column_panels = divide_up(plan->n, nr);
    const size_t first_column = column_panels * column_block / plan->column_blocks;
    const size_t last_column = column_panels * (column_block + 1) / plan->column_blocks;

    const bool one_by_one = plan->in_place || (plan->all_columns && !plan->pack_first);
    for (size_t panel = 0; panel < panel_count && !one_by_one && !plan->pack_first; panel++) {
        size_t stride;
        const struct panel rows = panel_at(plan, first_panel + panel);
        ready_rows(job, batch, &rows, scratch.lhs + panel * plan->lhs_bytes, &scratch, &stride);
    }
    const uint8_t *const packed =
        plan->pack_first ? job->workspace + (batch * plan->panels + first_panel) * plan->lhs_bytes : scratch.lhs;

    const bool at_once = (plan->all_columns || panel_count == 1) && !plan->packs_panels;
    const size_t step = at_once ? max_size(1, last_column - first_column) : 1;
    for (size_t column = first_column; column < last_column; column += step) {
        if (plan->packs_panels) {
            gemm_rhs right = *plan->right;
            right.data = place.rhs;
            plan->packing->pack(&right, column, 1, scratch.rhs);
        }
        for (size_t panel = 0; panel < panel_count; panel++) {
            gemm_tile tile = plan->limits;
            const struct panel rows = panel_at(plan, first_panel + panel);
            tile.m = rows.count;
            tile.n = min_size(step * nr, min_size(plan->n, last_column * nr) - column * nr);
            tile.k = plan->k;
            tile.block = plan->block;
            tile.lhs_stride = plan->k * (plan->variant == GEMM_PF16 ? 2 : 4);
            if (one_by_one) {
                tile.lhs = ready_rows(job, batch, &rows, scratch.lhs, &scratch, &tile.lhs_stride);
            } else {
                tile.lhs = packed + panel * plan->lhs_bytes;
            }
            tile.direct = plan->in_place;
            tile.rows = scratch.rows;
            tile.taps = plan->offsets;
            tile.tap_count = plan->tap_count;
            tile.rhs = plan->packs_panels ? scratch.rhs : place.rhs + column * plan->panel_bytes;
            /* Rows that find their columns in the cache have time to ask for the next ones. */
            if (step == 1 && panel == 1) tile.ahead = plan->panel_bytes;
            if (plan->m == 1) tile.home = home_of(plan);
            tile.out = place.out + rows.out + column * nr * output_size(plan);
            tile.out_stride = plan->out_stride;
            if (plan->narrow) {
                narrow_tile(plan, &tile, scratch.wide);
            } else {
                plan->kernel->run(&tile);
            }
        }
    }
}

static void pack_rows(void *argument, size_t index, size_t thread) {
    const run_job *const job = argument;
    const gemm_plan *const plan = job->plan;
    struct scratch scratch;
    scratch_layout(plan, job->workspace + plan->shared_bytes + thread * plan->scratch_bytes, &scratch);
    size_t stride;
    const struct panel rows = panel_at(plan, index % plan->panels);
    ready_rows(job, index / plan->panels, &rows, job->workspace + index * plan->lhs_bytes, &scratch, &stride);
}

void gemm_run(const gemm_plan *plan, const gemm_source *source, const void *owner, void *workspace, struct pool *pool,
              size_t threads) {
    run_job job = {plan, source, owner, workspace};
    threads = min_size(threads, plan->run_threads);
    if (plan->pack_first) pool_run_brief(pool, threads, plan->ns, plan->batch * plan->panels, pack_rows, &job);
    pool_run_brief(pool, threads, plan->ns, plan->batch * plan->row_blocks * plan->column_blocks, run_block, &job);
}

/* ---- from operations to GEMM terms ---- */

gemm_level gemm_level_of(mica_kernels kernels) {
    return kernels == MICA_KERNELS_AUTO       ? GEMM_AUTO
           : kernels == MICA_KERNELS_STANDARD ? GEMM_STANDARD
                                              : GEMM_REFERENCE;
}

gemm_type gemm_type_of(mica_operand_type type) {
    switch (type) {
    case MICA_OPERAND_F32: return GEMM_F32;
    case MICA_OPERAND_F16: return GEMM_F16;
    case MICA_OPERAND_QCINT4:
    case MICA_OPERAND_QBINT4: return GEMM_I4;
    default: return GEMM_I8;
    }
}

bool gemm_variant_of(const mica_operand *lhs, const mica_operand *rhs, const mica_operand *output,
                     gemm_variant *variant) {
    const bool float_lhs = lhs->type == MICA_OPERAND_F32 || lhs->type == MICA_OPERAND_F16;
    const bool float_rhs = rhs->type == MICA_OPERAND_F32 || rhs->type == MICA_OPERAND_F16;
    const bool float_output = output->type == MICA_OPERAND_F32 || output->type == MICA_OPERAND_F16;
    if (float_lhs && float_rhs) {
        if (lhs->type != output->type) return false;
        *variant = lhs->type == MICA_OPERAND_F32 ? GEMM_PF32 : GEMM_PF16;
        return true;
    }
    if ((float_lhs || lhs->type == MICA_OPERAND_QDINT8) && float_output) {
        switch (rhs->type) {
        case MICA_OPERAND_QINT8:
        case MICA_OPERAND_QCINT8:
            *variant = GEMM_QP8_F32_QC8W;
            return rhs->type == MICA_OPERAND_QCINT8 || !rhs->zero_point;
        case MICA_OPERAND_QCINT4: *variant = GEMM_QP8_F32_QC4W; return true;
        case MICA_OPERAND_QBINT4: *variant = GEMM_QP8_F32_QB4W; return true;
        default: return false;
        }
    }
    if (lhs->type == MICA_OPERAND_QINT8 && output->type == MICA_OPERAND_QINT8) {
        *variant = GEMM_PQS8_QC8W;
        return rhs->type == MICA_OPERAND_QCINT8 || (rhs->type == MICA_OPERAND_QINT8 && !rhs->zero_point);
    }
    return false;
}

/* A real bound in quantized steps: its nearest step, or the type's end where there is none. */
static int32_t quantized_bound(float bound, float scale, int32_t zero_point) {
    const float steps = rintf(bound / scale + (float)zero_point);
    return steps <= -128.0f ? -128 : steps >= 127.0f ? 127 : (int32_t)steps;
}

void gemm_limits(const mica_operation *operation, gemm_tile *limits) {
    *limits = (gemm_tile){.min = operation->output_min, .max = operation->output_max, .qmin = -128, .qmax = 127};
    if (operation->output->type == MICA_OPERAND_QINT8) {
        const mica_operand *const output = operation->output;
        limits->zero_point = output->zero_point;
        limits->qmin = quantized_bound(operation->output_min, output->scale, output->zero_point);
        limits->qmax = quantized_bound(operation->output_max, output->scale, output->zero_point);
    }
}

mica_status gemm_rhs_of(const mica_operation *operation, gemm_variant variant, const mica_operand *bias,
                        size_t channels, struct arena *arena, gemm_rhs *rhs, mica_error *error) {
    const mica_operand *const weights = operation->inputs[1];
    const bool per_tensor = weights->type == MICA_OPERAND_QINT8;
    rhs->type = gemm_type_of(weights->type);
    rhs->data = weights->data;
    if (variant == GEMM_QP8_F32_QB4W) {
        rhs->block_scale = weights->block_scales;
        rhs->block = weights->block;
    } else if (variant == GEMM_QP8_F32_QC4W || (variant == GEMM_QP8_F32_QC8W && !per_tensor)) {
        rhs->scale = weights->scales;
    } else if (variant == GEMM_PQS8_QC8W || variant == GEMM_QP8_F32_QC8W) {
        void *memory = NULL;
        TRY(arena_array(arena, channels, sizeof(float), &memory, error));
        float *const scale = memory;
        for (size_t i = 0; i < channels; i++) {
            scale[i] = per_tensor ? weights->scale : weights->scales[i];
            if (variant == GEMM_PQS8_QC8W) {
                scale[i] = operation->inputs[0]->scale * scale[i] / operation->output->scale;
            }
        }
        rhs->scale = scale;
    }
    if (variant == GEMM_PQS8_QC8W) rhs->lhs_zero_point = operation->inputs[0]->zero_point;
    if (!bias || !bias->data) return MICA_OK;
    if (variant == GEMM_PQS8_QC8W) {
        rhs->bias_i32 = bias->data;
    } else if (bias->type == MICA_OPERAND_F16) {
        void *memory = NULL;
        TRY(arena_array(arena, channels, sizeof(float), &memory, error));
        float *const wide = memory;
        for (size_t i = 0; i < channels; i++) wide[i] = float_of_f16(((const uint16_t *)bias->data)[i]);
        rhs->bias = wide;
    } else {
        rhs->bias = bias->data;
    }
    return MICA_OK;
}
