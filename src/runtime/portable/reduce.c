/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions, running sums and top k: the reduced dims become rows, and a row becomes a number (or another row). Floats
 * are summed as double, in eight partial sums; integers wrap in 64 bits.
 */
#include "runtime/portable/reduce.h"

#include "runtime/portable/complex.h"
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

/* ---- one row to one number ---- */

typedef union number {
    double real;
    int64_t integer;
} number;

enum { BLOCK = 256, LANES = 8 }; /* elements converted at once; partial sums */

typedef struct reduction {
    reduce_op op;
    bool real;      /* computes with double, else with int64_t */
    mica_type type; /* of the elements */
    size_t length;  /* of a row */
    const uint8_t *data;
    double correction; /* VAR: the divisor is the length less this */
    number *values;    /* one per row */
    int64_t *indices;  /* ARGMAX, ARGMIN, and MAX and MIN along one dim; NULL: not asked for */
} reduction;

static double sum_of_squares(const reduction *r, const uint8_t *row, double mean) {
    double lanes[LANES] = {0}, block[BLOCK];
    const size_t size = mica_type_size(r->type);
    for (size_t done = 0; done < r->length; done += BLOCK) {
        const size_t count = min_size(BLOCK, r->length - done);
        element_convert(count, MICA_F64, block, sizeof *block, r->type, row + done * size, (ptrdiff_t)size);
        for (size_t i = 0; i < count; i++) lanes[i % LANES] += (block[i] - mean) * (block[i] - mean);
    }
    double sum = 0;
    for (size_t i = 0; i < LANES; i++) sum += lanes[i];
    return sum;
}

/* The first of the best of `best`, which is at *at, and a block whose first element has the index `done`. The first NaN
 * wins over all numbers: a block without one, whose elements times 0 add up to 0, is left to loops that compilers take
 * as vectors. */
#define EXTREME(name, real)                                                                                          \
    static inline real name(const real *block, size_t count, size_t done, const bool largest, real best,             \
                            size_t *at) {                                                                            \
        real lanes[LANES], zeros[LANES] = {0}, winner = best, zero = 0;                                              \
        for (size_t k = 0; k < LANES; k++) lanes[k] = best;                                                          \
        const size_t whole = count - count % LANES;                                                                  \
        for (size_t i = 0; i < whole; i += LANES) {                                                                  \
            for (size_t k = 0; k < LANES; k++) {                                                                     \
                const real x = block[i + k];                                                                         \
                lanes[k] = (largest ? x > lanes[k] : x < lanes[k]) ? x : lanes[k];                                   \
            }                                                                                                        \
        }                                                                                                            \
        for (size_t i = 0; i < whole; i += LANES) {                                                                  \
            for (size_t k = 0; k < LANES; k++) zeros[k] += block[i + k] * 0;                                         \
        }                                                                                                            \
        for (size_t k = 0; k < LANES; k++) {                                                                         \
            winner = (largest ? lanes[k] > winner : lanes[k] < winner) ? lanes[k] : winner;                          \
            zero += zeros[k];                                                                                        \
        }                                                                                                            \
        if (zero == 0 && winner != best) {                                                                           \
            size_t i = 0;                                                                                            \
            while (!((block[i] == winner) | (block[i + 1] == winner) | (block[i + 2] == winner) |                    \
                     (block[i + 3] == winner)))                                                                      \
                i += 4;                                                                                              \
            while (block[i] != winner) i++;                                                                          \
            *at = done + i;                                                                                          \
            best = winner;                                                                                           \
        }                                                                                                            \
        for (size_t i = zero == 0 ? whole : 0; i < count && !isnan(best); i++) {                                     \
            if (!isnan(block[i]) && !(largest ? block[i] > best : block[i] < best)) continue;                        \
            best = block[i];                                                                                         \
            *at = done + i;                                                                                          \
        }                                                                                                            \
        return best;                                                                                                 \
    }
EXTREME(extreme_f32, float)
EXTREME(extreme_f64, double)
#undef EXTREME

/* Of a whole row. */
static double extreme_of(const reduction *r, const uint8_t *row, bool largest, size_t *at) {
    const float worst = largest ? -INFINITY : INFINITY;
    if (r->type == MICA_F32) {
        const float *const floats = (const float *)(const void *)row;
        return (double)(largest ? extreme_f32(floats, r->length, 0, true, worst, at)
                                : extreme_f32(floats, r->length, 0, false, worst, at));
    }
    const size_t size = mica_type_size(r->type);
    double block[BLOCK], best = (double)worst;
    for (size_t done = 0; done < r->length; done += BLOCK) {
        const size_t count = min_size(BLOCK, r->length - done);
        element_convert(count, MICA_F64, block, sizeof *block, r->type, row + done * size, (ptrdiff_t)size);
        best = largest ? extreme_f64(block, count, done, true, best, at)
                       : extreme_f64(block, count, done, false, best, at);
    }
    return best;
}

/* As reduce_reals adds them. */
static double sum_of_floats(const float *x, size_t count) {
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t k = 0; k < LANES; k++) lanes[k] += (double)x[i + k];
    }
    for (size_t k = 0; i < count; i++, k++) lanes[k] += (double)x[i];
    double total = lanes[0];
    for (size_t k = 1; k < LANES; k++) total += lanes[k];
    return total;
}

static double reduce_reals(const reduction *r, const uint8_t *row, size_t *index) {
    const bool product = r->op == REDUCE_PROD;
    if (r->op == REDUCE_MAX || r->op == REDUCE_ARGMAX) return extreme_of(r, row, true, index);
    if (r->op == REDUCE_MIN || r->op == REDUCE_ARGMIN) return extreme_of(r, row, false, index);
    if (r->type == MICA_F32 && (r->op == REDUCE_MEAN || r->op == REDUCE_SUM)) {
        const double sum = sum_of_floats((const float *)(const void *)row, r->length);
        return r->op == REDUCE_MEAN ? sum / (double)r->length : sum;
    }
    const size_t size = mica_type_size(r->type);
    double lanes[LANES], block[BLOCK];
    for (size_t i = 0; i < LANES; i++) lanes[i] = product ? 1 : 0;
    for (size_t done = 0; done < r->length; done += BLOCK) {
        const size_t count = min_size(BLOCK, r->length - done);
        element_convert(count, MICA_F64, block, sizeof *block, r->type, row + done * size, (ptrdiff_t)size);
        if (product) {
            for (size_t i = 0; i < count; i++) lanes[i % LANES] *= block[i];
        } else {
            size_t i = 0;
            for (; i + LANES <= count; i += LANES) {
                for (size_t k = 0; k < LANES; k++) lanes[k] += block[i + k];
            }
            for (; i < count; i++) lanes[i % LANES] += block[i];
        }
    }
    double total = lanes[0];
    for (size_t i = 1; i < LANES; i++) total = product ? total * lanes[i] : total + lanes[i];
    switch (r->op) {
    case REDUCE_MEAN: return total / (double)r->length;
    case REDUCE_VAR: {
        const double divisor = (double)r->length - r->correction;
        return divisor > 0 ? sum_of_squares(r, row, total / (double)r->length) / divisor : (double)NAN;
    }
    default: return total;
    }
}

/* Rows of flags. */
static bool any_of(const uint8_t *flags, size_t count) {
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++) any |= flags[i];
    return any != 0;
}

static int64_t reduce_integers(const reduction *r, const uint8_t *row, size_t *index) {
    if (r->op == REDUCE_ANY) return any_of(row, r->length);
    const size_t size = mica_type_size(r->type);
    int64_t block[BLOCK];
    uint64_t total = r->op == REDUCE_PROD ? 1 : 0;
    int64_t best = 0;
    size_t best_index = 0;
    for (size_t done = 0; done < r->length; done += BLOCK) {
        const size_t count = min_size(BLOCK, r->length - done);
        element_convert(count, MICA_I64, block, sizeof *block, r->type, row + done * size, (ptrdiff_t)size);
        if (done == 0) best = block[0];
        for (size_t i = 0; i < count; i++) {
            bool better = false;
            switch (r->op) {
            case REDUCE_PROD: total *= (uint64_t)block[i]; break;
            case REDUCE_MAX:
            case REDUCE_ARGMAX: better = block[i] > best; break;
            case REDUCE_MIN:
            case REDUCE_ARGMIN: better = block[i] < best; break;
            default: total += (uint64_t)block[i];
            }
            if (better) {
                best = block[i];
                best_index = done + i;
            }
        }
    }
    *index = best_index;
    const bool extreme =
        r->op == REDUCE_MAX || r->op == REDUCE_MIN || r->op == REDUCE_ARGMAX || r->op == REDUCE_ARGMIN;
    return extreme ? best : (int64_t)total;
}

static void reduce_rows(void *argument, size_t begin, size_t end) {
    const reduction *const r = argument;
    const size_t stride = r->length * mica_type_size(r->type);
    for (size_t i = begin; i < end; i++) {
        size_t index = 0;
        if (r->real) {
            r->values[i].real = reduce_reals(r, r->data + i * stride, &index);
        } else {
            r->values[i].integer = reduce_integers(r, r->data + i * stride, &index);
        }
        if (r->indices) r->indices[i] = (int64_t)index;
    }
}

/* ---- dims and shapes ---- */

/* The dims of argument `arg` (an int, ints or none) as bits; none or no ints: all. */
static mica_status dims_arg(kernel_call *call, size_t arg, size_t rank, uint32_t *dims) {
    int64_t given[MICA_MAX_RANK];
    size_t count = 0;
    if (call_value(call, arg)->tag == VALUE_INT) {
        TRY(call_int(call, arg, &given[0]));
        count = 1;
    } else {
        TRY(call_ints(call, arg, given, MICA_MAX_RANK, &count));
    }
    *dims = count == 0 ? ((uint32_t)1 << rank) - 1 : 0;
    for (size_t i = 0; i < count; i++) {
        size_t dim;
        TRY(call_dim(call, given[i], rank, &dim));
        if (*dims >> dim & 1) return call_fail(call, MICA_ERROR_VALUE, "dim %zu stands twice", dim);
        *dims |= (uint32_t)1 << dim;
    }
    return MICA_OK;
}

static mica_status resize_reduced(kernel_call *call, struct tensor *out, const view *from, uint32_t dims, bool keep) {
    size_t rank = 0, sizes[MICA_MAX_RANK];
    for (size_t i = 0; i < from->rank; i++) {
        if (!(dims >> i & 1)) {
            sizes[rank++] = from->sizes[i];
        } else if (keep) {
            sizes[rank++] = 1;
        }
    }
    return call_resize(call, out, rank, sizes);
}

/* Reduces `self` into `values` and `indices`, either of which may be NULL. */
static mica_status reduce(kernel_call *call, reduction *r, uint32_t dims, bool keep, struct tensor *values,
                          struct tensor *indices) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    view whole;
    view_of(self, &whole);
    const bool complex = type_is_complex(whole.type); /* then a sum, of real and imaginary parts apart */
    view from = complex ? complex_parts(&whole) : whole;
    const mica_type stored = values ? values->view.type : whole.type;
    if ((complex || type_is_complex(stored)) && stored != whole.type) {
        return call_fail(call, MICA_ERROR_TYPE, "the result of %s is not %s", mica_type_name(whole.type),
                         mica_type_name(stored));
    }
    const mica_type result = complex ? from.type : stored;
    r->real = type_is_float(result) || (!values && type_is_float(from.type));
    r->type = from.type;
    const bool extreme =
        r->op == REDUCE_MAX || r->op == REDUCE_MIN || r->op == REDUCE_ARGMAX || r->op == REDUCE_ARGMIN;
    if (extreme && values && from.type != result) {
        return call_fail(call, MICA_ERROR_TYPE, "the result of %s is %s", mica_type_name(from.type),
                         mica_type_name(result));
    }
    if ((r->op == REDUCE_VAR || r->op == REDUCE_MEAN) && !r->real) {
        return call_fail(call, MICA_ERROR_TYPE, "the result is a float, not %s", mica_type_name(result));
    }
    if (indices && indices->view.type != MICA_I64) return call_fail(call, MICA_ERROR_TYPE, "indices are i64");
    if (r->op == REDUCE_ANY) r->real = false;
    const mica_type rows_type = r->op == REDUCE_ANY ? MICA_BOOL : from.type;

    if (values) TRY(resize_reduced(call, values, &whole, dims, keep));
    if (indices) TRY(resize_reduced(call, indices, &whole, dims, keep));
    view to;
    view_of(values ? values : indices, &to);
    if (complex) to = complex_parts(&to);
    const size_t count = view_count(&to);
    r->length = view_rows(&from, dims);
    if (extreme && r->length == 0 && count != 0) {
        return call_fail(call, MICA_ERROR_VALUE, "there is no largest of no elements");
    }
    const void *data = NULL;
    TRY(view_read(call, &from, rows_type, &data));
    r->data = data;
    r->type = rows_type;
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(number), &memory));
    r->values = memory;
    if (indices) {
        TRY(call_scratch_array(call, count, sizeof(int64_t), &memory));
        r->indices = memory;
    }
    rows_parallel(call, count, r->length, reduce_rows, r);

    if (values) {
        const view reduced = view_dense(r->real ? MICA_F64 : MICA_I64, to.rank, to.sizes, r->values);
        view_copy(call, &to, &reduced);
    }
    if (indices) {
        view picked;
        view_of(indices, &picked);
        const view reduced = view_dense(MICA_I64, picked.rank, picked.sizes, r->indices);
        view_copy(call, &picked, &reduced);
    }
    return MICA_OK;
}

static mica_status self_rank(kernel_call *call, size_t *rank) {
    struct tensor *self = NULL;
    TRY(call_tensor(call, 0, &self));
    *rank = self->view.rank;
    return MICA_OK;
}

/* self, dims or dim, keepdim, …, out; op: reduce_op */
mica_status reduce_dims(kernel_call *call) {
    size_t rank;
    uint32_t dims;
    bool keep;
    struct tensor *out = NULL;
    TRY(self_rank(call, &rank));
    TRY(dims_arg(call, 1, rank, &dims));
    TRY(call_bool(call, 2, &keep));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    reduction r = {.op = (reduce_op)call->kernel->op};
    const bool index = r.op == REDUCE_ARGMAX || r.op == REDUCE_ARGMIN;
    return reduce(call, &r, dims, keep, index ? NULL : out, index ? out : NULL);
}

/* self, …, out; op: reduce_op */
mica_status reduce_all(kernel_call *call) {
    size_t rank;
    struct tensor *out = NULL;
    TRY(self_rank(call, &rank));
    TRY(call_out(call, (size_t)call->kernel->arg_count - 2, &out));
    reduction r = {.op = (reduce_op)call->kernel->op};
    return reduce(call, &r, ((uint32_t)1 << rank) - 1, false, out, NULL);
}

/* self, dim, keepdim, values, indices; op: REDUCE_MAX or REDUCE_MIN */
mica_status reduce_with_index(kernel_call *call) {
    size_t rank;
    uint32_t dims;
    bool keep;
    struct tensor *values = NULL, *indices = NULL;
    TRY(self_rank(call, &rank));
    TRY(dims_arg(call, 1, rank, &dims));
    TRY(call_bool(call, 2, &keep));
    TRY(call_out(call, 3, &values));
    TRY(call_out(call, 4, &indices));
    reduction r = {.op = (reduce_op)call->kernel->op};
    return reduce(call, &r, dims, keep, values, indices);
}

/* self, dims, unbiased (a bool) or correction (a number or none), keepdim, out */
mica_status var(kernel_call *call) {
    size_t rank;
    uint32_t dims;
    bool keep;
    struct tensor *out = NULL;
    reduction r = {.op = REDUCE_VAR, .correction = 1};
    TRY(self_rank(call, &rank));
    TRY(dims_arg(call, 1, rank, &dims));
    if (!call_is_none(call, 2)) TRY(call_double(call, 2, &r.correction));
    TRY(call_bool(call, 3, &keep));
    TRY(call_out(call, 4, &out));
    return reduce(call, &r, dims, keep, out, NULL);
}

/* self, dims, correction, keepdim, var, mean */
mica_status var_mean(kernel_call *call) {
    uint32_t dims;
    bool keep;
    struct tensor *self = NULL, *mean = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(dims_arg(call, 1, self->view.rank, &dims));
    TRY(call_bool(call, 3, &keep));
    TRY(call_out(call, 5, &mean));
    view from;
    view_of(self, &from);
    if (!type_is_float(mean->view.type)) {
        return call_fail(call, MICA_ERROR_TYPE, "the mean is a float, not %s", mica_type_name(mean->view.type));
    }
    TRY(resize_reduced(call, mean, &from, dims, keep)); /* all checks before anything is written */
    TRY(var(call));
    return reduce(call, &(reduction){.op = REDUCE_MEAN}, dims, keep, mean, NULL);
}

/* ---- rows to rows ---- */

/* self, dim, dtype, out: running sums */
mica_status cumsum(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    int64_t given = 0;
    size_t dim;
    TRY(call_tensor(call, 0, &self));
    TRY(call_int(call, 1, &given));
    TRY(call_dim(call, given, self->view.rank, &dim));
    TRY(call_out(call, 3, &out));
    TRY(call_resize(call, out, self->view.rank, self->view.sizes));
    view from, to;
    view_of(self, &from);
    view_of(out, &to);
    const bool real = type_is_float(to.type);
    const size_t count = view_count(&from), length = from.rank ? from.sizes[dim] : 1;
    size_t inner = 1; /* elements from one of a sum to its next */
    for (size_t i = dim + 1; i < from.rank; i++) inner *= from.sizes[i];
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(number), &memory));
    const view sums = view_dense(real ? MICA_F64 : MICA_I64, from.rank, from.sizes, memory);
    view_copy(call, &sums, &from);
    for (size_t first = 0; first < count; first += length * inner) {
        double *const reals = (double *)memory + first;
        uint64_t *const integers = (uint64_t *)memory + first;
        for (size_t i = inner; i < length * inner; i++) {
            if (real) {
                reals[i] += reals[i - inner];
            } else {
                integers[i] += integers[i - inner];
            }
        }
    }
    view_copy(call, &to, &sums);
    return MICA_OK;
}
