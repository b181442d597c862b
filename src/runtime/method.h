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
    bool written;         /* an instruction writes it: the caller's memory must be copied */
    bool lent;            /* the caller's memory is read where it is */
    mica_tensor view;     /* as the caller describes it */
    void *home;           /* planned memory, or NULL */
    struct buffer buffer; /* memory for a copy where nothing is planned */
} method_input;

/* A delegate's graph and the arrays that a call of it fills. */
typedef struct method_delegate {
    struct graph *graph;
    const xnn_graph *payload;
    op_shape *shapes; /* per external value */
    void **memory;
} method_delegate;

/* What an instruction needs beside the file's own description. */
typedef struct method_instruction {
    const portable_kernel *kernel; /* of a kernel call */
    int32_t first_node;            /* in the report: of the delegate's node 0, or of the kernel call */
} method_instruction;

struct mica_method {
    mica_context *context;
    const mica_program *program;
    const pte_method *plan;
    size_t index; /* of the method in the program */
    struct arena arena;

    struct value *values;
    struct tensor *tensors; /* per value; unused where the value is none */
    uint8_t **planned;      /* the arenas of the program's memory plan */
    method_input *inputs;
    method_delegate *delegates;
    method_instruction **instructions; /* [chain][instruction] */
    struct scratch scratch;
    uint64_t random;
    mica_report report;
    mica_trace *trace;
    uint32_t run_count; /* since the trace was attached */
    bool has_run;
};

/* The report of a method on any target: delegates' nodes and kernel calls, in order of instructions. `instructions`, where
 * not NULL, learn where in the report their entries begin. */
mica_status method_explain(const mica_program *program, size_t method, const op_target *target, bool fuse,
                           mica_report *report, method_instruction **instructions, mica_error *error);

#endif
