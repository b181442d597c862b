/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of portable kernels: what a kernel call outside of the delegates sees.
 *
 * A value is a slot of the method's value table. A kernel gets its arguments in schema order (keyword-only ones and
 * outs included, then the return slot), checks what the program could get wrong (types, ranks, indices), resizes its
 * outs, and only then writes. It allocates nothing but the call's scratch, and reports failures with the argument.
 */
#ifndef RUNTIME_KERNEL_CALL_H
#define RUNTIME_KERNEL_CALL_H

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "mica/tensor.h"

typedef enum value_tag {
    VALUE_NONE,
    VALUE_INT,
    VALUE_BOOL,
    VALUE_DOUBLE,
    VALUE_TENSOR,
    VALUE_STRING,
    VALUE_INT_LIST,
    VALUE_DOUBLE_LIST,
    VALUE_BOOL_LIST,
    VALUE_TENSOR_LIST
} value_tag;

/* A tensor of the value table: the public view and its bounds. */
struct tensor {
    mica_tensor view; /* sizes now in force; dim_order as declared; data NULL: no memory yet */
    size_t capacity;  /* bytes at view.data */
    bool dynamic;     /* sizes may change up to `bounds` */
    bool constant;    /* never written: of the file, or the caller's input */
    uint32_t bounds[MICA_MAX_RANK];
};

struct value {
    value_tag tag;
    union {
        int64_t integer;
        bool boolean;
        double real;
        struct tensor *tensor;
        const char *string;
        bytes_span list; /* INT_LIST: i64 value indices; DOUBLE_LIST: f64; BOOL_LIST: u8; TENSOR_LIST: i32 value
                            indices, −1: none */
    } as;
};

/* Memory that lives for one kernel call. It grows to what the largest call needed, then allocates no more. */
struct scratch {
    struct buffer buffer;
    size_t used;           /* of the buffer, by this call */
    size_t needed;         /* by this call, wherever it was found */
    struct arena overflow; /* what did not fit in the buffer */
};

typedef struct portable_kernel portable_kernel;

typedef struct kernel_call {
    const portable_kernel *kernel;
    struct value *values; /* the whole table, for lists */
    bytes_span args;      /* i32 value indices */
    struct pool *pool;
    size_t threads;
    struct scratch *scratch;
    uint64_t *random; /* state of the method's random numbers */
    cpu_features features;
    mica_kernels kernels; /* level: reference takes plain loops only */
    mica_error *error;
} kernel_call;

/* What a kernel does beside writing the tensors that its last argument names; the low bits are further arguments that it
 * writes. From RENAMES to CHECKS: what lets values share memory (share.h). */
enum {
    KERNEL_WRITES = 0x1f,
    KERNEL_KEEPS = 0x20,     /* the last argument's tensor stays as it is */
    KERNEL_ALIASES = 0x40,   /* the last argument's value becomes a view of other memory */
    KERNEL_SETS = 0x80,      /* … or another number */
    KERNEL_RENAMES = 0x100,  /* a result with as many elements as argument 0 is those elements in their order */
    KERNEL_UPDATES = 0x200,  /* the result is argument 0, copied first, with some elements replaced */
    KERNEL_STORES = 0x400,   /* argument 0 becomes argument 1 */
    KERNEL_CHOOSES = 0x800,  /* the result is argument 2, some elements replaced, each by itself */
    KERNEL_CHECKS = 0x1000,  /* may refuse what its tensors hold: an index, a divisor */
    KERNEL_COMPLEX = 0x2000, /* takes complex numbers, too */
    KERNEL_SUMS = 0x4000     /* its only result, or the second of several, is a sum or mean of argument 0 */
};

/* One row of the table of portable kernels. */
struct portable_kernel {
    const char *name;  /* "aten::add.out" */
    uint8_t arg_count; /* values per call, outs and return slot included */
    uint8_t op;        /* which of its family; the family's enum */
    uint16_t effects;
    mica_status (*run)(kernel_call *call);
};

const portable_kernel *portable_find(const char *name);  /* NULL when Mica lacks it */
const portable_kernel *portable_kernel_at(size_t index); /* the table, for documents and tests; NULL past the end */

/* ---- arguments; a wrong tag is an error that names the kernel and the argument's position ---- */
struct value *call_value(const kernel_call *call, size_t arg);
bool call_is_none(const kernel_call *call, size_t arg);
mica_status call_tensor(kernel_call *call, size_t arg, struct tensor **tensor);
mica_status call_optional_tensor(kernel_call *call, size_t arg, struct tensor **tensor); /* NULL when none */
mica_status call_out(kernel_call *call, size_t arg, struct tensor **tensor);             /* a tensor to be written */
mica_status call_int(kernel_call *call, size_t arg, int64_t *integer);                   /* also a Bool */
mica_status call_optional_int(kernel_call *call, size_t arg, int64_t fallback, int64_t *integer);
mica_status call_bool(kernel_call *call, size_t arg, bool *boolean);  /* also an Int */
mica_status call_double(kernel_call *call, size_t arg, double *real); /* any number */
mica_status call_string(kernel_call *call, size_t arg, const char **string);
/* Reads an int list (values at this call) into `items`; more than `capacity` items is an error. None: count 0. */
mica_status call_ints(kernel_call *call, size_t arg, int64_t *items, size_t capacity, size_t *count);
mica_status call_doubles(kernel_call *call, size_t arg, double *items, size_t capacity, size_t *count);
mica_status call_list_count(kernel_call *call, size_t arg, size_t *count);
mica_status call_list_tensor(kernel_call *call, size_t arg, size_t index,
                             struct tensor **tensor); /* NULL when none */
mica_status call_list_out(kernel_call *call, size_t arg, size_t index, struct tensor **tensor);

/* `size` bytes until the call ends, not zeroed, aligned to MEMORY_ALIGNMENT. */
mica_status call_scratch(kernel_call *call, size_t size, void **memory);
mica_status call_scratch_array(kernel_call *call, size_t count, size_t item, void **memory);

void scratch_init(struct scratch *scratch, const mica_allocator *allocator, size_t limit);
void scratch_reset(struct scratch *scratch); /* after each call */
void scratch_free(struct scratch *scratch);

/* Fails with "aten::add.out: " and the sentence. */
mica_status call_fail(kernel_call *call, mica_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives an out tensor its computed sizes: within its bounds (SHAPE), equal to them when it is static. */
mica_status call_resize(kernel_call *call, struct tensor *out, size_t rank, const size_t *sizes);
/* Dim in [−rank, rank) to [0, rank); rank 0 counts as 1. */
mica_status call_dim(kernel_call *call, int64_t dim, size_t rank, size_t *out);

/* The same without a call: sizes of a tensor within its bounds and its memory. */
mica_status tensor_resize(struct tensor *tensor, size_t rank, const size_t *sizes, mica_error *error);

/* Strides in elements from sizes and dim_order. */
void tensor_strides(const mica_tensor *tensor, size_t strides[MICA_MAX_RANK]);
bool tensor_is_contiguous(const mica_tensor *tensor); /* dim_order is 0, 1, 2, … or as good as */

#endif
