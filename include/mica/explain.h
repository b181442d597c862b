/* SPDX-License-Identifier: Apache-2.0
 *
 * Which kernel each node takes, and why not a better one.
 *
 * A report is a pure function of the program, the CPU features and the options: it may be asked for a CPU other
 * than this one, and needs no loaded method.
 */
#ifndef MICA_EXPLAIN_H
#define MICA_EXPLAIN_H

#include "mica/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One condition of a better variant that did not hold. */
typedef struct mica_reason {
    const char *variant; /* of which variant, "pf32_gemm" */
    const char *code;    /* the condition's stable name, "pointwise_filter" */
    const char *message; /* what was found, "the filter is 3×3" */
    const char *remedy;  /* what change makes it hold; "" when nothing does */
} mica_reason;

/* One executed node of a delegate, or one kernel call outside of all delegates. */
typedef struct mica_node_report {
    size_t index;        /* position in this report */
    int chain;           /* of the instruction */
    int instruction;
    int delegate;        /* index of the delegate in the method; -1: a kernel call */
    int node;            /* index of the node in the delegate's payload; -1: a kernel call */
    uint32_t debug_handle; /* edge-dialect handle; 65535: inserted by the exporter, or unknown */
    const char *node_type; /* "FullyConnected", "Conv2d", …; for kernel calls the name, "aten::add.out" */
    const char *name;      /* XNNPACK's operator name for the node with its occurrence, "Fully Connected (NC, F32) GEMM #1" */
    const char *shapes;    /* "1x256, 256x256 -> 1x256" */
    const char *types;     /* "f32, f32 -> f32" */
    const char *quantization; /* "per row × per channel"; "" for floats */
    const char *variant;   /* "pf32_gemm"; "standard" or "reference" when none of the accelerated ones */
    const char *kernel;    /* "pf32_gemm_14x32_avx512f" */
    const char *isa;       /* instruction set of the kernel */
    const char *fused_into; /* "" or where the node's work went: "node 1" */
    const char *peer;      /* what ExecuTorch 1.4.1 (XNNPACK + KleidiAI) takes on the same CPU */
    bool accelerated;      /* a packed micro-kernel of the operator table runs */
    bool eligible_kind;    /* fully connected, convolution 2d, batch matmul: a kind that the operator table names */
    double operations;     /* multiply and add counted apart, for the upper-bound shapes */
    double bytes;          /* read and written at least once */
    const mica_reason *reasons;
    size_t reason_count;
} mica_node_report;

typedef struct mica_report mica_report;

/* Explains a method (NULL: as mica_method_load). `isa` NULL: the context's; else any level of any architecture.
 * Errors: as mica_method_load without packing; NOT_FOUND for an unknown isa. */
MICA_API MICA_MUST_USE mica_status mica_explain(mica_context *context, const mica_program *program,
                                                const char *method, const char *isa, mica_report **report);
/* The report of a loaded method: what really runs. Owned by the method. */
MICA_API const mica_report *mica_method_report(const mica_method *method);

MICA_API size_t mica_report_count(const mica_report *report);
MICA_API const mica_node_report *mica_report_node(const mica_report *report, size_t index); /* NULL past the end */
MICA_API void mica_report_destroy(mica_report *report); /* only reports of mica_explain; NULL is fine */

/* ---- the kernel table ---- */

typedef struct mica_kernel_info {
    const char *name;     /* "pf32_gemm_14x32_avx512f" */
    const char *variant;  /* "pf32_gemm" */
    const char *isa;      /* level it needs */
    const char *architecture;
    size_t mr, nr, kr;    /* tile: rows, columns, and depth taken together */
    bool available;       /* this build has it and this CPU can run it */
} mica_kernel_info;

/* The rows of the kernel table, best first within a variant; false past the end. */
MICA_API bool mica_kernel_query(size_t index, mica_kernel_info *info);

#ifdef __cplusplus
}
#endif
#endif
