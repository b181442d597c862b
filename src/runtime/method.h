/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of mica_method: the value table, the planned memory, the delegates and the kernels of one method.
 */
#ifndef RUNTIME_METHOD_H
#define RUNTIME_METHOD_H

#include "graph/graph.h"
#include "runtime/kernel_call.h"
#include "runtime/program.h"

/* An input, between mica_method_set_input and the runs that read it. */
typedef struct method_input {
    bool given;
    bool lendable;        /* nothing writes it, nor is it seen through another value's memory */
    bool lent;            /* the caller's memory is read where it is */
    mica_tensor view;     /* as the caller describes it */
    void *home;           /* planned memory, or NULL */
    struct buffer buffer; /* memory for a copy where nothing is planned */
} method_input;

/* A value that a delegate shares with the program: an argument of its calls. */
typedef struct method_external {
    uint32_t id; /* position in the arguments */
    bool is_output;
    mica_type type;
    size_t rank; /* at least 1 */
} method_external;

/* A delegate's graph and the arrays that a call of it fills. */
typedef struct method_delegate {
    struct graph *graph;
    const xnn_graph *payload;
    method_external *externals;
    size_t external_count;
    op_shape *shapes; /* per external value */
    void **memory;
} method_delegate;

/* What an instruction needs beside the file's own description. */
typedef struct method_instruction {
    const portable_kernel *kernel; /* of a kernel call */
    int32_t first_node;            /* in the report: of the delegate's node 0, or of the kernel call */
} method_instruction;

/* A value that instructions change, as it is before a run. */
typedef struct method_initial {
    int32_t index;
    struct value value;
    struct tensor tensor;
} method_initial;

struct mica_method {
    mica_context *context;
    const mica_program *program;
    const pte_method *plan;
    size_t index; /* of the method in the program */
    struct arena arena;
    struct weights weights;
    struct buffer workspace; /* of its delegates, one of which runs at a time */

    struct value *values;
    struct tensor *tensors; /* per value; unused where the value is none */
    uint8_t **planned;      /* the arenas of the program's memory plan */
    method_initial *initial;
    size_t initial_count;
    method_input *inputs;
    method_delegate *delegates;
    method_instruction **instructions; /* [chain][instruction] */
    struct scratch scratch;
    uint64_t random;
    mica_report report;
    mica_trace *trace;
    mica_observer observer;
    void *observer_user;
    uint32_t run_count; /* since the trace was attached */
    bool has_run;
};

/* ---- values.c ---- */
mica_status values_make(mica_method *method, mica_error *error);
/* After kernels and delegates are there: */
mica_status values_make_inputs(mica_method *method, mica_error *error);
mica_status values_make_outputs(mica_method *method, mica_error *error);
mica_status values_keep_initial(mica_method *method, mica_error *error);
void values_restore(mica_method *method); /* before a run */

/* ---- method.c ---- */

/* Whether every external value of a delegate meets a tensor of its type and rank among the call's arguments, and outputs
 * one that may be written. Moves can change that while a method runs. */
mica_status method_check_call(const mica_method *method, const pte_instruction *instruction, mica_error *error);

/* ---- explain.c ---- */

/* The report of a method on any target: delegates' nodes and kernel calls, in order of instructions. `instructions`, where
 * not NULL, learn where in the report their entries begin. */
mica_status method_explain(const mica_program *program, size_t method, const op_target *target, bool fuse,
                           mica_report *report, method_instruction **instructions, mica_error *error);

#endif
