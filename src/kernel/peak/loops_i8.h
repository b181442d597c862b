/* SPDX-License-Identifier: Apache-2.0
 *
 * The int8 loop over the dot product of kernel/gemm/dot_*.h.
 */
INLINE size_t loop_i8(size_t rounds) {
    enum { SUMS = 12 };
    vint x = int_splat(1);
    vsum sums[SUMS];
    UNROLL for (size_t i = 0; i < SUMS; i++) sums[i] = (vsum)int_splat((int32_t)i); /* alike, they would be merged */
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (size_t i = 0; i < SUMS; i++) sums[i] = dot(sums[i], x, (vint)sums[i]);
        KEEP(x); /* nothing can be taken out of the loop */
    }
    UNROLL for (size_t i = 0; i < SUMS; i++) USE(sums[i]);
    return rounds * SUMS * LANES * KR * 2;
}
