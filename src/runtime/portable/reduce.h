/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reduction leaves of each row.
 */
#ifndef PORTABLE_REDUCE_H
#define PORTABLE_REDUCE_H

typedef enum reduce_op {
    REDUCE_SUM,
    REDUCE_MEAN,
    REDUCE_PROD,
    REDUCE_MAX,
    REDUCE_MIN,
    REDUCE_ANY,
    REDUCE_VAR,
    REDUCE_ARGMAX,
    REDUCE_ARGMIN
} reduce_op;

#endif
