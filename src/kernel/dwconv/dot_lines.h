/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of the int8 kernels for filters of 3 × 3, included after dot.h. A block of channels goes along the whole line, its
 * weights in registers where the CPU has 32 of them: what bounds these kernels is loads. Columns slide: what a column of
 * three inputs is interleaved for serves the outputs to the left of it, above and below, and to the right.
 *
 * Blocks narrower than a vector take several parts of the line at once, a lane of the vector for each; where the parts do
 * not divide the line they overlap, and write the same twice.
 */
enum { FILTER = DWCONV_LINE_ROWS };

#define INLINE static inline __attribute__((always_inline))

/* A line as one block sees it. */
typedef struct line {
    const char *in[FILTER]; /* the block's first channel of the first input */
    const char *zeros;      /* and of what is outside of the image */
    size_t inside;          /* inputs */
    size_t column, offset;  /* of the first part's next column, from the first input; wrap before it */
    size_t pixel;           /* bytes from column to column */
    size_t part[4];         /* columns from the first part's to each part's, */
    size_t lane[4];         /* and bytes */
    size_t n;               /* channels of the block that there are */
    vector weights[FILTER][4];
    const int32_t *bias;
} line;

/* The next column's inputs, as sums want them. */
INLINE void next_column(line *at, const size_t width, vector x[4]) {
    UNROLL for (size_t i = 0; i < FILTER; i++) {
        const char *lane[4];
        UNROLL for (size_t part = 0; part < BLOCK / width; part++) {
            const bool inside = at->column + at->part[part] < at->inside;
            lane[part] = inside ? at->in[i] + (at->offset + at->lane[part]) : at->zeros;
        }
        x[i] = v_xor(v_load_lanes(lane, width, at->n), v_splat8(-128));
    }
    at->offset += at->pixel;
    at->column++;
    x[3] = x[2];
    interleave(x);
}

/* sum = from + what the column is in outputs whose window has it as column `tap`. */
INLINE void add_column(const line *at, size_t tap, const vector x[4], const vector from[4], vector sum[4]) {
    UNROLL for (size_t i = 0; i < 4; i++) sum[i] = v_dot(from[i], x[i], at->weights[tap][i]);
}

INLINE void begin_output(const line *at, const vector x[4], vector sum[4]) {
    UNROLL for (size_t i = 0; i < 4; i++) sum[i] = v_dot(v_load(at->bias + i * LANES), x[i], at->weights[0][i]);
}

INLINE void line_block(const dwconv_call *call, const char *block, size_t channel, size_t n, const size_t stride,
                       const size_t width) {
    const size_t parts = BLOCK / width, columns = (call->tiles + parts - 1) / parts;
    const float *const scale = (const float *)(const void *)(block + BLOCK * sizeof(int32_t));
    const char *const weights = (const char *)(scale + BLOCK);
    line at = {.zeros = call->zeros + channel,
               .inside = call->inside,
               .column = (size_t)0 - call->before,
               .offset = (size_t)0 - call->before * call->in_step[0],
               .pixel = call->in_step[0],
               .n = n,
               .bias = (const int32_t *)(const void *)block};
    size_t out_lane[4] = {0};
    UNROLL for (size_t part = 0; part < parts; part++) {
        const size_t first = part * columns, last = call->tiles - columns, column = first < last ? first : last;
        at.part[part] = column * stride;
        at.lane[part] = column * stride * call->in_step[0];
        out_lane[part] = column * call->out_step[0];
    }
    UNROLL for (size_t i = 0; i < FILTER; i++) at.in[i] = call->in[i] + channel;
    UNROLL for (size_t i = 0; i < 4 * FILTER; i++) at.weights[i / 4][i % 4] = v_load(weights + i * BLOCK);
    char *out = call->out[0] + channel;
    const dwconv_call bounds = {.zero_point = call->zero_point, .qmin = call->qmin, .qmax = call->qmax};
    const size_t out_pixel = call->out_step[0];
    vector x[4], first[4], second[4];
    next_column(&at, width, x);
    begin_output(&at, x, first);
    if (stride == 1) {
        next_column(&at, width, x);
        add_column(&at, 1, x, first, first);
        begin_output(&at, x, second);
    }
    for (size_t c = 0; c < columns; c++, out += out_pixel) {
        if (stride == 2) {
            next_column(&at, width, x);
            add_column(&at, 1, x, first, first);
        }
        next_column(&at, width, x);
        add_column(&at, 2, x, first, first);
        v_store_lanes(out, out_lane, width, n, block_bytes(&bounds, first, scale, false));
        if (stride == 1) add_column(&at, 1, x, second, first);
        begin_output(&at, x, stride == 1 ? second : first);
    }
}

/* With `n` known to the compiler where the block is whole. */
INLINE void line_part(const dwconv_call *call, const char *block, size_t channel, size_t n, const size_t stride,
                      const size_t width) {
    if (n == width) {
        line_block(call, block, channel, width, stride, width);
    } else {
        line_block(call, block, channel, n, stride, width);
    }
}

INLINE void run_line(const dwconv_call *call, const size_t stride) {
    const char *block = call->packed;
    size_t channel = 0;
    for (size_t width = BLOCK; channel < call->channels; channel += width, block += block_size(FILTER * FILTER)) {
        const size_t left = call->channels - channel;
        width = block_width(left);
        const size_t n = left < width ? left : width;
        if (width == BLOCK) {
            line_part(call, block, channel, n, stride, BLOCK);
        } else if (width == BLOCK / 2) {
            line_part(call, block, channel, n, stride, BLOCK / 2);
        } else {
            line_part(call, block, channel, n, stride, BLOCK / 4);
        }
    }
}

static void line_1(const dwconv_call *call) { run_line(call, 1); }
static void line_2(const dwconv_call *call) { run_line(call, 2); }

static const dwconv_tiles tiles[] = {{FILTER, 1, 1, 0, 1, line_1}, {FILTER, 2, 1, 0, 1, line_2}, {0}};
