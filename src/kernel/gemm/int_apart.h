/* SPDX-License-Identifier: Apache-2.0
 *
 * One row by int4 in blocks, over the dot product of dot_vnni.h, with sums of their own for low and for high nibbles. That
 * saves a shift for each load of weights: low nibbles are 8 too large, which the sum of a block begins with the opposite
 * of, high ones are 16 times too large until the block ends. Included after int_kernels.h.
 */

/* What being 8 too large adds to the sum of k activations by low nibbles, to be taken off. */
INLINE int32_t low_correction(const int32_t *left, size_t k) {
    const vint minus_8 = int_splat((int32_t)0xf8f8f8f8);
    vsum sums = {0};
    for (size_t i = 0; i < k; i += 2 * KR, left += 2) sums = dot(sums, int_splat(*left), minus_8);
    return sums[0];
}

/* Sums over a block. Long ones take turns between `splits` sums, to hide the latency of a dot product. */
INLINE void apart_sums(vsum sums[VECTORS], const int32_t *left, const char *weights, size_t block, int32_t correction,
                       const size_t vectors, const size_t splits, const bool asks) {
    const size_t step = COLUMNS * sizeof(int32_t);
    vsum low[2][VECTORS], high[2][VECTORS];
    UNROLL for (size_t s = 0; s < splits; s++) {
        UNROLL for (size_t v = 0; v < vectors; v++) {
            low[s][v] = (vsum)int_splat(s ? 0 : correction);
            high[s][v] = (vsum){0};
        }
    }
    for (size_t k = 0; k < block; k += 2 * KR * splits) {
        UNROLL for (size_t s = 0; s < splits; s++, left += 2, weights += step) {
            const vint first = int_splat(left[0]), second = int_splat(left[1]);
            if (asks) ask_ahead(weights, step, ahead_of(0, 1));
            UNROLL for (size_t v = 0; v < vectors; v++) {
                vint eight = int_load(weights + v * LANES * sizeof(int32_t));
                KEEP(eight); /* or it is loaded twice */
                low[s][v] = dot(low[s][v], first, low_nibbles(eight));
                high[s][v] = dot(high[s][v], second, nibbles(eight, 1));
            }
        }
    }
    UNROLL for (size_t v = 0; v < vectors; v++) {
        UNROLL for (size_t s = 1; s < splits; s++) {
            low[0][v] += low[s][v];
            high[0][v] += high[s][v];
        }
        sums[v] = low[0][v] + (vsum)int_sar((vint)high[0][v], NIBBLE_SHIFT);
    }
}

/* Σ_blocks of scale times the sum of a block, for one panel. */
INLINE void apart_totals(float *out, const int32_t *left, const char *packed, size_t k, size_t block,
                         const int32_t *corrections, const size_t vectors, const size_t splits, const bool asks) {
    vfloat totals[VECTORS];
    UNROLL for (size_t v = 0; v < vectors; v++) totals[v] = float_splat(0);
    for (; k > 0; k -= block, left += block / KR) {
        vsum sums[VECTORS];
        apart_sums(sums, left, packed, block, *corrections++, vectors, splits, asks);
        packed += block / 2 * COLUMNS;
        if (asks) ask_ahead(packed, COLUMNS * sizeof(uint16_t), ahead_of(0, 1));
        vint scales = int_load(packed);
        KEEP(scales);
        UNROLL for (size_t v = 0; v < vectors; v++) {
            totals[v] = float_fma(float_of_int((vint)sums[v]), block_scales(scales, v), totals[v]);
        }
        packed += COLUMNS * sizeof(uint16_t);
    }
    UNROLL for (size_t v = 0; v < vectors; v++) float_store(out + v * LANES, totals[v]);
}

static void run_row_block(const gemm_tile *tile) {
    const left_view left = left_of(tile);
    const size_t k = tile->k, block = tile->block;
    const char *panel = tile->rhs;
    int32_t corrections[GEMM_MAX_INT_K / 32];
    if (tile->m == 0) return;
    for (size_t b = 0; b * block < k; b++) corrections[b] = low_correction(left.data + b * block / KR, block);
    for (size_t n = 0; n < tile->n; n += COLUMNS, panel += right_size_block(k, block)) {
        const right_head *head = (const right_head *)panel;
        const char *packed = (const char *)(head + 1);
        const size_t columns = min_size(COLUMNS, tile->n - n);
        float sums[COLUMNS];
        if (columns <= LANES) {
            apart_totals(sums, left.data, packed, k, block, corrections, 1, 2, true);
        } else if (block > 32) {
            apart_totals(sums, left.data, packed, k, block, corrections, 2, 2, true);
        } else if (tile->home == GEMM_IN_SECOND_CACHE) { /* sums of 32 are done when those of the next have begun */
            apart_totals(sums, left.data, packed, k, 32, corrections, 2, 1, false);
        } else {
            apart_totals(sums, left.data, packed, k, 32, corrections, 2, 1, true);
        }
        finish_block(tile, &left, head, sums, (char *)tile->out + n * sizeof(float), columns, columns == COLUMNS);
    }
}
