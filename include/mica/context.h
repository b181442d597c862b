/* SPDX-License-Identifier: Apache-2.0
 *
 * The context: allocator, threads, CPU features and their cap, the last error.
 *
 * A context serves one thread at a time. Programs opened with it are immutable and may be used by any
 * number of contexts at once; methods belong to the context that loaded them.
 */
#ifndef MICA_CONTEXT_H
#define MICA_CONTEXT_H

#include "mica/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mica_context mica_context;

/* Memory from the caller. `allocate` returns `size` bytes aligned to `alignment` (a power of two, at most 4096) or NULL;
 * `release` gets back the same pointer and size. */
typedef struct mica_allocator {
    void *(*allocate)(void *user, size_t size, size_t alignment);
    void (*release)(void *user, void *memory, size_t size);
    void *user;
} mica_allocator;

/* A host's own thread pool, lent to Mica: must call task(argument, i) once for every i in [0, count), on at most
 * `threads` threads at the same time, and return when all calls have returned. */
typedef struct mica_executor {
    void (*parallel_for)(void *user, size_t threads, size_t count, void (*task)(void *argument, size_t index),
                         void *argument);
    void *user;
} mica_executor;

/* Which kernels may be chosen. */
typedef enum mica_kernels {
    MICA_KERNELS_AUTO = 0,     /* dispatch: the first eligible variant */
    MICA_KERNELS_STANDARD = 1, /* the accelerated path off: every node takes its portable kernel */
    MICA_KERNELS_REFERENCE = 2 /* plain scalar kernels, the truth that the others are tested against */
} mica_kernels;

/* Set `size` to sizeof(mica_context_options) and the rest to zero for the defaults. */
typedef struct mica_context_options {
    size_t size;
    const mica_allocator *allocator; /* NULL: malloc. Copied. */
    const mica_executor *executor;   /* NULL: Mica's own pool, started at the first use with more than one thread. Copied. */
    size_t threads;                  /* threads that compute, the calling one included; 0: physical cores usable by this process */
    const char *isa;                 /* cap on the instruction set, a name of mica_isa_name(); NULL or "auto": all of the CPU */
    mica_kernels kernels;
    size_t memory_limit;             /* bytes that one program or method may allocate; 0: no limit */
    bool no_fusion;                  /* run every node of a delegate by itself, make every copy */
} mica_context_options;

/* Creates a context. Errors: ARGUMENT, MEMORY, NOT_FOUND (unknown isa), UNSUPPORTED (isa that this CPU lacks).
 * `options` may be NULL. Destroy with mica_context_destroy after everything made with it. */
MICA_API MICA_MUST_USE mica_status mica_context_create(const mica_context_options *options, mica_context **context);
MICA_API void mica_context_destroy(mica_context *context); /* NULL is fine */

/* Text of the last failed call on this context: one line, with the place (field path, byte offset, instruction,
 * node). Never NULL; valid until the next failing call on the context. */
MICA_API const char *mica_context_error(const mica_context *context);

/* Threads used from the next call on, 1 ≤ threads; outputs are the same bits for every count. Errors: ARGUMENT. */
MICA_API MICA_MUST_USE mica_status mica_context_set_threads(mica_context *context, size_t threads);
MICA_API size_t mica_context_threads(const mica_context *context);

/* Name of the instruction set in use after the cap, such as "avx512vnni". */
MICA_API const char *mica_context_isa(const mica_context *context);

/* ---- the CPU ---- */

/* Names of the instruction-set levels that Mica knows, of all architectures, weakest first per architecture;
 * NULL past the end. */
MICA_API const char *mica_isa_name(size_t index);
MICA_API bool mica_isa_available(const char *name); /* this CPU has it */
MICA_API const char *mica_isa_architecture(const char *name); /* "x86-64", "aarch64", "any"; NULL when unknown */

typedef struct mica_cpu_info {
    char model[64];            /* as the system tells it */
    const char *architecture;  /* "x86-64" or "aarch64" */
    const char *isa;           /* strongest level */
    char features[256];        /* space-separated names */
    size_t cores;              /* physical cores that this process may use */
    size_t cache_l1d, cache_l2, cache_l3; /* bytes, of one core (L3: shared); 0: unknown */
    size_t vector_bits;        /* widest vector in use; SME: streaming vector length */
} mica_cpu_info;
MICA_API void mica_cpu_query(mica_cpu_info *info);

/* "1.0.0" */
MICA_API const char *mica_version(void);

#ifdef __cplusplus
}
#endif
#endif
