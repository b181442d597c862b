/* SPDX-License-Identifier: Apache-2.0
 *
 * What all operators share inside this room.
 */
#ifndef OPERATOR_COMMON_H
#define OPERATOR_COMMON_H

#include <stdio.h>

#include "kernel/gemm/gemm.h"
#include "kernel/version.h"
#include "operator/operator.h"

/* Rows of a QDINT8 value, and their parameters behind its `count` elements. */
size_t op_rows(const mica_operand *operand, const op_shape *shape);
const gemm_row *op_row_parameters(const void *value, size_t count);

const char *op_type_name(mica_operand_type type); /* "qint8"; "?" when unknown */

/* The choice of a node outside the operator table: "reference" or "standard", by the level asked for. */
void op_choose_plain(const op_target *target, const char *kernel, cpu_features needs, op_choice *choice);

/* The same for a kernel with versions. Gives the version, which has code in this build only if the target is here. */
kernel_version op_choose_version(const op_target *target, const char *const *names, op_choice *choice);

/* The inputs have the output's type and quantization, and elements of whole bytes: moving them is all there is to do. */
bool op_moves(const mica_operation *operation);

/* Of a fully connected node or a convolution; NULL: none. */
const mica_operand *op_bias(const mica_operation *operation);

/* A convolution of an f32 image to another, whose filter and bias are constants of f32. */
bool op_convolves_f32(const mica_operation *operation);

/* UNSUPPORTED, with the operands' types. */
mica_status op_unsupported(const mica_operation *operation, mica_error *error);

/* A zeroed operator of `size` bytes, its head filled. */
mica_status op_new(const op_class *class, const mica_operation *operation, const op_choice *choice,
                   struct arena *arena, size_t size, struct op **out, mica_error *error);

/* Work that takes less on one thread stays there: what two would gain, handing it over and moving cache lines from core
 * to core costs. Nanoseconds here and below are those of a core with AVX-512 on data in its second cache. */
#define OP_SERIAL_NS 1500.0

/* For work that takes `ns` in all: `threads`, or 1. */
size_t op_threads(double ns, size_t threads);

/* How many items of `ns` each make a piece of work. */
size_t op_items(double ns);

/* Calls task on [0, count) in pieces, in any order and on all threads where that is worth it. An item takes `ns`, and gives
 * the same in any piece. */
typedef void (*op_piece)(void *argument, size_t first, size_t count);
void op_split(const op_run *run, size_t count, double ns, op_piece task, void *argument);

/* A byte read and written elsewhere. */
#define OP_BYTE_NS 0.016

/* Copies `rows` rows of `width` bytes, with all threads when there is enough to copy. */
void op_copy_rows(const op_run *run, size_t rows, size_t width, const void *in, size_t in_stride, void *out,
                  size_t out_stride);

#endif
