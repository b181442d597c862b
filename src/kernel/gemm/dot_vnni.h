/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of bytes: 4 unsigned of the left by 4 signed of the right go into one int32 lane (vpdpbusd, which the
 * including file gives as byte_dot). Activations are moved up by 128 to be unsigned; what that adds to a sum is
 * 128 times the sum of its weights and goes out with the zero point.
 */
#ifndef KERNEL_GEMM_DOT_H
#define KERNEL_GEMM_DOT_H

enum {
    KR = 4,            /* elements of k in one step */
    LEFT_OFFSET = 128, /* stored activation less the quantized one */
    NIBBLE_SHIFT = 4   /* nibbles are decoded in the high half of a byte: 16 times too large */
};

INLINE vsum dot(vsum sums, vint left, vint right) { return byte_dot(sums, left, right); }
INLINE vint ones(void) { return int_splat(0x01010101); } /* as a left operand */

/* LANES columns x KR weights. */
INLINE vint weights_load(const char *packed) { return int_load(packed); }
INLINE void weights_store(char *packed, size_t step, vint four) { int_store(packed + step * COLUMNS * KR, four); }

/* 8 nibbles of a column in one lane, in the order 0 4 1 5 2 6 3 7: step 0 takes the low ones. The high ones are signed, the
 * low ones 8 more. */
enum { NIBBLE_SIGNS = (int32_t)0x80808080 };
INLINE vint nibbles(vint eight, const size_t step) {
    const vint high = int_splat((int32_t)0xf0f0f0f0);
    return step ? int_and(eight, high) : int_xor_and(int_shl(eight, 4), int_splat((int32_t)0x80808080), high);
}
INLINE vint low_nibbles(vint eight) { return int_and(eight, int_splat(0x0f0f0f0f)); } /* as they are */

/* LANES groups of KR activations, which follow each other in memory. Packing saturates, which is the clamp: to round
 * first makes no difference, its bounds are integers. */
INLINE vint left_of_floats(const vfloat *scaled, int32_t zero_point) {
    const vint offset = int_splat(zero_point + LEFT_OFFSET);
    vint q[KR];
    UNROLL for (size_t i = 0; i < KR; i++) q[i] = int_add(int_of_float(scaled[i]), offset);
    return bytes_of_ints(q[0], q[1], q[2], q[3]);
}
INLINE vint left_of_bytes(const void *q, int32_t zero_point) {
    (void)zero_point;
    return int_xor(int_load(q), int_splat((int32_t)0x80808080));
}
/* Of the first `count` only, fewer than all. */
INLINE vint left_of_first_bytes(const void *q, size_t count) {
    return int_xor(bytes_load_first(q, count), int_splat((int32_t)0x80808080));
}
INLINE int32_t left_correction(int32_t zero_point) { return -(zero_point + LEFT_OFFSET); }

#endif
