/* SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic of scalar values.
 */
#ifndef PORTABLE_PRIM_H
#define PORTABLE_PRIM_H

typedef enum prim_op {
    PRIM_ADD,
    PRIM_SUB,
    PRIM_MUL,
    PRIM_TRUEDIV,
    PRIM_FLOORDIV,
    PRIM_TRUNCDIV,
    PRIM_MOD,
    PRIM_MAX,
    PRIM_MIN, /* of two */
    PRIM_EQ,
    PRIM_GT,
    PRIM_LT,
    PRIM_GE,
    PRIM_LE, /* comparing two */
    PRIM_NEG,
    PRIM_NOT,
    PRIM_FLOAT,
    PRIM_INT,
    PRIM_CEIL,
    PRIM_ROUND,
    PRIM_TRUNC /* of one */
} prim_op;

#endif
