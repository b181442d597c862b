/* SPDX-License-Identifier: Apache-2.0
 *
 * Dispatch of the three accelerated kinds: a table of variants with their named conditions. Choosing takes the first
 * variant whose conditions all hold; explaining tells which did not hold in the nearest ones. Both read this table.
 */
#ifndef OPERATOR_DISPATCH_H
#define OPERATOR_DISPATCH_H

#include "operator/gemm.h"

/* op_class.choose of fully connected, convolution and batch matmul. */
mica_status dispatch_choose(const mica_operation *operation, const op_target *target, op_choice *choice,
                            mica_error *error);

/* Variant, level, features, narrowing and output limits of an operation that dispatch_choose accepted. */
void dispatch_plan(const mica_operation *operation, const op_target *target, gemm_plan *plan);

/* A bias that comes at run time, in the form that packing wants; `wide` has room for n floats where it is f16. */
void dispatch_bias(const mica_operand *operand, const void *data, size_t n, float *wide, gemm_rhs *rhs);

/* Names and descriptions for texts. */
const char *operand_type_name(mica_operand_type type);                           /* "f32", "int8", "int4"; "?" */
void operand_quantization(const mica_operand *operand, char *text, size_t size); /* "per channel"; "" for floats */

/* Kinds that the operator table names. */
bool dispatch_is_table_kind(mica_operation_kind kind);

#endif
