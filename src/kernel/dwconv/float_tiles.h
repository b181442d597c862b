/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of the float kernels, included after float.h: a vector of sums per output pixel, all of which stay in registers
 * while the patch is walked once.
 */
enum { TILE_ROWS = 2, MAX_COLUMNS = 7, MAX_OUTPUTS = TILE_ROWS * MAX_COLUMNS, MAX_PATCH = 7 * 17 };
#define UNROLL _Pragma("GCC unroll 32")

/* Input (i, j) of the patch meets tap (i − r·stride, j − c·stride) of output (r, c). The compiler knows which exist. */
INLINE void sum_patch(const dwconv_call *call, const char *const *in, char *const *out, access type,
                      const size_t filter, const size_t stride, const size_t columns, size_t channel) {
    const size_t patch_rows = dwconv_patch(TILE_ROWS, stride, filter);
    const size_t patch_columns = dwconv_patch(columns, stride, filter);
    const float *const weights = (const float *)call->packed + channel;
    vec sum[MAX_OUTPUTS];
    UNROLL for (size_t o = 0; o < TILE_ROWS * columns; o++) sum[o] = v_load(weights);
    UNROLL for (size_t i = 0; i < patch_rows; i++) {
        UNROLL for (size_t j = 0; j < patch_columns; j++) {
            const vec x = type.load(in[i * patch_columns + j] + channel * type.size, VEC);
            UNROLL for (size_t o = 0; o < TILE_ROWS * columns; o++) {
                const size_t row = i - o / columns * stride, column = j - o % columns * stride; /* may wrap */
                if (row >= filter || column >= filter) continue;
                sum[o] = v_fma(x, v_load(weights + (1 + row * filter + column) * call->channels), sum[o]);
            }
        }
    }
    const vec min = v_splat(call->min), max = v_splat(call->max);
    UNROLL for (size_t o = 0; o < TILE_ROWS * columns; o++) {
        type.store(out[o] + channel * type.size, v_clamp(sum[o], min, max), VEC);
    }
}

/* The last vector of channels overlaps the one before it: what both hold is written twice. */
INLINE void run_tiles(const dwconv_call *call, access type, const size_t filter, const size_t stride,
                      const size_t columns) {
    const size_t inputs = dwconv_patch(TILE_ROWS, stride, filter) * dwconv_patch(columns, stride, filter);
    const size_t outputs = TILE_ROWS * columns;
    const char *in[MAX_PATCH];
    char *out[MAX_OUTPUTS];
    memcpy(in, call->in, inputs * sizeof *in);
    memcpy(out, call->out, outputs * sizeof *out);
    for (size_t t = 0; t < call->tiles; t++) {
        for (size_t c = 0; c < call->channels; c += VEC) {
            const size_t channel = c + VEC <= call->channels ? c : call->channels - VEC;
            sum_patch(call, in, out, type, filter, stride, columns, channel);
        }
        for (size_t i = 0; i < inputs; i++) in[i] += call->in_step[i];
        for (size_t o = 0; o < outputs; o++) out[o] += call->out_step[o];
    }
}

/* Filter, stride, columns. */
#define EACH_TILE(DO) DO(3, 1, 7) DO(3, 1, 4) DO(3, 2, 7) DO(3, 2, 4) DO(5, 1, 7) DO(5, 1, 4) DO(5, 2, 7) DO(5, 2, 4)
#define RUN(filter, stride, columns)                                                                                 \
    static void tiles_f32_##filter##stride##columns(const dwconv_call *call) {                                       \
        run_tiles(call, (access){4, load_f32, store_f32}, filter, stride, columns);                                  \
    }                                                                                                                \
    static void tiles_f16_##filter##stride##columns(const dwconv_call *call) {                                       \
        run_tiles(call, (access){2, load_f16, store_f16}, filter, stride, columns);                                  \
    }
#define ROW_F32(filter, stride, columns)                                                                             \
    {filter, stride, TILE_ROWS, columns, VEC, tiles_f32_##filter##stride##columns},
#define ROW_F16(filter, stride, columns)                                                                             \
    {filter, stride, TILE_ROWS, columns, VEC, tiles_f16_##filter##stride##columns},
EACH_TILE(RUN)
static const dwconv_tiles tiles_f32[] = {EACH_TILE(ROW_F32){0}};
static const dwconv_tiles tiles_f16[] = {EACH_TILE(ROW_F16){0}};
