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

#include "base/memory.h"
#include "base/pool.h"
#include "base/bytes.h"
#include "mica/tensor.h"

typedef enum value_tag {
    VALUE_NONE, VALUE_INT, VALUE_BOOL, VALUE_DOUBLE, VALUE_TENSOR, VALUE_STRING, VALUE_INT_LIST, VALUE_DOUBLE_LIST,
    VALUE_BOOL_LIST, VALUE_TENSOR_LIST
} value_tag;

/* A tensor of the value table: the public view and its bounds. */
struct tensor {
    mica_tensor view;               /* sizes now in force; dim_order as declared */
    size_t capacity;                /* bytes at view.data */
    bool dynamic;                   /* sizes may change up to `bounds` */
    bool constant;                  /* never written */
    bool resized;                   /* by the runtime: sizes differ from the declared ones */
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
        bytes_span list; /* INT_LIST: i64 value indices; DOUBLE_LIST f64; BOOL_LIST u8; TENSOR_LIST: i32 value indices, −1: none */
    } as;
};

typedef struct kernel_call {
    const char *name;     /* "aten::add.out" */
    struct value *values;        /* the whole table, for lists */
    bytes_span args;      /* i32 value indices */
    struct pool *pool;
    size_t threads;
    struct arena *scratch;       /* emptied after the call */
    mica_kernels kernels; /* level: reference forbids vectorised shortcuts */
    mica_error *error;
} kernel_call;

/* One row of the table of portable kernels. */
typedef struct portable_kernel {
    const char *name;   /* "aten::add.out" */
    uint8_t arg_count;  /* values per call, outs and return slot included */
    mica_status (*run)(kernel_call *call);
} portable_kernel;

const portable_kernel *portable_find(const char *name); /* NULL when Mica lacks it */
const portable_kernel *portable_kernel_at(size_t index); /* the table, for documentation and tests; NULL past the end */

/* ---- arguments; a wrong tag is an error that names the kernel and the argument's position ---- */
struct value *call_value(const kernel_call *call, size_t arg);
bool call_is_none(const kernel_call *call, size_t arg);
mica_status call_tensor(kernel_call *call, size_t arg, struct tensor **tensor);
mica_status call_optional_tensor(kernel_call *call, size_t arg, struct tensor **tensor); /* NULL when none */
mica_status call_int(kernel_call *call, size_t arg, int64_t *integer);   /* also a Bool */
mica_status call_bool(kernel_call *call, size_t arg, bool *boolean);     /* also an Int */
mica_status call_double(kernel_call *call, size_t arg, double *real);    /* any number */
mica_status call_scalar(kernel_call *call, size_t arg, struct value *scalar);   /* INT, BOOL or DOUBLE as it stands */
mica_status call_string(kernel_call *call, size_t arg, const char **string);
/* Reads an int list (values at this call) into `items`; more than `capacity` items is an error. None: count 0. */
mica_status call_ints(kernel_call *call, size_t arg, int64_t *items, size_t capacity, size_t *count);
mica_status call_doubles(kernel_call *call, size_t arg, double *items, size_t capacity, size_t *count);
mica_status call_list_count(kernel_call *call, size_t arg, size_t *count);
mica_status call_list_tensor(kernel_call *call, size_t arg, size_t index, struct tensor **tensor); /* NULL when none */
mica_status call_scratch(kernel_call *call, size_t size, void **memory);

/* Fails with "aten::add.out: " and the sentence. */
mica_status call_fail(kernel_call *call, mica_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives an out tensor its computed sizes: within its bounds (SHAPE), equal to them when it is static. */
mica_status call_resize(kernel_call *call, struct tensor *out, size_t rank, const size_t *sizes);
/* Dim in [−rank, rank) to [0, rank); rank 0 counts as 1. */
mica_status call_dim(kernel_call *call, int64_t dim, size_t rank, size_t *out);

/* Strides in elements from sizes and dim_order. */
void tensor_strides(const mica_tensor *tensor, size_t strides[MICA_MAX_RANK]);
bool tensor_is_contiguous(const mica_tensor *tensor); /* dim_order is 0, 1, 2, … or as good as */

#endif
