/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of the int8 kernels for filters of 3 × 3, included after dot.h by a file that says in TOGETHER how many columns of
 * outputs have their sums in registers at once. Moving by one, a tile has two rows that share what is interleaved.
 */
enum { FILTER = 3, MAX_COLUMNS = 7, MAX_OUTPUTS = 2 * MAX_COLUMNS, MAX_PATCH = 4 * 15 };

static inline size_t rows_of(size_t stride) { return stride == 1 ? 2 : 1; }

/* `columns` outputs of each row, the first of which has its inputs from in[0] on, in rows of `in_row`. */
static inline __attribute__((always_inline)) void tile_block(const dwconv_call *call, const char *block,
                                                             const char *const *in, size_t in_row, char *const *out,
                                                             size_t out_row, size_t channel, size_t n,
                                                             const size_t stride, const size_t columns) {
    const size_t rows = rows_of(stride);
    const int32_t *const bias = (const int32_t *)(const void *)block;
    const float *const scale = (const float *)(const void *)(bias + BLOCK);
    const char *const weights = (const char *)(scale + BLOCK);
    vector sum[2 * TOGETHER][4];
    UNROLL for (size_t o = 0; o < rows * columns; o++) {
        UNROLL for (size_t i = 0; i < 4; i++) sum[o][i] = v_load(bias + i * LANES);
    }
    UNROLL for (size_t j = 0; j < dwconv_patch(columns, stride, FILTER); j++) {
        vector x[4];
        UNROLL for (size_t i = 0; i < rows + 2; i++) x[i] = load_block(in[i * in_row + j] + channel, n);
        if (rows == 1) x[3] = x[2];
        interleave(x);
        UNROLL for (size_t o = 0; o < rows * columns; o++) {
            const size_t tap = j - o % columns * stride; /* wraps where the output begins further right */
            if (tap >= FILTER) continue;
            const char *const group = weights + (o / columns * FILTER + tap) * 4 * BLOCK;
            UNROLL for (size_t i = 0; i < 4; i++) sum[o][i] = v_dot(sum[o][i], x[i], v_load(group + i * BLOCK));
        }
    }
    UNROLL for (size_t o = 0; o < rows * columns; o++) {
        store_block(call, sum[o], scale, out[o / columns * out_row + o % columns] + channel, n);
    }
}

static inline __attribute__((always_inline)) void one_tile(const dwconv_call *call, const char *const *in,
                                                           char *const *out, const size_t stride, size_t columns) {
    const size_t in_row = dwconv_patch(columns, stride, FILTER), size = block_size(FILTER * FILTER);
    for (size_t c = 0; c < columns; c += TOGETHER, in += TOGETHER * stride, out += TOGETHER) {
        const char *block = call->packed;
        size_t channel = 0;
        if (c + TOGETHER > columns) {
            for (; channel < call->channels; channel += BLOCK, block += size) {
                const size_t n = call->channels - channel < BLOCK ? call->channels - channel : BLOCK;
                tile_block(call, block, in, in_row, out, columns, channel, n, stride, 1);
            }
            return;
        }
        for (; channel + BLOCK <= call->channels; channel += BLOCK, block += size) {
            tile_block(call, block, in, in_row, out, columns, channel, BLOCK, stride, TOGETHER);
        }
        if (channel == call->channels) continue;
        tile_block(call, block, in, in_row, out, columns, channel, call->channels - channel, stride, TOGETHER);
    }
}

static inline __attribute__((always_inline)) void run_tiles(const dwconv_call *call, const size_t stride,
                                                            size_t columns) {
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
