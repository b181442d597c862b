/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of words: weights are widened on loading, 2 of them by 2 activations go into one int32 lane
 * (vpmaddwd). Exact, and activations have room to be stored less their zero point.
 */
#ifndef KERNEL_GEMM_DOT_H
#define KERNEL_GEMM_DOT_H

enum { KR = 2, LEFT_OFFSET = 0, NIBBLE_SHIFT = 0 };

INLINE vsum dot(vsum sums, vint left, vint right) {
    sums += (vsum)word_dot(left, right);
    KEEP(sums); /* or the products of several steps are added to each other first, which takes registers */
    return sums;
}
INLINE vint ones(void) { return int_splat(0x00010001); }

INLINE vint weights_load(const char *packed) { return words_load((const int8_t *)packed); }
INLINE void weights_store(char *packed, size_t step, vint four) {
    words_store((int16_t *)(packed + 2 * step * COLUMNS * KR), four);
    words_store((int16_t *)(packed + (2 * step + 1) * COLUMNS * KR), int_shr(four, 16));
}

/* 8 signed nibbles of a column in one lane, in the order 0 2 4 6 1 3 5 7: a step takes one of each word. */
enum { NIBBLE_SIGNS = (int32_t)0x88888888 };
INLINE vint nibbles(vint eight, const size_t step) {
    return word_sar(step < 3 ? word_shl(eight, (uint8_t)(12 - 4 * step)) : eight, 12);
}

INLINE vint left_of_floats(const vfloat *scaled, int32_t zero_point) {
    const vfloat min = float_splat((float)(-128 - zero_point)), max = float_splat((float)(127 - zero_point));
    const vfloat first = float_min(float_max(scaled[0], min), max),
                 second = float_min(float_max(scaled[1], min), max);
    return words_of_ints(int_of_float(first), int_of_float(second));
}
INLINE vint left_of_bytes(const void *q, int32_t zero_point) {
    return word_sub(words_load(q), word_splat(zero_point));
}
INLINE vint left_of_first_bytes(const void *q, size_t count) {
    int8_t stage[LANES * KR] = {0};
    memcpy(stage, q, count);
    return words_load(stage);
}
INLINE int32_t left_correction(int32_t zero_point) {
    (void)zero_point;
    return 0;
}

#endif
