/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of an operator: what each kind of node must offer. One op_class per implementation, found by
 * op_class_of(kind); a class answers four questions: what shape comes out, which kernel would run and why not a
 * better one (pure), how is it prepared, how does it run.
 *
 * Life: infer → choose → create (asks for packed weights; once) → reshape (at load, and when a shape changes) → run
 * (no allocation, no decision). Memory comes from an arena and is freed with it.
 */
#ifndef OPERATOR_OPERATOR_H
#define OPERATOR_OPERATOR_H

#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "mica/operator.h"
#include "operator/weights.h"

typedef struct op_shape {
    size_t rank;
    size_t dims[MICA_OPERAND_MAX_RANK];
} op_shape;

/* For whom the choice is made: any CPU, any level. */
typedef struct op_target {
    cpu_features features;
    mica_kernels kernels;
} op_target;

#define OP_MAX_REASONS 16
#define OP_REASON_TEXT 192

typedef struct op_reason {
    const char *variant, *code; /* constant strings */
    char message[OP_REASON_TEXT], remedy[OP_REASON_TEXT];
} op_reason;

/* What runs a node, and the first failed condition of each better row. */
typedef struct op_choice {
    const char *variant; /* constant strings */
    const char *kernel;
    cpu_features needs; /* of the kernel */
    bool accelerated;
    const void *row; /* the class's own, for create */
    size_t reason_count;
    op_reason reasons[OP_MAX_REASONS];
} op_choice;

/* Memory of a value of this type and shape: elements, then for QDINT8 the gemm_row of each row (op_rows). */
size_t op_value_bytes(const mica_operand *operand, const op_shape *shape); /* SIZE_MAX on overflow */
size_t op_element_size(mica_operand_type type);                            /* bytes; nibble types: 1 */
size_t op_count(const op_shape *shape);                                    /* elements */

typedef struct op_run {
    const void *inputs[MICA_OPERATION_MAX_INPUTS]; /* run-time operands; constants too (their data) */
    void *output;
    void *second_output; /* ArgMaxPooling2d: int32 indices, shaped as the output; NULL: not wanted */
    void *workspace;     /* as many bytes as reshape asked for, aligned to 64, shared with other operators */
    struct pool *pool;
    size_t threads;
} op_run;

struct op;
typedef struct op_class op_class;

struct op_class {
    const char *name; /* "gemm", "unary", … for developers */
    /* Output shape from the input shapes (of constants too), checked against each other and the attributes.
     * Fails with SHAPE. Pure. */
    mica_status (*infer)(const mica_operation *operation, const op_shape *inputs, op_shape *output,
                         mica_error *error);
    /* The row that runs it on `target`. Pure; reads operand types, dims and attributes, never data. Fails with
     * UNSUPPORTED when even the reference cannot. */
    mica_status (*choose)(const mica_operation *operation, const op_target *target, op_choice *choice,
                          mica_error *error);
    /* Makes the operator for this machine, asking for its packed weights. The operation's operands outlive it. */
    mica_status (*create)(const mica_operation *operation, const op_target *target, const op_choice *choice,
                          struct weights *weights, struct arena *arena, struct op **out, mica_error *error);
    /* New shapes, as inferred: sets op->workspace and whatever depends on shape. May allocate from op->arena only
     * when a shape is larger than any before. */
    mica_status (*reshape)(struct op *op, const op_shape *inputs, const op_shape *output, mica_error *error);
    void (*run)(struct op *op, const op_run *run);
};

/* The common head of every operator. */
struct op {
    const op_class *class;
    const mica_operation *operation;
    struct arena *arena;
    const char *kernel;  /* for the shape in force; may differ from choice->kernel (one row: the gemv) */
    size_t workspace;    /* bytes */
    size_t packed_bytes; /* of weights kept in packed form */
    bool borrows;        /* reads constant operands' data at run time */
};

/* NULL for a kind that does not run (SCALED_DOT_PRODUCT_ATTENTION) or is unknown. */
const op_class *op_class_of(mica_operation_kind kind);

/* Multiply and add counted apart; bytes read and written at least once. */
void op_work(const mica_operation *operation, const op_shape *inputs, const op_shape *output, double *operations,
             double *bytes);

/* XNNPACK's name for the node on such a CPU, without "#n": "Fully Connected (NC, F32) GEMM". */
void op_peer_name(const mica_operation *operation, cpu_features features, char *text, size_t size);

/* What ExecuTorch 1.4.1 with XNNPACK and KleidiAI would take on such a CPU: "KleidiAI: Fully Connected (NC, PF32) GEMM". */
void op_peer_choice(const mica_operation *operation, cpu_features features, char *text, size_t size);

#endif
