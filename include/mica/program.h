/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs and methods: open a .pte, load a method, set inputs, run, read outputs.
 *
 *   mica_program  one verified file, mapped, immutable; may be used by many threads and contexts at once
 *   mica_method   one loaded method: packed operators, planned memory, state; one thread at a time
 */
#ifndef MICA_PROGRAM_H
#define MICA_PROGRAM_H

#include "mica/context.h"
#include "mica/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mica_program mica_program;
typedef struct mica_method mica_method;

/* Set `size` to sizeof(mica_program_options) and the rest to zero for the defaults. */
typedef struct mica_program_options {
    size_t size;
    const char *const *data_paths; /* external weights (.ptd), searched in order */
    size_t data_path_count;
    const char *weights_cache; /* file to keep the packed weights of its methods in (NULL: none): see below */
} mica_program_options;

/* The file of `weights_cache` is read, mapped, when a method is loaded: what it holds is not packed again, and processes
 * share its pages. What it lacks is packed, and the file written anew and replaced as a whole. It is believed only as
 * far as it proves itself: an entry must have been made of weights with the same contents, for the same CPU, by kernels
 * that pack alike, and its bytes must have the hash that they were written with. A file that is missing, damaged or of
 * another model is no error. Contents are known to be the same when the model is the very file that the entry was made
 * of (device, inode, size, times of change); otherwise they are hashed. */

/* Opens and verifies a file: every structure and every meaning that later use relies on. The file is mapped; it must not
 * change while the program is open. A bundled program (.bpte) is opened as the program inside it, with its test cases.
 * External data that no file of the options has is missed only when a method that needs it is loaded.
 * Errors: ARGUMENT, IO, FORMAT, UNSUPPORTED (unbounded shapes, devices other than the CPU), LIMIT, MEMORY. `options` may be NULL. */
MICA_API MICA_MUST_USE mica_status mica_program_open(mica_context *context, const char *path,
                                                     const mica_program_options *options, mica_program **program);

/* The same from memory, borrowed until mica_program_close. `data` aligned to 16 bytes is used in place, else copied. */
MICA_API MICA_MUST_USE mica_status mica_program_open_memory(mica_context *context, const void *data, size_t size,
                                                            const mica_program_options *options,
                                                            mica_program **program);
/* Close after all its methods are destroyed. NULL is fine. */
MICA_API void mica_program_close(mica_program *program);

MICA_API size_t mica_program_method_count(const mica_program *program);
MICA_API const char *mica_program_method_name(const mica_program *program, size_t index); /* NULL past the end */

/* What a method takes or gives. Strings live as long as the program. */
typedef struct mica_value_info {
    mica_kind kind;
    mica_type type; /* tensors */
    size_t rank;
    size_t sizes[MICA_MAX_RANK]; /* upper bounds where `dynamic` */
    uint8_t dim_order[MICA_MAX_RANK];
    bool dynamic;        /* each size may be smaller at run time */
    mica_value constant; /* non-tensor inputs: the value traced at export, which an input must equal */
} mica_value_info;

MICA_API size_t mica_program_input_count(const mica_program *program, size_t method);
MICA_API size_t mica_program_output_count(const mica_program *program, size_t method);
MICA_API MICA_MUST_USE mica_status mica_program_input_info(const mica_program *program, size_t method, size_t index,
                                                           mica_value_info *info);
MICA_API MICA_MUST_USE mica_status mica_program_output_info(const mica_program *program, size_t method, size_t index,
                                                            mica_value_info *info);

/* ---- test cases, which a bundled program (.bpte) has for its methods ---- */

/* 0 where there are none. */
MICA_API size_t mica_program_case_count(const mica_program *program, size_t method);
/* Values that case `index` expects of the method: as many as it gives, or 0. It has all inputs. */
MICA_API size_t mica_program_case_output_count(const mica_program *program, size_t method, size_t index);
/* An input, and an expected output, of case `index`: borrowed until the program is closed, for mica_method_set_input, which
 * checks types and shapes. Errors: ARGUMENT. */
MICA_API MICA_MUST_USE mica_status mica_program_case_input(const mica_program *program, size_t method, size_t index,
                                                           size_t input, mica_value *value);
MICA_API MICA_MUST_USE mica_status mica_program_case_output(const mica_program *program, size_t method, size_t index,
                                                            size_t output, mica_value *value);

/* Sizes, in bytes, of what is in the file and of what a method plans. */
typedef struct mica_program_sizes {
    size_t file, program, constants, delegates, named_data, mutable_data;
} mica_program_sizes;
MICA_API void mica_program_query_sizes(const mica_program *program, mica_program_sizes *sizes);
MICA_API size_t mica_program_planned_bytes(const mica_program *program, size_t method);

/* Kernels that a method calls outside of its delegates, each name once; and delegates by backend id. */
typedef struct mica_operator_use {
    const char *name; /* "aten::add.out" or a backend id */
    size_t calls;
    bool available;
    bool delegate;
    const char *lack; /* of a delegate that is not available: why; else NULL */
} mica_operator_use;
MICA_API size_t mica_program_operator_count(const mica_program *program, size_t method);
MICA_API MICA_MUST_USE mica_status mica_program_operator(const mica_program *program, size_t method, size_t index,
                                                         mica_operator_use *use);

/* Key of external data that a method needs and no data file has; NULL past the last. */
MICA_API const char *mica_program_missing_data(const mica_program *program, size_t method, size_t index);

/* Loads a method: resolves kernels, builds and packs its delegates, plans memory. `name` NULL: "forward", else the
 * only method. Errors: NOT_FOUND (the method; external data), FORMAT, MISSING_OPERATOR (all missing ones in the text), UNSUPPORTED, LIMIT, MEMORY. */
MICA_API MICA_MUST_USE mica_status mica_method_load(mica_context *context, const mica_program *program,
                                                    const char *name, mica_method **method);
MICA_API void mica_method_destroy(mica_method *method); /* NULL is fine */

MICA_API size_t mica_method_index(const mica_method *method); /* of its method in the program */

/* Sets input `index`. Tensors: type and rank as declared, sizes within their bounds; data dense in the dim_order
 * of the tensor given, read by every run until the input is set again, and borrowed as long.
 * Other kinds must equal the traced value. Errors: ARGUMENT, TYPE, SHAPE, VALUE. */
MICA_API MICA_MUST_USE mica_status mica_method_set_input(mica_method *method, size_t index, const mica_value *value);

/* Runs once. All inputs must be set; they stay set. On failure there are no outputs, and mutable state is as before the
 * call: programs store it last, after all that can fail, but for operators that change a cache in place
 * (llama::update_cache, …), which check their own arguments first and stay done when a later instruction fails.
 * Errors: STATE, SHAPE, TYPE, VALUE, LIMIT, UNSUPPORTED; the text names the kernel, the instruction and the values. */
MICA_API MICA_MUST_USE mica_status mica_method_run(mica_method *method);

/* Output `index` of the last run; tensors are borrowed until the next run or destroy. Errors: ARGUMENT, STATE. */
MICA_API MICA_MUST_USE mica_status mica_method_output(const mica_method *method, size_t index, mica_value *value);

/* Memory that a loaded method holds, in bytes. */
typedef struct mica_method_memory {
    size_t planned;   /* arenas that the program plans */
    size_t packed;    /* packed weights of all operators */
    size_t workspace; /* intermediate values and scratch inside delegates: of the one that needs most, they share it */
} mica_method_memory;
MICA_API void mica_method_query_memory(const mica_method *method, mica_method_memory *memory);

/* Where the packed weights of a method came from when it was loaded, in bytes. */
typedef struct mica_method_weights {
    size_t packed;           /* from the model's weights */
    size_t cached;           /* mapped from the file of `weights_cache` */
    size_t shared;           /* another method of the same context had them */
    bool cache_written;      /* the file was written anew */
    const char *cache_fault; /* what kept it from being used or written: "is damaged"; "" */
} mica_method_weights;
MICA_API void mica_method_query_weights(const mica_method *method, mica_method_weights *weights);

#ifdef __cplusplus
}
#endif
#endif
