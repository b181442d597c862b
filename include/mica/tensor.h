/* SPDX-License-Identifier: Apache-2.0
 *
 * Element types, tensors and values as they cross the API.
 */
#ifndef MICA_TENSOR_H
#define MICA_TENSOR_H

#include "mica/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MICA_MAX_RANK 16

/* Element types; the numbers are ExecuTorch's ScalarType. */
typedef enum mica_type {
    MICA_U8 = 0,
    MICA_I8 = 1,
    MICA_I16 = 2,
    MICA_I32 = 3,
    MICA_I64 = 4,
    MICA_F16 = 5,
    MICA_F32 = 6,
    MICA_F64 = 7,
    MICA_C64 = 9, /* complex: two floats; inside of programs only, no input or output has it */
    MICA_C128 = 10,
    MICA_BOOL = 11,
    MICA_BF16 = 15,
    MICA_BITS16 = 22,
    MICA_U16 = 27,
    MICA_U32 = 28,
    MICA_U64 = 29
} mica_type;

MICA_API size_t mica_type_size(mica_type type);      /* bytes of one element; 0 for an unknown type */
MICA_API const char *mica_type_name(mica_type type); /* "f32"; "?" for an unknown type */

/* A view of memory: owns nothing. Elements lie densely in `dim_order` (outer to inner; 0,1,2,… is C order). */
typedef struct mica_tensor {
    mica_type type;
    size_t rank; /* ≤ MICA_MAX_RANK */
    size_t sizes[MICA_MAX_RANK];
    uint8_t dim_order[MICA_MAX_RANK];
    void *data;
} mica_tensor;

MICA_API size_t mica_tensor_count(const mica_tensor *tensor); /* elements; 1 for rank 0 */
MICA_API size_t mica_tensor_bytes(const mica_tensor *tensor);

typedef enum mica_kind {
    MICA_NONE = 0,
    MICA_TENSOR = 1,
    MICA_INT = 2,
    MICA_DOUBLE = 3,
    MICA_BOOLEAN = 4,
    MICA_STRING = 5,
    MICA_TENSOR_LIST = 6
} mica_kind;

/* An input or output of a method. Strings and tensors are borrowed. */
typedef struct mica_value {
    mica_kind kind;
    union {
        mica_tensor tensor;
        int64_t integer;
        double real;
        bool boolean;
        const char *string;
        struct {
            const mica_tensor *items;
            size_t count;
        } list;
    } as;
} mica_value;

#ifdef __cplusplus
}
#endif
#endif
