/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantization as PyTorch (PT2E) and torchao do it, to the last bit: symmetric weights of int8 and int4, asymmetric
 * activations, biases in the units of the sums. All arithmetic is in f32; ties round to even.
 */
#ifndef AUTHOR_QUANTIZE_H
#define AUTHOR_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Smallest and largest value. */
typedef struct quantize_range {
    float low, high;
} quantize_range;

/* int8 −128 … 127 for a range, which is widened to hold 0. */
void quantize_activation(quantize_range range, float *scale, int32_t *zero_point);

/* `rows` × `depth` weights to −127 … 127 with a scale for each row. */
void quantize_rows(const float *weights, size_t rows, size_t depth, int8_t *out, float *scales);

/* To nibbles, value + 8, even elements low, with a scale for each row. `depth` is even. */
void quantize_nibbles(const float *weights, size_t rows, size_t depth, uint8_t *out, float *scales);

/* The same with a scale for each `block` of a row, rounded to bf16 only when
 * stored. `depth` is even, `block` divides it. */
void quantize_blocks(const float *weights, size_t rows, size_t depth, size_t block, uint8_t *out, uint16_t *scales);

/* Biases in units of input scale × weight scale, and these units. `weight_scales` has `count` items, or one for
 * all when `shared`. */
void quantize_bias(const float *bias, size_t count, float input_scale, const float *weight_scales, bool shared,
                   int32_t *out, float *scales);

#endif
