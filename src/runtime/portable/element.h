/* SPDX-License-Identifier: Apache-2.0
 *
 * Elements of every type, converted to and from the few that kernels compute with: f32 (for f16, bf16 and f32), f64, and
 * i64 (for integers and bool). Integers wrap; a float that no integer can hold becomes the smallest one, as the CPU does.
 */
#ifndef PORTABLE_ELEMENT_H
#define PORTABLE_ELEMENT_H

#include "mica/tensor.h"

/* The type to compute with: F32, F64 or I64. */
mica_type work_of(mica_type type);

bool type_is_float(mica_type type);
bool type_is_complex(mica_type type); /* then nothing below is meant but a copy between equal types */
bool type_is_integer(mica_type type); /* without bool */
mica_type type_promote(mica_type a, mica_type b);
/* Whether a result of type `from` may be stored as `to`: not from float to integer, nor from any to bool. */
bool type_can_cast(mica_type from, mica_type to);

/* `count` elements, strides in bytes, of any types. */
void element_convert(size_t count, mica_type to_type, void *to, ptrdiff_t to_stride, mica_type from_type,
                     const void *from, ptrdiff_t from_stride);

int64_t integer_of_real(double value); /* towards zero */

#endif
