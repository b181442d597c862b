/* SPDX-License-Identifier: Apache-2.0
 *
 * The Hadamard transform of rows of 2^k or 28 · 2^k elements, divided by √2^k; so does the real runtime.
 */
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

enum { ODD = 28, BLOCK = 7 };

/* The matrix of order 28: circulant blocks, each by its first row, which shifts right from row to row. */
static const char blocks[ODD / BLOCK][ODD / BLOCK][BLOCK + 1] = {
    {"+------", "--++++-", "-+-++-+", "-++--++"},
    {"++----+", "+------", "+--++--", "-+-++-+"},
    {"+-+--+-", "-++--++", "+------", "++----+"},
    {"+--++--", "+-+--+-", "--++++-", "+------"},
};

static double sign_at(size_t row, size_t column) {
    return blocks[row / BLOCK][column / BLOCK][(column + BLOCK - row % BLOCK) % BLOCK] == '+' ? 1 : -1;
}

/* `count` elements, a power of two, in place. */
static void transform_power(double *x, size_t count) {
    for (size_t half = 1; half < count; half *= 2) {
        for (size_t i = 0; i < count; i++) {
            if (i & half) continue;
            const double a = x[i], b = x[i + half];
            x[i] = a + b;
            x[i + half] = a - b;
        }
    }
}

/* 28 elements, each `step` after the other. */
static void transform_odd(double *x, size_t step) {
    double sums[ODD] = {0};
    for (size_t i = 0; i < ODD; i++) {
        for (size_t j = 0; j < ODD; j++) sums[j] += sign_at(i, j) * x[i * step];
    }
    for (size_t j = 0; j < ODD; j++) x[j * step] = sums[j];
}

/* self, out */
mica_status fast_hadamard_transform(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    TRY(call_tensor(call, 0, &self));
    TRY(call_out(call, 1, &out));
    view from;
    view_of(self, &from);
    const size_t length = from.rank ? from.sizes[from.rank - 1] : 0;
    const bool odd = length % ODD == 0;
    const size_t power = odd ? length / ODD : length;
    if (power == 0 || (power & (power - 1)) || !type_is_float(from.type)) {
        return call_fail(call, MICA_ERROR_SHAPE, "rows of %zu %s", length, mica_type_name(from.type));
    }
    TRY(call_resize(call, out, from.rank, from.sizes));
    const size_t count = view_count(&from);
    void *memory = NULL;
    TRY(call_scratch_array(call, count, sizeof(double), &memory));
    view to;
    view_of(out, &to);
    const view work = view_dense(MICA_F64, from.rank, from.sizes, memory);
    view_copy(call, &work, &from);
    const double scale = 1 / sqrt((double)power);
    for (double *row = memory; row < (double *)memory + count; row += length) {
        for (size_t i = 0; i < length; i += power) transform_power(row + i, power);
        for (size_t i = 0; odd && i < power; i++) transform_odd(row + i, power);
        for (size_t i = 0; i < length; i++) row[i] *= scale;
    }
    view_copy(call, &to, &work);
    return MICA_OK;
}
