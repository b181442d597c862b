/* SPDX-License-Identifier: Apache-2.0
 *
 * Images of another size: padding by reflection or repetition, nearest and bilinear resizing, sampling at a grid.
 *
 * What only moves elements is an index map per axis. What mixes them is, per axis and output position, a few input
 * positions (taps) with their weights.
 */
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

static mica_status arguments(kernel_call *call, size_t out_arg, struct tensor **self, struct tensor **out) {
    TRY(call_tensor(call, 0, self));
    TRY(call_out(call, out_arg, out));
    if ((*self)->view.type == (*out)->view.type) return MICA_OK;
    return call_fail(call, MICA_ERROR_TYPE, "the input is %s, the result %s", mica_type_name((*self)->view.type),
                     mica_type_name((*out)->view.type));
}

/* ---- index maps ---- */

/* The last `axes` dims of the out come from positions maps[axis][…] of the input's. */
static mica_status take_mapped(kernel_call *call, const struct tensor *self, struct tensor *out, size_t axes,
                               const int64_t *const *maps) {
    view base;
    view_of(self, &base);
    view to;
    view_of(out, &to);
    const size_t first = base.rank - axes;
    size_t count = 1;
    for (size_t a = 0; a < axes; a++) count *= to.sizes[first + a];
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(int64_t), &memory));
    view offsets = view_dense(MICA_I64, axes, to.sizes + first, memory);
    int64_t *const values = memory;
    for (size_t i = 0; i < count; i++) {
        size_t rest = i;
        values[i] = 0;
        for (size_t a = axes; a-- > 0; rest /= to.sizes[first + a]) {
            values[i] += maps[a][rest % to.sizes[first + a]] * base.strides[first + a];
        }
    }
    for (size_t i = 0; i < first; i++) view_insert(&offsets, i, base.sizes[i], 0);
    for (size_t a = 0; a < axes; a++) {
        base.sizes[first + a] = to.sizes[first + a];
        base.strides[first + a] = 0;
    }
    view_take(call, &to, &offsets, &base);
    return MICA_OK;
}

static mica_status new_map(kernel_call *call, size_t count, int64_t **map) {
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(int64_t), &memory));
    *map = memory;
    return MICA_OK;
}

enum { REPLICATE = 0, REFLECT = 1 };

/* self, padding (pairs from the last dim on), out; op: REFLECT or REPLICATE. The number of pairs is the number of axes. */
mica_status pad_from_edges(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    TRY(arguments(call, 2, &self, &out));
    const bool reflect = call->kernel->op == REFLECT;
    int64_t pads[6];
    size_t count, sizes[MICA_MAX_RANK];
    TRY(call_ints(call, 1, pads, 6, &count));
    const size_t axes = count / 2, rank = self->view.rank;
    if (count % 2 != 0 || axes == 0 || rank < axes + 1) {
        return call_fail(call, MICA_ERROR_SHAPE, "%zu paddings for a tensor of rank %zu", count, rank);
    }
    for (size_t i = 0; i < rank; i++) sizes[i] = self->view.sizes[i];
    for (size_t a = 0; a < axes; a++) {
        const size_t dim = rank - 1 - a;
        const int64_t size = (int64_t)sizes[dim], before = pads[2 * a], after = pads[2 * a + 1];
        const int64_t limit = reflect ? size - 1 : INT32_MAX;
        if (before < -size || after < -size || before > limit || after > limit || before + after + size < 1) {
            return call_fail(call, MICA_ERROR_VALUE, "paddings %lld and %lld of %lld elements", (long long)before,
                             (long long)after, (long long)size);
        }
        sizes[dim] = (size_t)(size + before + after);
    }
    TRY(call_resize(call, out, rank, sizes));
    int64_t *maps[3];
    for (size_t a = 0; a < axes; a++) {
        const size_t dim = rank - axes + a;
        const int64_t before = pads[2 * (axes - 1 - a)], last = (int64_t)self->view.sizes[dim] - 1;
        TRY(new_map(call, sizes[dim], &maps[a]));
        for (size_t o = 0; o < sizes[dim]; o++) {
            const int64_t at = (int64_t)o - before;
            const int64_t low = at < 0 ? (reflect ? -at : 0) : at;
            maps[a][o] = low > last ? (reflect ? 2 * last - low : last) : low;
        }
    }
    return take_mapped(call, self, out, axes, (const int64_t *const *)maps);
}

/* ---- resizing ---- */

/* How one axis is resized: positions of the input per position of the output. */
typedef struct resize_axis {
    size_t in, out;
    double scale; /* as given; 0: from the sizes */
} resize_axis;

static double axis_ratio(const resize_axis *axis, bool align_corners) {
    if (align_corners) return axis->out > 1 ? (double)(axis->in - 1) / (double)(axis->out - 1) : 0;
    return axis->scale > 0 ? 1 / axis->scale : (double)axis->in / (double)axis->out;
}

/* Input of rank 4, its last two axes resized to the sizes of argument 1 or by the factors of argument `scale_arg`. */
static mica_status resize_arguments(kernel_call *call, size_t scale_arg, const struct tensor *self,
                                    struct tensor *out, resize_axis axes[2]) {
    if (self->view.rank != 4) return call_fail(call, MICA_ERROR_SHAPE, "the input has rank %zu", self->view.rank);
    int64_t given[2];
    double scales[2];
    size_t given_count, scale_count;
    TRY(call_ints(call, 1, given, 2, &given_count));
    TRY(call_doubles(call, scale_arg, scales, 2, &scale_count));
    if ((given_count == 2) == (scale_count == 2)) {
        return call_fail(call, MICA_ERROR_VALUE, "needs either two sizes or two factors");
    }
    size_t sizes[4];
    for (size_t i = 0; i < 4; i++) sizes[i] = self->view.sizes[i];
    for (size_t a = 0; a < 2; a++) {
        axes[a] = (resize_axis){.in = sizes[2 + a]};
        const double size = scale_count ? (double)axes[a].in * scales[a] : (double)given[a];
        if (!(size >= 1 && size <= INT32_MAX) || axes[a].in == 0) {
            return call_fail(call, MICA_ERROR_VALUE, "%zu elements become %g", axes[a].in, size);
        }
        axes[a].out = sizes[2 + a] = (size_t)size;
        axes[a].scale = scale_count ? scales[a] : 0;
    }
    return call_resize(call, out, 4, sizes);
}

/* input, output_size, scale_factors, out */
mica_status upsample_nearest2d(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    resize_axis axes[2];
    TRY(arguments(call, 3, &self, &out));
    TRY(resize_arguments(call, 2, self, out, axes));
    int64_t *maps[2];
    for (size_t a = 0; a < 2; a++) {
        TRY(new_map(call, axes[a].out, &maps[a]));
        const float ratio = (float)axis_ratio(&axes[a], false);
        for (size_t o = 0; o < axes[a].out; o++) {
            const float at = floorf((float)o * ratio);
            maps[a][o] = at < (float)axes[a].in ? (int64_t)at : (int64_t)axes[a].in - 1;
            if (maps[a][o] >= (int64_t)axes[a].in) maps[a][o] = (int64_t)axes[a].in - 1;
        }
    }
    return take_mapped(call, self, out, 2, (const int64_t *const *)maps);
}

/* Taps of every output position of an axis: positions first[o] … with weights[o · most …]. */
typedef struct axis_taps {
    size_t most;
    size_t *first, *count;
    double *weights;
} axis_taps;

static mica_status new_taps(kernel_call *call, size_t out, size_t most, axis_taps *taps) {
    void *first = NULL, *count = NULL, *weights = NULL;
    TRY(call_scratch_array(call, out, sizeof(size_t), &first));
    TRY(call_scratch_array(call, out, sizeof(size_t), &count));
    TRY(call_scratch_array(call, out * most, sizeof(double), &weights));
    *taps = (axis_taps){most, first, count, weights};
    return MICA_OK;
}

static mica_status bilinear_taps(kernel_call *call, const resize_axis *axis, bool align_corners, axis_taps *taps) {
    TRY(new_taps(call, axis->out, 2, taps));
    const float ratio = (float)axis_ratio(axis, align_corners);
    for (size_t o = 0; o < axis->out; o++) {
        float at = align_corners ? ratio * (float)o : ratio * ((float)o + 0.5f) - 0.5f;
        if (axis->in == axis->out) at = (float)o;
        const float last = (float)(axis->in - 1);
        at = at < 0 ? 0 : at > last ? last : at;
        const size_t first = min_size((size_t)at, axis->in - 1);
        taps->first[o] = first;
        taps->count[o] = first + 1 < axis->in ? 2 : 1;
        const double second = taps->count[o] == 2 ? (double)at - (double)first : 0;
        taps->weights[2 * o] = 1 - second;
        taps->weights[2 * o + 1] = second;
    }
    return MICA_OK;
}

/* A triangle over every input position that an output position covers. */
static mica_status antialias_taps(kernel_call *call, const resize_axis *axis, bool align_corners, axis_taps *taps) {
    const double ratio = axis_ratio(axis, align_corners), support = ratio >= 1 ? ratio : 1;
    if (!(support <= (double)INT32_MAX)) return call_fail(call, MICA_ERROR_VALUE, "a scale of %g", axis->scale);
    TRY(new_taps(call, axis->out, min_size((size_t)(2 * support) + 2, axis->in), taps));
    for (size_t o = 0; o < axis->out; o++) {
        const double centre = ratio * ((double)o + 0.5), in = (double)axis->in;
        const double low = floor(centre - support + 0.5), high = floor(centre + support + 0.5);
        size_t first = low > 0 ? (size_t)(low < in ? low : in) : 0;
        const size_t end = high > 0 ? (size_t)(high < in ? high : in) : 0;
        double *const weights = taps->weights + o * taps->most;
        double total = 0;
        size_t count = 0;
        for (size_t i = first; i < end && count < taps->most; i++, count++) {
            const double distance = fabs(((double)i - centre + 0.5) / support);
            weights[count] = distance < 1 ? 1 - distance : 0;
            total += weights[count];
        }
        if (!(total > 0)) {
            first = min_size(centre > 0 ? (size_t)(centre < in ? centre : in) : 0, axis->in - 1);
            weights[0] = total = 1;
            count = 1;
        }
        for (size_t i = 0; i < count; i++) weights[i] /= total;
        taps->first[o] = first;
        taps->count[o] = count;
    }
    return MICA_OK;
}

typedef struct mix_job {
    const resize_axis *axes;
    const axis_taps *taps;
    const double *from;
    double *to;
} mix_job;

static void mix_planes(void *argument, size_t begin, size_t end) {
    const mix_job *const job = argument;
    const resize_axis *const y = &job->axes[0], *const x = &job->axes[1];
    const axis_taps *const ty = &job->taps[0], *const tx = &job->taps[1];
    for (size_t p = begin; p < end; p++) {
        const double *const from = job->from + p * y->in * x->in;
        double *to = job->to + p * y->out * x->out;
        for (size_t oy = 0; oy < y->out; oy++) {
            for (size_t ox = 0; ox < x->out; ox++) {
                double sum = 0;
                for (size_t i = 0; i < ty->count[oy]; i++) {
                    const double *const row = from + (ty->first[oy] + i) * x->in + tx->first[ox];
                    double part = 0;
                    for (size_t j = 0; j < tx->count[ox]; j++) part += row[j] * tx->weights[ox * tx->most + j];
                    sum += part * ty->weights[oy * ty->most + i];
                }
                *to++ = sum;
            }
        }
    }
}

static mica_status mix(kernel_call *call, const struct tensor *self, const struct tensor *out,
                       const resize_axis *axes, const axis_taps *taps) {
    view from, to;
    view_of(self, &from);
    view_of(out, &to);
    const void *in = NULL;
    void *result = NULL;
    TRY(view_read(call, &from, MICA_F64, &in));
    TRY(view_write(call, &to, MICA_F64, &result));
    mix_job job = {axes, taps, in, result};
    rows_parallel(call, to.sizes[0] * to.sizes[1], axes[0].out * axes[1].out * 8, mix_planes, &job);
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}

/* input, output_size, align_corners, scale_factors, out */
mica_status upsample_bilinear2d(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    resize_axis axes[2];
    axis_taps taps[2];
    bool align_corners;
    TRY(arguments(call, 4, &self, &out));
    TRY(call_bool(call, 2, &align_corners));
    TRY(resize_arguments(call, 3, self, out, axes));
    for (size_t a = 0; a < 2; a++) TRY(bilinear_taps(call, &axes[a], align_corners, &taps[a]));
    return mix(call, self, out, axes, taps);
}

/* input, output_size, align_corners, scales_h, scales_w, out */
mica_status upsample_bilinear2d_antialiased(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    axis_taps taps[2];
    bool align_corners;
    int64_t given[2];
    size_t count, sizes[4];
    TRY(arguments(call, 5, &self, &out));
    TRY(call_ints(call, 1, given, 2, &count));
    TRY(call_bool(call, 2, &align_corners));
    if (self->view.rank != 4 || count != 2) {
        return call_fail(call, MICA_ERROR_SHAPE, "an input of rank %zu and %zu sizes", self->view.rank, count);
    }
    resize_axis axes[2] = {{0}};
    for (size_t i = 0; i < 4; i++) sizes[i] = self->view.sizes[i];
    for (size_t a = 0; a < 2; a++) {
        if (given[a] < 1 || sizes[2 + a] == 0) {
            return call_fail(call, MICA_ERROR_VALUE, "%zu elements become %lld", sizes[2 + a], (long long)given[a]);
        }
        axes[a].in = sizes[2 + a];
        axes[a].out = sizes[2 + a] = (size_t)given[a];
    }
    if (!call_is_none(call, 3) && !call_is_none(call, 4)) {
        for (size_t a = 0; a < 2; a++) TRY(call_double(call, 3 + a, &axes[a].scale));
    }
    TRY(call_resize(call, out, 4, sizes));
    for (size_t a = 0; a < 2; a++) TRY(antialias_taps(call, &axes[a], align_corners, &taps[a]));
    return mix(call, self, out, axes, taps);
}

/* ---- sampling at a grid ---- */

enum { GRID_BILINEAR, GRID_NEAREST, GRID_CUBIC };
enum { GRID_ZEROS, GRID_BORDER, GRID_REFLECTION };

typedef struct grid_job {
    int64_t mode, padding;
    bool align_corners;
    size_t channels, in_y, in_x, out; /* out: positions of an image */
    const double *from, *grid;        /* grid: x, y in [−1, 1] */
    double *to;
} grid_job;

/* Taps of one coordinate; their positions may lie outside. */
typedef struct grid_taps {
    size_t count;
    int64_t at[4];
    double weights[4];
} grid_taps;

/* Folds a coordinate back until it lies in the image. */
static double reflected(double at, size_t size, bool align_corners) {
    const double low = align_corners ? 0 : -0.5, span = (double)size - (align_corners ? 1 : 0);
    if (span <= 0) return 0;
    const double distance = fabs(at - low), extra = fmod(distance, span);
    return fmod(floor(distance / span), 2) == 0 ? extra + low : span - extra + low;
}

static double clipped(double at, size_t size) { return at<0 ? 0 : at>(double)(size - 1) ? (double)(size - 1) : at; }

static double padded(const grid_job *job, double at, size_t size) {
    if (job->padding == GRID_ZEROS) return at;
    return clipped(job->padding == GRID_REFLECTION ? reflected(at, size, job->align_corners) : at, size);
}

static grid_taps taps_at(const grid_job *job, double coordinate, size_t size) {
    const double n = (double)size;
    double at = job->align_corners ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
    at = fmax(fmin(at, 0x1p31), -0x1p31); /* also NaN */
    grid_taps taps = {.count = 1, .weights = {1}};
    if (job->mode != GRID_CUBIC) at = padded(job, at, size);
    if (job->mode == GRID_NEAREST) {
        taps.at[0] = (int64_t)rint(at);
    } else {
        const double t = at - floor(at);
        const int64_t first = (int64_t)floor(at);
        if (job->mode == GRID_BILINEAR) {
            taps = (grid_taps){2, {first, first + 1}, {1 - t, t}};
        } else {
            const double a = -0.75, far_left = t + 1, right = 1 - t, far_right = 2 - t;
            taps = (grid_taps){4,
                               {first - 1, first, first + 1, first + 2},
                               {((a * far_left - 5 * a) * far_left + 8 * a) * far_left - 4 * a,
                                ((a + 2) * t - (a + 3)) * t * t + 1, ((a + 2) * right - (a + 3)) * right * right + 1,
                                ((a * far_right - 5 * a) * far_right + 8 * a) * far_right - 4 * a}};
        }
    }
    for (size_t i = 0; i < taps.count; i++) {
        if (job->padding != GRID_ZEROS) taps.at[i] = (int64_t)padded(job, (double)taps.at[i], size);
        if (taps.at[i] < 0 || taps.at[i] >= (int64_t)size) taps.at[i] = -1; /* a zero */
    }
    return taps;
}

static void sample_images(void *argument, size_t begin, size_t end) {
    const grid_job *const job = argument;
    for (size_t i = begin; i < end; i++) { /* output positions of all images */
        const grid_taps x = taps_at(job, job->grid[2 * i], job->in_x),
                        y = taps_at(job, job->grid[2 * i + 1], job->in_y);
        const size_t image = i / job->out;
        for (size_t c = 0; c < job->channels; c++) {
            const double *const from = job->from + (image * job->channels + c) * job->in_y * job->in_x;
            double sum = 0;
            for (size_t j = 0; j < y.count; j++) {
                for (size_t k = 0; k < x.count; k++) {
                    if (y.at[j] < 0 || x.at[k] < 0) continue;
                    sum += from[(size_t)y.at[j] * job->in_x + (size_t)x.at[k]] * y.weights[j] * x.weights[k];
                }
            }
            job->to[(image * job->channels + c) * job->out + i % job->out] = sum;
        }
    }
}

/* input, grid, interpolation_mode, padding_mode, align_corners, out */
mica_status grid_sampler_2d(kernel_call *call) {
    struct tensor *self = NULL, *grid = NULL, *out = NULL;
    grid_job job = {0};
    TRY(arguments(call, 5, &self, &out));
    TRY(call_tensor(call, 1, &grid));
    TRY(call_int(call, 2, &job.mode));
    TRY(call_int(call, 3, &job.padding));
    TRY(call_bool(call, 4, &job.align_corners));
    if (job.mode < GRID_BILINEAR || job.mode > GRID_CUBIC || job.padding < GRID_ZEROS ||
        job.padding > GRID_REFLECTION) {
        return call_fail(call, MICA_ERROR_VALUE, "interpolation %lld, padding %lld", (long long)job.mode,
                         (long long)job.padding);
    }
    view from, where;
    view_of(self, &from);
    view_of(grid, &where);
    if (from.rank != 4 || where.rank != 4 || where.sizes[0] != from.sizes[0] || where.sizes[3] != 2 ||
        from.sizes[2] == 0 || from.sizes[3] == 0) {
        return call_fail(call, MICA_ERROR_SHAPE, "the grid does not fit the images");
    }
    const size_t sizes[4] = {from.sizes[0], from.sizes[1], where.sizes[1], where.sizes[2]};
    TRY(call_resize(call, out, 4, sizes));
    view to;
    view_of(out, &to);
    job.channels = sizes[1];
    job.in_y = from.sizes[2];
    job.in_x = from.sizes[3];
    job.out = sizes[2] * sizes[3];
    const void *in = NULL, *positions = NULL;
    void *result = NULL;
    TRY(view_read(call, &from, MICA_F64, &in));
    TRY(view_read(call, &where, MICA_F64, &positions));
    TRY(view_write(call, &to, MICA_F64, &result));
    job.from = in;
    job.grid = positions;
    job.to = result;
    rows_parallel(call, sizes[0] * job.out, job.channels * 16, sample_images, &job);
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}
