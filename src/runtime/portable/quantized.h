/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of the products with int8 weights.
 */
#ifndef PORTABLE_QUANTIZED_H
#define PORTABLE_QUANTIZED_H

typedef enum mixed_product { MIXED_MM, MIXED_LINEAR } mixed_product;

#endif
