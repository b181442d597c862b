/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors in the program's hands: elements as numbers, layouts changed, values drawn, results compared.
 */
#ifndef TOOL_TENSOR_H
#define TOOL_TENSOR_H

#include "fault.h"
#include "mica/tensor.h"

/* A value and the memory behind it; strings are borrowed. */
typedef struct held_value {
    mica_value value;
    void *memory;
} held_value;

void held_free(held_value *held);

/* Elements in memory order; integers beyond 2^53 are rounded. */
double tensor_get(const mica_tensor *tensor, size_t index);
void tensor_set(const mica_tensor *tensor, size_t index, double value);

void tensor_c_order(mica_tensor *tensor);                    /* sets dim_order to 0, 1, 2, … */
bool tensor_bytes(const mica_tensor *tensor, size_t *bytes); /* false on overflow or an unknown type */
bool tensor_is_whole(mica_type type);                        /* integers and booleans */
/* Copies elements from one dim_order to the other; type and sizes are the same, memory does not overlap. */
void tensor_reorder(const mica_tensor *to, const mica_tensor *from);
/* A copy of a value in C order; a scalar becomes a tensor of rank 0. Lists and strings are refused. */
bool value_copy(const mica_value *value, held_value *copy, struct fault *fault);

/* Numbers from a seed (splitmix64): the same on every machine. tensor_fill draws elements: floats are normal with mean 0 and
 * deviation 1, integers and booleans 0 or 1, which are indices into the smallest of tables. */
uint64_t random_bits(uint64_t *seed);
void tensor_fill(const mica_tensor *tensor, uint64_t *seed);

/* How far `got` is from `want`: an element is inside when it is equal, also as infinity or NaN, or
 * |got − want| ≤ atol + rtol·|want|. */
typedef struct difference {
    double largest;   /* |got − want|; infinity where only one is finite or a number */
    size_t where;     /* its element, in C order */
    double got, want; /* there */
    bool inside;      /* all elements are */
} difference;

bool tensor_compare(const mica_tensor *got, const mica_tensor *want, double atol, double rtol, difference *result,
                    struct fault *fault);

const char *kind_name(mica_kind kind); /* "none", "tensor", …; "?" for an unknown one */

/* "1x256"; "scalar" for rank 0. Gives `text`. */
#define SHAPE_TEXT (21 * MICA_MAX_RANK + 8)
const char *shape_text(const size_t *sizes, size_t rank, char text[SHAPE_TEXT]);

#endif
