/* SPDX-License-Identifier: Apache-2.0
 *
 * The f32 and reading loops over the vectors of kernel/gemm/simd_*.h.
 */
INLINE size_t loop_f32(size_t rounds) {
    enum { SUMS = 12 };
    vfloat sums[SUMS], x = float_splat(1.0f);
    UNROLL for (size_t i = 0; i < SUMS; i++) sums[i] = float_splat((float)i); /* alike, they would be merged */
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (size_t i = 0; i < SUMS; i++) sums[i] = float_fma(x, x, sums[i]);
        KEEP(x); /* nothing can be taken out of the loop */
    }
    UNROLL for (size_t i = 0; i < SUMS; i++) USE(sums[i]);
    return rounds * SUMS * LANES * 2;
}

INLINE void loop_read(const char *memory, size_t size) {
    enum { WIDTH = LANES * 4 };
    vint sums[4];
    for (size_t j = 0; j < 4; j++) sums[j] = int_splat(0);
    for (size_t i = 0; i < size; i += 4 * WIDTH) {
        UNROLL for (size_t j = 0; j < 4; j++) sums[j] = int_xor(sums[j], int_load(memory + i + j * WIDTH));
    }
    UNROLL for (size_t j = 0; j < 4; j++) USE(sums[j]);
}
