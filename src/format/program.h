/* SPDX-License-Identifier: Apache-2.0
 *
 * A .pte program, verified and decoded. This is the door: after pte_open succeeds every index is in range, every
 * range inside the file, every enum known, every planned tensor inside its buffer. Nothing behind it checks again. Data
 * that is to come from a file that was not given is missing, which is no fault of the program.
 *
 * Decoded tables live in the caller's arena; arrays of scalars and all data stay in the file and are borrowed.
 */
#ifndef FORMAT_PROGRAM_H
#define FORMAT_PROGRAM_H

#include "base/bytes.h"
#include "base/memory.h"
#include "format/bundled.h"
#include "format/tensor_data.h"
#include "mica/tensor.h"

/* The union KernelTypes. */
typedef enum pte_tag {
    PTE_NONE = 0,
    PTE_NULL = 1,
    PTE_INT = 2,
    PTE_BOOL = 3,
    PTE_DOUBLE = 4,
    PTE_TENSOR = 5,
    PTE_STRING = 6,
    PTE_INT_LIST = 7,
    PTE_DOUBLE_LIST = 8,
    PTE_BOOL_LIST = 9,
    PTE_TENSOR_LIST = 10,
    PTE_OPTIONAL_TENSOR_LIST = 11
} pte_tag;

typedef enum pte_storage {
    PTE_CONSTANT,    /* `data`: in the file or a .ptd, never written */
    PTE_PLANNED,     /* `buffer` and `offset` */
    PTE_INITIALISED, /* planned, and `data` is copied there at load */
    PTE_UNPLANNED    /* memory comes at run time: from the caller or by aliasing */
} pte_storage;

typedef struct pte_tensor {
    mica_type type;
    uint8_t rank;
    bool dynamic; /* sizes are upper bounds */
    pte_storage storage;
    uint32_t sizes[MICA_MAX_RANK];
    uint8_t dim_order[MICA_MAX_RANK]; /* a permutation */
    size_t bytes;                     /* at the upper bound */
    const void *data;                 /* constants: aligned for the type; NULL where `missing` */
    const char *missing;              /* name of external data that no file given has; NULL: there is no need */
    uint32_t buffer;                  /* index into pte_method.buffer_sizes */
    size_t offset;                    /* a multiple of the element's size; offset + bytes ≤ the buffer's size */
} pte_tensor;

typedef struct pte_value {
    pte_tag tag;
    union {
        int64_t integer;
        bool boolean;
        double real;
        const pte_tensor *tensor;
        const char *string;
        bytes_span indices;  /* INT_LIST (i64: indices of Int values), TENSOR_LIST (i32: of tensors),
                                OPTIONAL_TENSOR_LIST (i32: of tensors and nulls; -1: none) */
        bytes_span literals; /* DOUBLE_LIST (f64), BOOL_LIST (u8) */
    } as;
} pte_value;

typedef enum pte_call {
    PTE_KERNEL_CALL = 1,
    PTE_DELEGATE_CALL = 2,
    PTE_MOVE_CALL = 3,
    PTE_JUMP_FALSE_CALL = 4,
    PTE_FREE_CALL = 5
} pte_call;

typedef struct pte_instruction {
    pte_call call;
    uint32_t index;  /* operator, delegate, moved-from value, condition value, freed value */
    uint32_t target; /* moved-to value, of the same tag; jump destination ≤ instruction count */
    bytes_span args; /* i32 value indices, each in range */
} pte_instruction;

typedef struct pte_chain {
    const pte_instruction *instructions;
    size_t count;
} pte_chain;

typedef struct pte_delegate {
    const char *id;         /* "XnnpackBackend" */
    const uint8_t *payload; /* aligned to 16 */
    size_t payload_size;
} pte_delegate;

typedef struct pte_method {
    const char *name;
    const char *input_tree, *output_tree; /* PyTorch's description of containers, or NULL; nobody here reads it */
    const pte_value *values;
    size_t value_count;
    bytes_span inputs, outputs; /* i32 value indices */
    const pte_chain *chains;
    size_t chain_count;
    const char *const *operators; /* "aten::add.out" */
    size_t operator_count;
    const pte_delegate *delegates;
    size_t delegate_count;
    const size_t *buffer_sizes; /* planned arenas; the file's placeholder 0 is dropped */
    size_t buffer_count;
    size_t planned_bytes; /* their sum */
} pte_method;

typedef struct pte_named_data {
    const char *key;
    const uint8_t *data;
    size_t size;
} pte_named_data;

typedef struct pte_program {
    const uint8_t *file;
    size_t file_size, program_size;
    const pte_method *methods;
    size_t method_count;
    const pte_named_data *named_data; /* sorted by key, the program's own; see pte_find_data */
    size_t named_data_count;
    const ptd_file *external; /* opened .ptd files, in order of search */
    size_t external_count;
    bundled_file bundle; /* of a bundled program: its test cases; else zeros */
    size_t constant_bytes, delegate_bytes, named_bytes, mutable_bytes;
} pte_program;

/* Verifies and decodes `size` bytes at `file` (aligned to 16), borrowed for the program's life. A bundled program is
 * unwrapped, its cases verified. `arena` takes the decoded tables, at most 32 times `size` and some pages; `external` is borrowed too.
 * Errors: FORMAT, UNSUPPORTED (unbounded shapes, other devices), LIMIT, MEMORY. */
mica_status pte_open(const uint8_t *file, size_t size, const ptd_file *external, size_t external_count,
                     struct arena *arena, pte_program **program, mica_error *error);

/* Named data by key: the program's, then the external files'. NULL when there is none. */
const uint8_t *pte_find_data(const pte_program *program, const char *key, size_t key_length, size_t *size);

#endif
