/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of the int8 kernels for filters of 3 × 3, included after dot.h by a file that says in TOGETHER how many columns of
 * outputs have their sums in registers at once. Moving by one, a tile has two rows that share what is interleaved.
 */
enum { FILTER = 3, MAX_COLUMNS = 7, MAX_OUTPUTS = 2 * MAX_COLUMNS, MAX_PATCH = 4 * 15 };

static inline size_t rows_of(size_t stride) { return stride == 1 ? 2 : 1; }

#define INLINE static inline __attribute__((always_inline))

#if PAIRS
INLINE vector load_pair(const char *low, const char *high, size_t n) {
    return v_xor(v_load_halves(low, high, n), v_splat8(-128));
}
#define store_pair v_store_halves
#else /* never called */
INLINE vector load_pair(const char *low, const char *high, size_t n) { return load_block(n ? low : high, n); }
INLINE void store_pair(char *low, char *high, vector bytes, size_t n) { store_block(n ? low : high, bytes, n); }
#endif

/* `columns` outputs of each row, the first of which has its inputs from in[0] on, in rows of `in_row`. With `pair` each is
 * two, side by side, in the halves of a vector. */
INLINE void tile_block(const dwconv_call *call, const char *block, const char *const *in, size_t in_row,
                       char *const *out, size_t out_row, size_t channel, size_t n, const size_t stride,
                       const size_t columns, const bool pair) {
    const size_t rows = rows_of(stride), pixels = pair ? 2 : 1, step = stride * pixels;
    const int32_t *const bias = (const int32_t *)(const void *)block;
    const float *const scale = (const float *)(const void *)(bias + BLOCK);
    const char *const weights = (const char *)(scale + BLOCK);
    vector sum[2 * TOGETHER][4];
    UNROLL for (size_t o = 0; o < rows * columns; o++) {
        UNROLL for (size_t i = 0; i < 4; i++) sum[o][i] = v_load(bias + i * LANES);
    }
    UNROLL for (size_t j = 0; j < dwconv_patch(columns, step, FILTER); j++) {
        if (j % step >= FILTER) continue;
        vector x[4];
        UNROLL for (size_t i = 0; i < rows + 2; i++) {
            const char *const *const at = in + i * in_row + j;
            x[i] = pair ? load_pair(at[0] + channel, at[stride] + channel, n) : load_block(at[0] + channel, n);
        }
        if (rows == 1) x[3] = x[2];
        interleave(x);
        UNROLL for (size_t o = 0; o < rows * columns; o++) {
            const size_t tap = j - o % columns * step; /* wraps where the output begins further right */
            if (tap >= FILTER) continue;
            const char *const group = weights + (o / columns * FILTER + tap) * 4 * BLOCK;
            UNROLL for (size_t i = 0; i < 4; i++) sum[o][i] = v_dot(sum[o][i], x[i], v_load(group + i * BLOCK));
        }
    }
    UNROLL for (size_t o = 0; o < rows * columns; o++) {
        char *const *const to = out + o / columns * out_row + o % columns * pixels;
        const vector bytes = block_bytes(call, sum[o], scale, false);
        if (pair) {
            store_pair(to[0] + channel, to[1] + channel, bytes, n);
        } else {
            store_block(to[0] + channel, bytes, n);
        }
    }
}

/* Columns of a tile from `c` on, `together` or as many pairs at a time; gives back where fewer are left. */
INLINE size_t some_columns(const dwconv_call *call, const char *block, const char *const *in, char *const *out,
                           size_t columns, size_t c, size_t channel, size_t n, const size_t stride,
                           const size_t together, const bool pair) {
    const size_t in_row = dwconv_patch(columns, stride, FILTER), step = pair ? 2 * together : together;
    for (; c + step <= columns; c += step) {
        tile_block(call, block, in + c * stride, in_row, out + c, columns, channel, n, stride, together, pair);
    }
    return c;
}

INLINE void one_tile(const dwconv_call *call, const char *const *in, char *const *out, const size_t stride,
                     size_t columns) {
    const char *block = call->packed;
    for (size_t channel = 0; channel < call->channels; channel += BLOCK, block += block_size(FILTER * FILTER)) {
        const size_t left = call->channels - channel, n = left < BLOCK ? left : BLOCK;
        size_t c = 0;
        if (is_paired(left, FILTER * FILTER)) {
            c = some_columns(call, block, in, out, columns, c, channel, n, stride, TOGETHER, true);
            c = some_columns(call, block, in, out, columns, c, channel, n, stride, 1, true);
        } else if (n == BLOCK) { /* which the compiler then knows */
            c = some_columns(call, block, in, out, columns, c, channel, BLOCK, stride, TOGETHER, false);
        } else {
            c = some_columns(call, block, in, out, columns, c, channel, n, stride, TOGETHER, false);
        }
        some_columns(call, block, in, out, columns, c, channel, n, stride, 1, false);
    }
}

INLINE void run_tiles(const dwconv_call *call, const size_t stride, size_t columns) {
    const size_t inputs = (rows_of(stride) + 2) * dwconv_patch(columns, stride, FILTER);
    const size_t outputs = rows_of(stride) * columns;
    const char *in[MAX_PATCH];
    char *out[MAX_OUTPUTS];
    memcpy(in, call->in, inputs * sizeof *in);
    memcpy(out, call->out, outputs * sizeof *out);
    for (size_t t = 0; t < call->tiles; t++) {
        one_tile(call, in, out, stride, columns);
        for (size_t i = 0; i < inputs; i++) in[i] += call->in_step[i];
        for (size_t o = 0; o < outputs; o++) out[o] += call->out_step[o];
    }
}

static void tiles_17(const dwconv_call *call) { run_tiles(call, 1, 7); }
static void tiles_14(const dwconv_call *call) { run_tiles(call, 1, 4); }
static void tiles_27(const dwconv_call *call) { run_tiles(call, 2, 7); }
static void tiles_24(const dwconv_call *call) { run_tiles(call, 2, 4); }

static const dwconv_tiles tiles[] = {{FILTER, 1, 2, 7, 1, tiles_17},
                                     {FILTER, 1, 2, 4, 1, tiles_14},
                                     {FILTER, 2, 1, 7, 1, tiles_27},
                                     {FILTER, 2, 1, 4, 1, tiles_24},
                                     {0}};
