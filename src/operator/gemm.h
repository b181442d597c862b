/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products by packed panels: what fully connected, convolution and batch matmul share. An operator says where
 * its rows, weights and outputs are; this plans the blocks, packs, and calls the kernel over tiles and threads.
 *
 * A product is `batch` times m × n × k: the batch are a convolution's groups, or the matrices of a batch matmul.
 * Every output element is computed by one thread in an order that depends on the shape alone.
 */
#ifndef OPERATOR_GEMM_H
#define OPERATOR_GEMM_H

#include "kernel/gemm/gemm.h"
#include "operator/operator.h"

#define GEMM_F32_NS (1 / 120.0) /* of a multiply-add */

typedef struct gemm_plan gemm_plan;

/* Where one matrix of the batch is. */
typedef struct gemm_place {
    const uint8_t *rhs; /* its packed right operand; with `packs_panels` its elements */
    uint8_t *out;       /* its element (0, 0) */
} gemm_place;

/* What the owner of a plan answers while it runs. `owner` is gemm_run's. */
typedef struct gemm_source {
    void (*place)(const void *owner, size_t batch, gemm_place *place);
    /* Rows [first, first + count) of the left operand, as rows 0 … count − 1 of `lhs`. `taps` has room for
     * count · tap_count pointers and `rows` for count entries, to be used where they are needed. A plan that is
     * `in_place` asks for `data` and `row_stride` only. */
    void (*rows)(const void *owner, size_t batch, size_t first, size_t count, gemm_lhs *lhs, const void **taps,
                 gemm_row *rows);
} gemm_source;

struct gemm_plan {
    /* fixed at create */
    gemm_variant variant;
    gemm_level level;
    cpu_features features;
    const gemm_rhs_packing *packing;
    size_t n, k, block;
    size_t tap_count;   /* pieces of a row; 0: rows are whole, and evenly apart */
    size_t panel_bytes; /* of one packed panel of weights */
    size_t rhs_bytes;   /* of all its panels */
    size_t threads;     /* at most */
    bool narrow;        /* the kernel gives f32, the output is f16 */
    size_t out_stride;  /* bytes from output row to output row */
    gemm_tile limits;   /* min, max, zero_point, qmin, qmax */

    const struct weights *weights; /* those of all operators, if this one's are constant */

    /* Not NULL: right operands are there at run time only, and this but for their `data`. Set before gemm_plan_shape, which
     * says by `packs_panels` whether panels of them are packed when they are met; else they are to be packed before. */
    const gemm_rhs *right;

    /* fixed by the shape */
    const gemm_kernel *kernel;
    bool in_place;     /* the kernel reads rows as they are */
    bool packs_panels; /* places have elements of `right` */
    size_t batch, m;
    /* Rows in pieces may be read in place where they are evenly apart for a line of them: then a panel does not reach
     * across lines, nor does it where these do not follow each other in the output. `line`, `line_stride` and `offsets` are
     * set before gemm_plan_shape, offsets being NULL where they may not. */
    size_t line;           /* rows; m where rows are packed or whole */
    size_t line_stride;    /* bytes from output line to output line; 0: lines follow each other */
    const size_t *offsets; /* bytes from a row to its pieces */
    size_t panel_rows;     /* rows per panel, so that all panels are about equal */
    size_t line_panels;    /* of rows */
    size_t panels;         /* of rows, per matrix */
    size_t block_panels;   /* of rows, per task */
    bool all_columns;      /* weights stay in the second cache: each panel of rows takes all columns at once */
    size_t row_blocks, column_blocks; /* tasks per matrix */
    size_t lhs_bytes;                 /* of one packed panel of rows */
    bool pack_first;                  /* all rows are packed before any tile runs, since several tasks share them */
    size_t shared_bytes;              /* workspace: packed rows when pack_first */
    size_t scratch_bytes;             /* workspace: per thread */
    double ns;                        /* that it takes on one thread, about */
    size_t run_threads;
};

/* Elements of a piece of a row as the kernels take it that read rows in place: past `piece` weights are 0. Needs variant,
 * level and features. */
size_t gemm_filled_piece(const gemm_plan *plan, size_t piece);

/* Fixes kernel family and layouts. `plan` holds variant, level, features, n, k, block, tap_count, narrow, out_stride,
 * limits and threads. False when no kernel exists. */
bool gemm_plan_init(gemm_plan *plan);

/* Right operands that are constant: matrices that follow each other. */
typedef struct gemm_constant {
    size_t matrices;
    size_t channels;    /* scales and biases from one to the next; 0: all have the same */
    const void *source; /* what their data was made of; NULL: they are the model's own */
    size_t source_bytes;
} gemm_constant;

/* Asks for them in packed form; `rhs` is the first. The plan lasts as long as the operator, `weights` longer. */
mica_status gemm_ask(gemm_plan *plan, const gemm_rhs *rhs, const gemm_constant *constant, struct weights *weights,
                     const uint8_t **packed, mica_error *error);

/* Packs one right operand into `packed` (rhs_bytes, aligned to 64) at once, with the pool's threads. */
void gemm_pack(const gemm_plan *plan, const gemm_rhs *rhs, uint8_t *packed, struct pool *pool, size_t threads);

/* Plans for m rows and a batch; gives the workspace that gemm_run needs. */
size_t gemm_plan_shape(gemm_plan *plan, size_t batch, size_t m);

void gemm_run(const gemm_plan *plan, const gemm_source *source, const void *owner, void *workspace, struct pool *pool,
              size_t threads);

/* ---- from operations to GEMM terms ---- */

/* The variant whose arithmetic an operation of these operand types has; false when there is none. `lhs` is the left
 * operand: QDINT8, or F32 / F16 where rows are quantized inside. */
bool gemm_variant_of(const mica_operand *lhs, const mica_operand *rhs, const mica_operand *output,
                     gemm_variant *variant);

/* min, max, zero_point, qmin and qmax of the output. */
void gemm_limits(const mica_operation *operation, gemm_tile *limits);

/* Scales and biases in the form that packing wants; arrays come from the arena. `channels` are the right operand's
 * columns. bias may be NULL. A bias given at run time is left out here. */
mica_status gemm_rhs_of(const mica_operation *operation, gemm_variant variant, const mica_operand *bias,
                        size_t channels, struct arena *arena, gemm_rhs *rhs, mica_error *error);

/* Dense rows of k floats a multiple of 2 KiB apart fall on each other in the first cache: better packed. */
bool gemm_suits_cache(size_t k);

gemm_type gemm_type_of(mica_operand_type type);
gemm_level gemm_level_of(mica_kernels kernels);

#endif
